using System.Text.Json;
using StackNet.Engine.Sources.Text;

namespace StackNet.Engine.Sources.Capture;

/// <summary>A case file: JSON with a map "node" of command line to output.</summary>
internal static class OracleCaseFile
{
    public static bool LooksLikeOne(JsonElement root) =>
        root.ValueKind == JsonValueKind.Object
        && root.TryGetProperty("node", out JsonElement node)
        && node.ValueKind == JsonValueKind.Object
        && !root.TryGetProperty("facts", out _);

    /// <summary>A file whose first lines name the format and the node: enough to tell a case from other JSON without reading it whole.</summary>
    public static bool BeginsLikeOne(string path)
    {
        byte[] start = new byte[4096];
        using FileStream file = File.OpenRead(path);
        ReadOnlySpan<byte> head = start.AsSpan(0, file.ReadAtLeast(start, start.Length, throwOnEndOfStream: false));
        return head.IndexOf("\"format\""u8) >= 0 && head.IndexOf("\"node\""u8) >= 0;
    }

    public static CaptureSource Open(JsonElement root, string path)
    {
        CaptureSource source = new(path)
        {
            FallbackName = root.Text("name") ?? Path.GetFileNameWithoutExtension(path),
            // An empty text means that the tool ran and printed nothing.
            HasStatus = true,
            IsCase = true,
        };
        foreach (JsonProperty property in root.GetProperty("node").EnumerateObject())
        {
            if (property.Value.ValueKind != JsonValueKind.String)
                throw new CaptureException(
                    CaptureError.Corrupt,
                    path,
                    $"the output of '{property.Name}' is {JsonText.Kind(property.Value)}, not text"
                );
            if (CaptureNames.FileOf(property.Name) is not { } file)
                continue;
            byte[] content = System.Text.Encoding.UTF8.GetBytes(property.Value.GetString()!);
            source.Add("", file, new CaptureEntry($"{path} ({property.Name})", property.Name, 0, () => content, null));
        }
        return source;
    }
}
