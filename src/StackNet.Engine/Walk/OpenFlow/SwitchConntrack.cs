using System.Collections.Immutable;
using StackNet.Engine.Facts;

namespace StackNet.Engine.Walk.OpenFlow;

/// <summary>ct_state as the switch matches it (ovs-fields(7)).</summary>
internal static class CtStates
{
    public const uint New = 0x01;
    public const uint Established = 0x02;
    public const uint Related = 0x04;
    public const uint Reply = 0x08;
    public const uint Invalid = 0x10;
    public const uint Tracked = 0x20;
    public const uint SourceNat = 0x40;
    public const uint DestinationNat = 0x80;
}

/// <summary>A connection's end points in one direction; ICMP keeps its id in both ports and the type of that direction.</summary>
internal readonly record struct SwitchTuple(
    byte Protocol,
    Ip Source,
    Ip Destination,
    ushort SourcePort,
    ushort DestinationPort,
    byte IcmpType,
    ushort Zone
);

/// <summary>A connection of the switch's own table (lib/conntrack.c).</summary>
internal sealed record SwitchConnection
{
    public required SwitchTuple Forward { get; init; }

    /// <summary>What packets of the other direction look like; NAT is in the difference to the mirrored forward one.</summary>
    public required SwitchTuple Reverse { get; init; }
    public bool NatSource { get; init; }
    public bool NatDestination { get; init; }
    public bool SeenReply { get; init; }

    /// <summary>Both ends have sent their FIN: a new SYN begins anew.</summary>
    public bool Closing { get; init; }
    public uint Mark { get; init; }
    public UInt128 Label { get; init; }
    public string? Helper { get; init; }
}

/// <summary>What the datapath keeps beside a packet (pkt_metadata): the answer of the last ct().</summary>
internal sealed record CtMetadata
{
    public static CtMetadata None { get; } = new();
    public uint State { get; init; }
    public ushort Zone { get; init; }
    public uint Mark { get; init; }
    public UInt128 Label { get; init; }
    public SwitchTuple? Original { get; init; }

    /// <summary>Connection found by the last lookup without NAT: the next one in the same zone takes it at once.</summary>
    public SwitchTuple? Cached { get; init; }
    public bool CachedReply { get; init; }
}

/// <summary>The request of one ct() action.</summary>
internal sealed record CtRequest(ushort Zone, bool Commit, bool Force)
{
    public Facts.OpenFlow.NatAction? Nat { get; init; }
    public uint Mark { get; init; }
    public uint MarkMask { get; init; }
    public UInt128 Label { get; init; }
    public UInt128 LabelMask { get; init; }
    public string? Helper { get; init; }
}

/// <summary>
/// Connection tracking of Open vSwitch's userspace datapath. It differs from nf_conntrack: a SYN+ACK or an echo reply cannot
/// begin a connection, a connection is established when it has seen a reply, and NAT is done by ct(nat) only. Persistent:
/// copies share what they have in common.
/// </summary>
internal sealed partial class SwitchConntrack
{
    private ImmutableDictionary<SwitchTuple, SwitchConnection> _connections = ImmutableDictionary<SwitchTuple, SwitchConnection>.Empty;

    public int Count => _connections.Count;

    public SwitchConntrack Clone() => new() { _connections = _connections };

    public void Add(SwitchConnection connection)
    {
        _connections = _connections.SetItem(connection.Forward, connection).SetItem(connection.Reverse, connection);
    }

    private void Remove(SwitchConnection connection) => _connections = _connections.Remove(connection.Forward).Remove(connection.Reverse);

    /// <summary>Looks the packet up, commits, translates: the packet and the metadata are what the datapath has afterwards.</summary>
    public CtMetadata Execute(Packet packet, CtMetadata metadata, CtRequest request)
    {
        if (TupleOf(packet, request.Zone, out bool related) is not { } tuple)
            return new CtMetadata { State = CtStates.Invalid | CtStates.Tracked, Zone = request.Zone };
        bool sameZone = metadata.Zone == request.Zone;
        if (metadata.Cached is { } cached && sameZone && !request.Force && _connections.TryGetValue(cached, out SwitchConnection? known))
            return Fast(packet, metadata, request, known, related);
        uint state = metadata.State != 0 && !sameZone ? 0 : metadata.State & ~CtStates.Tracked;
        bool natted = (state & (CtStates.SourceNat | CtStates.DestinationNat)) != 0;
        SwitchConnection? connection = Find(natted ? Reversed(tuple) : tuple, out bool reply);
        if (natted && connection is not null)
            reply = !reply;
        if (request.Force && reply && connection is not null)
        {
            Remove(connection);
            connection = null;
            reply = false;
        }
        bool create = false;
        if (connection is not null)
        {
            create = Update(packet, ref connection, reply, related, ref state);
            if (create)
                connection = null;
            else if (request.Nat is not null)
                state = Translate(packet, connection!, reply, related, state, metadata.State);
        }
        else if (related)
        {
            state = CtStates.Invalid;
        }
        else
        {
            create = true;
        }
        if (create)
            connection = Begin(packet, tuple, request, ref state);
        if (connection is not null)
            connection = Label(connection, request);
        SwitchTuple? original = connection?.Forward ?? (related ? null : tuple);
        return new CtMetadata
        {
            State = state | CtStates.Tracked,
            Zone = request.Zone,
            Mark = connection?.Mark ?? 0,
            Label = connection?.Label ?? 0,
            Original = original,
            Cached = request.Nat is null ? connection?.Forward : null,
            CachedReply = reply,
        };
    }

    private CtMetadata Fast(Packet packet, CtMetadata metadata, CtRequest request, SwitchConnection connection, bool related)
    {
        uint state = metadata.State;
        if (request.Nat is not null)
            state = Translate(packet, connection, metadata.CachedReply, related, state, metadata.State);
        connection = Label(connection, request);
        return metadata with
        {
            State = state | CtStates.Tracked,
            Mark = connection.Mark,
            Label = connection.Label,
            Cached = request.Nat is null ? connection.Forward : null,
        };
    }

    private SwitchConnection Label(SwitchConnection connection, CtRequest request)
    {
        if (request.MarkMask == 0 && request.LabelMask == 0)
            return connection;
        SwitchConnection marked = connection with
        {
            Mark = (connection.Mark & ~request.MarkMask) | (request.Mark & request.MarkMask),
            Label = (connection.Label & ~request.LabelMask) | (request.Label & request.LabelMask),
        };
        if (_connections.ContainsKey(connection.Forward))
            Add(marked);
        return marked;
    }

    private SwitchConnection? Find(SwitchTuple tuple, out bool reply)
    {
        reply = false;
        if (!_connections.TryGetValue(tuple, out SwitchConnection? connection))
            return null;
        reply = connection.Forward != tuple;
        return connection;
    }

    /// <summary>conn_update_state; true when a new connection takes the place of the old one.</summary>
    private bool Update(Packet packet, ref SwitchConnection? connection, bool reply, bool related, ref uint state)
    {
        if (related)
        {
            state |= CtStates.Related | (reply ? CtStates.Reply : 0);
            return false;
        }
        if (packet.Protocol == IpProtocols.Tcp)
        {
            if (InvalidFlags(packet.TcpFlags))
            {
                state = CtStates.Invalid;
                return false;
            }
            bool syn = (packet.TcpFlags & (TcpFlags.Syn | TcpFlags.Ack)) == TcpFlags.Syn;
            if (syn && connection!.Closing)
            {
                Remove(connection);
                return true;
            }
            if (syn && !reply && !connection!.SeenReply)
            {
                state |= CtStates.New;
                return false;
            }
        }
        if (reply && !connection!.SeenReply)
        {
            connection = connection with { SeenReply = true };
            Add(connection);
        }
        if (!connection!.SeenReply && packet.Protocol != IpProtocols.Tcp)
        {
            state |= CtStates.New;
            return false;
        }
        state = (state & ~CtStates.New) | CtStates.Established | (reply ? CtStates.Reply : 0);
        return false;
    }

    /// <summary>conn_not_found: a packet that can begin a connection is new, and committed when asked for.</summary>
    private SwitchConnection? Begin(Packet packet, SwitchTuple tuple, CtRequest request, ref uint state)
    {
        if (!CanBegin(packet))
        {
            state = CtStates.Invalid;
            return null;
        }
        state = CtStates.New;
        if (!request.Commit)
            return null;
        SwitchConnection made = new()
        {
            Forward = tuple,
            Reverse = Reversed(tuple),
            Helper = request.Helper,
        };
        if (request.Nat is { } nat)
        {
            if (Choose(made, nat) is not { } translated)
                return null;
            made = translated;
            Add(made);
            state = Translate(packet, made, reply: false, related: false, state, before: 0);
            return made;
        }
        Add(made);
        return made;
    }

    private static bool CanBegin(Packet packet) =>
        packet.Protocol switch
        {
            IpProtocols.Tcp => !InvalidFlags(packet.TcpFlags)
                && (packet.TcpFlags & (TcpFlags.Syn | TcpFlags.Ack)) != (TcpFlags.Syn | TcpFlags.Ack),
            IpProtocols.Icmp when packet.EtherType == EtherTypes.Ip4 => packet.IcmpType is 8 or 13 or 15,
            IpProtocols.Icmp6 when packet.EtherType == EtherTypes.Ip6 => packet.IcmpType == 128,
            _ => true,
        };

    // conntrack-tcp.c tcp_invalid_flags: SYN with FIN or RST, none of SYN, ACK and RST, or FIN, PSH, URG without ACK.
    private static bool InvalidFlags(TcpFlags flags)
    {
        if ((flags & TcpFlags.Syn) != TcpFlags.None)
        {
            if ((flags & (TcpFlags.Rst | TcpFlags.Fin)) != TcpFlags.None)
                return true;
        }
        else if ((flags & (TcpFlags.Ack | TcpFlags.Rst)) == TcpFlags.None)
        {
            return true;
        }
        return (flags & TcpFlags.Ack) == TcpFlags.None && (flags & (TcpFlags.Fin | TcpFlags.Psh | TcpFlags.Urg)) != TcpFlags.None;
    }
}
