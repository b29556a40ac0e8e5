namespace StackNet.Engine.Facts.OpenFlow;

/// <summary>Cuts flow text at commas that stand outside of parentheses, brackets and quotes.</summary>
internal static class FlowSyntax
{
    /// <summary>Nesting deeper than this is no flow that a switch printed.</summary>
    public const int MaxDepth = 64;

    public static List<string> Split(ReadOnlySpan<char> text, bool blanks = false)
    {
        List<string> parts = [];
        int depth = 0;
        bool quoted = false;
        int start = 0;
        for (int i = 0; i <= text.Length; i++)
        {
            char letter = i < text.Length ? text[i] : ',';
            if (i < text.Length && quoted)
            {
                if (letter == '\\')
                    i++;
                else if (letter == '"')
                    quoted = false;
                continue;
            }
            switch (letter)
            {
                case '"':
                    quoted = true;
                    break;
                case '(' or '[' or '{':
                    depth++;
                    break;
                case ')' or ']' or '}':
                    depth--;
                    break;
            }
            if (i == text.Length || (depth <= 0 && (letter == ',' || (blanks && char.IsWhiteSpace(letter)))))
            {
                ReadOnlySpan<char> part = text[start..Math.Min(i, text.Length)].Trim();
                if (!part.IsEmpty)
                    parts.Add(part.ToString());
                start = i + 1;
            }
        }
        return parts;
    }

    /// <summary>"name(…)" or "name:…" or "name=…" or "name": the name and what stands behind; arguments in parentheses come without them.</summary>
    public static (string Name, string Argument, bool Parenthesized) Call(string text)
    {
        int at = text.AsSpan().IndexOfAny("(:=");
        if (at < 0)
            return (text, "", false);
        string name = text[..at].Trim();
        if (text[at] == '(')
        {
            int close = Close(text, at);
            // Something behind the closing parenthesis belongs to the caller (check_pkt_larger(…)->…).
            return close < 0 ? (name, text[(at + 1)..], true) : (name, text[(at + 1)..close], true);
        }
        return (name, text[(at + 1)..].Trim(), false);
    }

    /// <summary>Index of the parenthesis that closes the one at <paramref name="open"/>, or -1.</summary>
    public static int Close(ReadOnlySpan<char> text, int open)
    {
        int depth = 0;
        for (int i = open; i < text.Length; i++)
        {
            if (text[i] == '(')
                depth++;
            else if (text[i] == ')' && --depth == 0)
                return i;
        }
        return -1;
    }

    /// <summary>Deepest nesting of parentheses: text made to exhaust a stack is refused before it is parsed.</summary>
    public static int Depth(ReadOnlySpan<char> text)
    {
        int depth = 0;
        int deepest = 0;
        foreach (char letter in text)
        {
            if (letter == '(')
                deepest = Math.Max(deepest, ++depth);
            else if (letter == ')')
                depth--;
        }
        return deepest;
    }

    /// <summary>NAME, NAME[], NAME[3], NAME[0..15].</summary>
    public static bool TrySubfield(ReadOnlySpan<char> text, out FlowSubfield subfield)
    {
        subfield = default;
        text = text.Trim();
        int open = text.IndexOf('[');
        ReadOnlySpan<char> name = open < 0 ? text : text[..open];
        FlowField? field = FlowFields.Find(name);
        if (field is null)
            return false;
        if (open < 0)
        {
            subfield = new(field, 0, field.Bits);
            return true;
        }
        if (text[^1] != ']')
            return false;
        ReadOnlySpan<char> range = text[(open + 1)..^1].Trim();
        if (range.IsEmpty)
        {
            subfield = new(field, 0, field.Bits);
            return true;
        }
        int dots = range.IndexOf("..", StringComparison.Ordinal);
        ReadOnlySpan<char> first = dots < 0 ? range : range[..dots];
        ReadOnlySpan<char> last = dots < 0 ? range : range[(dots + 2)..];
        if (!int.TryParse(first, out int low) || !int.TryParse(last, out int high) || low < 0 || high < low || high > 127)
            return false;
        // ARP's operation has 16 bits, of which the switch keeps eight; OXM in_port has 32.
        if (field.Name is "arp_op" or "in_port" or "actset_output" or "tcp_flags")
            high = Math.Min(high, field.Bits - 1);
        if (high >= field.Bits || high < low)
            return false;
        subfield = new(field, low, high - low + 1);
        return true;
    }
}
