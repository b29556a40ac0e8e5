using System.Text.Json;
using StackNet.Engine.Walk;
using Xunit;

namespace StackNet.Engine.Tests.Walk;

/// <summary>The walk against the kernel: every packet of every measured case, in order, with what the earlier ones left behind.</summary>
public sealed class KernelOracleTests
{
    [Fact]
    public void The_walk_does_what_the_kernel_did()
    {
        string folder = Path.Combine(TestData.Best("kernel-oracle"), "cases");
        (int agree, List<string> wrong, string summary) = Compare(folder);
        Assert.True(agree > 0);
        Assert.True(wrong.Count == 0, summary + "\n" + string.Join('\n', wrong));
    }

    internal static (int Agree, List<string> Wrong, string Summary) Compare(string folder)
    {
        List<string> wrong = [];
        int agree = 0;
        int unknown = 0;
        int allowed = 0;
        foreach (string path in Directory.EnumerateFiles(folder, "*.json").Order(StringComparer.Ordinal))
        {
            KernelCase kernelCase = KernelCase.Read(path);
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
                string label = $"{kernelCase.Name} {sent.GetProperty("id").GetString()}";
                bool mayBeUnknown = sent.GetProperty("expect_unknown_ok").GetBoolean();
                if (outcome.Fate == PacketFate.Unknown)
                {
                    unknown++;
                    if (mayBeUnknown)
                        allowed++;
                    else
                        wrong.Add($"{label}: unknown ({outcome.Unknown}), the kernel: {sent.GetProperty("fate").GetString()}");
                    continue;
                }
                KernelComparison comparison = new(sent, outcome, answers, mayBeUnknown);
                if (comparison.Differences.Count == 0)
                    agree++;
                else
                    wrong.Add($"{label}: {string.Join("; ", comparison.Differences)}");
            }
        }
        return (agree, wrong, $"agree {agree}, wrong {wrong.Count}, unknown {unknown} (allowed {allowed})");
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
