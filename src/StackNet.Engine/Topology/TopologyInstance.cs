using StackNet.Engine.Facts;

namespace StackNet.Engine.Topology;

/// <summary>An instance as the sources together describe it.</summary>
internal sealed class TopologyInstance
{
    public required string Name { get; set; }

    /// <summary>nova uuid.</summary>
    public string? Uuid { get; set; }
    public DomainFacts? Domain { get; init; }

    /// <summary>libvirt, ovsdb, names.</summary>
    public required string FoundBy { get; init; }
    public List<TopologyPort> Ports { get; } = [];
}

/// <summary>How an instance's port is connected to the node's network.</summary>
internal enum PortPlug
{
    /// <summary>Not known.</summary>
    Unknown,

    /// <summary>tap - qbr - qvb = qvo - integration bridge (iptables_hybrid).</summary>
    Hybrid,

    /// <summary>The tap is a port of the integration bridge.</summary>
    Direct,

    /// <summary>The tap is in the Linux bridge of the network (linuxbridge agent, nova-network, plain libvirt).</summary>
    Bridge,

    /// <summary>No tap by design: vhost-user, SR-IOV, macvtap.</summary>
    NoTap,
}

/// <summary>One port of an instance.</summary>
internal sealed class TopologyPort
{
    public required TopologyInstance Instance { get; init; }

    /// <summary>neutron port uuid.</summary>
    public string? PortId { get; set; }

    /// <summary>First eleven characters of the port uuid: the tail of all its device names.</summary>
    public string? Tail { get; set; }

    /// <summary>The guest's MAC.</summary>
    public Mac? Mac { get; set; }
    public List<Ip> Addresses { get; } = [];

    /// <summary>Where the addresses were found: nova, dhcp, rules, flows, lease; null when none were.</summary>
    public string? AddressesFoundBy { get; set; }

    /// <summary>Name that the tap has or should have; null when there is none by design or it is not known.</summary>
    public string? TapName { get; set; }

    /// <summary>The tap itself; null when it is not there.</summary>
    public Device? Tap { get; set; }
    public PortPlug Plug { get; set; }

    /// <summary>Port of the integration bridge that belongs to it (qvo or tap), when OVSDB has one.</summary>
    public SwitchPort? SwitchPort { get; set; }
    public DomainInterface? DomainInterface { get; init; }
    public string? NetworkId { get; set; }
    public DhcpNetworkFacts? Dhcp { get; set; }
    public string? SubnetTag { get; set; }

    /// <summary>The address's subnet as DHCP or a device of the network tells it.</summary>
    public IpPrefix? Subnet { get; set; }
    public Ip? Gateway { get; set; }

    /// <summary>What the guest was told its MTU is (DHCP option 26, else libvirt's host_mtu); null when not known.</summary>
    public int? GuestMtu { get; set; }

    /// <summary>Local VLAN on the integration bridge.</summary>
    public int? VlanTag { get; set; }

    public string QbrName => "qbr" + Tail;
    public string QvbName => "qvb" + Tail;
    public string QvoName => "qvo" + Tail;
}
