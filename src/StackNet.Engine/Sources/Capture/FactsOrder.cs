using StackNet.Engine.Facts;

namespace StackNet.Engine.Sources.Capture;

/// <summary>
/// Puts lists that have no order of their own into one: what a hash table of the kernel or a folder gave in any order. Rules, routes,
/// addresses (the first one of a subnet is the primary), flows and set elements keep theirs.
/// </summary>
internal static class FactsOrder
{
    public static NodeFacts Sorted(NodeFacts facts) =>
        facts with
        {
            Namespaces = [.. facts.Namespaces.Select(Sorted).OrderBy(n => n.Name, StringComparer.Ordinal)],
            Ovs = facts.Ovs is { } ovs
                ? ovs with
                {
                    Bridges = [.. ovs.Bridges.Select(Sorted).OrderBy(b => b.Name, StringComparer.Ordinal)],
                }
                : null,
            Domains = facts.Domains is { } domains ? [.. domains.OrderBy(d => d.Name, StringComparer.Ordinal)] : null,
            DhcpNetworks = facts.DhcpNetworks is { } networks
                ? [.. networks.OrderBy(n => n.NetworkId, StringComparer.Ordinal).ThenBy(n => n.Namespace, StringComparer.Ordinal)]
                : null,
            Processes = facts.Processes is { } processes
                ? [.. processes.OrderBy(p => p.Pid).ThenBy(p => p.CommandLine, StringComparer.Ordinal)]
                : null,
            Services = facts.Services is { } services ? [.. services.OrderBy(s => s.Name, StringComparer.Ordinal)] : null,
            Unread =
            [
                .. facts
                    .Unread.OrderBy(u => u.Namespace, StringComparer.Ordinal)
                    .ThenBy(u => u.Source, StringComparer.Ordinal)
                    .ThenBy(u => u.Reason, StringComparer.Ordinal),
            ],
        };

    private static NamespaceFacts Sorted(NamespaceFacts ns) =>
        ns with
        {
            NetnsIds = ns.NetnsIds is { } ids ? [.. ids.OrderBy(i => i.Id)] : null,
            Links = ns.Links is { } links ? [.. links.OrderBy(l => l.Index)] : null,
            Neighbours = ns.Neighbours is { } neighbours
                ? [.. neighbours.OrderBy(n => n.Device, StringComparer.Ordinal).ThenBy(n => n.Address)]
                : null,
            Fdb = ns.Fdb is { } fdb
                ? [.. fdb.OrderBy(f => f.Device, StringComparer.Ordinal).ThenBy(f => f.Mac.Value).ThenBy(f => f.Vlan ?? -1)]
                : null,
            Conntrack = ns.Conntrack is { } entries ? [.. entries.OrderBy(c => c.Text, StringComparer.Ordinal)] : null,
            Listening = ns.Listening is { } sockets
                ?
                [
                    .. sockets
                        .OrderBy(s => s.Protocol, StringComparer.Ordinal)
                        .ThenBy(s => s.Port)
                        .ThenBy(s => s.Address?.ToString() ?? "", StringComparer.Ordinal),
                ]
                : null,
        };

    private static OvsBridgeFacts Sorted(OvsBridgeFacts bridge) =>
        bridge with
        {
            Ports = [.. bridge.Ports.OrderBy(p => p.Name, StringComparer.Ordinal)],
            OpenFlowPorts = bridge.OpenFlowPorts is { } ports ? [.. ports.OrderBy(p => p.Number)] : null,
            Fdb = bridge.Fdb is { } fdb ? [.. fdb.OrderBy(f => f.Vlan).ThenBy(f => f.Mac.Value).ThenBy(f => f.Port)] : null,
        };
}
