using StackNet.Engine.Facts;

namespace StackNet;

/// <summary>One compute or network node as it was read: this machine, a lab, a capture or a sample.</summary>
public sealed class ComputeNode
{
    internal ComputeNode(NodeFacts facts, string source, NodeSourceKind sourceKind)
    {
        Facts = facts;
        Source = source;
        SourceKind = sourceKind;
        ComputerName = facts.HostName;
        UnreadSources = [.. facts.Unread.Select(u => new UnreadSource(facts.HostName, u.Source, u.Namespace, u.Kind, u.Reason))];
    }

    /// <summary>Host name of the node.</summary>
    public string ComputerName { get; }

    /// <summary>Where it was read from: "localhost", the capture's path, "sample:NAME" or "lab:NAME".</summary>
    public string Source { get; }

    /// <summary>Live, Lab, Capture or Sample.</summary>
    public NodeSourceKind SourceKind { get; }

    /// <summary>Number of instances that were found.</summary>
    public int InstanceCount { get; internal set; }

    /// <summary>hybrid, native-firewall, host-nat, linuxbridge, ovn, dvr, provider … : the layouts met on this node, joined by ", ".</summary>
    public string Layout { get; internal set; } = "";

    /// <summary>Names of the network namespaces, the root namespace ("") left out.</summary>
    public string[] Namespaces => [.. Facts.Namespaces.Where(n => n.Name.Length > 0).Select(n => n.Name)];

    /// <summary><c>uname -r</c>, when known.</summary>
    public string? KernelVersion => Facts.KernelVersion;

    /// <summary>Distribution and version, when known.</summary>
    public string? OperatingSystem => Facts.OperatingSystem;

    /// <summary>Version of Open vSwitch; null when there is none or it was not read.</summary>
    public string? OvsVersion => Facts.Ovs?.Version;

    /// <summary>What could not be read, and why: answers that hang on it are Unknown.</summary>
    public UnreadSource[] UnreadSources { get; }

    internal NodeFacts Facts { get; }

    /// <summary>Place for what later stages compute once a node (indexes, topology); keyed by the stage's own type.</summary>
    internal System.Collections.Concurrent.ConcurrentDictionary<Type, object> Derived { get; } = new();

    /// <inheritdoc />
    public override string ToString() => ComputerName;
}

/// <summary>Where a <see cref="ComputeNode"/> came from.</summary>
public enum NodeSourceKind
{
    /// <summary>This machine.</summary>
    Live,

    /// <summary>A StackNet lab.</summary>
    Lab,

    /// <summary>A capture folder or file.</summary>
    Capture,

    /// <summary>A sample embedded in the module.</summary>
    Sample,
}

/// <summary>A source that could not be read.</summary>
/// <param name="ComputerName">The node.</param>
/// <param name="Source">What: "links", "iptables", "ovsdb", "flows:br-int", "libvirt" ….</param>
/// <param name="Namespace">The namespace it is about; "" is the root one, null the whole node.</param>
/// <param name="Kind">Why, as a word.</param>
/// <param name="Reason">Why, in words, with what was tried.</param>
public sealed record UnreadSource(
    string ComputerName,
    string Source,
    string? Namespace,
    StackNet.Engine.Facts.UnreadKind Kind,
    string Reason
)
{
    /// <inheritdoc />
    public override string ToString() => Namespace is { Length: > 0 } ? $"{Source} of {Namespace}: {Reason}" : $"{Source}: {Reason}";
}
