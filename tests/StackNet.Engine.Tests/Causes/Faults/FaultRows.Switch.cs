using StackNet.Engine.Facts;

namespace StackNet.Engine.Tests.Causes.Faults;

internal static partial class FaultRows
{
    private static readonly string[] Switched = [Hybrid, Legacy, HostNat];

    private static NodeFacts Tag(Scene s, int? tag) => s.Facts.SwitchPort(s.Qvo, p => p with { Tag = tag });

    private static IEnumerable<FaultRow> Switch =>
        [
            .. On(Switched, f => new("dead-vlan", f, "SN303", s => Tag(s, 4095)) { Device = s => s.Qvo, Evidence = _ => "4095" }),
            .. On(
                Switched,
                f =>
                    new(
                        "dead-vlan-as-trunk",
                        f,
                        "SN303",
                        s => s.Facts.SwitchPort(s.Qvo, p => p with { Tag = null, VlanMode = "trunk", Trunks = [4095] })
                    )
                    {
                        Device = s => s.Qvo,
                        Evidence = _ => "4095",
                    }
            ),
            .. On(
                Switched,
                f =>
                    new("dead-vlan-asked-from-router", f, "SN303", s => Tag(s, 4095))
                    {
                        Question = Question.FromRouter,
                        Device = s => s.Qvo,
                    }
            ),
            .. On(Switched, f => new("no-tag", f, "SN304", s => Tag(s, null)) { Device = s => s.Qvo, Evidence = s => s.Qvo }),
            .. On(Switched, f => new("wrong-tag", f, "SN305", s => Tag(s, 77)) { Device = s => s.Qvo, Evidence = _ => "77" }),
            .. On(
                Switched,
                f =>
                    new("wrong-tag-asked-from-router", f, "SN305", s => Tag(s, 77))
                    {
                        Question = Question.FromRouter,
                        Device = s => s.Qvo,
                        Evidence = _ => "77",
                    }
            ),
            .. On(
                Switched,
                f => new("wrong-tag-to-neighbour", f, "SN305", s => Tag(s, 77)) { Question = Question.ToOther, Device = s => s.Qvo }
            ),
            .. On(
                Routed,
                f =>
                    new("router-port-wrong-tag", f, "SN305", s => s.Facts.SwitchPort(s.Inside, p => p with { Tag = 77 }))
                    {
                        Device = s => s.Inside,
                        Evidence = s => s.Inside,
                    }
            ),
            .. On(
                Routed,
                f =>
                    new("outside-port-wrong-tag", f, "SN305", s => s.Facts.SwitchPort(s.Outside, p => p with { Tag = 77 }))
                    {
                        Device = s => s.Outside,
                        Evidence = s => s.Outside,
                    }
            ),
            .. On(
                Routed,
                f =>
                    new("outside-port-dead-vlan", f, "SN303", s => s.Facts.SwitchPort(s.Outside, p => p with { Tag = 4095 }))
                    {
                        Device = s => s.Outside,
                        Evidence = _ => "4095",
                    }
            ),
            .. On(
                Switched,
                f =>
                    new("integration-bridge-has-no-flows", f, "SN306", s => s.Facts.Bridge("br-int", b => b with { Flows = [] }))
                    {
                        Evidence = _ => "br-int",
                    }
            ),
            .. On(
                Switched,
                f =>
                    new(
                        "no-flows-and-no-controller",
                        f,
                        "SN307",
                        s =>
                            s.Facts.Bridge(
                                "br-int",
                                b => b with { Flows = [], Controllers = [.. b.Controllers.Select(c => c with { IsConnected = false })] }
                            )
                    )
                    {
                        Evidence = _ => "br-int",
                    }
            ),
            .. On(
                Switched,
                f =>
                    new(
                        "flow-to-no-port",
                        f,
                        "SN308",
                        s =>
                            s.Facts.AddFlow(
                                "br-int",
                                $" cookie=0x1, duration=1.0s, table=60, n_packets=4, n_bytes=1, priority=30,dl_dst={s.Victim.Mac} actions=output:77"
                            )
                    )
                    {
                        Question = Question.FromRouter,
                        Evidence = _ => "output:77",
                    }
            ),
            .. On(
                Routed,
                f =>
                    new("provider-vlan-not-stripped", f, "SN310", s => s.Facts.NoFlow("br-ex", "priority=4,", "dl_vlan="))
                    {
                        Evidence = _ => "priority=2,",
                        Direction = PacketDirection.Out,
                    }
            ),
            .. On(
                Routed,
                f =>
                    new("provider-vlan-not-tagged", f, "SN310", s => s.Facts.NoFlow("br-int", "vlan_tci=0x0000/0x1fff", "priority=3,"))
                    {
                        Evidence = _ => "priority=2,",
                        Direction = PacketDirection.Back,
                    }
            ),
            .. On(
                [Hybrid, Legacy, HostNat],
                f =>
                    new(
                        "phy-patch-peer-wrong",
                        f,
                        "SN311",
                        s => s.Facts.Interface("phy-br-ex", i => i with { Options = Peer("nonexistent-peer") })
                    )
                    {
                        Device = _ => "phy-br-ex",
                        Evidence = _ => "nonexistent-peer",
                    }
            ),
            .. On(
                [Hybrid, Legacy, HostNat],
                f =>
                    new(
                        "int-patch-peer-wrong",
                        f,
                        "SN311",
                        s => s.Facts.Interface("int-br-ex", i => i with { Options = Peer("nonexistent-peer") })
                    )
                    {
                        Device = _ => "int-br-ex",
                        Evidence = _ => "nonexistent-peer",
                    }
            ),
            .. On(
                Routed,
                f =>
                    new("uplink-not-in-bridge", f, "SN313", s => s.Facts.NoSwitchPort(Nic(s)))
                    {
                        Device = _ => "br-ex",
                        Evidence = _ => "br-ex",
                    }
            ),
            .. On(
                Routed,
                f =>
                    new("uplink-not-in-bridge-asked-from-outside", f, "SN313", s => s.Facts.NoSwitchPort(Nic(s)))
                    {
                        Question = Question.In,
                        Device = _ => "br-ex",
                        Direction = PacketDirection.In,
                    }
            ),
            .. On(
                Routed,
                f => new("uplink-down", f, "SN314", s => s.Facts.Down("", Nic(s))) { Device = Nic, Evidence = s => Nic(s) + ": <" }
            ),
            .. On(
                Routed,
                f =>
                    new("uplink-without-carrier", f, "SN314", s => s.Facts.NoCarrier("", Nic(s)))
                    {
                        Device = Nic,
                        Evidence = _ => "NO-CARRIER",
                    }
            ),
            .. On(
                Routed,
                f =>
                    new("uplink-down-asked-from-outside", f, "SN314", s => s.Facts.Down("", Nic(s)))
                    {
                        Question = Question.In,
                        Device = Nic,
                        Direction = PacketDirection.In,
                    }
            ),
            .. On(
                NodeRouted.Except([NovaNet]),
                f =>
                    new("node-nic-down", f, "SN314", s => s.Facts.Down("", s.Outside))
                    {
                        Device = s => s.Outside,
                        Evidence = s => s.Outside,
                    }
            ),
            .. On(
                NodeRouted.Except([NovaNet]),
                f =>
                    new("node-nic-without-carrier", f, "SN314", s => s.Facts.NoCarrier("", s.Outside))
                    {
                        Device = s => s.Outside,
                        Evidence = _ => "NO-CARRIER",
                    }
            ),
            new("novanet-nic-down", NovaNet, "SN314", s => s.Facts.Down("", "eth1")) { Device = _ => "eth1" },
            new("novanet-br-ex-down", NovaNet, "SN316", s => s.Facts.Down("", "br-ex")) { Device = _ => "br-ex" },
            .. On(
                NodeRouted.Except([NovaNet]),
                f =>
                    new("gateway-bridge-down", f, "SN316", s => s.Facts.Down("", s.Inside))
                    {
                        Device = s => s.Inside,
                        Evidence = s => s.Inside + ": <",
                    }
            ),
            .. On(
                NodeRouted.Except([NovaNet]),
                f =>
                    new("gateway-bridge-down-asked-from-node", f, "SN316", s => s.Facts.Down("", s.Inside))
                    {
                        Question = Question.FromRouter,
                        Device = s => s.Inside,
                    }
            ),
            .. On(
                Routed,
                f =>
                    new(
                        "uplink-blocked-by-stp",
                        f,
                        "SN322",
                        s =>
                            s.Facts.Bridge("br-ex", b => b with { StpEnabled = true })
                                .SwitchPort(
                                    Nic(s),
                                    p =>
                                        p with
                                        {
                                            Status = new Dictionary<string, string>
                                            {
                                                ["stp_state"] = "blocking",
                                                ["stp_role"] = "alternate",
                                            },
                                        }
                                )
                    )
                    {
                        Device = Nic,
                        Evidence = _ => "blocking",
                    }
            ),
            .. On(
                Routed,
                f =>
                    new("uplink-tagged", f, "SN328", s => s.Facts.SwitchPort(Nic(s), p => p with { Tag = 99 }))
                    {
                        Device = Nic,
                        Evidence = _ => "99",
                    }
            ),
            .. On(
                Routed,
                f =>
                    new("uplink-tagged-asked-from-outside", f, "SN328", s => s.Facts.SwitchPort(Nic(s), p => p with { Tag = 99 }))
                    {
                        Question = Question.In,
                        Device = Nic,
                    }
            ),
            .. On(
                Routed,
                f =>
                    new(
                        "nic-gone-from-node",
                        f,
                        "SN302",
                        s =>
                            s.Facts.Delete("", Nic(s))
                                .Interface(
                                    Nic(s),
                                    i => i with { OfPort = -1, Error = $"could not open network device {Nic(s)} (No such device)" }
                                )
                    )
                    {
                        Device = Nic,
                        Evidence = _ => "could not open network device",
                    }
            ),
        ];

    private static Dictionary<string, string> Peer(string name) => new() { ["peer"] = name };

    /// <summary>The NIC of br-ex.</summary>
    private static string Nic(Scene s) =>
        s.Facts.Ovs!.Bridges.Single(b => b.Name == "br-ex").Ports.Single(p => p.Interfaces[0].Type is "" or "system").Name;
}
