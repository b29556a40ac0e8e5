using System.Globalization;
using StackNet.Engine.Facts;

namespace StackNet.Engine.Tests.Walk;

/// <summary>A captured node with one of its instances made many: same layout, own names, addresses, rules and flows for each.</summary>
internal static class ManyInstances
{
    public sealed record Guest(string Tap, Mac Mac, Ip Address);

    /// <param name="node">The node.</param>
    /// <param name="id">First eleven characters of the instance's port.</param>
    /// <param name="mac">Its MAC.</param>
    /// <param name="address">Its address in a /24 (which becomes a /16).</param>
    /// <param name="count">How many.</param>
    public static (NodeFacts Node, List<Guest> Guests) Make(NodeFacts node, string id, Mac mac, Ip address, int count)
    {
        List<Guest> guests = [];
        List<Swap> swaps = [];
        OvsInterfaceFacts own = node.Ovs!.Bridges.SelectMany(b => b.Ports).SelectMany(p => p.Interfaces).First(i => i.Name == "qvo" + id);
        for (int i = 0; i < count; i++)
        {
            string other = string.Create(CultureInfo.InvariantCulture, $"{0xa0000000 + (uint)i:x8}-00");
            Mac otherMac = new(0xfa163e000000UL + 0x100000 + (ulong)i);
            Ip otherIp = Ip.V4((uint)(address.Value & 0xffff0000) + 0x1000 + (uint)i);
            swaps.Add(
                new Swap(
                    i,
                    [
                        (id, other),
                        (id[..10], other[..10]),
                        (mac.ToString(), otherMac.ToString()),
                        (address.ToString(), otherIp.ToString()),
                        ($"in_port={own.OfPort},", $"in_port={5000 + i},"),
                    ],
                    otherMac
                )
            );
            guests.Add(new Guest("tap" + other, otherMac, otherIp));
        }
        string[] wide = [address.ToString()[..address.ToString().LastIndexOf('.')]];
        return (
            node with
            {
                Namespaces = [.. node.Namespaces.Select(ns => Multiply(ns, id, swaps, wide[0]))],
                Ovs = node.Ovs with { Bridges = [.. node.Ovs.Bridges.Select(b => Multiply(b, id, own, mac, swaps))] },
            },
            guests
        );
    }

    private sealed record Swap(int Number, (string From, string To)[] Texts, Mac Mac)
    {
        public string Of(string text)
        {
            foreach ((string from, string to) in Texts)
                text = text.Replace(from, to, StringComparison.Ordinal);
            return text;
        }
    }

    private static NamespaceFacts Multiply(NamespaceFacts ns, string id, List<Swap> swaps, string subnet)
    {
        List<LinkFacts> links = [.. ns.Links!];
        foreach (Swap swap in swaps)
        {
            foreach (LinkFacts link in ns.Links!.Where(l => l.Name.EndsWith(id, StringComparison.Ordinal)))
            {
                links.Add(
                    link with
                    {
                        Name = swap.Of(link.Name),
                        Index = 10_000 + (swap.Number * 10) + (link.Index % 10),
                        Mac = new Mac(
                            (link.Mac.Value & 0xffff_0000_0000) + 0x1000_0000 + ((ulong)swap.Number * 16) + (ulong)(link.Index % 10)
                        ),
                        Master = link.Master is null ? null : swap.Of(link.Master),
                        LinkName = link.LinkName is null ? null : swap.Of(link.LinkName),
                        LinkIndex = null,
                    }
                );
            }
        }
        Dictionary<string, string> sysctls = new(ns.Sysctls!, StringComparer.Ordinal);
        foreach ((string key, string value) in ns.Sysctls!.Where(s => s.Key.Contains(id, StringComparison.Ordinal)))
        {
            foreach (Swap swap in swaps)
                sysctls[swap.Of(key)] = value;
        }
        IpPrefix narrow = IpPrefix.Parse(subnet + ".0/24");
        return ns with
        {
            Links = links,
            Sysctls = sysctls,
            IptablesNft = ns.IptablesNft is null ? null : Multiply(ns.IptablesNft, id[..10], swaps),
            Routes =
            [
                .. ns.Routes!.Select(r => r.Destination == narrow ? r with { Destination = IpPrefix.Parse(narrow.Address + "/16") } : r),
            ],
            Neighbours = [],
            Nft = new NftRuleset(),
        };
    }

    private static IptablesRuleset Multiply(IptablesRuleset rules, string id, List<Swap> swaps)
    {
        List<IptablesTable> tables = [];
        foreach (IptablesTable table in rules.Tables)
        {
            List<IptablesChain> chains = [];
            foreach (IptablesChain chain in table.Chains)
            {
                if (chain.Name.Contains(id, StringComparison.Ordinal))
                {
                    foreach (Swap swap in swaps)
                        chains.Add(
                            chain with
                            {
                                Name = swap.Of(chain.Name),
                                Rules = [.. chain.Rules.Select(r => r with { Text = swap.Of(r.Text) })],
                            }
                        );
                }
                List<IptablesRule> all = [];
                foreach (IptablesRule rule in chain.Rules)
                {
                    if (!chain.Name.Contains(id, StringComparison.Ordinal) && rule.Text.Contains(id, StringComparison.Ordinal))
                        all.AddRange(swaps.Select(swap => rule with { Text = swap.Of(rule.Text) }));
                    all.Add(rule);
                }
                chains.Add(chain with { Rules = all });
            }
            tables.Add(table with { Chains = chains });
        }
        return rules with { Tables = tables };
    }

    private static OvsBridgeFacts Multiply(OvsBridgeFacts bridge, string id, OvsInterfaceFacts own, Mac mac, List<Swap> swaps)
    {
        OvsPortFacts? port = bridge.Ports.FirstOrDefault(p => p.Name == "qvo" + id);
        if (port is null)
            return bridge;
        List<OvsPortFacts> ports = [.. bridge.Ports];
        List<string> flows = [.. bridge.Flows!];
        List<OpenFlowPort> numbers = [.. bridge.OpenFlowPorts!];
        foreach (Swap swap in swaps)
        {
            ports.Add(
                port with
                {
                    Name = swap.Of(port.Name),
                    Interfaces = [own with { Name = swap.Of(own.Name), OfPort = 5000 + swap.Number }],
                }
            );
            numbers.Add(new OpenFlowPort(5000 + swap.Number, swap.Of(port.Name), "0", "LIVE", swap.Mac));
            flows.AddRange(
                bridge
                    .Flows!.Where(f =>
                        f.Contains($"in_port={own.OfPort},", StringComparison.Ordinal)
                        || f.Contains(mac.ToString(), StringComparison.Ordinal)
                    )
                    .Select(swap.Of)
            );
        }
        return bridge with { Ports = ports, Flows = flows, OpenFlowPorts = numbers };
    }
}
