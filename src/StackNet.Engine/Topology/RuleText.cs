namespace StackNet.Engine.Topology;

/// <summary>Single options of a rule as iptables-save prints it, for the joins that need nothing but an address.</summary>
internal static class RuleText
{
    /// <summary>The word after an option, e.g. Option("-A x -s 10.0.0.1/32 -j y", "-s"); null when it is not there or negated.</summary>
    public static string? Option(string text, string option)
    {
        int from = 0;
        while (from < text.Length)
        {
            int at = text.IndexOf(option, from, StringComparison.Ordinal);
            if (at < 0)
                return null;
            int end = at + option.Length;
            if ((at == 0 || text[at - 1] == ' ') && end < text.Length && text[end] == ' ')
            {
                if (at >= 2 && text[at - 2] == '!')
                    return null;
                int stop = text.IndexOf(' ', end + 1);
                return stop < 0 ? text[(end + 1)..] : text[(end + 1)..stop];
            }
            from = at + 1;
        }
        return null;
    }

    /// <summary>The value of a field of a flow's match, e.g. Field("table=71, priority=65,ip,nw_src=10.0.0.1 actions=…", "nw_src").</summary>
    public static string? Field(string flow, string field)
    {
        int limit = flow.IndexOf("actions=", StringComparison.Ordinal);
        ReadOnlySpan<char> match = limit < 0 ? flow : flow.AsSpan(0, limit);
        string key = field + "=";
        int from = 0;
        while (from < match.Length)
        {
            int at = match[from..].IndexOf(key, StringComparison.Ordinal);
            if (at < 0)
                return null;
            at += from;
            if (at == 0 || match[at - 1] is ',' or ' ')
            {
                ReadOnlySpan<char> rest = match[(at + key.Length)..];
                int stop = rest.IndexOfAny(',', ' ');
                return (stop < 0 ? rest : rest[..stop]).ToString();
            }
            from = at + 1;
        }
        return null;
    }
}
