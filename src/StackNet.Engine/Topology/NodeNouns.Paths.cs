using StackNet.Engine.Facts;

namespace StackNet.Engine.Topology;

internal static partial class NodeNouns
{
    /// <summary>One path an instance address and direction that differs; a port without an address has its path too.</summary>
    public static IEnumerable<InstancePath> Paths(ComputeNode node)
    {
        foreach (TopologyPort port in NodeTopology.For(node).Ports)
        {
            IEnumerable<Ip?> addresses = port.Addresses.Count == 0 ? [null] : port.Addresses.Where(a => !a.IsV6).Select(a => (Ip?)a);
            foreach (Ip? address in addresses)
            {
                foreach (InstancePath path in PathFinder.Paths(node, port, address))
                    yield return path;
            }
        }
    }

    /// <summary>The way out of one address.</summary>
    public static InstancePath? Path(ComputeNode node, TopologyPort port, Ip? address) =>
        PathFinder.Paths(node, port, address).FirstOrDefault();
}
