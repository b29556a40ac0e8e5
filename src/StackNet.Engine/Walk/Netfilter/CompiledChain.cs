using StackNet.Engine.Facts;

namespace StackNet.Engine.Walk.Netfilter;

/// <summary>
/// A chain whose rules are compiled when a packet first comes to it. A long chain is indexed by the devices and addresses that its rules
/// demand (a node with a thousand instances has thousands of physdev rules in one chain, of which a packet can match a handful).
/// </summary>
internal sealed class CompiledChain(CompiledTable table, string name, Func<CompiledChain, CompiledRule[]> compile)
{
    private const int IndexFrom = 12;
    private readonly Lock _gate = new();
    private volatile Index? _index;

    public CompiledTable Table { get; } = table;
    public string Name { get; } = name;

    /// <summary>Policy of a base chain; null for a user chain.</summary>
    public string? Policy { get; init; }

    /// <summary>Devices a netdev chain is bound to; null for every device.</summary>
    public string[]? Devices { get; init; }

    /// <summary>It is bound to devices, but to which is not known.</summary>
    public bool IsOfUnknownDevice { get; init; }

    /// <summary>Its table has a flag that could not be read (nft 1.0.6): it may be asleep.</summary>
    public bool MayBeDormant { get; init; }

    /// <summary>Nothing it could do: no rule and policy accept.</summary>
    public bool IsEmpty { get; init; }

    public RuleCursor Start(HookRun run) => new(Compiled, run);

    private Index Compiled
    {
        get
        {
            if (_index is { } ready)
                return ready;
            lock (_gate)
                return _index ??= Build(compile(this));
        }
    }

    private static Index Build(CompiledRule[] rules)
    {
        if (rules.Length < IndexFrom)
            return new(rules, null, []);
        List<int> always = [];
        Dictionary<RuleKey, List<int>> keyed = [];
        for (int i = 0; i < rules.Length; i++)
        {
            if (rules[i].Key.Kind == RuleKeyKind.None)
            {
                always.Add(i);
                continue;
            }
            if (!keyed.TryGetValue(rules[i].Key, out List<int>? list))
                keyed[rules[i].Key] = list = [];
            list.Add(i);
        }
        if (keyed.Count == 0)
            return new(rules, null, []);
        return new(rules, keyed.ToDictionary(static pair => pair.Key, static pair => pair.Value.ToArray()), [.. always]);
    }

    internal sealed record Index(CompiledRule[] Rules, Dictionary<RuleKey, int[]>? Keyed, int[] Always);
}

/// <summary>Goes through the rules of a chain that a packet may match, in their order.</summary>
internal struct RuleCursor
{
    private readonly CompiledRule[] _rules;
    private readonly bool _all;
    private int _next;
    private Lane _always;
    private Lane _physIn;
    private Lane _physOut;
    private Lane _in;
    private Lane _out;
    private Lane _source;
    private Lane _destination;

    public RuleCursor(CompiledChain.Index index, HookRun run)
    {
        _rules = index.Rules;
        if (index.Keyed is not { } keyed)
        {
            _all = true;
            return;
        }
        NetfilterContext context = run.Context;
        _always = new(index.Always);
        _physIn = Find(keyed, RuleKeyKind.PhysIn, context.PhysIn?.Name);
        _physOut = Find(keyed, RuleKeyKind.PhysOut, context.PhysOut?.Name);
        _in = Find(keyed, RuleKeyKind.In, context.InDevice?.Name);
        _out = Find(keyed, RuleKeyKind.Out, context.OutDevice?.Name);
        _source = keyed.TryGetValue(RuleKey.Of(RuleKeyKind.Source, run.Packet.Source), out int[]? source) ? new(source) : default;
        _destination = keyed.TryGetValue(RuleKey.Of(RuleKeyKind.Destination, run.Packet.Destination), out int[]? destination)
            ? new(destination)
            : default;
    }

    private static Lane Find(Dictionary<RuleKey, int[]> keyed, RuleKeyKind kind, string? value) =>
        value is not null && keyed.TryGetValue(RuleKey.Of(kind, value), out int[]? rules) ? new(rules) : default;

    public CompiledRule? Next()
    {
        if (_all)
            return _next < _rules.Length ? _rules[_next++] : null;
        int best = _always.Peek;
        best = Math.Min(best, _physIn.Peek);
        best = Math.Min(best, _physOut.Peek);
        best = Math.Min(best, _in.Peek);
        best = Math.Min(best, _out.Peek);
        best = Math.Min(best, _source.Peek);
        best = Math.Min(best, _destination.Peek);
        if (best == int.MaxValue)
            return null;
        _always.Pass(best);
        _physIn.Pass(best);
        _physOut.Pass(best);
        _in.Pass(best);
        _out.Pass(best);
        _source.Pass(best);
        _destination.Pass(best);
        return _rules[best];
    }

    private struct Lane(int[] rules)
    {
        private readonly int[]? _rules = rules;
        private int _at = 0;

        public readonly int Peek => _rules is not null && _at < _rules.Length ? _rules[_at] : int.MaxValue;

        public void Pass(int rule)
        {
            if (Peek == rule)
                _at++;
        }
    }
}

/// <summary>A table of one back end with its chains by name.</summary>
internal sealed class CompiledTable(string family, string name)
{
    private readonly Dictionary<string, CompiledChain> _chains = new(StringComparer.Ordinal);

    /// <summary>As in <see cref="TraceRule.Family"/>: iptables-legacy, iptables-nft, ip, inet ….</summary>
    public string Family { get; } = family;
    public string Name { get; } = name;

    public CompiledChain? Chain(string name) => _chains.GetValueOrDefault(name);

    public void Add(CompiledChain chain) => _chains[chain.Name] = chain;

    public TraceRule Describe(CompiledChain chain, CompiledRule? rule) =>
        new()
        {
            Family = Family,
            Table = Name,
            Chain = chain.Name,
            Number = rule?.Number,
            Handle = rule?.Handle,
            Text =
                rule?.Text
                ?? "policy "
                    + (
                        Family.StartsWith("iptables", StringComparison.Ordinal) || Family.StartsWith("ip6tables", StringComparison.Ordinal)
                            ? chain.Policy?.ToUpperInvariant()
                            : chain.Policy
                    ),
        };
}
