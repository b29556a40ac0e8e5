namespace StackNet.Engine.Facts;

/// <summary>
/// Everything that was read from one node. A list that is null was not read (see <see cref="Unread"/> for the reason);
/// an empty list was read and is empty. The difference decides between Unknown and a verdict.
/// </summary>
internal sealed record NodeFacts
{
    public string HostName { get; init; } = "";

    /// <summary><c>uname -r</c>, when known.</summary>
    public string? KernelVersion { get; init; }

    /// <summary>ID and VERSION_ID of os-release, e.g. "debian 12".</summary>
    public string? OperatingSystem { get; init; }

    /// <summary>The root network namespace of the node first (its name is ""), then the others by name.</summary>
    public IReadOnlyList<NamespaceFacts> Namespaces { get; init; } = [];

    /// <summary>Null: no Open vSwitch was found or it could not be read (then it is in <see cref="Unread"/>).</summary>
    public OvsFacts? Ovs { get; init; }

    public IReadOnlyList<DomainFacts>? Domains { get; init; }

    /// <summary>DHCP files and dnsmasq servers, one a network.</summary>
    public IReadOnlyList<DhcpNetworkFacts>? DhcpNetworks { get; init; }

    /// <summary>Agents, Open vSwitch, dnsmasq, QEMU, haproxy, keepalived: processes that matter.</summary>
    public IReadOnlyList<ProcessFacts>? Processes { get; init; }

    public SelinuxFacts? Selinux { get; init; }

    public IReadOnlyList<ServiceFacts>? Services { get; init; }

    /// <summary>Settings of sysctl.d files in the order in which systemd-sysctl applies them (sysctl.d(5)).</summary>
    public IReadOnlyList<SysctlFileSetting>? SysctlFiles { get; init; }

    /// <summary>Agent configuration, e.g. "openvswitch_agent.ini" to its text.</summary>
    public IReadOnlyDictionary<string, string>? ConfigFiles { get; init; }

    /// <summary>What could not be read, and why. What hangs on it is Unknown, never absent.</summary>
    public IReadOnlyList<UnreadFact> Unread { get; init; } = [];
}

/// <summary>One source that could not be read.</summary>
/// <param name="Source">The fact source, a stable word or command: "links", "iptables", "ovsdb", "flows:br-int", "libvirt" ….</param>
/// <param name="Namespace">Namespace name, "" for the root one, null when it is about the node.</param>
/// <param name="Kind">Why.</param>
/// <param name="Reason">In words, with what was tried.</param>
internal sealed record UnreadFact(string Source, string? Namespace, UnreadKind Kind, string Reason);

/// <summary>Why a source was not read.</summary>
public enum UnreadKind
{
    /// <summary>The capture does not hold it.</summary>
    NotCaptured,

    /// <summary>No rights.</summary>
    PermissionDenied,

    /// <summary>The tool or the kernel part is not there.</summary>
    ToolMissing,

    /// <summary>The daemon does not answer.</summary>
    DaemonDown,

    /// <summary>The time limit ran out.</summary>
    TimedOut,

    /// <summary>What was read could not be understood.</summary>
    Malformed,

    /// <summary>The command or the call failed.</summary>
    Failed,
}

/// <summary>A process that matters for the network.</summary>
internal sealed record ProcessFacts(int Pid, string User, string CommandLine)
{
    /// <summary>Network namespace name when known, "" for the root one.</summary>
    public string? Namespace { get; init; }
}

/// <summary>SELinux mode; "enforcing", "permissive", "disabled" or null when not known.</summary>
internal sealed record SelinuxFacts(string? Running, string? Configured);

/// <summary>A unit of the service manager.</summary>
internal sealed record ServiceFacts(string Name, string ActiveState, string? EnabledState);

/// <summary>One line of one sysctl.d file.</summary>
internal sealed record SysctlFileSetting(string File, int Line, string Key, string Value);

/// <summary>A libvirt domain.</summary>
internal sealed record DomainFacts
{
    /// <summary>libvirt's name, e.g. instance-0000000a.</summary>
    public string Name { get; init; } = "";

    /// <summary>The nova uuid of the instance (libvirt's uuid is the same).</summary>
    public string Uuid { get; init; } = "";

    /// <summary>kvm, qemu, xen, lxc ….</summary>
    public string Hypervisor { get; init; } = "";

    /// <summary>running, paused, shut off … as virsh prints it; null when not known.</summary>
    public string? State { get; init; }

    /// <summary>nova:name of the metadata.</summary>
    public string? InstanceName { get; init; }

    public string? Flavor { get; init; }

    public string? ProjectName { get; init; }

    public IReadOnlyList<DomainInterface> Interfaces { get; init; } = [];

    /// <summary>Fixed addresses of nova's metadata, by port uuid.</summary>
    public IReadOnlyList<NovaPort> NovaPorts { get; init; } = [];
}

/// <summary>One nova:port of a domain's metadata.</summary>
internal sealed record NovaPort(string PortId, IReadOnlyList<Ip> Addresses);

/// <summary>One interface element of a domain.</summary>
internal sealed record DomainInterface
{
    /// <summary>bridge, ethernet, network, vhostuser, hostdev ….</summary>
    public string Type { get; init; } = "";
    public string? TargetDevice { get; init; }
    public Mac Mac { get; init; }

    /// <summary>source bridge.</summary>
    public string? Bridge { get; init; }

    /// <summary>virtualport parameters interfaceid.</summary>
    public string? InterfaceId { get; init; }

    /// <summary>virtualport type.</summary>
    public string? VirtualPortType { get; init; }

    /// <summary>link state: "down", otherwise up.</summary>
    public string? LinkState { get; init; }

    public string? Model { get; init; }
    public int? Mtu { get; init; }

    /// <summary>filterref, if any (libvirt nwfilter).</summary>
    public string? FilterRef { get; init; }
}

/// <summary>What the DHCP agent or nova-network gave dnsmasq for one network.</summary>
internal sealed record DhcpNetworkFacts
{
    /// <summary>The network's uuid, or the bridge name (nova-network).</summary>
    public string NetworkId { get; init; } = "";

    /// <summary>Namespace dnsmasq serves in, null when not known.</summary>
    public string? Namespace { get; init; }
    public string? Interface { get; init; }
    public int? Pid { get; init; }
    public IReadOnlyList<DhcpHost> Hosts { get; init; } = [];
    public IReadOnlyList<DhcpLeaseFacts> Leases { get; init; } = [];

    /// <summary>Lines of the opts file.</summary>
    public IReadOnlyList<string> Options { get; init; } = [];
}

/// <summary>A line of dnsmasq's dhcp-hostsfile (dnsmasq(8)): the address that a MAC will get.</summary>
internal sealed record DhcpHost(Mac Mac, string? Name, Ip? Address);

/// <summary>A line of dnsmasq's lease file.</summary>
/// <param name="Expiry">Seconds since 1970, 0 for never.</param>
/// <param name="Mac">Hardware address of the client.</param>
/// <param name="Address">Address given.</param>
/// <param name="HostName">Name, or null for "*".</param>
/// <param name="ClientId">Client id, or null for "*".</param>
internal sealed record DhcpLeaseFacts(long Expiry, Mac Mac, Ip Address, string? HostName, string? ClientId);
