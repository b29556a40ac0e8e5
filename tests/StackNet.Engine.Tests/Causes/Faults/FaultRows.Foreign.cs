using StackNet.Engine.Facts;

namespace StackNet.Engine.Tests.Causes.Faults;

internal static partial class FaultRows
{
    private static IEnumerable<FaultRow> Foreign =>
        [
            .. On(
                Routed.Concat(NodeRouted.Except([NovaNet])),
                f =>
                    new(
                        "forward-policy-drop",
                        f,
                        "SN512",
                        s => s.Facts.Policy(s.Router, "FORWARD", "DROP").AddRule(s.Router, "filter", "-A INPUT -j ACCEPT")
                    )
                    {
                        Direction = PacketDirection.Out,
                        Evidence = _ => "FORWARD DROP",
                    }
            ),
            new(
                "novanet-forward-accepts-gone",
                NovaNet,
                "SN512",
                s => s.Facts.NoRule("", "filter", "-A nova-network-FORWARD").Policy("", "FORWARD", "DROP")
            )
            {
                Evidence = _ => "FORWARD DROP",
            },
            .. On(
                NodeRouted,
                f =>
                    new(
                        "docker-forward",
                        f,
                        "SN512",
                        s =>
                            s.Facts.AddChain("", "filter", "DOCKER-USER", $"-A DOCKER-USER -o {s.Outside} -j DROP")
                                .AddRule("", "filter", "-A FORWARD -j DOCKER-USER")
                    )
                    {
                        Direction = PacketDirection.Out,
                        Evidence = _ => "DOCKER-USER -o",
                    }
            ),
            .. On(
                NodeRouted,
                f =>
                    new("replies-dropped", f, "SN512", s => s.Facts.AddRule("", "filter", $"-A FORWARD -i {s.Outside} -j DROP"))
                    {
                        Direction = PacketDirection.Back,
                        Evidence = s => $"-i {s.Outside} -j DROP",
                    }
            ),
            .. On(
                NodeRouted,
                f =>
                    new(
                        "libvirt-network-rules",
                        f,
                        "SN513",
                        s =>
                            s.Facts.AddChain(
                                    "",
                                    "filter",
                                    "LIBVIRT_FWO",
                                    $"-A LIBVIRT_FWO -i {s.Entry} -j REJECT --reject-with icmp-port-unreachable"
                                )
                                .AddRule("", "filter", "-A FORWARD -j LIBVIRT_FWO")
                    )
                    {
                        Direction = PacketDirection.Out,
                        Evidence = _ => "LIBVIRT_FWO",
                    }
            ),
            .. On(
                NodeRouted,
                f =>
                    new(
                        "firewalld-forward",
                        f,
                        "SN514",
                        s =>
                            s.Facts.NftTable(
                                "",
                                "inet",
                                "firewalld",
                                "filter_FORWARD",
                                "forward",
                                10,
                                (Reject, "reject with icmpx admin-prohibited")
                            )
                    )
                    {
                        Direction = PacketDirection.Out,
                    }
            ),
            .. On(
                NodeRouted,
                f =>
                    new(
                        "ufw-forward",
                        f,
                        "SN518",
                        s =>
                            s.Facts.AddChain(
                                    "",
                                    "filter",
                                    "ufw-reject-forward",
                                    "-A ufw-reject-forward -j REJECT --reject-with icmp-port-unreachable"
                                )
                                .AddRule("", "filter", "-A FORWARD -j ufw-reject-forward")
                    )
                    {
                        Direction = PacketDirection.Out,
                    }
            ),
            .. On(
                NodeRouted,
                f =>
                    new(
                        "ufw-policy",
                        f,
                        "SN518",
                        s =>
                            s.Facts.Chain(
                                    "",
                                    "filter",
                                    c => c.Name.StartsWith("nova-network-FORWARD", StringComparison.Ordinal),
                                    c => c with { Rules = [] }
                                )
                                .AddChain(
                                    "",
                                    "filter",
                                    "ufw-before-forward",
                                    "-A ufw-before-forward -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT"
                                )
                                .AddRule("", "filter", "-A FORWARD -j ufw-before-forward")
                                .Policy("", "FORWARD", "DROP")
                    )
                    {
                        Direction = PacketDirection.Out,
                        Evidence = _ => "FORWARD DROP",
                    }
            ),
            .. On(
                Routed.Concat(NodeRouted),
                f =>
                    new(
                        "nft-table-beside",
                        f,
                        "SN517",
                        s =>
                            s.Facts.NftTable(
                                s.Router,
                                "inet",
                                "site",
                                "fwd",
                                "forward",
                                5,
                                (Match("meta", "oifname", s.Outside) + Drop, $"oifname \"{s.Outside}\" drop")
                            )
                    )
                    {
                        Direction = PacketDirection.Out,
                        Evidence = _ => "drop",
                    }
            ),
            .. On(
                [HostNat, Hybrid],
                f =>
                    new("legacy-tables-besides", f, "SN516", s => s.Facts.Namespace(s.Router, n => n with { IptablesLegacy = DropAll }))
                    {
                        Direction = PacketDirection.Out,
                        Evidence = _ => "FORWARD DROP",
                    }
            ),
        ];

    private static readonly IptablesRuleset DropAll = new()
    {
        Tables =
        [
            new IptablesTable(
                "filter",
                [
                    new IptablesChain { Name = "INPUT", Policy = "ACCEPT" },
                    new IptablesChain
                    {
                        Name = "FORWARD",
                        Policy = "DROP",
                        Packets = 12,
                        Bytes = 1008,
                    },
                    new IptablesChain { Name = "OUTPUT", Policy = "ACCEPT" },
                ]
            ),
        ],
    };

    private static IptablesRuleset? Wiped(IptablesRuleset? rules) =>
        rules is null
            ? null
            : rules with
            {
                Tables =
                [
                    .. rules.Tables.Select(t =>
                        t with
                        {
                            Chains =
                            [
                                .. t
                                    .Chains.Where(c => !c.Name.StartsWith("neutron-", StringComparison.Ordinal))
                                    .Select(c =>
                                        c with
                                        {
                                            Rules = [.. c.Rules.Where(r => !r.Text.Contains("neutron-", StringComparison.Ordinal))],
                                        }
                                    ),
                            ],
                        }
                    ),
                ],
            };

    private const string Drop = """{"counter":{"packets":9,"bytes":756}},{"drop":null}]""";
    private const string Reject = """[{"reject":{"type":"icmpx","expr":"admin-prohibited"}}]""";

    private static string Match(string kind, string key, string value) =>
        """[{"match":{"op":"==","left":{"KIND":{"key":"KEY"}},"right":"VALUE"}},"""
            .Replace("KIND", kind, StringComparison.Ordinal)
            .Replace("KEY", key, StringComparison.Ordinal)
            .Replace("VALUE", value, StringComparison.Ordinal);
}
