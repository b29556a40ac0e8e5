using System.IO.Compression;
using System.Text;
using StackNet.Engine.Facts.Netfilter;
using Xunit;

namespace StackNet.Engine.Tests.Walk.Netfilter;

/// <summary>Every public rule dump that lies beside the repository is parsed; what stays unknown is counted and must stay little.</summary>
public sealed class CorpusTests
{
    private static string Corpus(string part)
    {
        string? shared = TestData.Shared("corpus");
        Assert.SkipUnless(shared is not null, "The corpus of public rule dumps is not there.");
        return Path.Combine(shared, part);
    }

    private static IEnumerable<string> RuleLines(string file)
    {
        using Stream stream = File.OpenRead(file);
        using Stream plain = file.EndsWith(".gz", StringComparison.Ordinal) ? new GZipStream(stream, CompressionMode.Decompress) : stream;
        using StreamReader reader = new(plain, Encoding.Latin1);
        while (reader.ReadLine() is { } line)
        {
            string text = line.Trim();
            if (text.StartsWith('[') && text.IndexOf("] ", StringComparison.Ordinal) is > 0 and int end)
                text = text[(end + 2)..];
            if (text.StartsWith("-A ", StringComparison.Ordinal))
                yield return text;
        }
    }

    private static string? NotUnderstood(IptablesRuleSpec spec)
    {
        if (spec.UnknownText is { } unknown)
            return "rule: " + unknown;
        foreach (IptablesModule module in spec.Matches)
        {
            if (!module.IsKnown)
                return "match: " + module.Name;
            if (module.Raw is { } raw)
                return $"match {module.Name}: {raw}";
        }
        return spec.Target is { Raw: { } rest } target ? $"target {target.Name}: {rest}" : null;
    }

    [Fact]
    public void Every_saved_ruleset_is_understood()
    {
        Dictionary<string, int> unknown = [];
        int rules = 0;
        foreach (string file in Directory.EnumerateFiles(Corpus("iptables-save")))
        {
            if (!file.Contains(".rules", StringComparison.Ordinal))
                continue;
            foreach (string line in RuleLines(file))
            {
                rules++;
                if (NotUnderstood(IptablesRuleParser.Parse(line)) is { } what)
                    unknown[what] = unknown.GetValueOrDefault(what) + 1;
            }
        }
        Assert.True(rules > 1000, $"only {rules} rules were found");
        string list = string.Join(
            '\n',
            unknown.OrderByDescending(static pair => pair.Value).Select(static pair => $"{pair.Value} x {pair.Key}")
        );
        TestContext.Current.SendDiagnosticMessage($"{rules} rules, {unknown.Values.Sum()} not understood\n{list}");
        // What remains are lines that iptables itself refuses (test data of other parsers) and vendors' own modules.
        Assert.True(unknown.Values.Sum() * 200 < rules, $"{unknown.Values.Sum()} of {rules} rules not understood\n{list}");
    }

    [Fact]
    public void Every_extension_is_understood()
    {
        List<string> unknown = [];
        int rules = 0;
        foreach (string file in Directory.EnumerateFiles(Corpus("iptables-ext"), "*.t"))
        {
            string name = Path.GetFileName(file);
            if (name.StartsWith("libebt", StringComparison.Ordinal) || name.StartsWith("libarpt", StringComparison.Ordinal))
                continue;
            string prefix = "";
            foreach (string line in File.ReadLines(file))
            {
                if (line.StartsWith('@'))
                    prefix = line[1..].Trim() + " ";
                if (line.Length == 0 || line[0] is '#' or ':' or '*' or '@' or '%')
                    continue;
                string[] parts = line.Split(';');
                if (parts.Length < 3 || parts[^1] != "OK" && !parts[2].StartsWith("OK", StringComparison.Ordinal))
                    continue;
                rules++;
                foreach (string form in new[] { parts[0], parts[1] is "=" or "" ? parts[0] : parts[1] })
                {
                    if (NotUnderstood(IptablesRuleParser.Parse("-A X " + prefix + form)) is { } what)
                        unknown.Add($"{name}: {form}: {what}");
                }
            }
        }
        Assert.True(rules > 300, $"only {rules} vectors were found");
        Assert.True(unknown.Count == 0, string.Join('\n', unknown.Distinct()));
    }
}
