using System.Globalization;
using StackNet.Engine.Facts;
using StackNet.Engine.Facts.Netfilter;

namespace StackNet.Engine.Walk.Netfilter;

/// <summary>Symbolic constants of nft (nft(8), DATA TYPES) as numbers.</summary>
internal static class NftNames
{
    /// <summary>The number a word stands for in a type; null when it is none.</summary>
    public static UInt128? Find(NftType type, string text)
    {
        if (Number(text) is { } number)
            return type == NftType.Bit ? (number < 128 ? UInt128.One << (int)number : null) : number;
        switch (type)
        {
            case NftType.Ip4 or NftType.Ip6:
                return Ip.TryParse(text, out Ip ip) ? ip.Value : null;
            case NftType.Ether:
                return LooseMac(text);
            case NftType.Port:
                return PortNames.TryParse(text, out ushort port) ? port : null;
            case NftType.Protocol:
                return IptablesRuleSpec.ProtocolNumber(text);
            case NftType.IcmpType:
                return IcmpType(text);
            case NftType.Icmp6Type:
                return Icmp6Type(text);
            case NftType.Dscp:
                return TosNames.FindClass(text) ?? (text is "lephb" ? 1u : null);
            case NftType.Priority:
                return Priority(text);
            default:
                return Symbol(type, text);
        }
    }

    private static UInt128? Symbol(NftType type, string text) =>
        (type, text) switch
        {
            (NftType.CtState, "invalid") => 1,
            (NftType.CtState, "established") => 2,
            (NftType.CtState, "related") => 4,
            (NftType.CtState, "new") => 8,
            (NftType.CtState, "untracked") => 64,
            (NftType.CtStatus, "expected") => 1,
            (NftType.CtStatus, "seen-reply") => 2,
            (NftType.CtStatus, "assured") => 4,
            (NftType.CtStatus, "confirmed") => 8,
            (NftType.CtStatus, "snat") => 16,
            (NftType.CtStatus, "dnat") => 32,
            (NftType.CtStatus, "dying") => 512,
            (NftType.CtDirection, "original") => 0,
            (NftType.CtDirection, "reply") => 1,
            (NftType.TcpFlags, "fin") => 1,
            (NftType.TcpFlags, "syn") => 2,
            (NftType.TcpFlags, "rst") => 4,
            (NftType.TcpFlags, "psh") => 8,
            (NftType.TcpFlags, "ack") => 16,
            (NftType.TcpFlags, "urg") => 32,
            (NftType.TcpFlags, "ecn") => 64,
            (NftType.TcpFlags, "cwr") => 128,
            (NftType.Ecn, "not-ect") => 0,
            (NftType.Ecn, "ect1") => 1,
            (NftType.Ecn, "ect0") => 2,
            (NftType.Ecn, "ce") => 3,
            (NftType.EtherType, "ip") => EtherTypes.Ip4,
            (NftType.EtherType, "ip6") => EtherTypes.Ip6,
            (NftType.EtherType, "arp") => EtherTypes.Arp,
            (NftType.EtherType, "vlan" or "8021q") => EtherTypes.Vlan,
            (NftType.EtherType, "8021ad") => EtherTypes.QinQ,
            (NftType.PacketType, "host" or "unicast") => 0,
            (NftType.PacketType, "broadcast") => 1,
            (NftType.PacketType, "multicast") => 2,
            (NftType.PacketType, "other") => 3,
            (NftType.NfProtocol, "ipv4") => 2,
            (NftType.NfProtocol, "ipv6") => 10,
            (NftType.AddressType, "unspec") => 0,
            (NftType.AddressType, "unicast") => 1,
            (NftType.AddressType, "local") => 2,
            (NftType.AddressType, "broadcast") => 3,
            (NftType.AddressType, "anycast") => 4,
            (NftType.AddressType, "multicast") => 5,
            (NftType.AddressType, "blackhole") => 6,
            (NftType.AddressType, "unreachable") => 7,
            (NftType.AddressType, "prohibit") => 8,
            (NftType.AddressType, "throw") => 9,
            (NftType.ArpOperation, "request") => 1,
            (NftType.ArpOperation, "reply") => 2,
            (NftType.ArpOperation, "rrequest") => 3,
            (NftType.ArpOperation, "rreply") => 4,
            (NftType.IcmpCode, "net-unreachable") => 0,
            (NftType.IcmpCode, "host-unreachable") => 1,
            (NftType.IcmpCode, "prot-unreachable") => 2,
            (NftType.IcmpCode, "port-unreachable") => 3,
            (NftType.IcmpCode, "frag-needed") => 4,
            (NftType.IcmpCode, "net-prohibited") => 9,
            (NftType.IcmpCode, "host-prohibited") => 10,
            (NftType.IcmpCode, "admin-prohibited") => 13,
            (NftType.Icmp6Code, "no-route") => 0,
            (NftType.Icmp6Code, "admin-prohibited") => 1,
            (NftType.Icmp6Code, "addr-unreachable") => 3,
            (NftType.Icmp6Code, "port-unreachable") => 4,
            (NftType.Icmp6Code, "policy-fail") => 5,
            (NftType.Icmp6Code, "reject-route") => 6,
            (NftType.DeviceGroup, "default") => 0,
            (NftType.Realm, "cosmos") => 0,
            (NftType.Boolean, "exists") => 1,
            (NftType.Boolean, "missing") => 0,
            _ => null,
        };

    // major:minor of a traffic class, both hexadecimal
    private static UInt128? Priority(string text)
    {
        if (text == "none")
            return 0;
        if (text == "root")
            return uint.MaxValue;
        int colon = text.IndexOf(':', StringComparison.Ordinal);
        if (colon < 0)
            return null;
        bool isMajor = ushort.TryParse(
            text.AsSpan(0, colon),
            NumberStyles.AllowHexSpecifier,
            CultureInfo.InvariantCulture,
            out ushort major
        );
        bool isMinor = ushort.TryParse(
            text.AsSpan(colon + 1),
            NumberStyles.AllowHexSpecifier,
            CultureInfo.InvariantCulture,
            out ushort minor
        );
        return (isMajor || colon == 0) && (isMinor || colon == text.Length - 1) ? (UInt128)((uint)major << 16 | minor) : null;
    }

    private static UInt128? IcmpType(string text) =>
        text switch
        {
            "echo-reply" => 0,
            "destination-unreachable" => 3,
            "source-quench" => 4,
            "redirect" => 5,
            "echo-request" => 8,
            "router-advertisement" => 9,
            "router-solicitation" => 10,
            "time-exceeded" => 11,
            "parameter-problem" => 12,
            "timestamp-request" => 13,
            "timestamp-reply" => 14,
            "info-request" => 15,
            "info-reply" => 16,
            "address-mask-request" => 17,
            "address-mask-reply" => 18,
            _ => null,
        };

    private static UInt128? Icmp6Type(string text) =>
        text switch
        {
            "destination-unreachable" => 1,
            "packet-too-big" => 2,
            "time-exceeded" => 3,
            "parameter-problem" => 4,
            "echo-request" => 128,
            "echo-reply" => 129,
            "mld-listener-query" => 130,
            "mld-listener-report" => 131,
            "mld-listener-done" or "mld-listener-reduction" => 132,
            "nd-router-solicit" => 133,
            "nd-router-advert" => 134,
            "nd-neighbor-solicit" => 135,
            "nd-neighbor-advert" => 136,
            "nd-redirect" => 137,
            "router-renumbering" => 138,
            "ind-neighbor-solicit" => 141,
            "ind-neighbor-advert" => 142,
            "mld2-listener-report" => 143,
            _ => null,
        };

    private static UInt128? Number(string text)
    {
        if (text.StartsWith("0x", StringComparison.OrdinalIgnoreCase))
        {
            return UInt128.TryParse(text.AsSpan(2), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out UInt128 hex)
                ? hex
                : null;
        }
        return UInt128.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out UInt128 value) ? value : null;
    }

    private static UInt128? LooseMac(string text)
    {
        string[] parts = text.Split(':');
        if (parts.Length != 6)
            return null;
        UInt128 value = 0;
        foreach (string part in parts)
        {
            if (!byte.TryParse(part, NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out byte one))
                return null;
            value = value << 8 | one;
        }
        return value;
    }
}
