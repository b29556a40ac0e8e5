using System.Globalization;
using StackNet.Engine.Facts;
using StackNet.Engine.Walk.Conntrack;
using StackNet.Engine.Walk.Devices;
using StackNet.Engine.Walk.Netfilter;

namespace StackNet.Engine.Walk;

/// <summary>What the node itself sends because of a packet: echo replies, resets, ICMP errors, the answers of REJECT.</summary>
internal sealed partial class Walker
{
    /// <summary>Source of an ICMP error of a node without any address (RFC 7600).</summary>
    private static readonly Ip Dummy = Ip.V4(0xc0000008);

    private void Emit(EmittedKind kind, Device device, Packet packet, bool ifNobodyListens = false, bool outOfDevice = false) =>
        _outcome.Emitted.Add(
            new EmittedPacket
            {
                Kind = kind,
                Namespace = device.Net.Name,
                Device = device.Name,
                Packet = packet,
                IfNobodyListens = ifNobodyListens,
                OutOfDevice = outOfDevice,
            }
        );

    /// <summary>The protocols behind ip_local_deliver.</summary>
    private void Answer(Device device, Packet packet, bool isBroadcast)
    {
        if (packet.FragmentOffset != 0 || packet.BadChecksum)
            return;
        // ICMP looks at the route alone (icmp_rcv), TCP and UDP at the frame too.
        bool echoToGroup = isBroadcast || packet.Destination.IsMulticast;
        bool toGroup = isBroadcast || packet.Type is PacketType.Broadcast or PacketType.Multicast;
        byte ttl = (byte)(device.Net.Sysctls.Get("net.ipv4.ip_default_ttl") ?? 64);
        switch (packet.Protocol)
        {
            case IpProtocols.Icmp:
                bool ignored = device.Net.Sysctls.Get("net.ipv4.icmp_echo_ignore_all") is > 0;
                // icmp_timestamp knows no switch but the one for groups.
                if (packet.IcmpType == 13 && !echoToGroup)
                {
                    Packet stamp = Back(packet, ttl);
                    stamp.IcmpType = 14;
                    stamp.IcmpId = packet.IcmpId;
                    stamp.IcmpSequence = packet.IcmpSequence;
                    stamp.Length = 40;
                    stamp.Tos = packet.Tos;
                    Emit(EmittedKind.EchoReply, device, stamp);
                    return;
                }
                if (
                    packet.IcmpType != 8
                    || ignored
                    || (echoToGroup && device.Net.Sysctls.Get("net.ipv4.icmp_echo_ignore_broadcasts") is null or > 0)
                )
                    return;
                Packet echo = Back(packet, ttl);
                echo.IcmpType = 0;
                echo.IcmpCode = packet.IcmpCode;
                echo.IcmpId = packet.IcmpId;
                echo.IcmpSequence = packet.IcmpSequence;
                echo.Length = packet.Length;
                echo.Tos = packet.Tos;
                Emit(EmittedKind.EchoReply, device, echo);
                return;
            case IpProtocols.Tcp:
                if (!toGroup)
                    AnswerTcp(device, packet, ttl);
                return;
            case IpProtocols.Udp or IpProtocols.UdpLite:
                bool? listens = Listens(device, packet, "udp");
                if (!toGroup && listens != true && IcmpError(device, packet, type: 3, code: 3) is { } unreachable)
                {
                    // udp_rcv has let go of the connection (nf_reset_ct) before it finds no socket.
                    unreachable.Conntrack = default;
                    Emit(EmittedKind.IcmpError, device, unreachable, ifNobodyListens: listens is null);
                }
                return;
            case IpProtocols.Igmp:
                return;
            default:
                if (!toGroup && IcmpError(device, packet, type: 3, code: 2) is { } protocol)
                    Emit(EmittedKind.IcmpError, device, protocol, ifNobodyListens: true);
                return;
        }
    }

    private void AnswerTcp(Device device, Packet packet, byte ttl)
    {
        if (packet.TcpFlags.HasFlag(TcpFlags.Rst))
            return;
        bool? listens = Listens(device, packet, "tcp");
        bool isSyn = (packet.TcpFlags & (TcpFlags.Syn | TcpFlags.Ack)) == TcpFlags.Syn;
        Packet answer = Back(packet, ttl);
        // tcp_v4_send_reset takes the type of service over, and routes by it.
        answer.Tos = packet.Tos;
        answer.Length = 40;
        if (listens == true && isSyn)
        {
            answer.TcpFlags = TcpFlags.Syn | TcpFlags.Ack;
            answer.TcpSequence = 1;
            answer.TcpAcknowledgment = packet.TcpSequence + 1;
            answer.DontFragment = true;
            Emit(EmittedKind.TcpSynAck, device, answer);
            return;
        }
        Reset(answer, packet);
        Emit(EmittedKind.TcpReset, device, answer, ifNobodyListens: listens is null);
    }

    /// <summary>RFC 793: a reset takes its sequence from the acknowledgment, or acknowledges what had none.</summary>
    private static void Reset(Packet answer, Packet packet)
    {
        if (packet.TcpFlags.HasFlag(TcpFlags.Ack))
        {
            answer.TcpFlags = TcpFlags.Rst;
            answer.TcpSequence = packet.TcpAcknowledgment;
            return;
        }
        answer.TcpFlags = TcpFlags.Rst | TcpFlags.Ack;
        uint payload = (uint)Math.Max(0, packet.Length - 40);
        uint flags = (packet.TcpFlags.HasFlag(TcpFlags.Syn) ? 1u : 0) + (packet.TcpFlags.HasFlag(TcpFlags.Fin) ? 1u : 0);
        answer.TcpAcknowledgment = packet.TcpSequence + flags + payload;
    }

    private static bool? Listens(Device device, Packet packet, string protocol)
    {
        if (device.Net.Facts.Listening is not { } sockets)
            return null;
        foreach (ListeningSocket socket in sockets)
        {
            if (
                socket.Port == packet.DestinationPort
                && socket.Protocol.StartsWith(protocol, StringComparison.OrdinalIgnoreCase)
                && (
                    socket.Address is not { } bound || bound == packet.Destination || (bound.IsAny && bound.IsV6 == packet.Destination.IsV6)
                )
            )
                return true;
        }
        return false;
    }

    private static Packet Back(Packet packet, byte ttl) =>
        new()
        {
            EtherType = EtherTypes.Ip4,
            Source = packet.Destination,
            Destination = packet.Source,
            Protocol = packet.Protocol,
            SourcePort = packet.DestinationPort,
            DestinationPort = packet.SourcePort,
            Ttl = ttl,
        };

    private void EmitIcmpError(Device device, Frame frame, byte type, byte code, int mtu = 0)
    {
        if (IcmpError(device, frame.Packet, type, code, mtu) is { } error)
            Emit(EmittedKind.IcmpError, device, error);
    }

    /// <summary>icmp_send: none about groups, later fragments, other errors, or frames that were for somebody else.</summary>
    private static Packet? IcmpError(Device device, Packet packet, byte type, byte code, int mtu = 0, bool routedHere = true)
    {
        if (packet.EtherType != EtherTypes.Ip4 || packet.Type != PacketType.Host || packet.FragmentOffset != 0)
            return null;
        if (packet.Destination.IsMulticast || packet.Destination.IsLimitedBroadcast || packet.Source.IsAny)
            return null;
        // An error about an error would never end (RFC 1122); an unknown ICMP type counts as one.
        if (packet.Protocol == IpProtocols.Icmp && packet.IcmpType is 3 or 4 or 5 or 11 or 12)
            return null;
        // The packet's own route says whether it was for the node (RTCF_LOCAL): before routing and on a bridge it has none.
        bool toUs = routedHere && device.Net.Addresses.OwnerOf(packet.Destination) is not null;
        Packet error = new()
        {
            EtherType = EtherTypes.Ip4,
            Source = toUs ? packet.Destination : Ip.V4(0),
            Destination = packet.Source,
            Protocol = IpProtocols.Icmp,
            IcmpType = type,
            IcmpCode = code,
            IcmpMtu = mtu,
            Inner = packet.Clone(),
            Tos = (byte)((packet.Tos & 0x1e) | 0xc0),
            Length = Math.Min(packet.Length + 28, 576),
        };
        error.Inner.Conntrack = default;
        // nf_ct_attach (icmp_glue_bits): the node's own error belongs to the connection of what it is about, confirmed or not.
        if (packet.Conntrack.Entry is { } entry)
            error.Conntrack = new(entry, packet.Conntrack.IsReply ? ConntrackInfo.Related : ConntrackInfo.RelatedReply);
        if (!toUs)
        {
            error.Source = ErrorSource(device, error);
            error.RoutedWithoutSource = true;
        }
        return error;
    }

    private static Ip ErrorSource(Device device, Packet error)
    {
        var fib = device.Net.Routing4.Lookup(
            new Routing.FibQuery
            {
                Destination = error.Destination,
                Protocol = IpProtocols.Icmp,
                Tos = error.Tos,
            }
        );
        return SourceFor(device.Net, fib, error.Destination) is { } source && !source.IsAny ? source : Dummy;
    }

    private void EmitReject(NetfilterResult result, Frame frame, Device device, bool bridged, NetfilterHook hook)
    {
        Packet packet = frame.Packet;
        if (packet.EtherType != EtherTypes.Ip4)
            return;
        string with = result.RejectWith ?? "icmp-port-unreachable";
        if (with is "tcp-reset" or "tcp reset")
        {
            EmitRejectReset(frame, device, bridged);
            return;
        }
        byte code = RejectCode(with);
        PacketType type = packet.Type;
        // Hooks on bridged frames see PACKET_HOST (nf_bridge turns OTHERHOST round), so does icmp_send.
        if (bridged && type == PacketType.OtherHost)
            packet.Type = PacketType.Host;
        Packet? error = IcmpError(device, packet, type: 3, code, routedHere: hook == NetfilterHook.Input);
        packet.Type = type;
        if (error is not null)
            Emit(EmittedKind.Reject, device, error);
    }

    private void EmitRejectReset(Frame frame, Device device, bool bridged)
    {
        Packet packet = frame.Packet;
        if (packet.Protocol != IpProtocols.Tcp || packet.TcpFlags.HasFlag(TcpFlags.Rst) || packet.FragmentOffset != 0 || packet.BadChecksum)
            return;
        // nf_send_reset: none to what was routed as a broadcast or multicast.
        if (!bridged && device.Net.RoutingOracle.AddressType(packet.Destination, device: null) is "broadcast" or "multicast")
            return;
        Packet answer = Back(packet, (byte)(device.Net.Sysctls.Get("net.ipv4.ip_default_ttl") ?? 64));
        answer.Length = 40;
        answer.DontFragment = true;
        Reset(answer, packet);
        // nf_ct_attach: the reset belongs to the connection of what it answers.
        if (packet.Conntrack.Entry is { } entry)
            answer.Conntrack = new(entry, packet.Conntrack.IsReply ? ConntrackInfo.Related : ConntrackInfo.RelatedReply);
        Device? port = frame.PhysIn;
        if (port is not null)
        {
            // nf_send_reset of what br_netfilter saw coming in (also when the stack has it): straight out of the port, with the addresses
            // turned round.
            answer.SourceMac = packet.DestinationMac;
            answer.DestinationMac = packet.SourceMac;
            Emit(EmittedKind.Reject, port, answer, outOfDevice: true);
            return;
        }
        Emit(EmittedKind.Reject, device, answer);
    }

    /// <summary>Code of "destination unreachable" by the names of iptables and nft (icmp, icmpx).</summary>
    private static byte RejectCode(string with)
    {
        string name = with;
        foreach (string prefix in (ReadOnlySpan<string>)["icmpx type ", "icmpx ", "icmp type ", "icmp ", "icmp-"])
        {
            if (name.StartsWith(prefix, StringComparison.Ordinal))
            {
                name = name[prefix.Length..];
                break;
            }
        }
        return name switch
        {
            "net-unreachable" or "no-route" => 0,
            "host-unreachable" => 1,
            "proto-unreachable" or "prot-unreachable" => 2,
            "port-unreachable" => 3,
            "net-prohibited" => 9,
            "host-prohibited" => 10,
            "admin-prohibited" => 13,
            _ => byte.TryParse(name, NumberStyles.None, CultureInfo.InvariantCulture, out byte number) ? number : (byte)3,
        };
    }
}
