using System.Globalization;
using System.IO.Compression;
using System.Reflection;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using StackNet.Engine.Facts;
using StackNet.Engine.Sources.Text;

namespace StackNet.Engine.Sources.Capture;

/// <summary>
/// The file of Export-ComputeNode: <c>{"format":"stacknet-capture/1","facts":{…}}</c>. Lossless, and the same facts are always the same
/// bytes: no times, lists without an order of their own are sorted, no null is ever written (absent = not read).
/// </summary>
internal static class NodeFactsJson
{
    private const string FormatPrefix = "stacknet-capture/";
    private const int Version = 1;

    internal static readonly JsonWriterOptions WriterOptions = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    private static readonly Lazy<JsonTypeInfo<NodeFacts>> TypeInfo = new(CreateTypeInfo);

    public static void Write(Stream stream, NodeFacts facts)
    {
        using (Utf8JsonWriter writer = new(stream, WriterOptions))
        {
            writer.WriteStartObject();
            writer.WriteString("format", $"{FormatPrefix}{Version}");
            writer.WritePropertyName("facts");
            JsonSerializer.Serialize(writer, FactsOrder.Sorted(facts), TypeInfo.Value);
            writer.WriteEndObject();
        }
        stream.WriteByte((byte)'\n');
    }

    /// <summary>As <see cref="Write"/>, through gzip; its header carries no name and no time, so the bytes are the same each time too.</summary>
    public static void WriteCompressed(Stream stream, NodeFacts facts)
    {
        using GZipStream gzip = new(stream, CompressionLevel.SmallestSize, leaveOpen: true);
        using BufferedStream buffered = new(gzip, 1 << 16);
        Write(buffered, facts);
    }

    public static byte[] ToBytes(NodeFacts facts)
    {
        using MemoryStream stream = new();
        Write(stream, facts);
        return stream.ToArray();
    }

    /// <summary>Reads plain or compressed content.</summary>
    public static NodeFacts Read(Stream stream, string name = "capture")
    {
        using MemoryStream all = new();
        stream.CopyTo(all);
        byte[] bytes = all.ToArray();
        return Read(CaptureFile.IsGzip(bytes) ? CaptureFile.Unpack(bytes, name, CancellationToken.None) : bytes, name);
    }

    public static NodeFacts Read(ReadOnlySpan<byte> json, string name)
    {
        try
        {
            (int start, int end) = CheckEnvelope(json, name);
            return PooledTextJsonConverter.WithPool(json[start..end], static facts => JsonSerializer.Deserialize(facts, TypeInfo.Value))
                ?? throw new CaptureException(CaptureError.Corrupt, name, "the facts are missing");
        }
        catch (JsonException e)
        {
            // The place stands in front already; the parser says it once more at the end of its message.
            string message = e.Message.Split(" LineNumber: ")[0].Split(" Path: ")[0];
            string reason = e.Path is { Length: > 1 } path ? $"{message} ({path})" : message;
            throw new CaptureException(
                CaptureError.Corrupt,
                name,
                "not a whole capture: " + reason,
                e.LineNumber + 1,
                e.BytePositionInLine,
                e
            );
        }
        catch (Exception e) when (e is InvalidOperationException or FormatException or NotSupportedException)
        {
            throw new CaptureException(CaptureError.Corrupt, name, e.Message, null, null, e);
        }
    }

    /// <summary>True when the content begins as one of our files does, of whatever version.</summary>
    public static bool HasFormat(ReadOnlySpan<byte> json)
    {
        try
        {
            Utf8JsonReader reader = new(json, isFinalBlock: false, default);
            return reader.Read()
                && reader.TokenType == JsonTokenType.StartObject
                && reader.Read()
                && reader.TokenType == JsonTokenType.PropertyName
                && reader.ValueTextEquals("format"u8)
                && reader.Read()
                && reader.TokenType == JsonTokenType.String
                && reader.GetString()!.StartsWith(FormatPrefix, StringComparison.Ordinal);
        }
        catch (JsonException)
        {
            return false;
        }
    }

    // One pass over the tokens finds the facts, a cut-off end and nulls (which no list of ours may hold) before anything is built.
    private static (int Start, int End) CheckEnvelope(ReadOnlySpan<byte> json, string name)
    {
        if (!HasFormat(json))
            throw new CaptureException(
                CaptureError.Foreign,
                name,
                $"no capture: it does not begin with the format \"{FormatPrefix}{Version}\""
            );
        Utf8JsonReader reader = new(json, new JsonReaderOptions { MaxDepth = 32 });
        (int Start, int End) facts = default;
        while (reader.Read())
        {
            if (reader.TokenType == JsonTokenType.Null)
                throw new CaptureException(CaptureError.Corrupt, name, "a null, which no capture holds", null, reader.TokenStartIndex);
            if (reader.TokenType != JsonTokenType.PropertyName || reader.CurrentDepth != 1)
                continue;
            if (reader.ValueTextEquals("format"u8))
            {
                reader.Read();
                CheckVersion(reader.GetString() ?? "", name, reader.TokenStartIndex);
            }
            else if (reader.ValueTextEquals("facts"u8))
            {
                if (facts.End > 0)
                    throw new CaptureException(CaptureError.Corrupt, name, "the facts stand twice", null, reader.TokenStartIndex);
                facts = SkipFacts(ref reader, name);
            }
        }
        if (facts.End == 0)
            throw new CaptureException(CaptureError.Corrupt, name, "the facts are missing", null, json.Length);
        return facts;
    }

    private static (int Start, int End) SkipFacts(ref Utf8JsonReader reader, string name)
    {
        reader.Read();
        int start = (int)reader.TokenStartIndex;
        int depth = reader.CurrentDepth;
        if (reader.TokenType != JsonTokenType.StartObject)
            throw new CaptureException(CaptureError.Corrupt, name, "the facts are no object", null, start);
        while (reader.Read())
        {
            if (reader.TokenType == JsonTokenType.Null)
                throw new CaptureException(CaptureError.Corrupt, name, "a null, which no capture holds", null, reader.TokenStartIndex);
            if (reader.TokenType == JsonTokenType.EndObject && reader.CurrentDepth == depth)
                break;
        }
        return (start, (int)reader.BytesConsumed);
    }

    private static void CheckVersion(string format, string name, long offset)
    {
        bool ok = int.TryParse(format.AsSpan(FormatPrefix.Length), NumberStyles.None, CultureInfo.InvariantCulture, out int version);
        if (!ok || version < 1)
            throw new CaptureException(CaptureError.Corrupt, name, $"unknown format '{format}'", null, offset);
        if (version > Version)
            throw new CaptureException(
                CaptureError.NewerVersion,
                name,
                $"made by a newer StackNet (format {version}; this one reads up to {Version})",
                null,
                offset
            );
    }

    private static JsonTypeInfo<NodeFacts> CreateTypeInfo()
    {
        JsonSerializerOptions options = new(NodeFactsContext.Default.Options)
        {
            TypeInfoResolver = NodeFactsContext.Default.WithAddedModifier(FillAbsent),
        };
        return (JsonTypeInfo<NodeFacts>)options.GetTypeInfo(typeof(NodeFacts));
    }

    // A member that a later version added is not in an older file. A list or a text that may not be null gets its type's own default then;
    // a number or a truth value is zero or false (a new member of such a type needs a new format when that would be wrong).
    private static void FillAbsent(JsonTypeInfo type)
    {
        if (type.Kind != JsonTypeInfoKind.Object || type.Type.IsValueType)
            return;
        JsonPropertyInfo[] needed = [.. type.Properties.Where(p => !p.PropertyType.IsValueType && !p.IsGetNullable && p.Get is not null)];
        if (needed.Length == 0)
            return;
        type.OnDeserialized = item =>
        {
            foreach (JsonPropertyInfo property in needed)
            {
                if (property.Get!(item) is null)
                    Fill(item, property);
            }
        };
    }

    private static void Fill(object item, JsonPropertyInfo property)
    {
        Type type = item.GetType();
        PropertyInfo? member = type.GetProperty(property.Name, BindingFlags.Instance | BindingFlags.Public | BindingFlags.IgnoreCase);
        object? fresh = type.GetConstructor(Type.EmptyTypes)?.Invoke(null);
        if (member is null || fresh is null || member.GetValue(fresh) is not { } value)
            throw new JsonException($"{type.Name} without {property.Name}");
        member.SetValue(item, value);
    }
}
