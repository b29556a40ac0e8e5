using System.Diagnostics;
using StackNet.Engine.Facts;
using StackNet.Engine.Sources.Live;

namespace StackNet.Benchmarks;

internal static class Measurement
{
    public static async Task<int> RunAsync(BigNode node, BigNodePlan plan)
    {
        LiveOptions options = new() { NodePid = node.Pid };
        for (int i = 0; i < 6; i++)
        {
            long begin = Stopwatch.GetTimestamp();
            NodeFacts facts = await LiveReader.ReadAsync(options, CancellationToken.None);
            Console.WriteLine($"everything {Stopwatch.GetElapsedTime(begin).TotalMilliseconds:0} ms, {facts.Namespaces.Count} namespaces, unread {facts.Unread.Count} {facts.Unread.FirstOrDefault()}");
        }
        return 0;
    }
}
