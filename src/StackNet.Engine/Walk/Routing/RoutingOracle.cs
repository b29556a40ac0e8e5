using StackNet.Engine.Facts;
using StackNet.Engine.Walk.Devices;
using StackNet.Engine.Walk.Netfilter;

namespace StackNet.Engine.Walk.Routing;

/// <summary>Answers netfilter's questions about addresses and routes (addrtype, rpfilter, fib).</summary>
internal sealed class RoutingOracle(NamespaceMachine net) : IRoutingOracle
{
    /// <summary>inet_addr_type, inet_dev_addr_type: what the local table says, whatever the rules are.</summary>
    public string? AddressType(Ip address, string? device)
    {
        if (address.IsV6)
            return AddressType6(address, device);
        if (address.IsAny || address.IsLimitedBroadcast || (uint)address.Value >> 24 == 0)
            return "broadcast";
        if (address.IsMulticast)
            return "multicast";
        if (!net.Routing4.WasRead)
            return null;
        if (net.Routing4.Table("local")?.Find(address, r => device is null || r.Device == device) is { } local)
            return local.Type;
        // With rules of its own a namespace looks in all tables by rule (__inet_dev_addr_type uses RT_TABLE_LOCAL only).
        return "unicast";
    }

    private string? AddressType6(Ip address, string? device)
    {
        if (address.IsMulticast)
            return "multicast";
        if (net.Facts.Addresses is null)
            return null;
        return net.Addresses.OwnerOf(address) is { } owner && (device is null || owner.Name == device) ? "local" : "unicast";
    }

    public RouteAnswer? ReverseLookup(Packet packet, string? inDevice, bool useMark, bool useProtocol)
    {
        if (packet.Source.IsV6)
            return null;
        // ipt_rpfilter and nft_fib look the source up without a device and ask afterwards whether the route uses it (fib_info_nh_uses_dev).
        FibResult found = net.Routing4.Lookup(
            new FibQuery
            {
                Destination = packet.Source,
                Source = packet.Destination,
                Mark = useMark ? packet.Mark : 0,
                Tos = packet.Tos,
                // nft_fib tells policy rules the protocol, never ports; ipt_rpfilter neither.
                Protocol = useProtocol ? packet.Protocol : (byte)0,
                IgnoreLinkState = true,
            }
        );
        RouteAnswer? answer = Answer(found);
        return answer is { } route && inDevice is not null && found.Legs?.Any(l => l.Device == inDevice) == true
            ? route with
            {
                Device = inDevice,
            }
            : answer;
    }

    public RouteAnswer? Lookup(Packet packet, bool useMark)
    {
        if (packet.Destination.IsV6)
            return null;
        return Answer(
            net.Routing4.Lookup(
                new FibQuery
                {
                    Destination = packet.Destination,
                    Source = packet.Source.IsMulticast || packet.Source.IsLimitedBroadcast ? Ip.V4(0) : packet.Source,
                    Mark = useMark ? packet.Mark : 0,
                    Tos = packet.Tos,
                    Protocol = packet.Protocol,
                    IgnoreLinkState = true,
                }
            )
        );
    }

    private static RouteAnswer? Answer(FibResult found) =>
        found.Kind switch
        {
            FibKind.Unknown => null,
            FibKind.None => new RouteAnswer("unreachable", "", null, null),
            FibKind.Blackhole => new RouteAnswer("blackhole", "", null, null),
            FibKind.Unreachable => new RouteAnswer("unreachable", "", null, null),
            FibKind.Prohibit => new RouteAnswer("prohibit", "", null, null),
            _ => new RouteAnswer(found.Route!.Type, found.Device, found.Gateway, found.Route.Realm),
        };
}
