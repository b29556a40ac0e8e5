using StackNet.Engine.Facts;
using StackNet.Engine.Walk.Devices;
using StackNet.Engine.Walk.Netfilter;
using StackNet.Engine.Walk.Routing;

namespace StackNet.Engine.Walk;

/// <summary>IPv4 coming in: ip_rcv, routing, forwarding, local delivery (net/ipv4/ip_input.c, ip_forward.c).</summary>
internal sealed partial class Walker
{
    private void Ip4Receive(Device device, Frame frame)
    {
        Packet packet = frame.Packet;
        if (packet.Type == PacketType.OtherHost)
        {
            NotForUs(device, frame, $"the frame is for {packet.DestinationMac}, not for {device} ({device.Mac})");
            return;
        }
        if (frame.SkipsPrerouting)
            frame.SkipsPrerouting = false;
        else if (!RunHook(NetfilterHook.Prerouting, NetfilterFamily.Ip4, frame, device, outDevice: null, bridged: false))
            return;
        if (frame.LoopedBack)
        {
            // The route of the sender is still attached; only a new destination makes the kernel look again.
            frame.LoopedBack = false;
            if (
                frame.Route is { } kept
                && kept.Kind is FibKind.Local or FibKind.Broadcast
                && device.Net.Addresses.OwnerOf(packet.Destination) is not null
            )
            {
                Deliver(device, frame, isBroadcast: false);
                return;
            }
        }
        InputRoute route = RouteInput(device, packet);
        switch (route.Kind)
        {
            case InputKind.Unknown:
                Unknown(device.Net, device.Name, packet, route.Unknown!);
                return;
            case InputKind.Martian:
                if (route.Reason == PacketReason.NotForUs)
                    NotForUs(device, frame, route.Because!);
                else
                    Drop(device.Net, device.Name, frame, route.Reason, because: route.Because);
                return;
            case InputKind.Error:
                if (route.IcmpCode is { } code)
                    EmitIcmpError(device, frame, type: 3, code);
                Drop(device.Net, device.Name, frame, route.Reason, because: route.Because);
                return;
        }
        if (route is { IsBroadcast: false } && packet.Type is PacketType.Broadcast or PacketType.Multicast && !route.IsBroadcast)
        {
            Setting guard = device.Settings.DropUnicastInGroup;
            if (guard.IsOn)
            {
                Drop(device.Net, device.Name, frame, PacketReason.NotForUs, because: $"a unicast packet in a group frame and {guard}");
                return;
            }
        }
        if (route.Kind == InputKind.Local)
            Deliver(device, frame, route.IsBroadcast);
        else
            Forward(device, frame, route.Fib);
    }

    /// <summary>ip_forward.</summary>
    private void Forward(Device device, Frame frame, FibResult fib)
    {
        Packet packet = frame.Packet;
        if (packet.Type != PacketType.Host)
        {
            NotForUs(device, frame, "only packets that were addressed to the node's own MAC are forwarded");
            return;
        }
        if (packet.Ttl <= 1)
        {
            EmitIcmpError(device, frame, type: 11, code: 0);
            Drop(device.Net, device.Name, frame, PacketReason.TtlExpired, because: $"the packet came with ttl {packet.Ttl}");
            return;
        }
        EachLeg(fib, frame, device, (walker, copy, leg) => walker.ForwardBy(device, copy, fib, leg));
    }

    /// <summary>
    /// A route with several legs is chosen by a hash: every leg is walked on a copy of the state, and only when all end alike the answer
    /// is known.
    /// </summary>
    private void EachLeg(FibResult fib, Frame frame, Device at, Action<Walker, Frame, FibLeg> go)
    {
        if (fib.Legs.Count > 1)
        {
            WalkOutcome? first = null;
            FibLeg firstLeg = default;
            foreach (FibLeg leg in fib.Legs)
            {
                WalkState state = _state.Clone();
                Walker trial = new(_node, state, trace: false, _depth + 1);
                Frame copy = frame.Copy();
                // The trial's changes are its own: also those of the connection that hangs on the packet.
                if (copy.Packet.Conntrack.Entry is { } entry)
                    copy.Packet.Conntrack = copy.Packet.Conntrack with { Entry = state.Conntrack(at.Net).Counterpart(entry) };
                if (_depth < 4)
                    go(trial, copy, leg);
                WalkOutcome outcome = trial.Finish();
                if (
                    outcome.Fate == PacketFate.Unknown
                    || (first is not null && ((first.Fate, first.Reason) != (outcome.Fate, outcome.Reason) || Exit(first) != Exit(outcome)))
                )
                {
                    Unknown(
                        at.Net,
                        at.Name,
                        frame.Packet,
                        outcome.Unknown
                            ?? $"route {RouteText.Of(fib.Route!)} is multipath and its legs differ: {Leg(firstLeg)} {first!.Fate}, {Leg(leg)} {outcome.Fate}"
                    );
                    return;
                }
                first ??= outcome;
                firstLeg = firstLeg.Device is null ? leg : firstLeg;
            }
        }
        go(this, frame, fib.Legs[0]);
    }

    /// <summary>Where it went: a packet that leaves by another device has another way back.</summary>
    private static (string? Namespace, string? Device) Exit(WalkOutcome outcome) =>
        outcome.Outputs.Count == 0 ? default : (outcome.Outputs[0].Namespace, outcome.Outputs[0].Device);

    private static string Leg(FibLeg leg) => leg.Gateway is { } gateway ? $"via {gateway} dev {leg.Device}" : $"dev {leg.Device}";

    private void ForwardBy(Device device, Frame frame, FibResult fib, FibLeg leg)
    {
        Packet packet = frame.Packet;
        NamespaceMachine net = device.Net;
        if (!net.Devices.TryGetValue(leg.Device, out Device? output))
        {
            Unknown(net, leg.Device, packet, $"route {RouteText.Of(fib.Route!)}: the device was not read");
            return;
        }
        if (_trace)
            Step(
                device,
                "routing",
                $"forwarded to {output.Name}{(leg.Gateway is { } via ? $" via {via}" : "")}",
                RouteText.Of(fib.Route!),
                packet
            );
        int mtu = MtuOf(fib, output);
        if (packet.Length > mtu && packet.DontFragment)
        {
            // ip_exceeds_mtu comes before FORWARD.
            EmitIcmpError(device, frame, type: 3, code: 4, mtu);
            Drop(
                net,
                output.Name,
                frame,
                PacketReason.TooBig,
                because: $"{output.Name} has mtu {mtu}, the packet has {packet.Length} bytes and must not be fragmented"
            );
            return;
        }
        packet.Ttl--;
        if (net.Sysctls.Get("net.ipv4.ip_forward_update_priority") is null or > 0)
            packet.Priority = PriorityOf(packet.Tos);
        frame.Routed = true;
        if (
            !RunHook(
                NetfilterHook.Forward,
                NetfilterFamily.Ip4,
                frame,
                device,
                output,
                bridged: false,
                nextHop: leg.Gateway ?? packet.Destination
            )
        )
            return;
        Output(output, frame, fib, leg, mtu, device);
    }

    /// <summary>rt_tos2priority: what a forwarded packet's TOS makes of its priority.</summary>
    private static uint PriorityOf(byte tos) =>
        (tos >> 3 & 3) switch
        {
            0 => 0, // TC_PRIO_BESTEFFORT
            1 => 2, // TC_PRIO_BULK
            2 => 6, // TC_PRIO_INTERACTIVE
            _ => 4, // TC_PRIO_INTERACTIVE_BULK
        };

    private static int MtuOf(FibResult fib, Device output)
    {
        int mtu = fib.Route?.Mtu is { } own and > 0 ? own : output.Mtu;
        return mtu <= 0 ? int.MaxValue : mtu;
    }

    /// <summary>ip_local_deliver.</summary>
    private void Deliver(Device device, Frame frame, bool isBroadcast)
    {
        Packet packet = frame.Packet;
        packet.Join();
        if (!RunHook(NetfilterHook.Input, NetfilterFamily.Ip4, frame, device, outDevice: null, bridged: false))
            return;
        Leave(
            new WalkOutput
            {
                Kind = WalkOutputKind.LocalSocket,
                Namespace = device.Net.Name,
                Device = device.Name,
                Packet = packet,
                Routed = frame.Routed,
            }
        );
        Answer(device, packet, isBroadcast);
    }
}
