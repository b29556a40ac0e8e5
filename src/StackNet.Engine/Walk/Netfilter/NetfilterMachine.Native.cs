using StackNet.Engine.Facts;

namespace StackNet.Engine.Walk.Netfilter;

internal sealed partial class NetfilterMachine
{
    private readonly Dictionary<NftTable, CompiledTable> _native = new(ReferenceEqualityComparer.Instance);

    private void AddNative(List<BaseChain> bases, NetfilterFamily family, NetfilterHook hook)
    {
        foreach (NftTable table in NativeTables(family))
        {
            CompiledTable compiled = CompileNative(table);
            foreach (NftChain chain in table.Chains)
            {
                if (string.Equals(chain.Hook, hook.ToString(), StringComparison.OrdinalIgnoreCase) && compiled.Chain(chain.Name) is { } own)
                    bases.Add(new(own, chain.Priority, chain.Type == "nat", IsLegacy: false));
            }
        }
    }

    private List<CompiledTable>? _ebtables;

    private void AddEbtables(List<BaseChain> bases, NetfilterHook hook)
    {
        string name = hook.ToString().ToUpperInvariant();
        foreach (CompiledTable table in _ebtables ??= CompileEbtables())
        {
            string own = table.Name == "broute" && hook == NetfilterHook.Prerouting ? "BROUTING" : name;
            if (table.Chain(own) is { Policy: not null } chain)
                bases.Add(new(chain, EbtablesCompiler.Priority(table.Name, hook), IsNat: false, IsLegacy: false));
        }
    }

    private List<CompiledTable> CompileEbtables()
    {
        List<CompiledTable> tables = [];
        foreach (IptablesTable facts in Facts.Ebtables?.Tables ?? [])
        {
            CompiledTable table = new("ebtables", facts.Name);
            EbtablesCompiler compiler = new(table);
            foreach (IptablesChain chain in facts.Chains)
            {
                IptablesChain source = chain;
                bool isBase = chain.Name is "PREROUTING" or "INPUT" or "FORWARD" or "OUTPUT" or "POSTROUTING" or "BROUTING";
                table.Add(
                    new CompiledChain(table, chain.Name, _ => compiler.CompileChain(source, isBase))
                    {
                        Policy = isBase ? chain.Policy ?? "ACCEPT" : null,
                        IsEmpty = isBase && chain.Rules.Count == 0 && chain.Policy is null or "ACCEPT",
                    }
                );
            }
            tables.Add(table);
        }
        return tables;
    }

    private CompiledTable CompileNative(NftTable facts)
    {
        if (_native.TryGetValue(facts, out CompiledTable? ready))
            return ready;
        CompiledTable table = new(facts.Family, facts.Name);
        NftCompiler compiler = new(facts, table);
        foreach (NftChain chain in facts.Chains)
        {
            NftChain source = chain;
            table.Add(
                new CompiledChain(table, chain.Name, _ => compiler.CompileChain(source))
                {
                    Policy = chain.Policy ?? (chain.Hook is null ? null : "accept"),
                    IsOfUnknownDevice = chain.Devices.Count == 0 && chain.Hook is ("ingress" or "egress"),
                    MayBeDormant = facts.Flags.Any(static flag => flag is not ("dormant" or "owner" or "persist")),
                    Devices = chain.Devices.Count > 0 ? [.. chain.Devices] : null,
                    IsEmpty = chain.Rules.Count == 0 && chain.Policy is null or "accept",
                }
            );
        }
        return _native[facts] = table;
    }

    private IEnumerable<NftTable> NativeTables(NetfilterFamily family)
    {
        foreach (NftTable table in Facts.Nft?.Tables ?? [])
        {
            bool isOurs = family switch
            {
                NetfilterFamily.Ip4 => table.Family is "ip" or "inet",
                NetfilterFamily.Ip6 => table.Family is "ip6" or "inet",
                NetfilterFamily.Arp => table.Family == "arp",
                NetfilterFamily.Bridge => table.Family == "bridge",
                _ => table.Family is "netdev" or "inet",
            };
            if (!isOurs || table.Flags.Contains("dormant"))
                continue;
            // What iptables-nft made is read from iptables-save when that is there.
            IptablesRuleset? saved = table.Family switch
            {
                "ip" => Facts.IptablesNft,
                "ip6" => Facts.Ip6tablesNft,
                "bridge" => Facts.Ebtables,
                _ => null,
            };
            if (saved is not null && saved.Tables.Any(known => IsSame(known, table)))
                continue;
            yield return table;
        }
    }

    // iptables-save also names a table that is not its own ("contains incompatible base-chains") and then shows empty chains only.
    private static bool IsSame(IptablesTable saved, NftTable table)
    {
        if (saved.Name != table.Name)
            return false;
        foreach (NftChain chain in table.Chains)
        {
            IptablesChain? known = saved.Chains.FirstOrDefault(candidate => candidate.Name == chain.Name);
            if (known is null)
                return false;
            // The policy of a user's chain of ebtables is a rule of its own at the end in nf_tables.
            bool endsByPolicy = chain.Hook is null && known.Policy is "DROP" or "ACCEPT";
            if (known.Rules.Count != chain.Rules.Count && !(endsByPolicy && known.Rules.Count + 1 == chain.Rules.Count))
                return false;
        }
        return true;
    }

    private bool BridgeTracks() => NativeTables(NetfilterFamily.Bridge).Any(MentionsConntrack);

    private bool NativeNeedsConntrack() => Facts.Nft?.Tables.Any(MentionsConntrack) == true;

    private static bool MentionsConntrack(NftTable table) =>
        table.Chains.Any(static chain =>
            (chain.Type == "nat" && chain.Rules.Count > 0)
            || chain.Rules.Any(static rule =>
                rule.Json.Contains("\"ct\"", StringComparison.Ordinal)
                || rule.Json.Contains("\"ct ", StringComparison.Ordinal)
                || rule.Json.Contains("\"notrack\"", StringComparison.Ordinal)
                || rule.Json.Contains("\"synproxy\"", StringComparison.Ordinal)
                || rule.Json.Contains("\"flow\"", StringComparison.Ordinal)
            )
        );
}
