using System.Runtime.InteropServices;
using StackNet.Engine.Facts;
using StackNet.Engine.Sources.Live.Netlink;

namespace StackNet.Engine.Sources.Live.Xtables;

/// <summary>
/// Reads the tables of iptables-nft straight from nf_tables and prints their rules as iptables-nft-save does, with two dumps for a
/// namespace instead of two processes. Whatever it does not know to the last bit (a match, a target, an expression, a chain that
/// iptables would not have made) makes it give up the whole family, and the tool is asked.
/// </summary>
internal sealed class XtablesReader(NetlinkChannel channel, Func<int, string?> setName)
{
    private const int GetChain = (10 << 8) | 4; // NFT_MSG_GETCHAIN
    private const int GetRule = (10 << 8) | 7; // NFT_MSG_GETRULE

    // In the order in which iptables-nft-save prints them (enum nft_table_type), with their hooks and priorities.
    private static readonly (string Table, string Chain, int Hook, int Priority)[] BuiltIn =
    [
        ("mangle", "PREROUTING", 0, -150),
        ("mangle", "INPUT", 1, -150),
        ("mangle", "FORWARD", 2, -150),
        ("mangle", "OUTPUT", 3, -150),
        ("mangle", "POSTROUTING", 4, -150),
        ("security", "INPUT", 1, 50),
        ("security", "FORWARD", 2, 50),
        ("security", "OUTPUT", 3, 50),
        ("raw", "PREROUTING", 0, -300),
        ("raw", "OUTPUT", 3, -300),
        ("filter", "INPUT", 1, 0),
        ("filter", "FORWARD", 2, 0),
        ("filter", "OUTPUT", 3, 0),
        ("nat", "PREROUTING", 0, -100),
        ("nat", "INPUT", 1, 100),
        ("nat", "OUTPUT", 3, -100),
        ("nat", "POSTROUTING", 4, 100),
    ];

    private readonly Dictionary<(byte Family, string Table), Dictionary<string, Chain>> _tables = [];
    private readonly HashSet<byte> _givenUp = [];
    private readonly XtablesRule _rule = new(setName);
    private int _generation = -1;
    private bool _torn;
    private Dictionary<string, Chain>? _lastTable;
    private Chain? _lastChain;

    /// <summary>The first rule of the last family that was given up, for a log or a test.</summary>
    public string? Refused { get; private set; }

    /// <summary>Dumps chains and rules of all families. False: the ruleset changed in between, so nothing is known.</summary>
    public bool TryLoad(IReadOnlyList<NftTable> tables)
    {
        foreach (NftTable table in tables)
        {
            byte family = table.Family == "ip" ? (byte)2 : (byte)10;
            if (table.Family is not ("ip" or "ip6") || !Array.Exists(BuiltIn, b => b.Table == table.Name))
                continue;
            _tables.Add((family, table.Name), []);
            // A dormant table does not act, and iptables never makes one.
            if (table.Flags.Count > 0)
                _givenUp.Add(family);
        }
        Span<byte> body = stackalloc byte[4];
        body.Clear();
        channel.DumpAll("NFT_MSG_GETCHAIN", GetChain, body, ClearChains, (_, payload) => AddChain(payload));
        channel.DumpAll("NFT_MSG_GETRULE", GetRule, body, ClearRules, (_, payload) => AddRule(payload));
        return !_torn;
    }

    /// <summary>The tables of one family as iptables-nft-save would print them; null when the tool has to be asked.</summary>
    public IptablesRuleset? Ruleset(bool v6)
    {
        byte family = v6 ? (byte)10 : (byte)2;
        if (_givenUp.Contains(family))
            return null;
        List<IptablesTable> tables = [];
        foreach (string name in BuiltIn.Select(b => b.Table).Distinct())
        {
            if (_tables.TryGetValue((family, name), out Dictionary<string, Chain>? chains))
                tables.Add(new IptablesTable(name, Chains(name, chains)));
        }
        return new IptablesRuleset { Tables = tables };
    }

    private static List<IptablesChain> Chains(string table, Dictionary<string, Chain> chains)
    {
        List<IptablesChain> list = new(chains.Count + 5);
        foreach ((string owner, string name, _, _) in BuiltIn)
        {
            if (owner != table)
                continue;
            // A built-in chain without rules need not exist; the tool prints it all the same.
            list.Add(
                chains.TryGetValue(name, out Chain? chain)
                    ? chain.ToFacts(chain.Policy)
                    : new IptablesChain { Name = name, Policy = "ACCEPT" }
            );
        }
        foreach (Chain chain in chains.Values.Where(c => !c.IsBase).OrderBy(c => c.Name, StringComparer.Ordinal))
            list.Add(chain.ToFacts(null));
        return list;
    }

    private void ClearChains()
    {
        foreach (Dictionary<string, Chain> chains in _tables.Values)
            chains.Clear();
        _generation = -1;
        _lastTable = null;
    }

    private void ClearRules()
    {
        foreach (Chain chain in _tables.Values.SelectMany(c => c.Values))
            chain.Rules.Clear();
    }

    /// <summary>Every message carries the low half of the ruleset's generation (nfgenmsg.res_id).</summary>
    private bool Find(ReadOnlySpan<byte> payload, ReadOnlySpan<byte> table, out Dictionary<string, Chain> chains)
    {
        int generation = MemoryMarshal.Read<ushort>(payload[2..]);
        _torn |= _generation >= 0 && generation != _generation;
        _generation = generation;
        return _tables.TryGetValue((payload[0], KnownTable(table)), out chains!);
    }

    private static string KnownTable(ReadOnlySpan<byte> name)
    {
        if (name.StartsWith("filter\0"u8))
            return "filter";
        if (name.StartsWith("nat\0"u8))
            return "nat";
        return name.StartsWith("mangle\0"u8) ? "mangle" : NetlinkAttributes.ToText(name);
    }

    private void AddChain(ReadOnlySpan<byte> payload)
    {
        ReadOnlySpan<byte> table = default;
        Chain chain = new();
        int hook = -1;
        int priority = 0;
        NetlinkAttributes attribute = new(payload[4..]);
        while (attribute.MoveNext())
        {
            switch (attribute.Type)
            {
                case 1:
                    table = attribute.Value;
                    break;
                case 3:
                    chain.Name = attribute.Text;
                    break;
                case 4:
                    (hook, priority) = ParseHook(attribute.Value);
                    chain.IsBase = true;
                    break;
                case 5:
                    chain.Policy = attribute.U32Network == 0 ? "DROP" : "ACCEPT";
                    break;
                case 8:
                    (chain.Packets, chain.Bytes) = XtablesRule.Counters(attribute.Value);
                    break;
            }
        }
        if (!Find(payload, table, out Dictionary<string, Chain> chains))
            return;
        string tableName = KnownTable(table);
        // Up to 1.8.10 iptables-nft registered its security table at 150 instead of 50.
        int expected = tableName == "security" && priority == 150 ? 50 : priority;
        bool known = Array.Exists(BuiltIn, b => b.Table == tableName && b.Chain == chain.Name && b.Hook == hook && b.Priority == expected);
        bool reserved = Array.Exists(BuiltIn, b => b.Table == tableName && b.Chain == chain.Name);
        // iptables has base chains of its own names and hooks only, and user chains never have those names.
        if (chain.IsBase ? !known : reserved)
        {
            _givenUp.Add(payload[0]);
            Refused = $"chain {chain.Name} of table {tableName} (hook {hook}, priority {priority})";
        }
        chains[chain.Name] = chain;
    }

    private static (int Hook, int Priority) ParseHook(ReadOnlySpan<byte> value)
    {
        int hook = -1;
        int priority = 0;
        NetlinkAttributes attribute = new(value);
        while (attribute.MoveNext())
        {
            if (attribute.Type == 1)
                hook = (int)attribute.U32Network;
            else if (attribute.Type == 2)
                priority = (int)attribute.U32Network;
        }
        return (hook, priority);
    }

    private void AddRule(ReadOnlySpan<byte> payload)
    {
        ReadOnlySpan<byte> table = default;
        ReadOnlySpan<byte> chainName = default;
        ReadOnlySpan<byte> expressions = default;
        NetlinkAttributes attribute = new(payload[4..]);
        while (attribute.MoveNext())
        {
            if (attribute.Type == 1)
                table = attribute.Value;
            else if (attribute.Type == 2)
                chainName = attribute.Value;
            else if (attribute.Type == 4)
                expressions = attribute.Value;
        }
        byte family = payload[0];
        if (_givenUp.Contains(family) || !Find(payload, table, out Dictionary<string, Chain> chains))
            return;
        // Rules of a chain come one after another.
        if (!ReferenceEquals(chains, _lastTable) || !_lastChain!.IsNamed(chainName))
        {
            _lastTable = null;
            if (!chains.TryGetValue(NetlinkAttributes.ToText(chainName), out Chain? chain))
            {
                _torn = true; // made after the chains were listed
                return;
            }
            (_lastTable, _lastChain) = (chains, chain);
        }
        if (_rule.TryPrint(family == 10, _lastChain!.Name, expressions, out IptablesRule? rule))
            _lastChain.Rules.Add(rule);
        else
        {
            _givenUp.Add(family);
            Refused = $"rule {_lastChain.Rules.Count + 1} of chain {_lastChain.Name}: {_rule.Refused}";
        }
    }

    private sealed class Chain
    {
        private byte[]? _bytes;

        public string Name { get; set; } = "";
        public string Policy { get; set; } = "ACCEPT";
        public bool IsBase { get; set; }
        public long Packets { get; set; }
        public long Bytes { get; set; }
        public List<IptablesRule> Rules { get; } = [];

        public bool IsNamed(ReadOnlySpan<byte> name)
        {
            _bytes ??= [.. System.Text.Encoding.UTF8.GetBytes(Name), 0];
            return name.SequenceEqual(_bytes);
        }

        public IptablesChain ToFacts(string? policy) =>
            new()
            {
                Name = Name,
                Policy = policy,
                Packets = policy is null ? 0 : Packets,
                Bytes = policy is null ? 0 : Bytes,
                Rules = Rules,
            };
    }
}
