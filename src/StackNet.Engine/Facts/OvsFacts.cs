namespace StackNet.Engine.Facts;

/// <summary>Open vSwitch: its database and what vswitchd says. Rows are resolved: a bridge holds its ports, a port its interfaces.</summary>
internal sealed record OvsFacts
{
    public string? Version { get; init; }
    public long? NextConfig { get; init; }
    public long? CurrentConfig { get; init; }

    /// <summary>external_ids of the Open_vSwitch row: hostname, system-id, ovn-bridge-mappings ….</summary>
    public IReadOnlyDictionary<string, string> ExternalIds { get; init; } = new Dictionary<string, string>();
    public IReadOnlyDictionary<string, string> OtherConfig { get; init; } = new Dictionary<string, string>();
    public IReadOnlyList<OvsBridgeFacts> Bridges { get; init; } = [];

    /// <summary>Lines of ovs-appctl dpctl/dump-conntrack: the userspace datapath's own tracking; null = not read.</summary>
    public IReadOnlyList<string>? DatapathConntrack { get; init; }

    /// <summary>Lines of ovs-appctl ovs/route/show; null = not read.</summary>
    public IReadOnlyList<string>? TunnelRoutes { get; init; }

    /// <summary>Lines of ovs-appctl tnl/neigh/show; null = not read.</summary>
    public IReadOnlyList<string>? TunnelNeighbours { get; init; }

    /// <summary>False: the database was read but ovs-vswitchd did not answer (or the capture lacks its answers).</summary>
    public bool SwitchAnswered { get; init; } = true;
}

/// <summary>A bridge (vswitchd.conf.db(5) Bridge).</summary>
internal sealed record OvsBridgeFacts
{
    public string Name { get; init; } = "";
    public string DatapathType { get; init; } = "";
    public string? DatapathId { get; init; }

    /// <summary>secure, standalone, or null when unset (standalone).</summary>
    public string? FailMode { get; init; }
    public bool StpEnabled { get; init; }
    public bool RstpEnabled { get; init; }
    public bool McastSnooping { get; init; }
    public IReadOnlyList<string> Protocols { get; init; } = [];
    public IReadOnlyDictionary<string, string> OtherConfig { get; init; } = new Dictionary<string, string>();
    public IReadOnlyDictionary<string, string> ExternalIds { get; init; } = new Dictionary<string, string>();
    public IReadOnlyList<OvsController> Controllers { get; init; } = [];
    public IReadOnlyList<OvsPortFacts> Ports { get; init; } = [];

    /// <summary>True when a mirror with this bridge's ports exists (copies of packets, never a drop).</summary>
    public bool HasMirrors { get; init; }

    /// <summary>ovs-ofctl dump-flows: one text a flow, without the reply header; null = not read.</summary>
    public IReadOnlyList<string>? Flows { get; init; }

    /// <summary>ovs-ofctl dump-groups lines; null = not read.</summary>
    public IReadOnlyList<string>? Groups { get; init; }

    /// <summary>ovs-ofctl show: OpenFlow ports; null = not read (then port numbers come from Interface.ofport).</summary>
    public IReadOnlyList<OpenFlowPort>? OpenFlowPorts { get; init; }

    /// <summary>ovs-appctl fdb/show; null = not read.</summary>
    public IReadOnlyList<OvsFdbEntry>? Fdb { get; init; }
}

/// <summary>An OpenFlow controller of a bridge.</summary>
internal sealed record OvsController(string Target, bool? IsConnected);

/// <summary>A row of OpenFlow's port description.</summary>
/// <param name="Number">OpenFlow port number; 65534 is LOCAL.</param>
/// <param name="Name">Port name.</param>
/// <param name="Config">Config bits as printed: "0", "PORT_DOWN", "NO_FLOOD", "NO_RECV" … separated by blanks.</param>
/// <param name="State">State as printed: "LIVE", "LINK_DOWN", "BLOCKED" ….</param>
/// <param name="Mac">Its address.</param>
internal sealed record OpenFlowPort(int Number, string Name, string Config, string State, Mac Mac);

/// <summary>A learned address of an Open vSwitch bridge; port 65534 is LOCAL.</summary>
internal sealed record OvsFdbEntry(int Port, int Vlan, Mac Mac, int? Age);

/// <summary>A port (vswitchd.conf.db(5) Port) with its interfaces; more than one is a bond.</summary>
internal sealed record OvsPortFacts
{
    public string Name { get; init; } = "";
    public int? Tag { get; init; }
    public IReadOnlyList<int> Trunks { get; init; } = [];

    /// <summary>access, trunk, native-tagged, native-untagged, dot1q-tunnel; null = by tag and trunks.</summary>
    public string? VlanMode { get; init; }
    public IReadOnlyList<int> Cvlans { get; init; } = [];
    public string? BondMode { get; init; }

    /// <summary>Port.protected.</summary>
    public bool Protected { get; init; }
    public bool HasQos { get; init; }
    public IReadOnlyDictionary<string, string> OtherConfig { get; init; } = new Dictionary<string, string>();
    public IReadOnlyDictionary<string, string> ExternalIds { get; init; } = new Dictionary<string, string>();

    /// <summary>status column: stp_state, rstp_port_state ….</summary>
    public IReadOnlyDictionary<string, string> Status { get; init; } = new Dictionary<string, string>();
    public IReadOnlyList<OvsInterfaceFacts> Interfaces { get; init; } = [];
}

/// <summary>An interface (vswitchd.conf.db(5) Interface).</summary>
internal sealed record OvsInterfaceFacts
{
    public string Name { get; init; } = "";

    /// <summary>"" (system), internal, patch, vxlan, geneve, gre, dpdk, dpdkvhostuserclient ….</summary>
    public string Type { get; init; } = "";

    /// <summary>OpenFlow port number; -1 = could not be made; null = not (yet) assigned.</summary>
    public int? OfPort { get; init; }

    /// <summary>error column.</summary>
    public string? Error { get; init; }

    /// <summary>up, down or null.</summary>
    public string? AdminState { get; init; }
    public string? LinkState { get; init; }
    public Mac? MacInUse { get; init; }
    public int? Mtu { get; init; }
    public int? IfIndex { get; init; }
    public long IngressPolicingRate { get; init; }

    /// <summary>options: peer, remote_ip, local_ip, key ….</summary>
    public IReadOnlyDictionary<string, string> Options { get; init; } = new Dictionary<string, string>();

    /// <summary>external_ids: iface-id, attached-mac, vm-uuid, iface-status, ovn-installed ….</summary>
    public IReadOnlyDictionary<string, string> ExternalIds { get; init; } = new Dictionary<string, string>();
    public IReadOnlyDictionary<string, string> OtherConfig { get; init; } = new Dictionary<string, string>();
    public IReadOnlyDictionary<string, string> Status { get; init; } = new Dictionary<string, string>();
}
