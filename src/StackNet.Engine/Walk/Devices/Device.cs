using StackNet.Engine.Facts;
using StackNet.Engine.Walk.Bridging;

namespace StackNet.Engine.Walk.Devices;

/// <summary>What the kernel does with a frame on a device, by driver.</summary>
internal enum DeviceKind
{
    /// <summary>A NIC, or a device whose far end is not on this node.</summary>
    Hardware,
    Loopback,
    Veth,
    Bridge,
    Tap,
    Tun,
    Vlan,
    Vxlan,
    Macvlan,
    Macvtap,
    Bond,
    Vrf,
    Dummy,

    /// <summary>Internal port of Open vSwitch (a bridge's own port too), whatever kind the kernel shows.</summary>
    OvsInternal,
    Other,
}

/// <summary>How sure the far end of a veth is.</summary>
internal enum PeerKnowledge
{
    /// <summary>Not a veth.</summary>
    None,

    /// <summary>By ifindex and namespace number.</summary>
    Known,

    /// <summary>By elimination: the reading lacks numbers.</summary>
    Inferred,

    /// <summary>In a namespace that is not one of this node's.</summary>
    Outside,

    /// <summary>Not to be found out from what was read.</summary>
    Unknown,
}

/// <summary>A port of an Open vSwitch bridge that a kernel device stands for.</summary>
/// <param name="Bridge">Its bridge.</param>
/// <param name="Port">Interface name, the same as the device's.</param>
/// <param name="IsInternal">The kernel's end is the node's own (frames sent on the device enter the switch).</param>
/// <param name="IsUserspace">datapath_type=netdev: frames pass ovs-vswitchd by AF_PACKET or tap.</param>
internal sealed record OvsAttachment(string Bridge, string Port, bool IsInternal, bool IsUserspace);

/// <summary>A network device with everything that leads on from it. Immutable once the node is compiled.</summary>
internal sealed class Device(NamespaceMachine net, LinkFacts link)
{
    public NamespaceMachine Net { get; } = net;
    public LinkFacts Link { get; } = link;
    public string Name => Link.Name;
    public DeviceKind Kind { get; set; }
    public Device? Peer { get; set; }
    public PeerKnowledge PeerKnowledge { get; set; }
    public Device? Master { get; set; }

    /// <summary>Device below of vlan, macvlan and macvtap.</summary>
    public Device? Lower { get; set; }
    public List<Device> VlanUppers { get; } = [];
    public List<Device> MacvlanUppers { get; } = [];
    public List<Device> Members { get; } = [];
    public BridgeModel? Bridge { get; set; }
    public BridgePort? BridgePort { get; set; }
    public OvsAttachment? Ovs { get; set; }
    public List<AddressFacts> Addresses { get; } = [];

    /// <summary>Traffic control that can take a frame away, by direction.</summary>
    public List<TrafficFilter>? Ingress { get; set; }
    public List<TrafficFilter>? Egress { get; set; }

    /// <summary>Queueing disciplines that can take a packet away.</summary>
    public List<TrafficControlFacts>? Queues { get; set; }

    public bool IsUp { get; } = link.IsUp;
    public bool HasCarrier { get; } = link.HasCarrier;
    public bool IsPromiscuous { get; } = link.Flags.Contains("PROMISC");
    public bool IsLoopback => Kind == DeviceKind.Loopback;

    /// <summary>No neighbour protocol: loopback, dummy with NOARP, tun.</summary>
    public bool NoArp { get; } = link.Flags.Contains("NOARP") || link.Flags.Contains("LOOPBACK");
    public bool HasHeader { get; } = link.LinkType is "ether" or "loopback" or "";
    public int Mtu { get; } = link.Mtu;
    public Mac Mac { get; } = link.Mac;

    /// <summary>
    /// It may be a port of a switch that was not read: vswitchd sets its userspace ports promiscuous, and no master shows in the kernel.
    /// </summary>
    public bool MayBelongToSwitch =>
        Net.Node.SwitchUnread && Ovs is null && Master is null && (IsPromiscuous || (Kind == DeviceKind.Tap && Net.Name.Length > 0));

    /// <summary>Frames leave the node by it.</summary>
    public bool IsWire => Kind == DeviceKind.Hardware || (Kind == DeviceKind.Veth && PeerKnowledge == PeerKnowledge.Outside);

    /// <summary>Up, Down, NoCarrier as a packet meets it.</summary>
    public LinkState State =>
        !IsUp ? LinkState.Down
        : HasCarrier ? LinkState.Up
        : LinkState.NoCarrier;

    /// <summary>First IPv4 address; inet_select_addr's notion of primary comes first.</summary>
    public bool HasIp4 => Addresses.Exists(a => !a.Address.IsV6);

    /// <summary>Per-device settings of this device, read once.</summary>
    public DeviceSettings Settings => field ??= new DeviceSettings(Net.Sysctls, Name);

    public override string ToString() => Net.Name.Length == 0 ? Name : $"{Name} in {Net.Name}";
}
