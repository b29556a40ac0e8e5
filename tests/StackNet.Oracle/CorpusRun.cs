using System.Diagnostics;
using System.IO.Compression;
using System.Text;
using System.Text.Json;
using StackNet.Engine.Facts;
using StackNet.Engine.Facts.Netfilter;
using StackNet.Engine.Sources.Text;
using StackNet.Engine.Walk.Netfilter;

namespace StackNet.Oracle;

/// <summary>Parses and compiles every ruleset of a folder: what fails, what stays raw, and how long it took.</summary>
internal sealed class CorpusRun
{
    private readonly Dictionary<string, int> _raw = new(StringComparer.Ordinal);
    private int _files;
    private int _rules;
    private int _lost;
    private int _failed;
    private long _bytes;

    /// <summary>True when every file was parsed and no rule was lost.</summary>
    public static bool Run(string folder) => new CorpusRun().All(folder);

    private bool All(string folder)
    {
        Stopwatch watch = Stopwatch.StartNew();
        foreach (string path in Directory.EnumerateFiles(folder, "*", SearchOption.AllDirectories).Order(StringComparer.Ordinal))
        {
            string name = Path.GetRelativePath(folder, path);
            try
            {
                if (name.EndsWith(".rules", StringComparison.Ordinal) || name.EndsWith(".rules.gz", StringComparison.Ordinal))
                    Iptables(name, Content(path));
                else if (name.EndsWith(".json-nft", StringComparison.Ordinal))
                    Nft(Content(path));
            }
            // A parser's own exception is an answer; any other is a defect, and the run goes on to find more of them.
            catch (Exception e)
            {
                _failed++;
                Console.WriteLine($"{name}: {(e is TextFormatException ? "not parsed" : e.GetType().Name)}: {e.Message}");
            }
        }
        foreach ((string what, int count) in _raw.OrderByDescending(static r => r.Value))
            Console.WriteLine($"raw {count, 6}  {what}");
        double seconds = watch.Elapsed.TotalSeconds;
        Console.WriteLine(
            $"{_files} files, {_bytes / 1e6:0.0} MB, {_rules} rules, lost in the round trip {_lost}, raw {_raw.Values.Sum()}, not parsed {_failed}, {seconds:0.0} s"
        );
        return _failed == 0 && _lost == 0 && _files > 0;
    }

    private static byte[] Content(string path)
    {
        using Stream file = File.OpenRead(path);
        using Stream plain = path.EndsWith(".gz", StringComparison.Ordinal) ? new GZipStream(file, CompressionMode.Decompress) : file;
        using MemoryStream memory = new();
        plain.CopyTo(memory);
        return memory.ToArray();
    }

    private void Iptables(string name, byte[] content)
    {
        _files++;
        _bytes += content.Length;
        string text = Encoding.Latin1.GetString(content);
        IptablesRuleset ruleset = IptablesSaveText.Parse(text);
        List<string> kept = [];
        foreach (IptablesRule rule in ruleset.Tables.SelectMany(static t => t.Chains).SelectMany(static c => c.Rules))
        {
            _rules++;
            kept.Add(rule.Text);
            if (NotUnderstood(IptablesRuleParser.Parse(rule.Text)) is { } what)
                Count(what);
        }
        // Every line that is a rule must come back out as the same text.
        HashSet<string> known = new(kept, StringComparer.Ordinal);
        foreach (string line in text.Split('\n'))
        {
            string plain = line.Trim();
            if (plain.StartsWith('[') && plain.IndexOf("] ", StringComparison.Ordinal) is > 0 and int end)
                plain = plain[(end + 2)..];
            if (!plain.StartsWith("-A ", StringComparison.Ordinal) || known.Contains(plain))
                continue;
            _lost++;
            Console.WriteLine($"{name}: lost: {plain}");
        }
        NetfilterMachine.Compile(new NamespaceFacts { Name = "", IptablesLegacy = ruleset });
    }

    private void Nft(byte[] content)
    {
        if (JsonText.IsBlank(content))
            return;
        _files++;
        _bytes += content.Length;
        NftRuleset ruleset = NftJson.Parse(content);
        _rules += ruleset.Tables.SelectMany(static t => t.Chains).Sum(static c => c.Rules.Count);
        NetfilterMachine.Compile(new NamespaceFacts { Name = "", Nft = ruleset });
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

    private void Count(string what) => _raw[what] = _raw.GetValueOrDefault(what) + 1;
}
