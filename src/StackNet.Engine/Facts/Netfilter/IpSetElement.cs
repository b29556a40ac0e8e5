using System.Globalization;

namespace StackNet.Engine.Facts.Netfilter;

/// <summary>
/// An element of an ipset, taken apart by the set's type: for every dimension what it demands. Members that the type does not have are null.
/// </summary>
internal sealed record IpSetElement
{
    /// <summary>The element as printed, options included.</summary>
    public required string Text { get; init; }

    /// <summary>First address or network.</summary>
    public IpPrefix? First { get; init; }

    /// <summary>Last address when the element is a range (bitmap sets).</summary>
    public Ip? FirstEnd { get; init; }
    public byte? Protocol { get; init; }
    public PortRange? Ports { get; init; }

    /// <summary>Second address or network (hash:net,net, hash:ip,port,ip …).</summary>
    public IpPrefix? Second { get; init; }
    public Mac? Mac { get; init; }
    public string? Device { get; init; }

    /// <summary>"physdev:" stood before the device: the bridge port is meant.</summary>
    public bool IsPhysical { get; init; }

    /// <summary>The device is a prefix (option wildcard).</summary>
    public bool IsWildcard { get; init; }
    public uint? Mark { get; init; }

    /// <summary>Name of a member of a list:set.</summary>
    public string? Member { get; init; }
    public bool Nomatch { get; init; }

    /// <summary>False: the text could not be understood for this type.</summary>
    public bool IsUnderstood { get; init; } = true;

    /// <summary>Takes an element apart for a set of a type such as "hash:ip,port".</summary>
    public static IpSetElement Parse(string type, string text)
    {
        string[] words = text.Split(' ', StringSplitOptions.RemoveEmptyEntries);
        IpSetElement element = new() { Text = text };
        if (words.Length == 0)
            return element with { IsUnderstood = false };
        element = element with { Nomatch = words.Contains("nomatch"), IsWildcard = words.Contains("wildcard") };
        int colon = type.IndexOf(':', StringComparison.Ordinal);
        if (type.StartsWith("list:", StringComparison.Ordinal))
            return element with { Member = words[0] };
        string[] kinds = type[(colon + 1)..].Split(',');
        string[] parts = words[0].Split(',');
        if (parts.Length > kinds.Length)
            return element with { IsUnderstood = false };
        bool isFirst = true;
        for (int i = 0; i < parts.Length; i++)
        {
            IpSetElement? next = kinds[i] switch
            {
                "ip" or "net" => isFirst ? WithFirst(element, parts[i]) : WithSecond(element, parts[i]),
                "port" => WithPort(element, parts[i]),
                "mac" => Facts.Mac.TryParse(parts[i], out Mac mac) ? element with { Mac = mac } : null,
                "iface" => WithDevice(element, parts[i]),
                "mark" => WithMark(element, parts[i]),
                _ => null,
            };
            if (next is null)
                return element with { IsUnderstood = false };
            if (kinds[i] is "ip" or "net")
                isFirst = false;
            element = next;
        }
        return element;
    }

    private static IpSetElement? WithFirst(IpSetElement element, string text)
    {
        int dash = text.IndexOf('-', StringComparison.Ordinal);
        if (dash > 0)
        {
            return Ip.TryParse(text.AsSpan(0, dash), out Ip low) && Ip.TryParse(text.AsSpan(dash + 1), out Ip high)
                ? element with
                {
                    First = new IpPrefix(low, low.Bits),
                    FirstEnd = high,
                }
                : null;
        }
        return IpPrefix.TryParse(text, out IpPrefix prefix) ? element with { First = prefix } : null;
    }

    private static IpSetElement? WithSecond(IpSetElement element, string text) =>
        IpPrefix.TryParse(text, out IpPrefix prefix) ? element with { Second = prefix } : null;

    private static IpSetElement WithDevice(IpSetElement element, string text)
    {
        const string physical = "physdev:";
        return text.StartsWith(physical, StringComparison.Ordinal)
            ? element with
            {
                Device = text[physical.Length..],
                IsPhysical = true,
            }
            : element with
            {
                Device = text,
            };
    }

    private static IpSetElement? WithMark(IpSetElement element, string text)
    {
        uint mark;
        bool isNumber = text.StartsWith("0x", StringComparison.OrdinalIgnoreCase)
            ? uint.TryParse(text.AsSpan(2), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out mark)
            : uint.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out mark);
        return isNumber ? element with { Mark = mark } : null;
    }

    // "80", "tcp:80", "udp:1000-2000", "icmp:8/0" or "icmp:echo-request", "0" for a protocol without ports ("vrrp:0").
    private static IpSetElement? WithPort(IpSetElement element, string text)
    {
        string ports = text;
        byte? protocol = null;
        int colon = text.IndexOf(':', StringComparison.Ordinal);
        if (colon >= 0)
        {
            protocol = IptablesRuleSpec.ProtocolNumber(text[..colon]);
            if (protocol is null)
                return null;
            ports = text[(colon + 1)..];
        }
        if (protocol is 1 or 58)
        {
            if (IcmpPort(protocol.Value, ports) is not { } code)
                return null;
            return element with { Protocol = protocol, Ports = new PortRange(code, code) };
        }
        int dash = ports.IndexOf('-', StringComparison.Ordinal);
        if (!ushort.TryParse(dash < 0 ? ports : ports[..dash], NumberStyles.None, CultureInfo.InvariantCulture, out ushort low))
            return null;
        ushort high = low;
        if (dash >= 0 && !ushort.TryParse(ports[(dash + 1)..], NumberStyles.None, CultureInfo.InvariantCulture, out high))
            return null;
        return element with { Protocol = protocol, Ports = new PortRange(low, high) };
    }

    private static ushort? IcmpPort(byte protocol, string text)
    {
        int slash = text.IndexOf('/', StringComparison.Ordinal);
        if (slash > 0 && byte.TryParse(text.AsSpan(0, slash), out byte type) && byte.TryParse(text.AsSpan(slash + 1), out byte code))
            return (ushort)(type << 8 | code);
        if (IcmpNames.Find(protocol == 58, text) is { } named)
            return named;
        return null;
    }
}

/// <summary>ICMP names as ipset prints them.</summary>
internal static class IcmpNames
{
    /// <summary>Type in the high byte and code in the low one.</summary>
    public static ushort? Find(bool v6, string text) =>
        (v6, text) switch
        {
            (false, "echo-reply" or "pong") => 0,
            (false, "network-unreachable") => 0x300,
            (false, "host-unreachable") => 0x301,
            (false, "protocol-unreachable") => 0x302,
            (false, "port-unreachable") => 0x303,
            (false, "fragmentation-needed") => 0x304,
            (false, "source-route-failed") => 0x305,
            (false, "network-unknown") => 0x306,
            (false, "host-unknown") => 0x307,
            (false, "network-prohibited") => 0x309,
            (false, "host-prohibited") => 0x30a,
            (false, "TOS-network-unreachable") => 0x30b,
            (false, "TOS-host-unreachable") => 0x30c,
            (false, "communication-prohibited") => 0x30d,
            (false, "host-precedence-violation") => 0x30e,
            (false, "precedence-cutoff") => 0x30f,
            (false, "source-quench") => 0x400,
            (false, "network-redirect") => 0x500,
            (false, "host-redirect") => 0x501,
            (false, "TOS-network-redirect") => 0x502,
            (false, "TOS-host-redirect") => 0x503,
            (false, "echo-request" or "ping") => 0x800,
            (false, "router-advertisement") => 0x900,
            (false, "router-solicitation") => 0xa00,
            (false, "ttl-zero-during-transit") => 0xb00,
            (false, "ttl-zero-during-reassembly") => 0xb01,
            (false, "ip-header-bad") => 0xc00,
            (false, "required-option-missing") => 0xc01,
            (false, "timestamp-request") => 0xd00,
            (false, "timestamp-reply") => 0xe00,
            (false, "address-mask-request") => 0x1100,
            (false, "address-mask-reply") => 0x1200,
            (true, "no-route") => 0x100,
            (true, "communication-prohibited") => 0x101,
            (true, "address-unreachable") => 0x103,
            (true, "port-unreachable") => 0x104,
            (true, "packet-too-big") => 0x200,
            (true, "ttl-zero-during-transit") => 0x300,
            (true, "ttl-zero-during-reassembly") => 0x301,
            (true, "bad-header") => 0x400,
            (true, "unknown-header-type") => 0x401,
            (true, "unknown-option") => 0x402,
            (true, "echo-request" or "ping") => 0x8000,
            (true, "echo-reply" or "pong") => 0x8100,
            (true, "router-solicitation") => 0x8500,
            (true, "router-advertisement") => 0x8600,
            (true, "neighbour-solicitation" or "neigbour-solicitation") => 0x8700,
            (true, "neighbour-advertisement" or "neigbour-advertisement") => 0x8800,
            (true, "redirect") => 0x8900,
            _ => null,
        };
}
