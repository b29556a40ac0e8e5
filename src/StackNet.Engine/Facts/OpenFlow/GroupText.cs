using System.Collections.Immutable;
using System.Globalization;

namespace StackNet.Engine.Facts.OpenFlow;

/// <summary>Lines of ovs-ofctl dump-groups.</summary>
internal static class GroupText
{
    /// <summary>Null when the line is no group.</summary>
    public static FlowGroup? Parse(string line, IReadOnlyDictionary<string, int>? ports = null)
    {
        string text = line.Trim();
        if (!text.StartsWith("group_id=", StringComparison.Ordinal))
            return null;
        string[] parts = CutBuckets(text);
        FlowGroup group = new() { Text = text };
        foreach (string token in FlowSyntax.Split(parts[0]))
        {
            (string key, string value, _) = FlowSyntax.Call(token);
            switch (key)
            {
                case "group_id":
                    if (!FlowValues.TryNumber(value, out UInt128 id) || id > uint.MaxValue)
                        return null;
                    group = group with { Id = (uint)id };
                    break;
                case "type":
                    group = group with { Type = value is "fast_failover" ? "ff" : value };
                    break;
                case "selection_method":
                    group = group with { SelectionMethod = value };
                    break;
            }
        }
        return group with { Buckets = [.. parts.Skip(1).Select(part => Bucket(part, ports))] };
    }

    // ",bucket=" outside of parentheses begins a bucket.
    private static string[] CutBuckets(string text)
    {
        List<string> parts = [];
        int depth = 0;
        int start = 0;
        for (int i = 0; i < text.Length; i++)
        {
            if (text[i] == '(')
                depth++;
            else if (text[i] == ')')
                depth--;
            else if (depth <= 0 && text[i] == ',' && text.AsSpan(i).StartsWith(",bucket="))
            {
                parts.Add(text[start..i]);
                start = i + ",bucket=".Length;
                i = start - 1;
            }
        }
        parts.Add(text[start..]);
        return [.. parts];
    }

    private static FlowBucket Bucket(string text, IReadOnlyDictionary<string, int>? ports)
    {
        FlowBucket bucket = new();
        List<string> actions = [];
        List<string> tokens = FlowSyntax.Split(text);
        for (int i = 0; i < tokens.Count; i++)
        {
            string token = tokens[i];
            if (token.StartsWith("actions=", StringComparison.Ordinal))
            {
                actions.Add(token["actions=".Length..]);
                actions.AddRange(tokens.Skip(i + 1));
                break;
            }
            (string key, string value, _) = FlowSyntax.Call(token);
            switch (key)
            {
                case "bucket_id":
                    break;
                case "weight" when int.TryParse(value, NumberStyles.None, CultureInfo.InvariantCulture, out int weight):
                    bucket = bucket with { Weight = weight };
                    break;
                case "watch_port":
                    ushort? port = OpenFlowPorts.Parse(value, ports);
                    bucket = bucket with { WatchPort = port, Understood = bucket.Understood && port is not null };
                    break;
                case "watch_group":
                    bool known = FlowValues.TryNumber(value, out UInt128 group) && group <= uint.MaxValue;
                    bucket = known ? bucket with { WatchGroup = (uint)group } : bucket with { Understood = false };
                    break;
                default:
                    // Older versions print the actions without "actions=".
                    actions.Add(token);
                    break;
            }
        }
        return bucket with { Actions = FlowActionText.Parse(string.Join(',', actions.Where(part => part.Length > 0)), ports) };
    }
}
