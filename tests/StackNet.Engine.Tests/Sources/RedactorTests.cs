using System.Numerics;
using System.Text;
using StackNet.Engine.Facts;
using StackNet.Engine.Sources.Capture;
using Xunit;

namespace StackNet.Engine.Tests.Sources;

public sealed class RedactorTests
{
    private static readonly string[] Kinds =
    [
        "hybrid-healthy",
        "hybrid2-ipset-member-missing",
        "novanet-healthy",
        "ovsfw-healthy",
        "dvr-healthy",
        "lb-healthy",
        "overlap-healthy",
        "ovn-healthy",
        "hybrid2-few-commands-qvo-down",
    ];

    public static TheoryData<string> Folders => [.. Kinds];

    private static NodeFacts Node(string folder) =>
        CaptureReader.Read(Path.Combine(TestData.Best("real-nodes"), folder), CancellationToken.None)[0];

    private static string Text(NodeFacts facts) => Encoding.UTF8.GetString(NodeFactsJson.ToBytes(facts));

    [Theory]
    [MemberData(nameof(Folders))]
    public void No_name_and_no_address_stays(string folder)
    {
        NodeFacts before = Node(folder);
        string after = Text(Redactor.Redact(before));
        foreach (DomainFacts domain in before.Domains ?? [])
        {
            Assert.DoesNotContain($"\"{domain.InstanceName}\"", after, StringComparison.Ordinal);
            foreach (DomainInterface nic in domain.Interfaces)
            {
                Assert.DoesNotContain(nic.Mac.ToString(), after, StringComparison.OrdinalIgnoreCase);
                Assert.DoesNotContain($"0x{nic.Mac.Value:x}", after, StringComparison.OrdinalIgnoreCase);
            }
            foreach (Ip ip in domain.NovaPorts.SelectMany(p => p.Addresses))
            {
                Assert.False(Holds(after, ip.ToString()), $"{ip} stayed: {Around(after, ip.ToString())}");
                Assert.DoesNotContain($"0x{(uint)ip.Value:x}->", after, StringComparison.Ordinal);
                Assert.DoesNotContain("host-" + ip.ToString().Replace('.', '-'), after, StringComparison.Ordinal);
            }
        }
        Assert.DoesNotContain($"\"{before.HostName}\"", after, StringComparison.Ordinal);
    }

    private static bool Holds(string text, string address)
    {
        for (
            int at = text.IndexOf(address, StringComparison.Ordinal);
            at >= 0;
            at = text.IndexOf(address, at + 1, StringComparison.Ordinal)
        )
        {
            bool whole = (at == 0 || !IsPart(text[at - 1])) && (at + address.Length == text.Length || !IsPart(text[at + address.Length]));
            if (whole)
                return true;
        }
        return false;
    }

    private static bool IsPart(char c) => char.IsAsciiDigit(c) || c == '.';

    private static string Around(string text, string part)
    {
        int at = text.IndexOf(part, StringComparison.Ordinal);
        return text.Substring(Math.Max(0, at - 60), Math.Min(160, text.Length - Math.Max(0, at - 60)));
    }

    [Theory]
    [MemberData(nameof(Folders))]
    public void Addresses_share_the_same_leading_bits_before_and_after(string folder)
    {
        NodeFacts before = Node(folder);
        NodeFacts after = Redactor.Redact(before);
        List<(Ip Before, Ip After)> pairs = [];
        for (int n = 0; n < before.Namespaces.Count; n++)
        {
            NamespaceFacts one = before.Namespaces[n];
            NamespaceFacts two = after.Namespaces.Single(x => x.Name == one.Name);
            for (int i = 0; i < (one.Addresses?.Count ?? 0); i++)
            {
                pairs.Add((one.Addresses![i].Address, two.Addresses![i].Address));
                if (one.Addresses[i].Broadcast is { } broadcast)
                {
                    Assert.Equal(
                        (uint)two.Addresses[i].Address.Value | Host(one.Addresses[i].PrefixLength, (uint)broadcast.Value),
                        (uint)two.Addresses[i].Broadcast!.Value.Value
                    );
                }
            }
            for (int i = 0; i < (one.Routes?.Count ?? 0); i++)
            {
                IpPrefix was = one.Routes![i].Destination;
                IpPrefix isNow = two.Routes![i].Destination;
                Assert.Equal(was.Length, isNow.Length);
                Assert.Equal(was.Address == was.Network, isNow.Address == isNow.Network);
                pairs.Add((was.Address, isNow.Address));
            }
        }
        foreach ((Ip a, Ip mappedA) in pairs)
        {
            foreach ((Ip b, Ip mappedB) in pairs)
            {
                if (!a.IsV6 && !b.IsV6)
                    Assert.Equal(
                        BitOperations.LeadingZeroCount((uint)a.Value ^ (uint)b.Value),
                        BitOperations.LeadingZeroCount((uint)mappedA.Value ^ (uint)mappedB.Value)
                    );
            }
        }
    }

    // A broadcast has all host bits set; the ones of a broadcast address given by hand are its own.
    private static uint Host(int length, uint broadcast) => length >= 32 ? 0 : broadcast & (uint.MaxValue >> length);

    [Theory]
    [MemberData(nameof(Folders))]
    public void Devices_rules_and_flows_stay_as_many_and_a_tap_stays_its_guests(string folder)
    {
        NodeFacts before = Node(folder);
        NodeFacts after = Redactor.Redact(before);
        Assert.Equal(Shape(before), Shape(after));
        NamespaceFacts root = after.Namespaces[0];
        foreach (DomainInterface nic in (after.Domains ?? []).SelectMany(d => d.Interfaces))
        {
            LinkFacts? tap = root.Links!.FirstOrDefault(l => l.Name == nic.TargetDevice);
            if (tap is not null)
                Assert.Equal(nic.Mac.Value & 0xff_ffff_ffff, tap.Mac.Value & 0xff_ffff_ffff);
        }
        Assert.Equal(Text(after), Text(Redactor.Redact(before)));
    }

    private static string Shape(NodeFacts facts) =>
        string.Join(
            '\n',
            facts
                .Namespaces.Select(n =>
                    $"{n.Name} {n.Links?.Count} {n.Routes?.Count} {n.IptablesNft?.Tables.Sum(t => t.Chains.Sum(c => c.Rules.Count))} {n.Nft?.Tables.Count} {n.IpSets?.Sum(s => s.Elements.Count)} {n.Conntrack?.Count}"
                )
                .Concat(facts.Ovs?.Bridges.Select(b => $"{b.Name} {b.Ports.Count} {b.Flows?.Count} {b.Fdb?.Count}") ?? [])
        );

    [Fact]
    public void Special_addresses_and_masks_keep_their_meaning()
    {
        NodeFacts facts = new()
        {
            HostName = "node-x",
            Namespaces =
            [
                new NamespaceFacts
                {
                    Addresses =
                    [
                        new AddressFacts
                        {
                            Device = "eth0",
                            Address = Ip.Parse("10.1.16.5"),
                            PrefixLength = 20,
                        },
                    ],
                    IptablesNft = new IptablesRuleset
                    {
                        Tables =
                        [
                            new IptablesTable(
                                "filter",
                                [
                                    new IptablesChain
                                    {
                                        Name = "X",
                                        Rules =
                                        [
                                            new IptablesRule("-A X -s 0.0.0.0/32 -d 255.255.255.255/32 -p udp -j RETURN", null, null),
                                            new IptablesRule("-A X -d 169.254.169.254/32 -j ACCEPT", null, null),
                                            new IptablesRule("-A X -s 10.1.16.0/255.255.240.0 -j ACCEPT", null, null),
                                            new IptablesRule("-A X -d 10.1.31.255/32 -j ACCEPT", null, null),
                                            new IptablesRule(
                                                "-A X -m mac --mac-source FA:16:3E:11:22:33 -m comment --comment \"for node-x\" -j ACCEPT",
                                                null,
                                                null
                                            ),
                                            new IptablesRule("-A X -m iprange --src-range 10.2.0.5-10.2.3.9 -j ACCEPT", null, null),
                                        ],
                                    },
                                ]
                            ),
                        ],
                    },
                },
            ],
        };
        NodeFacts after = Redactor.Redact(facts);
        IReadOnlyList<IptablesRule> rules = after.Namespaces[0].IptablesNft!.Tables[0].Chains[0].Rules;
        Ip own = after.Namespaces[0].Addresses![0].Address;
        uint network = (uint)own.Value & 0xfffff000;
        Assert.NotEqual(Ip.Parse("10.1.16.5"), own);
        Assert.Equal("-A X -s 0.0.0.0/32 -d 255.255.255.255/32 -p udp -j RETURN", rules[0].Text);
        Assert.Equal("-A X -d 169.254.169.254/32 -j ACCEPT", rules[1].Text);
        Assert.Equal($"-A X -s {Ip.V4(network)}/255.255.240.0 -j ACCEPT", rules[2].Text);
        Assert.Equal($"-A X -d {Ip.V4(network | 0xfff)}/32 -j ACCEPT", rules[3].Text);
        Assert.Equal("-A X -m mac --mac-source FA:16:3E:00:00:01 -m comment --comment \"for node-1\" -j ACCEPT", rules[4].Text);
        string[] range = rules[5].Text.Split(' ')[5].Split('-');
        Assert.Equal(0x304u, (uint)Ip.Parse(range[1]).Value - (uint)Ip.Parse(range[0]).Value);
    }
}
