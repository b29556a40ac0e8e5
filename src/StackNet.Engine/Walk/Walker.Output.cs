using StackNet.Engine.Facts;
using StackNet.Engine.Walk.Devices;
using StackNet.Engine.Walk.Netfilter;
using StackNet.Engine.Walk.Routing;

namespace StackNet.Engine.Walk;

/// <summary>IPv4 going out: sockets, OUTPUT, POSTROUTING, fragmentation, the neighbour (net/ipv4/ip_output.c, route.c).</summary>
internal sealed partial class Walker
{
    /// <summary>A packet of the node's own.</summary>
    public void SendFromSocket(NamespaceMachine net, Frame frame, string? outDevice)
    {
        Packet packet = frame.Packet;
        if (net.Facts.Links is null)
        {
            Unknown(net, "", packet, $"the devices of {net} were not read");
            return;
        }
        if (packet.EtherType == EtherTypes.Ip6)
        {
            Unknown(net, outDevice ?? "", packet, "IPv6 of the node itself is not modelled");
            return;
        }
        // PACKET_OUTGOING is only what a packet socket is told: to the hooks a fresh skb is PACKET_HOST.
        packet.Type = PacketType.Host;
        if (packet.RoutedWithoutSource)
            packet.Source = Ip.V4(0);
        FibResult fib = RouteOutput(net, packet, outDevice);
        if (!Routable(net, frame, fib))
            return;
        if (packet.RoutedWithoutSource)
            packet.Source = SourceFor(net, fib, packet.Destination) ?? Dummy;
        packet.RoutedWithoutSource = false;
        if (packet.Source.IsAny)
        {
            if (SourceFor(net, fib, packet.Destination) is not { } source)
            {
                Drop(net, fib.Device, frame, PacketReason.NoRoute, because: $"no address of {net} can be the source");
                return;
            }
            packet.Source = source;
        }
        Device output = OutputDevice(net, fib)!;
        (Ip Source, Ip Destination, uint Mark, byte Tos) before = (packet.Source, packet.Destination, packet.Mark, packet.Tos);
        if (_trace)
            Step(output, "routing", $"sent by the node itself on {output.Name}", fib.Route is { } r ? RouteText.Of(r) : null, packet);
        Ip next = fib.Gateway ?? packet.Destination;
        if (
            !RunHook(
                NetfilterHook.Output,
                NetfilterFamily.Ip4,
                frame,
                inDevice: null,
                output,
                bridged: false,
                localOut: true,
                nextHop: next
            )
        )
            return;
        if ((packet.Source, packet.Destination, packet.Mark, packet.Tos) != before)
        {
            // ip_route_me_harder: translation or a mark in OUTPUT asks for the way once more.
            fib = RouteOutput(net, packet, outDevice);
            if (!Routable(net, frame, fib))
                return;
            output = OutputDevice(net, fib)!;
        }
        FibResult chosen = fib;
        EachLeg(fib, frame, output, (walker, copy, leg) => walker.OutputBy(net, copy, chosen, leg));
        Run();
    }

    private void OutputBy(NamespaceMachine net, Frame frame, FibResult fib, FibLeg leg)
    {
        if (fib.Kind == FibKind.Local || !net.Devices.TryGetValue(leg.Device, out Device? output))
            output = OutputDevice(net, fib)!;
        Output(output, frame, fib, leg, MtuOf(fib, output));
    }

    private bool Routable(NamespaceMachine net, Frame frame, FibResult fib)
    {
        switch (fib.Kind)
        {
            case FibKind.Unknown:
                Unknown(net, "", frame.Packet, fib.Unknown!);
                return false;
            case FibKind.None or FibKind.Blackhole or FibKind.Unreachable or FibKind.Prohibit:
                InputRoute error = NoWay(fib, frame.Packet.Destination);
                Drop(net, fib.Device, frame, error.Reason, because: error.Because);
                return false;
        }
        if (OutputDevice(net, fib) is not null)
            return true;
        Unknown(net, fib.Device, frame.Packet, $"device {fib.Device} was not read");
        return false;
    }

    /// <summary>What is the node's own goes over loopback, whatever device carries the address.</summary>
    private static Device? OutputDevice(NamespaceMachine net, FibResult fib)
    {
        string name = fib.Kind == FibKind.Local ? "lo" : fib.Device;
        return net.Devices.GetValueOrDefault(name);
    }

    private static FibResult RouteOutput(NamespaceMachine net, Packet packet, string? outDevice)
    {
        FibQuery query = new()
        {
            Destination = packet.Destination,
            Source = packet.Source,
            OutDevice = outDevice,
            Mark = packet.Mark,
            Tos = packet.Tos,
            Protocol = packet.Protocol,
            SourcePort = packet.SourcePort,
            DestinationPort = packet.DestinationPort,
            HasPorts = packet.FragmentOffset == 0,
        };
        FibResult fib = net.Routing4.Lookup(query);
        if (outDevice is not null && fib.Kind is FibKind.None)
        {
            // Bound to a device and no route: the kernel assumes the target is on-link there.
            return new(FibKind.Unicast)
            {
                Legs = [new FibLeg(outDevice, Gateway: null, 1, OnLink: true)],
                Route = new RouteFacts { Device = outDevice },
            };
        }
        return fib;
    }

    /// <summary>fib_result_prefsrc: the route's src, else inet_select_addr for the next hop's subnet.</summary>
    private static Ip? SourceFor(NamespaceMachine net, FibResult fib, Ip destination)
    {
        if (fib.Route?.PreferredSource is { } preferred)
            return preferred;
        if (fib.Kind == FibKind.Local)
            return destination;
        Device? device = net.Devices.GetValueOrDefault(fib.Device);
        int scope =
            fib.Route?.Scope is { } text ? RouteScopes.Parse(text)
            : fib.Gateway is null ? RouteScopes.Link
            : RouteScopes.Universe;
        return net.Addresses.Select(device, fib.Gateway ?? destination, scope);
    }

    /// <summary>
    /// ip_output: POSTROUTING, fragmentation, then the neighbour and the device. POSTROUTING sees the device a forwarded packet came in by too
    /// (since Linux 5.7).
    /// </summary>
    private void Output(Device output, Frame frame, FibResult fib, FibLeg leg, int mtu, Device? input = null)
    {
        Packet packet = frame.Packet;
        NamespaceMachine net = output.Net;
        Ip next = leg.Gateway ?? packet.Destination;
        if (!RunHook(NetfilterHook.Postrouting, NetfilterFamily.Ip4, frame, input, output, bridged: false, nextHop: next))
            return;
        // Routing was for the packet as it was: translation of the source does not change the way, one of the destination is not done here.
        if (packet.Length > mtu)
        {
            if (packet.DontFragment)
            {
                EmitIcmpError(output, frame, type: 3, code: 4, mtu);
                Drop(
                    net,
                    output.Name,
                    frame,
                    PacketReason.TooBig,
                    because: $"{output.Name} has mtu {mtu}, the packet has {packet.Length} bytes and must not be fragmented"
                );
                return;
            }
            if (_trace)
                Step(output, "routing", $"fragmented: mtu {mtu}, {packet.Length} bytes", rule: null, packet);
            packet.Split(mtu);
        }
        if (output.IsLoopback)
        {
            packet.SourceMac = default;
            packet.DestinationMac = default;
            frame.LoopedBack = true;
            frame.Route = fib;
            Transmit(output, frame);
            return;
        }
        if (output.HasHeader)
        {
            Mac mac;
            if (fib.Kind == FibKind.Broadcast || packet.Destination.IsLimitedBroadcast)
                mac = Mac.Broadcast;
            else if (packet.Destination.IsMulticast)
                mac = new Mac(0x0100_5e00_0000 | ((ulong)packet.Destination.Value & 0x7fffff));
            else if (!Neighbour(output, next, frame, packet.Source, out mac))
                return;
            packet.SourceMac = output.Mac;
            packet.DestinationMac = mac;
        }
        Transmit(output, frame);
    }
}
