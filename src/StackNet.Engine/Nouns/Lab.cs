using System.Net;

namespace StackNet;

/// <summary>How the node of a lab gets its instances to the outside.</summary>
public enum LabLayout
{
    /// <summary>ML2/OVS with iptables_hybrid and a router namespace with SNAT and a floating IP.</summary>
    Hybrid,

    /// <summary>The node itself routes and masquerades (nova-network style).</summary>
    HostNat,
}

/// <summary>Whether a lab can be used.</summary>
public enum LabState
{
    /// <summary>It runs.</summary>
    Running,

    /// <summary>Its node is gone or was never finished (the maker was killed); it can only be removed.</summary>
    Leftover,
}

/// <summary>A disposable real node made of namespaces, with guests that send real packets.</summary>
public sealed class Lab
{
    /// <summary>Its name.</summary>
    public required string Name { get; init; }

    /// <summary>Hybrid or HostNat.</summary>
    public required LabLayout Layout { get; init; }

    /// <summary>Running or Leftover.</summary>
    public required LabState State { get; init; }

    /// <summary>Process 1 of the node as this machine numbers it: <c>nsenter -t NodePid -a</c> enters the node. Null for a leftover.</summary>
    public int? NodePid { get; init; }

    /// <summary>The node's root network namespace as a file that <c>nsenter --net=</c> takes.</summary>
    public string? NamespacePath { get; init; }

    /// <summary>The instances.</summary>
    public LabInstance[] Instance { get; init; } = [];

    /// <summary>A host two hops beyond the node, which answers pings, TCP and UDP.</summary>
    public IPAddress? InternetAddress { get; init; }

    /// <summary>The upstream router: next hop of the node or of the router namespace. It has no route to the instances' network.</summary>
    public IPAddress? ExternalGateway { get; init; }

    /// <summary>Namespace that routes for the instances; null where the node itself does.</summary>
    public string? RouterNamespace { get; init; }

    /// <summary>Files of the network namespaces by role: router, dhcp, upstream, internet (those that the layout has), as "role=path".</summary>
    public string[] NamespaceFile { get; init; } = [];

    /// <summary>Names of the faults that are in force.</summary>
    public string[] Fault { get; init; } = [];

    /// <inheritdoc />
    public override string ToString() => Name;
}

/// <summary>A guest of a lab: a network namespace with an IP stack of its own behind a real tap.</summary>
public sealed class LabInstance
{
    /// <summary>Its name.</summary>
    public required string Name { get; init; }

    /// <summary>nova's uuid for it, as the node has it.</summary>
    public required string InstanceId { get; init; }

    /// <summary>neutron port uuid.</summary>
    public required string PortId { get; init; }

    /// <summary>Fixed address.</summary>
    public required IPAddress Address { get; init; }

    /// <summary>MAC of the guest's NIC.</summary>
    public required string MacAddress { get; init; }

    /// <summary>Tap device on the node.</summary>
    public required string TapDevice { get; init; }

    /// <summary>Floating address, if it has one.</summary>
    public IPAddress? FloatingAddress { get; init; }

    /// <summary>The guest's network namespace as a file that <c>nsenter --net=</c> takes; null for a leftover.</summary>
    public string? NamespacePath { get; init; }

    /// <inheritdoc />
    public override string ToString() => Name;
}
