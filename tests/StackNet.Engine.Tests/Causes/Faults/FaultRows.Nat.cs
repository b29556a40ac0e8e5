using StackNet.Engine.Facts;

namespace StackNet.Engine.Tests.Causes.Faults;

internal static partial class FaultRows
{
    /// <summary>The rule that translates what instances without a floating address send.</summary>
    private static string SnatWord(Scene s) => s.Router.Length > 0 ? $"-o {s.Outside} -j SNAT" : "-j MASQUERADE";

    private static IEnumerable<FaultRow> Translation =>
        [
            .. On(
                Routers,
                f =>
                    new("translation-missing", f, "SN701", s => s.Facts.NoRule(s.Router, "nat", SnatWord(s)))
                    {
                        Direction = PacketDirection.Back,
                        Device = s => s.Outside,
                        Evidence = s => s.Address,
                    }
            ),
            .. On(
                Routers,
                f =>
                    new("translation-missing-tcp", f, "SN701", s => s.Facts.NoRule(s.Router, "nat", SnatWord(s)))
                    {
                        Question = Question.OutTcp,
                        Direction = PacketDirection.Back,
                    }
            ),
            .. On(
                NodeRouted,
                f =>
                    new(
                        "nat-table-not-there",
                        f,
                        "SN701",
                        s =>
                            s.Facts.Namespace(
                                    "",
                                    n => n with { IptablesNft = WithoutNat(n.IptablesNft), IptablesLegacy = WithoutNat(n.IptablesLegacy) }
                                )
                                .WithoutMirror("")
                    )
                    {
                        Direction = PacketDirection.Back,
                    }
            ),
            .. On(
                Routers,
                f =>
                    new(
                        "translation-by-another-device",
                        f,
                        "SN702",
                        s =>
                            s.Facts.InRules(
                                s.Router,
                                "nat",
                                "",
                                SnatWord(s) is var w && w[0] == '-' && w.Contains("-o", StringComparison.Ordinal)
                                    ? $"-o {s.Outside} -j SNAT"
                                    : $"-o {s.Outside} -j MASQUERADE",
                                s.Router.Length > 0 ? $"-o {s.Inside} -j SNAT" : "-o eno9 -j MASQUERADE"
                            )
                    )
                    {
                        Direction = PacketDirection.Back,
                        Evidence = s => s.Router.Length > 0 ? $"-o {s.Inside}" : "-o eno9",
                    }
            ),
            .. On(
                [HostNat, NovaNet],
                f =>
                    new(
                        "translation-for-another-network",
                        f,
                        "SN703",
                        s =>
                            s.Facts.InRules(
                                "",
                                "nat",
                                "",
                                $"-s {s.Network} -o {s.Outside} -j MASQUERADE",
                                $"-s 10.254.0.0/24 -o {s.Outside} -j MASQUERADE"
                            )
                    )
                    {
                        Direction = PacketDirection.Back,
                        Evidence = _ => "10.254.0.0/24",
                    }
            ),
            .. On(
                Routers,
                f =>
                    new(
                        "translation-shadowed-by-accept",
                        f,
                        "SN704",
                        s => s.Facts.AddRule(s.Router, "nat", $"-A POSTROUTING -s {s.Network} -j ACCEPT")
                    )
                    {
                        Direction = PacketDirection.Back,
                        Evidence = s => $"-s {s.Network} -j ACCEPT",
                    }
            ),
            .. On(
                NodeRouted,
                f =>
                    new(
                        "translation-shadowed-by-return-in-chain",
                        f,
                        "SN704",
                        s =>
                            s.Facts.AddChain("", "nat", "LIBVIRT_PRT", $"-A LIBVIRT_PRT -s {s.Network} ! -d {s.Network} -j ACCEPT")
                                .AddRule("", "nat", "-A POSTROUTING -j LIBVIRT_PRT")
                    )
                    {
                        Direction = PacketDirection.Back,
                        Evidence = _ => "LIBVIRT_PRT -s",
                    }
            ),
            .. On(
                [HostNat, NovaNet],
                f =>
                    new(
                        "snat-to-a-foreign-network",
                        f,
                        "SN705",
                        s =>
                            s.Facts.InRules(
                                "",
                                "nat",
                                "",
                                $"-s {s.Network} -o {s.Outside} -j MASQUERADE",
                                $"-s {s.Network} -o {s.Outside} -j SNAT --to-source 192.0.2.250"
                            )
                    )
                    {
                        Direction = PacketDirection.Back,
                        Evidence = _ => "192.0.2.250",
                    }
            ),
            .. On(
                Routers,
                f =>
                    new("snat-to-nobodys-address", f, "SN705", s => ToSource(s, s.UpstreamGateway.Neighbour()))
                    {
                        Direction = PacketDirection.Back,
                        Evidence = s => s.UpstreamGateway.Neighbour().ToString(),
                    }
            ),
            .. On(
                NodeRouted,
                f =>
                    new("out-device-without-address", f, "SN706", s => OnLinkOnly(s))
                    {
                        Direction = PacketDirection.Back,
                        Evidence = s => s.Outside,
                    }
            ),
            .. On(
                [HostNat],
                f =>
                    new(
                        "masquerade-of-bridged-frames",
                        f,
                        "SN210",
                        s =>
                            s.Facts.InRules(
                                "",
                                "nat",
                                "POSTROUTING",
                                $"-s {s.Network} -o {s.Outside} -j MASQUERADE",
                                $"-s {s.Network} -j MASQUERADE"
                            )
                    )
                    {
                        Evidence = s => $"-s {s.Network} -j MASQUERADE",
                    }
            ),
        ];

    private static IEnumerable<FaultRow> MoreTranslation =>
        [
            .. On(
                Routed,
                f =>
                    new(
                        "outside-address-missing",
                        f,
                        "SN705",
                        s =>
                            s.Facts.Addresses(s.Router, a => a.Where(x => x.Address != s.OutsideAddress))
                                .Routes(
                                    s.Router,
                                    r =>
                                        r.Where(x => x.Destination.Address != s.OutsideAddress && !(x.PreferredSource == s.OutsideAddress))
                                            .Select(x => x.Destination.Length == 0 ? x with { Flags = ["onlink"] } : x)
                                )
                    )
                    {
                        Direction = PacketDirection.Back,
                        Evidence = s => s.OutsideAddress.ToString(),
                    }
            ),
            .. On(
                Routers,
                f =>
                    new(
                        "default-route-to-the-inside",
                        f,
                        "SN607",
                        s =>
                            s.Facts.Routes(
                                s.Router,
                                r =>
                                    r.Select(x =>
                                        x.Destination.Length == 0
                                            ? x with
                                            {
                                                Device = s.Inside,
                                                Gateway = s.Victim.Subnet!.Value.Network.Plus(60),
                                            }
                                            : x
                                    )
                            )
                    )
                    {
                        Direction = PacketDirection.Out,
                        Device = s => s.Inside,
                    }
            ),
            .. On(
                Routers,
                f =>
                    new(
                        "next-hop-failed",
                        f,
                        "SN801",
                        s =>
                            s.Facts.Namespace(
                                s.Router,
                                n =>
                                    n with
                                    {
                                        Neighbours =
                                        [
                                            .. n.Neighbours!.Where(e => e.Address != s.UpstreamGateway),
                                            new NeighbourFacts
                                            {
                                                Device = s.Outside,
                                                Address = s.UpstreamGateway,
                                                State = "FAILED",
                                            },
                                        ],
                                    }
                            )
                    )
                    {
                        Direction = PacketDirection.Out,
                        Evidence = _ => "FAILED",
                    }
            ),
            .. On(
                Routers,
                f =>
                    new(
                        "rule-to-an-empty-table",
                        f,
                        null,
                        s =>
                            s.Facts.Rule(
                                s.Router,
                                new RuleFacts
                                {
                                    Priority = 100,
                                    From = s.Victim.Subnet,
                                    Table = "4711",
                                }
                            )
                    )
            ),
            .. On(
                Routed,
                f =>
                    new(
                        "raw-table-drops-what-comes-back",
                        f,
                        "SN512",
                        s => s.Facts.AddRule(s.Router, "raw", $"-A PREROUTING -i {s.Outside} -j DROP")
                    )
                    {
                        Direction = PacketDirection.Back,
                        Evidence = _ => "-j DROP",
                    }
            ),
            .. On(
                Routed,
                f =>
                    new(
                        "arp-off-on-the-inside-port",
                        f,
                        "SN801",
                        s => s.Facts.Link(s.Router, s.Inside, l => l with { Flags = [.. l.Flags, "NOARP"] })
                    )
            ),
        ];

    private static NodeFacts ToSource(Scene s, Ip address) =>
        s.Router.Length > 0
            ? s.Facts.InRules(s.Router, "nat", "snat", $"--to-source {s.OutsideAddress} ", $"--to-source {address} ")
            : s.Facts.InRules("", "nat", "", $"-o {s.Outside} -j MASQUERADE", $"-o {s.Outside} -j SNAT --to-source {address}");

    private static Ip Neighbour(this Ip gateway) =>
        gateway.ToString() is "198.51.100.254" or "203.0.113.254" ? new IpPrefix(gateway, 24).Network.Plus(240) : gateway.Plus(21);

    /// <summary>The way out stays (onlink), the device's own address is gone.</summary>
    private static NodeFacts OnLinkOnly(Scene s) =>
        s
            .Facts.NoAddress("", s.Outside)
            .Route(
                "",
                new RouteFacts
                {
                    Device = s.Outside,
                    Gateway = s.UpstreamGateway,
                    Flags = ["onlink"],
                }
            );

    private static IptablesRuleset? WithoutNat(IptablesRuleset? rules) =>
        rules is null ? null : rules with { Tables = [.. rules.Tables.Where(t => t.Name != "nat")] };
}
