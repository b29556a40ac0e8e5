using System.Buffers.Binary;
using System.Globalization;
using System.Text.Json.Nodes;
using StackNet.Engine.Facts;
using StackNet.Engine.Walk;
using StackNet.Oracle.Drawing;

namespace StackNet.Oracle.Kernel;

/// <summary>Makes the packets of a case one after another (replies from what came out) and writes down what the kernel did.</summary>
internal sealed class PacketRun(RealNode lab)
{
    private readonly Dictionary<string, Done> _done = [];
    private int _number;

    private sealed record Done(Packet Sent, string Device, List<(string Device, Seen Seen)> Out, uint Client, uint Server);

    /// <summary>The record of the case format; null when the packet cannot be made since the one it follows did not get out.</summary>
    public JsonObject? Send(Send send)
    {
        _number++;
        Done? past = send.Follows is { } follows ? _done.GetValueOrDefault(follows) : null;
        if (send.Kind != SendKind.New && past is not { Out.Count: > 0 })
            return null;
        byte[] payload = new byte[Math.Max(8, send.Size)];
        BinaryPrimitives.WriteUInt64BigEndian(payload, 0x53_4e4f_5200_0000 + (ulong)_number);
        string device = send.Device;
        Packet packet;
        uint client = (uint)((_number * 100_000) + 7);
        uint server = (uint)((_number * 100_000) + 50_007);
        if (send.Kind == SendKind.New)
            packet = Fresh(send);
        else
        {
            (client, server) = (past!.Client, past.Server);
            packet = send.Kind == SendKind.Again ? past.Sent.Clone() : Answer(send, past.Out[0].Seen, ref payload);
            if (send.Kind == SendKind.Again)
                device = past.Device;
            else if (device.Length == 0)
                device = past.Out[0].Device;
        }
        packet.Ttl = send.Ttl;
        packet.Tos = send.Tos;
        packet.IpId = (ushort)(0x2000 + (_number * 13));
        packet.DontFragment = send.DontFragment;
        packet.BadChecksum = send.BadChecksum;
        packet.Mark = 0;
        if (packet.Protocol == IpProtocols.Tcp)
        {
            bool back = send.Kind == SendKind.Reply;
            packet.TcpFlags = Flags(send.Flags);
            bool opening = packet.TcpFlags.HasFlag(TcpFlags.Syn);
            packet.TcpMss = opening ? send.Mss : null;
            packet.TcpSequence = (back ? server : client) + (opening ? 0u : 1u);
            packet.TcpAcknowledgment = packet.TcpFlags.HasFlag(TcpFlags.Ack) ? (back ? client : server) + 1 : 0;
            if (opening || (packet.TcpFlags & ~(TcpFlags.Ack | TcpFlags.Fin | TcpFlags.Rst)) == TcpFlags.None)
                payload = [];
        }
        byte[] frame = Frames.Build(packet, payload);
        Observation observed = lab.Inject(device, frame);
        List<(string Device, Seen Seen)> left = [.. observed.Out.Where(o => Same(packet, payload, o.Seen))];
        _done[send.Id] = new Done(packet.Clone(), device, left, client, server);
        return Record(send, device, packet, payload, left, observed);
    }

    private static Packet Fresh(Send send)
    {
        Packet packet = new()
        {
            Source = Ip.Parse(send.Source),
            Destination = Ip.Parse(send.Destination),
            SourceMac = Mac.Parse(send.SourceMac),
            DestinationMac = Mac.Parse(send.DestinationMac),
            Protocol = send.Protocol,
            IcmpSequence = 1,
        };
        if (send.Protocol == IpProtocols.Icmp)
        {
            packet.IcmpType = send.IcmpType;
            packet.IcmpCode = send.IcmpCode;
            packet.IcmpId = send.SourcePort;
        }
        else if (send.Protocol is IpProtocols.Tcp or IpProtocols.Udp)
        {
            packet.SourcePort = send.SourcePort;
            packet.DestinationPort = send.DestinationPort;
        }
        if (send.Vlan != 0)
            packet.Vlans.Add(new VlanTag(send.Vlan));
        return packet;
    }

    private static Packet Answer(Send send, Seen seen, ref byte[] payload)
    {
        Packet packet = seen.Packet.Clone();
        (packet.SourceMac, packet.DestinationMac) = (seen.Packet.DestinationMac, seen.Packet.SourceMac);
        (packet.Source, packet.Destination) = (seen.Packet.Destination, seen.Packet.Source);
        if (packet.SourceMac.IsGroup)
            packet.SourceMac = Mac.Parse("02:00:5e:00:00:99");
        packet.IpOptionsLength = 0;
        if (send.Kind == SendKind.IcmpError)
        {
            if (send.Router is { } router)
                packet.Source = Ip.Parse(router);
            packet.Protocol = IpProtocols.Icmp;
            packet.IcmpType = send.IcmpType;
            packet.IcmpCode = send.IcmpCode;
            packet.Inner = seen.Packet.Clone();
            payload = seen.Network[..Math.Min(28, seen.Network.Length)];
        }
        else if (packet.Protocol == IpProtocols.Icmp)
            packet.IcmpType = packet.IcmpType == 8 ? (byte)0 : packet.IcmpType;
        else
            (packet.SourcePort, packet.DestinationPort) = (packet.DestinationPort, packet.SourcePort);
        return packet;
    }

    private static TcpFlags Flags(string letters)
    {
        TcpFlags flags = TcpFlags.None;
        foreach (char letter in letters)
            flags |= (TcpFlags)(1 << "FSRPAUEC".IndexOf(letter));
        return flags;
    }

    /// <summary>The packet that was sent, wherever translation has moved its addresses and ports.</summary>
    private static bool Same(Packet sent, byte[] payload, Seen seen)
    {
        if (seen.Packet.Protocol != sent.Protocol || seen.Packet.IpId != sent.IpId)
            return false;
        return sent.Protocol switch
        {
            IpProtocols.Tcp => seen.Packet.TcpSequence == sent.TcpSequence,
            IpProtocols.Icmp => seen.Packet.IcmpType == sent.IcmpType && seen.Payload.Length == payload.Length,
            _ => seen.Payload.AsSpan().SequenceEqual(payload),
        };
    }

    private JsonObject Record(
        Send send,
        string device,
        Packet packet,
        byte[] payload,
        List<(string Device, Seen Seen)> left,
        Observation observed
    )
    {
        List<(string Device, Seen Seen)> local = [.. observed.Local.Where(o => Same(packet, payload, o.Seen))];
        string fate =
            left.Count > 0 ? (left[0].Seen.Packet.Ttl != packet.Ttl ? "forwarded" : "bridged")
            : local.Count > 0 ? "delivered"
            : "dropped";
        JsonObject record = new()
        {
            ["id"] = send.Id,
            ["in"] = new JsonObject { ["device"] = device },
            ["ether"] = Ether(packet),
            ["ip"] = new JsonObject
            {
                ["src"] = packet.Source.ToString(),
                ["dst"] = packet.Destination.ToString(),
                ["proto"] = ProtocolName(packet.Protocol),
                ["ttl"] = packet.Ttl,
                ["tos"] = packet.Tos,
                ["length"] = packet.Length,
                ["id"] = packet.IpId,
                ["df"] = packet.DontFragment,
            },
            ["l4"] = Transport(packet, full: true),
            ["follows"] = send.Follows,
            ["kind"] = send.Kind switch
            {
                SendKind.Reply => "reply",
                SendKind.Again => "again",
                SendKind.IcmpError => "icmp-error",
                _ => "new",
            },
            ["fate"] = fate,
            ["reason"] = null,
            ["rule"] = null,
            ["expect_unknown_ok"] = false,
        };
        if (packet.Inner is { } inner)
            record["inner"] = Inner(inner);
        if (packet.BadChecksum)
            record["bad_checksum"] = true;
        JsonArray outs =
        [
            .. left.OrderBy(static o => o.Device, StringComparer.Ordinal).Select(o => (JsonNode)Out(o.Device, o.Seen.Packet)),
        ];
        record["out"] = outs.Count > 0 ? outs[0]!.DeepClone() : null;
        if (outs.Count > 1)
            record["outs"] = outs;
        if (local.Count > 0)
        {
            JsonObject delivered = new()
            {
                ["device"] = local[0].Device,
                ["src"] = local[0].Seen.Packet.Source.ToString(),
                ["dst"] = local[0].Seen.Packet.Destination.ToString(),
                ["mark"] = local[0].Seen.Packet.Mark,
            };
            Merge(delivered, Transport(local[0].Seen.Packet, full: false));
            record["local"] = delivered;
        }
        record["emitted"] = Emitted(observed, left);
        return record;
    }

    private static JsonArray Emitted(Observation observed, List<(string Device, Seen Seen)> left)
    {
        JsonArray emitted = [];
        foreach ((string device, Seen seen) in observed.Out)
        {
            Packet packet = seen.Packet;
            if (
                packet.FragmentOffset != 0
                || left.Exists(o => ReferenceEquals(o.Seen, seen))
                || packet.Protocol is not (1 or 6 or 17)
                || (packet.Protocol == 1 && packet.IcmpType == 5)
            )
                continue;
            JsonObject item = new()
            {
                ["device"] = device,
                ["src"] = packet.Source.ToString(),
                ["dst"] = packet.Destination.ToString(),
                ["proto"] = ProtocolName(packet.Protocol),
            };
            Merge(item, Transport(packet, full: false));
            emitted.Add(item);
        }
        return emitted;
    }

    private static JsonObject Out(string device, Packet packet)
    {
        JsonObject item = new()
        {
            ["device"] = device,
            ["src"] = packet.Source.ToString(),
            ["dst"] = packet.Destination.ToString(),
            ["ttl"] = packet.Ttl,
            ["tos"] = packet.Tos,
            ["vlan"] = packet.OuterVlanId ?? 0,
            ["ether"] = Ether(packet),
        };
        if (packet.TcpMss is { } mss)
            item["mss"] = mss;
        Merge(item, Transport(packet, full: false));
        if (packet.Inner is { } inner)
            item["inner"] = Inner(inner);
        return item;
    }

    private static JsonObject Inner(Packet inner)
    {
        JsonObject item = new()
        {
            ["src"] = inner.Source.ToString(),
            ["dst"] = inner.Destination.ToString(),
            ["proto"] = ProtocolName(inner.Protocol),
        };
        Merge(item, Transport(inner, full: false));
        // Eight bytes of the transport header are quoted: the flags stand behind them.
        item.Remove("flags");
        return item;
    }

    private static JsonObject Ether(Packet packet)
    {
        JsonObject ether = new() { ["src"] = packet.SourceMac.ToString(), ["dst"] = packet.DestinationMac.ToString() };
        if (packet.OuterVlanId is { } vlan)
            ether["vlan"] = vlan;
        return ether;
    }

    private static JsonObject Transport(Packet packet, bool full)
    {
        JsonObject fields = [];
        switch (packet.Protocol)
        {
            case IpProtocols.Icmp:
                fields["type"] = packet.IcmpType;
                fields["code"] = packet.IcmpCode;
                if (packet.Inner is null)
                {
                    fields["id"] = packet.IcmpId;
                    if (full)
                        fields["seq"] = packet.IcmpSequence;
                }
                break;
            case IpProtocols.Tcp or IpProtocols.Udp:
                fields["sport"] = packet.SourcePort;
                fields["dport"] = packet.DestinationPort;
                if (packet.Protocol == IpProtocols.Tcp)
                {
                    fields["flags"] = packet.ToHeader().TcpFlags;
                    if (full)
                    {
                        fields["seq"] = packet.TcpSequence;
                        fields["ack"] = packet.TcpAcknowledgment;
                        if (packet.TcpMss is { } mss)
                            fields["mss"] = mss;
                    }
                }
                break;
        }
        return fields;
    }

    private static void Merge(JsonObject into, JsonObject from)
    {
        foreach ((string key, JsonNode? value) in from)
            into[key] = value?.DeepClone();
    }

    private static JsonNode ProtocolName(byte protocol) =>
        protocol switch
        {
            IpProtocols.Icmp => "icmp",
            IpProtocols.Tcp => "tcp",
            IpProtocols.Udp => "udp",
            _ => protocol.ToString(CultureInfo.InvariantCulture),
        };
}
