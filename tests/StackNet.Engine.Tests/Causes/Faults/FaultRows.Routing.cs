using StackNet.Engine.Facts;

namespace StackNet.Engine.Tests.Causes.Faults;

internal static partial class FaultRows
{
    private static IEnumerable<FaultRow> Routing =>
        [
            .. On(
                Routers,
                f =>
                    new("default-route-missing", f, "SN606", s => s.Facts.Routes(s.Router, r => r.Where(x => x.Destination.Length > 0)))
                    {
                        Direction = PacketDirection.Out,
                        Device = s => s.Entry,
                        Evidence = _ => "default",
                    }
            ),
            .. On(
                Routers,
                f =>
                    new(
                        "better-default-by-dead-device",
                        f,
                        "SN607",
                        s =>
                            DeadDevice(s)
                                .Route(
                                    s.Router,
                                    new RouteFacts
                                    {
                                        Device = "dead0",
                                        Gateway = Ip.Parse("10.99.0.1"),
                                        Flags = ["linkdown"],
                                    }
                                )
                                .Routes(
                                    s.Router,
                                    r =>
                                        r.OrderBy(x => x.Destination.Length == 0 && x.Device != "dead0" ? 1 : 0)
                                            .Select(x => x.Destination.Length == 0 && x.Device != "dead0" ? x with { Metric = 100 } : x)
                                )
                    )
                    {
                        Direction = PacketDirection.Out,
                        Device = _ => "dead0",
                        Evidence = _ => "dead0",
                    }
            ),
            .. On(
                Routers,
                f =>
                    new(
                        "rule-to-empty-default-elsewhere",
                        f,
                        "SN608",
                        s =>
                            s.Facts.Rule(
                                s.Router,
                                new RuleFacts
                                {
                                    Priority = 100,
                                    From = s.Victim.Subnet,
                                    Action = "unreachable",
                                }
                            )
                    )
                    {
                        Direction = PacketDirection.Out,
                    }
            ),
            .. On(
                Routers,
                f =>
                    new(
                        "rule-prohibits-by-mark-of-device",
                        f,
                        "SN608",
                        s =>
                            s.Facts.Rule(
                                s.Router,
                                new RuleFacts
                                {
                                    Priority = 100,
                                    InDevice = s.Entry,
                                    Action = "prohibit",
                                }
                            )
                    )
                    {
                        Direction = PacketDirection.Out,
                    }
            ),
            .. On(
                Routers,
                f =>
                    new(
                        "rule-to-table-with-blackhole",
                        f,
                        "SN608",
                        s =>
                            s.Facts.Rule(
                                    s.Router,
                                    new RuleFacts
                                    {
                                        Priority = 100,
                                        From = s.Victim.Subnet,
                                        Table = "77",
                                    }
                                )
                                .Route(s.Router, new RouteFacts { Table = "77", Type = "blackhole" })
                    )
                    {
                        Direction = PacketDirection.Out,
                    }
            ),
            .. On(
                NodeRouted,
                f =>
                    new(
                        "rule-to-table-elsewhere",
                        f,
                        "SN608",
                        s =>
                            s.Facts.Rule(
                                    s.Router,
                                    new RuleFacts
                                    {
                                        Priority = 100,
                                        From = s.Victim.Subnet,
                                        Table = "77",
                                    }
                                )
                                .Route(
                                    s.Router,
                                    new RouteFacts
                                    {
                                        Table = "77",
                                        Device = s
                                            .Facts.Namespaces[0]
                                            .Links!.First(l => l.Name is "eth0" or "eth1" && l.Name != s.Outside)
                                            .Name,
                                        Gateway = Ip.Parse("10.20.0.1"),
                                        Flags = ["onlink"],
                                    }
                                )
                                .Neighbour(
                                    "",
                                    s.Facts.Namespaces[0].Links!.First(l => l.Name is "eth0" or "eth1" && l.Name != s.Outside).Name,
                                    Ip.Parse("10.20.0.1"),
                                    "02:00:00:00:00:77"
                                )
                    )
            ),
            .. On(
                Routers,
                f =>
                    new("blackhole-route", f, "SN609", s => s.Facts.Route(s.Router, Refusal(s.Internet, 24, "blackhole")))
                    {
                        Direction = PacketDirection.Out,
                        Device = s => s.Entry,
                        Evidence = _ => "blackhole",
                    }
            ),
            .. On(
                Routers,
                f =>
                    new("prohibit-route-back", f, "SN609", s => s.Facts.Route(s.Router, Refusal(s.Victim.Addresses[0], 32, "prohibit")))
                    {
                        Evidence = _ => "prohibit",
                        Direction = PacketDirection.Back,
                    }
            ),
            .. On(
                NodeRouted,
                f =>
                    new(
                        "docker-covers-the-destination",
                        f,
                        "SN610",
                        s => WithDocker(s, new IpPrefix(new IpPrefix(s.Internet, 24).Network, 24))
                    )
                    {
                        Direction = PacketDirection.Out,
                        Evidence = _ => "docker0",
                    }
            ),
            .. On(
                NodeRouted,
                f =>
                    new(
                        "virbr-covers-the-instances",
                        f,
                        "SN610",
                        s => WithDocker(s, new IpPrefix(new IpPrefix(s.Victim.Addresses[0], 28).Network, 28))
                    )
                    {
                        Direction = PacketDirection.Back,
                        Evidence = _ => "docker0",
                    }
            ),
            .. On(
                Routers,
                f =>
                    new(
                        "connected-route-missing",
                        f,
                        "SN611",
                        s =>
                            s.Facts.Routes(
                                s.Router,
                                r => r.Where(x => !(x.Device == s.Inside && x.Table == "main" && x.Destination.Length > 0))
                            )
                    )
                    {
                        Direction = PacketDirection.Back,
                    }
            ),
            .. On(
                Routers,
                f =>
                    new("gateway-address-missing", f, "SN612", s => s.Facts.NoAddress(s.Router, s.Inside))
                    {
                        Direction = PacketDirection.Out,
                        Device = s => s.Inside,
                        Evidence = s => s.Gateway.ToString(),
                    }
            ),
            .. On(
                Routers,
                f =>
                    new(
                        "gateway-address-wrong",
                        f,
                        "SN612",
                        s =>
                            s.Facts.Addresses(
                                    s.Router,
                                    a =>
                                        a.Select(x =>
                                            x.Address == s.Gateway
                                                ? x with
                                                {
                                                    Address = new IpPrefix(s.Gateway, s.Victim.Subnet!.Value.Length).Broadcast(),
                                                }
                                                : x
                                        )
                                )
                                .Routes(s.Router, r => r.Where(x => x.Destination.Address != s.Gateway))
                    )
                    {
                        Evidence = s => s.Gateway.ToString(),
                    }
            ),
            .. On(
                Routed,
                f =>
                    new(
                        "router-namespace-missing",
                        f,
                        "SN614",
                        s => s.Facts with { Namespaces = [.. s.Facts.Namespaces.Where(n => n.Name != s.Router)] }
                    )
                    {
                        Evidence = s => s.Gateway.ToString(),
                    }
            ),
            .. On(
                Routed,
                f =>
                    new("router-port-in-no-namespace", f, "SN615", s => s.Facts.Delete(s.Router, s.Inside))
                    {
                        Device = s => s.Inside,
                        Evidence = s => s.Inside,
                    }
            ),
            .. On(
                Routed,
                f =>
                    new("outside-port-in-no-namespace", f, "SN615", s => s.Facts.Delete(s.Router, s.Outside))
                    {
                        Device = s => s.Outside,
                        Evidence = s => s.Outside,
                    }
            ),
            .. On(
                Routed,
                f =>
                    new("qr-down", f, "SN202", s => s.Facts.Down(s.Router, s.Inside))
                    {
                        Device = s => s.Inside,
                        Evidence = s => s.Inside + ": <",
                    }
            ),
            .. On(
                Routed,
                f =>
                    new("qr-down-asked-from-router", f, "SN202", s => s.Facts.Down(s.Router, s.Inside))
                    {
                        Question = Question.FromRouter,
                        Device = s => s.Inside,
                    }
            ),
            .. On(
                Routed,
                f =>
                    new("qg-down", f, "SN202", s => s.Facts.Down(s.Router, s.Outside))
                    {
                        Device = s => s.Outside,
                        Evidence = s => s.Outside + ": <",
                    }
            ),
            .. On(
                Routers,
                f =>
                    new(
                        "neighbour-of-the-victim-wrong",
                        f,
                        "SN801",
                        s => s.Facts.Neighbour(s.Router, s.Inside, s.Victim.Addresses[0], "fa:16:3e:de:ad:01")
                    )
                    {
                        Question = Question.Out,
                        Direction = PacketDirection.Back,
                        Evidence = _ => "fa:16:3e:de:ad:01",
                    }
            ),
            .. On(
                Routed,
                f =>
                    new(
                        "neighbour-of-upstream-wrong",
                        f,
                        "SN801",
                        s => s.Facts.Neighbour(s.Router, s.Outside, s.UpstreamGateway, "02:00:00:de:ad:01")
                    )
                    {
                        Direction = PacketDirection.Out,
                        Evidence = _ => "02:00:00:de:ad:01",
                    }
            ),
            .. On(
                Routers,
                f =>
                    new("outside-mtu-1400", f, "SN831", s => s.Facts.Link(s.Router, s.Outside, l => l with { Mtu = 1400 }))
                    {
                        Question = Question.OutBig,
                        Direction = PacketDirection.Out,
                        Device = s => s.Outside,
                        Evidence = _ => "1400",
                    }
            ),
            .. On(
                Routers,
                f =>
                    new("inside-mtu-1400", f, null, s => s.Facts.Link(s.Router, s.Inside, l => l with { Mtu = 1400 }))
                    {
                        Question = Question.OutBig,
                    }
            ),
        ];
}
