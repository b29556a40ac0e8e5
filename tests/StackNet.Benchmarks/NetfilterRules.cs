using System.Text;
using BenchmarkDotNet.Attributes;
using StackNet.Engine.Facts;
using StackNet.Engine.Facts.Netfilter;
using StackNet.Engine.Sources.Text;
using StackNet.Engine.Walk;
using StackNet.Engine.Walk.Conntrack;
using StackNet.Engine.Walk.Netfilter;

namespace StackNet.Benchmarks;

/// <summary>
/// iptables-save of many rules: reading the listing, taking each rule apart, and a packet that meets all of them (nothing can be skipped) or only
/// those of its own instance (the chains of a compute node).
/// </summary>
[MemoryDiagnoser]
public class NetfilterRules
{
    private static readonly LinkFacts Bridge = new() { Name = "qbr0000" };
    private static readonly LinkFacts Tap = new() { Name = "tap0007" };
    private string _text = "";
    private IptablesRuleset _ruleset = new();
    private NetfilterMachine? _long;
    private NetfilterMachine? _node;
    private ConntrackTable? _table;
    private Packet _packet = new();

    /// <summary>Rules of the listing.</summary>
    [Params(1_000, 10_000)]
    public int Rules { get; set; }

    /// <summary>Writes the listing and compiles both machines.</summary>
    [GlobalSetup]
    public void Setup()
    {
        StringBuilder text = new("*filter\n:INPUT ACCEPT [0:0]\n:FORWARD ACCEPT [0:0]\n:OUTPUT ACCEPT [0:0]\n");
        for (int i = 0; i < Rules; i++)
            text.Append(
                $"[{i}:{i * 84}] -A FORWARD -s 10.{i / 250 % 250}.{i % 250}.0/24 -p tcp -m tcp --dport {1024 + i} -m conntrack --ctstate NEW -m comment --comment \"rule number {i}\" -j ACCEPT\n"
            );
        _text = text.Append("COMMIT\n").ToString();
        _ruleset = IptablesSaveText.Parse(_text);
        _long = Machine(_ruleset);
        _node = Machine(Node());
        _table = ConntrackTable.Load([]);
        _packet = new Packet
        {
            Source = Ip.Parse("192.0.2.1"),
            Destination = Ip.Parse("198.51.100.1"),
            Protocol = IpProtocols.Udp,
            SourcePort = 1000,
            DestinationPort = 53,
        };
        Forward();
        Instance();
    }

    private static NetfilterMachine Machine(IptablesRuleset ruleset) =>
        NetfilterMachine.Compile(
            new NamespaceFacts
            {
                IptablesLegacy = ruleset,
                IptablesNft = new(),
                Nft = new(),
                Addresses = [],
            }
        );

    // As the hybrid firewall writes them: two physdev rules an instance in one chain, a chain of ten for each instance.
    private IptablesRuleset Node()
    {
        int instances = Rules / 12;
        StringBuilder text = new("*filter\n:INPUT ACCEPT [0:0]\n:FORWARD ACCEPT [0:0]\n:OUTPUT ACCEPT [0:0]\n:sg-chain - [0:0]\n");
        for (int i = 0; i < instances; i++)
            text.Append($":i{i} - [0:0]\n");
        text.Append("-A FORWARD -m physdev --physdev-is-bridged -j sg-chain\n");
        for (int i = 0; i < instances; i++)
        {
            text.Append($"-A sg-chain -m physdev --physdev-out tap{i:0000} --physdev-is-bridged -j i{i}\n");
            text.Append($"-A sg-chain -m physdev --physdev-in tap{i:0000} --physdev-is-bridged -j i{i}\n");
            for (int k = 0; k < 10; k++)
                text.Append($"-A i{i} -p tcp -m tcp --dport {1000 + k} -j RETURN\n");
        }
        return IptablesSaveText.Parse(text.Append("COMMIT\n").ToString());
    }

    /// <summary>The listing as facts; Bytes a second = length of the text over the time.</summary>
    [Benchmark]
    public int Read() => IptablesSaveText.Parse(_text).Tables.Count;

    /// <summary>Every rule taken apart.</summary>
    [Benchmark]
    public int TakeApart()
    {
        int matches = 0;
        foreach (IptablesRule rule in _ruleset.Tables[0].Chains[1].Rules)
            matches += IptablesRuleParser.Parse(rule.Text).Matches.Count;
        return matches;
    }

    /// <summary>A packet that every rule is asked about.</summary>
    [Benchmark]
    public object Forward() =>
        _long!.Run(_packet, new NetfilterContext { Hook = NetfilterHook.Forward, Family = NetfilterFamily.Ip4 }, _table!);

    /// <summary>A bridged packet of one instance among many.</summary>
    [Benchmark]
    public object Instance() =>
        _node!.Run(
            _packet,
            new NetfilterContext
            {
                Hook = NetfilterHook.Forward,
                Family = NetfilterFamily.Ip4,
                InDevice = Bridge,
                OutDevice = Bridge,
                PhysIn = Tap,
                PhysOut = Bridge,
                IsBridged = true,
            },
            _table!
        );
}
