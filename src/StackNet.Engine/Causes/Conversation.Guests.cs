using StackNet.Engine.Facts;
using StackNet.Engine.Topology;
using StackNet.Engine.Walk;

namespace StackNet.Engine.Causes;

internal sealed partial class Conversation
{
    /// <summary>RFC 894.</summary>
    private const int EthernetMtu = 1500;

    /// <summary>
    /// A guest sends a packet: it asks for the MAC of its next hop first, then the frame goes into its tap. Null outcome with the ending
    /// when the guest could not even send.
    /// </summary>
    private WalkOutcome? FromGuest(Guest guest, Packet packet, PacketDirection direction, out Ending? ending)
    {
        TopologyPort? owner = _diagnosis.Topology.PortOfAddress(packet.Destination, guest.Port);
        if (guest.NextHop(packet.Destination, owner, out string? unknown) is not { } nextHop)
        {
            ending = Ending.NotKnown(direction, unknown!, guest.Tap);
            return null;
        }
        if (guest.Port.GuestMtu is { } mtu && packet.Length > mtu && packet.DontFragment)
        {
            ending = Ending.Dead(
                direction,
                "SN831",
                $"the packet is {packet.Length} bytes long and must not be fragmented; the instance's own MTU is {mtu}",
                guest.Tap
            );
            return null;
        }
        // The guest's stack splits what its MTU does not carry; one that was not told another has Ethernet's.
        if (packet.Length > (guest.Port.GuestMtu ?? EthernetMtu))
            packet.Split(guest.Port.GuestMtu ?? EthernetMtu);
        if (Resolve(guest, nextHop, direction, out ending) is not { } mac)
            return null;
        packet.SourceMac = guest.Mac;
        packet.DestinationMac = mac;
        Say(direction, "guest", guest.Tap, $"{guest.Port.Instance.Name} sends", packet);
        return Arrive("", guest.Tap, packet, direction);
    }

    /// <summary>Who answers a guest's ARP request, and does the answer reach it.</summary>
    private Mac? Resolve(Guest guest, Ip nextHop, PacketDirection direction, out Ending? ending)
    {
        ending = null;
        if (_resolved.TryGetValue((guest.Tap, nextHop), out Mac known))
            return known;
        Packet request = ArpRequest(guest.Mac, guest.Address, nextHop);
        Say(direction, "guest", guest.Tap, $"who has {nextHop}?", request);
        WalkOutcome outcome = Arrive("", guest.Tap, request, direction, data: false);
        if (AnswerAt(outcome, guest.Tap, nextHop) is { } direct)
            return _resolved[(guest.Tap, nextHop)] = direct;
        Ending? lost = null;
        // Copies that left for other guests or the wire are answered there.
        foreach (WalkOutput output in outcome.Outputs.ToArray())
        {
            if (output.Packet.EtherType != EtherTypes.Arp || output.Packet.ArpOperation != 1 || output.Device == guest.Tap)
                continue;
            OutsideAnswer answer = output.Kind switch
            {
                WalkOutputKind.Guest => _state.Outside.GuestAnswers(output.Namespace, output.Device, output.Packet),
                WalkOutputKind.Wire when WrongVlan(output, guest.Port) is null => _state.Outside.WireAnswers(
                    output.Namespace,
                    output.Device,
                    output.Packet
                ),
                WalkOutputKind.Tunnel => OutsideAnswer.NotKnown(
                    $"{nextHop} may be on another node: the request left by tunnel {output.Port ?? output.Device} to {output.TunnelRemote}"
                ),
                _ => OutsideAnswer.Silence,
            };
            if (answer.Unknown is { } why)
                lost ??= Ending.NotKnown(direction, why, output.Device, output.Namespace);
            if (answer.Mac is not { } mac)
                continue;
            WalkOutcome back = Arrive(output.Namespace, output.Device, ArpReply(output.Packet, mac), direction, data: false);
            if (AnswerAt(back, guest.Tap, nextHop) is { } found)
                return _resolved[(guest.Tap, nextHop)] = found;
            lost = Lost(back, direction, Purpose.GuestArp, request);
        }
        ending = lost ?? Lost(outcome, direction, Purpose.GuestArp, request);
        Say(direction, "guest", guest.Tap, $"nobody answers for {nextHop}", request, fatal: true);
        return null;
    }

    private static Mac? AnswerAt(WalkOutcome outcome, string tap, Ip target)
    {
        foreach (WalkOutput output in outcome.Outputs)
        {
            if (
                output is { Kind: WalkOutputKind.Guest, Packet.EtherType: EtherTypes.Arp, Packet.ArpOperation: 2 }
                && output.Device == tap
                && output.Packet.ArpSenderIp == target
            )
                return output.Packet.ArpSenderMac;
        }
        return null;
    }

    private static Packet ArpRequest(Mac mac, Ip sender, Ip target) =>
        new()
        {
            EtherType = EtherTypes.Arp,
            SourceMac = mac,
            DestinationMac = Mac.Broadcast,
            ArpOperation = 1,
            ArpSenderMac = mac,
            ArpSenderIp = sender,
            ArpTargetIp = target,
        };

    private static Packet ArpReply(Packet request, Mac mac)
    {
        Packet reply = new()
        {
            EtherType = EtherTypes.Arp,
            SourceMac = mac,
            DestinationMac = request.ArpSenderMac,
            ArpOperation = 2,
            ArpSenderMac = mac,
            ArpSenderIp = request.ArpTargetIp,
            ArpTargetMac = request.ArpSenderMac,
            ArpTargetIp = request.ArpSenderIp,
        };
        reply.Vlans.AddRange(request.Vlans);
        return reply;
    }

    /// <summary>The copy that the guest's kernel takes: out of its tap and for its MAC and address.</summary>
    private static WalkOutput? ReachedGuest(WalkOutcome outcome, Guest guest) =>
        outcome.Outputs.Find(o =>
            o.Kind == WalkOutputKind.Guest
            && o.Device == guest.Tap
            && o.Packet.IsIp
            && o.Packet.Vlans.Count == 0
            && o.Packet.Destination == guest.Address
            && (o.Packet.DestinationMac == guest.Mac)
        );

    /// <summary>Another guest that got the packet: the one whose MAC it is for.</summary>
    private Guest? OtherGuest(WalkOutcome outcome, Guest? sender, out WalkOutput? copy)
    {
        copy = null;
        foreach (WalkOutput output in outcome.Outputs)
        {
            if (output.Kind != WalkOutputKind.Guest || !output.Packet.IsIp || output.Device == sender?.Tap)
                continue;
            if (_diagnosis.Topology.PortOfDevice(output.Device) is not { } port || port.Mac != output.Packet.DestinationMac)
                continue;
            if (!port.Addresses.Contains(output.Packet.Destination))
                continue;
            copy = output;
            return Guest.Of(port, output.Packet.Destination, out _);
        }
        return null;
    }
}
