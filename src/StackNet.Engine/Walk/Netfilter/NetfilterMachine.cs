using StackNet.Engine.Facts;
using StackNet.Engine.Walk.Conntrack;

namespace StackNet.Engine.Walk.Netfilter;

/// <summary>
/// The netfilter hooks of one network namespace: everything that iptables (both back ends), native nftables and connection tracking have
/// registered, in the order in which the kernel calls it. Compiled once from the facts, then a pure function of packet, surroundings and
/// connection table. Safe for use by several threads (each with its own packet and table).
/// </summary>
internal sealed partial class NetfilterMachine
{
    // A hook whose answer hangs on more than this many undecided matches is not tried to the end.
    private const int MostRuns = 128;

    private readonly Lock _gate = new();
    private readonly Hook?[] _hooks = new Hook?[5 * 7];

    private NetfilterMachine(NamespaceFacts facts)
    {
        Facts = facts;
        Sets = new SetIndex(facts.IpSets);
    }

    public NamespaceFacts Facts { get; }

    /// <summary>The namespace's ipsets.</summary>
    public SetIndex Sets { get; }

    /// <summary>Some rule needs connection tracking, so it is switched on in this namespace (nf_ct_netns_get).</summary>
    public bool TracksConnections => _tracks ??= NeedsConntrack();

    private bool? _tracks;

    /// <summary>Compiles a namespace's rules; each chain is parsed when a packet first comes to it.</summary>
    public static NetfilterMachine Compile(NamespaceFacts facts) => new(facts);

    /// <summary>A table with the namespace's connections and settings.</summary>
    public ConntrackTable NewTable()
    {
        ConntrackTable table = ConntrackTable.Load(Facts.Conntrack);
        table.TcpLoose = Facts.Sysctls?.GetValueOrDefault("net.netfilter.nf_conntrack_tcp_loose") != "0";
        table.TcpBeLiberal = Facts.Sysctls?.GetValueOrDefault("net.netfilter.nf_conntrack_tcp_be_liberal") == "1";
        table.VerifyChecksums = Facts.Sysctls?.GetValueOrDefault("net.netfilter.nf_conntrack_checksum") != "0";
        // A rule that asks for counters switches counting on (nf_ct_set_acct), and a setting that was printed says so too.
        table.CountsTraffic = Facts.Sysctls?.GetValueOrDefault("net.netfilter.nf_conntrack_acct") is { } counts
            ? counts != "0"
            : _asksForCounters ??= AsksForCounters();
        return table;
    }

    // Every rule is looked at: once, not once a conversation.
    private bool? _asksForCounters;

    private bool AsksForCounters() =>
        new[] { Facts.IptablesLegacy, Facts.IptablesNft, Facts.Ip6tablesLegacy, Facts.Ip6tablesNft }
            .SelectMany(static ruleset => ruleset?.Tables ?? [])
            .SelectMany(static table => table.Chains)
            .Any(static chain => chain.Rules.Any(static rule => rule.Text.Contains("-m connbytes", StringComparison.Ordinal)))
        || (Facts.Nft?.Tables ?? [])
            .SelectMany(static table => table.Chains)
            .Any(static chain =>
                chain.Rules.Any(static rule =>
                    rule.Json.Contains("\"ct\"", StringComparison.Ordinal)
                    && (
                        rule.Json.Contains("\"bytes\"", StringComparison.Ordinal)
                        || rule.Json.Contains("\"packets\"", StringComparison.Ordinal)
                        || rule.Json.Contains("\"avgpkt\"", StringComparison.Ordinal)
                    )
                )
            );

    /// <summary>True when the hook has something to call: a walk may skip what it would do only for a hook that is empty.</summary>
    public bool HasRules(NetfilterFamily family, NetfilterHook hook) => HookFor(family, hook).Items.Length > 0;

    /// <summary>Runs one hook over the packet: it is changed in place when the result is Accept.</summary>
    public NetfilterResult Run(Packet packet, NetfilterContext context, ConntrackTable table)
    {
        Hook hook = HookFor(context.Family, context.Hook);
        if (hook.Items.Length == 0 && hook.Unread is null)
            return NetfilterResult.Accept;
        HookRun run = new(this, packet, context, table);
        if (!hook.HasRules)
        {
            // Only connection tracking: nothing here can be undecided.
            NetfilterResult plain = Finish(run, RunItems(hook, run), hook);
            Flush(run, context);
            return plain;
        }
        Packet before = packet.Clone();
        table.BeginJournal();
        NetfilterResult result = Finish(run, RunItems(hook, run), hook);
        if (run.HasChosen)
            result = TryAll(hook, run, before, result);
        if (result.Verdict is NetfilterVerdict.Unknown or NetfilterVerdict.Stolen && result.ForwardTo is null)
        {
            table.Rollback();
            table.MarkUncertain(packet.Conntrack);
        }
        table.EndJournal();
        Flush(run, context);
        return result;
    }

    private static void Flush(HookRun run, NetfilterContext context)
    {
        if (run.Steps is null || context.Trace is not { } trace)
            return;
        foreach ((string action, string? rule, Packet packet, int depth) in run.Steps)
            trace.Step("netfilter", action, rule, packet, depth);
    }

    // Something undecided was met: the hook is run with every combination of answers, and its result is known when all agree.
    private static NetfilterResult TryAll(Hook hook, HookRun run, Packet before, NetfilterResult first)
    {
        TraceRule? rule = run.Undecided;
        string why = run.UndecidedText ?? rule?.Text ?? "an undecided rule";
        Packet firstPacket = run.Packet.Clone();
        ConntrackEntry? firstEntry = firstPacket.Conntrack.Entry?.Copy();
        NetfilterResult unknown = new(NetfilterVerdict.Unknown) { Rule = rule, Unknown = why };
        int runs = 1;
        bool agrees = first.Verdict != NetfilterVerdict.Unknown;
        bool sameAnswer = true;
        while (agrees && run.NextChoices())
        {
            if (++runs > MostRuns)
            {
                agrees = false;
                break;
            }
            run.Table.Rollback();
            run.Packet.Restore(before);
            run.Reset();
            NetfilterResult next = Finish(run, RunItems(hook, run), hook);
            agrees = Agree(first, next) && (!Goes(next) || SameChange(run.Packet, firstPacket, firstEntry));
            sameAnswer &= next.Verdict == first.Verdict && next.Rule == first.Rule && next.RejectWith == first.RejectWith;
        }
        if (agrees && (sameAnswer || Goes(first)))
            return first;
        if (agrees)
            return first with { Verdict = NetfilterVerdict.Drop, Reason = PacketReason.RuleDrop, Rule = null, IsAnswerUnknown = true };
        if (first.Verdict == NetfilterVerdict.Unknown)
            return first;
        return unknown;
    }

    private static bool Goes(NetfilterResult result) => result.Verdict is NetfilterVerdict.Accept;

    private static bool SameChange(Packet packet, Packet other, ConntrackEntry? otherEntry)
    {
        if (!packet.SameAs(other))
            return false;
        return packet.Conntrack.Entry is { } entry ? otherEntry is not null && entry.SameState(otherEntry) : otherEntry is null;
    }

    private static bool Agree(NetfilterResult a, NetfilterResult b)
    {
        static bool Stops(NetfilterVerdict verdict) => verdict is NetfilterVerdict.Drop or NetfilterVerdict.Reject;
        if ((a.Copies?.Count ?? 0) != (b.Copies?.Count ?? 0) || a.ForwardTo != b.ForwardTo)
            return false;
        return a.Verdict == b.Verdict || (Stops(a.Verdict) && Stops(b.Verdict));
    }

    private static NetfilterResult Finish(HookRun run, Outcome outcome, Hook hook) =>
        Verdict(run, outcome, hook) with
        {
            Copies = run.Copies,
        };

    private static NetfilterResult Verdict(HookRun run, Outcome outcome, Hook hook)
    {
        switch (outcome)
        {
            case Outcome.Drop:
                return new(NetfilterVerdict.Drop)
                {
                    Rule = run.Decided,
                    Reason = run.Reason == PacketReason.None ? PacketReason.RuleDrop : run.Reason,
                };
            case Outcome.Reject:
                return new(NetfilterVerdict.Reject)
                {
                    Rule = run.Decided,
                    Reason = PacketReason.RuleReject,
                    RejectWith = run.RejectWith,
                };
            case Outcome.Stolen:
                return new(NetfilterVerdict.Stolen)
                {
                    Rule = run.Decided,
                    Unknown = run.Taint ?? run.Decided?.Text ?? "the packet is taken away from its way",
                    ForwardTo = run.Taint is null ? run.ForwardTo : null,
                };
            case Outcome.Unknown:
                return new(NetfilterVerdict.Unknown) { Rule = run.TaintRule ?? run.Decided, Unknown = run.Taint ?? run.Decided?.Text };
            default:
                if (run.Taint is not null)
                    return new(NetfilterVerdict.Unknown) { Rule = run.TaintRule, Unknown = run.Taint };
                if (hook.Unread is { } unread)
                    return new(NetfilterVerdict.Unknown) { Unknown = unread };
                return NetfilterResult.Accept;
        }
    }

    private Hook HookFor(NetfilterFamily family, NetfilterHook hook)
    {
        int slot = (int)family * 7 + (int)hook;
        if (Volatile.Read(ref _hooks[slot]) is { } ready)
            return ready;
        lock (_gate)
            return _hooks[slot] ??= BuildHook(family, hook);
    }
}
