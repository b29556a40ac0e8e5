using System.Globalization;

namespace StackNet.Engine.Walk.Netfilter;

/// <summary>Ports as numbers or as names of /etc/services that listings without -n show.</summary>
internal static class PortNames
{
    /// <summary>"22", "ssh", "1024:65535", "8000-8100".</summary>
    public static bool TryParseRange(string text, out ushort low, out ushort high)
    {
        low = 0;
        high = ushort.MaxValue;
        int colon = text.IndexOf(':', StringComparison.Ordinal);
        if (colon < 0)
            colon = text.Length > 0 && char.IsAsciiDigit(text[0]) ? text.IndexOf('-', StringComparison.Ordinal) : -1;
        if (colon < 0)
        {
            bool isPort = TryParse(text, out low);
            high = low;
            return isPort;
        }
        return (colon == 0 || TryParse(text[..colon], out low)) && (colon == text.Length - 1 || TryParse(text[(colon + 1)..], out high));
    }

    public static bool TryParse(string text, out ushort port)
    {
        if (ushort.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out port))
            return true;
        port = text switch
        {
            "ftp-data" => 20,
            "ftp" => 21,
            "ssh" => 22,
            "telnet" => 23,
            "smtp" => 25,
            "domain" => 53,
            "bootps" => 67,
            "bootpc" => 68,
            "tftp" => 69,
            "http" or "www" => 80,
            "kerberos" => 88,
            "pop3" => 110,
            "sunrpc" => 111,
            "ntp" => 123,
            "netbios-ns" => 137,
            "netbios-dgm" => 138,
            "netbios-ssn" => 139,
            "imap2" or "imap" => 143,
            "snmp" => 161,
            "bgp" => 179,
            "ldap" => 389,
            "https" => 443,
            "microsoft-ds" => 445,
            "isakmp" => 500,
            "syslog" => 514,
            "dhcpv6-client" => 546,
            "dhcpv6-server" => 547,
            "ldaps" => 636,
            "imaps" => 993,
            "pop3s" => 995,
            "mysql" => 3306,
            "postgresql" => 5432,
            _ => 0,
        };
        return port != 0;
    }
}

/// <summary>Names of TOS values and DSCP classes (iptables-extensions(8)).</summary>
internal static class TosNames
{
    public static string Find(string text) =>
        text switch
        {
            "Minimize-Delay" => "0x10/0x3f",
            "Maximize-Throughput" => "0x08/0x3f",
            "Maximize-Reliability" => "0x04/0x3f",
            "Minimize-Cost" => "0x02/0x3f",
            "Normal-Service" => "0x00/0x3f",
            _ => text.Contains('/', StringComparison.Ordinal) ? text : text + "/0xff",
        };

    public static uint? FindClass(string text) =>
        text.ToUpperInvariant() switch
        {
            "CS0" or "BE" => 0,
            "CS1" => 8,
            "CS2" => 16,
            "CS3" => 24,
            "CS4" => 32,
            "CS5" => 40,
            "CS6" => 48,
            "CS7" => 56,
            "AF11" => 10,
            "AF12" => 12,
            "AF13" => 14,
            "AF21" => 18,
            "AF22" => 20,
            "AF23" => 22,
            "AF31" => 26,
            "AF32" => 28,
            "AF33" => 30,
            "AF41" => 34,
            "AF42" => 36,
            "AF43" => 38,
            "EF" => 46,
            "LE" or "LEPHB" => 1,
            "VA" => 44,
            _ => null,
        };
}

/// <summary>An ICMP type with a range of codes.</summary>
internal readonly record struct IcmpMatch(byte Type, byte LowCode, byte HighCode, bool Any = false)
{
    public bool Covers(byte type, byte code) => Any || (type == Type && code >= LowCode && code <= HighCode);
}

/// <summary>ICMP types as iptables takes them: 8, 3/1, echo-request, any.</summary>
internal static class IcmpTypes
{
    public static IcmpMatch? Find4(string text) =>
        text switch
        {
            "any" or "255" => new(0, 0, 255, Any: true),
            "echo-reply" or "pong" => Whole(0),
            "destination-unreachable" => Whole(3),
            "network-unreachable" => new(3, 0, 0),
            "host-unreachable" => new(3, 1, 1),
            "protocol-unreachable" => new(3, 2, 2),
            "port-unreachable" => new(3, 3, 3),
            "fragmentation-needed" => new(3, 4, 4),
            "source-route-failed" => new(3, 5, 5),
            "network-unknown" => new(3, 6, 6),
            "host-unknown" => new(3, 7, 7),
            "network-prohibited" => new(3, 9, 9),
            "host-prohibited" => new(3, 10, 10),
            "TOS-network-unreachable" => new(3, 11, 11),
            "TOS-host-unreachable" => new(3, 12, 12),
            "communication-prohibited" => new(3, 13, 13),
            "host-precedence-violation" => new(3, 14, 14),
            "precedence-cutoff" => new(3, 15, 15),
            "source-quench" => Whole(4),
            "redirect" => Whole(5),
            "network-redirect" => new(5, 0, 0),
            "host-redirect" => new(5, 1, 1),
            "TOS-network-redirect" => new(5, 2, 2),
            "TOS-host-redirect" => new(5, 3, 3),
            "echo-request" or "ping" => Whole(8),
            "router-advertisement" => Whole(9),
            "router-solicitation" => Whole(10),
            "time-exceeded" or "ttl-exceeded" => Whole(11),
            "ttl-zero-during-transit" => new(11, 0, 0),
            "ttl-zero-during-reassembly" => new(11, 1, 1),
            "parameter-problem" => Whole(12),
            "ip-header-bad" => new(12, 0, 0),
            "required-option-missing" => new(12, 1, 1),
            "timestamp-request" => Whole(13),
            "timestamp-reply" => Whole(14),
            "address-mask-request" => Whole(17),
            "address-mask-reply" => Whole(18),
            _ => Number(text),
        };

    public static IcmpMatch? Find6(string text) =>
        text switch
        {
            "destination-unreachable" => Whole(1),
            "no-route" => new(1, 0, 0),
            "communication-prohibited" => new(1, 1, 1),
            "beyond-scope" => new(1, 2, 2),
            "address-unreachable" => new(1, 3, 3),
            "port-unreachable" => new(1, 4, 4),
            "failed-policy" => new(1, 5, 5),
            "reject-route" => new(1, 6, 6),
            "packet-too-big" => Whole(2),
            "time-exceeded" or "ttl-exceeded" => Whole(3),
            "ttl-zero-during-transit" => new(3, 0, 0),
            "ttl-zero-during-reassembly" => new(3, 1, 1),
            "parameter-problem" => Whole(4),
            "bad-header" => new(4, 0, 0),
            "unknown-header-type" => new(4, 1, 1),
            "unknown-option" => new(4, 2, 2),
            "echo-request" or "ping" => Whole(128),
            "echo-reply" or "pong" => Whole(129),
            "mld-listener-query" => Whole(130),
            "mld-listener-report" => Whole(131),
            "mld-listener-done" or "mld-listener-reduction" => Whole(132),
            "router-solicitation" => Whole(133),
            "router-advertisement" => Whole(134),
            "neighbour-solicitation" or "neighbor-solicitation" => Whole(135),
            "neighbour-advertisement" or "neighbor-advertisement" => Whole(136),
            "redirect" => Whole(137),
            _ => Number(text),
        };

    private static IcmpMatch Whole(byte type) => new(type, 0, 255);

    private static IcmpMatch? Number(string text)
    {
        int slash = text.IndexOf('/', StringComparison.Ordinal);
        if (!byte.TryParse(slash < 0 ? text : text[..slash], NumberStyles.None, CultureInfo.InvariantCulture, out byte type))
            return null;
        if (slash < 0)
            return Whole(type);
        if (!byte.TryParse(text.AsSpan(slash + 1), NumberStyles.None, CultureInfo.InvariantCulture, out byte code))
            return null;
        return new(type, code, code);
    }
}
