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
        Dictionary<(string Family, string Table, string Chain), List<string>> chains = Parse(text);
        return ruleset with
        {
            Tables =
            [
                .. ruleset.Tables.Select(table =>
                    table with
                    {
                        Chains =
                        [
                            .. table.Chains.Select(chain =>
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

    private static Dictionary<(string Family, string Table, string Chain), List<string>> Parse(ReadOnlySpan<char> text)
    {
        Dictionary<(string, string, string), List<string>> chains = [];
        string family = "";
        string table = "";
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
                chains[(family, table, line[6..^1].Trim().ToString())] = rules;
                depth = 2;
                continue;
            }
            int change = Braces(line);
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
