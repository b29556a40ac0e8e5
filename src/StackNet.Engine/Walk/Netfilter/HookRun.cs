using StackNet.Engine.Walk.Conntrack;

namespace StackNet.Engine.Walk.Netfilter;

/// <summary>One packet on one hook: what matches and targets work on, and the answers given to what chance decides.</summary>
internal sealed class HookRun(NetfilterMachine machine, Packet packet, NetfilterContext context, ConntrackTable table)
{
    // Deeper than any ruleset that the kernel would load (it refuses loops); keeps a forged one from running for ever.
    private const int DeepestJump = 128;
    private const int MostRules = 2_000_000;
    private readonly List<bool> _choices = [];
    private int _asked;
    private int _steps;

    public NetfilterMachine Machine { get; } = machine;
    public Packet Packet { get; } = packet;
    public NetfilterContext Context { get; } = context;
    public ConntrackTable Table { get; } = table;

    /// <summary>Where <see cref="Outcome.Jump"/> and <see cref="Outcome.Goto"/> lead.</summary>
    public CompiledChain? Target { get; set; }
    public CompiledChain? Chain { get; private set; }
    public CompiledRule? Rule { get; private set; }

    /// <summary>First rule that a choice was made for.</summary>
    public TraceRule? Undecided { get; private set; }
    public string? UndecidedText { get; private set; }

    /// <summary>Set when something happened to the packet that is not known: an accept is then Unknown.</summary>
    public string? Taint { get; private set; }
    public TraceRule? TaintRule { get; private set; }
    public string? RejectWith { get; set; }

    /// <summary>Copies that rules have sent elsewhere, as they were then.</summary>
    public List<PacketCopy>? Copies { get; private set; }

    /// <summary>Device that the packet itself was sent to (fwd).</summary>
    public string? ForwardTo { get; set; }

    public void Copy(string? device, Facts.Ip? gateway) => (Copies ??= []).Add(new(Packet.Clone(), device, gateway));

    public PacketReason Reason { get; set; }
    public List<(string Action, string? Rule, Packet Packet, int Depth)>? Steps { get; } = context.Trace is null ? null : [];

    /// <summary>The rule or policy that ended the run.</summary>
    public TraceRule? Decided { get; private set; }

    /// <summary>Both answers of something undecidable are tried one after the other; this gives the one whose turn it is.</summary>
    public bool Choose(string? why = null)
    {
        if (_asked == 0)
        {
            Undecided = Here();
            UndecidedText = why ?? Rule?.Text;
        }
        if (_asked == _choices.Count)
            _choices.Add(false);
        return _choices[_asked++];
    }

    public bool HasChosen => _asked > 0;

    /// <summary>Sets the choices for another run; false when all have been tried.</summary>
    public bool NextChoices()
    {
        if (_choices.Count > _asked)
            _choices.RemoveRange(_asked, _choices.Count - _asked);
        while (_choices.Count > 0 && _choices[^1])
            _choices.RemoveAt(_choices.Count - 1);
        if (_choices.Count == 0)
            return false;
        _choices[^1] = true;
        return true;
    }

    public void Reset()
    {
        _asked = 0;
        _steps = 0;
        Target = null;
        Chain = null;
        Rule = null;
        Taint = null;
        TaintRule = null;
        RejectWith = null;
        Copies = null;
        ForwardTo = null;
        Reason = PacketReason.None;
        Decided = null;
        Steps?.Clear();
    }

    /// <summary>Something not known happened to the packet here.</summary>
    public void Spoil(string? why = null)
    {
        if (Taint is not null)
            return;
        Taint = why ?? Rule?.Text ?? "";
        TaintRule = Here();
    }

    private TraceRule? Here() => Chain is null ? null : Chain.Table.Describe(Chain, Rule);

    /// <summary>Runs a base chain to its end, policy included.</summary>
    public Outcome RunBase(CompiledChain chain)
    {
        if (
            chain.Devices is { } devices
            && !devices.Contains((Context.Hook == NetfilterHook.Egress ? Context.OutDevice : Context.InDevice)?.Name)
        )
            return Outcome.Accept;
        // nft 1.0.6 leaves the devices of a netdev chain out of its JSON: then it may be bound to this one or not.
        if (
            chain.IsOfUnknownDevice
            && Choose($"which devices chain {chain.Name} of {chain.Table.Family} {chain.Table.Name} is bound to was not read")
        )
            return Outcome.Accept;
        if (chain.MayBeDormant && Choose($"whether table {chain.Table.Family} {chain.Table.Name} is dormant was not read"))
            return Outcome.Accept;
        Outcome outcome = Walk(chain, 0);
        if (outcome != Outcome.Return)
            return outcome;
        Chain = chain;
        Rule = null;
        bool isDrop = string.Equals(chain.Policy, "drop", StringComparison.OrdinalIgnoreCase);
        if (isDrop)
        {
            Decided = Here();
            Note("policy DROP", Decided?.Text, 1);
        }
        return isDrop ? Outcome.Drop : Outcome.Accept;
    }

    private Outcome Walk(CompiledChain chain, int depth)
    {
        if (depth > DeepestJump)
        {
            Spoil($"chain {chain.Name} is nested too deeply");
            return Outcome.Unknown;
        }
        RuleCursor cursor = chain.Start(this);
        while (cursor.Next() is { } rule)
        {
            if (++_steps > MostRules)
            {
                Spoil("the rules go round in circles");
                return Outcome.Unknown;
            }
            Chain = chain;
            Rule = rule;
            Answer answer = rule.Test(this);
            if (answer == Answer.No || (answer == Answer.Maybe && !Choose()))
                continue;
            Outcome outcome = Outcome.Next;
            foreach (Effect effect in rule.Effects)
            {
                outcome = effect(this);
                if (outcome != Outcome.Next)
                    break;
            }
            if (Steps is not null && outcome != Outcome.Break)
                Note(Word(outcome), rule.Text, depth + 1);
            switch (outcome)
            {
                case Outcome.Next or Outcome.Break:
                    continue;
                case Outcome.Return:
                    return Outcome.Return;
                case Outcome.Jump:
                    outcome = Walk(Target!, depth + 1);
                    if (outcome == Outcome.Return)
                        continue;
                    return outcome;
                case Outcome.Goto:
                    return Walk(Target!, depth + 1);
                default:
                    Decided = Here();
                    return outcome;
            }
        }
        return Outcome.Return;
    }

    /// <summary>A step of the trace.</summary>
    public void Note(string action, string? rule, int depth) => Steps?.Add((action, rule, Packet.Clone(), depth));

    private string Word(Outcome outcome) =>
        outcome switch
        {
            Outcome.Next => "matches",
            Outcome.Jump => "jump " + Target?.Name,
            Outcome.Goto => "goto " + Target?.Name,
            Outcome.Accept => "accept",
            Outcome.Drop => "drop",
            Outcome.Reject => "reject",
            Outcome.Return => "return",
            Outcome.Stolen => "taken away",
            _ => "not known",
        };
}
