using StackNet.Engine.Facts;
using StackNet.Engine.Topology;
using StackNet.Engine.Walk;

namespace StackNet.Engine.Causes;

internal sealed partial class Conversation
{
    /// <summary>The instance opens a flow to a destination; null = everything that has to get through did.</summary>
    public Ending? Egress(Guest guest, Ip destination)
    {
        _outside.FarEnd = destination;
        Packet request = NewRequest(guest.Address, destination);
        if (Round(guest, request, out Packet? answer) is { } ending)
            return ending;
        if (_request.Protocol != ProbeProtocol.Tcp || answer is null)
            return null;
        // A connection needs the third packet too; nobody answers it.
        return OneWay(guest, AckTo(answer), PacketDirection.Out);
    }

    /// <summary>A packet out and its answer back; the answer as the guest got it.</summary>
    private Ending? Round(Guest guest, Packet request, out Packet? answer)
    {
        answer = null;
        Ip destination = request.Destination;
        if (FromGuest(guest, request, PacketDirection.Out, out Ending? ending) is not { } outcome)
            return ending;
        WalkOutcome? back;
        if (
            outcome.Outputs.Find(o => o.Kind == WalkOutputKind.LocalSocket && o.Packet.IsIp && o.Packet.Protocol == request.Protocol) is
            { } local
        )
            back = FromNode(outcome, local, out ending);
        else if (OtherGuest(outcome, guest, out WalkOutput? copy) is { } other)
        {
            back = FromGuest(other, AnswerTo(copy!.Packet), PacketDirection.Back, out ending);
        }
        else if (ReachedGuest(outcome, guest) is { } direct && IsAnswer(direct.Packet, request))
        {
            // A switch that answers by itself (OVN's router): the request came back as its own reply.
            answer = direct.Packet;
            return Refused(answer, request, outcome);
        }
        else if (ReachedGuest(outcome, guest) is { } hairpin)
        {
            // Its own floating address. With its own address as source the guest takes it for a martian (fib_validate_source).
            if (hairpin.Packet.Source == guest.Address)
                return Ending.Dead(
                    PacketDirection.Out,
                    "SN605",
                    $"{destination} leads back to the instance, and the packet still has its own address {guest.Address} as source",
                    guest.Tap
                );
            back = FromGuest(guest, AnswerTo(hairpin.Packet), PacketDirection.Back, out ending);
        }
        else if (LeftByWire(outcome, destination) is { } left)
        {
            if (WrongVlan(left, guest.Port) is { } vlan)
                return Ending.Dead(PacketDirection.Out, "SN310", vlan, left.Device, left.Namespace) with { Outcome = outcome };
            if (WrongUpstream(left) is { } wrong)
                return Ending.Dead(PacketDirection.Out, wrong.CauseId, wrong.Evidence, wrong.Device, wrong.Namespace) with
                {
                    Outcome = outcome,
                };
            back = FromOutside(left, AnswerTo(left.Packet), guest, PacketDirection.Back, out ending);
        }
        else if (outcome.Outputs.Find(o => o.Kind == WalkOutputKind.Tunnel && o.Packet.IsIp) is { } tunnel)
        {
            return Ending.NotKnown(
                PacketDirection.Out,
                $"the packet goes on another node: it left by tunnel {tunnel.Port ?? tunnel.Device} to {tunnel.TunnelRemote}",
                tunnel.Device,
                tunnel.Namespace
            );
        }
        else
            return Lost(outcome, PacketDirection.Out, Purpose.Data, request);
        if (back is null)
            return ending;
        if (ReachedGuest(back, guest) is not { } reached)
            return Lost(back, PacketDirection.Back, Purpose.Data, back.Packet);
        answer = reached.Packet;
        return Refused(answer, request, back);
    }

    private static bool IsAnswer(Packet packet, Packet request) =>
        packet.Protocol == request.Protocol
            ? packet.Protocol switch
            {
                IpProtocols.Icmp => packet.IcmpType == 0 && packet.IcmpId == request.IcmpId,
                IpProtocols.Tcp => packet.TcpFlags.HasFlag(TcpFlags.Ack) || packet.TcpFlags.HasFlag(TcpFlags.Rst),
                _ => packet.SourcePort == request.DestinationPort && packet.DestinationPort == request.SourcePort,
            }
            : packet is { Protocol: IpProtocols.Icmp, IcmpType: 3 or 11 };

    /// <summary>An answer that says no: a reset, or an ICMP error in place of the answer.</summary>
    private static Ending? Refused(Packet answer, Packet request, WalkOutcome back)
    {
        bool refused =
            (request.Protocol == IpProtocols.Tcp && answer.TcpFlags.HasFlag(TcpFlags.Rst))
            || (answer.Protocol == IpProtocols.Icmp && answer.IcmpType is 3 or 11 && request.Protocol != IpProtocols.Icmp)
            || (request.Protocol == IpProtocols.Icmp && answer.IcmpType != 0);
        return refused
            ? new Ending
            {
                Direction = PacketDirection.Out,
                Verdict = Verdict.Fail,
                Outcome = back,
                Evidence = $"{answer.Source} answers with {answer}",
                Packet = answer,
                Device = back.Device,
                Namespace = back.Namespace,
            }
            : null;
    }

    /// <summary>The node's own answer: what its sockets or its ICMP send back.</summary>
    private WalkOutcome? FromNode(WalkOutcome outcome, WalkOutput local, out Ending? ending)
    {
        ending = null;
        EmittedPacket? emitted =
            outcome.Emitted.Find(e => e.Kind is EmittedKind.EchoReply or EmittedKind.TcpSynAck)
            ?? outcome.Emitted.Find(e => e.Kind is EmittedKind.TcpReset or EmittedKind.IcmpError);
        if (emitted is { Kind: EmittedKind.TcpReset or EmittedKind.IcmpError, IfNobodyListens: true })
        {
            ending = Ending.NotKnown(
                PacketDirection.Out,
                $"whether a service of {(local.Namespace.Length == 0 ? "the node" : local.Namespace)} listens on port {local.Packet.DestinationPort} was not read (ss -lntu)",
                local.Device,
                local.Namespace
            );
            return null;
        }
        if (emitted is { Kind: EmittedKind.TcpReset or EmittedKind.IcmpError })
        {
            ending = new Ending
            {
                Direction = PacketDirection.Out,
                Verdict = Verdict.Fail,
                Outcome = outcome,
                Packet = local.Packet,
                Device = local.Device,
                Namespace = local.Namespace,
                Evidence =
                    $"{local.Packet.Destination} is an address of this node and nothing listens on {Packet.ProtocolName(local.Packet.Protocol)} port {local.Packet.DestinationPort} there",
            };
            return null;
        }
        if (emitted is null)
        {
            ending = outcome.Unknown is { } unknown
                ? Ending.NotKnown(PacketDirection.Out, unknown, local.Device, local.Namespace)
                : new Ending
                {
                    Direction = PacketDirection.Out,
                    Verdict = Verdict.Fail,
                    Outcome = outcome,
                    Packet = local.Packet,
                    Device = local.Device,
                    Namespace = local.Namespace,
                    Evidence = outcome.Because ?? $"{local.Packet.Destination} does not answer",
                };
            return null;
        }
        WalkOutcome back = Machine.Carry(emitted, _state, Traces);
        Record(back, PacketDirection.Back, data: true);
        return back;
    }

    /// <summary>A packet that only has to arrive.</summary>
    private Ending? OneWay(Guest guest, Packet packet, PacketDirection direction)
    {
        Ip destination = packet.Destination;
        if (FromGuest(guest, packet, direction, out Ending? ending) is not { } outcome)
            return ending;
        bool arrived =
            outcome.Outputs.Exists(o => o.Kind == WalkOutputKind.LocalSocket && o.Packet.IsIp)
            || OtherGuest(outcome, guest, out _) is not null
            || ReachedGuest(outcome, guest) is not null
            || LeftByWire(outcome, destination) is not null;
        return arrived ? null : Lost(outcome, direction, Purpose.Data, packet);
    }
}
