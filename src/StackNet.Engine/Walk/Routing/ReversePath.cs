using StackNet.Engine.Facts;
using StackNet.Engine.Walk.Devices;

namespace StackNet.Engine.Walk.Routing;

/// <summary>Result of a source check.</summary>
internal readonly record struct SourceCheck(bool Passes, PacketReason Reason, string? Because, string? Unknown)
{
    public static SourceCheck Ok { get; } = new(Passes: true, PacketReason.None, Because: null, Unknown: null);

    public static SourceCheck Fails(PacketReason reason, string because) => new(Passes: false, reason, because, Unknown: null);

    public static SourceCheck NotKnown(string unknown) => new(Passes: false, PacketReason.None, Because: null, unknown);
}

/// <summary>fib_validate_source (net/ipv4/fib_frontend.c): may a packet with this source come in by this device.</summary>
internal static class ReversePath
{
    /// <summary>The verdict on the source address.</summary>
    /// <param name="device">Device it came in by.</param>
    /// <param name="packet">The packet.</param>
    /// <param name="outDevice">Device it would leave by; null for local delivery.</param>
    /// <param name="toGroup">To a broadcast or multicast address: the way back is looked up without a source (ip_route_input_slow, ip_mc_validate_source).</param>
    public static SourceCheck Validate(Device device, Packet packet, string? outDevice, bool toGroup = false)
    {
        Setting mode = device.Settings.ReversePath;
        NamespaceMachine net = device.Net;
        RoutingModel routing = net.Routing4;
        Ip source = packet.Source;
        if (mode.IsUnread)
            return Unread(device, packet, outDevice, mode, toGroup);
        if (mode.Value == 0 && !routing.HasRealms)
        {
            Setting accept = device.Settings.AcceptLocal;
            if (accept.IsOn)
                return SourceCheck.Ok;
            if (!routing.HasCustomLocalRoutes && !routing.HasCustomRules)
            {
                if (net.Addresses.OwnerOf(source) is not { } owner)
                    return SourceCheck.Ok;
                return accept.IsUnread
                    ? SourceCheck.NotKnown(accept.ToString())
                    : SourceCheck.Fails(PacketReason.Martian, $"the source {source} is an address of {owner} and {accept}");
            }
        }
        return FullCheck(device, packet, outDevice, mode, toGroup);
    }

    /// <summary>rp_filter was not read: the answer is known all the same when every mode gives it.</summary>
    private static SourceCheck Unread(Device device, Packet packet, string? outDevice, Setting mode, bool toGroup)
    {
        SourceCheck strict = FullCheck(device, packet, outDevice, mode with { Value = 1 }, toGroup);
        if (strict.Unknown is not null)
            return strict;
        if (strict.Passes && device.Net.Addresses.OwnerOf(packet.Source) is null)
            return SourceCheck.Ok;
        return SourceCheck.NotKnown(mode.ToString());
    }

    private static SourceCheck FullCheck(Device device, Packet packet, string? outDevice, Setting mode, bool toGroup)
    {
        NamespaceMachine net = device.Net;
        bool usesMark = false;
        if (packet.Mark != 0)
        {
            Setting mark = device.Settings.SourceMark;
            if (mark.IsUnread)
                return SourceCheck.NotKnown(mark.ToString());
            usesMark = mark.IsOn;
        }
        FibQuery query = new()
        {
            Destination = packet.Source,
            Source = toGroup ? Ip.V4(0) : packet.Destination,
            InDevice = outDevice,
            Mark = usesMark ? packet.Mark : 0,
            Tos = packet.Tos,
            Protocol = packet.Protocol,
            SourcePort = packet.DestinationPort,
            DestinationPort = packet.SourcePort,
            HasPorts = !packet.IsFragment,
        };
        FibResult found = net.Routing4.Lookup(query);
        if (found.Kind == FibKind.Unknown)
            return SourceCheck.NotKnown(found.Unknown!);
        if (found.Kind is FibKind.None or FibKind.Blackhole or FibKind.Unreachable or FibKind.Prohibit)
            return LastResort(packet, mode, found);
        if (found.Kind == FibKind.Local)
        {
            Setting accept = device.Settings.AcceptLocal;
            if (!accept.IsOn)
            {
                return accept.IsUnread
                    ? SourceCheck.NotKnown(accept.ToString())
                    : SourceCheck.Fails(
                        PacketReason.Martian,
                        $"the source {packet.Source} is local ({RouteText.Of(found.Route!)}) and {accept}"
                    );
            }
        }
        else if (found.Kind != FibKind.Unicast)
        {
            return SourceCheck.Fails(PacketReason.Martian, $"the source {packet.Source} is a {found.Route!.Type} address");
        }
        foreach (FibLeg leg in Legs(found))
        {
            if (leg.Device == device.Name)
                return SourceCheck.Ok;
        }
        if (found.Kind == FibKind.Local && device.IsLoopback)
            return SourceCheck.Ok;
        // A device without an address cannot be asked "and by this device?" (no_addr).
        if (!device.HasIp4)
            return LastResort(packet, mode, found);
        if (mode.Value == 1)
            return SourceCheck.Fails(
                PacketReason.ReversePath,
                $"{mode}: the way back to {packet.Source} is {RouteText.Of(found.Route!)}, not by {device.Name}"
            );
        return SourceCheck.Ok;
    }

    /// <summary>All legs count here, also those that linkdown or the query's device would leave out (fib_info_nh_uses_dev).</summary>
    private static IReadOnlyList<FibLeg> Legs(FibResult found)
    {
        if (found.Route is { NextHops.Count: > 0 } route)
            return
            [
                .. route.NextHops.Where(h => h.Device is not null).Select(h => new FibLeg(h.Device!, h.Gateway, h.Weight, OnLink: false)),
            ];
        return found.Legs;
    }

    private static SourceCheck LastResort(Packet packet, Setting mode, FibResult found) =>
        mode.Value == 0
            ? SourceCheck.Ok
            : SourceCheck.Fails(
                PacketReason.ReversePath,
                found.Route is { } route
                    ? $"{mode}: the way back to {packet.Source} is {RouteText.Of(route)}"
                    : $"{mode}: there is no route back to {packet.Source}"
            );
}
