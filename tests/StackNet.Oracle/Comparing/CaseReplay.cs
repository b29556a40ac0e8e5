using System.Text.Json;
using StackNet.Engine.Walk;

namespace StackNet.Oracle.Comparing;

/// <summary>What the walk says of one case, beside what the kernel did.</summary>
internal sealed class CaseReplay
{
    private const int MostAnswers = 64;
    private bool _answersKnown;

    public int Agree { get; private set; }
    public int Unknown { get; private set; }
    public int Allowed { get; private set; }

    /// <summary>Packets with a definite answer that differs, or an Unknown that is not allowed.</summary>
    public List<string> Wrong { get; } = [];

    /// <summary>Ids of the packets whose definite answer differs.</summary>
    public List<string> WrongPackets { get; } = [];

    /// <summary>What the Unknowns hang on.</summary>
    public List<string> Reasons { get; } = [];

    /// <summary>Walks all packets of a case; <paramref name="explain"/> gets every step.</summary>
    public static CaseReplay Of(KernelCase kernelCase, Action<string>? explain = null)
    {
        CaseReplay replay = new();
        NodeMachine machine = NodeMachine.Compile(kernelCase.Node);
        WalkState state = new();
        foreach (JsonElement sent in kernelCase.Packets)
        {
            WalkOutcome outcome = machine.Arrive(
                "",
                sent.GetProperty("in").GetProperty("device").GetString()!,
                KernelCase.PacketOf(sent),
                state,
                trace: explain is not null
            );
            explain?.Invoke(
                $"{sent.GetProperty("id")}: {outcome.Fate} {outcome.Reason} {outcome.Because} {outcome.Unknown}; the kernel: {sent.GetProperty("fate")}"
            );
            foreach (TraceStep step in outcome.Steps)
                explain?.Invoke($"    {new string(' ', 2 * step.Depth)}{step} [{step.Packet}]");
            List<WalkOutput> answers = replay.Carry(machine, outcome, state, explain);
            foreach (WalkOutput answer in answers)
                explain?.Invoke($"    answered by {answer.Device}: {answer.Packet}");
            replay.Judge(kernelCase.Name, sent, outcome, answers);
        }
        return replay;
    }

    private void Judge(string name, JsonElement sent, WalkOutcome outcome, List<WalkOutput> answers)
    {
        string label = $"{name} {sent.GetProperty("id").GetString()}";
        bool mayBeUnknown = sent.GetProperty("expect_unknown_ok").GetBoolean();
        // What is delivered may have gone on as another copy that could not be followed.
        bool unknown = outcome.Fate == PacketFate.Unknown || (outcome.Fate == PacketFate.Delivered && outcome.Unknown is not null);
        if (unknown)
        {
            Unknown++;
            Reasons.Add(outcome.Unknown ?? "");
            if (mayBeUnknown)
                Allowed++;
            else
                Wrong.Add($"{label}: unknown ({outcome.Unknown}), the kernel: {sent.GetProperty("fate").GetString()}");
            return;
        }
        KernelComparison comparison = new(sent, outcome, answers, mayBeUnknown, _answersKnown);
        if (comparison.Differences.Count == 0)
        {
            Agree++;
            return;
        }
        if (outcome.Unknown is not null)
        {
            // Some copy could not be followed, and the walk says so.
            Unknown++;
            Reasons.Add(outcome.Unknown);
            if (!mayBeUnknown)
                Wrong.Add($"{label}: unknown ({outcome.Unknown}): {string.Join("; ", comparison.Differences)}");
            else
                Allowed++;
            return;
        }
        Wrong.Add($"{label}: {string.Join("; ", comparison.Differences)}");
        WrongPackets.Add(sent.GetProperty("id").GetString()!);
    }

    /// <summary>What the node itself sent goes on its way too: it touches connections, and the kernel's list of answers names where it left.</summary>
    private List<WalkOutput> Carry(NodeMachine machine, WalkOutcome outcome, WalkState state, Action<string>? explain)
    {
        List<WalkOutput> left = [];
        _answersKnown = !outcome.IsAnswerUnknown;
        // An answer may be answered in turn (a reset that OUTPUT rejects); errors about errors are never sent, so this ends.
        Queue<EmittedPacket> waiting = new(outcome.Emitted);
        while (waiting.TryDequeue(out EmittedPacket? emitted) && left.Count < MostAnswers)
        {
            if (emitted.Kind == EmittedKind.ArpReply)
                continue;
            WalkOutcome answer = machine.Carry(emitted, state, trace: false);
            _answersKnown &= answer.Unknown is null;
            explain?.Invoke($"    answer {emitted.Packet}: {answer.Fate} {answer.Reason} {answer.Because} {answer.Unknown}");
            foreach (EmittedPacket next in answer.Emitted)
                waiting.Enqueue(next);
            left.AddRange(answer.Outputs.Where(o => o.Kind is WalkOutputKind.Guest or WalkOutputKind.Wire));
        }
        return left;
    }
}
