using System.Collections;
using System.Globalization;
using System.Net;
using System.Text;

namespace StackNet.Output;

/// <summary>What stands in the cells of the module's views. Text that came from a node is made harmless for the terminal.</summary>
public static class Cell
{
    /// <summary>Text with control characters shown as pictures (ESC as ␛) and what reorders text shown as its code point.</summary>
    public static string Text(object? value)
    {
        string text = Plain(value);
        int bad = 0;
        while (bad < text.Length && IsHarmless(text[bad]))
            bad++;
        if (bad == text.Length)
            return text;
        StringBuilder clean = new(text, 0, bad, text.Length + 16);
        foreach (char c in text.AsSpan(bad))
        {
            if (IsHarmless(c))
                clean.Append(c);
            else if (c < ' ')
                clean.Append((char)(0x2400 + c));
            else if (c == 0x7f)
                clean.Append('␡');
            else
                clean.Append(CultureInfo.InvariantCulture, $"<U+{(int)c:X4}>");
        }
        return clean.ToString();
    }

    /// <summary>Several values in one cell, cleaned, with a comma between.</summary>
    public static string List(object? values) => List(values, int.MaxValue);

    /// <summary>The first values and how many more there are.</summary>
    public static string List(object? values, int most)
    {
        if (values is null or string || values is not IEnumerable many)
            return Text(values);
        List<string> texts = [.. many.Cast<object?>().Select(Text)];
        return texts.Count <= most ? string.Join(", ", texts) : string.Join(", ", texts.Take(most)) + $" +{texts.Count - most}";
    }

    /// <summary>Name of a namespace; the root one has none.</summary>
    public static string Namespace(object? name) =>
        name is null ? ""
        : Text(name) is { Length: > 0 } text ? text
        : "(root)";

    /// <summary>Yes, No, or ? when it was not read.</summary>
    public static string YesNo(object? value) =>
        value switch
        {
            true => "Yes",
            false => "No",
            _ => "?",
        };

    /// <summary>A number, or ? when it was not read.</summary>
    public static string Known(object? value) => value is null ? "?" : Text(value);

    /// <summary>A text no longer than <paramref name="width"/>, cut in the middle: both ends of a device or uuid tell.</summary>
    public static string Short(object? value, int width)
    {
        string text = Text(value);
        if (text.Length <= width || width < 5)
            return text;
        int head = (width - 1 + 1) / 2;
        return $"{text[..head]}…{text[^(width - 1 - head)..]}";
    }

    /// <summary>A text in lines of at most <paramref name="width"/>, broken between words: a table breaks anywhere.</summary>
    public static string Wrapped(object? value, int width)
    {
        string text = Text(value);
        StringBuilder lines = new(text.Length + 8);
        while (text.Length > width)
        {
            int at = text.LastIndexOf(' ', width);
            if (at <= 0)
                break;
            lines.Append(text, 0, at).Append('\n');
            text = text[(at + 1)..];
        }
        return lines.Append(text).ToString();
    }

    /// <summary>The word in a colour of the session, when it has any.</summary>
    public static string Coloured(object? value, object? start, object? end) => $"{start}{Text(value)}{end}";

    /// <summary>A verdict in its colour: the three escape sequences are PSStyle's.</summary>
    public static string Verdict(object? value, object? pass, object? fail, object? unknown, object? reset) =>
        value switch
        {
            StackNet.Verdict.Pass or "Pass" => Coloured(value, pass, reset),
            StackNet.Verdict.Fail or "Fail" => Coloured(value, fail, reset),
            StackNet.Verdict.Unknown or "Unknown" => Coloured(value, unknown, reset),
            _ => Text(value),
        };

    private static string Plain(object? value) =>
        value switch
        {
            null => "",
            string text => text,
            IPAddress address => address.ToString(),
            DateTime time => time.ToString("yyyy-MM-dd HH:mm:ss'Z'", CultureInfo.InvariantCulture),
            IFormattable number => number.ToString(null, CultureInfo.InvariantCulture),
            _ => value.ToString() ?? "",
        };

    private static bool IsHarmless(char c) =>
        c switch
        {
            < ' ' or (>= '\u007f' and <= '\u009f') => false,
            // Marks that reorder or hide what stands around them.
            '\u061c' or (>= '\u200b' and <= '\u200f') or (>= '\u2028' and <= '\u202e') or (>= '\u2060' and <= '\u206f') or '\ufeff' =>
                false,
            _ => true,
        };
}
