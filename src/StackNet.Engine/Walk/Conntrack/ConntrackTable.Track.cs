using StackNet.Engine.Facts;

namespace StackNet.Engine.Walk.Conntrack;

/// <summary>What nf_conntrack_in wants to know besides the packet.</summary>
/// <param name="Zone">Zone of the template (CT target, ct zone set, ct(zone=…)).</param>
/// <param name="IsPrerouting">Checksums are verified only in prerouting; Open vSwitch verifies them always.</param>
/// <param name="Helper">Helper of the template.</param>
internal readonly record struct TrackRequest(ConntrackZone Zone, bool IsPrerouting = true, string? Helper = null);

internal sealed partial class ConntrackTable
{
    /// <summary>
    /// Finds or makes the packet's connection and says what the packet is to it: sets <see cref="Packet.Conntrack"/>. A packet that is
    /// already tracked (br_netfilter's second pass, loopback) or untracked keeps what it has.
    /// </summary>
    public void Track(Packet packet, TrackRequest request)
    {
        if (packet.Conntrack.Entry is not null || packet.Conntrack.Info == ConntrackInfo.Untracked)
            return;
        packet.Conntrack = default;
        _ambiguous = false;
        if (packet.FragmentOffset != 0)
        {
            // A later fragment has no transport header; only defragmentation (before this) can make it trackable.
            packet.Conntrack = new(null, ConntrackInfo.Invalid);
            return;
        }
        if (packet.Protocol == IpProtocols.Icmp && !packet.Destination.IsV6 && TrackIcmp(packet, request))
            return;
        if (packet.Protocol == IpProtocols.Icmp6 && packet.Destination.IsV6 && TrackIcmp6(packet, request))
            return;
        // TCP may find that an old connection is being reopened: it is killed and looked up once more.
        for (int attempt = 0; attempt < 2; attempt++)
        {
            if (!Resolve(packet, request))
                break;
            TrackerAnswer answer = HandlePacket(packet, request);
            if (answer == TrackerAnswer.Accept)
            {
                NoteReply(packet);
                Account(packet);
                return;
            }
            packet.Conntrack = default;
            if (answer != TrackerAnswer.Repeat)
                break;
        }
        packet.Conntrack = new(null, ConntrackInfo.Invalid);
    }

    private enum TrackerAnswer
    {
        Accept,
        Invalid,
        Repeat,
    }

    // resolve_normal_ct and init_conntrack
    private bool Resolve(Packet packet, TrackRequest request)
    {
        ConntrackTuple tuple = TupleOf(packet);
        ConntrackEntry? entry = Find(packet.Protocol, request.Zone, tuple, out bool isReply);
        if (entry is null && !Opens(packet) && FindChosen(packet.Protocol, request.Zone, tuple) is { } chosen)
        {
            entry = chosen;
            isReply = true;
        }
        if (entry is null)
        {
            if (Mirror(packet.Protocol, tuple) is not { } reply)
                return false;
            entry = new ConntrackEntry
            {
                Protocol = packet.Protocol,
                Zone = request.Zone.Id,
                ZoneDirection = request.Zone.Direction,
                Original = tuple,
                Reply = reply,
                Helper = request.Helper,
                Counters = CountsTraffic ? default(ConntrackCounters) : null,
            };
        }
        ConntrackInfo info =
            isReply ? ConntrackInfo.EstablishedReply
            : entry.SeenReply ? ConntrackInfo.Established
            : entry.IsExpected ? ConntrackInfo.Related
            : ConntrackInfo.New;
        packet.Conntrack = new(entry, info);
        return true;
    }

    // What can only be the first packet of a connection of its own.
    private static bool Opens(Packet packet) =>
        packet.Protocol == IpProtocols.Tcp && (packet.TcpFlags & (TcpFlags.Syn | TcpFlags.Ack)) == TcpFlags.Syn;

    // nf_ct_refresh_acct: every packet that a tracker accepts, the first one too; errors about the connection are none of its packets.
    private void Account(Packet packet)
    {
        if (packet.Conntrack.Entry is not { Counters: { } counters } entry)
            return;
        Touch(entry);
        entry.Counters = counters.With(packet.Conntrack.IsReply, packet.Length);
    }

    private void NoteReply(Packet packet)
    {
        if (packet.Conntrack is { Entry: { SeenReply: false } entry, Info: ConntrackInfo.EstablishedReply })
        {
            Touch(entry);
            entry.SeenReply = true;
        }
    }

    private TrackerAnswer HandlePacket(Packet packet, TrackRequest request)
    {
        ConntrackEntry entry = packet.Conntrack.Entry!;
        bool broken = packet.BadChecksum && VerifyChecksums && request.IsPrerouting;
        switch (packet.Protocol)
        {
            case IpProtocols.Tcp:
                return broken ? TrackerAnswer.Invalid : HandleTcp(packet, entry);
            case IpProtocols.Udp or IpProtocols.UdpLite:
                // Assured comes only when traffic both ways goes on for more than two seconds (nf_conntrack_udp_packet): never during a walk.
                return broken ? TrackerAnswer.Invalid : TrackerAnswer.Accept;
            case IpProtocols.Icmp:
                // Only a request may open a connection; the check is on the connection's own first type.
                return !packet.Destination.IsV6 && entry.Original.IcmpType is 8 or 13 or 15 or 17
                    ? TrackerAnswer.Accept
                    : TrackerAnswer.Invalid;
            case IpProtocols.Icmp6:
                return packet.Destination.IsV6 && entry.Original.IcmpType is 128 or 139 ? TrackerAnswer.Accept : TrackerAnswer.Invalid;
            default:
                return TrackerAnswer.Accept;
        }
    }

    /// <summary>True when ICMP's own rules have decided (an error, or something conntrack refuses).</summary>
    private bool TrackIcmp(Packet packet, TrackRequest request)
    {
        // 18 is the highest type that conntrack knows.
        if ((packet.BadChecksum && VerifyChecksums && request.IsPrerouting) || packet.IcmpType > 18)
        {
            packet.Conntrack = new(null, ConntrackInfo.Invalid);
            return true;
        }
        // Destination unreachable, source quench, redirect, time exceeded, parameter problem.
        if (packet.IcmpType is not (3 or 4 or 5 or 11 or 12))
            return false;
        packet.Conntrack = RelatedTo(packet, request.Zone);
        return true;
    }

    private bool TrackIcmp6(Packet packet, TrackRequest request)
    {
        if (packet.BadChecksum && VerifyChecksums && request.IsPrerouting)
        {
            packet.Conntrack = new(null, ConntrackInfo.Invalid);
            return true;
        }
        // Neighbour discovery and multicast listener messages are never tracked (noct_valid_new).
        if (packet.IcmpType is 130 or 131 or 132 or 133 or 134 or 135 or 136 or 143)
        {
            packet.Conntrack = new(null, ConntrackInfo.Untracked);
            return true;
        }
        if (packet.IcmpType >= 128)
            return false;
        packet.Conntrack = RelatedTo(packet, request.Zone);
        return true;
    }

    /// <summary>nf_conntrack_inet_error: the connection of the quoted packet.</summary>
    private ConntrackLink RelatedTo(Packet error, ConntrackZone zone)
    {
        ConntrackLink invalid = new(null, ConntrackInfo.Invalid);
        if (error.Inner is not { } inner || inner.FragmentOffset != 0 || Mirror(inner.Protocol, TupleOf(inner)) is not { } answer)
            return invalid;
        if (Find(inner.Protocol, zone, answer, out bool isReply) is not { } entry)
        {
            if (FindChosen(inner.Protocol, zone, answer) is not { } chosen)
                return invalid;
            entry = chosen;
            isReply = true;
        }
        // An error goes to the one whose packet it quotes: where the connection's packets of this direction go.
        Ip target = (isReply ? entry.Reply : entry.Original).Destination;
        if (error.Destination != target)
            return invalid;
        return new(entry, isReply ? ConntrackInfo.RelatedReply : ConntrackInfo.Related);
    }
}
