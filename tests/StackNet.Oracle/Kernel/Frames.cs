using System.Buffers.Binary;
using StackNet.Engine.Facts;
using StackNet.Engine.Walk;

namespace StackNet.Oracle.Kernel;

/// <summary>Ethernet and IPv4 as bytes: made of a packet, and read back.</summary>
internal static class Frames
{
    public const ushort SyncType = 0x88b5; // IEEE 802 local experimental

    /// <summary>A frame; the length of <paramref name="packet"/> is filled in.</summary>
    /// <param name="packet">Header fields.</param>
    /// <param name="payload">Bytes behind the transport header.</param>
    public static byte[] Build(Packet packet, ReadOnlySpan<byte> payload)
    {
        byte[] body = Transport(packet, payload);
        packet.Length = 20 + body.Length;
        int tag = packet.Vlans.Count * 4;
        byte[] frame = new byte[14 + tag + packet.Length];
        Write(packet.DestinationMac, frame.AsSpan(0));
        Write(packet.SourceMac, frame.AsSpan(6));
        if (tag > 0)
        {
            BinaryPrimitives.WriteUInt16BigEndian(frame.AsSpan(12), EtherTypes.Vlan);
            BinaryPrimitives.WriteUInt16BigEndian(frame.AsSpan(14), (ushort)packet.Vlans[0].Id);
        }
        BinaryPrimitives.WriteUInt16BigEndian(frame.AsSpan(12 + tag), EtherTypes.Ip4);
        Span<byte> ip = frame.AsSpan(14 + tag);
        ip[0] = 0x45;
        ip[1] = packet.Tos;
        BinaryPrimitives.WriteUInt16BigEndian(ip[2..], (ushort)packet.Length);
        BinaryPrimitives.WriteUInt16BigEndian(ip[4..], packet.IpId);
        ip[6] = (byte)(packet.DontFragment ? 0x40 : 0);
        ip[8] = packet.Ttl;
        ip[9] = packet.Protocol;
        BinaryPrimitives.WriteUInt32BigEndian(ip[12..], (uint)packet.Source.Value);
        BinaryPrimitives.WriteUInt32BigEndian(ip[16..], (uint)packet.Destination.Value);
        BinaryPrimitives.WriteUInt16BigEndian(ip[10..], Checksum(ip[..20], 0));
        body.CopyTo(ip[20..]);
        return frame;
    }

    /// <summary>The announcement by which bridges learn where an address is.</summary>
    public static byte[] GratuitousArp(Mac mac, Ip address, int vlan)
    {
        byte[] frame = new byte[(vlan == 0 ? 14 : 18) + 28];
        Write(Mac.Broadcast, frame.AsSpan(0));
        Write(mac, frame.AsSpan(6));
        Span<byte> rest = frame.AsSpan(12);
        if (vlan != 0)
        {
            BinaryPrimitives.WriteUInt32BigEndian(rest, 0x8100_0000u | (uint)vlan);
            rest = rest[4..];
        }
        BinaryPrimitives.WriteUInt16BigEndian(rest, EtherTypes.Arp);
        ReadOnlySpan<byte> head = [0, 1, 8, 0, 6, 4, 0, 1];
        head.CopyTo(rest[2..]);
        Write(mac, rest[10..]);
        BinaryPrimitives.WriteUInt32BigEndian(rest[16..], (uint)address.Value);
        BinaryPrimitives.WriteUInt32BigEndian(rest[26..], (uint)address.Value);
        return frame;
    }

    private static byte[] Transport(Packet packet, ReadOnlySpan<byte> payload)
    {
        switch (packet.Protocol)
        {
            case IpProtocols.Icmp:
            {
                byte[] bytes = new byte[8 + payload.Length];
                bytes[0] = packet.IcmpType;
                bytes[1] = packet.IcmpCode;
                if (packet.Inner is null)
                {
                    BinaryPrimitives.WriteUInt16BigEndian(bytes.AsSpan(4), packet.IcmpId);
                    BinaryPrimitives.WriteUInt16BigEndian(bytes.AsSpan(6), packet.IcmpSequence);
                }
                payload.CopyTo(bytes.AsSpan(8));
                ushort sum = Checksum(bytes, 0);
                BinaryPrimitives.WriteUInt16BigEndian(bytes.AsSpan(2), (ushort)(packet.BadChecksum ? sum ^ 0x5555 : sum));
                return bytes;
            }
            case IpProtocols.Udp:
            {
                byte[] bytes = new byte[8 + payload.Length];
                Ports(packet, bytes);
                BinaryPrimitives.WriteUInt16BigEndian(bytes.AsSpan(4), (ushort)bytes.Length);
                payload.CopyTo(bytes.AsSpan(8));
                Finish(packet, bytes, 6);
                return bytes;
            }
            case IpProtocols.Tcp:
            {
                int head = packet.TcpMss is null ? 20 : 24;
                byte[] bytes = new byte[head + payload.Length];
                Ports(packet, bytes);
                BinaryPrimitives.WriteUInt32BigEndian(bytes.AsSpan(4), packet.TcpSequence);
                BinaryPrimitives.WriteUInt32BigEndian(bytes.AsSpan(8), packet.TcpAcknowledgment);
                bytes[12] = (byte)(head / 4 << 4);
                bytes[13] = (byte)packet.TcpFlags;
                BinaryPrimitives.WriteUInt16BigEndian(bytes.AsSpan(14), 64240);
                if (packet.TcpMss is { } mss)
                    BinaryPrimitives.WriteUInt32BigEndian(bytes.AsSpan(20), 0x0204_0000u | (uint)mss);
                payload.CopyTo(bytes.AsSpan(head));
                Finish(packet, bytes, 16);
                return bytes;
            }
            default:
                return payload.ToArray();
        }
    }

    private static void Ports(Packet packet, Span<byte> bytes)
    {
        BinaryPrimitives.WriteUInt16BigEndian(bytes, packet.SourcePort);
        BinaryPrimitives.WriteUInt16BigEndian(bytes[2..], packet.DestinationPort);
    }

    private static void Finish(Packet packet, Span<byte> bytes, int position)
    {
        uint pseudo = Half(packet.Source) + Half(packet.Destination) + packet.Protocol + (uint)bytes.Length;
        ushort sum = Checksum(bytes, pseudo);
        if (sum == 0)
            sum = 0xffff;
        BinaryPrimitives.WriteUInt16BigEndian(bytes[position..], (ushort)(packet.BadChecksum ? sum ^ 0x5555 : sum));
    }

    private static uint Half(Ip address) => ((uint)address.Value >> 16) + ((uint)address.Value & 0xffff);

    private static ushort Checksum(ReadOnlySpan<byte> bytes, uint start)
    {
        uint sum = start;
        for (int i = 0; i < bytes.Length; i++)
            sum += (i & 1) == 0 ? (uint)bytes[i] << 8 : bytes[i];
        while (sum >> 16 != 0)
            sum = (sum & 0xffff) + (sum >> 16);
        return (ushort)~sum;
    }

    private static void Write(Mac mac, Span<byte> to)
    {
        for (int i = 0; i < 6; i++)
            to[i] = (byte)(mac.Value >> (40 - (8 * i)));
    }

    /// <summary>A frame read back; null when it carries no IPv4.</summary>
    public static Seen? Parse(ReadOnlySpan<byte> frame, int vlan)
    {
        if (frame.Length < 34)
            return null;
        int at = 12;
        while (BinaryPrimitives.ReadUInt16BigEndian(frame[at..]) == EtherTypes.Vlan && frame.Length > at + 24)
        {
            vlan = BinaryPrimitives.ReadUInt16BigEndian(frame[(at + 2)..]) & 0xfff;
            at += 4;
        }
        if (BinaryPrimitives.ReadUInt16BigEndian(frame[at..]) != EtherTypes.Ip4 || ParseIp(frame[(at + 2)..]) is not { } seen)
            return null;
        seen.Packet.DestinationMac = Mac.FromBytes(frame[..6]);
        seen.Packet.SourceMac = Mac.FromBytes(frame[6..12]);
        if (vlan != 0)
            seen.Packet.Vlans.Add(new VlanTag(vlan));
        return seen;
    }

    /// <summary>An IPv4 packet read back.</summary>
    public static Seen? ParseIp(ReadOnlySpan<byte> raw)
    {
        if (raw.Length < 20 || raw[0] >> 4 != 4)
            return null;
        int head = (raw[0] & 15) * 4;
        int length = BinaryPrimitives.ReadUInt16BigEndian(raw[2..]);
        ReadOnlySpan<byte> network = length >= head && length <= raw.Length ? raw[..length] : raw;
        if (head > network.Length)
            return null;
        ReadOnlySpan<byte> body = network[head..];
        Packet packet = new()
        {
            Tos = raw[1],
            Length = length,
            IpId = BinaryPrimitives.ReadUInt16BigEndian(raw[4..]),
            DontFragment = (raw[6] & 0x40) != 0,
            MoreFragments = (raw[6] & 0x20) != 0,
            FragmentOffset = (BinaryPrimitives.ReadUInt16BigEndian(raw[6..]) & 0x1fff) * 8,
            Ttl = raw[8],
            Protocol = raw[9],
            Source = Ip.V4(BinaryPrimitives.ReadUInt32BigEndian(raw[12..])),
            Destination = Ip.V4(BinaryPrimitives.ReadUInt32BigEndian(raw[16..])),
        };
        int skip = 0;
        // A later fragment has no transport header.
        if (packet.FragmentOffset != 0)
            return new Seen(packet, network.ToArray(), body.ToArray());
        if (packet.Protocol == IpProtocols.Icmp && body.Length >= 8)
        {
            packet.IcmpType = body[0];
            packet.IcmpCode = body[1];
            skip = 8;
            if (body[0] is 3 or 4 or 5 or 11 or 12)
                packet.Inner = ParseIp(body[8..])?.Packet;
            else
            {
                packet.IcmpId = BinaryPrimitives.ReadUInt16BigEndian(body[4..]);
                packet.IcmpSequence = BinaryPrimitives.ReadUInt16BigEndian(body[6..]);
            }
        }
        else if (packet.Protocol is IpProtocols.Tcp or IpProtocols.Udp && body.Length >= 8)
        {
            packet.SourcePort = BinaryPrimitives.ReadUInt16BigEndian(body);
            packet.DestinationPort = BinaryPrimitives.ReadUInt16BigEndian(body[2..]);
            skip = 8;
            if (packet.Protocol == IpProtocols.Tcp)
            {
                packet.TcpSequence = BinaryPrimitives.ReadUInt32BigEndian(body[4..]);
                skip = body.Length;
                if (body.Length >= 20)
                {
                    packet.TcpAcknowledgment = BinaryPrimitives.ReadUInt32BigEndian(body[8..]);
                    packet.TcpFlags = (TcpFlags)body[13];
                    skip = Math.Min(body.Length, (body[12] >> 4) * 4);
                    packet.TcpMss = Mss(body[20..Math.Max(20, skip)]);
                }
            }
        }
        return new Seen(packet, network.ToArray(), body[skip..].ToArray());
    }

    private static int? Mss(ReadOnlySpan<byte> options)
    {
        while (options.Length >= 2 && options[0] != 0)
        {
            if (options[0] == 1)
            {
                options = options[1..];
                continue;
            }
            if (options[0] == 2 && options.Length >= 4)
                return BinaryPrimitives.ReadUInt16BigEndian(options[2..]);
            if (options[1] < 2 || options[1] > options.Length)
                return null;
            options = options[options[1]..];
        }
        return null;
    }
}

/// <summary>A packet as it was seen somewhere.</summary>
/// <param name="Packet">Header fields.</param>
/// <param name="Network">The IP packet's bytes.</param>
/// <param name="Payload">What follows the transport header.</param>
internal sealed record Seen(Packet Packet, byte[] Network, byte[] Payload);
