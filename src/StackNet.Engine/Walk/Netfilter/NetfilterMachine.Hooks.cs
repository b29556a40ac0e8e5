using StackNet.Engine.Facts;
using StackNet.Engine.Walk.Conntrack;

namespace StackNet.Engine.Walk.Netfilter;

internal sealed partial class NetfilterMachine
{
    private enum ItemKind
    {
        Chain,
        Defrag,
        Track,
        Nat,
        Confirm,
    }

    /// <summary>Something registered on a hook.</summary>
    private sealed record Item(ItemKind Kind, int Priority, CompiledChain[] Chains);

    /// <summary>A hook of a family: what is called, in order.</summary>
    private sealed record Hook(Item[] Items)
    {
        /// <summary>
        /// The order when iptables-legacy was loaded after nf_tables; null when it makes no difference. At one priority the one registered last
        /// runs first, and no listing tells when the two were.
        /// </summary>
        public Item[]? LegacyFirst { get; init; }

        /// <summary>A source that was not read could hold a rule for this hook.</summary>
        public string? Unread { get; init; }
        public bool HasRules { get; init; }
    }

    private sealed record BaseChain(CompiledChain Chain, int Priority, bool IsNat, bool IsLegacy);

    private List<CompiledTable>? _legacy4;
    private List<CompiledTable>? _legacy6;
    private List<CompiledTable>? _nft4;
    private List<CompiledTable>? _nft6;

    private Hook BuildHook(NetfilterFamily family, NetfilterHook hook)
    {
        List<BaseChain> bases = [];
        bool isIp = family is NetfilterFamily.Ip4 or NetfilterFamily.Ip6;
        // Later registered runs first: nf_tables chains come in the order of their making, so they are taken from the end.
        List<BaseChain> nft = [];
        if (isIp)
            AddIptables(nft, family, hook, isLegacy: false);
        AddNative(nft, family, hook);
        if (family == NetfilterFamily.Bridge)
            AddEbtables(nft, hook);
        nft.Reverse();
        bases.AddRange(nft);
        if (isIp)
            AddIptables(bases, family, hook, isLegacy: true);
        bases.RemoveAll(static chain => chain.Chain.IsEmpty);
        bool tracks = isIp && TracksConnections;
        bool bridgeTracks = family == NetfilterFamily.Bridge && BridgeTracks();
        bool translates = isIp && Translates(family == NetfilterFamily.Ip6);
        Item[] items = Order(bases, hook, tracks || bridgeTracks, translates);
        // One back end first or the other: it matters only where both have something at one priority.
        bool ties = bases.Exists(a => a.IsLegacy && bases.Exists(b => !b.IsLegacy && b.IsNat == a.IsNat && b.Priority == a.Priority));
        Item[]? legacyFirst = null;
        if (ties)
        {
            List<BaseChain> turned = [.. bases.Where(static chain => chain.IsLegacy), .. bases.Where(static chain => !chain.IsLegacy)];
            legacyFirst = Order(turned, hook, tracks, translates);
        }
        return new(items)
        {
            LegacyFirst = legacyFirst,
            Unread = UnreadFor(family, hook),
            HasRules = bases.Count > 0,
        };
    }

    /// <summary>
    /// nf_nat hangs on all hooks of a family as soon as one nat chain is there, an empty one too; without any, no connection gets a binding, and
    /// two with the same tuple clash.
    /// </summary>
    private bool Translates(bool v6)
    {
        if ((v6 ? Facts.Ip6tablesLegacy : Facts.IptablesLegacy) is not { } legacy || Facts.Nft is not { } nft)
            return true;
        IptablesRuleset? compat = v6 ? Facts.Ip6tablesNft : Facts.IptablesNft;
        return legacy.Tables.Any(static t => t.Name == "nat")
            || compat is null
            || compat.Tables.Any(static t => t.Name == "nat")
            || nft.Tables.Any(t => (t.Family == "inet" || t.Family == (v6 ? "ip6" : "ip")) && t.Chains.Any(static c => c.Type == "nat"));
    }

    private static Item[] Order(List<BaseChain> bases, NetfilterHook hook, bool tracks, bool translates)
    {
        List<Item> items = [];
        foreach (BaseChain chain in bases)
        {
            if (!chain.IsNat)
                items.Add(new(ItemKind.Chain, chain.Priority, [chain.Chain]));
        }
        bool first = hook is NetfilterHook.Prerouting or NetfilterHook.Output;
        bool last = hook is NetfilterHook.Postrouting or NetfilterHook.Input;
        if (tracks && hook is not (NetfilterHook.Ingress or NetfilterHook.Egress))
        {
            if (first)
            {
                items.Add(new(ItemKind.Defrag, -400, []));
                items.Add(new(ItemKind.Track, -200, []));
            }
            if (hook != NetfilterHook.Forward && translates)
            {
                // All nat chains of a hook hang on one registration; among them their own priorities count.
                CompiledChain[] nat =
                [
                    .. bases.Where(static chain => chain.IsNat).OrderBy(static chain => chain.Priority).Select(static chain => chain.Chain),
                ];
                items.Add(new(ItemKind.Nat, first ? -100 : 100, nat));
            }
            if (last)
                items.Add(new(ItemKind.Confirm, int.MaxValue, []));
        }
        // Stable: equal priorities stay in the order given.
        return [.. items.OrderBy(static item => item.Priority)];
    }

    private static Outcome RunItems(Hook hook, HookRun run)
    {
        Item[] items = hook.Items;
        if (hook.LegacyFirst is { } other && run.Choose("whether iptables-legacy or nf_tables was loaded last is not known"))
            items = other;
        foreach (Item item in items)
        {
            if (item.Priority <= run.Context.Above || item.Priority > run.Context.UpTo)
                continue;
            Outcome outcome = item.Kind switch
            {
                ItemKind.Chain => run.RunBase(item.Chains[0]),
                ItemKind.Defrag => Defragment(run),
                ItemKind.Track => Track(run),
                ItemKind.Nat => RunNat(run, item.Chains),
                _ => Confirm(run),
            };
            if (outcome is not (Outcome.Accept or Outcome.Next))
                return outcome;
        }
        return Outcome.Accept;
    }

    // Conntrack puts fragments together before anybody else sees them; one of them alone waits for the others.
    private static Outcome Defragment(HookRun run)
    {
        if (!run.Packet.NoTrack)
            run.Packet.Join();
        if (!run.Packet.IsFragment || run.Packet.NoTrack)
            return Outcome.Next;
        run.Spoil("the fragment waits for the other fragments of its packet (nf_defrag)");
        return Outcome.Unknown;
    }

    /// <summary>Why a packet's fate is not known when it may belong to more than one connection, or to one that may not exist.</summary>
    public const string UncertainConnection = "whether an earlier packet of this connection passed is not known";

    private static Outcome Track(HookRun run)
    {
        Packet packet = run.Packet;
        if (packet.NoTrack && packet.Conntrack.Entry is null)
            packet.Conntrack = new(null, ConntrackInfo.Untracked);
        bool isNew = packet.Conntrack.Entry is null && packet.Conntrack.Info != ConntrackInfo.Untracked;
        run.Table.Track(
            packet,
            new TrackRequest(
                new ConntrackZone(packet.TemplateZone, packet.TemplateZoneDirection),
                run.Context.Hook == NetfilterHook.Prerouting
            )
        );
        if (isNew && run.Table.IsUncertain(packet))
            run.Spoil(UncertainConnection);
        packet.TemplateZone = 0;
        packet.TemplateZoneDirection = ConntrackZoneDirection.Both;
        packet.HasTemplate = false;
        packet.NoTrack = false;
        if (isNew && run.Steps is not null)
        {
            string zone = packet.Conntrack.Entry is { Zone: not 0 and var id } ? $" zone {id}" : "";
            run.Note($"conntrack: {packet.Conntrack.Info.ToString().ToUpperInvariant()}{zone}", null, 1);
        }
        return Outcome.Next;
    }

    private static Outcome Confirm(HookRun run)
    {
        if (run.Table.Confirm(run.Packet))
            return Outcome.Next;
        // What a rule translated to is somebody else's already: that rule is the one to blame.
        bool translated = run.Packet.Conntrack.Entry is { } entry && (entry.SourceNat || entry.DestinationNat);
        run.Reason = translated ? PacketReason.RuleDrop : PacketReason.ConntrackFull;
        return Outcome.Drop;
    }

    private bool NeedsConntrack()
    {
        if (Facts.Conntrack is { Count: > 0 })
            return true;
        foreach (IptablesRuleset? ruleset in new[] { Facts.IptablesLegacy, Facts.IptablesNft, Facts.Ip6tablesLegacy, Facts.Ip6tablesNft })
        {
            foreach (IptablesTable table in ruleset?.Tables ?? [])
            {
                foreach (IptablesChain chain in table.Chains)
                {
                    foreach (IptablesRule rule in chain.Rules)
                    {
                        if (table.Name == "nat" || MentionsConntrack(rule.Text))
                            return true;
                    }
                }
            }
        }
        return NativeNeedsConntrack();
    }

    private static bool MentionsConntrack(string text) =>
        text.Contains("-m state", StringComparison.Ordinal)
        || text.Contains("-m conn", StringComparison.Ordinal)
        || text.Contains("-j CT", StringComparison.Ordinal)
        || text.Contains("-j CONN", StringComparison.Ordinal)
        || text.Contains("-m helper", StringComparison.Ordinal)
        || text.Contains("-j NOTRACK", StringComparison.Ordinal)
        || text.Contains("-j SYNPROXY", StringComparison.Ordinal);

    // What was not read could hold a rule that drops, marks or translates.
    private string? UnreadFor(NetfilterFamily family, NetfilterHook hook)
    {
        List<string> missing = [];
        if (family is NetfilterFamily.Ip4 or NetfilterFamily.Ip6)
        {
            bool v4 = family == NetfilterFamily.Ip4;
            string tool = v4 ? "iptables" : "ip6tables";
            if ((v4 ? Facts.IptablesLegacy : Facts.Ip6tablesLegacy) is null && hook is not (NetfilterHook.Ingress or NetfilterHook.Egress))
                missing.Add(tool + "-legacy-save");
            // The nft listing holds the tables of iptables-nft too (their matches may be opaque there: then that rule says so).
            if (Facts.Nft is null)
            {
                missing.Add("nft list ruleset");
                if ((v4 ? Facts.IptablesNft : Facts.Ip6tablesNft) is null)
                    missing.Add(tool + "-save");
            }
            else if (!Facts.Nft.IsComplete)
            {
                missing.Add("nft -j list ruleset");
            }
        }
        else if (Facts.Nft is null or { IsComplete: false })
        {
            missing.Add("nft list ruleset");
        }
        if (missing.Count == 0)
            return null;
        string where = Facts.Name.Length == 0 ? "the node" : "namespace " + Facts.Name;
        return $"not read in {where}: {string.Join(", ", missing)}";
    }
}
