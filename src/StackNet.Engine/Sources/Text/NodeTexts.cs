using System.Globalization;
using StackNet.Engine.Facts;

namespace StackNet.Engine.Sources.Text;

/// <summary>Small texts about the node itself.</summary>
internal static class NodeTexts
{
    /// <summary>Names of <c>ip netns</c>, with or without "(id: N)".</summary>
    public static IReadOnlyList<(string Name, int? Id)> ParseNetns(ReadOnlySpan<char> text)
    {
        List<(string, int?)> names = [];
        Lines lines = new(text);
        while (lines.NextFilled())
        {
            ReadOnlySpan<char> line = lines.Current.TrimEnd();
            int? id = null;
            int mark = line.LastIndexOf(" (id: ");
            if (
                mark > 0
                && line[^1] == ')'
                && int.TryParse(line[(mark + 6)..^1], NumberStyles.None, CultureInfo.InvariantCulture, out int number)
            )
            {
                id = number;
                line = line[..mark];
            }
            names.Add((line.ToString(), id));
        }
        return names;
    }

    /// <summary><c>ps -eo pid,user,args</c>.</summary>
    public static IReadOnlyList<ProcessFacts> ParseProcesses(ReadOnlySpan<char> text)
    {
        List<ProcessFacts> processes = [];
        Lines lines = new(text);
        while (lines.NextFilled())
        {
            Words words = new(lines.Current);
            words.Next();
            if (!int.TryParse(words.Current, NumberStyles.None, CultureInfo.InvariantCulture, out int pid) || !words.Next())
                continue;
            processes.Add(new ProcessFacts(pid, words.Current.ToString(), words.Rest.ToString()));
        }
        return processes;
    }

    /// <summary>getenforce.</summary>
    public static string? ParseGetenforce(ReadOnlySpan<char> text) =>
        text.Trim() switch
        {
            "Enforcing" => "enforcing",
            "Permissive" => "permissive",
            "Disabled" => "disabled",
            _ => null,
        };

    /// <summary>ID and VERSION_ID of os-release(5).</summary>
    public static string? ParseOsRelease(ReadOnlySpan<char> text)
    {
        string? id = null;
        string? version = null;
        Lines lines = new(text);
        while (lines.NextFilled())
        {
            if (lines.Current.StartsWith("ID="))
                id = lines.Current[3..].Trim().Trim("\"'").ToString();
            else if (lines.Current.StartsWith("VERSION_ID="))
                version = lines.Current[11..].Trim().Trim("\"'").ToString();
        }
        return id is null ? null : (id + " " + version).TrimEnd();
    }

    /// <summary><c>ethtool -k</c> of many devices, a line "== DEVICE" (or ethtool's own "Features for DEVICE:") before each: tx-checksumming.</summary>
    public static IReadOnlyDictionary<string, bool> ParseEthtool(ReadOnlySpan<char> text)
    {
        Dictionary<string, bool> tx = [];
        string? device = null;
        Lines lines = new(text);
        while (lines.NextFilled())
        {
            ReadOnlySpan<char> line = lines.Current.Trim();
            if (line.StartsWith("== "))
                device = line[3..].Trim("= ").ToString();
            else if (line.StartsWith("Features for ") && line[^1] == ':')
                device = line[13..^1].ToString();
            else if (device is not null && line.StartsWith("tx-checksumming:"))
                tx[device] = line[16..].TrimStart().StartsWith("on");
        }
        return tx;
    }
}
