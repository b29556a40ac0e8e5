using StackNet.Engine.Facts;

namespace StackNet.Engine.Tests.Causes.Faults;

internal static partial class FaultRows
{
    private static IEnumerable<FaultRow> Firewall =>
        [
            .. On(
                Chained,
                f =>
                    new("egress-rule-missing", f, "SN501", s => s.Facts.NoRule("", "filter", $"-A {s.Chain('o')} -j RETURN"))
                    {
                        Direction = PacketDirection.Out,
                        Device = s => s.Tap,
                        Evidence = _ => "sg-fallback",
                    }
            ),
            .. On(
                Chained,
                f =>
                    new(
                        "egress-only-tcp",
                        f,
                        "SN501",
                        s =>
                            s.Facts.InRules(
                                "",
                                "filter",
                                s.Chain('o'),
                                $"-A {s.Chain('o')} -j RETURN",
                                $"-A {s.Chain('o')} -p tcp -j RETURN"
                            )
                    )
                    {
                        Direction = PacketDirection.Out,
                    }
            ),
            .. On(
                [Hybrid2],
                f =>
                    new(
                        "ingress-rule-missing",
                        f,
                        "SN502",
                        s => s.Facts.NoRule("", "filter", $"neutron-openvswi-i{s.Other.PortId![..10]}", "-p icmp")
                    )
                    {
                        Question = Question.OtherIn,
                        Direction = PacketDirection.In,
                        Evidence = _ => "sg-fallback",
                    }
            ),
            new(
                "set-without-the-member",
                Hybrid,
                "SN503",
                s =>
                    s.Facts.Namespace(
                        "",
                        n =>
                            n with
                            {
                                IpSets =
                                [
                                    .. n.IpSets!.Select(i =>
                                        i with
                                        {
                                            Elements =
                                            [
                                                .. i.Elements.Where(e =>
                                                    !e.StartsWith(s.Other.Addresses[0].ToString(), StringComparison.Ordinal)
                                                ),
                                            ],
                                        }
                                    ),
                                ],
                            }
                    )
            )
            {
                Question = Question.FromOther,
                Direction = PacketDirection.In,
            },
            .. On(
                Chained,
                f =>
                    new(
                        "anti-spoof-other-address",
                        f,
                        "SN504",
                        s => s.Facts.InRules("", "filter", s.Chain('s'), $"-s {s.Address}/32", "-s 10.255.255.250/32")
                    )
                    {
                        Direction = PacketDirection.Out,
                        Evidence = s => s.Chain('s'),
                    }
            ),
            .. On(
                Chained,
                f =>
                    new(
                        "anti-spoof-other-mac",
                        f,
                        "SN504",
                        s => s.Facts.InRules("", "filter", s.Chain('s'), s.Victim.Mac.ToString()!, "fa:16:3e:00:00:99")
                    )
                    {
                        Direction = PacketDirection.Out,
                        Evidence = s => s.Chain('s'),
                    }
            ),
            .. On(
                Routed,
                f =>
                    new("switch-anti-spoof-mac", f, "SN504", s => s.Facts.NoFlow("br-int", "table=25", $"dl_src={s.Victim.Mac}"))
                    {
                        Direction = PacketDirection.Out,
                    }
            ),
            .. On(
                Routed,
                f =>
                    new("switch-anti-spoof-arp", f, "SN504", s => s.Facts.NoFlow("br-int", "table=24", $"arp_spa={s.Address}"))
                    {
                        Direction = PacketDirection.Out,
                        Evidence = _ => "table=24",
                    }
            ),
            .. On(
                Chained,
                f =>
                    new(
                        "no-jump-and-policy-drop",
                        f,
                        "SN505",
                        s => s.Facts.NoRule("", "filter", "-A neutron-openvswi-FORWARD", s.Tap).Policy("", "FORWARD", "DROP")
                    )
                    {
                        Direction = PacketDirection.Out,
                        Evidence = _ => "FORWARD DROP",
                    }
            ),
            .. On(
                Chained,
                f =>
                    new(
                        "rules-failed-to-load",
                        f,
                        "SN506",
                        s =>
                            s.Facts.Chain(
                                "",
                                "filter",
                                c =>
                                    c.Name.StartsWith("neutron-openvswi-i", StringComparison.Ordinal)
                                    || c.Name.StartsWith("neutron-openvswi-o", StringComparison.Ordinal),
                                c => c with { Rules = [.. c.Rules.Where(r => r.Text.EndsWith("sg-fallback", StringComparison.Ordinal))] }
                            )
                    )
                    {
                        Direction = PacketDirection.Out,
                    }
            ),
            .. On(
                Chained,
                f =>
                    new(
                        "agents-chains-wiped-policy-drop",
                        f,
                        "SN515",
                        s =>
                            s.Facts.Chain("", "filter", c => c.Name == "FORWARD", c => c with { Rules = [], Policy = "DROP" })
                                .Namespace("", n => n with { IptablesNft = Wiped(n.IptablesNft), IptablesLegacy = Wiped(n.IptablesLegacy) })
                                .WithoutMirror("")
                    )
                    {
                        Direction = PacketDirection.Out,
                    }
            ),
            .. On(
                [Hybrid, HostNat],
                f =>
                    new("reply-in-another-zone", f, "SN719", s => s.Facts.NoRule("", "raw", s.Qvb))
                    {
                        Direction = PacketDirection.Back,
                        Evidence = _ => "--zone",
                    }
            ),
            .. On(
                Chained,
                f =>
                    new(
                        "site-rule-on-bridged-frames",
                        f,
                        "SN209",
                        s => s.Facts.AddRule("", "filter", "-A FORWARD -m physdev --physdev-is-bridged -j DROP")
                    )
                    {
                        Direction = PacketDirection.Out,
                        Evidence = _ => "--physdev-is-bridged -j DROP",
                    }
            ),
            .. On(
                Chained,
                f =>
                    new(
                        "site-rule-for-the-network",
                        f,
                        "SN209",
                        s => s.Facts.AddRule("", "filter", $"-A FORWARD -s {s.Network} -j REJECT --reject-with icmp-port-unreachable")
                    )
                    {
                        Direction = PacketDirection.Out,
                        Evidence = s => s.Network,
                    }
            ),
            new("docker-isolation-on-br100", NovaNet, "SN209", s => s.Facts.AddRule("", "filter", "-A FORWARD -i br100 -o br100 -j DROP"))
            {
                Question = Question.ToOther,
                Evidence = _ => "-i br100 -o br100",
            },
            .. On(
                Chained,
                f =>
                    new(
                        "bridge-table-drops",
                        f,
                        "SN211",
                        s =>
                            s.Facts.NftTable(
                                "",
                                "bridge",
                                "site",
                                "fwd",
                                "forward",
                                0,
                                (Match("meta", "iifname", s.Tap) + Drop, $"iifname \"{s.Tap}\" drop")
                            )
                    )
                    {
                        Direction = PacketDirection.Out,
                    }
            ),
            .. On(
                [Hybrid, HostNat],
                f =>
                    new(
                        "untracked-bridged-frames",
                        f,
                        "SN520",
                        s => s.Facts.AddRule("", "raw", $"-A PREROUTING -s {s.Address}/32 -j CT --notrack")
                    )
                    {
                        Direction = PacketDirection.Back,
                        Evidence = _ => "--notrack",
                    }
            ),
            .. On(
                [HostNat, NovaNet, HostNat1],
                f =>
                    new(
                        "untracked-routed-packets",
                        f,
                        "SN520",
                        s => s.Facts.AddRule("", "raw", $"-A PREROUTING -s {s.Network} ! -d {s.Network} -j NOTRACK")
                    )
                    {
                        Direction = PacketDirection.Back,
                        Evidence = _ => "NOTRACK",
                    }
            ),
            .. On(
                Routed,
                f =>
                    new("untracked-in-router", f, "SN520", s => s.Facts.AddRule(s.Router, "raw", $"-A PREROUTING -i {s.Inside} -j NOTRACK"))
                    {
                        Direction = PacketDirection.Back,
                        Evidence = _ => "NOTRACK",
                    }
            ),
            .. On(
                Everywhere,
                f =>
                    new(
                        "rpfilter-match",
                        f,
                        "SN519",
                        s => Asymmetric(s).AddRule(s.Router, "raw", $"-A PREROUTING -i {s.Outside} -m rpfilter --invert -j DROP")
                    )
                    {
                        Direction = PacketDirection.Back,
                        Evidence = _ => "rpfilter",
                    }
            ),
        ];
}
