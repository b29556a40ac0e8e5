using System.Globalization;

namespace StackNet.Engine.Facts;

/// <summary>A 48-bit Ethernet address (IEEE 802).</summary>
internal readonly record struct Mac(ulong Value)
{
    public static Mac Broadcast { get; } = new(0xffff_ffff_ffff);

    /// <summary>The group bit: multicast and broadcast.</summary>
    public bool IsGroup => (Value >> 40 & 1) == 1;

    public bool IsBroadcast => Value == 0xffff_ffff_ffff;

    public bool IsZero => Value == 0;

    public static bool TryParse(ReadOnlySpan<char> text, out Mac mac)
    {
        mac = default;
        if (text.Length != 17)
            return false;
        ulong value = 0;
        for (int i = 0; i < 17; i += 3)
        {
            if (!byte.TryParse(text.Slice(i, 2), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out byte part))
                return false;
            if (i < 15 && text[i + 2] is not (':' or '-'))
                return false;
            value = (value << 8) | part;
        }
        mac = new(value);
        return true;
    }

    public static Mac Parse(ReadOnlySpan<char> text) =>
        TryParse(text, out Mac mac) ? mac : throw new FormatException($"'{text}' is not a MAC address.");

    public static Mac FromBytes(ReadOnlySpan<byte> bytes)
    {
        ulong value = 0;
        foreach (byte part in bytes[..6])
            value = (value << 8) | part;
        return new(value);
    }

    public override string ToString() =>
        string.Create(
            CultureInfo.InvariantCulture,
            $"{(byte)(Value >> 40):x2}:{(byte)(Value >> 32):x2}:{(byte)(Value >> 24):x2}:{(byte)(Value >> 16):x2}:{(byte)(Value >> 8):x2}:{(byte)Value:x2}"
        );
}
