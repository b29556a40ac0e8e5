using StackNet.Engine.Facts;
using StackNet.Engine.Topology;
using StackNet.Engine.Walk;

namespace StackNet.Engine.Causes;

/// <summary>
/// A new flow between an instance and somebody else, packet by packet: what the guest sends, who gets it, what comes back, each carried
/// through the node by the walk, with the state that the packets before left behind.
/// </summary>
internal sealed partial class Conversation
{
    // What a fresh flow uses; any value would do, since old connections are not looked at.
    private const ushort EchoId = 0x5344;
    private const ushort SourcePort = 51712;

    private readonly Diagnosis _diagnosis;
    private readonly ProbeRequest _request;
    private readonly WalkState _state;
    private readonly NodeOutside _outside;
    private readonly Dictionary<(string Tap, Ip NextHop), Mac> _resolved = [];

    public Conversation(Diagnosis diagnosis, ProbeRequest request)
    {
        _diagnosis = diagnosis;
        _request = request;
        _outside = new NodeOutside(diagnosis);
        _state = new WalkState(_outside) { UsesReadConnections = false };
    }

    /// <summary>Steps of all walks, in order.</summary>
    public List<TraceStep> Steps { get; } = [];

    /// <summary>The last walk of a data packet: what the trace object shows as its end.</summary>
    public WalkOutcome? Last { get; private set; }

    public WalkState State => _state;

    /// <summary>What is odd about a conversation that went well.</summary>
    public string? Note { get; private set; }

    private bool Traces => _request.Trace == TraceKeeping.Now;

    /// <summary>What the conversation had to take for granted although somebody may have set it wrong.</summary>
    private Ending? _doubt;

    /// <summary>Why a conversation that went well is not known to: null when nothing speaks against it.</summary>
    public Ending? Doubt => _doubt;

    public Guest Here(Guest guest) => _diagnosis.Here(guest);

    private NodeMachine Machine => _diagnosis.Machine;

    private Packet NewRequest(Ip source, Ip destination)
    {
        Packet packet = new()
        {
            Source = source,
            Destination = destination,
            DontFragment = _request.DontFragment,
            Length = 28 + _request.Size,
        };
        switch (_request.Protocol)
        {
            case ProbeProtocol.Icmp:
                packet.Protocol = IpProtocols.Icmp;
                packet.IcmpType = 8;
                packet.IcmpId = EchoId;
                packet.IcmpSequence = 1;
                break;
            case ProbeProtocol.Tcp:
                packet.Protocol = IpProtocols.Tcp;
                packet.SourcePort = SourcePort;
                packet.DestinationPort = _request.DestinationPort;
                packet.TcpFlags = TcpFlags.Syn;
                packet.TcpSequence = 1000;
                packet.TcpMss = 1460;
                packet.Length = 60;
                // Linux sets DF on TCP segments (ip_no_pmtu_disc 0).
                packet.DontFragment = true;
                break;
            default:
                packet.Protocol = IpProtocols.Udp;
                packet.SourcePort = SourcePort;
                packet.DestinationPort = _request.DestinationPort;
                break;
        }
        return packet;
    }

    /// <summary>What the receiver of a packet sends back: addresses and ports turned round, echo reply or SYN-ACK.</summary>
    private static Packet AnswerTo(Packet received)
    {
        Packet answer = new()
        {
            EtherType = received.EtherType,
            Source = received.Destination,
            Destination = received.Source,
            Protocol = received.Protocol,
            SourcePort = received.DestinationPort,
            DestinationPort = received.SourcePort,
            Length = received.FragmentsOf > 0 ? received.FragmentsOf : received.Length,
            IcmpId = received.IcmpId,
            IcmpSequence = received.IcmpSequence,
        };
        if (received.Protocol == IpProtocols.Icmp)
            answer.IcmpType = 0;
        else if (received.Protocol == IpProtocols.Tcp)
        {
            bool syn = received.TcpFlags.HasFlag(TcpFlags.Syn) && !received.TcpFlags.HasFlag(TcpFlags.Ack);
            answer.TcpFlags = syn ? TcpFlags.Syn | TcpFlags.Ack : TcpFlags.Ack;
            answer.TcpSequence = 5000;
            answer.TcpAcknowledgment = received.TcpSequence + (syn ? 1u : 0u);
            answer.TcpMss = syn ? 1460 : null;
            answer.DontFragment = true;
            answer.Length = syn ? 60 : 52;
        }
        return answer;
    }

    /// <summary>The ACK that completes the opening of a connection, from what the opener got.</summary>
    private static Packet AckTo(Packet synAck)
    {
        Packet ack = AnswerTo(synAck);
        ack.TcpFlags = TcpFlags.Ack;
        ack.TcpSequence = synAck.TcpAcknowledgment;
        ack.TcpAcknowledgment = synAck.TcpSequence + 1;
        ack.TcpMss = null;
        ack.Length = 52;
        return ack;
    }

    private WalkOutcome Arrive(string ns, string device, Packet packet, PacketDirection direction, bool data = true)
    {
        WalkOutcome outcome = Machine.Arrive(ns, device, packet.Clone(), _state, Traces);
        Record(outcome, direction, data);
        return outcome;
    }

    private void Record(WalkOutcome outcome, PacketDirection direction, bool data)
    {
        foreach (TraceStep step in outcome.Steps)
            Steps.Add(step with { Direction = direction });
        if (data)
            Last = outcome;
    }

    private void Say(PacketDirection direction, string layer, string device, string action, Packet? packet, bool fatal = false)
    {
        if (Traces)
        {
            Steps.Add(
                new TraceStep
                {
                    Direction = direction,
                    Layer = layer,
                    Device = device,
                    Action = action,
                    Packet = packet?.ToHeader(),
                    Fatal = fatal,
                }
            );
        }
    }

    /// <summary>Turns a walk that did not bring the packet where it had to go into an ending.</summary>
    private static Ending Lost(
        WalkOutcome outcome,
        PacketDirection direction,
        Purpose purpose,
        Packet? packet,
        Func<WalkDrop, bool>? wanted = null
    )
    {
        if (outcome.Unknown is { } unknown)
        {
            return Ending.NotKnown(direction, unknown, outcome.Device, outcome.Namespace) with
            {
                Outcome = outcome,
                Purpose = purpose,
                Packet = packet,
            };
        }
        WalkDrop? drop = (wanted is null ? null : outcome.Drops.Find(d => wanted(d))) ?? outcome.Drop ?? Furthest(outcome);
        // A neighbour that nobody resolved died of what its solicitation met, when that is known.
        return new Ending
        {
            Direction = direction,
            Verdict = Verdict.Fail,
            Outcome = outcome,
            Drop = drop,
            Purpose = purpose,
            Packet = drop?.Packet ?? packet,
            Device = drop?.Device ?? outcome.Device,
            Namespace = drop?.Namespace ?? outcome.Namespace,
        };
    }

    private static WalkDrop? Furthest(WalkOutcome outcome)
    {
        WalkDrop? best = null;
        foreach (WalkDrop drop in outcome.Drops)
        {
            if (best is null || (best.IsFloodCopy && !drop.IsFloodCopy) || (best.IsFloodCopy == drop.IsFloodCopy && drop.Hops > best.Hops))
                best = drop;
        }
        return best;
    }
}
