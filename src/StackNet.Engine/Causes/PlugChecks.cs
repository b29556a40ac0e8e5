using System.Globalization;
using StackNet.Engine.Facts;
using StackNet.Engine.Topology;

namespace StackNet.Engine.Causes;

/// <summary>
/// What certainly kills every packet of a port between its guest and the integration bridge, in the order in which a packet from the
/// guest meets it: states that need no rules and no flows to be judged.
/// </summary>
internal static class PlugChecks
{
    /// <summary>What keeps the guest from sending anything: not running, unplugged, no tap.</summary>
    public static Finding? Guest(Diagnosis diagnosis, TopologyPort port)
    {
        string tap = port.TapName ?? "";
        if (port.Instance.Domain is { State: { } state } domain && state != "running")
            return new("SN101", $"domain {domain.Name} is {state}", tap, "");
        if (port.DomainInterface?.LinkState == "down")
            return new("SN104", $"domain {port.Instance.Domain?.Name}: <link state='down'/> on the interface with target {tap}", tap, "");
        if (
            port is { Plug: not PortPlug.NoTap, Tap: null, TapName: not null }
            && diagnosis.Topology.Devices.Namespace("")?.Links is not null
        )
        {
            string said = port.Instance.Domain is { } d
                ? $"domain {d.Name} has <target dev='{tap}'/>"
                : $"Open vSwitch has the port of {port.PortId}";
            return new("SN102", $"{said}; there is no device {tap} on this node", tap, "");
        }
        return null;
    }

    public static Finding? Chain(Diagnosis diagnosis, TopologyPort port)
    {
        if (Guest(diagnosis, port) is { } none)
            return none;
        if (port.Tap is not { } tap)
            return null;
        if (tap.State == LinkState.Down)
            return new("SN103", Quote(tap), tap.Name, tap.Namespace);
        return port.Plug switch
        {
            PortPlug.Hybrid => Hybrid(diagnosis.Topology, port, tap),
            PortPlug.Bridge => Bridged(diagnosis.Topology, port, tap),
            PortPlug.Direct => Direct(diagnosis, port, tap),
            _ => null,
        };
    }

    private static Finding? Hybrid(NodeTopology topology, TopologyPort port, Topology.Device tap)
    {
        Topology.Device? qbr = topology.Devices.Find("", port.QbrName);
        if (qbr is null)
            return new("SN201", $"{tap.Name} and {port.QvoName} are there, {port.QbrName} is not", port.QbrName, "");
        // Trunk ports are plugged into a bridge of their own (tbr-).
        if (tap.Link.Master != port.QbrName)
            return new("SN105", $"{Quote(tap)}; expected master {port.QbrName}", tap.Name, "");
        if (qbr.State == LinkState.Down)
            return new("SN202", Quote(qbr), qbr.Name, "");
        Topology.Device? qvb = topology.Devices.Find("", port.QvbName);
        if (qvb is null)
            return new("SN203", $"{port.QbrName} has no {port.QvbName}", port.QvbName, "");
        if (qvb.Link.Master != port.QbrName)
            return new("SN204", $"{Quote(qvb)}; expected master {port.QbrName}", qvb.Name, "");
        if (qvb.State == LinkState.Down)
            return new("SN202", Quote(qvb), qvb.Name, "");
        VethPeer? peer = topology.Veths.Of(qvb);
        if (peer is null)
            return qvb.Link.LinkNetnsId is null && topology.Devices.AllRead
                ? new("SN203", $"{Quote(qvb)}: its far end is not on this node", qvb.Name, "")
                : null;
        if (peer.Device.State == LinkState.Down)
            return new("SN202", Quote(peer.Device), peer.Device.Name, peer.Device.Namespace);
        if (topology.Facts.Ovs is null)
            return null;
        if (topology.SwitchPorts.Find(peer.Device.Name) is not { } switchPort)
            return new("SN205", $"{peer.Device.Name} is no port of any Open vSwitch bridge", peer.Device.Name, peer.Device.Namespace);
        return DeadVlan(switchPort);
    }

    private static Finding? Direct(Diagnosis diagnosis, TopologyPort port, Topology.Device tap)
    {
        if (diagnosis.Facts.Ovs is null)
            return null;
        if (port.SwitchPort is null)
            return tap.Link.Master is null or "ovs-system"
                ? new("SN105", $"{tap.Name} is no port of any Open vSwitch bridge", tap.Name, "")
                : null;
        return DeadVlan(port.SwitchPort);
    }

    private static Finding? Bridged(NodeTopology topology, TopologyPort port, Topology.Device tap)
    {
        string? expected = port.DomainInterface?.Bridge;
        if (tap.Link.Master is null)
            return new("SN105", $"{Quote(tap)}{(expected is null ? "" : $"; expected master {expected}")}", tap.Name, "");
        if (expected is not null && tap.Link.Master != expected && topology.Devices.Find("", expected) is not null)
            return new("SN105", $"{Quote(tap)}; expected master {expected}", tap.Name, "");
        if (topology.Devices.Find("", tap.Link.Master) is { State: LinkState.Down } bridge)
            return new("SN202", Quote(bridge), bridge.Name, "");
        return null;
    }

    /// <summary>4095 is the agent's word for "not bound": every bridge of the agent drops it (neutron ovs_constants DEAD_VLAN_TAG).</summary>
    private static Finding? DeadVlan(SwitchPort port) =>
        port.Port.Tag == 4095 || (port.Port.Trunks is [4095] && port.Port.VlanMode == "trunk")
            ? new(
                "SN303",
                $"Port {port.Port.Name} of {port.Bridge.Name}: tag {port.Port.Tag?.ToString(CultureInfo.InvariantCulture) ?? "trunks [4095]"}",
                port.Name,
                ""
            )
            : null;

    /// <summary>A device as ip link shows it, in one line.</summary>
    public static string Quote(Topology.Device device)
    {
        LinkFacts link = device.Link;
        string master = link.Master is null ? "" : $" master {link.Master}";
        string where = device.Namespace.Length == 0 ? "" : $" (in {device.Namespace})";
        return string.Create(
            CultureInfo.InvariantCulture,
            $"{link.Name}: <{string.Join(',', link.Flags)}> mtu {link.Mtu}{master} state {link.OperState}{where}"
        );
    }
}
