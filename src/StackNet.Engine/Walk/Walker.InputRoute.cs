using StackNet.Engine.Facts;
using StackNet.Engine.Walk.Devices;
using StackNet.Engine.Walk.Routing;

namespace StackNet.Engine.Walk;

/// <summary>What ip_route_input says of a packet.</summary>
internal enum InputKind
{
    /// <summary>To the node's own sockets.</summary>
    Local,
    Forward,

    /// <summary>Dropped before any further hook, without an answer.</summary>
    Martian,

    /// <summary>ip_error: dropped, perhaps with an ICMP error.</summary>
    Error,
    Unknown,
}

/// <summary>Answer of the input lookup.</summary>
internal readonly record struct InputRoute(InputKind Kind)
{
    public FibResult Fib { get; init; }
    public PacketReason Reason { get; init; }
    public string? Because { get; init; }

    /// <summary>ICMP destination unreachable code that the sender is told, null = silence.</summary>
    public byte? IcmpCode { get; init; }

    /// <summary>It is a broadcast (no answer is ever sent to it).</summary>
    public bool IsBroadcast { get; init; }
    public string? Unknown { get; init; }
}

/// <summary>ip_route_input_slow (net/ipv4/route.c).</summary>
internal sealed partial class Walker
{
    private static InputRoute RouteInput(Device device, Packet packet)
    {
        Ip source = packet.Source;
        Ip destination = packet.Destination;
        DeviceSettings settings = device.Settings;
        if (destination.IsMulticast)
            return Multicast(device, packet);
        if (source.IsMulticast || source.IsLimitedBroadcast)
            return Martian($"the source {source} is a group address");
        if (destination.IsLimitedBroadcast || (source.IsAny && destination.IsAny))
            return Broadcast(device, packet);
        if ((uint)source.Value >> 24 == 0)
            return Martian($"the source {source} is in 0.0.0.0/8");
        if ((uint)destination.Value >> 24 == 0)
            return Martian($"the destination {destination} is in 0.0.0.0/8");
        if (destination.IsLoopback || source.IsLoopback)
        {
            Setting localnet = settings.RouteLocalnet;
            if (localnet.IsUnread && !device.IsLoopback)
                return NotKnown(localnet.ToString());
            if (!localnet.IsOn && !device.IsLoopback)
                return Martian($"{(destination.IsLoopback ? destination : source)} is a loopback address and {localnet}");
        }
        FibQuery query = new()
        {
            Destination = destination,
            Source = source,
            InDevice = device.Name,
            Mark = packet.Mark,
            Tos = packet.Tos,
            Protocol = packet.Protocol,
            SourcePort = packet.SourcePort,
            DestinationPort = packet.DestinationPort,
            HasPorts = packet.FragmentOffset == 0,
        };
        FibResult found = device.Net.Routing4.Lookup(query);
        switch (found.Kind)
        {
            case FibKind.Unknown:
                return NotKnown(found.Unknown!);
            case FibKind.Broadcast:
                Setting broadcasts = settings.BroadcastForwarding;
                return broadcasts.IsOn ? NotKnown($"{broadcasts}: directed broadcasts are forwarded") : Broadcast(device, packet);
            case FibKind.Local:
                SourceCheck local = ReversePath.Validate(device, packet, outDevice: null);
                return local.Passes ? new(InputKind.Local) { Fib = found } : Refused(local);
        }
        Setting forwarding = settings.Forwarding;
        if (forwarding.IsUnread)
            return NotKnown(forwarding.ToString());
        if (!forwarding.IsOn)
        {
            return new(InputKind.Error)
            {
                Reason = PacketReason.ForwardingOff,
                Because = forwarding.ToString(),
                Fib = found,
            };
        }
        if (found.Kind != FibKind.Unicast)
            return NoWay(found, destination);
        SourceCheck check = ReversePath.Validate(device, packet, found.Legs.Count == 1 ? found.Device : found.Legs[0].Device);
        return check.Passes ? new(InputKind.Forward) { Fib = found } : Refused(check);
    }

    private static InputRoute NoWay(FibResult found, Ip destination)
    {
        string because =
            found.Route is { } route ? $"route {RouteText.Of(route)}"
            : found.Rule is { } rule ? RouteText.Of(rule)
            : $"no route to {destination}";
        return found.Kind switch
        {
            // fib_props: blackhole EINVAL (silence), unreachable EHOSTUNREACH (3/1), prohibit EACCES (3/13), none ENETUNREACH (3/0).
            FibKind.Blackhole => new(InputKind.Error) { Reason = PacketReason.Blackhole, Because = because },
            FibKind.Unreachable => new(InputKind.Error)
            {
                Reason = PacketReason.Unreachable,
                Because = because,
                IcmpCode = 1,
            },
            FibKind.Prohibit => new(InputKind.Error)
            {
                Reason = PacketReason.Prohibit,
                Because = because,
                IcmpCode = 13,
            },
            FibKind.None => new(InputKind.Error)
            {
                Reason = PacketReason.NoRoute,
                Because = because,
                IcmpCode = 0,
            },
            _ => Martian(because),
        };
    }

    private static InputRoute Broadcast(Device device, Packet packet)
    {
        if ((uint)packet.Source.Value >> 24 != 0)
        {
            SourceCheck check = ReversePath.Validate(device, packet, outDevice: null, toGroup: true);
            if (!check.Passes)
                return Refused(check);
        }
        return new(InputKind.Local) { IsBroadcast = true };
    }

    /// <summary>ip_check_mc: only groups that somebody of this namespace joined on the device; its multicast MAC then stands in the device's filter.</summary>
    private static InputRoute Multicast(Device device, Packet packet)
    {
        if (packet.Destination.Value == 0xe0000001)
            return new(InputKind.Local) { IsBroadcast = true };
        Mac group = new(0x0100_5e00_0000 | ((ulong)packet.Destination.Value & 0x7fffff));
        if (device.Net.Facts.Fdb is not { } fdb)
            return NotKnown($"the multicast groups of {device} were not read");
        foreach (FdbEntry entry in fdb)
        {
            if (entry.Device == device.Name && entry.Mac == group && entry.Master is null)
                return new(InputKind.Local) { IsBroadcast = true };
        }
        return new(InputKind.Martian) { Reason = PacketReason.NotForUs, Because = $"nobody joined {packet.Destination} on {device}" };
    }

    private static InputRoute Refused(SourceCheck check) =>
        check.Unknown is { } unknown ? NotKnown(unknown) : new(InputKind.Martian) { Reason = check.Reason, Because = check.Because };

    private static InputRoute Martian(string because) => new(InputKind.Martian) { Reason = PacketReason.Martian, Because = because };

    private static InputRoute NotKnown(string unknown) => new(InputKind.Unknown) { Unknown = unknown };
}
