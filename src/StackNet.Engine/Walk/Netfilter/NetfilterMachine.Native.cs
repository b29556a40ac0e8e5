using StackNet.Engine.Facts;

namespace StackNet.Engine.Walk.Netfilter;

internal sealed partial class NetfilterMachine
{
    // A chain whose rules are not compiled takes every packet to Unknown.
    private void AddNative(List<BaseChain> bases, NetfilterFamily family, NetfilterHook hook)
    {
        foreach (NftTable table in NativeTables(family))
        {
            CompiledTable compiled = new(table.Family, table.Name);
            foreach (NftChain chain in table.Chains)
            {
                if (!string.Equals(chain.Hook, hook.ToString(), StringComparison.OrdinalIgnoreCase))
                    continue;
                CompiledRule[] rules =
                [
                    .. chain.Rules.Select(static rule => new CompiledRule
                    {
                        Matchers = [],
                        Effects =
                        [
                            static run =>
                            {
                                run.Spoil();
                                return Outcome.Unknown;
                            },
                        ],
                        Text = rule.Text ?? rule.Json,
                        Handle = rule.Handle,
                    }),
                ];
                bases.Add(
                    new(
                        new CompiledChain(compiled, chain.Name, _ => rules)
                        {
                            Policy = chain.Policy ?? "accept",
                            IsEmpty = rules.Length == 0 && chain.Policy != "drop",
                        },
                        chain.Priority,
                        chain.Type == "nat",
                        IsLegacy: false
                    )
                );
            }
        }
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
                _ => null,
            };
            if (table.IsIptables && saved is not null && saved.Tables.Any(known => known.Name == table.Name))
                continue;
            yield return table;
        }
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
