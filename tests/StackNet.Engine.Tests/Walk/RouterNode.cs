using StackNet.Engine.Facts;
using StackNet.Engine.Walk;

namespace StackNet.Engine.Tests.Walk;

/// <summary>A small router made by hand: lan and wan devices, a default route, no rules. Tests change one thing each.</summary>
internal static class RouterNode
{
    public static readonly Mac LanMac = Mac.Parse("02:00:00:00:00:0a");
    public static readonly Mac WanMac = Mac.Parse("02:00:00:00:00:0b");
    public static readonly Mac Client = Mac.Parse("02:00:00:00:01:01");
    public static readonly Mac Upstream = Mac.Parse("02:00:00:00:01:02");

    public static NamespaceFacts Root { get; } =
        new()
        {
            NetnsIds = [],
            Links = [Link(1, "lan", LanMac), Link(2, "wan", WanMac)],
            Addresses = [Address("lan", "10.0.0.1", 24), Address("wan", "192.0.2.2", 24)],
            Routes =
            [
                Route("0.0.0.0/0", "wan", via: "192.0.2.1"),
                Route("10.0.0.0/24", "lan"),
                Route("192.0.2.0/24", "wan"),
                Route("10.0.0.1/32", "lan") with
                {
                    Type = "local",
                    Table = "local",
                    Protocol = "kernel",
                },
                Route("192.0.2.2/32", "wan") with
                {
                    Type = "local",
                    Table = "local",
                    Protocol = "kernel",
                },
            ],
            Rules =
            [
                new RuleFacts { Priority = 0, Table = "local" },
                new RuleFacts { Priority = 32766, Table = "main" },
                new RuleFacts { Priority = 32767, Table = "default" },
            ],
            Neighbours = [Neighbour("wan", "192.0.2.1", Upstream), Neighbour("lan", "10.0.0.9", Client)],
            Fdb = [],
            Sysctls = Sysctls(("all", 1, 0), ("lan", 1, 0), ("wan", 1, 0)),
            IptablesNft = new(),
            IptablesLegacy = new(),
            Ip6tablesNft = new(),
            Ip6tablesLegacy = new(),
            Ebtables = new(),
            Nft = new(),
            IpSets = [],
            Conntrack = [],
        };

    public static LinkFacts Link(int index, string name, Mac mac, string kind = "") =>
        new()
        {
            Index = index,
            Name = name,
            Mac = mac,
            Mtu = 1500,
            Kind = kind,
            Flags = ["BROADCAST", "MULTICAST", "UP", "LOWER_UP"],
            OperState = "UP",
        };

    public static AddressFacts Address(string device, string address, int length) =>
        new()
        {
            Device = device,
            Address = Ip.Parse(address),
            PrefixLength = length,
        };

    public static RouteFacts Route(string prefix, string device, string? via = null) =>
        new()
        {
            Destination = IpPrefix.Parse(prefix),
            Device = device,
            Gateway = via is null ? null : Ip.Parse(via),
        };

    public static NeighbourFacts Neighbour(string device, string address, Mac mac) =>
        new()
        {
            Device = device,
            Address = Ip.Parse(address),
            Mac = mac,
            State = "PERMANENT",
        };

    public static Dictionary<string, string> Sysctls(params (string Device, int Forwarding, int ReversePath)[] devices)
    {
        Dictionary<string, string> values = new(StringComparer.Ordinal) { ["net.ipv4.ip_forward"] = "1" };
        foreach ((string device, int forwarding, int reversePath) in devices)
        {
            values[$"net.ipv4.conf.{device}.forwarding"] = forwarding.ToString();
            values[$"net.ipv4.conf.{device}.rp_filter"] = reversePath.ToString();
            foreach (string off in (ReadOnlySpan<string>)["accept_local", "route_localnet", "src_valid_mark", "arp_ignore", "arp_filter"])
                values[$"net.ipv4.conf.{device}.{off}"] = "0";
        }
        return values;
    }

    public static NodeMachine Machine(params NamespaceFacts[] namespaces) => NodeMachine.Compile(new NodeFacts { Namespaces = namespaces });

    /// <summary>An echo request of the client on the lan to somewhere far.</summary>
    public static Packet Echo(string destination = "198.51.100.9") =>
        new()
        {
            SourceMac = Client,
            DestinationMac = LanMac,
            Source = Ip.Parse("10.0.0.9"),
            Destination = Ip.Parse(destination),
            Protocol = IpProtocols.Icmp,
            IcmpType = 8,
            IcmpId = 1,
        };

    public static WalkOutcome Send(NamespaceFacts root, Packet packet) =>
        Machine(root).Arrive("", "lan", packet, new WalkState(), trace: true);
}
