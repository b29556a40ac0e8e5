using System.Diagnostics;
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
        Console.WriteLine($"peak memory {PeakMegabytes()} MB");
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

    private static long PeakMegabytes()
    {
        foreach (string line in File.ReadLines("/proc/self/status"))
        {
            if (line.StartsWith("VmHWM:", StringComparison.Ordinal))
                return long.Parse(line[6..].Trim().Split(' ')[0], System.Globalization.CultureInfo.InvariantCulture) / 1024;
        }
        return 0;
    }
}
