using System.IO.Compression;
using System.Text;
using StackNet.Engine.Facts;
using StackNet.Engine.Facts.Netfilter;
using StackNet.Engine.Sources.Capture;
using Xunit;

namespace StackNet.Engine.Tests.Walk.Netfilter;

/// <summary>What was taken apart is put together again and must be the line that iptables-save printed.</summary>
public sealed class RoundTripTests
{
    private static string Corpus(string part)
    {
        string? shared = TestData.Shared("corpus");
        Assert.SkipUnless(shared is not null, "The corpus of public rule dumps is not there.");
        return Path.Combine(shared, part);
    }

    private static IEnumerable<string> Rules(string text)
    {
        foreach (string line in text.Split('\n'))
        {
            string rule = line.Trim();
            if (rule.StartsWith('[') && rule.IndexOf("] ", StringComparison.Ordinal) is > 0 and int end)
                rule = rule[(end + 2)..];
            if (rule.StartsWith("-A ", StringComparison.Ordinal))
                yield return rule;
        }
    }

    /// <summary>Every rule of a measured node was printed by iptables 1.8.9 itself.</summary>
    [Fact]
    public void Rules_of_measured_nodes_come_back()
    {
        HashSet<string> seen = new(StringComparer.Ordinal);
        foreach (string folder in new[] { TestData.NetfilterProbes, TestData.KernelOracle })
        {
            foreach (string file in Directory.EnumerateFiles(folder, "*.json"))
            {
                NodeFacts node = CaptureReader.Read(file, CancellationToken.None)[0];
                foreach (NamespaceFacts net in node.Namespaces)
                {
                    foreach (IptablesRuleset? ruleset in new[] { net.IptablesLegacy, net.IptablesNft })
                        seen.UnionWith(
                            (ruleset?.Tables ?? [])
                                .SelectMany(static t => t.Chains)
                                .SelectMany(static c => c.Rules)
                                .Select(static r => r.Text)
                        );
                }
            }
        }
        List<string> lost = Lost(seen);
        Assert.True(seen.Count > 1000, $"only {seen.Count} rules");
        Assert.True(lost.Count == 0, string.Join('\n', lost));
    }

    /// <summary>iptables' own vectors: the form that iptables-save prints must come back as it is.</summary>
    [Fact]
    public void Vectors_of_every_extension_come_back()
    {
        List<string> rules = [];
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
                if (parts.Length >= 3 && parts[2].StartsWith("OK", StringComparison.Ordinal))
                    rules.Add("-A X " + prefix + (parts[1] is "=" or "" ? parts[0] : parts[1]));
            }
        }
        List<string> lost = Lost(rules);
        TestContext.Current.SendDiagnosticMessage($"{rules.Count} vectors, {lost.Count} in another form\n{string.Join('\n', lost)}");
        // The vectors are compared by iptables' tests word by word; a few are written as a person would (a host without /32).
        Assert.True(rules.Count > 300 && lost.Count * 20 < rules.Count, $"{lost.Count} of {rules.Count}\n{string.Join('\n', lost)}");
    }

    [Fact]
    public void Saved_rulesets_come_back()
    {
        int rules = 0;
        List<string> lost = [];
        foreach (string file in Directory.EnumerateFiles(Corpus("iptables-save")))
        {
            if (!file.Contains(".rules", StringComparison.Ordinal))
                continue;
            using Stream stream = File.OpenRead(file);
            using Stream plain = file.EndsWith(".gz", StringComparison.Ordinal)
                ? new GZipStream(stream, CompressionMode.Decompress)
                : stream;
            using StreamReader reader = new(plain, Encoding.Latin1);
            List<string> all = [.. Rules(reader.ReadToEnd())];
            rules += all.Count;
            lost.AddRange(Lost(all).Select(l => Path.GetFileName(file) + ": " + l));
        }
        TestContext.Current.SendDiagnosticMessage($"{rules} rules, {lost.Count} in another form\n{string.Join('\n', lost.Take(400))}");
        Assert.True(rules > 1000 && lost.Count * 100 < rules, $"{lost.Count} of {rules}\n{string.Join('\n', lost.Take(100))}");
    }

    private static List<string> Lost(IEnumerable<string> rules)
    {
        List<string> lost = [];
        foreach (string rule in rules)
        {
            string again = IptablesRuleWriter.Write(IptablesRuleParser.Parse(rule));
            if (again != rule)
                lost.Add($"{rule}\n      {again}");
            // Whatever form it had, what was printed must mean the same.
            else if (IptablesRuleWriter.Write(IptablesRuleParser.Parse(again)) != again)
                lost.Add($"{rule}\n      not stable");
        }
        return lost;
    }
}
