using System.IO.Enumeration;
using StackNet.Engine.Facts;
using StackNet.Engine.Topology;

namespace StackNet.Engine.Causes;

/// <summary>What is sent: common part of both tests.</summary>
internal abstract record ProbeRequest
{
    /// <summary>Names, uuids or port ids of instances, wildcards allowed; empty = all.</summary>
    public IReadOnlyList<string> Instances { get; init; } = [];
    public ProbeProtocol Protocol { get; init; }

    /// <summary>Destination port; null = 80 for TCP, 53 for UDP.</summary>
    public int? Port { get; init; }

    /// <summary>Payload bytes as in <c>ping -s</c>: the IP packet is 28 bytes longer.</summary>
    public int Size { get; init; } = 56;
    public bool DontFragment { get; init; }

    /// <summary>The outside has a route to the instances' own network.</summary>
    public bool RoutedSource { get; init; }

    /// <summary>What becomes of the steps of the walk.</summary>
    public TraceKeeping Trace { get; init; }

    public ushort DestinationPort =>
        (ushort)(
            Port
            ?? Protocol switch
            {
                ProbeProtocol.Tcp => 80,
                ProbeProtocol.Udp => 53,
                _ => 0,
            }
        );

    public bool Wants(TopologyInstance instance)
    {
        if (Instances.Count == 0)
            return true;
        foreach (string pattern in Instances)
        {
            if (Matches(pattern, instance.Name) || Matches(pattern, instance.Uuid) || Matches(pattern, instance.Domain?.Name))
                return true;
            foreach (TopologyPort port in instance.Ports)
            {
                if (Matches(pattern, port.PortId))
                    return true;
            }
        }
        return false;
    }

    private static bool Matches(string pattern, string? name) =>
        name is not null
        && (
            string.Equals(pattern, name, StringComparison.OrdinalIgnoreCase)
            || FileSystemName.MatchesSimpleExpression(pattern, name, ignoreCase: true)
        );
}

/// <summary>Test-InstanceEgress.</summary>
internal sealed record EgressRequest : ProbeRequest
{
    /// <summary>Empty: an address beyond the default route.</summary>
    public IReadOnlyList<Ip> Destinations { get; init; } = [];
}

/// <summary>Test-InstanceIngress.</summary>
internal sealed record IngressRequest : ProbeRequest
{
    /// <summary>Who sends: an instance's, the node's, a router's or an outside address; null = the upstream router.</summary>
    public Ip? Source { get; init; }

    /// <summary>Floating or fixed addresses; empty = the floating ones of the instance, or its fixed one when it has none.</summary>
    public IReadOnlyList<Ip> Destinations { get; init; } = [];
}

/// <summary>What becomes of the steps of a walk.</summary>
internal enum TraceKeeping
{
    /// <summary>They are not even made.</summary>
    No,

    /// <summary>They are made when the result's trace is looked at.</summary>
    OnDemand,

    /// <summary>They are made during the walk.</summary>
    Now,
}
