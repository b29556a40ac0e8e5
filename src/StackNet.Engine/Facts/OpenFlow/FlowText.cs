using System.Collections.Immutable;
using System.Globalization;

namespace StackNet.Engine.Facts.OpenFlow;

/// <summary>Lines of ovs-ofctl dump-flows, of any OpenFlow version, with names or numbers of ports.</summary>
internal static class FlowText
{
    /// <summary>True for the lines that frame a reply and carry no flow.</summary>
    public static bool IsHeader(ReadOnlySpan<char> line)
    {
        line = line.Trim();
        return line.IsEmpty || line.StartsWith("OFPST_FLOW") || line.StartsWith("NXST_FLOW") || line.StartsWith("OFPST_GROUP");
    }

    /// <summary>Takes a flow apart; one that cannot be is <see cref="Flow.Broken"/>.</summary>
    /// <param name="line">One flow.</param>
    /// <param name="ports">Numbers of the bridge's ports by name.</param>
    public static Flow Parse(string line, IReadOnlyDictionary<string, int>? ports = null)
    {
        string text = line.Trim();
        int actionsAt = FindActions(text);
        if (actionsAt < 0)
            return new Flow { Text = text, Broken = true };
        int priority = 32768;
        byte table = 0;
        ulong cookie = 0;
        long? packets = null;
        FlowMatchBuilder match = new();
        foreach (string token in FlowSyntax.Split(text.AsSpan(0, actionsAt), blanks: true))
        {
            int equals = token.IndexOf('=');
            string key = equals < 0 ? token : token[..equals];
            ReadOnlySpan<char> value = equals < 0 ? [] : token.AsSpan(equals + 1);
            switch (key)
            {
                case "cookie":
                    int slash = value.IndexOf('/');
                    if (FlowValues.TryNumber(slash < 0 ? value : value[..slash], out UInt128 number) && number <= ulong.MaxValue)
                        cookie = (ulong)number;
                    break;
                case "table":
                    if (!byte.TryParse(value, NumberStyles.None, CultureInfo.InvariantCulture, out table))
                        return new Flow { Text = text, Broken = true };
                    break;
                case "priority":
                    if (!int.TryParse(value, NumberStyles.None, CultureInfo.InvariantCulture, out priority) || priority > 65535)
                        return new Flow { Text = text, Broken = true };
                    break;
                case "n_packets":
                    if (long.TryParse(value, NumberStyles.None, CultureInfo.InvariantCulture, out long count))
                        packets = count;
                    break;
                case "duration"
                or "n_bytes"
                or "n_offload_packets"
                or "n_offload_bytes"
                or "idle_age"
                or "hard_age"
                or "idle_timeout"
                or "hard_timeout"
                or "importance"
                or "send_flow_rem"
                or "check_overlap"
                or "reset_counts"
                or "no_packet_counts"
                or "no_byte_counts"
                or "no_readonly_table"
                or "out_port"
                or "out_group":
                    break;
                default:
                    FlowMatchText.Add(match, token, ports);
                    break;
            }
        }
        ImmutableArray<FlowAction> actions = FlowActionText.Parse(text[(actionsAt + "actions=".Length)..], ports);
        return new Flow
        {
            Table = table,
            Priority = priority,
            Cookie = cookie,
            Packets = packets,
            Match = match.Build(),
            Actions = actions,
            Conjunctions = [.. actions.OfType<ConjunctionAction>()],
            Text = text,
        };
    }

    // "actions=" stands after a blank or, in text for add-flow, after a comma.
    private static int FindActions(string text)
    {
        int from = 0;
        while (true)
        {
            int at = text.IndexOf("actions=", from, StringComparison.Ordinal);
            if (at < 0)
                return -1;
            if (at == 0 || text[at - 1] is ' ' or ',' or '\t')
                return at;
            from = at + 1;
        }
    }
}
