using StackNet.Engine.Facts;
using StackNet.Engine.Walk.Conntrack;

namespace StackNet.Engine.Walk;

/// <summary>Ethertypes that the walk tells apart.</summary>
internal static class EtherTypes
{
    public const ushort Ip4 = 0x0800;
    public const ushort Arp = 0x0806;
    public const ushort Vlan = 0x8100;
    public const ushort Ip6 = 0x86dd;
    public const ushort QinQ = 0x88a8;
}

/// <summary>IP protocol numbers (IANA).</summary>
internal static class IpProtocols
{
    public const byte Icmp = 1;
    public const byte Igmp = 2;
    public const byte Tcp = 6;
    public const byte Udp = 17;
    public const byte Dccp = 33;
    public const byte Gre = 47;
    public const byte Esp = 50;
    public const byte Ah = 51;
    public const byte Icmp6 = 58;
    public const byte Sctp = 132;
    public const byte UdpLite = 136;
}

/// <summary>TCP header flags, as bits of the header.</summary>
[Flags]
internal enum TcpFlags
{
    None = 0,
    Fin = 1,
    Syn = 2,
    Rst = 4,
    Psh = 8,
    Ack = 16,
    Urg = 32,
    Ece = 64,
    Cwr = 128,
}

/// <summary>skb->pkt_type (linux/if_packet.h).</summary>
internal enum PacketType
{
    Host,
    Broadcast,
    Multicast,
    OtherHost,
    Outgoing,
}

/// <summary>
/// A packet on its way: header fields and what the kernel keeps beside them in the skb. Mutable, one per copy: a machine that
/// floods makes a <see cref="Clone"/> a copy.
/// </summary>
internal sealed class Packet
{
    public Mac SourceMac { get; set; }
    public Mac DestinationMac { get; set; }

    /// <summary>Ethertype of the payload, VLAN tags not counted.</summary>
    public ushort EtherType { get; set; } = EtherTypes.Ip4;

    /// <summary>VLAN tags, outermost last (so that push and pop work on the end).</summary>
    public List<VlanTag> Vlans { get; private set; } = [];

    // IP
    public Ip Source { get; set; }
    public Ip Destination { get; set; }
    public byte Protocol { get; set; }
    public byte Ttl { get; set; } = 64;
    public byte Tos { get; set; }

    /// <summary>Total length of the IP packet in bytes.</summary>
    public int Length { get; set; } = 84;
    public ushort IpId { get; set; }
    public bool DontFragment { get; set; }
    public bool MoreFragments { get; set; }

    /// <summary>Fragment offset in bytes; anything but 0 has no transport header.</summary>
    public int FragmentOffset { get; set; }

    /// <summary>
    /// Not 0: this first fragment stands for all fragments of one packet, which go the same way; length in bytes of the whole.
    /// </summary>
    public int FragmentsOf { get; set; }

    /// <summary>Not 0: put together from fragments; length of the largest in bytes (frag_max_size of the kernel).</summary>
    public int LargestFragment { get; set; }

    // transport; for ICMP the id is here too (in both ports, as conntrack keeps it) only inside tuples
    public ushort SourcePort { get; set; }
    public ushort DestinationPort { get; set; }
    public TcpFlags TcpFlags { get; set; }
    public uint TcpSequence { get; set; }
    public uint TcpAcknowledgment { get; set; }
    public int? TcpMss { get; set; }
    public byte IcmpType { get; set; }
    public byte IcmpCode { get; set; }
    public ushort IcmpId { get; set; }
    public ushort IcmpSequence { get; set; }

    /// <summary>Next-hop MTU of a "fragmentation needed".</summary>
    public int IcmpMtu { get; set; }

    /// <summary>The packet that an ICMP error quotes.</summary>
    public Packet? Inner { get; set; }
    public bool BadChecksum { get; set; }

    /// <summary>True when the transport checksum was left for the hardware (CHECKSUM_PARTIAL): an AF_PACKET reader gets it unfinished.</summary>
    public bool PartialChecksum { get; set; }

    // ARP (RFC 826)
    public ushort ArpOperation { get; set; }
    public Ip ArpSenderIp { get; set; }
    public Ip ArpTargetIp { get; set; }
    public Mac ArpSenderMac { get; set; }
    public Mac ArpTargetMac { get; set; }

    /// <summary>Target of a neighbour solicitation or advertisement (RFC 4861); its link-layer option is in the ARP addresses.</summary>
    public Ip NdTarget { get; set; }

    /// <summary>The frame inside of a tunnel header, when this packet is the outer one (VXLAN, Geneve, GRE).</summary>
    public TunnelPayload? Tunnel { get; set; }

    // what the skb carries
    public uint Mark { get; set; }
    public uint Priority { get; set; }
    public PacketType Type { get; set; }

    /// <summary>The connection this packet belongs to in the namespace where it is now; cleared when it leaves the namespace.</summary>
    public ConntrackLink Conntrack { get; set; }

    /// <summary>Zone that a CT target or ct zone statement asked for (template), until conntrack looks the packet up.</summary>
    public ushort TemplateZone { get; set; }

    /// <summary>Direction that <see cref="TemplateZone"/> is for (CT --zone-orig, --zone-reply).</summary>
    public ConntrackZoneDirection TemplateZoneDirection { get; set; }

    /// <summary>A conntrack template hangs on the packet (CT target): a second one is ignored, and conntrack takes it away.</summary>
    public bool HasTemplate { get; set; }

    /// <summary>NOTRACK was asked for.</summary>
    public bool NoTrack { get; set; }

    /// <summary>An ICMP error of the node about a packet that was not its own: routed before its source was chosen (icmp_route_lookup).</summary>
    public bool RoutedWithoutSource { get; set; }

    /// <summary>IP options are there (bytes beyond 20 of the IPv4 header).</summary>
    public int IpOptionsLength { get; set; }

    public bool IsIp => EtherType is EtherTypes.Ip4 or EtherTypes.Ip6;
    public bool IsFragment => MoreFragments || FragmentOffset != 0;
    public int? OuterVlanId => Vlans.Count == 0 ? null : Vlans[^1].Id;

    /// <summary>Becomes the first of the fragments that fit <paramref name="mtu"/>, for all of them; payloads are multiples of 8 bytes (RFC 791).</summary>
    public void Split(int mtu)
    {
        int header = 20 + IpOptionsLength;
        if (FragmentsOf == 0)
            FragmentsOf = Length;
        Length = header + ((mtu - header) & ~7);
        MoreFragments = true;
        LargestFragment = 0;
    }

    /// <summary>Becomes the whole packet again, when it stands for all of its fragments.</summary>
    public void Join()
    {
        if (FragmentsOf == 0)
            return;
        LargestFragment = Length;
        Length = FragmentsOf;
        FragmentsOf = 0;
        MoreFragments = false;
    }

    public Packet Clone()
    {
        Packet copy = (Packet)MemberwiseClone();
        copy.Vlans = [.. Vlans];
        copy.Inner = Inner?.Clone();
        if (Tunnel is not null)
            copy.Tunnel = Tunnel with { Frame = Tunnel.Frame.Clone() };
        return copy;
    }

    /// <summary>Becomes what <paramref name="saved"/> is: takes back everything that a hook has changed.</summary>
    public void Restore(Packet saved)
    {
        SourceMac = saved.SourceMac;
        DestinationMac = saved.DestinationMac;
        EtherType = saved.EtherType;
        Vlans = [.. saved.Vlans];
        Source = saved.Source;
        Destination = saved.Destination;
        Protocol = saved.Protocol;
        Ttl = saved.Ttl;
        Tos = saved.Tos;
        Length = saved.Length;
        IpId = saved.IpId;
        DontFragment = saved.DontFragment;
        MoreFragments = saved.MoreFragments;
        FragmentOffset = saved.FragmentOffset;
        FragmentsOf = saved.FragmentsOf;
        LargestFragment = saved.LargestFragment;
        SourcePort = saved.SourcePort;
        DestinationPort = saved.DestinationPort;
        TcpFlags = saved.TcpFlags;
        TcpSequence = saved.TcpSequence;
        TcpAcknowledgment = saved.TcpAcknowledgment;
        TcpMss = saved.TcpMss;
        IcmpType = saved.IcmpType;
        IcmpCode = saved.IcmpCode;
        IcmpId = saved.IcmpId;
        IcmpSequence = saved.IcmpSequence;
        IcmpMtu = saved.IcmpMtu;
        Inner = saved.Inner?.Clone();
        BadChecksum = saved.BadChecksum;
        PartialChecksum = saved.PartialChecksum;
        ArpOperation = saved.ArpOperation;
        ArpSenderIp = saved.ArpSenderIp;
        ArpTargetIp = saved.ArpTargetIp;
        ArpSenderMac = saved.ArpSenderMac;
        ArpTargetMac = saved.ArpTargetMac;
        Mark = saved.Mark;
        Priority = saved.Priority;
        Type = saved.Type;
        Conntrack = saved.Conntrack;
        TemplateZone = saved.TemplateZone;
        TemplateZoneDirection = saved.TemplateZoneDirection;
        HasTemplate = saved.HasTemplate;
        NoTrack = saved.NoTrack;
        IpOptionsLength = saved.IpOptionsLength;
    }

    /// <summary>Nothing that a later hook, a route or a receiver could notice differs (the connection is compared apart).</summary>
    public bool SameAs(Packet other) =>
        SourceMac == other.SourceMac
        && DestinationMac == other.DestinationMac
        && EtherType == other.EtherType
        && Vlans.SequenceEqual(other.Vlans)
        && Source == other.Source
        && Destination == other.Destination
        && Protocol == other.Protocol
        && Ttl == other.Ttl
        && Tos == other.Tos
        && Length == other.Length
        && FragmentsOf == other.FragmentsOf
        && SourcePort == other.SourcePort
        && DestinationPort == other.DestinationPort
        && TcpFlags == other.TcpFlags
        && TcpMss == other.TcpMss
        && IcmpType == other.IcmpType
        && IcmpCode == other.IcmpCode
        && IcmpId == other.IcmpId
        && Mark == other.Mark
        && Priority == other.Priority
        && Conntrack.Info == other.Conntrack.Info
        && TemplateZone == other.TemplateZone
        && TemplateZoneDirection == other.TemplateZoneDirection
        && NoTrack == other.NoTrack
        && (Inner is null == other.Inner is null)
        && (Inner is null || Inner.SameAs(other.Inner!));

    /// <summary>The header as users see it.</summary>
    public PacketHeader ToHeader()
    {
        bool ports = Protocol is IpProtocols.Tcp or IpProtocols.Udp or IpProtocols.Sctp or IpProtocols.Dccp or IpProtocols.UdpLite;
        bool icmp = Protocol is IpProtocols.Icmp or IpProtocols.Icmp6;
        if (EtherType == EtherTypes.Arp)
        {
            return new PacketHeader
            {
                Protocol = ArpOperation == 1 ? "Arp request" : "Arp reply",
                SourceAddress = ArpSenderIp.ToIPAddress(),
                DestinationAddress = ArpTargetIp.ToIPAddress(),
                SourceMac = SourceMac.ToString(),
                DestinationMac = DestinationMac.ToString(),
                VlanId = OuterVlanId,
                Mark = Mark,
            };
        }
        return new PacketHeader
        {
            SourceAddress = Source.ToIPAddress(),
            DestinationAddress = Destination.ToIPAddress(),
            Protocol = ProtocolName(Protocol),
            SourcePort = ports ? SourcePort : null,
            DestinationPort = ports ? DestinationPort : null,
            TcpFlags = Protocol == IpProtocols.Tcp ? FlagLetters(TcpFlags) : null,
            IcmpType = icmp ? IcmpType : null,
            IcmpCode = icmp ? IcmpCode : null,
            IcmpId = icmp ? IcmpId : null,
            SourceMac = SourceMac.ToString(),
            DestinationMac = DestinationMac.ToString(),
            VlanId = OuterVlanId,
            Ttl = Ttl,
            Tos = Tos,
            Length = Length,
            DontFragment = DontFragment,
            Mark = Mark,
            TcpMss = Protocol == IpProtocols.Tcp ? TcpMss : null,
            Inner = Inner?.ToHeader(),
        };
    }

    /// <summary>Icmp, Tcp, Udp … or the number.</summary>
    public static string ProtocolName(byte protocol) =>
        protocol switch
        {
            IpProtocols.Icmp => "Icmp",
            IpProtocols.Tcp => "Tcp",
            IpProtocols.Udp => "Udp",
            IpProtocols.Icmp6 => "Icmpv6",
            IpProtocols.Sctp => "Sctp",
            IpProtocols.Dccp => "Dccp",
            IpProtocols.UdpLite => "Udplite",
            IpProtocols.Gre => "Gre",
            IpProtocols.Esp => "Esp",
            IpProtocols.Ah => "Ah",
            _ => protocol.ToString(System.Globalization.CultureInfo.InvariantCulture),
        };

    private static string FlagLetters(TcpFlags flags)
    {
        const string letters = "FSRPAUEC";
        Span<char> text = stackalloc char[8];
        int length = 0;
        for (int bit = 0; bit < 8; bit++)
        {
            if (((int)flags >> bit & 1) == 1)
                text[length++] = letters[bit];
        }
        return new string(text[..length]);
    }

    public override string ToString() => ToHeader().ToString();
}

/// <summary>An 802.1Q or 802.1ad tag.</summary>
/// <param name="Id">VLAN id, 0 to 4095.</param>
/// <param name="Priority">PCP, 0 to 7.</param>
/// <param name="Protocol">Ethertype of the tag.</param>
internal readonly record struct VlanTag(int Id, int Priority = 0, ushort Protocol = EtherTypes.Vlan);

/// <summary>What a tunnel's outer packet carries.</summary>
/// <param name="Kind">vxlan, geneve, gre.</param>
/// <param name="Id">VNI or key.</param>
/// <param name="Frame">The frame.</param>
internal sealed record TunnelPayload(string Kind, ulong Id, Packet Frame);
