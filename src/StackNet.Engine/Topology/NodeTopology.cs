using StackNet.Engine.Facts;

namespace StackNet.Engine.Topology;

/// <summary>What is joined on a node: devices, veth pairs, switch ports, instances. Computed once a node.</summary>
internal sealed class NodeTopology
{
    private readonly Dictionary<string, TopologyPort> _byTap = new(StringComparer.Ordinal);

    private readonly Dictionary<Ip, List<TopologyPort>> _byAddress = [];

    private NodeTopology(NodeFacts facts)
    {
        Facts = facts;
        Devices = new DeviceIndex(facts);
        Veths = new VethPeers(Devices);
        SwitchPorts = new SwitchPorts(facts.Ovs, Devices);
        Instances = InstanceFinder.Find(facts, Devices, Veths, SwitchPorts);
        foreach (TopologyPort port in Ports)
        {
            foreach (Ip address in port.Addresses)
            {
                if (!_byAddress.TryGetValue(address, out List<TopologyPort>? list))
                    _byAddress[address] = list = [];
                list.Add(port);
            }
            if (port.TapName is not null)
                _byTap.TryAdd(port.TapName, port);
            if (port.Plug == PortPlug.Hybrid)
            {
                _byTap.TryAdd(port.QbrName, port);
                _byTap.TryAdd(port.QvbName, port);
                _byTap.TryAdd(port.QvoName, port);
            }
        }
    }

    public NodeFacts Facts { get; }
    public DeviceIndex Devices { get; }
    public VethPeers Veths { get; }
    public SwitchPorts SwitchPorts { get; }
    public IReadOnlyList<TopologyInstance> Instances { get; }
    public IEnumerable<TopologyPort> Ports => Instances.SelectMany(i => i.Ports);

    public static NodeTopology For(ComputeNode node) =>
        (NodeTopology)node.Derived.GetOrAdd(typeof(NodeTopology), static (_, n) => Build(n.Facts), node);

    public static NodeTopology Build(NodeFacts facts) => new(facts);

    /// <summary>The port that a tap, qbr, qvb or qvo belongs to.</summary>
    public TopologyPort? PortOfDevice(string device) => _byTap.GetValueOrDefault(device);

    /// <summary>The port that owns an address; with a VLAN tag only one of that network (tenants may repeat addresses).</summary>
    public TopologyPort? PortOfAddress(Ip address, TopologyPort? near = null)
    {
        TopologyPort? first = null;
        foreach (TopologyPort port in _byAddress.GetValueOrDefault(address) ?? [])
        {
            if (near is null || SameNetwork(port, near))
                return port;
            first ??= port;
        }
        return near is null ? first : null;
    }

    /// <summary>Whether two ports stand on one network, as far as the node tells.</summary>
    public static bool SameNetwork(TopologyPort a, TopologyPort b) =>
        a.NetworkId is not null && b.NetworkId is not null ? a.NetworkId == b.NetworkId
        : a.VlanTag is not null && b.VlanTag is not null ? a.VlanTag == b.VlanTag
        : a.Plug == b.Plug && (a.DomainInterface?.Bridge ?? a.Tap?.Link.Master) == (b.DomainInterface?.Bridge ?? b.Tap?.Link.Master)
            || a.Plug == PortPlug.Hybrid && b.Plug == PortPlug.Hybrid;
}
