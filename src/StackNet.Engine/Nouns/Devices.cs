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
    public int LinkCount { get; init; }

    /// <summary>Addresses with prefix, loopback left out.</summary>
    public string[] Address { get; init; } = [];

    /// <summary>net.ipv4.ip_forward; null when not read.</summary>
    public bool? IpForward { get; init; }

    /// <summary>nft, legacy, both, none, or null when not read: where the rules of iptables are.</summary>
    public string? FirewallBackend { get; init; }
    public int RuleCount { get; init; }

    /// <inheritdoc />
    public override string ToString() => Namespace.Length == 0 ? "(root)" : Namespace;
}

/// <summary>The tap device of an instance.</summary>
public sealed class TapDevice : NodeItem
{
    public required string Device { get; init; }
    public string Namespace { get; init; } = "";
    public string? Instance { get; init; }
    public string? InstanceId { get; init; }
    public string? PortId { get; init; }

    /// <summary>MAC of the host side (normally fe:16:3e:…).</summary>
    public string? MacAddress { get; init; }

    /// <summary>MAC of the guest's NIC.</summary>
    public string? InstanceMacAddress { get; init; }

    /// <summary>Linux bridge or Open vSwitch bridge that it is a port of; null: none.</summary>
    public string? Bridge { get; init; }

    /// <summary>Up, Down or NoCarrier.</summary>
    public required LinkState State { get; init; }
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
    public required string Device { get; init; }
    public string Namespace { get; init; } = "";
    public required LinkState State { get; init; }

    /// <summary>Far end; null when it is in a namespace that was not read.</summary>
    public string? PeerDevice { get; init; }

    /// <summary>Namespace of the far end; null when it was not read.</summary>
    public string? PeerNamespace { get; init; }
    public LinkState PeerState { get; init; }
    public int Mtu { get; init; }
    public int? PeerMtu { get; init; }

    /// <summary>Bridge (Linux or Open vSwitch) of either end.</summary>
    public string? Bridge { get; init; }
    public string? PeerBridge { get; init; }

    /// <summary>True when the pair was not found by ifindex and namespace number but by elimination.</summary>
    public bool Inferred { get; init; }

    /// <inheritdoc />
    public override string ToString() => $"{Device}={PeerDevice ?? "?"}";
}

/// <summary>A Linux bridge.</summary>
public sealed class LinuxBridge : NodeItem
{
    public required string Bridge { get; init; }
    public string Namespace { get; init; } = "";
    public required LinkState State { get; init; }
    public string[] Port { get; init; } = [];
    public string[] Address { get; init; } = [];
    public int Mtu { get; init; }
    public bool Stp { get; init; }
    public bool VlanFiltering { get; init; }

    /// <summary>Bridged frames pass iptables here: bridge-nf-call-iptables of the namespace or of the bridge; null when not read.</summary>
    public bool? CallsIptables { get; init; }
    public int FdbCount { get; init; }

    /// <summary>The instance it belongs to (qbr), if any.</summary>
    public string? Instance { get; init; }

    /// <inheritdoc />
    public override string ToString() => Bridge;
}

/// <summary>An Open vSwitch bridge.</summary>
public sealed class OvsBridge : NodeItem
{
    public required string Bridge { get; init; }
    public string DatapathType { get; init; } = "";
    public string FailMode { get; init; } = "";
    public string[] Port { get; init; } = [];

    /// <summary>Number of flows; null when not read.</summary>
    public int? FlowCount { get; init; }

    /// <summary>True, false or null (no controller, or not read).</summary>
    public bool? ControllerConnected { get; init; }
    public string[] Controller { get; init; } = [];

    /// <summary>Ports with an error or without an OpenFlow number.</summary>
    public string[] BrokenPort { get; init; } = [];

    /// <inheritdoc />
    public override string ToString() => Bridge;
}

/// <summary>A port of an Open vSwitch bridge.</summary>
public sealed class OvsPort : NodeItem
{
    public required string Bridge { get; init; }
    public required string Device { get; init; }

    /// <summary>system, internal, patch, vxlan, geneve ….</summary>
    public required string Type { get; init; }
    public int? OfPort { get; init; }
    public int? VlanTag { get; init; }
    public int[] Trunk { get; init; } = [];
    public string? VlanMode { get; init; }

    /// <summary>Namespace in which its device is; null when it has none or was not found.</summary>
    public string? Namespace { get; init; }
    public LinkState State { get; init; }

    /// <summary>Peer of a patch port.</summary>
    public string? Peer { get; init; }
    public string? RemoteAddress { get; init; }
    public string? InterfaceId { get; init; }
    public string? Instance { get; init; }
    public string? Error { get; init; }

    /// <inheritdoc />
    public override string ToString() => $"{Bridge}/{Device}";
}
