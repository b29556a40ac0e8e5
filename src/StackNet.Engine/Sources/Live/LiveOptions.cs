namespace StackNet.Engine.Sources.Live;

/// <summary>When the kernel's connection tracking tables are read.</summary>
internal enum ConntrackReading
{
    /// <summary>Only a table that is small (nf_conntrack_count).</summary>
    Auto,
    Always,
    Never,
}

/// <summary>Which sources are asked. What is not asked stays null in the facts.</summary>
[Flags]
internal enum LiveParts
{
    /// <summary>Links, addresses, routes, rules and neighbours of all namespaces.</summary>
    Tables = 1,

    /// <summary>Forwarding databases, VLANs, settings, queueing, offloads, numbers of namespaces.</summary>
    Details = 2,

    /// <summary>Packet filters, sets, connection tracking.</summary>
    Filters = 4,

    /// <summary>Open vSwitch.</summary>
    Switch = 8,

    /// <summary>libvirt, DHCP, files and services of the node.</summary>
    Host = 16,

    All = Tables | Details | Filters | Switch | Host,
}

/// <summary>What is read, and how long each source may take.</summary>
internal sealed record LiveOptions
{
    /// <summary>
    /// A process whose network, mount and host name namespaces are the node (a lab's init); null: this machine, in the namespaces of
    /// the calling process.
    /// </summary>
    public int? NodePid { get; init; }

    /// <summary>Open vSwitch's run directory; null: OVS_RUNDIR, else /run/openvswitch or /var/run/openvswitch.</summary>
    public string? OvsRunDirectory { get; init; }

    /// <summary>Open vSwitch's database socket; null: db.sock in the run directory.</summary>
    public string? OvsDatabase { get; init; }

    public LiveParts Parts { get; init; } = LiveParts.All;

    public ConntrackReading Conntrack { get; init; } = ConntrackReading.Auto;

    /// <summary>Largest table that <see cref="ConntrackReading.Auto"/> reads.</summary>
    public int ConntrackLimit { get; init; } = 2000;

    /// <summary>Counters of links (they make the dump of a large node a third slower).</summary>
    public bool LinkCounters { get; init; }

    /// <summary>Limit of one source: one tool, one daemon, one table.</summary>
    public TimeSpan SourceLimit { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>Most bytes that one tool may print.</summary>
    public long OutputLimit { get; init; } = 512L << 20;

    /// <summary>Threads that read namespaces; 0: as many as processors, at most 8.</summary>
    public int Threads { get; init; }

    /// <summary>Only the named namespaces ("" is the root one) when not null.</summary>
    public IReadOnlySet<string>? Only { get; init; }
}
