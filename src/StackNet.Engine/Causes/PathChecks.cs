using StackNet.Engine.Facts;
using StackNet.Engine.Topology;

namespace StackNet.Engine.Causes;

/// <summary>
/// States of the devices between the integration bridge and the outside that stop everything there. They explain a question that nobody
/// answered: a switch floods it, and a port that leads nowhere leaves no trace of the copy it swallowed.
/// </summary>
internal static class PathChecks
{
    public static Finding? First(Diagnosis diagnosis, InstancePath? path, PacketDirection direction)
    {
        IEnumerable<PathHop> hops = path?.Hop ?? [];
        if (direction != PacketDirection.Out)
            hops = hops.Reverse();
        foreach (PathHop hop in hops)
        {
            if (Check(diagnosis, hop) is { } found)
                return found;
        }
        return path is null ? null : LacksUplink(diagnosis, path);
    }

    /// <summary>Only what lies between the integration bridge and the device that routes.</summary>
    public static Finding? Inside(Diagnosis diagnosis, InstancePath? path)
    {
        foreach (PathHop hop in path?.Hop ?? [])
        {
            if (hop.Kind is not "uplink" && Check(diagnosis, hop) is { } found)
                return found;
            if (hop.Kind is "router-port" or "node" or "uplink")
                return null;
        }
        return null;
    }

    private static Finding? Check(Diagnosis diagnosis, PathHop hop)
    {
        NodeTopology topology = diagnosis.Topology;
        switch (hop.Kind)
        {
            case "patch" when hop.Note is { } note:
                return new(LayoutNames.IsOvn(diagnosis.Facts) ? "SN925" : "SN311", $"Interface {hop.Device}: {note}", hop.Device, "");
            case "uplink" when topology.Devices.Find(hop.Namespace, hop.Device) is { } nic:
                if (nic.State is LinkState.Down or LinkState.NoCarrier)
                    return new("SN314", PlugChecks.Quote(nic), nic.Name, nic.Namespace);
                return SpanningTree(topology, nic.Name) ?? UplinkTag(topology, nic.Name);
            case "router-port" or "node" when topology.Devices.Find(hop.Namespace, hop.Device) is { State: LinkState.Down } port:
                return new(
                    topology.SwitchPorts.Find(port.Name) is { IsLocal: true } ? "SN316" : "SN202",
                    PlugChecks.Quote(port),
                    port.Name,
                    port.Namespace
                );
            case "veth" when topology.Devices.Find(hop.Namespace, hop.Device) is { State: LinkState.Down } veth:
                return new("SN202", PlugChecks.Quote(veth), veth.Name, veth.Namespace);
            default:
                return null;
        }
    }

    /// <summary>Port.status of vswitchd.conf.db: only a forwarding port carries frames.</summary>
    private static Finding? SpanningTree(NodeTopology topology, string name)
    {
        if (topology.SwitchPorts.Find(name) is not { } port)
            return null;
        foreach (string key in (string[])["stp_state", "rstp_port_state"])
        {
            if (
                port.Port.Status.TryGetValue(key, out string? state)
                && state.ToLowerInvariant() is "blocking" or "listening" or "learning" or "discarding" or "disabled"
            )
                return new("SN322", $"Port {port.Port.Name} of {port.Bridge.Name}: {key}={state}", name, "");
        }
        return null;
    }

    /// <summary>neutron's flows leave frames of the provider network untagged or with its own tag: a port that is an access port or trunks others drops them.</summary>
    private static Finding? UplinkTag(NodeTopology topology, string name)
    {
        if (topology.SwitchPorts.Find(name) is not { } uplink || (uplink.Port.Tag is null && uplink.Port.Trunks.Count == 0))
            return null;
        string says = uplink.Port.Tag is { } tag ? $"tag {tag}" : $"trunks [{string.Join(", ", uplink.Port.Trunks)}]";
        return new("SN328", $"Port {uplink.Port.Name} of {uplink.Bridge.Name}: {says}", name, "");
    }

    public static Finding? LacksUplink(Diagnosis diagnosis, InstancePath path)
    {
        if (path.Hop.Length == 0 || path.Hop[^1].Kind is "uplink" or "tunnel")
            return null;
        PathHop last = path.Hop[^1];
        if (last.Kind == "ovs-bridge")
        {
            OvsBridgeFacts? bridge = diagnosis.Facts.Ovs?.Bridges.FirstOrDefault(b => b.Name == last.Device);
            if (bridge is null)
                return null;
            string ports = string.Join(", ", bridge.Ports.Select(p => p.Name));
            return new(
                LayoutNames.IsOvn(diagnosis.Facts) ? "SN925" : "SN313",
                $"{bridge.Name} has the ports {ports}: none of them is a NIC",
                bridge.Name,
                ""
            );
        }
        return last.Kind == "bridge" ? new("SN313", $"{last.Device} has no NIC among its ports", last.Device, last.Namespace) : null;
    }
}
