using StackNet.Engine.Facts;

namespace StackNet.Engine.Tests.Causes.Faults;

internal static partial class FaultRows
{
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
