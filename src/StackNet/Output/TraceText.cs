using System.Text;

namespace StackNet.Output;

/// <summary>A packet's way as text: one indented line a step, the fatal one marked, both directions.</summary>
public static class TraceText
{
    private const int Width = 118;
    private const string Mark = ">>";

    /// <summary>All lines of a trace; the two escape sequences colour the fatal step.</summary>
    public static string Of(object? trace, object? start, object? end)
    {
        StringBuilder text = new();
        AppendLine(text, Cut(Title(trace), 2 * Width));
        // A trace without a verdict is of one packet, which goes one way.
        bool oneWay = Fields.Text(trace, "Verdict").Length == 0;
        string direction = "";
        string place = "";
        foreach (object? step in Fields.Many(trace, "Steps"))
        {
            string way = Fields.Text(step, "Direction");
            if (way != direction && !oneWay)
            {
                AppendLine(text, $"{way}:");
                direction = way;
                place = "";
            }
            string here = $"{Fields.Text(step, "Namespace")}/{Fields.Text(step, "Device")}";
            AppendStep(text, step, here != place, start, end);
            place = here;
        }
        foreach (object? answer in Fields.Many(trace, "Answers"))
            AppendLine(
                text,
                Cut($"     the node answers: {Cell.Text(Fields.Get(answer, "Packet"))} by {Place(answer, "Device", "Namespace")}", Width)
            );
        AppendLine(text, Ending(trace));
        return text.ToString().TrimEnd('\n');
    }

    private static string Title(object? trace)
    {
        string instance = Fields.Text(trace, "Instance");
        // The conversation begins with ARP; what was asked about is the first packet after it.
        object? first = Fields
            .Many(trace, "Steps")
            .Select(s => Fields.Get(s, "Packet"))
            .FirstOrDefault(p => p is not null && !Fields.Text(p, "Protocol").StartsWith("arp", StringComparison.OrdinalIgnoreCase));
        first = Fields.Get(trace, "Sent") ?? first;
        string packet = Cell.Text(first ?? Fields.Get(trace, "Packet"));
        string verdict = Fields.Text(trace, "Verdict");
        string title = string.Join("  ", new[] { Fields.Text(trace, "ComputerName"), instance, packet }.Where(t => t.Length > 0));
        return verdict.Length == 0 ? title : $"{title}: {verdict}";
    }

    private static void AppendStep(StringBuilder text, object? step, bool newPlace, object? start, object? end)
    {
        bool fatal = Fields.Is(step, "Fatal");
        string device = Fields.Text(step, "Device");
        string name = Fields.Text(step, "Namespace") is { Length: > 0 } ns ? $"{device} [{ns}]" : device;
        string indent = new(' ', 2 * Math.Clamp(Fields.Number(step, "Depth"), 0, 8));
        if (newPlace && device.Length > 0)
            AppendLine(text, Cut($"   {name}", Width));
        string rule = Rule(Fields.Text(step, "Rule"));
        string line = $"{indent}{Fields.Text(step, "Layer"), -10} {Fields.Text(step, "Action")}{(rule.Length > 0 ? "  | " + rule : "")}";
        string prefix = fatal ? $" {Mark}  " : "     ";
        if (!fatal)
        {
            AppendLine(text, prefix + Cut(line, Width - prefix.Length));
            return;
        }
        // The step that decides is shown whole.
        foreach (string part in Wrap(line, Width - prefix.Length, indent.Length + 13))
        {
            AppendLine(text, $"{start}{prefix}{part}{end}");
            prefix = "     ";
        }
    }

    /// <summary>A flow without its cookie, age and counters, as ofproto/trace shows it; any other rule as it is.</summary>
    private static string Rule(string rule)
    {
        const string first = "cookie=";
        if (!rule.StartsWith(first, StringComparison.Ordinal))
            return rule;
        string[] counters = [first, "duration=", "table=", "n_packets=", "n_bytes=", "idle_age=", "hard_age="];
        return string.Join(
            ", ",
            rule.Split(", ").Where(part => !Array.Exists(counters, c => part.StartsWith(c, StringComparison.Ordinal)))
        );
    }

    private static string Ending(object? trace)
    {
        string unknown = Fields.Text(trace, "UnknownBecause");
        string fate = Fields.Text(trace, "Fate");
        string reason = Fields.Text(trace, "Reason");
        string where =
            Place(trace, "OutputDevice", "OutputNamespace") is { Length: > 0 } output ? $" {(fate == "Dropped" ? "at" : "by")} {output}"
            : Fields.Many(trace, "Delivered").FirstOrDefault() is { } local ? $" on {Place(local, "Device", "Namespace")}"
            : fate == "Dropped" && Fields.Many(trace, "Steps").FirstOrDefault(s => Fields.Is(s, "Fatal")) is { } step
                ? $" at {Place(step, "Device", "Namespace")}"
            : "";
        string why = reason is "" or "None" ? "" : $" ({reason})";
        string because = unknown.Length > 0 ? $": {unknown}" : "";
        return string.Join('\n', Wrap($"{fate}{where}{why}{because}", Width, 2));
    }

    private static string Place(object? item, string device, string ns) =>
        Fields.Text(item, device) is { Length: > 0 } name ? Cell.Text($"{name} {Cell.Namespace(Fields.Get(item, ns))}".TrimEnd()) : "";

    private static string Cut(string line, int width) => line.Length <= width ? line : line[..(width - 1)] + "…";

    private static IEnumerable<string> Wrap(string line, int width, int hang)
    {
        while (line.Length > width)
        {
            int at = line.LastIndexOf(' ', width - 1, width - hang - 1);
            at = at <= hang ? width : at;
            yield return line[..at];
            line = new string(' ', hang) + line[at..].TrimStart();
        }
        yield return line;
    }

    private static void AppendLine(StringBuilder text, string line) => text.Append(line.TrimEnd()).Append('\n');
}
