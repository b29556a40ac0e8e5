using System.Text.Json;
using StackNet.Engine.Facts;
using StackNet.Engine.Sources.Text;
using StackNet.Engine.Walk;
using StackNet.Engine.Walk.Netfilter;
using Xunit;

namespace StackNet.Engine.Tests.Walk.Netfilter;

/// <summary>nftables' own rulesets and rule vectors: each is read and met by packets on every hook; how many rules stay open is counted.</summary>
public sealed class NftCorpusTests
{
    private static readonly LinkFacts In = new() { Name = "eth0", DeviceGroup = "0" };
    private static readonly LinkFacts Out = new() { Name = "eth1", DeviceGroup = "0" };

    private static string Corpus(string part)
    {
        string? shared = TestData.Shared("corpus");
        Assert.SkipUnless(shared is not null, "The corpus of public rule dumps is not there.");
        return Path.Combine(shared, part);
    }

    private static Packet Packet(byte protocol, bool v6) =>
        new()
        {
            EtherType = v6 ? EtherTypes.Ip6 : EtherTypes.Ip4,
            Source = Ip.Parse(v6 ? "2001:db8::5" : "10.0.0.5"),
            Destination = Ip.Parse(v6 ? "2001:db8::10" : "198.51.100.10"),
            Protocol = protocol,
            SourcePort = 40001,
            DestinationPort = 80,
            TcpFlags = TcpFlags.Syn,
            IcmpType = v6 ? (byte)128 : (byte)8,
            Length = 84,
        };

    private static NetfilterResult Run(NetfilterMachine machine, NetfilterFamily family, NetfilterHook hook, byte protocol, bool v6) =>
        machine.Run(
            Packet(protocol, v6),
            new NetfilterContext
            {
                Hook = hook,
                Family = family,
                InDevice = hook is NetfilterHook.Output or NetfilterHook.Egress ? null : In,
                OutDevice = hook is NetfilterHook.Prerouting or NetfilterHook.Input or NetfilterHook.Ingress ? null : Out,
            },
            machine.NewTable()
        );

    [Fact]
    public void Every_ruleset_is_met()
    {
        int files = 0;
        int met = 0;
        Dictionary<string, int> open = [];
        foreach (string file in Directory.EnumerateFiles(Corpus("nftables-dumps"), "*.json-nft").Order(StringComparer.Ordinal))
        {
            byte[] json = File.ReadAllBytes(file);
            if (JsonText.IsBlank(json))
                continue;
            NftRuleset ruleset = NftJson.Parse(json);
            string text = Path.ChangeExtension(file, ".nft");
            if (File.Exists(text))
                ruleset = NftText.Attach(ruleset, File.ReadAllText(text));
            files++;
            NetfilterMachine machine = NetfilterMachine.Compile(
                new NamespaceFacts
                {
                    Nft = ruleset,
                    IptablesLegacy = new(),
                    IptablesNft = new(),
                    Ip6tablesLegacy = new(),
                    Ip6tablesNft = new(),
                    Addresses = [],
                    Routes = [],
                    Links = [In, Out],
                }
            );
            foreach (NetfilterFamily family in Enum.GetValues<NetfilterFamily>())
            {
                foreach (NetfilterHook hook in Enum.GetValues<NetfilterHook>())
                {
                    foreach (byte protocol in (ReadOnlySpan<byte>)[IpProtocols.Tcp, IpProtocols.Udp, IpProtocols.Icmp])
                    {
                        met++;
                        NetfilterResult result = Run(machine, family, hook, protocol, family == NetfilterFamily.Ip6);
                        if (result.Verdict == NetfilterVerdict.Unknown)
                            open[$"{result.Unknown} ({Path.GetFileName(file)})"] = 1;
                    }
                }
            }
        }
        TestContext.Current.SendDiagnosticMessage($"{files} rulesets, {met} packets, {open.Count} open\n{string.Join('\n', open.Keys)}");
        Assert.True(files > 150 && open.Count < 10, $"{files} files, {open.Count} open");
    }

    [Fact]
    public void Every_vector_is_met()
    {
        int rules = 0;
        Dictionary<string, int> open = [];
        foreach (string file in Directory.EnumerateFiles(Corpus("nftables-py"), "*.t.json").Order(StringComparer.Ordinal))
        {
            string name = Path.GetFileName(file);
            bool v6 = name.Contains("ip6", StringComparison.Ordinal);
            string family = v6 ? "ip6" : "inet";
            foreach ((string heading, string json) in Vectors(File.ReadAllText(file)))
            {
                rules++;
                NftTable table = new()
                {
                    Family = family,
                    Name = "t",
                    Chains =
                    [
                        new()
                        {
                            Name = "c",
                            Type = "filter",
                            Hook = "forward",
                            Rules = [new(1, json, heading, null)],
                        },
                    ],
                };
                NetfilterMachine machine = NetfilterMachine.Compile(
                    new NamespaceFacts
                    {
                        Nft = new() { Tables = [table] },
                        IptablesLegacy = new(),
                        IptablesNft = new(),
                        Ip6tablesLegacy = new(),
                        Ip6tablesNft = new(),
                        Addresses = [],
                        Routes = [],
                        Links = [In, Out],
                    }
                );
                foreach (byte protocol in (ReadOnlySpan<byte>)[IpProtocols.Tcp, IpProtocols.Udp, v6 ? IpProtocols.Icmp6 : IpProtocols.Icmp])
                {
                    NetfilterResult result = Run(
                        machine,
                        v6 ? NetfilterFamily.Ip6 : NetfilterFamily.Ip4,
                        NetfilterHook.Forward,
                        protocol,
                        v6
                    );
                    if (result.Verdict == NetfilterVerdict.Unknown)
                        open[$"{name}: {heading}"] = 1;
                }
            }
        }
        TestContext.Current.SendDiagnosticMessage($"{rules} vectors, {open.Count} open\n{string.Join('\n', open.Keys)}");
        Assert.True(rules > 800 && open.Count < 70, $"{rules} vectors, {open.Count} open");
    }

    // "# the rule" and then its statements as a JSON array, until the next heading.
    private static IEnumerable<(string Heading, string Json)> Vectors(string text)
    {
        string heading = "";
        List<string> body = [];
        foreach (string line in text.Split('\n').Append("# end"))
        {
            if (!line.StartsWith('#'))
            {
                body.Add(line);
                continue;
            }
            string json = string.Join('\n', body).Trim();
            body.Clear();
            string own = heading;
            heading = line[1..].Trim();
            if (json.Length == 0 || !IsJson(json))
                continue;
            yield return (own, json);
        }
    }

    private static bool IsJson(string text)
    {
        try
        {
            using JsonDocument _ = JsonDocument.Parse(text);
            return true;
        }
        catch (JsonException)
        {
            return false;
        }
    }
}
