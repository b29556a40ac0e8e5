using StackNet.Engine.Facts;
using StackNet.Engine.Facts.Netfilter;

namespace StackNet.Engine.Walk.Netfilter;

internal sealed partial class NetfilterMachine
{
    private static int IptablesPriority(string table, NetfilterHook hook) =>
        table switch
        {
            "raw" => -300,
            "mangle" => -150,
            "nat" => hook is NetfilterHook.Prerouting or NetfilterHook.Output ? -100 : 100,
            "security" => 50,
            _ => 0,
        };

    private void AddIptables(List<BaseChain> bases, NetfilterFamily family, NetfilterHook hook, bool isLegacy)
    {
        string name = hook switch
        {
            NetfilterHook.Prerouting => "PREROUTING",
            NetfilterHook.Input => "INPUT",
            NetfilterHook.Forward => "FORWARD",
            NetfilterHook.Output => "OUTPUT",
            NetfilterHook.Postrouting => "POSTROUTING",
            _ => "",
        };
        foreach (CompiledTable table in IptablesTables(family, isLegacy))
        {
            if (table.Chain(name) is { Policy: not null } chain)
                bases.Add(new(chain, IptablesPriority(table.Name, hook), table.Name == "nat", isLegacy));
        }
    }

    private List<CompiledTable> IptablesTables(NetfilterFamily family, bool isLegacy)
    {
        bool v4 = family == NetfilterFamily.Ip4;
        return (v4, isLegacy) switch
        {
            (true, true) => _legacy4 ??= CompileIptables(Facts.IptablesLegacy, "iptables-legacy", v6: false),
            (true, false) => _nft4 ??= CompileIptables(Facts.IptablesNft, "iptables-nft", v6: false),
            (false, true) => _legacy6 ??= CompileIptables(Facts.Ip6tablesLegacy, "ip6tables-legacy", v6: true),
            _ => _nft6 ??= CompileIptables(Facts.Ip6tablesNft, "ip6tables-nft", v6: true),
        };
    }

    private List<CompiledTable> CompileIptables(IptablesRuleset? ruleset, string family, bool v6)
    {
        List<CompiledTable> tables = [];
        foreach (IptablesTable facts in ruleset?.Tables ?? [])
        {
            CompiledTable table = new(family, facts.Name);
            IptablesCompiler compiler = new(this, table, v6);
            foreach (IptablesChain chain in facts.Chains)
            {
                IptablesChain source = chain;
                bool isEmpty = chain.Rules.Count == 0 && chain.Policy is null or "ACCEPT";
                table.Add(
                    new CompiledChain(table, chain.Name, own => compiler.CompileChain(source))
                    {
                        Policy = chain.Policy,
                        IsEmpty = chain.Rules.Count == 0 && chain.Policy == "ACCEPT",
                    }
                );
            }
            tables.Add(table);
        }
        return tables;
    }
}

/// <summary>Makes the runnable form of iptables chains.</summary>
internal sealed partial class IptablesCompiler(NetfilterMachine machine, CompiledTable table, bool v6)
{
    public CompiledRule[] CompileChain(IptablesChain chain)
    {
        CompiledRule[] rules = new CompiledRule[chain.Rules.Count];
        for (int i = 0; i < rules.Length; i++)
            rules[i] = CompileRule(IptablesRuleParser.Parse(chain.Rules[i].Text), i + 1);
        return rules;
    }

    private CompiledRule CompileRule(IptablesRuleSpec spec, int number)
    {
        List<Matcher> matchers = new(6);
        RuleKey key = default;
        AddBasics(spec, matchers, ref key);
        foreach (IptablesModule module in spec.Matches)
        {
            if (!module.IsKnown || module.Raw is not null)
                matchers.Add(static _ => Answer.Maybe);
            if (module.IsKnown)
                AddMatch(module, spec, matchers);
            if (module.Name == "physdev")
                PhysdevKey(module, ref key);
        }
        if (spec.UnknownText is not null)
            matchers.Add(static _ => Answer.Maybe);
        return new CompiledRule
        {
            Matchers = [.. matchers],
            Effects = spec.Target is { } target ? [CompileTarget(target)] : [],
            Text = spec.Text,
            Number = number,
            Key = key,
        };
    }

    private static void PhysdevKey(IptablesModule module, ref RuleKey key)
    {
        foreach (IptablesOption option in module.Options)
        {
            if (option.Negated || option.First.EndsWith('+'))
                continue;
            if (option.Name == "physdev-in")
                key = RuleKey.Of(RuleKeyKind.PhysIn, option.First);
            else if (option.Name == "physdev-out")
                key = RuleKey.Of(RuleKeyKind.PhysOut, option.First);
        }
    }

    private static void AddBasics(IptablesRuleSpec spec, List<Matcher> matchers, ref RuleKey key)
    {
        if (spec.InDevice is { Name.Length: > 0 } input)
        {
            matchers.Add(run => Is(input.Covers(run.Context.InDevice?.Name) != input.Negated));
            if (!input.Negated && !input.IsPrefix)
                key = RuleKey.Of(RuleKeyKind.In, input.Name);
        }
        if (spec.OutDevice is { Name.Length: > 0 } output)
        {
            matchers.Add(run => Is(output.Covers(run.Context.OutDevice?.Name) != output.Negated));
            if (!output.Negated && !output.IsPrefix)
                key = RuleKey.Of(RuleKeyKind.Out, output.Name);
        }
        if (spec.Protocol is { } protocol)
        {
            bool negated = spec.ProtocolNegated;
            matchers.Add(run => Is((run.Packet.Protocol == protocol) != negated));
        }
        if (spec.Source is { } source)
        {
            matchers.Add(run => Is(source.Contains(run.Packet.Source) != source.Negated));
            if (!source.Negated && source.PrefixLength == source.Address.Bits && key.Kind == RuleKeyKind.None)
                key = RuleKey.Of(RuleKeyKind.Source, source.Address);
        }
        if (spec.Destination is { } destination)
        {
            matchers.Add(run => Is(destination.Contains(run.Packet.Destination) != destination.Negated));
            if (!destination.Negated && destination.PrefixLength == destination.Address.Bits && key.Kind == RuleKeyKind.None)
                key = RuleKey.Of(RuleKeyKind.Destination, destination.Address);
        }
        if (spec.Fragment is { } fragment)
            matchers.Add(run => Is(run.Packet.FragmentOffset != 0 == fragment));
    }

    internal static Answer Is(bool holds) => holds ? Answer.Yes : Answer.No;
}
