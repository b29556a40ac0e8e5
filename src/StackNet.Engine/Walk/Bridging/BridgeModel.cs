using StackNet.Engine.Facts;
using StackNet.Engine.Walk.Devices;

namespace StackNet.Engine.Walk.Bridging;

/// <summary>A Linux bridge: its ports in the kernel's order, its forwarding database as read, its VLANs.</summary>
internal sealed class BridgeModel(Device device)
{
    private readonly Dictionary<(int Vlan, Mac Mac), FdbTarget> _table = [];

    public Device Device { get; } = device;
    public BridgeFacts Facts { get; } = device.Link.Bridge ?? new BridgeFacts();

    /// <summary>False when linkinfo of the bridge was not in the reading: its switches are not known.</summary>
    public bool DetailsRead { get; } = device.Link.Bridge is not null;
    public List<BridgePort> Ports { get; } = [];

    /// <summary>The bridge's own VLANs ("self"), when filtering is on.</summary>
    public PortVlans Vlans { get; set; } = new();
    public bool FdbRead { get; set; }

    /// <summary>VLAN devices on top of the bridge, by id, matter to br_netfilter's pass_vlan_input_dev only.</summary>
    public bool HasVlanUppers => Device.VlanUppers.Count > 0;

    public void Add(int vlan, Mac mac, FdbTarget target) => _table.TryAdd((vlan, mac), target);

    public FdbTarget? Find(int vlan, Mac mac) => _table.TryGetValue((vlan, mac), out FdbTarget target) ? target : null;
}

/// <summary>Where the forwarding database leads: a port, or the bridge itself (a port's own or the bridge's own address).</summary>
internal readonly record struct FdbTarget(Device? Port, bool IsLocal, bool IsFixed);

/// <summary>A port of a Linux bridge.</summary>
internal sealed class BridgePort(BridgeModel bridge, Device device)
{
    public BridgeModel Bridge { get; } = bridge;
    public Device Device { get; } = device;
    public BridgePortFacts Facts { get; } = device.Link.BridgePort ?? new BridgePortFacts();

    /// <summary>False when the port's state was not in the reading.</summary>
    public bool DetailsRead { get; } = device.Link.BridgePort is not null;
    public PortVlans Vlans { get; set; } = new();
}

/// <summary>VLANs a port (or the bridge itself) belongs to.</summary>
internal sealed class PortVlans
{
    private readonly Dictionary<int, bool> _untagged = [];

    public int Pvid { get; private set; }
    public bool WasRead { get; set; }

    public void Add(BridgeVlan vlan)
    {
        for (int id = vlan.VlanId; id <= Math.Min(Math.Max(vlan.VlanEnd, vlan.VlanId), 4094); id++)
            _untagged[id] = vlan.Untagged;
        if (vlan.Pvid)
            Pvid = vlan.VlanId;
        WasRead = true;
    }

    public bool Contains(int id) => _untagged.ContainsKey(id);

    public bool LeavesUntagged(int id) => _untagged.TryGetValue(id, out bool untagged) && untagged;
}
