using System.Diagnostics;
using System.Globalization;
using StackNet.Engine.Causes;
using StackNet.Engine.Facts;
using StackNet.Engine.Sources.Capture;
using StackNet.Engine.Sources.Live;
using StackNet.Engine.Topology;

namespace StackNet.Benchmarks;

/// <summary>One job, done once in a process of its own, so that its peak memory is that of the job and of nothing else.</summary>
internal static class MemoryRun
{
    public static async Task<int> RunAsync(string[] job)
    {
        long begin = Stopwatch.GetTimestamp();
        NodeFacts facts = job switch
        {
            ["read" or "verdicts", string pid, ..] => await LiveReader.ReadAsync(Options(pid), CancellationToken.None),
            ["capture" or "capture-verdicts", string path, ..] => Read(path),
            ["failing-verdicts", string path, ..] => WithTapsDown(Read(path)),
            ["untranslated-verdicts", string path, ..] => WithoutNat(Read(path)),
            ["export", string pid, string path] => await ExportAsync(int.Parse(pid, CultureInfo.InvariantCulture), path),
            _ => throw new ArgumentException(
                "once read|verdicts PID, once capture|capture-verdicts|failing-verdicts|untranslated-verdicts FILE, once export PID FILE"
            ),
        };
        Say("read", begin);
        for (int i = 1; i < Rounds(job) && job[0] == "read"; i++)
        {
            begin = Stopwatch.GetTimestamp();
            facts = await LiveReader.ReadAsync(Options(job[1]), CancellationToken.None);
            Say("read", begin);
        }
        // "… FILE 5": four times more, to see it warm (its memory then is no longer that of one job).
        for (int i = 0; i < Rounds(job) && job[0].EndsWith("verdicts", StringComparison.Ordinal); i++)
        {
            begin = Stopwatch.GetTimestamp();
            ComputeNode node = ComputeNodes.Create(facts, "benchmark", NodeSourceKind.Lab);
            List<EgressResult> results = [.. EgressTest.Run(node, new EgressRequest(), CancellationToken.None)];
            Say($"{results.Count} verdicts, {results.Count(r => r.Verdict == Verdict.Pass)} of them Pass", begin);
            if (Environment.GetEnvironmentVariable("STACKNET_BENCHMARK_HEAP") is not null)
                Hold("results, node and facts", results);
            GC.KeepAlive(results);
        }
        if (Environment.GetEnvironmentVariable("STACKNET_BENCHMARK_HEAP") is not null)
            Hold("facts", facts);
        GC.KeepAlive(facts);
        Console.WriteLine($"    peak memory {PeakMegabytes("self")} MB");
        return 0;
    }

    internal static long PeakMegabytes(string process)
    {
        foreach (string line in File.ReadLines($"/proc/{process}/status"))
        {
            if (line.StartsWith("VmHWM:", StringComparison.Ordinal))
                return long.Parse(line[6..].Trim().Split(' ')[0], CultureInfo.InvariantCulture) / 1024;
        }
        return 0;
    }

    private static int Rounds(string[] job) =>
        job.Length > 2 && int.TryParse(job[2], CultureInfo.InvariantCulture, out int wanted) ? wanted : 1;

    private static LiveOptions Options(string pid) =>
        new()
        {
            NodePid = int.Parse(pid, CultureInfo.InvariantCulture),
            Parts = Enum.TryParse(Environment.GetEnvironmentVariable("STACKNET_BENCHMARK_PARTS"), out LiveParts parts)
                ? parts
                : LiveParts.All,
        };

    // Every instance fails, each for a reason of its own.
    private static NodeFacts WithTapsDown(NodeFacts facts) =>
        facts with
        {
            Namespaces =
            [
                .. facts.Namespaces.Select(n =>
                    n with
                    {
                        Links = n
                            .Links?.Select(l =>
                                l.Kind == "tun" && n.Name.Length == 0
                                    ? l with
                                    {
                                        Flags = ["BROADCAST", "MULTICAST"],
                                        OperState = "DOWN",
                                    }
                                    : l
                            )
                            .ToList(),
                    }
                ),
            ],
        };

    // Every instance fails far from its tap: its router translates nothing.
    private static NodeFacts WithoutNat(NodeFacts facts) =>
        facts with
        {
            Namespaces =
            [
                .. facts.Namespaces.Select(n =>
                    n with
                    {
                        IptablesNft = n.IptablesNft is { } rules
                            ? rules with
                            {
                                Tables = [.. rules.Tables.Where(t => t.Name != "nat")],
                            }
                            : null,
                    }
                ),
            ],
        };

    private static NodeFacts Read(string path) => NodeFactsJson.Read(File.ReadAllBytes(path), path);

    private static async Task<NodeFacts> ExportAsync(int pid, string path)
    {
        NodeFacts facts = await LiveReader.ReadAsync(new LiveOptions { NodePid = pid }, CancellationToken.None);
        await File.WriteAllBytesAsync(path, NodeFactsJson.ToBytes(facts));
        return facts;
    }

    private static TimeSpan _spent;

    private static void Say(string what, long begin)
    {
        TimeSpan elapsed = Stopwatch.GetElapsedTime(begin);
        TimeSpan before = _spent;
        _spent = Environment.CpuUsage.TotalTime;
        Console.WriteLine(
            $"    {what}: {elapsed.TotalMilliseconds:0} ms ({(_spent - before).TotalMilliseconds:0} ms of processor time), {GC.GetTotalAllocatedBytes(precise: true) >> 20} MB allocated so far, "
                + $"{GC.CollectionCount(0)}/{GC.CollectionCount(1)}/{GC.CollectionCount(2)} collections, peak {PeakMegabytes("self")} MB"
        );
    }

    private static void Hold<T>(string what, T held)
    {
        long live = GC.GetTotalMemory(forceFullCollection: true);
        Console.WriteLine($"    alive with {what}: {live >> 20} MB");
        GC.KeepAlive(held);
    }
}
