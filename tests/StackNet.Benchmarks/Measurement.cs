using System.Diagnostics;
using System.Globalization;
using StackNet.Engine.Facts;
using StackNet.Engine.Sources.Live;
using StackNet.Engine.Sources.Live.Netlink;

namespace StackNet.Benchmarks;

/// <summary>Measures the reading of the big node against the raw kernel dumps and against the commands, in one warm process.</summary>
internal static class Measurement
{
    private const int Rounds = 7;

    public static async Task<int> RunAsync(BigNode node, BigNodePlan plan)
    {
        LiveOptions options = new() { NodePid = node.Pid };
        NodeFacts facts = await LiveReader.ReadAsync(options, CancellationToken.None);
        Console.WriteLine(
            $"{facts.Namespaces.Count} namespaces, {facts.Namespaces.Sum(n => n.Links?.Count ?? 0)} links, "
                + $"{facts.Namespaces.Sum(Rules)} iptables rules, {facts.Ovs?.Bridges.Sum(b => b.Ports.Count)} OVS ports, "
                + $"{facts.Ovs?.Bridges.Sum(b => b.Flows?.Count ?? 0)} flows, {facts.Domains?.Count} domains"
        );
        foreach (UnreadFact unread in facts.Unread)
            Console.WriteLine($"not read: {unread}");
        await MeasureAsync("raw RTM_GETLINK+GETADDR+GETROUTE dump", () => Task.FromResult(RawDump(node.Pid)));
        await MeasureAsync(
            "links, addresses, routes, neighbours",
            () => LiveReader.ReadAsync(options with { Parts = LiveParts.Tables }, CancellationToken.None)
        );
        await MeasureAsync("everything", () => LiveReader.ReadAsync(options, CancellationToken.None));
        // The switch is one thread of its own that also forwards; what it takes to answer is not ours.
        await MeasureAsync(
            "everything but Open vSwitch",
            () => LiveReader.ReadAsync(options with { Parts = LiveParts.All & ~LiveParts.Switch }, CancellationToken.None)
        );
        await Verdicts.MeasureAsync(facts, plan);
        Processes(node);
        await MeasureAsync("the same by commands", () => Task.FromResult(Commands(node, plan)), rounds: 1);
        return 0;
    }

    internal static async Task MeasureAsync<T>(string what, Func<Task<T>> work, int rounds = Rounds)
    {
        List<double> times = [];
        for (int i = 0; i < rounds; i++)
        {
            long begin = Stopwatch.GetTimestamp();
            await work();
            times.Add(Stopwatch.GetElapsedTime(begin).TotalMilliseconds);
        }
        times.Sort();
        Console.WriteLine($"{what, -40} median {times[times.Count / 2], 8:0.0} ms, best {times[0], 8:0.0} ms");
    }

    /// <summary>What the kernel needs at least: the three dumps of every namespace, thrown away as they come.</summary>
    private static long RawDump(int pid) =>
        DedicatedThread
            .Run(
                "raw",
                () =>
                {
                    using NodeEntry entry = NodeEntry.Open(pid);
                    entry.Enter();
                    long messages = Dump();
                    foreach (string path in Directory.GetFiles("/run/netns"))
                    {
                        using Microsoft.Win32.SafeHandles.SafeFileHandle? ns = Libc.TryOpen(path, out _);
                        if (ns is not null && NodeEntry.TryEnterNetwork(ns) == 0)
                            messages += Dump();
                    }
                    return messages;
                }
            )
            .GetAwaiter()
            .GetResult();

    private static long Dump()
    {
        long messages = 0;
        using NetlinkChannel channel = new(new NetlinkSocket(Libc.NetlinkRoute, TimeSpan.FromSeconds(10)), CancellationToken.None);
        Span<byte> body = stackalloc byte[16];
        body.Clear();
        channel.DumpAll("links", 18, body, () => { }, (_, _) => messages++);
        channel.DumpAll("addresses", 22, body[..8], () => { }, (_, _) => messages++);
        channel.DumpAll("routes", 26, body[..12], () => { }, (_, _) => messages++);
        return messages;
    }

    private static int Commands(BigNode node, BigNodePlan plan)
    {
        string[][] each =
        [
            ["ip", "-d", "-j", "link"],
            ["ip", "-j", "addr"],
            ["ip", "-j", "route", "show", "table", "all"],
            ["ip", "-j", "-6", "route", "show", "table", "all"],
            ["ip", "-j", "rule"],
            ["ip", "-j", "neigh"],
            ["bridge", "-j", "fdb"],
            ["iptables-save", "-c"],
            ["ip6tables-save", "-c"],
            ["iptables-legacy-save", "-c"],
            ["nft", "-j", "list", "ruleset"],
            ["ipset", "save"],
            ["sysctl", "-a", "-r", @"^net\.(ipv4\.(ip_forward|conf)|bridge|netfilter\.nf_conntrack_(max|count)|ipv6\.conf)"],
        ];
        int bytes = 0;
        foreach (string[] command in each)
        {
            bytes += node.Run(command).Length;
            foreach (string name in plan.NamespaceNames)
                bytes += node.Run(["ip", "netns", "exec", name, .. command]).Length;
        }
        foreach (string table in (string[])["Open_vSwitch", "Bridge", "Port", "Interface"])
            bytes += node.Run(["ovs-vsctl", "--format=json", "list", table]).Length;
        foreach (string bridge in (string[])["br-int", "br-ex"])
        {
            foreach (string command in (string[])["dump-flows", "show", "dump-groups"])
                bytes += node.Run(["ovs-ofctl", "-O", "OpenFlow13", command, bridge]).Length;
            bytes += node.Run(["ovs-appctl", "fdb/show", bridge]).Length;
        }
        return bytes;
    }

    private static int Rules(NamespaceFacts ns) =>
        (ns.IptablesNft?.Tables ?? []).Concat(ns.Ip6tablesNft?.Tables ?? []).SelectMany(t => t.Chains).Sum(c => c.Rules.Count);

    /// <summary>Peak memory, of processes that do one job each and hold no taps.</summary>
    private static void Processes(BigNode node)
    {
        string capture = Path.Join(Path.GetTempPath(), $"stacknet-benchmark-{Environment.ProcessId}.json");
        string pid = node.Pid.ToString(CultureInfo.InvariantCulture);
        try
        {
            Console.WriteLine("a process that reads the node");
            Once("read", pid);
            Console.WriteLine("a process that reads the node and gives all verdicts");
            Once("verdicts", pid);
            Once("export", pid, capture);
            Console.WriteLine("a process that reads the capture and gives all verdicts");
            Once("capture-verdicts", capture);
            Console.WriteLine("the same of a node where every instance fails for a reason of its own");
            Once("failing-verdicts", capture);
            Console.WriteLine(
                "PowerShell with the module: Get-ComputeNode -Path CAPTURE | Test-InstanceEgress (PowerShell alone: see README)"
            );
            Shell(capture);
        }
        finally
        {
            File.Delete(capture);
        }
    }

    private static void Once(params ReadOnlySpan<string> job) => Run([typeof(Measurement).Assembly.Location, "once", .. job]);

    private static void Shell(string capture)
    {
        string configuration = Path.GetFileName(Path.GetDirectoryName(AppContext.BaseDirectory.TrimEnd('/'))!);
        string shell = Path.GetFullPath(
            Path.Join(AppContext.BaseDirectory, $"../../../../../src/StackNet.Shell/bin/{configuration}/net10.0/StackNet.Shell.dll")
        );
        if (!File.Exists(shell))
        {
            Console.WriteLine($"    not measured: {shell} is not built");
            return;
        }
        const string peak = "[IO.File]::ReadAllLines('/proc/self/status') | Where-Object { $_ -match '^VmHWM' }";
        Run([shell, "-Command", peak]);
        Run([
            shell,
            "-Command",
            $"$r = Get-ComputeNode -Path '{capture}' | Test-InstanceEgress; \"$($r.Count) results, $(($r | Where-Object Verdict -eq Pass).Count) Pass\"; {peak}",
        ]);
    }

    private static void Run(IEnumerable<string> words)
    {
        ProcessStartInfo start = new("dotnet") { UseShellExecute = false, RedirectStandardOutput = true };
        foreach (string word in words)
            start.ArgumentList.Add(word);
        using Process process = Process.Start(start)!;
        foreach (string line in process.StandardOutput.ReadToEnd().Split('\n', StringSplitOptions.RemoveEmptyEntries))
            Console.WriteLine("    " + line.Trim());
        process.WaitForExit();
    }
}
