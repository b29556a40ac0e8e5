using StackNet.Engine.Facts;

namespace StackNet.Engine.Topology;

/// <summary>Makes the noun of a node from what was read.</summary>
internal static class ComputeNodes
{
    public static ComputeNode Create(NodeFacts facts, string source, NodeSourceKind kind)
    {
        ComputeNode node = new(facts, source, kind);
        NodeTopology topology = NodeTopology.For(node);
        node.InstanceCount = topology.Instances.Count;
        node.Layout = LayoutNames.Of(topology);
        return node;
    }
}
