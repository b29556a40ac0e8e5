using StackNet.Engine.Facts;

namespace StackNet.Engine.Tests.Causes.Faults;

internal static partial class FactsEdit
{
    public static NodeFacts Chain(
        this NodeFacts facts,
        string ns,
        string table,
        Func<IptablesChain, bool> which,
        Func<IptablesChain, IptablesChain> change
    ) =>
        facts
            .Namespace(
                ns,
                n =>
                    n with
                    {
                        IptablesNft = Chain(n.IptablesNft, table, which, change),
                        IptablesLegacy = Chain(n.IptablesLegacy, table, which, change),
                    }
            )
            .WithoutMirror(ns);

    /// <summary>nf_tables' own listing of the tables of iptables would no longer be the same: it is left out, as where only iptables-save was read.</summary>
    public static NodeFacts WithoutMirror(this NodeFacts facts, string ns) =>
        facts.Namespace(
            ns,
            n =>
                n.Nft is null
                    ? n
                    : n with
                    {
                        Nft = n.Nft with
                        {
                            Tables =
                            [
                                .. n.Nft.Tables.Where(t =>
                                    !(t.Family == "ip" && t.Name is "raw" or "mangle" or "nat" or "filter" or "security")
                                ),
                            ],
                        },
                    }
        );

    private static IptablesRuleset? Chain(
        IptablesRuleset? rules,
        string table,
        Func<IptablesChain, bool> which,
        Func<IptablesChain, IptablesChain> change
    ) =>
        rules is null
            ? null
            : rules with
            {
                Tables =
                [
                    .. rules.Tables.Select(t =>
                        t.Name == table ? t with { Chains = [.. t.Chains.Select(c => which(c) ? change(c) : c)] } : t
                    ),
                ],
            };

    /// <summary>iptables -t TABLE -P CHAIN POLICY.</summary>
    public static NodeFacts Policy(this NodeFacts facts, string ns, string chain, string policy) =>
        facts.Chain(ns, "filter", c => c.Name == chain, c => c with { Policy = policy });

    /// <summary>iptables -t TABLE -D …: every rule whose text holds all the words.</summary>
    public static NodeFacts NoRule(this NodeFacts facts, string ns, string table, params string[] words)
    {
        int found = 0;
        NodeFacts changed = facts.Chain(
            ns,
            table,
            _ => true,
            c =>
                c with
                {
                    Rules =
                    [
                        .. c.Rules.Where(r =>
                        {
                            bool hit = words.All(w => r.Text.Contains(w, StringComparison.Ordinal));
                            found += hit ? 1 : 0;
                            return !hit;
                        }),
                    ],
                }
        );
        return found > 0
            ? changed
            : throw new InvalidOperationException($"no rule of {table} in \"{ns}\" holds {string.Join(" + ", words)}");
    }

    /// <summary>Replaces a text within every rule that holds it.</summary>
    public static NodeFacts InRules(this NodeFacts facts, string ns, string table, string chain, string old, string changed)
    {
        int found = 0;
        NodeFacts result = facts.Chain(
            ns,
            table,
            c => c.Name.Contains(chain, StringComparison.Ordinal),
            c =>
                c with
                {
                    Rules =
                    [
                        .. c.Rules.Select(r =>
                        {
                            found += r.Text.Contains(old, StringComparison.Ordinal) ? 1 : 0;
                            return r with { Text = r.Text.Replace(old, changed, StringComparison.Ordinal) };
                        }),
                    ],
                }
        );
        return found > 0 ? result : throw new InvalidOperationException($"no rule of {chain} holds {old}");
    }

    /// <summary>iptables -t TABLE -I CHAIN 1 … (or -A with last).</summary>
    public static NodeFacts AddRule(this NodeFacts facts, string ns, string table, string text, bool last = false)
    {
        string chain = text.Split(' ')[1];
        IptablesRule rule = new(text, 3, 252);
        return facts
            .Table(ns, table)
            .Chain(ns, table, c => c.Name == chain, c => c with { Rules = last ? [.. c.Rules, rule] : [rule, .. c.Rules] });
    }

    /// <summary>Another chain, with its rules.</summary>
    public static NodeFacts AddChain(this NodeFacts facts, string ns, string table, string name, params string[] rules) =>
        facts
            .Table(ns, table)
            .Namespace(
                ns,
                n =>
                    n with
                    {
                        IptablesNft = AddChain(n.IptablesNft, table, name, rules),
                        IptablesLegacy = AddChain(n.IptablesLegacy, table, name, rules),
                    }
            )
            .WithoutMirror(ns);

    private static IptablesRuleset? AddChain(IptablesRuleset? set, string table, string name, string[] rules) =>
        set?.Tables.Any(t => t.Name == table) != true
            ? set
            : set with
            {
                Tables =
                [
                    .. set.Tables.Select(t =>
                        t.Name != table
                            ? t
                            : t with
                            {
                                Chains =
                                [
                                    .. t.Chains,
                                    new IptablesChain { Name = name, Rules = [.. rules.Select(r => new IptablesRule(r, 3, 252))] },
                                ],
                            }
                    ),
                ],
            };

    /// <summary>The table with its built-in chains, made when it is not there (in the back end that has rules already).</summary>
    private static NodeFacts Table(this NodeFacts facts, string ns, string table)
    {
        string[] chains = table switch
        {
            "raw" => ["PREROUTING", "OUTPUT"],
            "nat" => ["PREROUTING", "INPUT", "OUTPUT", "POSTROUTING"],
            "mangle" => ["PREROUTING", "INPUT", "FORWARD", "OUTPUT", "POSTROUTING"],
            _ => ["INPUT", "FORWARD", "OUTPUT"],
        };
        IptablesRuleset With(IptablesRuleset rules) =>
            rules with
            {
                Tables =
                [
                    .. rules.Tables,
                    new IptablesTable(table, [.. chains.Select(c => new IptablesChain { Name = c, Policy = "ACCEPT" })]),
                ],
            };
        return facts
            .Namespace(
                ns,
                n =>
                    n.IptablesNft?.Tables.Any(t => t.Name == table) == true || n.IptablesLegacy?.Tables.Any(t => t.Name == table) == true
                        ? n
                    : n.IptablesLegacy is { IsEmpty: false } legacy ? n with { IptablesLegacy = With(legacy) }
                    : n with { IptablesNft = With(n.IptablesNft ?? new IptablesRuleset()) }
            )
            .WithoutMirror(ns);
    }

    /// <summary>A table of nftables with one base chain.</summary>
    public static NodeFacts NftTable(
        this NodeFacts facts,
        string ns,
        string family,
        string table,
        string chain,
        string hook,
        int priority,
        params (string Json, string Text)[] rules
    ) =>
        facts.Namespace(
            ns,
            n =>
                n with
                {
                    Nft = (n.Nft ?? new NftRuleset()) with
                    {
                        Tables =
                        [
                            .. n.Nft?.Tables ?? [],
                            new NftTable
                            {
                                Family = family,
                                Name = table,
                                Chains =
                                [
                                    new NftChain
                                    {
                                        Name = chain,
                                        Handle = 1,
                                        Type = "filter",
                                        Hook = hook,
                                        Priority = priority,
                                        Policy = "accept",
                                        Rules = [.. rules.Select((r, i) => new NftRule(i + 2, r.Json, r.Text, null))],
                                    },
                                ],
                            },
                        ],
                    },
                }
        );
}
