using System.Text;

namespace StackNet.Engine.Sources.Text;

/// <summary>
/// One string object for equal short texts. A node says the same few words a hundred thousand times. Of fixed size: a text that is not
/// met again is forgotten when another takes its place.
/// </summary>
internal sealed class TextPool
{
    private const int Places = 1 << 14;
    private const int Longest = 160;

    private readonly string?[] _texts = new string?[Places];

    /// <summary>The text of plain UTF-8.</summary>
    public string Get(ReadOnlySpan<byte> utf8)
    {
        if (utf8.Length > Longest)
            return Encoding.UTF8.GetString(utf8);
        if (utf8.IsEmpty)
            return "";
        uint hash = 2166136261; // FNV-1a
        foreach (byte part in utf8)
            hash = (hash ^ part) * 16777619;
        ref string? place = ref _texts[Fold(hash)];
        if (place is { } known && Ascii.Equals(utf8, known))
            return known;
        return place = Encoding.UTF8.GetString(utf8);
    }

    /// <summary>The text, or an equal one that was there before.</summary>
    public string Get(string text)
    {
        if (text.Length > Longest)
            return text;
        uint hash = 2166136261;
        foreach (char part in text)
            hash = (hash ^ part) * 16777619;
        ref string? place = ref _texts[Fold(hash)];
        return place is { } known && known == text ? known : place = text;
    }

    /// <summary>The text.</summary>
    public string Get(ReadOnlySpan<char> text)
    {
        if (text.Length > Longest)
            return text.ToString();
        if (text.IsEmpty)
            return "";
        uint hash = 2166136261;
        foreach (char part in text)
            hash = (hash ^ part) * 16777619;
        ref string? place = ref _texts[Fold(hash)];
        if (place is { } known && text.SequenceEqual(known))
            return known;
        return place = text.ToString();
    }

    private static uint Fold(uint hash) => (hash ^ (hash >> 15)) & (Places - 1);
}
