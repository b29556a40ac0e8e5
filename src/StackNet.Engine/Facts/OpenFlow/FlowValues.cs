using System.Globalization;

namespace StackNet.Engine.Facts.OpenFlow;

/// <summary>Values of fields as ovs-ofctl prints them, with their masks.</summary>
internal static class FlowValues
{
    private static readonly string[] CtStates = ["new", "est", "rel", "rpl", "inv", "trk", "snat", "dnat"];
    private static readonly string[] TcpFlags = ["fin", "syn", "rst", "psh", "ack", "urg", "ece", "cwr", "ns"];

    /// <summary>Decimal or 0x… up to 128 bits.</summary>
    public static bool TryNumber(ReadOnlySpan<char> text, out UInt128 value)
    {
        if (text.StartsWith("0x", StringComparison.OrdinalIgnoreCase))
            return UInt128.TryParse(text[2..], NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out value);
        return UInt128.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out value);
    }

    /// <summary>A value, perhaps with /mask, of a field.</summary>
    public static bool TryParse(
        FlowField field,
        ReadOnlySpan<char> text,
        IReadOnlyDictionary<string, int>? ports,
        out UInt128 value,
        out UInt128 mask
    )
    {
        UInt128 all = field.Bits >= 128 ? UInt128.MaxValue : (UInt128.One << field.Bits) - 1;
        mask = all;
        switch (field.Form)
        {
            case FlowForm.CtState when TryFlags(text, CtStates, out value, out mask):
            case FlowForm.TcpFlags when TryFlags(text, TcpFlags, out value, out mask):
            case FlowForm.TunFlags when TryFlags(text, ["oam"], out value, out mask):
                return true;
            case FlowForm.Fragment when TryFragment(text, out value, out mask):
                return true;
            case FlowForm.CtState or FlowForm.TcpFlags or FlowForm.TunFlags or FlowForm.Fragment:
                // A number then, of the whole field unless it says otherwise.
                mask = all;
                break;
            case FlowForm.Port:
                ushort? port = OpenFlowPorts.Parse(text, ports);
                value = port ?? 0;
                return port is not null;
            case FlowForm.PacketType:
                return TryPacketType(text, out value);
        }
        int slash = text.IndexOf('/');
        if (!TryOne(field, slash < 0 ? text : text[..slash], out value))
            return false;
        if (slash >= 0)
        {
            ReadOnlySpan<char> tail = text[(slash + 1)..];
            if (
                field.Form is FlowForm.Ip4 or FlowForm.Ip6
                && int.TryParse(tail, NumberStyles.None, CultureInfo.InvariantCulture, out int length)
            )
            {
                if (length > field.Bits)
                    return false;
                mask = length == 0 ? UInt128.Zero : all & ~((UInt128.One << (field.Bits - length)) - 1);
            }
            else if (!TryOne(field, tail, out mask))
            {
                return false;
            }
        }
        return value <= all && mask <= all;
    }

    private static bool TryOne(FlowField field, ReadOnlySpan<char> text, out UInt128 value)
    {
        value = default;
        switch (field.Form)
        {
            case FlowForm.Mac:
                if (Mac.TryParse(text, out Mac mac))
                {
                    value = mac.Value;
                    return true;
                }
                break;
            case FlowForm.Ip4:
            case FlowForm.Ip6:
                if (Ip.TryParse(text, out Ip ip) && ip.IsV6 == (field.Form == FlowForm.Ip6))
                {
                    value = ip.Value;
                    return true;
                }
                break;
        }
        return TryNumber(text, out value);
    }

    /// <summary>"+new-est" (masked), "est|trk" (whole field), "0".</summary>
    public static bool TryFlags(ReadOnlySpan<char> text, ReadOnlySpan<string> names, out UInt128 value, out UInt128 mask)
    {
        value = mask = UInt128.Zero;
        if (text.IsEmpty || char.IsAsciiDigit(text[0]))
            return false;
        bool masked = text[0] is '+' or '-';
        if (!masked)
            mask = 0xffff_ffff;
        while (!text.IsEmpty)
        {
            bool on = true;
            if (masked)
            {
                if (text[0] is not ('+' or '-'))
                    return false;
                on = text[0] == '+';
                text = text[1..];
            }
            int end = text.IndexOfAny(masked ? "+-" : "|");
            ReadOnlySpan<char> name = (end < 0 ? text : text[..end]).Trim();
            int bit = -1;
            for (int i = 0; i < names.Length; i++)
            {
                if (name.Equals(names[i], StringComparison.OrdinalIgnoreCase))
                    bit = i;
            }
            if (bit < 0)
                return false;
            UInt128 one = UInt128.One << bit;
            if (masked)
                mask |= one;
            if (on)
                value |= one;
            text = end < 0 ? [] : text[(masked ? end : end + 1)..];
        }
        return true;
    }

    // ovs-fields(7): bit 0 says fragment, bit 1 says not the first.
    private static bool TryFragment(ReadOnlySpan<char> text, out UInt128 value, out UInt128 mask)
    {
        (int v, int m) = text switch
        {
            "no" => (0, 3),
            "yes" => (1, 1),
            "first" => (1, 3),
            "later" => (3, 3),
            "not_later" => (0, 2),
            _ => (-1, 0),
        };
        value = v < 0 ? 0 : (UInt128)v;
        mask = (UInt128)m;
        return v >= 0;
    }

    private static bool TryPacketType(ReadOnlySpan<char> text, out UInt128 value)
    {
        value = default;
        if (text.Length < 5 || text[0] != '(' || text[^1] != ')')
            return false;
        int comma = text.IndexOf(',');
        if (comma < 0 || !TryNumber(text[1..comma].Trim(), out UInt128 space) || !TryNumber(text[(comma + 1)..^1].Trim(), out UInt128 type))
            return false;
        value = (space << 16) | type;
        return space <= 0xffff && type <= 0xffff;
    }
}
