using System.Collections.Concurrent;
using System.Diagnostics;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;
using StackNet.Engine.Sources.Live;
using StackNet.Oracle.Comparing;
using StackNet.Oracle.Drawing;
using StackNet.Oracle.Kernel;

namespace StackNet.Oracle;

/// <summary>Draws node after node, lets the kernel and the walk answer, and keeps what they disagree on.</summary>
internal sealed partial class Hunt(TimeSpan time, int nodes, int seed, string into, int workers)
{
    private const int RulesetsOfOneNode = 10;
    private const int MostFound = 20;
    private static readonly TimeSpan ShrinkTime = TimeSpan.FromSeconds(90);
    private static readonly JsonSerializerOptions Readable = new()
    {
        WriteIndented = true,
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
    };

    private readonly ConcurrentDictionary<string, int> _unknown = new(StringComparer.Ordinal);
    private readonly ConcurrentDictionary<string, int> _failures = new(StringComparer.Ordinal);
    private readonly Stopwatch _watch = new();
    private int _node = -1;
    private int _cases;
    private int _agree;
    private int _unknowns;
    private int _found;
    private int _passing;
    private int _repeated;
    private readonly ConcurrentDictionary<string, int> _kinds = new(StringComparer.Ordinal);

    /// <summary>True when nothing differed and something was compared.</summary>
    public bool Run()
    {
        _watch.Start();
        List<Thread> threads = [];
        for (int i = 0; i < workers; i++)
        {
            int worker = i;
            Thread thread = new(() => Work(worker)) { IsBackground = true };
            thread.Start();
            threads.Add(thread);
        }
        foreach (Thread thread in threads)
            thread.Join();
        Report();
        return _found == 0 && _agree > 0;
    }

    private static unsafe void Stay(int worker)
    {
        // The queue of one processor keeps the order; other threads of the process may be anywhere.
        ulong mask = 1ul << (worker % Environment.ProcessorCount);
        _ = Native.SetAffinity(0, sizeof(ulong), &mask);
    }

    private void Work(int worker)
    {
        Stay(worker);
        while (_watch.Elapsed < time && _found < MostFound)
        {
            int number = Interlocked.Increment(ref _node);
            if (number >= nodes)
                return;
            try
            {
                Node(number);
            }
            catch (Exception e) when (e is ToolException or IOException)
            {
                Fail(e);
            }
            catch (Exception e)
            {
                // The engine must not fail on anything that a kernel can be made to do.
                Interlocked.Increment(ref _found);
                Console.WriteLine($"--- seed {seed}, node {number}: {e}");
            }
        }
    }

    /// <summary>One node, and several rulesets with packets on it. Everything hangs on the seed and the number alone.</summary>
    private void Node(int number)
    {
        World world = new(new Random(unchecked((seed * 1_000_003) + number)));
        Spec topology = NodeDraw.Draw(world);
        string backends = RulesetDraw.Backends(world);
        using RealNode lab = new(topology);
        CaseRun run = new(lab);
        for (int i = 0; i < RulesetsOfOneNode && _watch.Elapsed < time; i++)
        {
            Spec spec = topology.Topology();
            spec.Name = $"drawn-{seed}-{number}-{i}";
            RulesetDraw.Draw(world, spec, backends);
            try
            {
                run.Load(spec);
                if (Compare(run.Execute(spec)) is { WrongPackets.Count: > 0 } replay)
                    Disagreement(spec, replay);
            }
            catch (ToolException e)
            {
                Fail(e);
            }
        }
    }

    private CaseReplay Compare(JsonObject found)
    {
        CaseReplay replay = CaseReplay.Of(KernelCase.Parse(found["name"]!.GetValue<string>(), found.ToJsonString()));
        Interlocked.Increment(ref _cases);
        Interlocked.Add(ref _agree, replay.Agree);
        Interlocked.Add(ref _unknowns, replay.Unknown);
        foreach (string reason in replay.Reasons)
            _unknown.AddOrUpdate(Shorten(reason), 1, static (_, count) => count + 1);
        return replay;
    }

    /// <summary>Only what happens again on a node made anew counts, and is made small.</summary>
    private void Disagreement(Spec spec, CaseReplay first)
    {
        // Of one kind of difference a few cases are enough: each is made small by hundreds of runs.
        if (
            _kinds.AddOrUpdate(
                Shorten(Digits().Replace(first.Wrong[0][first.Wrong[0].IndexOf(':')..], "")),
                1,
                static (_, count) => count + 1
            ) > 2
        )
        {
            Interlocked.Increment(ref _repeated);
            return;
        }
        if (Again(spec) is null)
        {
            Interlocked.Increment(ref _passing);
            Console.WriteLine($"{spec.Name}: did not happen again on a fresh node: {first.Wrong[0]}");
            return;
        }
        Spec small = new Shrinker(s => Again(s) is not null, ShrinkTime).Shrink(spec);
        if (Again(small) is not (JsonObject found, CaseReplay replay))
            return;
        int number = Interlocked.Increment(ref _found);
        Directory.CreateDirectory(into);
        string path = Path.Combine(into, $"{small.Name}.json");
        File.WriteAllText(path, found.ToJsonString(Readable) + "\n");
        Console.WriteLine($"--- {number}: {path}\n{Describe(small)}");
        foreach (string wrong in replay.Wrong)
            Console.WriteLine($"!!! {wrong}");
        foreach (JsonNode? packet in found["packets"]!.AsArray())
            Console.WriteLine(
                $"    {packet!["id"]} {packet["in"]!["device"]} {packet["ip"]!.ToJsonString()} {packet["l4"]!.ToJsonString()} {packet["ether"]!.ToJsonString()} {packet["kind"]}: {packet["fate"]} {packet["out"]?.ToJsonString()}"
            );
    }

    private (JsonObject Found, CaseReplay Replay)? Again(Spec spec)
    {
        try
        {
            using RealNode lab = new(spec.Topology());
            CaseRun run = new(lab);
            run.Load(spec);
            JsonObject found = run.Execute(spec);
            CaseReplay replay = CaseReplay.Of(KernelCase.Parse(spec.Name, found.ToJsonString()));
            return replay.WrongPackets.Count > 0 ? (found, replay) : null;
        }
        catch (Exception e) when (e is ToolException or IOException or KeyNotFoundException)
        {
            // A line that others need was taken away.
            return null;
        }
    }

    private static string Describe(Spec spec)
    {
        List<string> lines = [.. spec.Links, .. spec.Bridge, .. spec.Settings.Select(static s => $"{s.Key} = {s.Value}"), .. spec.Sets];
        string text = string.Join('\n', lines);
        if (spec.Legacy.Count > 0)
            text += "\n# legacy\n" + Table.Text(spec.Legacy);
        if (spec.Nft.Count > 0)
            text += "\n# nft\n" + Table.Text(spec.Nft);
        if (spec.Native.Count > 0)
            text += "\n# native\n" + NativeTable.Text(spec.Native);
        return text;
    }

    private void Fail(Exception e) => _failures.AddOrUpdate(Shorten(e.Message), 1, static (_, count) => count + 1);

    private void Report()
    {
        foreach ((string reason, int count) in _unknown.OrderByDescending(static u => u.Value).Take(25))
            Console.WriteLine($"unknown {count, 6}  {reason}");
        foreach ((string reason, int count) in _failures.OrderByDescending(static u => u.Value).Take(10))
            Console.WriteLine($"not made {count, 5}  {reason}");
        foreach (string refused in CaseRun.Refused.Take(Environment.GetEnvironmentVariable("STACKNET_ORACLE_REFUSED") is null ? 0 : 1000))
            Console.WriteLine($"refused  {refused}");
        Console.WriteLine(
            $"seed {seed}: {_watch.Elapsed.TotalMinutes:0.0} minutes, {_cases} cases, agree {_agree}, wrong {_found}, unknown {_unknowns}, more of the same kinds {_repeated}, seen once only {_passing}"
        );
    }

    [System.Text.RegularExpressions.GeneratedRegex(@"\d+|0x[0-9a-f]+|\b[a-z]+\d\b")]
    private static partial System.Text.RegularExpressions.Regex Digits();

    /// <summary>A reason without what differs from case to case.</summary>
    private static string Shorten(string text)
    {
        text = System.Text.RegularExpressions.Regex.Replace(text, @"/dev/shm/\S+", "FILE");
        text = System.Text.RegularExpressions.Regex.Replace(text, @"\d+\.\d+\.\d+\.\d+(/\d+)?", "ADDR");
        return text.Length <= 150 ? text : text[..150] + "…";
    }
}
