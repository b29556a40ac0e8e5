using System.Text.Json;
using StackNet.Engine.Facts;

namespace StackNet.Engine.Walk.Netfilter;

/// <summary>Header fields of nft (payload expressions).</summary>
internal static class NftPayload
{
    public static NftExpression Compile(JsonElement body, string family)
    {
        if (!body.TryGetProperty("protocol", out JsonElement protocol))
            return Raw(body, family);
        string field = body.TryGetProperty("field", out JsonElement name) ? name.GetString() ?? "" : "";
        return (protocol.GetString() ?? "") switch
        {
            "ip" => Ip4(field),
            "ip6" => Ip6Field(field),
            "tcp" => Tcp(field),
            "udp" => Ports(field, IpProtocols.Udp),
            "udplite" => Ports(field, IpProtocols.UdpLite),
            "sctp" => Ports(field, IpProtocols.Sctp),
            "dccp" => Ports(field, IpProtocols.Dccp),
            "th" => Ports(field, null),
            "icmp" => Icmp(field, IpProtocols.Icmp, NftType.IcmpType, NftType.IcmpCode),
            "icmpv6" => Icmp(field, IpProtocols.Icmp6, NftType.Icmp6Type, NftType.Icmp6Code),
            "ether" => Ether(field, family),
            "vlan" => Vlan(field),
            "arp" => Arp(field),
            string other => Other(other),
        };
    }

    private static NftExpression Field(NftType type, int bits, Func<Packet, bool> has, Func<Packet, UInt128> value) =>
        new(run => has(run.Packet) ? NftValue.Of(value(run.Packet)) : NftValue.None, [type]) { Bits = bits };

    private static NftExpression Unheld(Func<Packet, bool> has) =>
        new(run => has(run.Packet) ? NftValue.Maybe : NftValue.None, [NftType.Integer]);

    /// <summary>A field by its place, for those that the packet holds no number of: known when all of its bits are.</summary>
    private static NftExpression Place(Func<Packet, bool> has, bool transport, int offset, int bits) =>
        new(
            run =>
            {
                if (!has(run.Packet))
                    return NftValue.None;
                PacketBytes bytes = PacketBytes.Of(run.Packet);
                if (bytes.Bits(offset + (transport ? bytes.TransportOffset * 8 : 0), bits) is not { } found)
                    return NftValue.None;
                UInt128 all = bits == 128 ? UInt128.MaxValue : (UInt128.One << bits) - 1;
                return found.Known == all ? NftValue.Of(found.Value) : NftValue.Maybe;
            },
            [NftType.Integer]
        )
        {
            Bits = bits,
        };

    private static bool IsIp4(Packet packet) => packet.EtherType == EtherTypes.Ip4;

    private static bool IsIp6(Packet packet) => packet.EtherType == EtherTypes.Ip6;

    // Transport fields of a later fragment cannot be read.
    private static bool Has(Packet packet, byte protocol) => packet.IsIp && packet.Protocol == protocol && packet.FragmentOffset == 0;

    private static NftExpression Ip4(string field) =>
        field switch
        {
            "saddr" => Field(NftType.Ip4, 32, IsIp4, static packet => packet.Source.Value),
            "daddr" => Field(NftType.Ip4, 32, IsIp4, static packet => packet.Destination.Value),
            "protocol" => Field(NftType.Protocol, 8, IsIp4, static packet => packet.Protocol),
            "ttl" => Field(NftType.Integer, 8, IsIp4, static packet => packet.Ttl),
            "dscp" => Field(NftType.Dscp, 6, IsIp4, static packet => (UInt128)(packet.Tos >> 2)),
            "ecn" => Field(NftType.Ecn, 2, IsIp4, static packet => (UInt128)(packet.Tos & 3)),
            "length" => Field(NftType.Integer, 16, IsIp4, static packet => (UInt128)packet.Length),
            // A packet of which nobody said it has some identification.
            "id" => Place(IsIp4, transport: false, 32, 16),
            "version" => Field(NftType.Integer, 4, IsIp4, static _ => 4),
            "hdrlength" => Field(NftType.Integer, 4, IsIp4, static packet => (UInt128)(5 + packet.IpOptionsLength / 4)),
            "checksum" => Place(IsIp4, transport: false, 80, 16),
            "frag-off" => Field(
                NftType.Integer,
                16,
                IsIp4,
                static packet =>
                    (UInt128)(packet.FragmentOffset / 8 | (packet.MoreFragments ? 0x2000 : 0) | (packet.DontFragment ? 0x4000 : 0))
            ),
            _ => Unheld(IsIp4),
        };

    private static NftExpression Ip6Field(string field) =>
        field switch
        {
            "saddr" => Field(NftType.Ip6, 128, IsIp6, static packet => packet.Source.Value),
            "daddr" => Field(NftType.Ip6, 128, IsIp6, static packet => packet.Destination.Value),
            "nexthdr" => Field(NftType.Protocol, 8, IsIp6, static packet => packet.Protocol),
            "hoplimit" => Field(NftType.Integer, 8, IsIp6, static packet => packet.Ttl),
            "dscp" => Field(NftType.Dscp, 6, IsIp6, static packet => (UInt128)(packet.Tos >> 2)),
            "ecn" => Field(NftType.Ecn, 2, IsIp6, static packet => (UInt128)(packet.Tos & 3)),
            "length" => Field(NftType.Integer, 16, IsIp6, static packet => (UInt128)Math.Max(0, packet.Length - 40)),
            "version" => Field(NftType.Integer, 4, IsIp6, static _ => 6),
            _ => Unheld(IsIp6),
        };

    private static NftExpression Tcp(string field)
    {
        static bool IsTcp(Packet packet) => Has(packet, IpProtocols.Tcp);
        return field switch
        {
            "flags" => Field(NftType.TcpFlags, 8, IsTcp, static packet => (UInt128)(int)packet.TcpFlags),
            "sequence" => Field(NftType.Integer, 32, IsTcp, static packet => packet.TcpSequence),
            "ackseq" => Field(NftType.Integer, 32, IsTcp, static packet => packet.TcpAcknowledgment),
            "sport" or "dport" => Ports(field, IpProtocols.Tcp),
            "doff" => Place(IsTcp, transport: true, 96, 4),
            "reserved" => Place(IsTcp, transport: true, 100, 4),
            "window" => Place(IsTcp, transport: true, 112, 16),
            "checksum" => Place(IsTcp, transport: true, 128, 16),
            "urgptr" => Place(IsTcp, transport: true, 144, 16),
            _ => Unheld(IsTcp),
        };
    }

    private static NftExpression Ports(string field, byte? protocol)
    {
        bool source = field == "sport";
        if (protocol is IpProtocols.Udp && field is "length" or "checksum")
            return Place(static packet => Has(packet, IpProtocols.Udp), transport: true, field == "length" ? 32 : 48, 16);
        if (field is not ("sport" or "dport"))
            return Unheld(packet => packet.IsIp && (protocol is null || packet.Protocol == protocol));
        return new(
            run =>
            {
                Packet packet = run.Packet;
                if (!packet.IsIp || (protocol is { } wanted && packet.Protocol != wanted))
                    return NftValue.None;
                // Of a later fragment the kernel reads payload where the ports would be (nft_payload_fast_eval).
                if (packet.FragmentOffset != 0)
                    return packet.Length >= 24 + packet.IpOptionsLength ? NftValue.Improbable : NftValue.None;
                if (Conntrack.ConntrackTable.HasPorts(packet.Protocol))
                    return NftValue.Of((UInt128)(source ? packet.SourcePort : packet.DestinationPort));
                // "th" reads the first bytes of whatever transport header there is: of ICMP type and code, then the checksum.
                if (packet.Protocol is not (IpProtocols.Icmp or IpProtocols.Icmp6))
                    return NftValue.Maybe;
                return source ? NftValue.Of((UInt128)(packet.IcmpType << 8 | packet.IcmpCode)) : IcmpChecksum(packet);
            },
            [NftType.Port]
        )
        {
            Bits = 16,
        };
    }

    // Known only for a message without data behind its eight bytes.
    private static NftValue IcmpChecksum(Packet packet)
    {
        if (packet.Protocol != IpProtocols.Icmp || packet.Length != 28 + packet.IpOptionsLength || packet.BadChecksum)
            return NftValue.Improbable;
        uint sum = (uint)(packet.IcmpType << 8 | packet.IcmpCode) + packet.IcmpId + packet.IcmpSequence;
        sum = (sum & 0xffff) + (sum >> 16);
        sum = (sum & 0xffff) + (sum >> 16);
        return NftValue.Of((UInt128)(~sum & 0xffff));
    }

    private static NftExpression Icmp(string field, byte protocol, NftType type, NftType code)
    {
        bool IsIcmp(Packet packet) => Has(packet, protocol);
        return field switch
        {
            "type" => Field(type, 8, IsIcmp, static packet => packet.IcmpType),
            "code" => Field(code, 8, IsIcmp, static packet => packet.IcmpCode),
            "id" => Field(NftType.Integer, 16, IsIcmp, static packet => packet.IcmpId),
            "sequence" => Field(NftType.Integer, 16, IsIcmp, static packet => packet.IcmpSequence),
            "mtu" => Field(NftType.Integer, 16, IsIcmp, static packet => (UInt128)packet.IcmpMtu),
            "packet-too-big" => Field(NftType.Integer, 32, IsIcmp, static packet => (UInt128)packet.IcmpMtu),
            _ => Unheld(IsIcmp),
        };
    }

    private static NftExpression Ether(string field, string family)
    {
        // On hooks without a link header (output, postrouting of ip) there is nothing to read.
        bool always = family is "bridge" or "netdev" or "arp";
        NftExpression Of(NftType type, int bits, Func<Packet, UInt128> value) =>
            new(run => always || run.Context.InDevice is { LinkType: "ether" } ? NftValue.Of(value(run.Packet)) : NftValue.None, [type])
            {
                Bits = bits,
            };
        return field switch
        {
            "saddr" => Of(NftType.Ether, 48, static packet => packet.SourceMac.Value),
            "daddr" => Of(NftType.Ether, 48, static packet => packet.DestinationMac.Value),
            "type" => Of(NftType.EtherType, 16, static packet => packet.Vlans.Count > 0 ? packet.Vlans[^1].Protocol : packet.EtherType),
            _ => NftExpression.Unknown,
        };
    }

    private static NftExpression Vlan(string field)
    {
        static bool IsTagged(Packet packet) => packet.Vlans.Count > 0;
        return field switch
        {
            "id" => Field(NftType.Integer, 12, IsTagged, static packet => (UInt128)packet.Vlans[^1].Id),
            "pcp" => Field(NftType.Integer, 3, IsTagged, static packet => (UInt128)packet.Vlans[^1].Priority),
            "type" => Field(
                NftType.EtherType,
                16,
                IsTagged,
                static packet => packet.Vlans.Count > 1 ? packet.Vlans[^2].Protocol : packet.EtherType
            ),
            _ => Unheld(IsTagged),
        };
    }

    private static NftExpression Arp(string field)
    {
        static bool IsArp(Packet packet) => packet.EtherType == EtherTypes.Arp;
        return field switch
        {
            "operation" => Field(NftType.ArpOperation, 16, IsArp, static packet => packet.ArpOperation),
            "saddr ip" => Field(NftType.Ip4, 32, IsArp, static packet => packet.ArpSenderIp.Value),
            "daddr ip" => Field(NftType.Ip4, 32, IsArp, static packet => packet.ArpTargetIp.Value),
            "saddr ether" => Field(NftType.Ether, 48, IsArp, static packet => packet.ArpSenderMac.Value),
            "daddr ether" => Field(NftType.Ether, 48, IsArp, static packet => packet.ArpTargetMac.Value),
            "htype" => Field(NftType.Integer, 16, IsArp, static _ => 1),
            "ptype" => Field(NftType.EtherType, 16, IsArp, static _ => EtherTypes.Ip4),
            "hlen" => Field(NftType.Integer, 8, IsArp, static _ => 6),
            "plen" => Field(NftType.Integer, 8, IsArp, static _ => 4),
            _ => Unheld(IsArp),
        };
    }

    private static NftExpression Other(string protocol)
    {
        byte? number = Facts.Netfilter.IptablesRuleSpec.ProtocolNumber(protocol == "comp" ? "ipcomp" : protocol);
        return number is { } wanted ? Unheld(packet => packet.IsIp && packet.Protocol == wanted) : NftExpression.Unknown;
    }

    // @th,offset,length and its kin.
    private static NftExpression Raw(JsonElement body, string family)
    {
        string @base = body.TryGetProperty("base", out JsonElement name) ? name.GetString() ?? "" : "";
        int offset = body.TryGetProperty("offset", out JsonElement from) && from.TryGetInt32(out int at) ? at : -1;
        int length = body.TryGetProperty("len", out JsonElement size) && size.TryGetInt32(out int bits) ? bits : -1;
        if (offset < 0 || length is < 1 or > 128)
            return NftExpression.Unknown;
        return (@base, offset, length) switch
        {
            ("th", 0, 16) => Ports("sport", null),
            ("th", 16, 16) => Ports("dport", null),
            ("nh", _, _) => Place(static packet => packet.IsIp || packet.EtherType == EtherTypes.Arp, transport: false, offset, length),
            ("th", _, _) => Place(static packet => packet.IsIp && packet.FragmentOffset == 0, transport: true, offset, length),
            ("ll", 0, 48) => Ether("daddr", family),
            ("ll", 48, 48) => Ether("saddr", family),
            ("ll", 96, 16) => Ether("type", family),
            _ => NftExpression.Unknown,
        };
    }
}
