using StackNet.Engine.Facts;

namespace StackNet.Engine.Tests.Causes.Faults;

/// <summary>Faults of the catalogue, each made on healthy captures of the layouts that can show it.</summary>
internal static partial class FaultRows
{
    private const string Hybrid = "hybrid-healthy";
    private const string Hybrid2 = "hybrid2-healthy";
    private const string Legacy = "legacy-healthy";
    private const string HostNat = "hostnat2-healthy";
    private const string HostNat1 = "hostnat-healthy";
    private const string NovaNet = "novanet-healthy";

    /// <summary>Layouts whose instances hang on a qbr bridge.</summary>
    private static readonly string[] Chained = [Hybrid, Legacy, HostNat];

    /// <summary>Layouts with a router namespace.</summary>
    private static readonly string[] Routed = [Hybrid, Hybrid2, Legacy];

    /// <summary>Layouts whose node routes itself.</summary>
    private static readonly string[] NodeRouted = [HostNat, HostNat1, NovaNet];

    private static readonly string[] Everywhere = [Hybrid, Legacy, HostNat, NovaNet];

    public static IEnumerable<FaultRow> All =>
        [
            .. Plug,
            .. Traffic,
            .. Chain,
            .. Switch,
            .. Firewall,
            .. Foreign,
            .. Forwarding,
            .. Routing,
            .. Translation,
            .. MoreTranslation,
            .. Floating,
            .. Harmless,
        ];

    private static IEnumerable<FaultRow> On(IEnumerable<string> folders, Func<string, FaultRow> row) => folders.Select(row);

    private static IEnumerable<FaultRow> Plug =>
        [
            .. On(
                Everywhere,
                f =>
                    new("domain-paused", f, "SN101", s => s.Facts.Domain(s.Tap, d => d with { State = "paused" }))
                    {
                        Device = s => s.Tap,
                        Direction = PacketDirection.Out,
                        Evidence = _ => "paused",
                    }
            ),
            new(
                "domain-shut-off-asked-from-outside",
                HostNat,
                "SN101",
                s => s.Facts.Domain(s.Tap, d => d with { State = "shut off" }).Delete("", s.Tap)
            )
            {
                Question = Question.FromRouter,
                Direction = PacketDirection.In,
                Evidence = _ => "shut off",
            },
            .. On(
                Everywhere,
                f => new("tap-missing", f, "SN102", s => s.Facts.Delete("", s.Tap)) { Device = s => s.Tap, Evidence = s => s.Tap }
            ),
            .. On(
                Everywhere,
                f =>
                    new("tap-down", f, "SN103", s => s.Facts.Down("", s.Tap))
                    {
                        Device = s => s.Tap,
                        Direction = PacketDirection.Out,
                        Evidence = s => s.Tap + ": <",
                    }
            ),
            .. On(
                Everywhere,
                f =>
                    new("tap-down-asked-from-router", f, "SN103", s => s.Facts.Down("", s.Tap))
                    {
                        Question = Question.FromRouter,
                        Device = s => s.Tap,
                        Direction = PacketDirection.In,
                    }
            ),
            .. On(
                Everywhere,
                f =>
                    new("tap-down-asked-by-neighbour", f, "SN103", s => s.Facts.Down("", s.Tap))
                    {
                        Question = Question.ToOther,
                        Device = s => s.Tap,
                    }
            ),
            .. On(
                Everywhere,
                f =>
                    new(
                        "cable-unplugged",
                        f,
                        "SN104",
                        s =>
                            s.Facts.Domain(s.Tap, d => d with { Interfaces = [.. d.Interfaces.Select(i => i with { LinkState = "down" })] })
                    )
                    {
                        Device = s => s.Tap,
                        Evidence = _ => "<link state='down'/>",
                    }
            ),
            .. On(
                Everywhere,
                f => new("tap-in-no-bridge", f, "SN105", s => s.Facts.Master(s.Tap, null)) { Device = s => s.Tap, Evidence = s => s.Tap }
            ),
            .. On(
                Chained,
                f =>
                    new("tap-in-another-bridge", f, "SN105", s => s.Facts.Master(s.Tap, s.Other.QbrName))
                    {
                        Device = s => s.Tap,
                        Evidence = s => s.Qbr,
                    }
            ),
            .. On(
                Chained,
                f =>
                    new("tap-in-no-bridge-asked-from-router", f, "SN105", s => s.Facts.Master(s.Tap, null))
                    {
                        Question = Question.FromRouter,
                        Device = s => s.Tap,
                    }
            ),
        ];

    private static IEnumerable<FaultRow> Chain =>
        [
            .. On(
                Chained,
                f => new("qbr-missing", f, "SN201", s => s.Facts.Delete("", s.Qbr)) { Device = s => s.Qbr, Evidence = s => s.Qbr }
            ),
            .. On(
                Chained,
                f => new("qbr-down", f, "SN202", s => s.Facts.Down("", s.Qbr)) { Device = s => s.Qbr, Evidence = s => s.Qbr + ": <" }
            ),
            .. On(
                Chained,
                f => new("qvb-down", f, "SN202", s => s.Facts.Down("", s.Qvb)) { Device = s => s.Qvb, Evidence = s => s.Qvb + ": <" }
            ),
            .. On(
                Chained,
                f => new("qvo-down", f, "SN202", s => s.Facts.Down("", s.Qvo)) { Device = s => s.Qvo, Evidence = s => s.Qvo + ": <" }
            ),
            .. On(
                Chained,
                f =>
                    new("qvo-down-asked-from-router", f, "SN202", s => s.Facts.Down("", s.Qvo))
                    {
                        Question = Question.FromRouter,
                        Device = s => s.Qvo,
                    }
            ),
            new("br100-down", NovaNet, "SN202", s => s.Facts.Down("", "br100")) { Device = _ => "br100" },
            .. On(Chained, f => new("veth-pair-missing", f, "SN203", s => s.Facts.Delete("", s.Qvb)) { Device = s => s.Qvb }),
            new(
                "qvb-has-a-foreign-peer",
                Hybrid,
                "SN203",
                s =>
                    s.Facts.Link("", s.Qvb, l => l with { LinkIndex = 4711, LinkName = null })
                        .Link("", s.Qvo, l => l with { LinkIndex = 4712, LinkName = null })
            )
            {
                Device = s => s.Qvb,
            },
            .. On(
                Chained,
                f =>
                    new("qvb-in-no-bridge", f, "SN204", s => s.Facts.Master(s.Qvb, null))
                    {
                        Device = s => s.Qvb,
                        Evidence = s => s.Qbr,
                        Direction = PacketDirection.Out,
                    }
            ),
            .. On(
                Chained,
                f =>
                    new("qvb-in-no-bridge-asked-from-router", f, "SN204", s => s.Facts.Master(s.Qvb, null))
                    {
                        Question = Question.FromRouter,
                        Device = s => s.Qvb,
                        Direction = PacketDirection.In,
                    }
            ),
            .. On(
                Chained,
                f => new("qvo-not-in-switch", f, "SN205", s => s.Facts.NoSwitchPort(s.Qvo)) { Device = s => s.Qvo, Evidence = s => s.Qvo }
            ),
            .. On(
                Everywhere,
                f =>
                    new("tap-port-listening", f, "SN206", s => s.Facts.Port(s.Tap, p => p with { State = "listening" }))
                    {
                        Device = s => s.Tap,
                        Direction = PacketDirection.Out,
                        Evidence = _ => "listening",
                    }
            ),
            .. On(
                Chained,
                f =>
                    new("qvb-port-learning", f, "SN206", s => s.Facts.Port(s.Qvb, p => p with { State = "learning" }))
                    {
                        Device = s => s.Qvb,
                        Evidence = _ => "learning",
                    }
            ),
            .. On(
                Chained,
                f =>
                    new("qvb-port-blocking-asked-from-router", f, "SN206", s => s.Facts.Port(s.Qvb, p => p with { State = "blocking" }))
                    {
                        Question = Question.FromRouter,
                        Device = s => s.Qvb,
                    }
            ),
            .. On(
                Chained,
                f =>
                    new(
                        "both-ports-isolated",
                        f,
                        "SN212",
                        s => s.Facts.Port(s.Qvb, p => p with { Isolated = true }).Port(s.Tap, p => p with { Isolated = true })
                    )
                    {
                        Evidence = _ => "isolated",
                    }
            ),
            .. On(
                Chained,
                f =>
                    new(
                        "tap-without-flooding",
                        f,
                        "SN212",
                        s =>
                            s.Facts.Port(s.Tap, p => p with { Flood = false, BroadcastFlood = false, MulticastFlood = false })
                                .Namespace("", n => n with { Fdb = [.. n.Fdb!.Where(e => e.Device != s.Tap || e.State == "permanent")] })
                    )
                    {
                        Question = Question.FromRouter,
                        Evidence = _ => "flood",
                    }
            ),
            .. On(
                Chained,
                f =>
                    new(
                        "vlan-filtering-without-pvid",
                        f,
                        "SN214",
                        s =>
                            s.Facts.Link("", s.Qbr, l => l with { Bridge = l.Bridge! with { VlanFiltering = true } })
                                .Namespace(
                                    "",
                                    n =>
                                        n with
                                        {
                                            BridgeVlans =
                                            [
                                                new BridgeVlan(s.Qvb, 1, 1, true, true),
                                                new BridgeVlan(s.Qbr, 1, 1, true, true),
                                            ],
                                        }
                                )
                    )
                    {
                        Device = s => s.Tap,
                    }
            ),
            .. On(
                Chained,
                f =>
                    new("qvb-mtu-1300", f, "SN216", s => s.Facts.Link("", s.Qvb, l => l with { Mtu = 1300 }))
                    {
                        Question = Question.OutBig,
                        Device = s => s.Qvb,
                        Evidence = _ => "1300",
                    }
            ),
            .. On(
                Chained,
                f =>
                    new("tap-mtu-1300", f, "SN216", s => s.Facts.Link("", s.Tap, l => l with { Mtu = 1300 }))
                    {
                        Question = Question.OutBig,
                        Device = s => s.Tap,
                        Direction = PacketDirection.Back,
                    }
            ),
            .. On(
                Chained,
                f =>
                    new("qvo-mtu-1300", f, "SN216", s => s.Facts.Link("", s.Qvo, l => l with { Mtu = 1300 }))
                    {
                        Question = Question.OutBig,
                        Device = s => s.Qvo,
                    }
            ),
        ];
}
