using System.Management.Automation.Runspaces;
using System.Runtime.CompilerServices;

namespace StackNet.Binding;

/// <summary>The nodes that a session read last: completion offers their names without reading anything.</summary>
internal static class KnownNodes
{
    private const int Most = 16;

    // The state of a session hangs on its runspace and goes with it.
    private static readonly ConditionalWeakTable<Runspace, List<WeakReference<ComputeNode>>> Sessions = [];

    public static void Remember(ComputeNode node)
    {
        if (Runspace.DefaultRunspace is not { } runspace)
            return;
        List<WeakReference<ComputeNode>> nodes = Sessions.GetOrCreateValue(runspace);
        lock (nodes)
        {
            // Nodes that nobody holds any more make room first: the one in a user's variable may be the oldest.
            nodes.RemoveAll(n => !n.TryGetTarget(out _));
            if (nodes.Count >= Most)
                nodes.RemoveAt(0);
            nodes.Add(new(node));
        }
    }

    public static IReadOnlyList<ComputeNode> All()
    {
        if (Runspace.DefaultRunspace is not { } runspace || !Sessions.TryGetValue(runspace, out List<WeakReference<ComputeNode>>? nodes))
            return [];
        lock (nodes)
            return [.. nodes.Select(n => n.TryGetTarget(out ComputeNode? node) ? node : null).OfType<ComputeNode>()];
    }
}
