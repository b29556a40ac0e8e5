using System.Diagnostics;
using System.Globalization;
using StackNet.Engine.Facts;
using StackNet.Engine.Facts.Netfilter;
using StackNet.Engine.Sources.Capture;
using StackNet.Engine.Sources.Text;
using StackNet.Engine.Walk;
using StackNet.Engine.Walk.Netfilter;
using Xunit;

namespace StackNet.Engine.Tests.Walk.Netfilter;

/// <summary>
/// Rules, sets and elements of measured nodes, damaged: parsed, compiled and met by a packet. What is not understood is Unknown; nothing throws and
/// nothing takes long. STACKNET_FUZZ sets how many inputs each language gets.
/// </summary>
public sealed class NetfilterFuzzTests(ITestOutputHelper output)
{
    private static readonly Lazy<Seeds> All = new(Seeds.Read);

    private static int Inputs =>
        int.TryParse(Environment.GetEnvironmentVariable("STACKNET_FUZZ"), NumberStyles.None, CultureInfo.InvariantCulture, out int n)
            ? n
            : 3000;

    private sealed record Seeds(string[] Rules, string[] Native, IpSetFacts[] Sets, string[] Connections)
    {
        public static Seeds Read()
        {
            HashSet<string> rules = [];
            HashSet<string> native = [];
            HashSet<string> connections = [];
            List<IpSetFacts> sets = [];
            foreach (string file in Directory.EnumerateFiles(TestData.NetfilterProbes, "*.json").Order(StringComparer.Ordinal))
            {
                NamespaceFacts net = CaptureReader.Read(file, CancellationToken.None)[0].Namespaces[0];
                foreach (IptablesRuleset? ruleset in new[] { net.IptablesLegacy, net.IptablesNft })
                    rules.UnionWith(
                        (ruleset?.Tables ?? []).SelectMany(static t => t.Chains).SelectMany(static c => c.Rules).Select(static r => r.Text)
                    );
                native.UnionWith(
                    (net.Nft?.Tables ?? []).SelectMany(static t => t.Chains).SelectMany(static c => c.Rules).Select(static r => r.Json)
                );
                connections.UnionWith((net.Conntrack ?? []).Select(static c => c.Text));
                sets.AddRange(net.IpSets ?? []);
            }
            connections.Add(
                "ipv4     2 tcp      6 431999 ESTABLISHED src=10.0.0.5 dst=1.2.3.4 sport=1 dport=2 packets=3 bytes=4 src=1.2.3.4 dst=5.6.7.8 sport=2 dport=1 packets=1 bytes=9 [ASSURED] mark=5 zone=3 use=1"
            );
            static string[] Sorted(IEnumerable<string> all) => [.. all.Order(StringComparer.Ordinal)];
            return new(Sorted(rules), Sorted(native), [.. sets.DistinctBy(static s => s.Type + s.Options)], Sorted(connections));
        }
    }

    private static readonly string[] Words =
    [
        " ",
        "!",
        "\"",
        "\\",
        "-",
        "--",
        ":",
        "/",
        ",",
        "0",
        "65535",
        "65536",
        "-1",
        "99999999999999999999",
        "0x",
        "0xffffffff",
        "eth0",
        "+",
        "*",
        "{",
        "}",
        "[",
        "]",
        "null",
        "true",
        "\"set\"",
        "\u0000",
        "\ud800",
        "@x",
        "::",
        "255.255.255.255",
        "\t",
        "'",
        "|",
        "&&",
        ">>",
        "=",
        "nomatch",
    ];

    private static string Mutate(string seed, string other, Random random)
    {
        string text = seed;
        for (int n = random.Next(1, 4); n > 0 && text.Length > 1; n--)
        {
            int at = random.Next(text.Length);
            int length = Math.Min(random.Next(1, 20), text.Length - at);
            text = random.Next(6) switch
            {
                0 => text.Remove(at, length),
                1 => text.Insert(at, Words[random.Next(Words.Length)]),
                2 => text[..at] + Words[random.Next(Words.Length)] + text[(at + length)..],
                3 => text.Insert(at, text.Substring(at, length)),
                4 => text[..at] + other[Math.Min(at, other.Length)..],
                _ => text[..at] + (char)random.Next(32, 127) + text[(at + 1)..],
            };
        }
        return text;
    }

    private static Packet Sample(Random random) =>
        new()
        {
            Source = Ip.Parse("10.0.0.5"),
            Destination = Ip.Parse("198.51.100.10"),
            Protocol = random.Next(4) switch
            {
                0 => IpProtocols.Tcp,
                1 => IpProtocols.Udp,
                2 => IpProtocols.Icmp,
                _ => 47,
            },
            SourcePort = 40001,
            DestinationPort = 80,
            TcpFlags = TcpFlags.Syn,
            IcmpType = 8,
            Length = random.Next(20, 100),
        };

    private static readonly LinkFacts Eth0 = new() { Name = "eth0" };
    private static readonly LinkFacts Eth1 = new() { Name = "eth1" };

    private static void Walk(NamespaceFacts facts, Packet packet)
    {
        NetfilterMachine machine = NetfilterMachine.Compile(facts);
        foreach (
            NetfilterHook hook in (ReadOnlySpan<NetfilterHook>)[NetfilterHook.Prerouting, NetfilterHook.Forward, NetfilterHook.Postrouting]
        )
        {
            machine.Run(
                packet,
                new NetfilterContext
                {
                    Hook = hook,
                    Family = NetfilterFamily.Ip4,
                    InDevice = Eth1,
                    OutDevice = hook == NetfilterHook.Prerouting ? null : Eth0,
                },
                machine.NewTable()
            );
        }
    }

    private void Try(string name, Action<int, Random> one, Func<string> input)
    {
        Random random = new(name.Length * 104729 + 7);
        Stopwatch whole = Stopwatch.StartNew();
        double slowest = 0;
        for (int i = 0; i < Inputs; i++)
        {
            long start = Stopwatch.GetTimestamp();
            try
            {
                one(i, random);
            }
            catch (TextFormatException) { }
            catch (Exception e)
            {
                Assert.Fail($"{name}: {e.GetType().Name}: {e.Message}\n{e.StackTrace}\non: {input()}");
            }
            slowest = Math.Max(slowest, Stopwatch.GetElapsedTime(start).TotalMilliseconds);
        }
        output.WriteLine($"{name}: {Inputs} inputs, slowest {slowest:F1} ms, {whole.Elapsed.TotalSeconds:F1} s");
        Assert.True(slowest < 1000, $"{name}: {slowest} ms");
    }

    private static IptablesRuleset Tables(string rule)
    {
        static IptablesChain Of(string name, string rule) =>
            new()
            {
                Name = name,
                Policy = "ACCEPT",
                Rules = [new(rule, null, null)],
            };
        return new()
        {
            Tables =
            [
                new("mangle", [Of("PREROUTING", rule), Of("FORWARD", rule), Of("POSTROUTING", rule)]),
                new("nat", [Of("PREROUTING", rule), Of("POSTROUTING", rule)]),
            ],
        };
    }

    [Fact]
    public void Damaged_rules_of_iptables()
    {
        string[] seeds = All.Value.Rules;
        string text = "";
        Try(
            "iptables",
            (i, random) =>
            {
                text = Mutate(seeds[i % seeds.Length], seeds[random.Next(seeds.Length)], random);
                IptablesRuleWriter.Write(IptablesRuleParser.Parse(text));
                Walk(
                    new()
                    {
                        IptablesLegacy = Tables(text),
                        IptablesNft = new(),
                        Nft = new(),
                        Addresses = [],
                        IpSets = All.Value.Sets,
                    },
                    Sample(random)
                );
            },
            () => text
        );
    }

    [Fact]
    public void Damaged_rules_of_nft()
    {
        string[] seeds = All.Value.Native;
        string text = "";
        Try(
            "nft",
            (i, random) =>
            {
                text = Mutate(seeds[i % seeds.Length], seeds[random.Next(seeds.Length)], random);
                NftTable table = new()
                {
                    Family = "ip",
                    Name = "t",
                    Chains =
                    [
                        new()
                        {
                            Name = "c",
                            Type = "filter",
                            Hook = "forward",
                            Rules = [new(1, text, null, null)],
                        },
                        new()
                        {
                            Name = "n",
                            Type = "nat",
                            Hook = "postrouting",
                            Priority = 100,
                            Rules = [new(1, text, null, null)],
                        },
                    ],
                };
                Walk(
                    new()
                    {
                        IptablesLegacy = new(),
                        IptablesNft = new(),
                        Nft = new() { Tables = [table] },
                        Addresses = [],
                    },
                    Sample(random)
                );
            },
            () => text
        );
    }

    [Fact]
    public void Damaged_sets()
    {
        IpSetFacts[] seeds = All.Value.Sets;
        string text = "";
        Try(
            "ipset",
            (i, random) =>
            {
                IpSetFacts seed = seeds[i % seeds.Length];
                string type = random.Next(5) == 0 ? Mutate(seed.Type, "hash:ip,port,net", random) : seed.Type;
                string options = random.Next(5) == 0 ? Mutate(seed.Options + " ", "netmask 24", random) : seed.Options;
                string[] elements =
                [
                    .. seed.Elements.DefaultIfEmpty("10.0.0.5").Take(4).Select(e => Mutate(e + " ", "10.0.0.0/24,tcp:80,eth0 ", random)),
                ];
                text = $"{type} {options}: {string.Join("; ", elements)}";
                int dimensions = type.Count(static c => c == ',') + 1;
                string directions = string.Join(',', Enumerable.Repeat("src", Math.Min(dimensions, 6)));
                Walk(
                    new()
                    {
                        IptablesLegacy = Tables($"-A FORWARD -m set --match-set s {directions} -j SET --add-set s {directions}"),
                        IptablesNft = new(),
                        Nft = new(),
                        Addresses = [],
                        IpSets =
                        [
                            new()
                            {
                                Name = "s",
                                Type = type,
                                Family = seed.Family,
                                Options = options,
                                Elements = elements,
                            },
                        ],
                    },
                    Sample(random)
                );
            },
            () => text
        );
    }

    [Fact]
    public void Damaged_connections()
    {
        string[] seeds = All.Value.Connections;
        string text = "";
        Try(
            "conntrack",
            (i, random) =>
            {
                text = Mutate(seeds[i % seeds.Length], seeds[random.Next(seeds.Length)], random);
                Walk(
                    new()
                    {
                        IptablesLegacy = Tables("-A FORWARD -m conntrack --ctstate NEW -j ACCEPT"),
                        IptablesNft = new(),
                        Nft = new(),
                        Addresses = [],
                        Conntrack = ConntrackText.Parse(text),
                    },
                    Sample(random)
                );
            },
            () => text
        );
    }

    /// <summary>Chains that call each other to any depth, and in circles, end: the kernel would not have loaded them.</summary>
    [Fact]
    public void Chains_without_end_are_unknown()
    {
        const int count = 20_000;
        List<IptablesChain> chains =
        [
            new()
            {
                Name = "FORWARD",
                Policy = "ACCEPT",
                Rules = [new("-A FORWARD -j c0", null, null)],
            },
        ];
        for (int i = 0; i < count; i++)
        {
            chains.Add(new() { Name = $"c{i}", Rules = [new($"-A c{i} -j c{(i + 1) % count}", null, null)] });
        }
        NetfilterMachine machine = NetfilterMachine.Compile(
            new NamespaceFacts
            {
                IptablesLegacy = new() { Tables = [new("filter", chains)] },
                IptablesNft = new(),
                Nft = new(),
                Addresses = [],
            }
        );
        NetfilterResult result = machine.Run(
            Sample(new Random(1)),
            new NetfilterContext { Hook = NetfilterHook.Forward, Family = NetfilterFamily.Ip4 },
            machine.NewTable()
        );
        Assert.Equal(NetfilterVerdict.Unknown, result.Verdict);
    }
}
