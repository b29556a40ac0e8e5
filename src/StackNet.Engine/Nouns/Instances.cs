using System.Net;

namespace StackNet;

/// <summary>An instance (guest) of a node.</summary>
public sealed class ComputeInstance : NodeItem
{
    /// <summary>Name that its owner gave; libvirt's name or the port's where that is all there is.</summary>
    public required string Instance { get; init; }

    /// <summary>nova uuid; null when only its port is known.</summary>
    public string? InstanceId { get; init; }

    /// <summary>libvirt's name, e.g. instance-0000000a.</summary>
    public string? DomainName { get; init; }

    /// <summary>running, paused, shut off …; null when not known.</summary>
    public string? State { get; init; }

    /// <summary>kvm, qemu, xen, lxc …; null when not known.</summary>
    public string? Hypervisor { get; init; }

    /// <summary>nova flavor; null when not known.</summary>
    public string? Flavor { get; init; }

    /// <summary>Names of its ports.</summary>
    public InstancePort[] Port { get; init; } = [];

    /// <summary>All fixed addresses.</summary>
    public IPAddress[] Address => [.. Port.SelectMany(p => p.Address)];

    /// <summary>The floating address.</summary>
    public IPAddress[] FloatingAddress { get; init; } = [];

    /// <summary>How it was found: libvirt, ovsdb, dhcp, names.</summary>
    public required string FoundBy { get; init; }

    /// <inheritdoc />
    public override string ToString() => Instance;
}

/// <summary>One network port of an instance.</summary>
public sealed class InstancePort
{
    /// <summary>neutron port uuid; null without neutron.</summary>
    public string? PortId { get; init; }

    /// <summary>MAC address.</summary>
    public string? MacAddress { get; init; }

    /// <summary>Addresses.</summary>
    public IPAddress[] Address { get; init; } = [];

    /// <summary>Name of its tap.</summary>
    public string? TapDevice { get; init; }

    /// <summary>Network uuid, when known.</summary>
    public string? NetworkId { get; init; }

    /// <summary>The gateway that DHCP gives the instance, when known.</summary>
    public IPAddress? Gateway { get; init; }

    /// <inheritdoc />
    public override string ToString() => $"{TapDevice} {string.Join(",", (object[])Address)}";
}

/// <summary>The devices between an instance's NIC and the outside, in order.</summary>
public sealed class InstancePath : NodeItem
{
    /// <summary>Name of the instance, if one is known.</summary>
    public required string Instance { get; init; }

    /// <summary>nova uuid of the instance, if known.</summary>
    public string? InstanceId { get; init; }

    /// <summary>Addresses.</summary>
    public IPAddress? Address { get; init; }

    /// <summary>Out (instance to outside) or Back.</summary>
    public required PacketDirection Direction { get; init; }

    /// <summary>The hops.</summary>
    public PathHop[] Hop { get; init; } = [];

    /// <summary>True when the chain reaches the outside without a missing or down device.</summary>
    public bool Complete { get; init; }

    /// <inheritdoc />
    public override string ToString() => string.Join(" > ", Hop.Select(h => h.Device));
}

/// <summary>One device of an <see cref="InstancePath"/>.</summary>
public sealed class PathHop
{
    /// <summary>Place in the path, from 0 (the instance's NIC).</summary>
    public int Index { get; init; }

    /// <summary>Name of the device.</summary>
    public required string Device { get; init; }

    /// <summary>Network namespace; "" is the root one.</summary>
    public string Namespace { get; init; } = "";

    /// <summary>nic, tap, bridge, veth, ovs-bridge, patch, router-port, bridge-port, uplink, tunnel, node ….</summary>
    public required string Kind { get; init; }

    /// <summary>State as a packet meets it.</summary>
    public LinkState State { get; init; }

    /// <summary>MTU in bytes.</summary>
    public int? Mtu { get; init; }

    /// <summary>VLAN tag, if any.</summary>
    public int? VlanTag { get; init; }

    /// <summary>Address of a hop that routes.</summary>
    public string? Address { get; init; }

    /// <summary>What is odd about it, in words; null when nothing is.</summary>
    public string? Note { get; init; }

    /// <inheritdoc />
    public override string ToString() => Device;
}

/// <summary>A rule that holds for an instance's port, in neutron's terms.</summary>
public sealed class SecurityGroupRule : NodeItem
{
    /// <summary>Name of the instance, if one is known.</summary>
    public required string Instance { get; init; }

    /// <summary>nova uuid of the instance, if known.</summary>
    public string? InstanceId { get; init; }

    /// <summary>neutron port uuid; its first eleven characters where that is all there is.</summary>
    public string? PortId { get; init; }

    /// <summary>Ingress or Egress.</summary>
    public required string Direction { get; init; }

    /// <summary>IPv4 or IPv6.</summary>
    public string EtherType { get; init; } = "IPv4";

    /// <summary>tcp, udp, icmp …; any.</summary>
    public string Protocol { get; init; } = "any";

    /// <summary>"80", "8000:8010", ICMP "type 8", or any.</summary>
    public string PortRange { get; init; } = "any";

    /// <summary>CIDR, "group:SETNAME" with its members in <see cref="RemoteMember"/>, or any.</summary>
    public string Remote { get; init; } = "any";

    /// <summary>Members of the remote group.</summary>
    public string[] RemoteMember { get; init; } = [];

    /// <summary>Accept or Drop.</summary>
    public string Action { get; init; } = "Accept";

    /// <summary>Rule (the owner's), Established, AntiSpoof, Dhcp, Fallback, Invalid: what kind of rule it is.</summary>
    public string Role { get; init; } = "Rule";

    /// <summary>iptables, ip6tables or openflow.</summary>
    public string Source { get; init; } = "iptables";

    /// <summary>Chain (or table of flows) it stands in.</summary>
    public string Chain { get; init; } = "";

    /// <summary>Packet counter; null when not read.</summary>
    public long? Packets { get; init; }

    /// <summary>The rule or flow as the node has it.</summary>
    public required string Text { get; init; }

    /// <inheritdoc />
    public override string ToString() => $"{Instance} {Direction} {EtherType} {Protocol} {PortRange} {Remote}: {Action}";
}

/// <summary>An address translation rule that can touch an instance.</summary>
public sealed class MasqueradeRule : NodeItem
{
    /// <summary>Network namespace; "" is the root one.</summary>
    public string Namespace { get; init; } = "";

    /// <summary>Legacy, Nft (iptables-nft) or Native (nft).</summary>
    public required string Backend { get; init; }

    /// <summary>Table it stands in.</summary>
    public required string Table { get; init; }

    /// <summary>Chain (or table of flows) it stands in.</summary>
    public required string Chain { get; init; }

    /// <summary>1-based place in its chain.</summary>
    public int Position { get; init; }

    /// <summary>Masquerade, Snat or Dnat.</summary>
    public required string Kind { get; init; }

    /// <summary>Source prefix that it matches; ! in front = all others.</summary>
    public string? SourceSubnet { get; init; }

    /// <summary>Destination.</summary>
    public string? Destination { get; init; }

    /// <summary>-i of the rule; ! in front = all others.</summary>
    public string? InputDevice { get; init; }

    /// <summary>Device it leaves by.</summary>
    public string? OutputDevice { get; init; }

    /// <summary>--to-source or --to-destination.</summary>
    public string? ToAddress { get; init; }

    /// <summary>Protocol.</summary>
    public string? Protocol { get; init; }

    /// <summary>Instances whose fixed or floating address the rule can match.</summary>
    public string[] Instance { get; init; } = [];

    /// <summary>Packet counter; null when not read.</summary>
    public long? Packets { get; init; }

    /// <summary>Byte counter; null when not read.</summary>
    public long? Bytes { get; init; }

    /// <summary>The rule as the node has it.</summary>
    public required string Text { get; init; }

    /// <inheritdoc />
    public override string ToString() => Text;
}

/// <summary>A floating IP that this node translates.</summary>
public sealed class FloatingIp : NodeItem
{
    /// <summary>The floating address.</summary>
    public required IPAddress FloatingAddress { get; init; }

    /// <summary>The instance's own address.</summary>
    public IPAddress? FixedAddress { get; init; }

    /// <summary>Name of the instance, if one is known.</summary>
    public string? Instance { get; init; }

    /// <summary>nova uuid of the instance, if known.</summary>
    public string? InstanceId { get; init; }

    /// <summary>Namespace that translates it, or the OVN bridge.</summary>
    public string Namespace { get; init; } = "";

    /// <summary>Device that carries the address (answers ARP for it); null: none does.</summary>
    public string? Device { get; init; }

    /// <summary>A rule translates the floating address to the fixed one.</summary>
    public bool HasDnat { get; init; }

    /// <summary>A rule translates the fixed address to the floating one.</summary>
    public bool HasSnat { get; init; }

    /// <summary>Some device answers for the address.</summary>
    public bool HasAddress { get; init; }

    /// <inheritdoc />
    public override string ToString() => $"{FloatingAddress} > {FixedAddress?.ToString() ?? "?"}";
}

/// <summary>Forwarding and reverse path settings of a device as the kernel takes them.</summary>
public sealed class ForwardingSysctl : NodeItem
{
    /// <summary>Network namespace; "" is the root one.</summary>
    public string Namespace { get; init; } = "";

    /// <summary>Device, or "all" / "default".</summary>
    public required string Device { get; init; }

    /// <summary>Forwarding of packets that come in by this device; null when not read.</summary>
    public bool? Forwarding { get; init; }

    /// <summary>Off, Strict or Loose: max(conf.all, conf.device) as the kernel takes it; null when not read.</summary>
    public string? RpFilter { get; init; }

    /// <summary>The setting that decides <see cref="RpFilter"/>.</summary>
    public string? RpFilterDecidedBy { get; init; }

    /// <summary>conf.DEVICE.rp_filter as it stands.</summary>
    public int? RpFilterDevice { get; init; }

    /// <summary>conf.all.rp_filter as it stands.</summary>
    public int? RpFilterAll { get; init; }

    /// <summary>The sysctl.d file (and line) that sets forwarding at boot; null: none.</summary>
    public string? ForwardingConfiguredIn { get; init; }

    /// <summary>The sysctl.d file (and line) that sets rp_filter at boot; null: none.</summary>
    public string? RpFilterConfiguredIn { get; init; }

    /// <summary>True when a reboot would change forwarding or rp_filter; null when the files were not read.</summary>
    public bool? ChangesAtReboot { get; init; }

    /// <summary>accept_local of the device; null when not read.</summary>
    public bool? AcceptLocal { get; init; }

    /// <summary>proxy_arp of the device; null when not read.</summary>
    public bool? ProxyArp { get; init; }

    /// <inheritdoc />
    public override string ToString() => $"{(Namespace.Length == 0 ? "(root)" : Namespace)}/{Device}";
}

/// <summary>An address that DHCP gives or gave.</summary>
public sealed class DhcpLease : NodeItem
{
    /// <summary>The network's uuid, or the bridge name (nova-network).</summary>
    public required string NetworkId { get; init; }

    /// <summary>Network namespace; "" is the root one.</summary>
    public string Namespace { get; init; } = "";

    /// <summary>MAC address.</summary>
    public required string MacAddress { get; init; }

    /// <summary>Addresses.</summary>
    public IPAddress? Address { get; init; }

    /// <summary>Name that goes with the address.</summary>
    public string? HostName { get; init; }

    /// <summary>Name of the instance, if one is known.</summary>
    public string? Instance { get; init; }

    /// <summary>When the lease ends (UTC); null: not taken, or never ends.</summary>
    public DateTime? Expires { get; init; }

    /// <summary>Leased (taken), Reserved (in the hosts file only) or Unknown (a lease without a reservation).</summary>
    public required string State { get; init; }

    /// <summary>A dnsmasq process serves this network; null when processes were not read.</summary>
    public bool? ServerRunning { get; init; }

    /// <inheritdoc />
    public override string ToString() => $"{Address} {MacAddress}";
}
