using StackNet.Engine.Facts;
using StackNet.Engine.Walk.Devices;
using StackNet.Engine.Walk.Netfilter;
using StackNet.Engine.Walk.Routing;

namespace StackNet.Engine.Walk;

/// <summary>One network namespace, compiled: devices by name and index, routing, neighbours, rules. Immutable; lazy parts are computed once.</summary>
internal sealed class NamespaceMachine
{
    private readonly Lazy<NetfilterMachine> _netfilter;
    private readonly Lazy<RoutingModel> _routing4;
    private readonly Lazy<Dictionary<(string Device, Ip Address), NeighbourFacts>> _neighbours;
    private readonly Lazy<AddressTable> _addresses;

    public NamespaceMachine(NodeMachine node, NamespaceFacts facts)
    {
        Node = node;
        Facts = facts;
        Sysctls = new Sysctls(facts.Sysctls);
        _netfilter = new(() => NetfilterMachine.Compile(facts));
        _routing4 = new(() => new RoutingModel(this, isV6: false));
        _neighbours = new(() => CompileNeighbours(facts));
        _addresses = new(() => new AddressTable(this));
        ProxyNeighbours = [.. (facts.Neighbours ?? []).Where(static n => n.IsProxy)];
        HasRules =
            facts.IptablesNft is not { IsEmpty: true }
            || facts.IptablesLegacy is not { IsEmpty: true }
            || facts.Nft is not { Tables.Count: 0 };
        foreach (NftTable table in facts.Nft?.Tables ?? [])
        {
            HasArpRules |= table.Family == "arp";
            HasBridgeRules |= table.Family == "bridge";
            HasNetdevRules |=
                table.Family is "netdev" || (table.Family == "inet" && table.Chains.Any(c => c.Hook is "ingress" or "egress"));
        }
        HasBridgeRules |= facts.Ebtables is { IsEmpty: false };
    }

    public NodeMachine Node { get; }
    public NamespaceFacts Facts { get; }
    public string Name => Facts.Name;
    public Dictionary<string, Device> Devices { get; } = new(StringComparer.Ordinal);
    public Dictionary<int, Device> DevicesByIndex { get; } = [];
    public Sysctls Sysctls { get; }
    public NetfilterMachine Netfilter => _netfilter.Value;
    public RoutingModel Routing4 => _routing4.Value;
    public AddressTable Addresses => _addresses.Value;

    /// <summary>What netfilter asks of routing.</summary>
    public RoutingOracle RoutingOracle => field ??= new RoutingOracle(this);

    /// <summary>Some rules are there, or were not read.</summary>
    public bool HasRules { get; }
    public bool HasArpRules { get; }
    public bool HasBridgeRules { get; }
    public bool HasNetdevRules { get; }

    /// <summary>Proxy entries (ip neigh add proxy): targets the namespace answers for, with the device or "" for any.</summary>
    public IReadOnlyList<NeighbourFacts> ProxyNeighbours { get; }

    public NeighbourFacts? Neighbour(string device, Ip address) => _neighbours.Value.GetValueOrDefault((device, address));

    private static Dictionary<(string, Ip), NeighbourFacts> CompileNeighbours(NamespaceFacts facts)
    {
        Dictionary<(string, Ip), NeighbourFacts> table = [];
        foreach (NeighbourFacts entry in facts.Neighbours ?? [])
        {
            if (!entry.IsProxy)
                table.TryAdd((entry.Device, entry.Address), entry);
        }
        return table;
    }

    public override string ToString() => Name.Length == 0 ? "the root namespace" : Name;
}
