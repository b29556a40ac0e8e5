namespace StackNet.Engine.Facts;

/// <summary>One network namespace. Every null list was not read.</summary>
internal sealed record NamespaceFacts
{
    /// <summary>"" is the root namespace of the node; otherwise the name in /run/netns, or "pid:NNN" when only a process holds it.</summary>
    public string Name { get; init; } = "";

    /// <summary>Numbers of other namespaces as seen from this one (RTM_GETNSID): joins link-netnsid to a name.</summary>
    public IReadOnlyList<NetnsId>? NetnsIds { get; init; }
    public IReadOnlyList<LinkFacts>? Links { get; init; }
    public IReadOnlyList<AddressFacts>? Addresses { get; init; }

    /// <summary>IPv4 routes of all tables.</summary>
    public IReadOnlyList<RouteFacts>? Routes { get; init; }

    /// <summary>IPv6 routes of all tables.</summary>
    public IReadOnlyList<RouteFacts>? Routes6 { get; init; }

    /// <summary>IPv4 policy rules.</summary>
    public IReadOnlyList<RuleFacts>? Rules { get; init; }
    public IReadOnlyList<RuleFacts>? Rules6 { get; init; }
    public IReadOnlyList<NeighbourFacts>? Neighbours { get; init; }
    public IReadOnlyList<FdbEntry>? Fdb { get; init; }
    public IReadOnlyList<BridgeVlan>? BridgeVlans { get; init; }

    /// <summary>
    /// Kernel settings of this namespace, full key with dots as sysctl(8) prints it, e.g. "net.ipv4.conf.qr-1.rp_filter".
    /// A device name that itself holds a dot stands with '/' as sysctl(8) does. A key that is not here was not read.
    /// </summary>
    public IReadOnlyDictionary<string, string>? Sysctls
    {
        get;
        init => field = SettingTable.Compact(value);
    }

    /// <summary>iptables-save of the nft back end; null = not read, no tables = nothing there.</summary>
    public IptablesRuleset? IptablesNft { get; init; }
    public IptablesRuleset? IptablesLegacy { get; init; }
    public IptablesRuleset? Ip6tablesNft { get; init; }
    public IptablesRuleset? Ip6tablesLegacy { get; init; }

    /// <summary>ebtables-save.</summary>
    public IptablesRuleset? Ebtables { get; init; }

    /// <summary>Everything in nf_tables, the tables of iptables-nft included (marked by <see cref="NftTable.IsIptables"/>).</summary>
    public NftRuleset? Nft { get; init; }
    public IReadOnlyList<IpSetFacts>? IpSets { get; init; }

    /// <summary>Kernel connection tracking. Null: not read (a walk then starts with an empty table: what is asked is a new flow).</summary>
    public IReadOnlyList<ConntrackFacts>? Conntrack { get; init; }

    /// <summary>Queueing disciplines and filters that redirect, police, drop or run a program (tc(8)); an ingress or clsact qdisc counts.</summary>
    public IReadOnlyList<TrafficControlFacts>? TrafficControl { get; init; }

    /// <summary>Listening sockets of the namespace itself.</summary>
    public IReadOnlyList<ListeningSocket>? Listening { get; init; }
}

/// <summary>A namespace number as seen from another namespace. Name null: the number is known, the namespace is not.</summary>
internal sealed record NetnsId(int Id, string? Name);

/// <summary>A network device (RTM_GETLINK).</summary>
internal sealed record LinkFacts
{
    public int Index { get; init; }
    public string Name { get; init; } = "";

    /// <summary>IFLA_INFO_KIND: veth, bridge, tun, vlan, vxlan, bond, dummy, macvtap, openvswitch … or "" for hardware and loopback.</summary>
    public string Kind { get; init; } = "";

    /// <summary>IFF_ names without the prefix: UP, LOWER_UP, NO-CARRIER, PROMISC, LOOPBACK … (NO-CARRIER as iproute2 derives it).</summary>
    public IReadOnlyList<string> Flags { get; init; } = [];

    /// <summary>UP, DOWN, UNKNOWN, LOWERLAYERDOWN … (RFC 2863, as iproute2 prints it).</summary>
    public string OperState { get; init; } = "UNKNOWN";
    public int Mtu { get; init; }
    public Mac Mac { get; init; }

    /// <summary>ether, loopback, none ….</summary>
    public string LinkType { get; init; } = "ether";

    /// <summary>Name of the master device (bridge, bond, ovs-system, vrf).</summary>
    public string? Master { get; init; }

    /// <summary>IFLA_LINK: index of the peer (veth) or of the lower device (vlan, macvlan), in the namespace of <see cref="LinkNetnsId"/>.</summary>
    public int? LinkIndex { get; init; }

    /// <summary>Name of the peer or lower device when the reader knows it only by name (iproute2's "link" for devices of the same namespace).</summary>
    public string? LinkName { get; init; }

    /// <summary>IFLA_LINK_NETNSID: null = this namespace.</summary>
    public int? LinkNetnsId { get; init; }

    /// <summary>tun or tap for kind tun.</summary>
    public string? TunType { get; init; }

    /// <summary>IFLA_VLAN_ID of kind vlan.</summary>
    public int? VlanId { get; init; }

    /// <summary>802.1Q or 802.1ad of kind vlan.</summary>
    public string? VlanProtocol { get; init; }
    public BridgeFacts? Bridge { get; init; }
    public BridgePortFacts? BridgePort { get; init; }
    public VxlanFacts? Vxlan { get; init; }

    /// <summary>IFLA_INFO_SLAVE_KIND: bridge, bond, openvswitch, vrf ….</summary>
    public string? SlaveKind { get; init; }

    /// <summary>IFLA_XDP attached.</summary>
    public bool HasXdp { get; init; }

    /// <summary>tx-checksumming offload is on; null = not read.</summary>
    public bool? TxChecksum { get; init; }

    /// <summary>Other details of the kind that have no room of their own, as key to text (bond mode, macvlan mode …).</summary>
    public IReadOnlyDictionary<string, string>? Details { get; init; }

    /// <summary>IFLA_GROUP as a number, or a name of /etc/iproute2/group; null: not read.</summary>
    public string? DeviceGroup { get; init; }

    /// <summary>Counters: received and sent packets and drops, when read.</summary>
    public LinkCounters? Counters { get; init; }

    public bool IsUp => Flags.Contains("UP");
    public bool HasCarrier => Flags.Contains("LOWER_UP");
}

/// <summary>Packet counters of a link.</summary>
internal sealed record LinkCounters(long RxPackets, long RxDropped, long TxPackets, long TxDropped);

/// <summary>IFLA_BR_*: times in centiseconds as the kernel keeps them.</summary>
internal sealed record BridgeFacts
{
    public bool StpOn { get; init; }
    public int ForwardDelay { get; init; }
    public long AgeingTime { get; init; }
    public bool VlanFiltering { get; init; }
    public int DefaultPvid { get; init; } = 1;
    public bool MulticastSnooping { get; init; }
    public bool MulticastQuerier { get; init; }
    public bool NfCallIptables { get; init; }
    public bool NfCallIp6tables { get; init; }
    public bool NfCallArptables { get; init; }
    public int GroupForwardMask { get; init; }
}

/// <summary>IFLA_BRPORT_*; defaults are the kernel's for a new port.</summary>
internal sealed record BridgePortFacts
{
    /// <summary>disabled, listening, learning, forwarding, blocking.</summary>
    public string State { get; init; } = "forwarding";
    public bool Hairpin { get; init; }
    public bool Learning { get; init; } = true;
    public bool Flood { get; init; } = true;
    public bool MulticastFlood { get; init; } = true;
    public bool BroadcastFlood { get; init; } = true;
    public bool Isolated { get; init; }
    public bool Locked { get; init; }
    public bool ProxyArp { get; init; }
    public bool NeighSuppress { get; init; }
    public bool VlanTunnel { get; init; }
    public bool Guard { get; init; }
}

/// <summary>Kind vxlan.</summary>
internal sealed record VxlanFacts
{
    public int Id { get; init; }
    public Ip? Remote { get; init; }
    public Ip? Group { get; init; }
    public Ip? Local { get; init; }
    public int Port { get; init; }
    public bool Learning { get; init; }
    public bool Proxy { get; init; }
    public bool External { get; init; }
}

/// <summary>An address of a device (RTM_GETADDR).</summary>
internal sealed record AddressFacts
{
    public string Device { get; init; } = "";
    public Ip Address { get; init; }
    public int PrefixLength { get; init; }
    public Ip? Broadcast { get; init; }

    /// <summary>The far end of a point-to-point address (IFA_ADDRESS when it differs from IFA_LOCAL).</summary>
    public Ip? Peer { get; init; }

    /// <summary>global, site, link, host or a number.</summary>
    public string Scope { get; init; } = "global";

    /// <summary>secondary, deprecated, tentative, permanent, noprefixroute ….</summary>
    public IReadOnlyList<string> Flags { get; init; } = [];
    public string? Label { get; init; }
}

/// <summary>A route (RTM_GETROUTE); the order of the list is the order in which the kernel printed it.</summary>
internal sealed record RouteFacts
{
    public IpPrefix Destination { get; init; }

    /// <summary>unicast, local, broadcast, multicast, blackhole, unreachable, prohibit, throw, nat, anycast.</summary>
    public string Type { get; init; } = "unicast";

    /// <summary>main, local, default, or the number / name of another table.</summary>
    public string Table { get; init; } = "main";
    public string? Device { get; init; }
    public Ip? Gateway { get; init; }
    public Ip? PreferredSource { get; init; }
    public uint Metric { get; init; }
    public byte Tos { get; init; }

    /// <summary>global, link, host, nowhere, site or a number.</summary>
    public string? Scope { get; init; }
    public string? Protocol { get; init; }

    /// <summary>onlink, linkdown, dead, pervasive, offload ….</summary>
    public IReadOnlyList<string> Flags { get; init; } = [];
    public IReadOnlyList<NextHopFacts> NextHops { get; init; } = [];
    public int? Mtu { get; init; }
    public bool MtuLock { get; init; }
    public int? AdvMss { get; init; }

    /// <summary>Route realm (RTA_FLOW), as printed.</summary>
    public string? Realm { get; init; }

    /// <summary>Source selector of an IPv6 route.</summary>
    public IpPrefix? From { get; init; }

    /// <summary>What was printed and is not modelled (encap, nhid without its next hops, via of another family …).</summary>
    public string? Unmodelled { get; init; }
}

/// <summary>One leg of a multipath route.</summary>
internal sealed record NextHopFacts(string? Device, Ip? Gateway, int Weight, IReadOnlyList<string> Flags);

/// <summary>A policy routing rule (ip-rule(8)).</summary>
internal sealed record RuleFacts
{
    public uint Priority { get; init; }
    public bool Not { get; init; }
    public IpPrefix? From { get; init; }
    public IpPrefix? To { get; init; }
    public string? InDevice { get; init; }
    public string? OutDevice { get; init; }
    public uint? Mark { get; init; }
    public uint MarkMask { get; init; } = uint.MaxValue;
    public byte? Tos { get; init; }
    public byte? Dscp { get; init; }

    /// <summary>IP protocol name or number of "ipproto".</summary>
    public string? Protocol { get; init; }
    public PortRange? SourcePorts { get; init; }
    public PortRange? DestinationPorts { get; init; }
    public (uint Low, uint High)? Uids { get; init; }

    /// <summary>lookup, goto, nop, blackhole, unreachable, prohibit.</summary>
    public string Action { get; init; } = "lookup";
    public string? Table { get; init; }
    public uint? Goto { get; init; }
    public int? SuppressPrefixLength { get; init; }
    public string? SuppressGroup { get; init; }
    public bool L3Mdev { get; init; }

    /// <summary>What was printed and is not modelled.</summary>
    public string? Unmodelled { get; init; }
}

/// <summary>Ports from low to high, both inside.</summary>
internal readonly record struct PortRange(ushort Low, ushort High)
{
    public bool Contains(ushort port) => port >= Low && port <= High;
}

/// <summary>A neighbour table entry (RTM_GETNEIGH).</summary>
internal sealed record NeighbourFacts
{
    public string Device { get; init; } = "";
    public Ip Address { get; init; }

    /// <summary>Null: not resolved.</summary>
    public Mac? Mac { get; init; }

    /// <summary>REACHABLE, STALE, DELAY, PROBE, FAILED, INCOMPLETE, PERMANENT, NOARP, NONE.</summary>
    public string State { get; init; } = "STALE";
    public bool IsProxy { get; init; }
    public bool IsRouter { get; init; }
}

/// <summary>A forwarding database entry of a Linux bridge or vxlan device.</summary>
internal sealed record FdbEntry
{
    public Mac Mac { get; init; }

    /// <summary>The port (or the vxlan device, or the bridge itself).</summary>
    public string Device { get; init; } = "";

    /// <summary>The bridge when the entry is one of its table ("master"), else null ("self").</summary>
    public string? Master { get; init; }
    public int? Vlan { get; init; }

    /// <summary>"permanent", "static", "" (learned), "stale" ….</summary>
    public string State { get; init; } = "";

    /// <summary>self, master, offload, extern_learn, sticky ….</summary>
    public IReadOnlyList<string> Flags { get; init; } = [];

    /// <summary>vxlan remote.</summary>
    public Ip? Destination { get; init; }
}

/// <summary>A VLAN of a bridge port (bridge vlan).</summary>
internal sealed record BridgeVlan(string Device, int VlanId, int VlanEnd, bool Pvid, bool Untagged);

/// <summary>A qdisc, class or filter that can touch a packet.</summary>
/// <param name="Device">The device it sits on.</param>
/// <param name="Kind">qdisc kind or filter kind: noqueue, fq_codel, ingress, clsact, u32, bpf, police ….</param>
/// <param name="Direction">ingress, egress or root.</param>
/// <param name="Action">mirred redirect/mirror target, drop, police, pass … as text; null for a plain qdisc.</param>
/// <param name="Text">The whole as printed.</param>
internal sealed record TrafficControlFacts(string Device, string Kind, string Direction, string? Action, string Text);

/// <summary>A listening socket: protocol (tcp, udp), local address (null = any) and port.</summary>
internal sealed record ListeningSocket(string Protocol, Ip? Address, ushort Port);
