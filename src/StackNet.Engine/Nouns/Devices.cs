namespace StackNet;

/// <summary>What every noun read from a node has in common.</summary>
public abstract class NodeItem
{
    /// <summary>The node it was read from.</summary>
    public string ComputerName => Node?.ComputerName ?? "";

    /// <summary>The node itself, so that the next command in a pipeline can go on with it.</summary>
    public ComputeNode? Node { get; internal init; }
}

/// <summary>A network namespace of a node.</summary>
public sealed class NetworkNamespace : NodeItem
{
    /// <summary>Name in /run/netns; "" is the root namespace; "pid:N" one that only a process holds.</summary>
    public required string Namespace { get; init; }

    /// <summary>root, router, dhcp, snat, fip, ovnmeta or other (by neutron's naming).</summary>
    public required string Role { get; init; }

    /// <summary>Number of devices, loopback included.</summary>
    public int LinkCount { get; init; }

    /// <summary>Addresses with prefix, loopback left out.</summary>
    public string[] Address { get; init; } = [];

    /// <summary>net.ipv4.ip_forward; null when not read.</summary>
    public bool? IpForward { get; init; }

    /// <summary>nft, legacy, both, none, or null when not read: where the rules of iptables are.</summary>
    public string? FirewallBackend { get; init; }

    /// <summary>Number of firewall rules of all back ends.</summary>
    public int RuleCount { get; init; }

    /// <inheritdoc />
    public override string ToString() => Namespace.Length == 0 ? "(root)" : Namespace;
}

/// <summary>The tap device of an instance.</summary>
public sealed class TapDevice : NodeItem
{
    /// <summary>Name of the device.</summary>
    public required string Device { get; init; }

    /// <summary>Network namespace; "" is the root one.</summary>
    public string Namespace { get; init; } = "";

    /// <summary>Name of the instance, if one is known.</summary>
    public string? Instance { get; init; }

    /// <summary>nova uuid of the instance, if known.</summary>
    public string? InstanceId { get; init; }

    /// <summary>neutron port uuid; its first eleven characters where that is all there is.</summary>
    public string? PortId { get; init; }

    /// <summary>MAC of the host side (normally fe:16:3e:…).</summary>
    public string? MacAddress { get; init; }

    /// <summary>MAC of the guest's NIC.</summary>
    public string? InstanceMacAddress { get; init; }

    /// <summary>Linux bridge or Open vSwitch bridge that it is a port of; null: none.</summary>
    public string? Bridge { get; init; }

    /// <summary>Up, Down or NoCarrier.</summary>
    public required LinkState State { get; init; }

    /// <summary>MTU in bytes.</summary>
    public int Mtu { get; init; }

    /// <inheritdoc />
    public override string ToString() => Device;
}

/// <summary>State of a device as a packet meets it.</summary>
public enum LinkState
{
    /// <summary>Not known.</summary>
    Unknown,

    /// <summary>Administratively up and with carrier.</summary>
    Up,

    /// <summary>Administratively down.</summary>
    Down,

    /// <summary>Up but without carrier (the far end is down or absent).</summary>
    NoCarrier,

    /// <summary>The device is not there.</summary>
    Missing,
}

/// <summary>Two veth devices that are each other's far end.</summary>
public sealed class VethPair : NodeItem
{
    /// <summary>Name of the device.</summary>
    public required string Device { get; init; }

    /// <summary>Network namespace; "" is the root one.</summary>
    public string Namespace { get; init; } = "";

    /// <summary>State as a packet meets it.</summary>
    public required LinkState State { get; init; }

    /// <summary>Far end; null when it is in a namespace that was not read.</summary>
    public string? PeerDevice { get; init; }

    /// <summary>Namespace of the far end; null when it was not read.</summary>
    public string? PeerNamespace { get; init; }

    /// <summary>State of the far end.</summary>
    public LinkState PeerState { get; init; }

    /// <summary>MTU in bytes.</summary>
    public int Mtu { get; init; }

    /// <summary>MTU of the far end.</summary>
    public int? PeerMtu { get; init; }

    /// <summary>Bridge (Linux or Open vSwitch) of either end.</summary>
    public string? Bridge { get; init; }

    /// <summary>Bridge of the far end.</summary>
    public string? PeerBridge { get; init; }

    /// <summary>True when the pair was not found by ifindex and namespace number but by elimination.</summary>
    public bool Inferred { get; init; }

    /// <inheritdoc />
    public override string ToString() => $"{Device}={PeerDevice ?? "?"}";
}

/// <summary>A Linux bridge.</summary>
public sealed class LinuxBridge : NodeItem
{
    /// <summary>Name of the bridge.</summary>
    public required string Bridge { get; init; }

    /// <summary>Network namespace; "" is the root one.</summary>
    public string Namespace { get; init; } = "";

    /// <summary>State as a packet meets it.</summary>
    public required LinkState State { get; init; }

    /// <summary>Names of its ports.</summary>
    public string[] Port { get; init; } = [];

    /// <summary>Addresses.</summary>
    public string[] Address { get; init; } = [];

    /// <summary>MTU in bytes.</summary>
    public int Mtu { get; init; }

    /// <summary>Spanning tree is on.</summary>
    public bool Stp { get; init; }

    /// <summary>The bridge tells VLANs apart.</summary>
    public bool VlanFiltering { get; init; }

    /// <summary>Bridged frames pass iptables here: bridge-nf-call-iptables of the namespace or of the bridge; null when not read.</summary>
    public bool? CallsIptables { get; init; }

    /// <summary>Number of entries of its forwarding database.</summary>
    public int FdbCount { get; init; }

    /// <summary>The instance it belongs to (qbr), if any.</summary>
    public string? Instance { get; init; }

    /// <inheritdoc />
    public override string ToString() => Bridge;
}

/// <summary>An Open vSwitch bridge.</summary>
public sealed class OvsBridge : NodeItem
{
    /// <summary>Name of the bridge.</summary>
    public required string Bridge { get; init; }

    /// <summary>system (kernel) or netdev (userspace).</summary>
    public string DatapathType { get; init; } = "";

    /// <summary>secure or standalone.</summary>
    public string FailMode { get; init; } = "";

    /// <summary>Names of its ports.</summary>
    public string[] Port { get; init; } = [];

    /// <summary>Number of flows; null when not read.</summary>
    public int? FlowCount { get; init; }

    /// <summary>True, false or null (no controller, or not read).</summary>
    public bool? ControllerConnected { get; init; }

    /// <summary>Targets of its OpenFlow controllers.</summary>
    public string[] Controller { get; init; } = [];

    /// <summary>Ports with an error or without an OpenFlow number.</summary>
    public string[] BrokenPort { get; init; } = [];

    /// <inheritdoc />
    public override string ToString() => Bridge;
}

/// <summary>A port of an Open vSwitch bridge.</summary>
public sealed class OvsPort : NodeItem
{
    /// <summary>Name of the bridge.</summary>
    public required string Bridge { get; init; }

    /// <summary>Name of the device.</summary>
    public required string Device { get; init; }

    /// <summary>system, internal, patch, vxlan, geneve ….</summary>
    public required string Type { get; init; }

    /// <summary>OpenFlow port number; -1 when it could not be made, null when not assigned.</summary>
    public int? OfPort { get; init; }

    /// <summary>VLAN tag, if any.</summary>
    public int? VlanTag { get; init; }

    /// <summary>VLANs that it trunks; empty = all (without a tag).</summary>
    public int[] Trunk { get; init; } = [];

    /// <summary>access, trunk, native-tagged …; null = by tag and trunks.</summary>
    public string? VlanMode { get; init; }

    /// <summary>Namespace in which its device is; null when it has none or was not found.</summary>
    public string? Namespace { get; init; }

    /// <summary>State as a packet meets it.</summary>
    public LinkState State { get; init; }

    /// <summary>Peer of a patch port.</summary>
    public string? Peer { get; init; }

    /// <summary>Far end of a tunnel.</summary>
    public string? RemoteAddress { get; init; }

    /// <summary>external_ids:iface-id, the neutron port.</summary>
    public string? InterfaceId { get; init; }

    /// <summary>Name of the instance, if one is known.</summary>
    public string? Instance { get; init; }

    /// <summary>What Open vSwitch says is wrong with it.</summary>
    public string? Error { get; init; }

    /// <inheritdoc />
    public override string ToString() => $"{Bridge}/{Device}";
}
