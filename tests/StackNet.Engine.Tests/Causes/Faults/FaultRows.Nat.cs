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

    private static IEnumerable<FaultRow> Floating =>
        [
            .. On(
                Routed,
                f =>
                    new(
                        "floating-dnat-missing",
                        f,
                        "SN709",
                        s => s.Facts.NoRule(s.Router, "nat", "-A neutron-l3-agent-PREROUTING", "-j DNAT")
                    )
                    {
                        Question = Question.OtherInTcp,
                        Direction = PacketDirection.In,
                    }
            ),
            .. On(
                Routed,
                f =>
                    new(
                        "floating-dnat-missing-out-works",
                        f,
                        null,
                        s => s.Facts.NoRule(s.Router, "nat", "-A neutron-l3-agent-PREROUTING", "-j DNAT")
                    )
                    {
                        Question = Question.OtherOut,
                    }
            ),
            .. On(
                Routed,
                f =>
                    new(
                        "floating-dnat-to-another",
                        f,
                        "SN709",
                        s =>
                            s.Facts.InRules(
                                s.Router,
                                "nat",
                                "PREROUTING",
                                $"--to-destination {s.Other.Addresses[0]}",
                                "--to-destination " + s.Victim.Subnet!.Value.Network.Plus(251)
                            )
                    )
                    {
                        Question = Question.OtherIn,
                        Evidence = s => s.Victim.Subnet!.Value.Network.Plus(251).ToString(),
                    }
            ),
            .. On(
                Routed,
                f =>
                    new(
                        "floating-address-missing",
                        f,
                        "SN710",
                        s =>
                            s.Facts.Addresses(s.Router, a => a.Where(x => !(x.Device == s.Outside && x.PrefixLength == 32)))
                                .Routes(s.Router, r => r.Where(x => !(x.Table == "local" && x.Destination.Address == FloatingOf(s))))
                    )
                    {
                        Question = Question.OtherIn,
                        Direction = PacketDirection.In,
                    }
            ),
            .. On(
                Routed,
                f =>
                    new(
                        "floating-address-missing-reply",
                        f,
                        "SN710",
                        s =>
                            s.Facts.Addresses(s.Router, a => a.Where(x => !(x.Device == s.Outside && x.PrefixLength == 32)))
                                .Routes(s.Router, r => r.Where(x => !(x.Table == "local" && x.Destination.Address == FloatingOf(s))))
                    )
                    {
                        Question = Question.OtherOut,
                        Direction = PacketDirection.Back,
                    }
            ),
        ];

    private static Ip FloatingOf(Scene s) => Ip.Parse(s.Truth.Instances.Values.First(i => i.FloatingIp is not null).FloatingIp!);

    /// <summary>What looks like a fault and is none for this packet.</summary>
    private static IEnumerable<FaultRow> Harmless =>
        [
            .. On(
                Everywhere,
                f => new("rp-filter-1-symmetric", f, null, s => s.Facts.Sysctl(s.Router, "net.ipv4.conf.all.rp_filter", "1"))
            ),
            .. On(
                Routers,
                f =>
                    new(
                        "rp-filter-2-asymmetric",
                        f,
                        null,
                        s =>
                            Asymmetric(s)
                                .Sysctl(s.Router, "net.ipv4.conf.all.rp_filter", "1")
                                .Sysctl(s.Router, $"net.ipv4.conf.{s.Outside}.rp_filter", "2")
                    )
            ),
            .. On(
                Chained,
                f =>
                    new(
                        "forward-policy-drop-on-the-node-of-a-router",
                        f,
                        f == HostNat ? "SN512" : null,
                        s => s.Facts.Policy("", "FORWARD", "DROP")
                    )
            ),
            .. On(Routed, f => new("node-forwarding-0-beside-a-router", f, null, s => s.Facts.ForwardingOff(""))),
            .. On(
                Chained,
                f => new("no-jump-in-forward", f, null, s => s.Facts.NoRule("", "filter", "-A neutron-openvswi-FORWARD", s.Tap))
            ),
            .. On(
                Everywhere,
                f => new("bridge-firewalling-off", f, null, s => s.Facts.Sysctl("", "net.bridge.bridge-nf-call-iptables", "0"))
            ),
            .. On(
                Routed,
                f =>
                    new("translation-missing-other-has-floating", f, null, s => s.Facts.NoRule(s.Router, "nat", SnatWord(s)))
                    {
                        Question = Question.OtherOut,
                    }
            ),
            .. On(
                Chained,
                f => new("zone-rules-missing-for-both", f, f == HostNat ? "SN509" : null, s => s.Facts.NoRule("", "raw", s.Victim.Tail!))
            ),
            .. On(Chained, f => new("another-tap-down", f, null, s => s.Facts.Down("", s.Other.TapName!))),
            .. On(
                Routers,
                f => new("outside-mtu-1400-small-packet", f, null, s => s.Facts.Link(s.Router, s.Outside, l => l with { Mtu = 1400 }))
            ),
            .. On(
                Routers,
                f => new("blackhole-elsewhere", f, null, s => s.Facts.Route(s.Router, Refusal(Ip.Parse("9.9.9.9"), 32, "blackhole")))
            ),
            .. On(NodeRouted, f => new("docker-elsewhere", f, null, s => WithDocker(s, IpPrefix.Parse("172.17.0.0/16")))),
            .. On(
                Chained,
                f =>
                    new(
                        "learning-off",
                        f,
                        null,
                        s => s.Facts.Port(s.Tap, p => p with { Learning = false }).Port(s.Qvb, p => p with { Learning = false })
                    )
            ),
            .. On(
                Routers,
                f =>
                    new(
                        "log-martians-and-accept-redirects",
                        f,
                        null,
                        s =>
                            s.Facts.Sysctl(s.Router, "net.ipv4.conf.all.log_martians", "1")
                                .Sysctl(s.Router, "net.ipv4.conf.all.accept_redirects", "1")
                    )
            ),
            .. On(
                [HostNat, HostNat1],
                f =>
                    new(
                        "upstream-neighbour-set-by-hand",
                        f,
                        null,
                        s => s.Facts.Neighbour(s.Router, s.Outside, s.UpstreamGateway, "02:00:00:de:ad:01")
                    )
                    {
                        Unknown = true,
                    }
            ),
        ];
}
