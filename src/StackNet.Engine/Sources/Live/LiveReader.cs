using System.Collections.Concurrent;
using System.Runtime.InteropServices;
using StackNet.Engine.Facts;
using StackNet.Engine.Sources.Live.Netlink;

namespace StackNet.Engine.Sources.Live;

/// <summary>
/// Reads a node that is this machine (or a lab on it). Sources are read side by side; each has its own time limit, and one that
/// fails is noted in <see cref="NodeFacts.Unread"/> while the others go on. Root is not needed, only more can be read with it.
/// </summary>
internal static partial class LiveReader
{
    /// <summary>Reads everything; what could not be read is in <see cref="NodeFacts.Unread"/>.</summary>
    /// <exception cref="IOException">The node of <see cref="LiveOptions.NodePid"/> is gone.</exception>
    /// <exception cref="UnauthorizedAccessException">No rights to enter it.</exception>
    public static async Task<NodeFacts> ReadAsync(LiveOptions options, CancellationToken token)
    {
        using NodeEntry node = NodeEntry.Open(options.NodePid);
        UnreadLog unread = new();
        List<ProcessScan.Entry> processes = [];
        List<NamespaceHandle> namespaces = await DedicatedThread.Run(
            "StackNet find",
            () =>
            {
                node.Enter();
                processes = ProcessScan.Scan(unread);
                return NamespaceList.Open(node, processes, unread);
            }
        );
        try
        {
            Task<List<NamespaceFacts>> tables = ReadNamespacesAsync(options, node, namespaces, unread, token);
            Task<NodeFacts> rest = Inside(node, "StackNet node", () => ReadNode(options, node, processes, namespaces, unread, token));
            await Task.WhenAll(tables, rest);
            return rest.Result with { Namespaces = tables.Result, Unread = unread.ToList() };
        }
        finally
        {
            foreach (NamespaceHandle ns in namespaces)
                ns.Dispose();
        }
    }

    /// <summary>
    /// Waits for work however it ends. What failed or was cancelled leaves nothing behind that would still use the descriptors of the node.
    /// </summary>
    internal static void Settle(params ReadOnlySpan<Task?> tasks)
    {
        foreach (Task? task in tasks)
        {
            if (task is not null)
                ((IAsyncResult)task).AsyncWaitHandle.WaitOne();
        }
    }

    internal static Task<T> Inside<T>(NodeEntry node, string name, Func<T> work) =>
        DedicatedThread.Run(
            name,
            () =>
            {
                node.Enter();
                return work();
            }
        );

    private static async Task<List<NamespaceFacts>> ReadNamespacesAsync(
        LiveOptions options,
        NodeEntry node,
        List<NamespaceHandle> namespaces,
        UnreadLog unread,
        CancellationToken token
    )
    {
        List<NamespaceHandle> wanted = options.Only is null ? namespaces : [.. namespaces.Where(n => options.Only.Contains(n.Name))];
        NamespaceFacts?[] results = new NamespaceFacts?[wanted.Count];
        int threads = options.Threads > 0 ? options.Threads : Math.Clamp(Environment.ProcessorCount, 1, 8);
        int next = -1;
        IEnumerable<Task<bool>> workers = Enumerable
            .Range(0, Math.Min(threads, wanted.Count))
            .Select(n =>
                Inside(
                    node,
                    $"StackNet namespaces {n}",
                    () =>
                    {
                        RtNames names = RtNames.FromFiles();
                        NamespaceReader reader = new(options, node, names, unread, token) { All = namespaces };
                        int index;
                        while ((index = Interlocked.Increment(ref next)) < wanted.Count)
                            results[index] = reader.Read(wanted[index]);
                        return true;
                    }
                )
            );
        await Task.WhenAll(workers);
        return [.. results.OfType<NamespaceFacts>()];
    }

    private static NodeFacts ReadNode(
        LiveOptions options,
        NodeEntry node,
        List<ProcessScan.Entry> processes,
        List<NamespaceHandle> namespaces,
        UnreadLog unread,
        CancellationToken token
    )
    {
        token.ThrowIfCancellationRequested();
        bool host = options.Parts.HasFlag(LiveParts.Host);
        // Daemons may be slow or hang; each waits on a thread of its own.
        Task<OvsFacts?> ovs = options.Parts.HasFlag(LiveParts.Switch)
            ? Inside(node, "StackNet Open vSwitch", () => new OvsReader(options, node, processes, unread, token).Read())
            : Task.FromResult<OvsFacts?>(null);
        Task<IReadOnlyList<DomainFacts>?> domains = host
            ? Inside(node, "StackNet libvirt", () => new LibvirtReader(options, processes, unread, token).Read())
            : Task.FromResult<IReadOnlyList<DomainFacts>?>(null);
        try
        {
            IReadOnlyList<ProcessFacts> facts = ProcessScan.Facts(processes, namespaces);
            NodeFacts read = HostFiles.ReadIdentity(new NodeFacts()) with { Processes = facts };
            if (host)
            {
                read = new HostFiles(options, unread, token).Read(read) with
                {
                    DhcpNetworks = unread.Try("dhcp", null, () => new DhcpReader(processes, facts, unread).Read()),
                };
            }
            return read with { Ovs = ovs.GetAwaiter().GetResult(), Domains = domains.GetAwaiter().GetResult() };
        }
        finally
        {
            Settle(ovs, domains);
        }
    }
}
