using System.Globalization;
using System.Net;
using System.Net.Sockets;

namespace StackNet.Engine.Facts;

/// <summary>One IPv4 or IPv6 address as a number, so that prefixes, ranges and sets compare without allocation.</summary>
internal readonly record struct Ip : IComparable<Ip>
{
    // Two halves: a UInt128 is aligned to 16 bytes and would make every address, and every packet with its five, a third longer.
    private readonly ulong _upper;
    private readonly ulong _lower;

    private Ip(UInt128 value, bool isV6)
    {
        _upper = (ulong)(value >> 64);
        _lower = (ulong)value;
        IsV6 = isV6;
    }

    /// <summary>The address as a number in host order; an IPv4 address takes the low 32 bits.</summary>
    public UInt128 Value => new(_upper, _lower);

    /// <summary>True for IPv6.</summary>
    public bool IsV6 { get; }

    /// <summary>Bits of the family: 32 or 128.</summary>
    public int Bits => IsV6 ? 128 : 32;

    /// <summary>0.0.0.0 or ::.</summary>
    public bool IsAny => Value == UInt128.Zero;

    /// <summary>127/8 or ::1.</summary>
    public bool IsLoopback => IsV6 ? Value == UInt128.One : (uint)Value >> 24 == 127;

    /// <summary>224/4 or ff00::/8.</summary>
    public bool IsMulticast => IsV6 ? Value >> 120 == 0xff : (uint)Value >> 28 == 14;

    /// <summary>255.255.255.255.</summary>
    public bool IsLimitedBroadcast => !IsV6 && (uint)Value == uint.MaxValue;

    /// <summary>169.254/16 or fe80::/10.</summary>
    public bool IsLinkLocal => IsV6 ? Value >> 118 == 0x3fa : (uint)Value >> 16 == 0xa9fe;

    public static Ip V4(uint value) => new(value, isV6: false);

    public static Ip V6(UInt128 value) => new(value, isV6: true);

    public static Ip From(IPAddress address)
    {
        Span<byte> bytes = stackalloc byte[16];
        address.TryWriteBytes(bytes, out int length);
        return FromBytes(bytes[..length]);
    }

    /// <summary>Network-order bytes, 4 or 16 of them.</summary>
    public static Ip FromBytes(ReadOnlySpan<byte> bytes)
    {
        UInt128 value = UInt128.Zero;
        foreach (byte part in bytes)
            value = (value << 8) | part;
        return new(value, bytes.Length == 16);
    }

    public static bool TryParse(ReadOnlySpan<char> text, out Ip ip)
    {
        ip = default;
        // IPAddress takes "10" and "0x7f.1" for addresses; the tools we read never print those.
        bool v6 = text.Contains(':');
        if (!v6 && text.Count('.') != 3)
            return false;
        if (text.Contains('%') || !IPAddress.TryParse(text, out IPAddress? address))
            return false;
        ip = From(address);
        return true;
    }

    public static Ip Parse(ReadOnlySpan<char> text) =>
        TryParse(text, out Ip ip) ? ip : throw new FormatException($"'{text}' is not an IP address.");

    public IPAddress ToIPAddress()
    {
        if (!IsV6)
        {
            uint v = (uint)Value;
            return new IPAddress([(byte)(v >> 24), (byte)(v >> 16), (byte)(v >> 8), (byte)v]);
        }
        Span<byte> bytes = stackalloc byte[16];
        UInt128 rest = Value;
        for (int i = 15; i >= 0; i--, rest >>= 8)
            bytes[i] = (byte)rest;
        return new IPAddress(bytes);
    }

    public int CompareTo(Ip other) => IsV6 != other.IsV6 ? IsV6.CompareTo(other.IsV6) : Value.CompareTo(other.Value);

    public override string ToString()
    {
        if (IsV6)
            return ToIPAddress().ToString();
        uint v = (uint)Value;
        return string.Create(CultureInfo.InvariantCulture, $"{v >> 24}.{(v >> 16) & 255}.{(v >> 8) & 255}.{v & 255}");
    }
}

/// <summary>An address prefix in CIDR form; host bits are kept as given (an address with its length), <see cref="Contains"/> ignores them.</summary>
internal readonly record struct IpPrefix(Ip Address, int Length)
{
    /// <summary>0.0.0.0/0.</summary>
    public static IpPrefix AnyV4 { get; } = new(Ip.V4(0), 0);

    /// <summary>::/0.</summary>
    public static IpPrefix AnyV6 { get; } = new(Ip.V6(0), 0);

    /// <summary>The first address, host bits cleared.</summary>
    public Ip Network => Address.IsV6 ? Ip.V6(Address.Value & Mask) : Ip.V4((uint)(Address.Value & Mask));

    /// <summary>The last address, host bits set: the subnet's broadcast address in IPv4 (RFC 919).</summary>
    public Ip Broadcast => Address.IsV6 ? Ip.V6(Address.Value | ~Mask) : Ip.V4((uint)(Address.Value | ~Mask));

    private UInt128 Mask
    {
        get
        {
            int host = Address.Bits - Length;
            UInt128 all = Address.IsV6 ? UInt128.MaxValue : uint.MaxValue;
            return host >= 128 ? UInt128.Zero : all & ~((UInt128.One << host) - 1);
        }
    }

    public bool Contains(Ip ip) => ip.IsV6 == Address.IsV6 && (ip.Value & Mask) == (Address.Value & Mask);

    public static bool TryParse(ReadOnlySpan<char> text, out IpPrefix prefix)
    {
        prefix = default;
        int slash = text.IndexOf('/');
        if (!Ip.TryParse(slash < 0 ? text : text[..slash], out Ip ip))
            return false;
        int length = ip.Bits;
        if (
            slash >= 0
            && (!int.TryParse(text[(slash + 1)..], NumberStyles.None, CultureInfo.InvariantCulture, out length) || length > ip.Bits)
        )
            return false;
        prefix = new(ip, length);
        return true;
    }

    public static IpPrefix Parse(ReadOnlySpan<char> text) =>
        TryParse(text, out IpPrefix prefix) ? prefix : throw new FormatException($"'{text}' is not an address prefix.");

    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"{Address}/{Length}");
}
