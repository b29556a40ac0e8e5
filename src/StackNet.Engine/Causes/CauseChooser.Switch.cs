using StackNet.Engine.Facts;
using StackNet.Engine.Topology;
using StackNet.Engine.Walk;

namespace StackNet.Engine.Causes;

internal sealed partial class CauseChooser
{
    /// <summary>A patch port works only when its peer names it back (ofproto-dpif): the one that names nobody, or another, is at fault.</summary>
    private Finding BrokenPatch(SwitchPort port)
    {
        SwitchPort odd = port;
        if (
            port.Interface.Options.GetValueOrDefault("peer") is { } named
            && Topology.SwitchPorts.Find(named) is { IsPatch: true } other
            && other.Interface.Options.GetValueOrDefault("peer") != port.Name
        )
            odd = other;
        string error = string.IsNullOrEmpty(odd.Interface.Error) ? "" : $", error: {odd.Interface.Error}";
        string peer = odd.Interface.Options.GetValueOrDefault("peer") ?? "";
        string why = Topology.SwitchPorts.Find(peer) is null ? "there is no such port" : $"{peer} does not name it back";
        return new("SN311", $"Interface {odd.Name}: options:peer={peer}{error}; {why}", odd.Name, "");
    }

    /// <summary>
    /// The port of the instance (or of the other one) is on a local VLAN that is not its network's. Only asked when a frame died for no
    /// better reason: two ports with the same wrong tag still talk.
    /// </summary>
    private Finding? OddTag(Ending ending)
    {
        if (
            guest.Port.SwitchPort is { } own
            && Concerns(ending, guest.Port) | ending.Direction == PacketDirection.Out
            && TagOf(own) is { } found
        )
            return found;
        if (Topology.PortOfAddress(destination, guest.Port) is { SwitchPort: { } far } other && other != guest.Port)
            return TagOf(far);
        return null;
    }

    /// <summary>The outside port of the router, or the NIC, has another VLAN than its network.</summary>
    private Finding? PathTag(Finding found, Ending ending)
    {
        foreach (PathHop hop in _path.Value?.Hop ?? [])
        {
            if (hop.Kind == "router-port" && Topology.SwitchPorts.Find(hop.Device) is { } port && TagOf(port) is { } odd)
                return odd;
        }
        return found.CauseId is "SN310" or "" && ending.Direction != PacketDirection.Out
            ? PathChecks.First(diagnosis, _path.Value, PacketDirection.In)
            : null;
    }

    /// <summary>What is odd about a port's VLAN: the dead one, none where the agent gives one, another than the agent noted beside it.</summary>
    private Finding? TagOf(SwitchPort port)
    {
        if (LayoutNames.IsOvn(diagnosis.Facts))
            return null;
        OvsPortFacts facts = port.Port;
        string? noted = facts.OtherConfig.GetValueOrDefault("tag");
        string said = $"Port {facts.Name} of {port.Bridge.Name}";
        if (facts.Tag == 4095)
            return new("SN303", $"{said}: tag 4095", port.Name, "");
        if (facts is { Tag: null, Trunks.Count: 0, VlanMode: null or "" or "trunk" })
        {
            bool others = port.Bridge.Ports.Any(p => p.Tag is not null and not 4095);
            return noted is not null || others
                ? new("SN304", $"{said}: no tag; other_config:tag is {noted ?? "not set"}", port.Name, "")
                : null;
        }
        return noted is not null && facts.Tag is { } tag && noted != tag.ToString(System.Globalization.CultureInfo.InvariantCulture)
            ? new("SN305", $"{said}: tag {tag}; other_config:tag is {noted}", port.Name, "")
            : null;
    }

    /// <summary>An emptied flow table: the bridge drops everything (fail_mode secure).</summary>
    private Finding NoFlows(OvsBridgeFacts bridge)
    {
        bool alone = bridge.Controllers.All(c => c.IsConnected == false);
        string controller = bridge.Controllers.Count == 0 ? "no controller" : $"controller is_connected {(alone ? "false" : "true")}";
        string id =
            LayoutNames.IsOvn(diagnosis.Facts) ? "SN928"
            : alone ? "SN307"
            : "SN306";
        return new(id, $"Bridge {bridge.Name}: fail_mode {bridge.FailMode}, {controller}, no flows", bridge.Name, "");
    }

    /// <summary>The floating address is translated to another fixed address than the instance's.</summary>
    private Finding? FloatingElsewhere(Ending ending)
    {
        if (ending.Direction != PacketDirection.In || destination == guest.Address)
            return null;
        foreach (NamespaceFacts ns in diagnosis.Facts.Namespaces)
        {
            NatRule? rule = NatRules
                .Of(ns)
                .FirstOrDefault(r =>
                    r.Kind == "Dnat"
                    && r.Destination is { } d
                    && d.Contains(destination)
                    && d.Length == d.Address.Bits
                    && r.ToAddress is { } inside
                    && inside != guest.Address
                );
            if (
                rule?.ToAddress is { } to
                && to != guest.Address
                && ending.Drop?.Packet.Destination != guest.Address
                && Topology.PortOfAddress(to, guest.Port) is null
            )
                return new("SN709", $"{Quote(rule)}; the instance has {guest.Address}", OutsideDevice(ns.Name) ?? ending.Device, ns.Name);
        }
        return null;
    }
}
