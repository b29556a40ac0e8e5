namespace StackNet.Engine.Walk.Netfilter;

/// <summary>Does a match hold. <see cref="Maybe"/>: chance, time, history or something not modelled decides.</summary>
internal enum Answer : byte
{
    No,
    Yes,
    Maybe,
}

/// <summary>What a statement or target makes of the packet.</summary>
internal enum Outcome : byte
{
    /// <summary>On to the next statement of the rule, then to the next rule.</summary>
    Next,

    /// <summary>The rest of the rule does not apply.</summary>
    Break,
    Accept,
    Drop,
    Reject,
    Return,
    Jump,
    Goto,
    Stolen,
    Unknown,
}

/// <summary>A compiled match.</summary>
internal delegate Answer Matcher(HookRun run);

/// <summary>A compiled statement or target.</summary>
internal delegate Outcome Effect(HookRun run);

/// <summary>A rule in the form in which it is run: all of the matches must hold, then the effects follow in order.</summary>
internal sealed class CompiledRule
{
    public required Matcher[] Matchers { get; init; }
    public required Effect[] Effects { get; init; }

    /// <summary>The rule as the node has it.</summary>
    public required string Text { get; init; }

    /// <summary>1-based number in its chain (iptables).</summary>
    public int? Number { get; init; }

    /// <summary>Handle (nft).</summary>
    public long? Handle { get; init; }

    /// <summary>What the packet must have for the rule to match at all, for the chain's index.</summary>
    public RuleKey Key { get; init; }

    public Answer Test(HookRun run)
    {
        Answer answer = Answer.Yes;
        foreach (Matcher matcher in Matchers)
        {
            switch (matcher(run))
            {
                case Answer.No:
                    return Answer.No;
                case Answer.Maybe:
                    answer = Answer.Maybe;
                    break;
            }
        }
        return answer;
    }
}

/// <summary>Field of the packet's surroundings that a chain is indexed by.</summary>
internal enum RuleKeyKind : byte
{
    None,
    PhysIn,
    PhysOut,
    In,
    Out,
    Source,
    Destination,
}

/// <summary>A rule can only match when the field has this value.</summary>
internal readonly record struct RuleKey(RuleKeyKind Kind, string? Name, Facts.Ip Address)
{
    public static RuleKey Of(RuleKeyKind kind, string name) => new(kind, name, default);

    public static RuleKey Of(RuleKeyKind kind, Facts.Ip address) => new(kind, null, address);
}
