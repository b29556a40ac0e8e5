using System.Globalization;
using StackNet.Engine.Facts;
using StackNet.Engine.Facts.Netfilter;

namespace StackNet.Engine.Walk.Netfilter;

/// <summary>Makes the runnable form of ebtables chains (ebtables(8); net/bridge/netfilter/ebtables.c).</summary>
internal sealed partial class EbtablesCompiler(CompiledTable table)
{
    private static readonly Matcher Undecided = static _ => Answer.Maybe;

    /// <summary>NF_BR_PRI_*: nat's destination side before the filter, its source side after; frames of the node itself come later.</summary>
    public static int Priority(string table, NetfilterHook hook) =>
        (table, hook) switch
        {
            ("broute", _) => -400,
            ("nat", NetfilterHook.Prerouting) => -300,
            ("nat", NetfilterHook.Output) => 100,
            ("nat", _) => 300,
            (_, NetfilterHook.Output) => 200,
            _ => -200,
        };

    /// <summary>A chain of the user's has a policy too: what happens at its end (RETURN unless said otherwise).</summary>
    public CompiledRule[] CompileChain(IptablesChain chain, bool isBase)
    {
        List<CompiledRule> rules = [];
        for (int i = 0; i < chain.Rules.Count; i++)
            rules.Add(CompileRule(chain.Rules[i].Text, i + 1));
        if (!isBase && chain.Policy is "DROP" or "ACCEPT")
        {
            Outcome end = chain.Policy == "DROP" ? Outcome.Drop : Outcome.Accept;
            rules.Add(
                new CompiledRule
                {
                    Matchers = [],
                    Effects = [_ => end],
                    Text = $"policy {chain.Policy}",
                }
            );
        }
        return [.. rules];
    }

    private CompiledRule CompileRule(string text, int number)
    {
        List<Matcher> matchers = [];
        List<Effect> effects = [];
        Effect? target = null;
        string[] words = text.Split(' ', StringSplitOptions.RemoveEmptyEntries);
        int at = words.Length > 1 && words[0] == "-A" ? 2 : 0;
        while (at < words.Length)
        {
            string option = words[at++];
            bool negated = false;
            if (option == "!" && at < words.Length)
            {
                negated = true;
                option = words[at++];
            }
            else if (at < words.Length && words[at] == "!")
            {
                negated = true;
                at++;
            }
            if (!option.StartsWith('-') || option is "--log" or "--nflog" or "--ulog" or "--log-ip" or "--log-arp" or "--log-ip6")
                continue;
            string value = at < words.Length && !words[at].StartsWith('-') ? words[at++] : "";
            // A long list of among may be cut into several words.
            while (option.StartsWith("--among", StringComparison.Ordinal) && at < words.Length && !words[at].StartsWith('-'))
                value += words[at++];
            if (option is "-j" or "--jump")
                target = Target(value);
            else if (IsWatcher(option) || IsCounter(option))
                continue;
            else if (TargetOption(option, value) is { } effect)
                effects.Add(effect);
            else
                matchers.Add(Match(option, value, negated));
        }
        if (target is not null)
            effects.Add(target);
        return new CompiledRule
        {
            Matchers = [.. matchers],
            Effects = [.. effects],
            Text = text,
            Number = number,
        };
    }

    private static bool IsWatcher(string option) =>
        option.StartsWith("--log-", StringComparison.Ordinal)
        || option.StartsWith("--nflog-", StringComparison.Ordinal)
        || option.StartsWith("--ulog-", StringComparison.Ordinal);

    private static bool IsCounter(string option) => option is "-c" or "--set-counters" or "--Lc";

    private Effect Target(string name)
    {
        bool routes = table.Name == "broute";
        switch (name)
        {
            case "ACCEPT":
                return static _ => Outcome.Accept;
            case "DROP":
                // broute's DROP means: route it instead of bridging it.
                return routes ? NotModelled : static _ => Outcome.Drop;
            case "CONTINUE":
                return static _ => Outcome.Next;
            case "RETURN":
                return static _ => Outcome.Return;
            case "mark" or "snat" or "dnat":
                return static _ => Outcome.Accept;
            default:
                return table.Chain(name) is { } chain
                    ? run =>
                    {
                        run.Target = chain;
                        return Outcome.Jump;
                    }
                    : NotModelled;
        }
    }

    // redirect, arpreply and targets of no known name.
    private static readonly Effect NotModelled = static run =>
    {
        run.Spoil();
        return Outcome.Unknown;
    };

    /// <summary>Options of the targets that change the frame; their --…-target decides what follows (ACCEPT unless said).</summary>
    private static Effect? TargetOption(string option, string value)
    {
        switch (option)
        {
            case "--mark-set" or "--set-mark":
            case "--mark-or" or "--or-mark":
            case "--mark-and" or "--and-mark":
            case "--mark-xor" or "--xor-mark":
                if (!Numbers.TryParse(value, out uint mark))
                    return NotModelled;
                string kind = option.Replace("--mark-", "", StringComparison.Ordinal).TrimStart('-');
                return run =>
                {
                    run.Packet.Mark =
                        kind.StartsWith("or", StringComparison.Ordinal) ? run.Packet.Mark | mark
                        : kind.StartsWith("and", StringComparison.Ordinal) ? run.Packet.Mark & mark
                        : kind.StartsWith("xor", StringComparison.Ordinal) ? run.Packet.Mark ^ mark
                        : mark;
                    return Outcome.Next;
                };
            case "--to-source" or "--to-src":
                return Mac.TryParse(value, out Mac source)
                    ? run =>
                    {
                        run.Packet.SourceMac = source;
                        return Outcome.Next;
                    }
                    : NotModelled;
            case "--to-destination" or "--to-dst":
                return Mac.TryParse(value, out Mac destination)
                    ? run =>
                    {
                        run.Packet.DestinationMac = destination;
                        return Outcome.Next;
                    }
                    : NotModelled;
            case "--mark-target" or "--snat-target" or "--dnat-target" or "--redirect-target" or "--arpreply-target":
                return value switch
                {
                    "ACCEPT" => static _ => Outcome.Accept,
                    "DROP" => static _ => Outcome.Drop,
                    "RETURN" => static _ => Outcome.Return,
                    "CONTINUE" => static _ => Outcome.Break,
                    _ => NotModelled,
                };
            case "--snat-arp" or "--arpreply-mac":
                return NotModelled;
            default:
                return null;
        }
    }

    private static Answer Is(bool holds) => holds ? Answer.Yes : Answer.No;
}
