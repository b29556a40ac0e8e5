using StackNet.Engine.Facts;
using StackNet.Engine.Walk.Conntrack;
using StackNet.Engine.Walk.OpenFlow;

namespace StackNet.Engine.Walk;

/// <summary>What packets leave behind on a node: connections, learned addresses and neighbours. Starts from what was read.</summary>
internal sealed class WalkState
{
    private readonly Dictionary<string, ConntrackTable> _conntrack = new(StringComparer.Ordinal);

    // By name, not by object: a state goes on with the same node read once more.
    private readonly Dictionary<(string Namespace, string Bridge, int Vlan, Mac Mac), string> _learned = [];
    private readonly Dictionary<(string Namespace, string Device, Ip Address), Mac> _neighbours = [];

    public WalkState() { }

    public WalkState(IOutside outside) => Outside = outside;

    /// <summary>Connections of which it is not known whether or how they were begun, by namespace.</summary>
    private readonly Dictionary<string, List<Flow>> _doubtful = new(StringComparer.Ordinal);

    /// <summary>Guests and wire as the caller models them.</summary>
    public IOutside Outside { get; set; } = SilentOutside.Instance;

    /// <summary>
    /// Take the connections that were read as the start (a packet of a live connection); false = an empty table: what is asked is a new
    /// connection, whatever ports and ids old ones used.
    /// </summary>
    public bool UsesReadConnections { get; set; } = true;

    /// <summary>State of Open vSwitch, made when first needed.</summary>
    public SwitchState? Switch { get; set; }

    public ConntrackTable Conntrack(NamespaceMachine net)
    {
        if (!_conntrack.TryGetValue(net.Name, out ConntrackTable? table))
            _conntrack[net.Name] = table = NewTable(net);
        return table;
    }

    private ConntrackTable NewTable(NamespaceMachine net)
    {
        ConntrackTable table = net.Netfilter.NewTable();
        if (UsesReadConnections || table.Count == 0)
            return table;
        ConntrackTable empty = ConntrackTable.Load([]);
        empty.CountsTraffic = table.CountsTraffic;
        empty.TcpLoose = table.TcpLoose;
        empty.TcpBeLiberal = table.TcpBeLiberal;
        empty.VerifyChecksums = table.VerifyChecksums;
        return empty;
    }

    public Devices.Device? LearnedPort(Bridging.BridgeModel bridge, int vlan, Mac mac) =>
        _learned.TryGetValue((bridge.Device.Net.Name, bridge.Device.Name, vlan, mac), out string? port)
            ? bridge.Device.Net.Devices.GetValueOrDefault(port)
            : null;

    public void Learn(Bridging.BridgeModel bridge, int vlan, Mac mac, Devices.Device port) =>
        _learned[(bridge.Device.Net.Name, bridge.Device.Name, vlan, mac)] = port.Name;

    public Mac? Neighbour(string ns, string device, Ip address) => _neighbours.TryGetValue((ns, device, address), out Mac mac) ? mac : null;

    public void LearnNeighbour(string ns, string device, Ip address, Mac mac) => _neighbours[(ns, device, address)] = mac;

    /// <summary>A hook's answer on the first packet of a connection is not known: what follows in either direction hangs on it.</summary>
    /// <param name="net">Where.</param>
    /// <param name="packet">A packet of it.</param>
    /// <param name="anyFlow">Which connection it belongs to is not known either: every one of its two hosts may be it.</param>
    public void Doubt(NamespaceMachine net, Packet packet, bool anyFlow = false)
    {
        if (!packet.IsIp)
            return;
        if (!_doubtful.TryGetValue(net.Name, out List<Flow>? flows))
            _doubtful[net.Name] = flows = [];
        flows.Add(Flow.Of(packet) with { AnyOfHosts = anyFlow });
    }

    /// <summary>
    /// The packet may belong to a connection in doubt: the next one of its direction, or an answer (one end keeps its address whatever
    /// was translated).
    /// </summary>
    public bool IsDoubtful(NamespaceMachine net, Packet packet)
    {
        if (_doubtful.Count == 0 || !_doubtful.TryGetValue(net.Name, out List<Flow>? flows))
            return false;
        Flow own = Flow.Of(packet.Inner ?? packet);
        foreach (Flow flow in flows)
        {
            if (flow.Protocol != own.Protocol)
                continue;
            if (flow.AnyOfHosts && (flow.Touches(own.Source) || flow.Touches(own.Destination)))
                return true;
            bool back =
                (own.Source == flow.Destination && own.SourcePort == flow.DestinationPort)
                || (own.Destination == flow.Source && own.DestinationPort == flow.SourcePort);
            if (
                own == flow
                || back
                || (packet.Inner is not null && own.Destination == flow.Destination && own.DestinationPort == flow.DestinationPort)
            )
                return true;
        }
        return false;
    }

    /// <summary>An independent copy: two questions may go on from the same moment.</summary>
    public WalkState Clone()
    {
        WalkState copy = new()
        {
            Outside = Outside,
            UsesReadConnections = UsesReadConnections,
            Switch = Switch?.Clone(),
        };
        foreach ((string ns, ConntrackTable table) in _conntrack)
            copy._conntrack[ns] = table.Clone();
        foreach ((string ns, List<Flow> flows) in _doubtful)
            copy._doubtful[ns] = [.. flows];
        foreach (var pair in _learned)
            copy._learned[pair.Key] = pair.Value;
        foreach (var pair in _neighbours)
            copy._neighbours[pair.Key] = pair.Value;
        return copy;
    }

    /// <summary>Ends of a packet as connection tracking tells them; an ICMP id stands for both ports.</summary>
    private readonly record struct Flow(byte Protocol, Ip Source, Ip Destination, ushort SourcePort, ushort DestinationPort)
    {
        public bool AnyOfHosts { get; init; }

        public bool Touches(Ip host) => host == Source || host == Destination;

        public static Flow Of(Packet packet)
        {
            bool icmp = packet.Protocol is IpProtocols.Icmp or IpProtocols.Icmp6;
            return new(
                packet.Protocol,
                packet.Source,
                packet.Destination,
                icmp ? packet.IcmpId : packet.SourcePort,
                icmp ? packet.IcmpId : packet.DestinationPort
            );
        }
    }
}
