using System.Text.Json;
using StackNet.Engine.Facts;

namespace StackNet.Engine.Sources.Text;

/// <summary>JSON of command line tools: one place that bounds depth, turns errors into <see cref="TextFormatException"/> and forgives what versions differ in.</summary>
internal static class JsonText
{
    private static readonly JsonDocumentOptions Options = new() { MaxDepth = 64, CommentHandling = JsonCommentHandling.Disallow };

    /// <summary>A document, or null when the tool printed nothing (iproute2 does so for some empty tables).</summary>
    public static JsonDocument? Parse(ReadOnlyMemory<byte> json)
    {
        json = TrimBom(json);
        if (IsBlank(json.Span))
            return null;
        try
        {
            return JsonDocument.Parse(json, Options);
        }
        catch (JsonException e)
        {
            throw new TextFormatException("not valid JSON: " + FirstSentence(e.Message), e.LineNumber + 1, null, e);
        }
    }

    /// <summary>Calls <paramref name="each"/> for every object of the array that the document is; an empty text is an empty array.</summary>
    public static void ForEachObject(ReadOnlyMemory<byte> json, string tool, Action<JsonElement> each)
    {
        using JsonDocument? document = Parse(json);
        if (document is null)
            return;
        if (document.RootElement.ValueKind != JsonValueKind.Array)
            throw new TextFormatException($"{tool} prints an array, this is {Kind(document.RootElement)}", 1);
        int index = 0;
        foreach (JsonElement item in document.RootElement.EnumerateArray())
        {
            if (item.ValueKind != JsonValueKind.Object)
                throw new TextFormatException($"{tool} prints objects, element {index} is {Kind(item)}");
            Guard(tool, index++, item, each);
        }
    }

    /// <summary>Runs <paramref name="each"/>; a value of the wrong kind becomes an error that names the element.</summary>
    public static void Guard(string tool, int index, JsonElement item, Action<JsonElement> each)
    {
        try
        {
            each(item);
        }
        catch (Exception e) when (e is FormatException or InvalidOperationException or OverflowException)
        {
            throw new TextFormatException($"{tool}, element {index}: {e.Message}", null, null, e);
        }
    }

    public static bool IsBlank(ReadOnlySpan<byte> text)
    {
        foreach (byte c in text)
        {
            if (c is not ((byte)' ' or (byte)'\n' or (byte)'\r' or (byte)'\t'))
                return false;
        }
        return true;
    }

    public static string? Text(this JsonElement item, string name) =>
        item.TryGetProperty(name, out JsonElement value) ? AsText(value) : null;

    /// <summary>A scalar as text; null for null and for what is no scalar.</summary>
    public static string? AsText(JsonElement value) =>
        value.ValueKind switch
        {
            JsonValueKind.String => value.GetString(),
            JsonValueKind.Number => value.GetRawText(),
            JsonValueKind.True => "true",
            JsonValueKind.False => "false",
            _ => null,
        };

    /// <summary>A number that a tool prints as a number, as text or as hexadecimal text, by version.</summary>
    public static long? Number(this JsonElement item, string name)
    {
        if (!item.TryGetProperty(name, out JsonElement value))
            return null;
        return value.ValueKind switch
        {
            JsonValueKind.Number => value.TryGetInt64(out long number) ? number : checked((long)value.GetDouble()),
            JsonValueKind.String => ParseNumber(value.GetString()!),
            JsonValueKind.True => 1,
            JsonValueKind.False => 0,
            _ => null,
        };
    }

    public static int? Integer(this JsonElement item, string name) => Number(item, name) is long value ? checked((int)value) : null;

    /// <summary>true, 1, or a key that is only there (iproute2 prints flags as null).</summary>
    public static bool Flag(this JsonElement item, string name) =>
        item.TryGetProperty(name, out JsonElement value)
        && value.ValueKind switch
        {
            JsonValueKind.False => false,
            JsonValueKind.Number => !value.TryGetInt64(out long number) || number != 0,
            JsonValueKind.String => value.GetString() is not ("off" or "0" or "false"),
            _ => true,
        };

    public static bool FlagOr(this JsonElement item, string name, bool absent) =>
        item.TryGetProperty(name, out _) ? Flag(item, name) : absent;

    public static Ip? Address(this JsonElement item, string name) => Text(item, name) is { Length: > 0 } text ? Ip.Parse(text) : null;

    public static IReadOnlyList<string> Strings(this JsonElement item, string name)
    {
        if (!item.TryGetProperty(name, out JsonElement value) || value.ValueKind != JsonValueKind.Array || value.GetArrayLength() == 0)
            return [];
        List<string> result = new(value.GetArrayLength());
        foreach (JsonElement part in value.EnumerateArray())
        {
            if (AsText(part) is { } text)
                result.Add(text);
        }
        return result;
    }

    public static string Kind(JsonElement element) =>
        element.ValueKind switch
        {
            JsonValueKind.Object => "an object",
            JsonValueKind.Array => "an array",
            JsonValueKind.String => "a string",
            JsonValueKind.Number => "a number",
            JsonValueKind.Null => "null",
            _ => "a truth value",
        };

    internal static long ParseNumber(string text)
    {
        ReadOnlySpan<char> digits = text.AsSpan().Trim();
        return digits.StartsWith("0x", StringComparison.OrdinalIgnoreCase)
            ? long.Parse(digits[2..], System.Globalization.NumberStyles.AllowHexSpecifier)
            : long.Parse(digits);
    }

    private static ReadOnlyMemory<byte> TrimBom(ReadOnlyMemory<byte> json) => json.Span.StartsWith("\uFEFF"u8) ? json[3..] : json;

    // System.Text.Json adds the path and position again in its own words.
    private static string FirstSentence(string message)
    {
        int end = message.IndexOf(". ", StringComparison.Ordinal);
        return end < 0 ? message : message[..end];
    }
}
