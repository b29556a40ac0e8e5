using StackNet.Engine.Facts;
using StackNet.Engine.Facts.OpenFlow;
using StackNet.Engine.Walk.Netfilter;

namespace StackNet.Engine.Walk.OpenFlow;

/// <summary>
/// Open vSwitch of one node, ready to take frames: what ovs-vswitchd does with each (ofproto-dpif-xlate), over all bridges that
/// patch ports join. Immutable; what packets leave behind is in <see cref="SwitchState"/>.
/// </summary>
internal sealed class SwitchMachine
{
    private readonly Lazy<SwitchConntrack> _conntrack;
    private readonly Lazy<SwitchTunnels> _tunnels;

    private SwitchMachine(OvsFacts facts)
    {
        Facts = facts;
        foreach (OvsBridgeFacts bridge in facts.Bridges)
            Bridges.TryAdd(bridge.Name, new SwitchBridge(bridge));
        JoinPatches();
        VlanLimit = facts.OtherConfig.TryGetValue("vlan-limit", out string? limit) && int.TryParse(limit, out int tags) ? tags : 1;
        if (VlanLimit is <= 0 or > 2)
            VlanLimit = 2;
        _conntrack = new Lazy<SwitchConntrack>(() => SwitchConntrackText.Load(facts.DatapathConntrack ?? []));
        _tunnels = new Lazy<SwitchTunnels>(() => new SwitchTunnels(this));
    }

    public OvsFacts Facts { get; }
    public Dictionary<string, SwitchBridge> Bridges { get; } = [];

    /// <summary>VLAN tags that the switch looks at (Open_vSwitch.other_config:vlan-limit).</summary>
    public int VlanLimit { get; }
    public SwitchTunnels Tunnels => _tunnels.Value;

    /// <summary>Connections the node had when it was read.</summary>
    public SwitchConntrack Conntrack => _conntrack.Value.Clone();

    public static SwitchMachine Compile(OvsFacts facts) => new(facts);

    // ofproto-dpif.c: two patch ports are joined when each names the other and their bridges share a datapath.
    private void JoinPatches()
    {
        foreach (SwitchBridge bridge in Bridges.Values)
        {
            foreach (SwitchPort port in bridge.Ports.Values.Where(port => port.IsPatch))
            {
                if (!port.Facts.Options.TryGetValue("peer", out string? name))
                    continue;
                foreach (SwitchBridge other in Bridges.Values)
                {
                    if (
                        other.IsUserspace == bridge.IsUserspace
                        && other.PortsByName.TryGetValue(name, out SwitchPort? peer)
                        && peer.IsPatch
                        && peer.Facts.Options.GetValueOrDefault("peer") == port.Name
                    )
                        port.Peer = peer;
                }
            }
        }
    }

    /// <summary>A frame that comes in by a port.</summary>
    /// <param name="bridge">Bridge.</param>
    /// <param name="inPort">Interface name; the bridge's own name is its LOCAL port.</param>
    /// <param name="packet">The frame; not changed.</param>
    /// <param name="state">Takes what the frame leaves behind.</param>
    /// <param name="devices">State of the kernel devices.</param>
    /// <param name="trace">Takes one step a flow hit; null when nobody asks.</param>
    /// <param name="options">Tunnel metadata, assumed conntrack states.</param>
    public SwitchResult Process(
        string bridge,
        string inPort,
        Packet packet,
        SwitchState state,
        ISwitchDevices devices,
        ITraceSink? trace = null,
        SwitchOptions? options = null
    )
    {
        if (!Bridges.TryGetValue(bridge, out SwitchBridge? found))
            return Dead(PacketReason.NoPort, bridge, inPort, $"no bridge {bridge}");
        if (found.Unnumbered.Contains(inPort))
            return new SwitchResult
            {
                Bridge = bridge,
                Port = inPort,
                Unknown = NoNumber(inPort),
            };
        if (!found.PortsByName.TryGetValue(inPort, out SwitchPort? port))
            return Dead(PacketReason.NoPort, bridge, inPort, Absent(found, inPort));
        if (!port.IsPatch && !port.IsTunnel && devices.StateOf(bridge, inPort) is LinkState.Down or LinkState.Missing)
            return Dead(PacketReason.PortDown, bridge, inPort, $"device {inPort} is down or not there");
        return new Translation(this, state, devices, trace, options).Run(port, packet);
    }

    /// <summary>A tunnel packet that arrived: its frame comes in by the tunnel port that takes it, with the tunnel's metadata.</summary>
    /// <param name="kind">vxlan, geneve, gre.</param>
    /// <param name="id">VNI or key.</param>
    /// <param name="source">Outer source: the remote end.</param>
    /// <param name="destination">Outer destination: this node.</param>
    /// <param name="frame">The inner frame.</param>
    /// <param name="state">Takes what the frame leaves behind.</param>
    /// <param name="devices">State of the kernel devices.</param>
    /// <param name="trace">Takes one step a flow hit.</param>
    public SwitchResult ProcessTunnel(
        string kind,
        ulong id,
        Ip source,
        Ip destination,
        Packet frame,
        SwitchState state,
        ISwitchDevices devices,
        ITraceSink? trace = null
    )
    {
        SwitchPort? port = Tunnels.FindReceiver(kind, id, source, destination);
        if (port is null)
            return Dead(PacketReason.NoPort, "", kind, $"no {kind} port takes key {id} from {source}");
        SwitchOptions options = new() { Metadata = SwitchTunnels.Metadata(id, source, destination) };
        return Process(port.Bridge.Name, port.Name, frame, state, devices, trace, options);
    }

    internal static string NoNumber(string port) =>
        $"the OpenFlow number of port {port} was not read (ovs-vsctl list Interface, ovs-ofctl show)";

    /// <summary>Why a name is no port: not in the database, or there with an error.</summary>
    internal static string Absent(SwitchBridge bridge, string name)
    {
        foreach (OvsPortFacts port in bridge.Facts.Ports)
        {
            foreach (OvsInterfaceFacts link in port.Interfaces.Where(link => link.Name == name))
                return link.Error is { } error ? $"Interface {name} error: {error}" : $"Interface {name} ofport: {link.OfPort ?? -1}";
        }
        return $"no port {name} in bridge {bridge.Name}";
    }

    private static SwitchResult Dead(PacketReason reason, string bridge, string port, string text) =>
        new()
        {
            Reason = reason,
            Bridge = bridge,
            Port = port,
            Rule = new TraceRule
            {
                Family = "openvswitch",
                Table = bridge,
                Chain = port,
                Text = text,
            },
        };
}
