using StackNet.Engine.Facts;
using StackNet.Engine.Walk;
using Xunit;

namespace StackNet.Engine.Tests.Walk;

/// <summary>Routing rules that the measured cases do not hold, each against what the kernel's sources say.</summary>
public sealed class RoutingWalkTests
{
    [Fact]
    public void A_packet_is_forwarded_with_a_lower_ttl_and_new_addresses()
    {
        WalkOutcome outcome = RouterNode.Send(RouterNode.Root, RouterNode.Echo());
        Assert.Equal(PacketFate.Forwarded, outcome.Fate);
        WalkOutput left = Assert.Single(outcome.Outputs);
        Assert.Equal(
            ("wan", 63, RouterNode.WanMac, RouterNode.Upstream),
            (left.Device, left.Packet.Ttl, left.Packet.SourceMac, left.Packet.DestinationMac)
        );
    }

    [Fact]
    public void What_must_not_be_fragmented_and_does_not_fit_is_answered_with_the_mtu()
    {
        NamespaceFacts root = RouterNode.Root with { Links = [RouterNode.Root.Links![0], RouterNode.Root.Links[1] with { Mtu = 1400 }] };
        Packet packet = RouterNode.Echo();
        packet.Length = 1428;
        packet.DontFragment = true;
        WalkOutcome outcome = RouterNode.Send(root, packet);
        Assert.Equal((PacketFate.Dropped, PacketReason.TooBig, "wan"), (outcome.Fate, outcome.Reason, outcome.Device));
        EmittedPacket answer = Assert.Single(outcome.Emitted);
        Assert.Equal((3, 4, 1400), (answer.Packet.IcmpType, answer.Packet.IcmpCode, answer.Packet.IcmpMtu));
        packet = RouterNode.Echo();
        packet.Length = 1428;
        Assert.Equal(PacketFate.Forwarded, RouterNode.Send(root, packet).Fate);
    }

    [Fact]
    public void A_setting_that_decides_and_was_not_read_is_named()
    {
        Dictionary<string, string> sysctls = new(RouterNode.Root.Sysctls!, StringComparer.Ordinal);
        sysctls.Remove("net.ipv4.conf.lan.forwarding");
        WalkOutcome outcome = RouterNode.Send(RouterNode.Root with { Sysctls = sysctls }, RouterNode.Echo());
        Assert.Equal(PacketFate.Unknown, outcome.Fate);
        Assert.Contains("net.ipv4.conf.lan.forwarding", outcome.Unknown, StringComparison.Ordinal);
        // The other device's is never asked.
        sysctls = new(RouterNode.Root.Sysctls!, StringComparer.Ordinal);
        sysctls.Remove("net.ipv4.conf.wan.forwarding");
        Assert.Equal(PacketFate.Forwarded, RouterNode.Send(RouterNode.Root with { Sysctls = sysctls }, RouterNode.Echo()).Fate);
    }

    [Fact]
    public void Reverse_path_takes_the_greater_of_all_and_device()
    {
        NamespaceFacts root = RouterNode.Root with { Sysctls = RouterNode.Sysctls(("all", 1, 1), ("lan", 1, 0), ("wan", 1, 0)) };
        Packet spoofed = RouterNode.Echo();
        spoofed.Source = Ip.Parse("203.0.113.7");
        Assert.Equal(PacketReason.ReversePath, RouterNode.Send(root, spoofed).Reason);
        // Loose mode is content with any unicast route.
        root = RouterNode.Root with
        {
            Sysctls = RouterNode.Sysctls(("all", 1, 1), ("lan", 1, 2), ("wan", 1, 0)),
        };
        spoofed = RouterNode.Echo();
        spoofed.Source = Ip.Parse("203.0.113.7");
        Assert.Equal(PacketFate.Forwarded, RouterNode.Send(root, spoofed).Fate);
    }

    [Fact]
    public void Legs_of_a_multipath_route_that_end_differently_are_not_known()
    {
        RouteFacts both = RouterNode.Route("0.0.0.0/0", "wan") with
        {
            Device = null,
            NextHops = [new NextHopFacts("wan", Ip.Parse("192.0.2.1"), 1, []), new NextHopFacts("wan", Ip.Parse("192.0.2.99"), 1, [])],
        };
        NamespaceFacts root = RouterNode.Root with { Routes = [both, .. RouterNode.Root.Routes!.Skip(1)] };
        // Nobody answers for the second gateway.
        Assert.Equal(PacketFate.Unknown, RouterNode.Send(root, RouterNode.Echo()).Fate);
        root = root with { Neighbours = [.. root.Neighbours!, RouterNode.Neighbour("wan", "192.0.2.99", RouterNode.Upstream)] };
        Assert.Equal(PacketFate.Forwarded, RouterNode.Send(root, RouterNode.Echo()).Fate);
    }

    [Fact]
    public void A_rule_can_suppress_the_default_route()
    {
        RuleFacts suppress = new()
        {
            Priority = 100,
            Table = "main",
            SuppressPrefixLength = 0,
        };
        RuleFacts blackhole = new() { Priority = 200, Action = "blackhole" };
        NamespaceFacts root = RouterNode.Root with { Rules = [RouterNode.Root.Rules![0], suppress, blackhole] };
        Assert.Equal(PacketReason.Blackhole, RouterNode.Send(root, RouterNode.Echo()).Reason);
        // Whoever has a longer prefix in that table is found by it all the same.
        Packet near = RouterNode.Echo("192.0.2.1");
        Assert.Equal(PacketFate.Forwarded, RouterNode.Send(root, near).Fate);
    }

    [Fact]
    public void A_next_hop_that_nobody_is_dies_at_the_neighbour()
    {
        NamespaceFacts root = RouterNode.Root with { Neighbours = [] };
        WalkOutcome outcome = RouterNode.Send(root, RouterNode.Echo());
        Assert.Equal((PacketReason.NoNeighbour, "wan"), (outcome.Reason, outcome.Device));
        Assert.NotNull(outcome.Drop!.Resolution);
        Assert.Single(outcome.Steps, step => step.Fatal);
    }

    [Fact]
    public void A_veth_leads_to_the_namespace_that_its_number_names()
    {
        LinkFacts near = RouterNode.Link(2, "wan", RouterNode.WanMac, "veth") with { LinkIndex = 7, LinkNetnsId = 4 };
        LinkFacts far = RouterNode.Link(7, "up0", RouterNode.Upstream, "veth") with { LinkIndex = 2, LinkNetnsId = 0 };
        NamespaceFacts root = RouterNode.Root with
        {
            NetnsIds = [new NetnsId(4, "far")],
            Links = [RouterNode.Root.Links![0], near],
            Neighbours = [],
        };
        NamespaceFacts other = RouterNode.Root with
        {
            Name = "far",
            NetnsIds = [new NetnsId(0, null)],
            Links = [far],
            Addresses = [RouterNode.Address("up0", "192.0.2.1", 24)],
            Routes =
            [
                RouterNode.Route("192.0.2.0/24", "up0"),
                RouterNode.Route("192.0.2.1/32", "up0") with
                {
                    Type = "local",
                    Table = "local",
                    Protocol = "kernel",
                },
            ],
            Neighbours = [],
            Sysctls = RouterNode.Sysctls(("all", 0, 0), ("up0", 0, 0)),
        };
        NodeMachine machine = RouterNode.Machine(root, other);
        WalkOutcome outcome = machine.Arrive("", "lan", RouterNode.Echo("192.0.2.1"), new WalkState(), trace: false);
        // Its MAC was learned by an ARP request that went through the pair, and the far namespace answers the echo.
        Assert.Equal((PacketFate.Delivered, "far", "up0"), (outcome.Fate, outcome.Namespace, outcome.Device));
        Assert.Equal(EmittedKind.EchoReply, Assert.Single(outcome.Emitted).Kind);
        outcome = machine.Arrive("", "lan", RouterNode.Echo(), new WalkState(), trace: false);
        Assert.Equal((PacketReason.ForwardingOff, "far"), (outcome.Reason, outcome.Namespace));
    }
}
