using StackNet.Engine.Facts;

namespace StackNet.Engine.Walk.Conntrack;

internal sealed partial class ConntrackTable
{
    /// <summary>Protocols whose tuple holds ports (the l4 trackers; others are tracked by addresses alone).</summary>
    public static bool HasPorts(byte protocol) =>
        protocol is IpProtocols.Tcp or IpProtocols.Udp or IpProtocols.UdpLite or IpProtocols.Sctp or IpProtocols.Dccp;

    /// <summary>The packet's tuple as it is now (nf_ct_get_tuple).</summary>
    public static ConntrackTuple TupleOf(Packet packet)
    {
        if (packet.Protocol is IpProtocols.Icmp or IpProtocols.Icmp6)
        {
            // The id is read from bytes 4 and 5 of the header whatever the type is.
            return new(packet.Source, packet.Destination, packet.IcmpId, packet.IcmpId, packet.IcmpType, packet.IcmpCode);
        }
        return HasPorts(packet.Protocol)
            ? new(packet.Source, packet.Destination, packet.SourcePort, packet.DestinationPort, 0, 0)
            : new(packet.Source, packet.Destination, 0, 0, 0, 0);
    }

    /// <summary>The tuple of the answer (nf_ct_invert_tuple); null for an ICMP type that has none.</summary>
    public static ConntrackTuple? Mirror(byte protocol, ConntrackTuple tuple)
    {
        if (protocol is not (IpProtocols.Icmp or IpProtocols.Icmp6))
            return tuple.Swap();
        byte? type = protocol == IpProtocols.Icmp ? MirrorIcmp(tuple.IcmpType) : MirrorIcmp6(tuple.IcmpType);
        return type is { } t ? new(tuple.Destination, tuple.Source, tuple.SourcePort, tuple.SourcePort, t, tuple.IcmpCode) : null;
    }

    // nf_conntrack_proto_icmp.c invmap: echo, timestamp, information, address mask.
    private static byte? MirrorIcmp(byte type) =>
        type switch
        {
            8 => 0,
            0 => 8,
            13 => 14,
            14 => 13,
            15 => 16,
            16 => 15,
            17 => 18,
            18 => 17,
            _ => null,
        };

    // nf_conntrack_proto_icmpv6.c invmap: echo and node information.
    private static byte? MirrorIcmp6(byte type) =>
        type switch
        {
            128 => 129,
            129 => 128,
            139 => 140,
            140 => 139,
            _ => null,
        };
}
