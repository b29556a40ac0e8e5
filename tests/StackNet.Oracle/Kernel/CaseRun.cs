using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using StackNet.Engine.Sources.Live;
using StackNet.Oracle.Drawing;

namespace StackNet.Oracle.Kernel;

/// <summary>Loads rules into a lab, reads the node by the commands of the case format, sends the packets, and makes the case of it.</summary>
internal sealed partial class CaseRun(RealNode lab)
{
    private const string NoRuleset =
        """{"nftables": [{"metainfo": {"version": "1.0.6", "release_name": "Lester Gooch #5", "json_schema_version": 1}}]}""";

    /// <summary>What an iptables table has when nothing is in it.</summary>
    private static readonly Dictionary<string, string[]> Hooks = new(StringComparer.Ordinal)
    {
        ["raw"] = ["PREROUTING", "OUTPUT"],
        ["mangle"] = ["PREROUTING", "INPUT", "FORWARD", "OUTPUT", "POSTROUTING"],
        ["nat"] = ["PREROUTING", "INPUT", "OUTPUT", "POSTROUTING"],
        ["filter"] = ["INPUT", "FORWARD", "OUTPUT"],
        ["security"] = ["INPUT", "FORWARD", "OUTPUT"],
    };

    private readonly Dictionary<string, string> _still = [];
    private readonly HashSet<string> _legacyTables = [];
    private bool _nftUsed;
    private bool _setsUsed;

    /// <summary>Rules that this machine's tools or kernel refuse, which are left out.</summary>
    public static HashSet<string> Refused { get; } = [];

    private static System.Collections.Concurrent.ConcurrentDictionary<string, bool> RefusedShapes { get; } = new(StringComparer.Ordinal);

    /// <summary>Loads the rules of a case instead of those of the case before.</summary>
    public void Load(Spec spec)
    {
        Conntracks.Flush(lab.Node);
        if (_nftUsed || spec.Native.Count > 0)
            lab.Node.Run("nft", "flush", "ruleset");
        LoadSets(spec);
        // Tables that an earlier case has filled are emptied: the legacy ones cannot be taken away.
        List<Table> legacy = [.. spec.Legacy];
        foreach (string left in _legacyTables.Except(legacy.Select(static t => t.Name)))
            legacy.Add(new Table(left) { Policies = [.. Hooks[left].Select(static h => (h, "ACCEPT"))] });
        if (legacy.Count > 0)
            Restore("iptables-legacy-restore", legacy);
        _legacyTables.UnionWith(legacy.Select(static t => t.Name));
        if (spec.Nft.Count > 0)
            Restore("iptables-nft-restore", spec.Nft);
        if (spec.Native.Count > 0)
            LoadNative(spec.Native);
        _nftUsed = spec.Nft.Count > 0 || spec.Native.Count > 0;
    }

    private void LoadSets(Spec spec)
    {
        if (_setsUsed)
        {
            // Sets that rules use cannot be destroyed: the rules go first.
            if (_legacyTables.Count > 0)
                Restore(
                    "iptables-legacy-restore",
                    [.. _legacyTables.Select(static t => new Table(t) { Policies = [.. Hooks[t].Select(static h => (h, "ACCEPT"))] })]
                );
            DestroySets();
        }
        _setsUsed = spec.Sets.Count > 0;
        for (int attempt = 0; attempt < 40 && spec.Sets.Count > 0; attempt++)
        {
            try
            {
                lab.Node.Feed(string.Join('\n', spec.Sets) + "\n", "ipset", "-exist", "restore", "-file");
                return;
            }
            catch (ToolException e) when (SetLine().Match(e.Message) is { Success: true } match)
            {
                int line = int.Parse(match.Groups[1].Value, System.Globalization.CultureInfo.InvariantCulture);
                if (line > spec.Sets.Count)
                    throw;
                Refuse($"ipset {spec.Sets[line - 1]}", e.Message);
                spec.Sets.RemoveAt(line - 1);
            }
        }
    }

    private void DestroySets()
    {
        // nf_tables lets go of what its rules held a moment after they are gone.
        for (int attempt = 0; ; attempt++)
        {
            try
            {
                // Members of a set of sets hold it.
                lab.Node.Run("ipset", "flush");
                lab.Node.Run("ipset", "destroy");
                return;
            }
            catch (ToolException) when (attempt < 100)
            {
                Thread.Sleep(10);
            }
        }
    }

    [GeneratedRegex(@"line (\d+)")]
    private static partial Regex SetLine();

    private void Restore(string tool, List<Table> tables)
    {
        foreach (Table table in tables)
            table.Rules.RemoveAll(r => RefusedShapes.ContainsKey(tool + Shape(r)));
        while (TryRestore(tool, tables) is { } complaint)
        {
            // A commit fails as a whole: the first rules that fail together end with the one that is refused.
            (int low, int high) = (0, tables.Sum(static t => t.Rules.Count));
            if (high == 0)
                throw new IOException($"{tool}: {complaint}");
            while (low + 1 < high)
            {
                int middle = (low + high) / 2;
                if (TryRestore(tool, First(tables, middle)) is null)
                    low = middle;
                else
                    high = middle;
            }
            foreach (Table table in tables)
            {
                if (high > table.Rules.Count)
                {
                    high -= table.Rules.Count;
                    continue;
                }
                string bad = table.Rules[high - 1];
                Refuse($"{tool} {bad}", complaint);
                RefusedShapes[tool + Shape(bad)] = true;
                table.Rules.RemoveAt(high - 1);
                break;
            }
        }
    }

    private string? TryRestore(string tool, List<Table> tables)
    {
        try
        {
            lab.Node.Feed(Table.Text(tables), tool);
            return null;
        }
        catch (ToolException e)
        {
            return e.Message;
        }
    }

    private static List<Table> First(List<Table> tables, int rules)
    {
        List<Table> some = [];
        foreach (Table table in tables)
        {
            Table copy = table.Copy();
            int keep = Math.Min(rules, copy.Rules.Count);
            copy.Rules.RemoveRange(keep, copy.Rules.Count - keep);
            rules -= keep;
            some.Add(copy);
        }
        return some;
    }

    /// <summary>The options of a rule without their values: what one kernel refuses it refuses with any value.</summary>
    private static string Shape(string rule) =>
        string.Join(' ', rule.Split(' ').Where(static w => w.StartsWith('-') || (w.Length > 0 && char.IsUpper(w[0]))));

    public static void Refuse(string line, string complaint)
    {
        lock (Refused)
            Refused.Add($"{line}: {complaint}");
    }

    private void LoadNative(List<NativeTable> tables)
    {
        for (int attempt = 0; ; attempt++)
        {
            Dictionary<int, (NativeChain Chain, string Rule)> places = [];
            string text = NativeTable.Text(tables, places);
            try
            {
                lab.Node.Feed(text, "nft", "-f");
                return;
            }
            catch (ToolException e) when (attempt < 30 && NativeLine().Match(e.Message) is { Success: true } match)
            {
                if (!places.TryGetValue(int.Parse(match.Groups[1].Value), out (NativeChain Chain, string Rule) bad))
                    throw;
                Refuse($"nft {bad.Rule}", e.Message);
                bad.Chain.Rules.Remove(bad.Rule);
            }
        }
    }

    [GeneratedRegex(@"stacknet-oracle-\d+-\d+:(\d+):")]
    private static partial Regex NativeLine();

    /// <summary>Reads the node, sends the packets, and gives the case.</summary>
    public JsonObject Execute(Spec spec)
    {
        JsonObject node = Snapshot(spec);
        PacketRun packets = new(lab);
        JsonArray records = [];
        foreach (Send send in spec.Packets)
        {
            if (packets.Send(send) is { } record)
                records.Add(record);
        }
        return new JsonObject
        {
            ["format"] = 1,
            ["name"] = spec.Name,
            ["what"] = "drawn by StackNet.Oracle",
            ["category"] = spec.Kind,
            ["backend"] = Backend(spec),
            ["unpredictable"] = false,
            ["node"] = node,
            ["packets"] = records,
        };
    }

    private static string Backend(Spec spec) =>
        string.Join(
            '+',
            new[]
            {
                spec.Legacy.Count > 0 ? "legacy" : null,
                spec.Nft.Count > 0 ? "nft" : null,
                spec.Native.Count > 0 ? "native" : null,
            }.OfType<string>()
        )
            is { Length: > 0 } text
            ? text
            : "none";

    private JsonObject Snapshot(Spec spec)
    {
        if (_still.Count == 0)
        {
            _still["ip -d -j link"] = lab.Links;
            foreach (string command in (ReadOnlySpan<string>)["ip -j addr", "ip -d -j route show table all", "ip -j rule", "ip -j neigh"])
                _still[command] = RunLine(command);
            if (spec.Kind != "router")
            {
                _still["bridge -d -j link"] = RunLine("bridge -d -j link");
                _still["bridge -j vlan"] = RunLine("bridge -j vlan");
            }
            _still["sysctl -a -r '^net'"] = Settings.Read(lab.Node);
        }
        JsonObject node = [];
        foreach ((string command, string output) in _still)
            node[command] = output;
        if (spec.Kind != "router")
            node["bridge -j fdb"] = RunLine("bridge -j fdb");
        node["iptables-save -c"] = spec.Nft.Count > 0 ? RunLine("iptables-nft-save -c") : "";
        node["iptables-legacy-save -c"] = _legacyTables.Count > 0 ? RunLine("iptables-legacy-save -c") : "";
        node["nft -j list ruleset"] = _nftUsed ? RunLine("nft -j list ruleset") : NoRuleset;
        node["nft list ruleset"] = _nftUsed ? RunLine("nft list ruleset") : "";
        node["ipset save"] = _setsUsed ? RunLine("ipset save") : "";
        node["conntrack -L -o extended"] = "";
        return node;
    }

    private string RunLine(string command)
    {
        string[] words = command.Split(' ');
        return lab.Node.Run(words[0], words.AsSpan(1));
    }
}
