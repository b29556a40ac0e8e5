using StackNet.Engine.Facts;

namespace StackNet.Engine.Sources.Text;

/// <summary>
/// <c>nft list ruleset</c>: the words of each rule, for people. Which rule is which comes from the order: a chain whose number of rules
/// differs from nft's JSON gets no texts.
/// </summary>
internal static class NftText
{
    public static NftRuleset Attach(NftRuleset ruleset, ReadOnlySpan<char> text)
    {
        Dictionary<(string Family, string Table, string Chain), string[]> devices = [];
        Dictionary<(string Family, string Table), string[]> flags = [];
        Dictionary<(string Family, string Table, string Chain), List<string>> chains = Parse(text, devices, flags);
        return ruleset with
        {
            Tables =
            [
                .. ruleset.Tables.Select(table =>
                    table with
                    {
                        // nft 1.0.6 prints a table's only flag as the table's name in its JSON; the text has it right.
                        Flags = flags.GetValueOrDefault((table.Family, table.Name)) ?? table.Flags,
                        Chains =
                        [
                            .. table
                                .Chains.Select(read => WithDevices(table, read, devices))
                                .Select(chain =>
                                    chains.TryGetValue((table.Family, table.Name, chain.Name), out List<string>? rules)
                                    && rules.Count == chain.Rules.Count
                                        ? chain with
                                        {
                                            Rules = [.. chain.Rules.Select((rule, i) => rule with { Text = rules[i] })],
                                        }
                                        : chain
                                ),
                        ],
                    }
                ),
            ],
        };
    }

    // nft 1.0.6 leaves the devices of a netdev chain out of its JSON; the text has them.
    private static NftChain WithDevices(NftTable table, NftChain chain, Dictionary<(string, string, string), string[]> devices) =>
        chain.Devices.Count == 0 && devices.TryGetValue((table.Family, table.Name, chain.Name), out string[]? names)
            ? chain with
            {
                Devices = names,
            }
            : chain;

    // hook ingress device "eth0" priority 0;   or   devices = { "eth0", "eth1" }
    private static string[] DevicesOf(string header)
    {
        int at = header.IndexOf(" device", StringComparison.Ordinal);
        int end = header.IndexOf(" priority", StringComparison.Ordinal);
        if (at < 0 || end < at)
            return [];
        return header[(at + 1)..end].Split([' ', ',', '{', '}', '=', '"'], StringSplitOptions.RemoveEmptyEntries)[1..];
    }

    private static Dictionary<(string Family, string Table, string Chain), List<string>> Parse(
        ReadOnlySpan<char> text,
        Dictionary<(string Family, string Table, string Chain), string[]> devices,
        Dictionary<(string Family, string Table), string[]> flags
    )
    {
        Dictionary<(string, string, string), List<string>> chains = [];
        string family = "";
        string table = "";
        string chain = "";
        List<string>? rules = null;
        int depth = 0;
        Lines lines = new(text);
        while (lines.NextFilled())
        {
            ReadOnlySpan<char> line = lines.Current.Trim();
            if (depth == 0 && line.StartsWith("table ") && line[^1] == '{')
            {
                Words words = new(line);
                words.Next();
                words.Next();
                family = words.Current.ToString();
                words.Next();
                table = words.Current.ToString();
                depth = 1;
                continue;
            }
            if (depth == 1 && line.StartsWith("chain ") && line[^1] == '{')
            {
                rules = [];
                chain = line[6..^1].Trim().ToString();
                chains[(family, table, chain)] = rules;
                depth = 2;
                continue;
            }
            if (depth == 1 && line.StartsWith("flags "))
                flags[(family, table)] = line[6..].ToString().Split([' ', ',', ';'], StringSplitOptions.RemoveEmptyEntries);
            int change = Braces(line);
            if (depth == 2 && IsHeader(line) && DevicesOf(line.ToString()) is { Length: > 0 } names)
                devices[(family, table, chain)] = names;
            if (depth == 2 && rules is not null && line is not "}" && !IsHeader(line))
                rules.Add(line.ToString());
            else if (depth > 2 && rules is { Count: > 0 })
                rules[^1] += " " + line.ToString();
            depth = Math.Max(0, depth + change);
            if (depth == 1)
                rules = null;
        }
        return chains;
    }

    // Lines of a chain before its rules: "type filter hook forward priority filter; policy accept;", a comment, its flags.
    private static bool IsHeader(ReadOnlySpan<char> line) =>
        line.StartsWith("type ") && line.Contains(" hook ", StringComparison.Ordinal)
        || line.StartsWith("comment \"")
        || line.StartsWith("flags ");

    // Braces inside of quotes are text of a comment or a name.
    private static int Braces(ReadOnlySpan<char> line)
    {
        int change = 0;
        bool quoted = false;
        foreach (char c in line)
        {
            if (c == '"')
                quoted = !quoted;
            else if (!quoted)
                change +=
                    c == '{' ? 1
                    : c == '}' ? -1
                    : 0;
        }
        return change;
    }
}
