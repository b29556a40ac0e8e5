using StackNet.Engine.Facts;

namespace StackNet.Engine.Tests.Causes.Faults;

internal static partial class FaultRows
{
    private static readonly string[] Routers = [Hybrid, Hybrid2, Legacy, HostNat, HostNat1, NovaNet];

    private static RouteFacts Toward(Scene s, Ip host, string device) =>
        new()
        {
            Destination = new IpPrefix(host, 32),
            Device = device,
            Scope = "link",
        };

    private static RouteFacts Refusal(Ip host, int length, string type) =>
        new()
        {
            Destination = new IpPrefix(new IpPrefix(host, length).Network, length),
            Type = type,
            Device = "lo",
        };

    private static IEnumerable<FaultRow> Forwarding =>
        [
            .. On(
                Routers,
                f =>
                    new("ip-forward-0", f, "SN601", s => s.Facts.ForwardingOff(s.Router))
                    {
                        Direction = PacketDirection.Out,
                        Device = s => s.Entry,
                        Evidence = _ => "ip_forward",
                    }
            ),
            .. On(
                Routers,
                f =>
                    new("ip-forward-0-tcp", f, "SN601", s => s.Facts.ForwardingOff(s.Router))
                    {
                        Question = Question.OutTcp,
                        Device = s => s.Entry,
                    }
            ),
            .. On(
                Routed,
                f =>
                    new("ip-forward-0-asked-from-outside", f, "SN601", s => s.Facts.ForwardingOff(s.Router))
                    {
                        Question = Question.OtherIn,
                        Direction = PacketDirection.In,
                        Device = s => s.Outside,
                    }
            ),
            .. On(
                Routers,
                f =>
                    new("inside-forwarding-0", f, "SN602", s => s.Facts.Sysctl(s.Router, $"net.ipv4.conf.{s.Entry}.forwarding", "0"))
                    {
                        Direction = PacketDirection.Out,
                        Device = s => s.Entry,
                        Evidence = s => $"{s.Entry}.forwarding",
                    }
            ),
            .. On(
                Routers,
                f =>
                    new("outside-forwarding-0", f, "SN602", s => s.Facts.Sysctl(s.Router, $"net.ipv4.conf.{s.Outside}.forwarding", "0"))
                    {
                        Direction = PacketDirection.Back,
                        Device = s => s.Outside,
                        Evidence = s => $"{s.Outside}.forwarding",
                    }
            ),
            .. On(
                Routers,
                f =>
                    new("rp-filter-strict", f, "SN604", s => Asymmetric(s).Sysctl(s.Router, $"net.ipv4.conf.{s.Outside}.rp_filter", "1"))
                    {
                        Direction = PacketDirection.Back,
                        Device = s => s.Outside,
                        Evidence = _ => "rp_filter",
                    }
            ),
            .. On(
                Routers,
                f =>
                    new("rp-filter-strict-by-all", f, "SN604", s => Asymmetric(s).Sysctl(s.Router, "net.ipv4.conf.all.rp_filter", "1"))
                    {
                        Direction = PacketDirection.Back,
                        Device = s => s.Outside,
                        Evidence = _ => "all",
                    }
            ),
            .. On(
                [Hybrid, Hybrid2, Legacy, NovaNet],
                f =>
                    new(
                        "rp-filter-inside",
                        f,
                        "SN604",
                        s =>
                            s.Facts.Routes(
                                    s.Router,
                                    r => r.Where(x => !(x.Device == s.Inside && x.Table == "main" && x.Destination.Length > 0))
                                )
                                .Sysctl(s.Router, $"net.ipv4.conf.{s.Entry}.rp_filter", "1")
                    )
                    {
                        Direction = PacketDirection.Out,
                        Device = s => s.Entry,
                    }
            ),
            .. On(
                Routers,
                f =>
                    new(
                        "martian-source",
                        f,
                        "SN605",
                        s =>
                            s.Facts.Addresses(s.Router, a => a.Append(Plain(s.Victim.Addresses[0], 32, "lo")))
                                .Route(
                                    s.Router,
                                    new RouteFacts
                                    {
                                        Destination = new IpPrefix(s.Victim.Addresses[0], 32),
                                        Type = "local",
                                        Table = "local",
                                        Device = "lo",
                                        Scope = "host",
                                        PreferredSource = s.Victim.Addresses[0],
                                    }
                                )
                    )
                    {
                        Device = s => s.Inside,
                        Direction = PacketDirection.Out,
                    }
            ),
        ];

    /// <summary>By the main table the internet host is behind the inside device; what the instances send is routed by another table.</summary>
    private static NodeFacts Asymmetric(Scene s) =>
        s
            .Facts.Route(s.Router, Toward(s, s.Internet, s.Inside))
            .Marked(s)
            .Rule(
                s.Router,
                new RuleFacts
                {
                    Priority = 100,
                    Mark = 0x100,
                    MarkMask = 0x100,
                    Table = "200",
                }
            )
            .Route(
                s.Router,
                new RouteFacts
                {
                    Table = "200",
                    Device = s.Outside,
                    Gateway = s.UpstreamGateway,
                }
            );

    /// <summary>The rule goes by a mark: a rule by source or device would hold for the reverse lookup too (fib_validate_source).</summary>
    private static NodeFacts Marked(this NodeFacts facts, Scene s) =>
        facts.AddRule(s.Router, "mangle", $"-A PREROUTING -s {s.Address}/32 ! -d {s.Network} -j MARK --set-xmark 0x100/0x100", last: true);

    private static AddressFacts Plain(Ip address, int length, string device) =>
        new()
        {
            Address = address,
            PrefixLength = length,
            Device = device,
        };

    private static NodeFacts DeadDevice(Scene s) =>
        s.Facts.Namespace(
            s.Router,
            n =>
                n with
                {
                    Links =
                    [
                        .. n.Links!,
                        new LinkFacts
                        {
                            Index = 990,
                            Name = "dead0",
                            Flags = ["NO-CARRIER", "BROADCAST", "UP"],
                            OperState = "DOWN",
                            Mtu = 1500,
                            Mac = Mac.Parse("02:00:00:00:00:99"),
                        },
                    ],
                    Addresses = [.. n.Addresses!, Plain(Ip.Parse("10.99.0.2"), 24, "dead0")],
                    Routes =
                    [
                        .. n.Routes!,
                        new RouteFacts
                        {
                            Destination = IpPrefix.Parse("10.99.0.0/24"),
                            Device = "dead0",
                            Scope = "link",
                            Flags = ["linkdown"],
                        },
                    ],
                }
        );

    private static NodeFacts WithDocker(Scene s, IpPrefix network) =>
        s.Facts.Namespace(
            "",
            n =>
                n with
                {
                    Links =
                    [
                        .. n.Links!,
                        new LinkFacts
                        {
                            Index = 991,
                            Name = "docker0",
                            Kind = "bridge",
                            Bridge = new BridgeFacts(),
                            Flags = ["NO-CARRIER", "BROADCAST", "MULTICAST", "UP"],
                            OperState = "DOWN",
                            Mtu = 1500,
                            Mac = Mac.Parse("02:42:00:00:00:01"),
                        },
                    ],
                    Addresses = [.. n.Addresses!, Plain(network.First(), network.Length, "docker0")],
                    Routes =
                    [
                        .. n.Routes!,
                        new RouteFacts
                        {
                            Destination = network,
                            Device = "docker0",
                            Scope = "link",
                            Protocol = "kernel",
                            PreferredSource = network.First(),
                            Flags = ["linkdown"],
                        },
                        new RouteFacts
                        {
                            Destination = new IpPrefix(network.First(), 32),
                            Device = "docker0",
                            Type = "local",
                            Table = "local",
                            Scope = "host",
                        },
                    ],
                }
        );

    private static Ip First(this IpPrefix network) => network.Network.Plus(1);

    private static Ip Broadcast(this IpPrefix network) => network.Network.Plus((1u << (32 - network.Length)) - 3);

    private static Ip Plus(this Ip address, uint number)
    {
        byte[] bytes = address.ToIPAddress().GetAddressBytes();
        uint value = System.Buffers.Binary.BinaryPrimitives.ReadUInt32BigEndian(bytes) + number;
        System.Buffers.Binary.BinaryPrimitives.WriteUInt32BigEndian(bytes, value);
        return Ip.From(new System.Net.IPAddress(bytes));
    }
}
