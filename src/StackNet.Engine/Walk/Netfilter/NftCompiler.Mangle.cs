using System.Text.Json;
using StackNet.Engine.Facts;
using StackNet.Engine.Walk.Conntrack;

namespace StackNet.Engine.Walk.Netfilter;

internal sealed partial class NftCompiler
{
    /// <summary>Compiles "meta mark set …", "ct zone set …", "ip ttl set …" and their kin.</summary>
    private Effect Mangle(JsonElement body)
    {
        if (!body.TryGetProperty("key", out JsonElement key) || !body.TryGetProperty("value", out JsonElement value))
            return NotModelled;
        JsonProperty property = key.EnumerateObject().First();
        // What nothing on the packet's way asks for.
        if (property.Name is "meta" or "ct" && Text(property.Value, "key") is "nftrace" or "secmark" or "event" or "helper")
            return static _ => Outcome.Next;
        NftType type = property.Name is "payload" or "meta" or "ct" ? Expression(key).Types[0] : NftType.Integer;
        if (Operand(value, type) is not { } operand)
            return NotModelled;
        Action<HookRun, UInt128>? store = property.Name switch
        {
            "meta" => MetaStore(Text(property.Value, "key")),
            "ct" => ConnectionStore(
                Text(property.Value, "key"),
                property.Value.TryGetProperty("dir", out JsonElement dir) ? dir.GetString() : null
            ),
            "payload" => PayloadStore(Text(property.Value, "protocol"), Text(property.Value, "field")),
            "tcp option" when Text(property.Value, "name") == "maxseg" => static (run, number) =>
            {
                // The kernel writes the size only where the option is and only if it is larger.
                if (run.Packet.TcpMss is { } mss && mss > (int)number)
                    run.Packet.TcpMss = (int)number;
            },
            _ => null,
        };
        if (store is null)
            return NotModelled;
        NftGetter get = operand.Get;
        return run =>
        {
            NftValue number = get(run);
            if (number.IsNone)
                return Outcome.Break;
            if (!number.IsNumber)
            {
                run.Spoil();
                return Outcome.Next;
            }
            store(run, number.Number);
            return Outcome.Next;
        };
    }

    private static Action<HookRun, UInt128>? MetaStore(string key) =>
        key switch
        {
            "mark" => static (run, number) => run.Packet.Mark = (uint)number,
            "priority" => static (run, number) => run.Packet.Priority = (uint)number,
            "pkttype" => static (run, number) => run.Packet.Type = (PacketType)(int)number,
            _ => null,
        };

    private static Action<HookRun, UInt128>? ConnectionStore(string key, string? direction)
    {
        switch (key)
        {
            case "mark":
                return static (run, number) =>
                {
                    if (run.Packet.Conntrack.Entry is not { } entry)
                        return;
                    run.Table.Touch(entry);
                    entry.Mark = (uint)number;
                };
            case "label":
                return static (run, number) =>
                {
                    if (run.Packet.Conntrack.Entry is not { } entry)
                        return;
                    run.Table.Touch(entry);
                    entry.Label |= number;
                };
            case "zone":
                ConntrackZoneDirection side = direction switch
                {
                    "original" => ConntrackZoneDirection.Original,
                    "reply" => ConntrackZoneDirection.Reply,
                    _ => ConntrackZoneDirection.Both,
                };
                return (run, number) =>
                {
                    Packet packet = run.Packet;
                    if (packet.Conntrack.Entry is not null || packet.Conntrack.Info == ConntrackInfo.Untracked)
                        return;
                    packet.HasTemplate = true;
                    packet.TemplateZone = (ushort)number;
                    packet.TemplateZoneDirection = side;
                };
            default:
                return null;
        }
    }

    // The first two bytes of ICMP are type and code: nft 1.0.6 prints "icmp code set 1" as a change of "th sport".
    private static void StoreFirst(Packet packet, ushort number)
    {
        if (packet.Protocol is IpProtocols.Icmp or IpProtocols.Icmp6)
            (packet.IcmpType, packet.IcmpCode) = ((byte)(number >> 8), (byte)number);
        else if (ConntrackTable.HasPorts(packet.Protocol))
            packet.SourcePort = number;
    }

    private static Action<HookRun, UInt128>? PayloadStore(string protocol, string field) =>
        (protocol, field) switch
        {
            ("ip", "ttl") or ("ip6", "hoplimit") => static (run, number) => run.Packet.Ttl = (byte)number,
            ("ip" or "ip6", "dscp") => static (run, number) => run.Packet.Tos = (byte)((uint)number << 2 | (uint)(run.Packet.Tos & 3)),
            ("ip" or "ip6", "ecn") => static (run, number) => run.Packet.Tos = (byte)((uint)(run.Packet.Tos & 0xfc) | (uint)number),
            ("ip", "saddr") => static (run, number) => run.Packet.Source = Ip.V4((uint)number),
            ("ip", "daddr") => static (run, number) => run.Packet.Destination = Ip.V4((uint)number),
            ("ip6", "saddr") => static (run, number) => run.Packet.Source = Ip.V6(number),
            ("ip6", "daddr") => static (run, number) => run.Packet.Destination = Ip.V6(number),
            ("tcp" or "udp" or "sctp", "sport") => static (run, number) => run.Packet.SourcePort = (ushort)number,
            ("tcp" or "udp" or "sctp", "dport") => static (run, number) => run.Packet.DestinationPort = (ushort)number,
            ("th", "sport") => static (run, number) => StoreFirst(run.Packet, (ushort)number),
            ("th", "dport") => static (run, number) =>
            {
                // The same bytes of ICMP are its checksum, which the kernel then corrects.
                if (ConntrackTable.HasPorts(run.Packet.Protocol))
                    run.Packet.DestinationPort = (ushort)number;
            },
            ("icmp" or "icmpv6", "type") => static (run, number) => run.Packet.IcmpType = (byte)number,
            ("icmp" or "icmpv6", "code") => static (run, number) => run.Packet.IcmpCode = (byte)number,
            ("icmp" or "icmpv6", "id") => static (run, number) => run.Packet.IcmpId = (ushort)number,
            ("icmp" or "icmpv6", "sequence") => static (run, number) => run.Packet.IcmpSequence = (ushort)number,
            ("tcp", "flags") => static (run, number) => run.Packet.TcpFlags = (TcpFlags)(int)number,
            ("ether", "saddr") => static (run, number) => run.Packet.SourceMac = new Mac((ulong)number),
            ("ether", "daddr") => static (run, number) => run.Packet.DestinationMac = new Mac((ulong)number),
            _ => null,
        };
}
