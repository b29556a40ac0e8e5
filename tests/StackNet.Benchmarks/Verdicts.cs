using System.Diagnostics;
using StackNet.Engine.Causes;
using StackNet.Engine.Facts;
using StackNet.Engine.Sources.Capture;
using StackNet.Engine.Topology;

namespace StackNet.Benchmarks;

/// <summary>The answers for all instances of the big node, and its capture written and read back.</summary>
internal static class Verdicts
{
    public static async Task MeasureAsync(NodeFacts facts, BigNodePlan plan)
    {
        Dictionary<string, int> counts = [];
        int total = 0;
        await Measurement.MeasureAsync(
            $"all {plan.Instances} egress verdicts",
            () =>
            {
                counts.Clear();
                total = 0;
                // A node of its own each time: what is compiled and joined from the facts counts too.
                ComputeNode node = ComputeNodes.Create(facts, "benchmark", NodeSourceKind.Lab);
                foreach (EgressResult result in EgressTest.Run(node, new EgressRequest(), CancellationToken.None))
                {
                    string key = $"{result.Verdict} {result.CauseId} {result.Namespace} {result.Evidence}".Trim();
                    counts[key] = counts.GetValueOrDefault(key) + 1;
                    total++;
                }
                return Task.FromResult(total);
            },
            rounds: 3
        );
        foreach ((string verdict, int count) in counts.OrderByDescending(c => c.Value).Take(4))
            Console.WriteLine($"    {count} x {verdict}");
        byte[] bytes = [];
        await Measurement.MeasureAsync("capture written", () => Task.FromResult(bytes = NodeFactsJson.ToBytes(facts)), rounds: 3);
        await Measurement.MeasureAsync(
            $"capture read back ({bytes.Length >> 20} MB)",
            () => Task.FromResult(NodeFactsJson.Read(bytes, "benchmark")),
            rounds: 3
        );
    }
}
