using System.Text.Json;

namespace StackNet.Engine.Sources.Text;

/// <summary>A row: values in the notation of RFC 7047 5.1 (a set of exactly one member is the bare member).</summary>
internal sealed class OvsdbRow(IReadOnlyDictionary<string, JsonElement> columns, TextPool pool)
{
    private static readonly IReadOnlyDictionary<string, string> Empty = new Dictionary<string, string>();

    /// <summary>The text of a column, null when it is an empty set or absent.</summary>
    public string? Text(string column) =>
        Members(column).Select(JsonText.AsText).FirstOrDefault(t => t is not null) is { } text ? pool.Get(text) : null;

    /// <summary>As <see cref="Text"/>, and an empty text is null too.</summary>
    public string? FilledText(string column) => Text(column) is { Length: > 0 } text ? text : null;

    public bool Flag(string column) => Members(column).FirstOrDefault() is { ValueKind: JsonValueKind.True };

    public bool? OptionalFlag(string column) =>
        Members(column).FirstOrDefault().ValueKind switch
        {
            JsonValueKind.True => true,
            JsonValueKind.False => false,
            _ => null,
        };

    public long? Number(string column)
    {
        JsonElement value = Members(column).FirstOrDefault();
        return value.ValueKind == JsonValueKind.Number && value.TryGetInt64(out long number) ? number : null;
    }

    public int? Integer(string column) => Number(column) is long number and >= int.MinValue and <= int.MaxValue ? (int)number : null;

    public IReadOnlyList<int> Integers(string column) =>
        [.. Members(column).Where(m => m.ValueKind == JsonValueKind.Number && m.TryGetInt32(out _)).Select(m => m.GetInt32()).Order()];

    public IReadOnlyList<string> Texts(string column) =>
        [.. Members(column).Select(JsonText.AsText).OfType<string>().Order(StringComparer.Ordinal)];

    public IEnumerable<string> References(string column) => columns.TryGetValue(column, out JsonElement value) ? Uuids(value) : [];

    /// <summary>Keys and values of a map column.</summary>
    public IReadOnlyDictionary<string, string> Map(string column)
    {
        if (!columns.TryGetValue(column, out JsonElement value) || !IsTagged(value, "map", out JsonElement pairs))
            return Empty;
        int count = pairs.GetArrayLength();
        if (count == 0)
            return Empty;
        Dictionary<string, string> map = new(count);
        foreach (JsonElement pair in pairs.EnumerateArray())
        {
            if (pair.ValueKind == JsonValueKind.Array && pair.GetArrayLength() == 2 && JsonText.AsText(pair[0]) is { } key)
                map[pool.Get(key)] = pool.Get(JsonText.AsText(pair[1]) ?? pair[1].GetRawText());
        }
        return map;
    }

    internal static IEnumerable<string> Uuids(JsonElement value)
    {
        if (IsTagged(value, "set", out JsonElement members))
            return members.EnumerateArray().SelectMany(Uuids);
        return
            value.ValueKind == JsonValueKind.Array
            && value.GetArrayLength() == 2
            && value[0].ValueKind == JsonValueKind.String
            && value[0].GetString() is "uuid" or "named-uuid"
            && value[1].GetString() is { } uuid
            ? [uuid]
            : [];
    }

    private IEnumerable<JsonElement> Members(string column)
    {
        if (!columns.TryGetValue(column, out JsonElement value))
            return [];
        return IsTagged(value, "set", out JsonElement members) ? members.EnumerateArray() : [value];
    }

    private static bool IsTagged(JsonElement value, string tag, out JsonElement content)
    {
        content = default;
        if (value.ValueKind != JsonValueKind.Array || value.GetArrayLength() != 2 || value[0].ValueKind != JsonValueKind.String)
            return false;
        if (value[0].GetString() != tag || value[1].ValueKind != JsonValueKind.Array)
            return false;
        content = value[1];
        return true;
    }
}
