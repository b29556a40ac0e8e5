using System.Collections.Concurrent;
using System.Management.Automation.Runspaces;
using System.Runtime.CompilerServices;

namespace StackNet.Binding;

/// <summary>The nodes that a session read last: completion offers their names without reading anything.</summary>
internal static class KnownNodes
{
    private const int Most = 8;

    // The state of a session hangs on its runspace and goes with it.
    private static readonly ConditionalWeakTable<Runspace, ConcurrentQueue<WeakReference<ComputeNode>>> Sessions = [];

    public static void Remember(ComputeNode node)
    {
        if (Runspace.DefaultRunspace is not { } runspace)
            return;
        ConcurrentQueue<WeakReference<ComputeNode>> nodes = Sessions.GetOrCreateValue(runspace);
        nodes.Enqueue(new(node));
        while (nodes.Count > Most && nodes.TryDequeue(out _)) { }
    }

    public static IEnumerable<ComputeNode> All()
    {
        if (
            Runspace.DefaultRunspace is not { } runspace
            || !Sessions.TryGetValue(runspace, out ConcurrentQueue<WeakReference<ComputeNode>>? nodes)
        )
            yield break;
        foreach (WeakReference<ComputeNode> reference in nodes)
        {
            if (reference.TryGetTarget(out ComputeNode? node))
                yield return node;
        }
    }
}
