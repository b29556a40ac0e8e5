namespace StackNet.Engine.Walk.Conntrack;

/// <summary>What the TCP tracker keeps of a connection besides its state.</summary>
internal sealed class TcpMemory
{
    /// <summary>A FIN or RST was seen that closes it (IP_CT_TCP_FLAG_CLOSE_INIT).</summary>
    public bool CloseSeen { get; set; }
    public TcpKind LastKind { get; set; }
    public bool LastWasReply { get; set; }

    /// <summary>Highest acknowledgement each side has sent: original, then reply.</summary>
    public uint? MaxAckOriginal { get; set; }
    public uint? MaxAckReply { get; set; }

    public TcpMemory Copy() => (TcpMemory)MemberwiseClone();
}

/// <summary>Which row of the state table a segment is.</summary>
internal enum TcpKind
{
    Syn,
    SynAck,
    Fin,
    Ack,
    Rst,
    None,
}

internal sealed partial class ConntrackTable
{
    private enum TcpState
    {
        None,
        SynSent,
        SynRecv,
        Established,
        FinWait,
        CloseWait,
        LastAck,
        TimeWait,
        Close,
        SynSent2,
        Invalid,
        Ignore,
    }

    private static readonly string[] TcpStateNames =
    [
        "NONE",
        "SYN_SENT",
        "SYN_RECV",
        "ESTABLISHED",
        "FIN_WAIT",
        "CLOSE_WAIT",
        "LAST_ACK",
        "TIME_WAIT",
        "CLOSE",
        "SYN_SENT2",
    ];

    // The transitions of nf_conntrack_proto_tcp.c, a letter a state: rows syn, synack, fin, ack, rst; columns none, syn_sent, syn_recv,
    // established, fin_wait, close_wait, last_ack, time_wait, close, syn_sent2. I is invalid, G is ignored.
    private static readonly string[] OriginalRows = ["SSGGGGGSS2", "IIRIIIIIIR", "IIFFLLLTXI", "EIEECCTTXI", "IXXXXXXXXX", "IIIIIIIIII"];
    private static readonly string[] ReplyRows = ["I2IIIIISI2", "IRGGGGGGGR", "IIFFLLLTXI", "IGRECCTTXG", "IXXXXXXXXX", "IIIIIIIIII"];

    private static TcpState Next(bool reply, TcpKind kind, TcpState old) =>
        (reply ? ReplyRows : OriginalRows)[(int)kind][(int)old] switch
        {
            'S' => TcpState.SynSent,
            'R' => TcpState.SynRecv,
            'E' => TcpState.Established,
            'F' => TcpState.FinWait,
            'C' => TcpState.CloseWait,
            'L' => TcpState.LastAck,
            'T' => TcpState.TimeWait,
            'X' => TcpState.Close,
            '2' => TcpState.SynSent2,
            'G' => TcpState.Ignore,
            _ => TcpState.Invalid,
        };

    private static TcpKind KindOf(TcpFlags flags)
    {
        if (flags.HasFlag(TcpFlags.Rst))
            return TcpKind.Rst;
        if (flags.HasFlag(TcpFlags.Syn))
            return flags.HasFlag(TcpFlags.Ack) ? TcpKind.SynAck : TcpKind.Syn;
        if (flags.HasFlag(TcpFlags.Fin))
            return TcpKind.Fin;
        return flags.HasFlag(TcpFlags.Ack) ? TcpKind.Ack : TcpKind.None;
    }

    /// <summary>tcp_valid_flags: combinations that a segment can have, PSH, ECE and CWR aside.</summary>
    private static bool HasValidFlags(TcpFlags flags) =>
        (flags & (TcpFlags.Fin | TcpFlags.Syn | TcpFlags.Rst | TcpFlags.Ack | TcpFlags.Urg))
            is TcpFlags.Syn
                or (TcpFlags.Syn | TcpFlags.Urg)
                or (TcpFlags.Syn | TcpFlags.Ack)
                or TcpFlags.Rst
                or (TcpFlags.Rst | TcpFlags.Ack)
                or (TcpFlags.Fin | TcpFlags.Ack)
                or (TcpFlags.Fin | TcpFlags.Ack | TcpFlags.Urg)
                or TcpFlags.Ack
                or (TcpFlags.Ack | TcpFlags.Urg);

    private static TcpState StateOf(ConntrackEntry entry) => (TcpState)Math.Max(0, Array.IndexOf(TcpStateNames, entry.TcpState));

    private TrackerAnswer HandleTcp(Packet packet, ConntrackEntry entry)
    {
        if (!HasValidFlags(packet.TcpFlags))
            return TrackerAnswer.Invalid;
        bool reply = packet.Conntrack.IsReply;
        TcpKind kind = KindOf(packet.TcpFlags);
        if (!entry.Confirmed && entry.TcpState is null)
        {
            TcpState first = Next(reply: false, kind, TcpState.None);
            if (first == TcpState.Invalid || (first != TcpState.SynSent && !TcpLoose))
                return TrackerAnswer.Invalid;
            entry.Tcp = new();
        }
        TcpState old = StateOf(entry);
        TcpState next = Next(reply, kind, old);
        TcpMemory memory = entry.Tcp ?? new();
        switch (next)
        {
            case TcpState.Invalid:
                return TrackerAnswer.Invalid;
            case TcpState.Ignore:
                // Let through: the entry may be out of step with the real connection.
                Touch(entry);
                entry.Tcp = memory;
                memory.LastKind = kind;
                memory.LastWasReply = reply;
                return TrackerAnswer.Accept;
            case TcpState.SynSent when old is TcpState.TimeWait or TcpState.Close:
                if (memory.CloseSeen || (memory.LastWasReply == reply && memory.LastKind == TcpKind.Rst) || entry.Tcp is null)
                {
                    // RFC 1122: a closed connection is opened anew with the same ports.
                    Remove(entry);
                    return TrackerAnswer.Repeat;
                }
                return TrackerAnswer.Accept;
            case TcpState.Close when kind == TcpKind.Rst && IsStrayReset(packet, entry, memory, reply, old):
                return TrackerAnswer.Invalid;
        }
        Touch(entry);
        if (kind == TcpKind.Rst && !entry.SeenReply)
        {
            // A reset before any answer, by either side: the connection is forgotten at once, the packet still belongs to it.
            Remove(entry);
        }
        entry.Tcp = memory;
        memory.LastKind = kind;
        memory.LastWasReply = reply;
        memory.CloseSeen |= kind is TcpKind.Fin;
        if (packet.TcpFlags.HasFlag(TcpFlags.Ack))
        {
            if (reply)
                memory.MaxAckReply = packet.TcpAcknowledgment;
            else
                memory.MaxAckOriginal = packet.TcpAcknowledgment;
        }
        entry.TcpState = TcpStateNames[(int)next];
        if (entry.SeenReply && old is TcpState.SynRecv or TcpState.Established && next == TcpState.Established)
            entry.Assured = true;
        return TrackerAnswer.Accept;
    }

    // A reset with a sequence number below what the other side has acknowledged is not from the peer.
    private bool IsStrayReset(Packet packet, ConntrackEntry entry, TcpMemory memory, bool reply, TcpState old)
    {
        if ((reply ? memory.MaxAckOriginal : memory.MaxAckReply) is not { } acknowledged || TcpBeLiberal)
            return false;
        bool wasOpen = entry.Assured || old is TcpState.Established;
        if (packet.TcpSequence == 0 && !wasOpen)
            return false;
        return (int)(packet.TcpSequence - acknowledged) < 0;
    }
}
