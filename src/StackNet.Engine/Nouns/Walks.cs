using System.Net;

namespace StackNet;

/// <summary>Can the packet get there and its answer come back.</summary>
public enum Verdict
{
    /// <summary>Something on the way is not modelled or was not read.</summary>
    Unknown,

    /// <summary>It gets out, and the reply gets back.</summary>
    Pass,

    /// <summary>It dies on the way out or back.</summary>
    Fail,
}

/// <summary>Which way a packet goes, seen from the instance.</summary>
public enum PacketDirection
{
    /// <summary>From the instance.</summary>
    Out,

    /// <summary>The reply to what the instance sent.</summary>
    Back,

    /// <summary>To the instance, begun by somebody else.</summary>
    In,
}

/// <summary>What became of a packet on a node.</summary>
public enum PacketFate
{
    /// <summary>Not known.</summary>
    Unknown,

    /// <summary>Routed (or rewritten) and out of a device.</summary>
    Forwarded,

    /// <summary>Out by another bridge port, not routed.</summary>
    Bridged,

    /// <summary>Delivered to the node's own sockets.</summary>
    Delivered,

    /// <summary>Dropped.</summary>
    Dropped,
}

/// <summary>Why a packet did not go on.</summary>
public enum PacketReason
{
    /// <summary>It did go on, or the reason is not known.</summary>
    None,
    RuleDrop,
    RuleReject,
    NoRoute,
    Blackhole,
    Unreachable,
    Prohibit,
    ReversePath,
    ForwardingOff,
    Martian,
    PortDown,
    PortBlocked,
    VlanMismatch,
    NoNeighbour,
    TooBig,
    TtlExpired,
    NotForUs,
    FlowDrop,
    NoFlow,

    /// <summary>A flow or a bridge names a port that does not exist or could not be opened.</summary>
    NoPort,

    /// <summary>The device leads nowhere: no master, no peer, no reader.</summary>
    NotConnected,

    /// <summary>NAT found no address or port to translate to.</summary>
    NatFailed,

    /// <summary>The packet would have to leave by the port it came in by.</summary>
    Hairpin,

    /// <summary>The connection tracking table is full or refused it.</summary>
    ConntrackFull,

    /// <summary>A shaper, policer or traffic control filter.</summary>
    Policed,

    /// <summary>The packet goes round in circles.</summary>
    Loop,

    /// <summary>Broken header or checksum.</summary>
    BadHeader,
}

/// <summary>A packet's header fields at one moment.</summary>
public sealed record PacketHeader
{
    public IPAddress? SourceAddress { get; init; }
    public IPAddress? DestinationAddress { get; init; }

    /// <summary>Icmp, Tcp, Udp, Arp, Icmpv6 or a number.</summary>
    public string Protocol { get; init; } = "";
    public int? SourcePort { get; init; }
    public int? DestinationPort { get; init; }
    public string? TcpFlags { get; init; }
    public int? IcmpType { get; init; }
    public int? IcmpCode { get; init; }
    public int? IcmpId { get; init; }
    public string? SourceMac { get; init; }
    public string? DestinationMac { get; init; }

    /// <summary>Outermost VLAN id, null = untagged.</summary>
    public int? VlanId { get; init; }
    public int? Ttl { get; init; }
    public int? Tos { get; init; }

    /// <summary>Length of the IP packet in bytes.</summary>
    public int? Length { get; init; }
    public bool DontFragment { get; init; }

    /// <summary>skb mark.</summary>
    public uint Mark { get; init; }

    /// <inheritdoc />
    public override string ToString()
    {
        string source = SourcePort is { } s ? $"{SourceAddress}:{s}" : $"{SourceAddress}";
        string target = DestinationPort is { } d ? $"{DestinationAddress}:{d}" : $"{DestinationAddress}";
        string vlan = VlanId is { } v ? $" vlan {v}" : "";
        return $"{Protocol.ToLowerInvariant()} {source} > {target}{vlan}";
    }
}

/// <summary>One copy of a packet that left.</summary>
public sealed record PacketOutput
{
    public string Device { get; init; } = "";
    public string Namespace { get; init; } = "";

    /// <summary>Bridge it left by, if any.</summary>
    public string? Bridge { get; init; }

    /// <summary>Port of the bridge.</summary>
    public string? Port { get; init; }
    public int? VlanId { get; init; }

    /// <summary>Tunnel key, when it left in a tunnel.</summary>
    public long? TunnelId { get; init; }
    public IPAddress? RemoteAddress { get; init; }
    public required PacketHeader Packet { get; init; }
}

/// <summary>The rule that decided.</summary>
public sealed record TraceRule
{
    /// <summary>iptables-legacy, iptables-nft, ip, ip6, inet, bridge, openflow ….</summary>
    public required string Family { get; init; }
    public string Table { get; init; } = "";
    public string Chain { get; init; } = "";

    /// <summary>1-based number in its chain (iptables), or null.</summary>
    public int? Number { get; init; }

    /// <summary>Handle (nft), or null.</summary>
    public long? Handle { get; init; }

    /// <summary>The rule as the node has it; "policy DROP" for a policy.</summary>
    public required string Text { get; init; }

    /// <inheritdoc />
    public override string ToString() => Text;
}

/// <summary>One thing that happened to a packet.</summary>
public sealed record TraceStep
{
    public PacketDirection Direction { get; init; }
    public string Namespace { get; init; } = "";
    public string Device { get; init; } = "";

    /// <summary>guest, tap, bridge, netfilter, conntrack, routing, neighbour, openflow, veth, device, upstream.</summary>
    public required string Layer { get; init; }

    /// <summary>What happened, in a few words.</summary>
    public required string Action { get; init; }

    /// <summary>The rule, flow, route or setting that did it, as the node has it.</summary>
    public string? Rule { get; init; }

    /// <summary>The packet after the step.</summary>
    public PacketHeader? Packet { get; init; }

    /// <summary>Depth for display: 0 is a device, 1 what happens there, 2 inside a chain or table.</summary>
    public int Depth { get; init; }

    /// <summary>The packet died here, or what happens next is not known.</summary>
    public bool Fatal { get; init; }

    /// <inheritdoc />
    public override string ToString() => Rule is null ? $"{Device} {Layer}: {Action}" : $"{Device} {Layer}: {Action}: {Rule}";
}

/// <summary>A packet's way through a node.</summary>
public sealed class PacketTrace : NodeItem
{
    public string? Instance { get; init; }
    public string? InstanceId { get; init; }

    /// <summary>Set when the trace answers for an instance, both ways.</summary>
    public Verdict? Verdict { get; init; }
    public PacketFate Fate { get; init; }
    public PacketReason Reason { get; init; }
    public string? OutputDevice { get; init; }
    public string? OutputNamespace { get; init; }

    /// <summary>As it left (or as it was when it died).</summary>
    public PacketHeader? Packet { get; init; }
    public PacketOutput[] Outputs { get; init; } = [];
    public TraceRule? Rule { get; init; }
    public TraceStep[] Steps { get; init; } = [];

    /// <summary>The line that is not modelled or the source that was not read.</summary>
    public string? UnknownBecause { get; init; }

    /// <summary>What the walk left behind: connection tracking, NAT, FDB.</summary>
    internal object? State { get; init; }
}

/// <summary>Common part of <see cref="EgressResult"/> and <see cref="IngressResult"/>.</summary>
public abstract class ConnectivityResult : NodeItem
{
    public required string Instance { get; init; }
    public string? InstanceId { get; init; }
    public IPAddress? SourceAddress { get; init; }
    public IPAddress? Destination { get; init; }
    public required string Protocol { get; init; }
    public int? DestinationPort { get; init; }
    public required Verdict Verdict { get; init; }

    /// <summary>Where it died or became unknown; null on Pass.</summary>
    public PacketDirection? Direction { get; init; }
    public string? Device { get; init; }
    public string? Namespace { get; init; }

    /// <summary>Id of the cause catalogue, e.g. SN701.</summary>
    public string? CauseId { get; init; }
    public string? Cause { get; init; }

    /// <summary>Quoted from the node.</summary>
    public string? Evidence { get; init; }

    /// <summary>What would mend it, in words.</summary>
    public string? Repair { get; init; }

    /// <summary>Causes that lie further on the path: mending this one alone would not help.</summary>
    public string[] WouldAlsoFailAt { get; init; } = [];
    public InstancePath? Path { get; init; }
    public PacketTrace? Trace { get; init; }

    /// <summary>Walk: computed from what was read.</summary>
    public string Method { get; init; } = "Walk";

    /// <summary>What the Unknown hangs on.</summary>
    public string? UnknownBecause { get; init; }
}

/// <summary>Can an instance reach a destination, and does the reply come back.</summary>
public sealed class EgressResult : ConnectivityResult
{
    /// <inheritdoc />
    public override string ToString() =>
        $"{Instance} {SourceAddress} > {Destination} {Protocol}: {Verdict}{(CauseId is null ? "" : $" ({CauseId})")}";
}

/// <summary>Can somebody else reach an instance, and does its answer get back.</summary>
public sealed class IngressResult : ConnectivityResult
{
    /// <inheritdoc />
    public override string ToString() =>
        $"{SourceAddress} > {Instance} {Destination} {Protocol}: {Verdict}{(CauseId is null ? "" : $" ({CauseId})")}";
}
