using System.Text;
using System.Text.Json;
using StackNet.Engine.Facts;

namespace StackNet.Engine.Sources.Text;

/// <summary><c>tc -j qdisc</c> and <c>tc -j filter show</c>.</summary>
internal static class TcJson
{
    public static IReadOnlyList<TrafficControlFacts> ParseQdiscs(ReadOnlyMemory<byte> json)
    {
        List<TrafficControlFacts> list = [];
        JsonText.ForEachObject(
            json,
            "tc -j qdisc",
            item =>
            {
                if (item.Text("kind") is { } kind && item.Text("dev") is { } device)
                    list.Add(new TrafficControlFacts(device, kind, Direction(item, kind), null, item.GetRawText()));
            }
        );
        return list;
    }

    /// <summary>Filters of one device and direction, as <c>tc -j filter show dev X ingress</c> prints them; the device is not in the output.</summary>
    public static IReadOnlyList<TrafficControlFacts> ParseFilters(ReadOnlyMemory<byte> json, string device, string direction)
    {
        List<TrafficControlFacts> list = [];
        JsonText.ForEachObject(
            json,
            "tc -j filter",
            item =>
            {
                // Every filter comes twice: once for its list and once with options; only the second says what it does.
                if (item.Text("kind") is { } kind && item.TryGetProperty("options", out JsonElement options))
                    list.Add(new TrafficControlFacts(item.Text("dev") ?? device, kind, direction, Action(options), item.GetRawText()));
            }
        );
        return list;
    }

    private static string Direction(JsonElement item, string kind)
    {
        if (kind is "ingress" or "clsact")
            return "ingress";
        return item.Flag("root") ? "root" : "egress";
    }

    private static string? Action(JsonElement options)
    {
        if (!options.TryGetProperty("actions", out JsonElement actions) || actions.ValueKind != JsonValueKind.Array)
            return null;
        StringBuilder text = new();
        foreach (JsonElement action in actions.EnumerateArray())
        {
            if (text.Length > 0)
                text.Append("; ");
            text.Append(action.Text("kind"));
            foreach (string part in (ReadOnlySpan<string>)["mirred_action", "direction", "to_dev"])
            {
                if (action.Text(part) is { } value)
                    text.Append(' ').Append(value);
            }
            if (action.TryGetProperty("control_action", out JsonElement control) && control.Text("type") is { } type)
                text.Append(' ').Append(type);
        }
        return text.Length == 0 ? null : text.ToString();
    }
}
