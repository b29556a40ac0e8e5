using StackNet.Engine.Facts;
using StackNet.Engine.Facts.OpenFlow;

namespace StackNet.Engine.Walk.OpenFlow;

// Tuples of packets, and translation.
internal sealed partial class SwitchConntrack
{
    private static SwitchTuple? TupleOf(Packet packet, ushort zone, out bool related)
    {
        related = false;
        // Fragments are put together first; one that stands alone on a walk is not.
        if (!packet.IsIp || packet.Vlans.Count > 1 || packet.IsFragment || packet.BadChecksum)
            return null;
        if (packet.Protocol is IpProtocols.Icmp or IpProtocols.Icmp6 && IsError(packet))
        {
            if (packet.Inner is not { } inner || TupleOf(inner, zone, out _) is not { } quoted)
                return null;
            related = true;
            // The error travels against the packet that it quotes.
            return Reversed(quoted);
        }
        bool ports = packet.Protocol is IpProtocols.Tcp or IpProtocols.Udp or IpProtocols.Sctp;
        bool icmp =
            packet.Protocol == IpProtocols.Icmp && packet.EtherType == EtherTypes.Ip4
            || packet.Protocol == IpProtocols.Icmp6 && packet.EtherType == EtherTypes.Ip6;
        if (icmp && ReverseType(packet.Protocol, packet.IcmpType) is null)
            return null;
        return new SwitchTuple(
            packet.Protocol,
            packet.Source,
            packet.Destination,
            icmp ? packet.IcmpId
                : ports ? packet.SourcePort
                : (ushort)0,
            icmp ? packet.IcmpId
                : ports ? packet.DestinationPort
                : (ushort)0,
            icmp ? packet.IcmpType : (byte)0,
            zone
        );
    }

    private static bool IsError(Packet packet) =>
        packet.EtherType == EtherTypes.Ip4 ? packet.IcmpType is 3 or 4 or 5 or 11 or 12 : packet.IcmpType is 1 or 2 or 3 or 4;

    /// <summary>Type of the answer; null for what is neither question nor answer (then the packet is invalid).</summary>
    private static byte? ReverseType(byte protocol, byte type) =>
        protocol == IpProtocols.Icmp
            ? type switch
            {
                8 => 0,
                0 => 8,
                13 => 14,
                14 => 13,
                15 => 16,
                16 => 15,
                _ => null,
            }
            : type switch
            {
                128 => 129,
                129 => 128,
                _ => null,
            };

    private static SwitchTuple Reversed(SwitchTuple tuple) =>
        tuple with
        {
            Source = tuple.Destination,
            Destination = tuple.Source,
            SourcePort = tuple.DestinationPort,
            DestinationPort = tuple.SourcePort,
            IcmpType = tuple.Protocol is IpProtocols.Icmp or IpProtocols.Icmp6
                ? ReverseType(tuple.Protocol, tuple.IcmpType) ?? tuple.IcmpType
                : (byte)0,
        };

    /// <summary>nat_get_unique_tuple: an address of the range and a port that is free; null when there is none.</summary>
    private SwitchConnection? Choose(SwitchConnection made, NatAction nat)
    {
        if (!nat.Source && !nat.Destination)
            return made;
        SwitchTuple reverse = made.Reverse;
        if (nat.First is { } address)
            reverse = nat.Source ? reverse with { Destination = address } : reverse with { Source = address };
        bool icmp = reverse.Protocol is IpProtocols.Icmp or IpProtocols.Icmp6;
        bool ports = icmp || reverse.Protocol is IpProtocols.Tcp or IpProtocols.Udp or IpProtocols.Sctp;
        made = made with { NatSource = nat.Source, NatDestination = nat.Destination };
        if (!ports)
            return _connections.ContainsKey(reverse) ? null : made with { Reverse = reverse };
        int low = reverse.DestinationPort;
        int high = 65535;
        if (nat.FirstPort != 0 && nat.Destination && !icmp)
        {
            // The server's port: in what comes back it is the source.
            for (int port = nat.FirstPort; port <= nat.LastPort; port++)
            {
                SwitchTuple candidate = reverse with { SourcePort = (ushort)port };
                if (!_connections.ContainsKey(candidate))
                    return made with { Reverse = candidate };
            }
        }
        else if (nat.FirstPort != 0 && nat.Source)
        {
            low = nat.FirstPort;
            high = nat.LastPort;
        }
        for (int port = low; port <= high; port++)
        {
            SwitchTuple candidate = reverse with { DestinationPort = (ushort)port, SourcePort = icmp ? (ushort)port : reverse.SourcePort };
            if (!_connections.ContainsKey(candidate))
                return made with { Reverse = candidate };
        }
        return null;
    }

    /// <summary>nat_packet: a packet is translated once.</summary>
    private static uint Translate(Packet packet, SwitchConnection connection, bool reply, bool related, uint state, uint before)
    {
        if (!connection.NatSource && !connection.NatDestination)
            return state;
        if ((state & before & (CtStates.SourceNat | CtStates.DestinationNat)) != 0)
            return state;
        // What comes back is translated the other way round.
        bool source = reply ? connection.NatDestination : connection.NatSource;
        SwitchTuple key = reply ? connection.Forward : connection.Reverse;
        state |= source ? CtStates.SourceNat : CtStates.DestinationNat;
        Rewrite(packet, key, source, !related);
        if (related && packet.Inner is { } inner)
            Rewrite(inner, key, !source, ports: true, turned: true);
        return state;
    }

    private static void Rewrite(Packet packet, SwitchTuple key, bool source, bool ports, bool turned = false)
    {
        // key is the tuple of the opposite direction: its destination is where this packet is to come from.
        if (source)
            packet.Source = turned ? key.Source : key.Destination;
        else
            packet.Destination = turned ? key.Destination : key.Source;
        if (!ports)
            return;
        switch (packet.Protocol)
        {
            case IpProtocols.Tcp or IpProtocols.Udp or IpProtocols.Sctp:
                if (source)
                    packet.SourcePort = turned ? key.SourcePort : key.DestinationPort;
                else
                    packet.DestinationPort = turned ? key.DestinationPort : key.SourcePort;
                break;
            case IpProtocols.Icmp or IpProtocols.Icmp6:
                packet.IcmpId = source ? key.DestinationPort : key.SourcePort;
                break;
        }
    }
}
