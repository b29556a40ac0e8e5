using System.Text.Json;
using StackNet.Engine.Walk;

namespace StackNet.Oracle.Comparing;

/// <summary>What the walk says of one case, beside what the kernel did.</summary>
internal sealed class CaseReplay
{
    public int Agree { get; private set; }
    public int Unknown { get; private set; }
    public int Allowed { get; private set; }

    /// <summary>Packets with a definite answer that differs, or an Unknown that is not allowed.</summary>
    public List<string> Wrong { get; } = [];

    /// <summary>Ids of the packets whose definite answer differs.</summary>
    public List<string> WrongPackets { get; } = [];

    /// <summary>What the Unknowns hang on.</summary>
    public List<string> Reasons { get; } = [];

    public static CaseReplay Of(KernelCase kernelCase)
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
                trace: false
            );
            List<WalkOutput> answers = Carry(machine, outcome, state);
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
        KernelComparison comparison = new(sent, outcome, answers, mayBeUnknown);
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
    private static List<WalkOutput> Carry(NodeMachine machine, WalkOutcome outcome, WalkState state)
    {
        List<WalkOutput> left = [];
        foreach (EmittedPacket emitted in outcome.Emitted)
        {
            if (emitted.Kind == EmittedKind.ArpReply)
                continue;
            WalkOutcome answer = machine.Carry(emitted, state, trace: false);
            left.AddRange(answer.Outputs.Where(o => o.Kind is WalkOutputKind.Guest or WalkOutputKind.Wire));
        }
        return left;
    }
}
