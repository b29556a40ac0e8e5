using StackNet.Engine.Facts;
using StackNet.Engine.Walk;
using Device = StackNet.Engine.Walk.Devices.Device;

namespace StackNet.Engine.Causes;

/// <summary>Makes a packet of a request: what was left out is what a fresh ordinary packet has.</summary>
internal static class FreshPacket
{
    private const ushort EphemeralPort = 51712;
    private const ushort EchoId = 0x5344;

    /// <summary>IPv4 header and TCP header without options.</summary>
    private const int BareTcp = 40;
    private const string FlagLetters = "FSRPAUEC";

    /// <summary>The packet of a request.</summary>
    /// <param name="request">What was asked.</param>
    /// <param name="device">The device it arrives on, null for one of the node's own.</param>
    /// <exception cref="ArgumentException">The parts contradict each other or one is missing.</exception>
    public static Packet Of(NetworkPacketRequest request, Device? device)
    {
        bool isV6 = request.DestinationAddress.IsV6;
        Ip source = request.SourceAddress ?? DefaultSource(request, device, isV6);
        if (source.IsV6 != isV6)
            throw new ArgumentException($"{source} and {request.DestinationAddress} are not of the same family.");
        Packet packet = Transport(request, source, isV6);
        packet.Ttl = request.Ttl ?? 64;
        packet.Tos = request.Tos ?? 0;
        packet.DontFragment = request.DontFragment;
        packet.Mark = request.Mark;
        packet.Length = request.Length ?? DefaultLength(packet);
        if (packet.Protocol == IpProtocols.Tcp && packet.TcpFlags.HasFlag(TcpFlags.Syn))
            // A SYN announces its segment size, unless its length leaves no room for an option.
            packet.TcpMss = request.TcpMss ?? (packet.Length <= BareTcp ? null : 1460);
        if (request.VlanId is { } vlan)
            packet.Vlans.Add(new VlanTag(vlan));
        if (device is not null)
        {
            packet.SourceMac = request.SourceMac ?? SenderMac(device, source);
            packet.DestinationMac = request.DestinationMac ?? TargetMac(device, packet.Destination);
        }
        if (request.Inner is { } inner)
        {
            if (inner.SourceAddress is not { } innerSource)
                throw new ArgumentException("The inner packet needs a SourceAddress.");
            packet.Inner = Transport(inner, innerSource, inner.DestinationAddress.IsV6);
            packet.Inner.Ttl = inner.Ttl ?? 64;
        }
        return packet;
    }

    private static Packet Transport(NetworkPacketRequest request, Ip source, bool isV6)
    {
        byte protocol = request.Protocol ?? IpProtocols.Icmp;
        if (isV6 && protocol == IpProtocols.Icmp)
            protocol = IpProtocols.Icmp6;
        Packet packet = new()
        {
            EtherType = isV6 ? EtherTypes.Ip6 : EtherTypes.Ip4,
            Source = source,
            Destination = request.DestinationAddress,
            Protocol = protocol,
        };
        switch (protocol)
        {
            case IpProtocols.Icmp or IpProtocols.Icmp6:
                bool error = request.Inner is not null;
                packet.IcmpType = request.IcmpType ?? (isV6 ? (byte)(error ? 1 : 128) : (byte)(error ? 3 : 8));
                packet.IcmpCode = request.IcmpCode ?? (byte)(error && !isV6 ? 1 : 0);
                packet.IcmpId = request.IcmpId ?? (error ? (ushort)0 : EchoId);
                packet.IcmpSequence = error ? (ushort)0 : (ushort)1;
                break;
            case IpProtocols.Tcp:
                Ports(packet, request, destination: 80);
                packet.TcpFlags = Flags(request.TcpFlags ?? "S");
                packet.TcpSequence = request.TcpSequence ?? 1000;
                packet.TcpAcknowledgment = request.TcpAcknowledgment ?? (packet.TcpFlags.HasFlag(TcpFlags.Ack) ? 1u : 0u);
                break;
            case IpProtocols.Udp or IpProtocols.UdpLite or IpProtocols.Sctp or IpProtocols.Dccp:
                Ports(packet, request, destination: 53);
                break;
        }
        return packet;
    }

    private static void Ports(Packet packet, NetworkPacketRequest request, ushort destination)
    {
        packet.SourcePort = request.SourcePort ?? EphemeralPort;
        packet.DestinationPort = request.DestinationPort ?? destination;
    }

    /// <summary>Flags by their letters, in any order and case.</summary>
    public static TcpFlags Flags(string letters)
    {
        TcpFlags flags = TcpFlags.None;
        foreach (char letter in letters)
        {
            int bit = FlagLetters.IndexOf(char.ToUpperInvariant(letter));
            if (bit < 0)
                throw new ArgumentException($"'{letter}' is no TCP flag: the letters are {FlagLetters}.");
            flags |= (TcpFlags)(1 << bit);
        }
        return flags;
    }

    private static int DefaultLength(Packet packet) =>
        packet.Protocol switch
        {
            IpProtocols.Icmp when packet.IcmpType is 0 or 8 => 84,
            IpProtocols.Icmp => 56,
            IpProtocols.Tcp when packet.TcpFlags.HasFlag(TcpFlags.Syn) => 60,
            IpProtocols.Tcp => 52,
            _ => 60,
        };

    private static Ip DefaultSource(NetworkPacketRequest request, Device? device, bool isV6)
    {
        if (device is null)
            return isV6 ? Ip.V6(UInt128.Zero) : Ip.V4(0);
        foreach (NeighbourFacts neighbour in device.Net.Facts.Neighbours ?? [])
        {
            if (neighbour.Device == device.Name && neighbour.Address.IsV6 == isV6 && neighbour is { Mac: not null, IsProxy: false })
                return neighbour.Address;
        }
        throw new ArgumentException(
            $"{request.Device} has no {(isV6 ? "IPv6" : "IPv4")} neighbour that could be the sender: a source address is needed."
        );
    }

    private static Mac SenderMac(Device device, Ip source) => device.Net.Neighbour(device.Name, source)?.Mac ?? NodeOutside.UpstreamMac;

    private static Mac TargetMac(Device device, Ip destination)
    {
        if (destination.IsLimitedBroadcast)
            return Mac.Broadcast;
        if (!destination.IsMulticast)
            return device.Mac;
        // RFC 1112: the low 23 bits of an IPv4 group; RFC 2464: the low 32 bits of an IPv6 group.
        return destination.IsV6
            ? new Mac(0x3333_0000_0000 | (ulong)(destination.Value & uint.MaxValue))
            : new Mac(0x0100_5e00_0000 | (ulong)(destination.Value & 0x7f_ffff));
    }
}
