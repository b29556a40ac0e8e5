using System.Globalization;
using StackNet.Engine.Facts;
using StackNet.Engine.Topology;

namespace StackNet.Engine.Causes;

/// <summary>Where frames from outside come in for an instance.</summary>
internal static class Uplinks
{
    public static (string Namespace, string Device, int? Vlan)? Of(Diagnosis diagnosis, TopologyPort port, Ip address)
    {
        InstancePath? path = NodeNouns.Path(diagnosis.Node, port, address);
        PathHop? hop = path?.Hop.LastOrDefault(h => h.Kind == "uplink");
        return hop is null ? null : (hop.Namespace, hop.Device, Vlan(diagnosis, port, path!));
    }

    /// <summary>The last device of the way that could be followed.</summary>
    public static string LastDevice(Diagnosis diagnosis, TopologyPort port, Ip address) =>
        NodeNouns.Path(diagnosis.Node, port, address) is { Hop: [.., var end] } ? end.Device : "";

    /// <summary>Why there is no uplink: the external bridge has none, or the way could not be followed.</summary>
    public static Ending Missing(Diagnosis diagnosis, TopologyPort port, Ip address)
    {
        InstancePath? path = NodeNouns.Path(diagnosis.Node, port, address);
        if (path is not null && PathChecks.LacksUplink(diagnosis, path) is { } none)
            return Ending.Dead(PacketDirection.In, none.CauseId, none.Evidence, none.Device, none.Namespace);
        PathHop? last = path is { Hop: [.., var end] } ? end : null;
        return Ending.NotKnown(
            PacketDirection.In,
            $"the way from outside to {port.Instance.Name} could not be followed beyond {last?.Device ?? "its tap"}",
            last?.Device ?? ""
        );
    }

    /// <summary>The VLAN of the network outside: that of the router's outside port, or of the instance's own port on a provider network.</summary>
    private static int? Vlan(Diagnosis diagnosis, TopologyPort port, InstancePath path)
    {
        PathHop? outside = path.Hop.LastOrDefault(h => h.Kind == "router-port");
        SwitchPort? exit = outside is null ? port.SwitchPort : diagnosis.Topology.SwitchPorts.Find(outside.Device);
        IReadOnlyDictionary<string, string>? other = exit?.Port.OtherConfig;
        return
            other?.GetValueOrDefault("network_type") == "vlan"
            && int.TryParse(other.GetValueOrDefault("segmentation_id"), CultureInfo.InvariantCulture, out int id)
            ? id
            : null;
    }
}
