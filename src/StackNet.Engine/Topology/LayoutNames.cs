using StackNet.Engine.Facts;

namespace StackNet.Engine.Topology;

/// <summary>Names the layouts that are met on a node.</summary>
internal static class LayoutNames
{
    public static string Of(NodeTopology topology)
    {
        List<string> names = [];
        NodeFacts facts = topology.Facts;
        bool ovn = IsOvn(facts);
        bool routers = facts.Namespaces.Any(n => n.Name.StartsWith("qrouter-", StringComparison.Ordinal));
        bool distributed =
            routers
            && facts.Namespaces.Any(n =>
                n.Name.StartsWith("fip-", StringComparison.Ordinal) || n.Name.StartsWith("snat-", StringComparison.Ordinal)
            );
        if (topology.Ports.Any(p => p.Plug == PortPlug.Hybrid))
            names.Add("hybrid");
        if (ovn)
            names.Add("ovn");
        else if (topology.Ports.Any(p => p.Plug == PortPlug.Direct))
            names.Add("native-firewall");
        if (
            topology.Devices.All.Any(d =>
                d.Namespace.Length == 0 && d.Link.Kind == "bridge" && d.Name.StartsWith("brq", StringComparison.Ordinal)
            )
        )
            names.Add("linuxbridge");
        if (topology.Ports.Any(p => p.Plug == PortPlug.Bridge) && IsNovaNetwork(topology))
            names.Add("nova-network");
        if (distributed)
            names.Add("dvr");
        else if (routers)
            names.Add("router");
        if (!ovn && topology.Ports.Any(p => p.Gateway is { } g && OwnerOf(topology, g) is { Namespace.Length: 0 }))
            names.Add("host-nat");
        else if (
            !ovn
            && topology.Ports.Any(p => p.Gateway is { } g && OwnerOf(topology, g) is null && !IsTunnelled(p))
            && topology.Devices.AllRead
        )
            names.Add("provider");
        return string.Join(", ", names.Distinct());
    }

    public static bool IsOvn(NodeFacts facts) =>
        facts.Ovs?.ExternalIds.ContainsKey("ovn-remote") == true
        || facts.Ovs?.ExternalIds.ContainsKey("ovn-encap-type") == true
        || facts.Ovs?.Bridges.Any(b => b.Name == "br-int" && b.ExternalIds.ContainsKey("ct-zone-ovn")) == true;

    /// <summary>The device that carries an address, in any namespace.</summary>
    public static Device? OwnerOf(NodeTopology topology, Ip address)
    {
        IReadOnlyList<(string Namespace, string Device)> carriers = topology.Devices.CarriersOf(address);
        return carriers.Count == 0 ? null : topology.Devices.Find(carriers[0].Namespace, carriers[0].Device);
    }

    private static bool IsTunnelled(TopologyPort port) =>
        port.SwitchPort?.Port.OtherConfig.GetValueOrDefault("network_type") is "vxlan" or "gre" or "geneve";

    private static bool IsNovaNetwork(NodeTopology topology)
    {
        NamespaceFacts? root = topology.Devices.Namespace("");
        return new[] { root?.IptablesNft, root?.IptablesLegacy }.Any(r =>
            r?.Tables.Any(t => t.Chains.Any(c => c.Name.StartsWith("nova-", StringComparison.Ordinal))) == true
        );
    }
}
