using System.Text.Json;
using System.Text.Json.Serialization;
using StackNet.Engine.Sources.Text;

namespace StackNet.Engine.Sources.Capture;

/// <summary>Texts of a capture, one object for equal ones. The pool lives for one reading, on the thread that reads.</summary>
internal sealed class PooledTextJsonConverter : JsonConverter<string>
{
    [ThreadStatic]
    private static TextPool? _pool;

    /// <summary>Reads with a pool.</summary>
    public static T WithPool<T>(ReadOnlySpan<byte> json, Func<ReadOnlySpan<byte>, T> read)
    {
        _pool = new TextPool();
        try
        {
            return read(json);
        }
        finally
        {
            _pool = null;
        }
    }

    /// <summary>The text at the reader.</summary>
    public static string Text(ref Utf8JsonReader reader) =>
        reader.HasValueSequence || reader.ValueIsEscaped || _pool is not { } pool ? reader.GetString()! : pool.Get(Valid(ref reader));

    public override string Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) =>
        reader.TokenType == JsonTokenType.String ? Text(ref reader) : throw new JsonException("not a text");

    public override string ReadAsPropertyName(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) =>
        Text(ref reader);

    public override void Write(Utf8JsonWriter writer, string value, JsonSerializerOptions options) => writer.WriteStringValue(value);

    public override void WriteAsPropertyName(Utf8JsonWriter writer, string value, JsonSerializerOptions options) =>
        writer.WritePropertyName(value);

    // The reader itself refuses broken UTF-8 only when it makes the text.
    private static ReadOnlySpan<byte> Valid(ref Utf8JsonReader reader) =>
        System.Text.Unicode.Utf8.IsValid(reader.ValueSpan)
            ? reader.ValueSpan
            : throw new InvalidOperationException("a text is no valid UTF-8");
}
