using StackNet.Engine.Facts;
using StackNet.Engine.Topology;
using StackNet.Engine.Walk;

namespace StackNet.Engine.Causes;

/// <summary>A node with everything that was computed of it; <see cref="Mended"/> is the same node with one thing put right.</summary>
internal sealed class Diagnosis
{
    // A mended node is as large as the node; of a thousand instances with a fault of their own each, each has one.
    private const int MendedKept = 4;

    private readonly Lock _mending = new();
    private readonly List<(string Key, Lazy<Diagnosis> Node)> _mended = [];
    private readonly Lazy<HashSet<Mac>> _macs;
    private readonly Lazy<ILookup<Ip, Topology.Device>> _carriers;
    private readonly Lazy<Ip> _defaultDestination;
    private readonly Lazy<WireNeighbours> _wire;
    private readonly Lazy<(NamespaceFacts Namespace, NeighbourFacts Entry)[]> _permanent;
    private readonly System.Collections.Concurrent.ConcurrentDictionary<Ip, Ip?> _gateways = new();

    private Diagnosis(ComputeNode node, NodeFacts facts, NodeTopology topology, NodeMachine machine)
    {
        Node = node;
        Facts = facts;
        Topology = topology;
        Machine = machine;
        _macs = new(OwnMacs);
        _carriers = new(Carriers);
        _defaultDestination = new(() => Causes.DefaultDestination.Of(facts));
        _wire = new(() => new WireNeighbours(facts, topology));
        _permanent = new(() =>
            [
                .. facts.Namespaces.SelectMany(ns =>
                    (ns.Neighbours ?? []).Where(static n => n.State == "PERMANENT").Select(entry => (ns, entry))
                ),
            ]
        );
    }

    public ComputeNode Node { get; }
    public NodeFacts Facts { get; }
    public NodeTopology Topology { get; }
    public NodeMachine Machine { get; }
    public WireNeighbours Wire => _wire.Value;

    public static Diagnosis For(ComputeNode node) =>
        (Diagnosis)
            node.Derived.GetOrAdd(
                typeof(Diagnosis),
                static (_, n) => new Diagnosis(n, n.Facts, NodeTopology.For(n), NodeMachine.For(n)),
                node
            );

    /// <summary>The node as it would be after a change; made once a change, since many instances ask for the same one.</summary>
    public Diagnosis Mended(string key, Func<NodeFacts, NodeFacts> change)
    {
        Lazy<Diagnosis> mended;
        lock (_mending)
        {
            int at = _mended.FindIndex(m => m.Key == key);
            mended = at >= 0 ? _mended[at].Node : new(() => Mend(change));
            if (at >= 0)
                _mended.RemoveAt(at);
            else if (_mended.Count == MendedKept)
                _mended.RemoveAt(0);
            _mended.Add((key, mended));
        }
        return mended.Value;
    }

    private Diagnosis Mend(Func<NodeFacts, NodeFacts> change)
    {
        ComputeNode node = ComputeNodes.Create(change(Facts), Node.Source, Node.SourceKind);
        return new Diagnosis(node, node.Facts, NodeTopology.For(node), NodeMachine.For(node));
    }

    /// <summary>An address beyond every default route.</summary>
    public Ip DefaultDestination => _defaultDestination.Value;

    /// <summary>Neighbour entries that somebody set by hand.</summary>
    public IReadOnlyList<(NamespaceFacts Namespace, NeighbourFacts Entry)> PermanentNeighbours => _permanent.Value;

    /// <summary>A gateway outside of the node in the subnet of an address, as some route of the node or some instance's port names it.</summary>
    public Ip? OutsideGatewayNear(Ip address) => _gateways.GetOrAdd(address, FindOutsideGateway);

    /// <summary>The same guest on this diagnosis's topology (a mended node has one of its own).</summary>
    public Guest Here(Guest guest) =>
        Topology.PortOfDevice(guest.Tap) == guest.Port ? guest
        : Topology.Ports.FirstOrDefault(p => p.TapName == guest.Tap && p.Mac == guest.Mac && p.Addresses.Contains(guest.Address))
            is { } port
            ? guest with
            {
                Port = port,
            }
        : guest;

    /// <summary>Networks of OVN's logical routers.</summary>
    public IReadOnlyList<IpPrefix> OvnNetworks => _ovnNetworks ??= Engine.Topology.OvnNetworks.Of(Facts.Ovs);
    private IReadOnlyList<IpPrefix>? _ovnNetworks;

    /// <summary>OVN answers ARP for the address by flows: a router that has no device.</summary>
    public bool IsLogicalRouter(Ip address) =>
        LayoutNames.IsOvn(Facts)
        && Topology.PortOfAddress(address) is null
        && Facts.Ovs?.Bridges.Any(b =>
            b.Flows?.Any(f =>
                f.Contains("arp_spa=", StringComparison.Ordinal)
                && f.Contains("metadata=", StringComparison.Ordinal)
                && RuleText.Field(f, "arp_tpa") == address.ToString()
            ) == true
        ) == true;

    /// <summary>The address belongs to a device or a guest of this node.</summary>
    public bool IsOwnMac(Mac mac) => _macs.Value.Contains(mac);

    /// <summary>Devices of the node that carry an address.</summary>
    public IEnumerable<Topology.Device> CarriersOf(Ip address) => _carriers.Value[address];

    private Ip? FindOutsideGateway(Ip near)
    {
        foreach (NamespaceFacts ns in Facts.Namespaces)
        {
            IpPrefix? subnet = null;
            foreach (AddressFacts address in ns.Addresses ?? [])
            {
                if (address.PrefixLength >= address.Address.Bits)
                    continue;
                IpPrefix own = new(address.Address, address.PrefixLength);
                if (!own.Contains(near))
                    continue;
                subnet = own;
                break;
            }
            if (subnet is not { } found)
                continue;
            foreach (RouteFacts route in ns.Routes ?? [])
            {
                if (route.Gateway is { } gateway && found.Contains(gateway) && !CarriersOf(gateway).Any())
                    return gateway;
            }
        }
        return Topology
            .Ports.Where(p => p.Subnet?.Contains(near) == true && p.Gateway is { } g && !CarriersOf(g).Any())
            .Select(p => p.Gateway)
            .FirstOrDefault();
    }

    private ILookup<Ip, Topology.Device> Carriers() =>
        Facts
            .Namespaces.SelectMany(ns => (ns.Addresses ?? []).Select(a => (a.Address, Device: Topology.Devices.Find(ns.Name, a.Device))))
            .Where(c => c.Device is not null)
            .ToLookup(c => c.Address, c => c.Device!);

    private HashSet<Mac> OwnMacs()
    {
        HashSet<Mac> macs = [];
        foreach (Topology.Device device in Topology.Devices.All)
            macs.Add(device.Link.Mac);
        foreach (TopologyPort port in Topology.Ports)
        {
            if (port.Mac is { } mac)
                macs.Add(mac);
        }
        return macs;
    }
}
