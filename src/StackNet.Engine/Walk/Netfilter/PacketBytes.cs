using StackNet.Engine.Facts;

namespace StackNet.Engine.Walk.Netfilter;

/// <summary>
/// The bytes of a packet as far as its fields tell them, from the network header on, with a mask that says which bits are known. Checksums, windows
/// and payloads are not held.
/// </summary>
internal sealed class PacketBytes
{
    // Fixed headers and a quoted packet; what lies behind is payload.
    private const int Most = 192;
    private readonly byte[] _data;
    private readonly byte[] _known;

    private PacketBytes(Packet packet)
    {
        Length = packet.EtherType == EtherTypes.Arp ? 28 : Math.Max(packet.Length, 20);
        _data = new byte[Math.Min(Length, Most)];
        _known = new byte[_data.Length];
        switch (packet.EtherType)
        {
            case EtherTypes.Ip4:
                TransportOffset = Ip4(packet, 0);
                break;
            case EtherTypes.Ip6:
                TransportOffset = 40;
                Ip6(packet);
                break;
            case EtherTypes.Arp:
                Arp(packet);
                break;
        }
        if (packet.IsIp && packet.FragmentOffset == 0)
            Transport(packet, TransportOffset);
    }

    /// <summary>Length from the network header on (skb->len).</summary>
    public int Length { get; }

    /// <summary>Where the transport header begins.</summary>
    public int TransportOffset { get; }

    public static PacketBytes Of(Packet packet) => new(packet);

    /// <summary>A byte and which of its bits are known.</summary>
    public (byte Value, byte Known) this[int at] => at < _data.Length ? (_data[at], _known[at]) : ((byte)0, (byte)0);

    /// <summary>Bits from a bit offset on; null when they lie beyond the end of the packet.</summary>
    public (UInt128 Value, UInt128 Known)? Bits(int offset, int count)
    {
        if (offset < 0 || count is < 1 or > 128 || (offset + count + 7) / 8 > Length)
            return null;
        UInt128 value = 0;
        UInt128 known = 0;
        for (int bit = offset; bit < offset + count; bit++)
        {
            (byte data, byte mask) = this[bit / 8];
            int shift = 7 - bit % 8;
            value = value << 1 | (uint)(data >> shift & 1);
            known = known << 1 | (uint)(mask >> shift & 1);
        }
        return (value & known, known);
    }

    private void Put(int at, int size, UInt128 value, bool isKnown = true)
    {
        for (int i = 0; i < size && at + i < _data.Length; i++)
        {
            if (!isKnown)
                continue;
            _data[at + i] = (byte)(value >> (8 * (size - 1 - i)));
            _known[at + i] = 0xff;
        }
    }

    // A packet whose identification nobody gave has an unknown one, and then its checksum is unknown too.
    private int Ip4(Packet packet, int at)
    {
        int size = 20 + packet.IpOptionsLength;
        Put(at, 1, (UInt128)(0x40 | size / 4));
        Put(at + 1, 1, packet.Tos);
        Put(at + 2, 2, (UInt128)packet.Length);
        Put(at + 4, 2, packet.IpId, packet.IpId != 0);
        Put(at + 6, 2, (UInt128)((packet.DontFragment ? 0x4000 : 0) | (packet.MoreFragments ? 0x2000 : 0) | packet.FragmentOffset / 8));
        Put(at + 8, 1, packet.Ttl);
        Put(at + 9, 1, packet.Protocol);
        Put(at + 12, 4, packet.Source.Value);
        Put(at + 16, 4, packet.Destination.Value);
        if (packet.IpId != 0 && size == 20 && at + 20 <= _data.Length)
        {
            uint sum = 0;
            for (int i = at; i < at + 20; i += 2)
                sum += (uint)(_data[i] << 8 | _data[i + 1]);
            while (sum >> 16 != 0)
                sum = (sum & 0xffff) + (sum >> 16);
            Put(at + 10, 2, ~sum & 0xffff);
        }
        return at + size;
    }

    private void Ip6(Packet packet)
    {
        Put(0, 1, (UInt128)(0x60 | packet.Tos >> 4));
        if (_data.Length > 1)
        {
            _data[1] = (byte)(packet.Tos << 4);
            _known[1] = 0xf0;
        }
        Put(4, 2, (UInt128)Math.Max(0, packet.Length - 40));
        Put(6, 1, packet.Protocol);
        Put(7, 1, packet.Ttl);
        Put(8, 16, packet.Source.Value);
        Put(24, 16, packet.Destination.Value);
    }

    private void Arp(Packet packet)
    {
        Put(0, 2, 1);
        Put(2, 2, EtherTypes.Ip4);
        Put(4, 1, 6);
        Put(5, 1, 4);
        Put(6, 2, packet.ArpOperation);
        Put(8, 6, packet.ArpSenderMac.Value);
        Put(14, 4, packet.ArpSenderIp.Value);
        Put(18, 6, packet.ArpTargetMac.Value);
        Put(24, 4, packet.ArpTargetIp.Value);
    }

    private void Transport(Packet packet, int at)
    {
        switch (packet.Protocol)
        {
            case IpProtocols.Tcp:
                Tcp(packet, at);
                break;
            case IpProtocols.Udp:
                Put(at, 2, packet.SourcePort);
                Put(at + 2, 2, packet.DestinationPort);
                Put(at + 4, 2, (UInt128)Math.Max(0, packet.Length - at), !packet.MoreFragments);
                break;
            case IpProtocols.UdpLite or IpProtocols.Sctp or IpProtocols.Dccp:
                Put(at, 2, packet.SourcePort);
                Put(at + 2, 2, packet.DestinationPort);
                break;
            case IpProtocols.Icmp or IpProtocols.Icmp6:
                Icmp(packet, at);
                break;
        }
    }

    // Which options a segment has is known only when there is no room for any, or just for the size that was given.
    private void Tcp(Packet packet, int at)
    {
        Put(at, 2, packet.SourcePort);
        Put(at + 2, 2, packet.DestinationPort);
        Put(at + 4, 4, packet.TcpSequence, packet.TcpSequence != 0);
        bool acknowledges = packet.TcpFlags.HasFlag(TcpFlags.Ack);
        Put(at + 8, 4, packet.TcpAcknowledgment, packet.TcpAcknowledgment != 0 || !acknowledges);
        int rest = packet.Length - at - 20;
        int options = packet.TcpMss is null ? 0 : 4;
        Put(at + 12, 1, (UInt128)((5 + options / 4) << 4), rest == options);
        Put(at + 13, 1, (UInt128)(int)packet.TcpFlags);
        Put(at + 18, 2, 0, !packet.TcpFlags.HasFlag(TcpFlags.Urg));
        if (rest == 4 && packet.TcpMss is { } mss)
            Put(at + 20, 4, (UInt128)(0x0204_0000u | (uint)mss));
    }

    private void Icmp(Packet packet, int at)
    {
        Put(at, 1, packet.IcmpType);
        Put(at + 1, 1, packet.IcmpCode);
        if (packet.Inner is { } inner && packet.EtherType == EtherTypes.Ip4)
        {
            Put(at + 4, 2, 0);
            Put(at + 6, 2, (UInt128)packet.IcmpMtu);
            int next = Ip4(inner, at + 8);
            // The quoted addresses are certain; its own length and checksum are those it had elsewhere.
            if (at + 20 <= _known.Length)
                _known.AsSpan(at + 18, 2).Clear();
            if (inner.FragmentOffset == 0)
                Transport(inner, next);
            return;
        }
        Put(at + 4, 2, packet.IcmpId);
        Put(at + 6, 2, packet.IcmpSequence, packet.IcmpSequence != 0);
    }
}
