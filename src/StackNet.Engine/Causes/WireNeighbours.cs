using System.Collections.Frozen;
using StackNet.Engine.Facts;
using StackNet.Engine.Topology;

namespace StackNet.Engine.Causes;

/// <summary>
/// Who is on the wires of a node, as far as the node can know: the routers that it and its guests are configured with, and whoever its
/// neighbour tables have heard.
/// </summary>
internal sealed class WireNeighbours
{
    private readonly FrozenSet<Ip> _known;
    private readonly Dictionary<(Mac Asker, Ip Target), NeighbourFacts> _silent = [];

    public WireNeighbours(NodeFacts facts, NodeTopology topology)
    {
        HashSet<Ip> known = [.. topology.Ports.Select(p => p.Gateway).OfType<Ip>()];
        foreach (NamespaceFacts ns in facts.Namespaces)
        {
            foreach (RouteFacts route in ns.Routes ?? [])
            {
                if (route.Destination.Length != 0)
                    continue;
                if (route.Gateway is { } gateway)
                    known.Add(gateway);
                known.UnionWith(route.NextHops.Select(h => h.Gateway).OfType<Ip>());
            }
            foreach (NeighbourFacts entry in ns.Neighbours ?? [])
            {
                if (entry is { State: "FAILED" or "INCOMPLETE" })
                {
                    if (topology.Devices.Find(ns.Name, entry.Device)?.Link.Mac is { } asker)
                        _silent.TryAdd((asker, entry.Address), entry);
                }
                else if (entry.Mac is not null)
                    known.Add(entry.Address);
            }
        }
        _known = known.ToFrozenSet();
    }

    /// <summary>Somebody has this address: it is a configured router, or a neighbour table has its MAC.</summary>
    public bool IsKnown(Ip address) => _known.Contains(address);

    /// <summary>The entry that says that the owner of a MAC asked for an address and got no answer (FAILED, INCOMPLETE); null: none does.</summary>
    public NeighbourFacts? Silent(Mac asker, Ip address) => _silent.GetValueOrDefault((asker, address));
}
