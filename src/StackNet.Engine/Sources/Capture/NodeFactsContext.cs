using System.Text.Json;
using System.Text.Json.Serialization;
using StackNet.Engine.Facts;

namespace StackNet.Engine.Sources.Capture;

/// <summary>The serializer of <see cref="NodeFacts"/>, generated at build time: nothing is reflected over when a capture is read.</summary>
[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase,
    DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
    IgnoreReadOnlyProperties = true,
    UseStringEnumConverter = true,
    RespectNullableAnnotations = true,
    AllowDuplicateProperties = false,
    Converters = [
        typeof(IpJsonConverter),
        typeof(IpPrefixJsonConverter),
        typeof(MacJsonConverter),
        typeof(UidRangeJsonConverter),
        typeof(SortedMapJsonConverter),
        typeof(PooledTextJsonConverter),
    ]
)]
[JsonSerializable(typeof(NodeFacts))]
internal sealed partial class NodeFactsContext : JsonSerializerContext;

internal sealed class IpJsonConverter : JsonConverter<Ip>
{
    public override Ip Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) =>
        Ip.TryParse(reader.GetString(), out Ip ip) ? ip : throw new JsonException("not an IP address");

    public override void Write(Utf8JsonWriter writer, Ip value, JsonSerializerOptions options) => writer.WriteStringValue(value.ToString());
}

internal sealed class IpPrefixJsonConverter : JsonConverter<IpPrefix>
{
    public override IpPrefix Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) =>
        IpPrefix.TryParse(reader.GetString(), out IpPrefix prefix) ? prefix : throw new JsonException("not an address prefix");

    public override void Write(Utf8JsonWriter writer, IpPrefix value, JsonSerializerOptions options) =>
        writer.WriteStringValue(value.ToString());
}

internal sealed class MacJsonConverter : JsonConverter<Mac>
{
    public override Mac Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) =>
        Mac.TryParse(reader.GetString(), out Mac mac) ? mac : throw new JsonException("not a MAC address");

    public override void Write(Utf8JsonWriter writer, Mac value, JsonSerializerOptions options) =>
        writer.WriteStringValue(value.ToString());
}

/// <summary>A range of user ids as "low-high".</summary>
internal sealed class UidRangeJsonConverter : JsonConverter<(uint Low, uint High)>
{
    public override (uint Low, uint High) Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options)
    {
        string[] parts = (reader.GetString() ?? "").Split('-');
        return parts.Length == 2 && uint.TryParse(parts[0], out uint low) && uint.TryParse(parts[1], out uint high)
            ? (low, high)
            : throw new JsonException("not a range of user ids");
    }

    public override void Write(Utf8JsonWriter writer, (uint Low, uint High) value, JsonSerializerOptions options) =>
        writer.WriteStringValue($"{value.Low}-{value.High}");
}

/// <summary>Maps in the order of their keys: the same map is always the same bytes.</summary>
internal sealed class SortedMapJsonConverter : JsonConverter<IReadOnlyDictionary<string, string>>
{
    public override IReadOnlyDictionary<string, string> Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options)
    {
        if (reader.TokenType != JsonTokenType.StartObject)
            throw new JsonException("not a map");
        Dictionary<string, string> map = [];
        while (reader.Read() && reader.TokenType != JsonTokenType.EndObject)
        {
            if (map.Count == 0 && !reader.ValueIsEscaped && reader.ValueSpan.StartsWith("net."u8))
                return ReadSettings(ref reader);
            string key = PooledTextJsonConverter.Text(ref reader);
            if (!map.TryAdd(key, Value(ref reader)))
                throw Twice();
        }
        return map.Count == 0 ? Empty : map;
    }

    // Kernel settings are by far the largest maps; their keys are taken apart without becoming a text each.
    private static SettingTable ReadSettings(ref Utf8JsonReader reader)
    {
        const int longest = 512;
        SettingTable.Builder builder = new();
        Span<char> place = stackalloc char[longest];
        do
        {
            ReadOnlySpan<char> key =
                reader.ValueSpan.Length <= longest ? place[..reader.CopyString(place)] : PooledTextJsonConverter.Text(ref reader);
            if (!builder.TryAdd(key, Value(ref reader)))
                throw Twice();
        } while (reader.Read() && reader.TokenType != JsonTokenType.EndObject);
        return builder.Build();
    }

    private static string Value(ref Utf8JsonReader reader)
    {
        reader.Read();
        return reader.TokenType == JsonTokenType.String
            ? PooledTextJsonConverter.Text(ref reader)
            : throw new JsonException("not a text in a map");
    }

    private static JsonException Twice() => new("a key stands twice in a map");

    private static readonly IReadOnlyDictionary<string, string> Empty = new Dictionary<string, string>();

    public override void Write(Utf8JsonWriter writer, IReadOnlyDictionary<string, string> value, JsonSerializerOptions options)
    {
        writer.WriteStartObject();
        KeyValuePair<string, string>[] pairs = [.. value];
        Array.Sort(pairs, (a, b) => string.CompareOrdinal(a.Key, b.Key));
        foreach ((string key, string text) in pairs)
            writer.WriteString(key, text);
        writer.WriteEndObject();
    }
}
