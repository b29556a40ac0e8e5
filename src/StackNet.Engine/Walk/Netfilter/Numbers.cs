using System.Globalization;

namespace StackNet.Engine.Walk.Netfilter;

/// <summary>Numbers as iptables and nft write them: decimal, 0x hexadecimal, with masks and ranges.</summary>
internal static class Numbers
{
    public static bool TryParse(ReadOnlySpan<char> text, out uint value)
    {
        if (text.StartsWith("0x", StringComparison.OrdinalIgnoreCase))
            return uint.TryParse(text[2..], NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out value);
        return uint.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out value);
    }

    /// <summary>"value" or "value/mask"; without a mask it is all ones.</summary>
    public static bool TryParseMasked(string text, out uint value, out uint mask)
    {
        mask = uint.MaxValue;
        int slash = text.IndexOf('/', StringComparison.Ordinal);
        if (slash < 0)
            return TryParse(text, out value);
        return TryParse(text.AsSpan(0, slash), out value) & TryParse(text.AsSpan(slash + 1), out mask);
    }

    /// <summary>"low:high", ":high", "low:" or one number.</summary>
    public static bool TryParseRange(string text, uint top, out uint low, out uint high)
    {
        low = 0;
        high = top;
        int colon = text.IndexOf(':', StringComparison.Ordinal);
        if (colon < 0)
        {
            bool isNumber = TryParse(text, out low);
            high = low;
            return isNumber;
        }
        return (colon == 0 || TryParse(text.AsSpan(0, colon), out low))
            && (colon == text.Length - 1 || TryParse(text.AsSpan(colon + 1), out high));
    }
}
