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

    /// <summary>A firewall rule or policy drops it.</summary>
    RuleDrop,

    /// <summary>A firewall rule rejects it with an answer.</summary>
    RuleReject,

    /// <summary>No route matches.</summary>
    NoRoute,

    /// <summary>A blackhole route.</summary>
    Blackhole,

    /// <summary>An unreachable route.</summary>
    Unreachable,

    /// <summary>A prohibit route or rule.</summary>
    Prohibit,

    /// <summary>The reverse path filter (rp_filter).</summary>
    ReversePath,

    /// <summary>The namespace or the input device does not forward.</summary>
    ForwardingOff,

    /// <summary>A source or destination that may not be there.</summary>
    Martian,

    /// <summary>A device on the way is down.</summary>
    PortDown,

    /// <summary>A bridge port does not forward.</summary>
    PortBlocked,

    /// <summary>The port does not carry the frame's VLAN.</summary>
    VlanMismatch,

    /// <summary>Nobody answers for the next hop.</summary>
    NoNeighbour,

    /// <summary>Longer than the MTU and not to be fragmented.</summary>
    TooBig,

    /// <summary>Time to live ran out.</summary>
    TtlExpired,

    /// <summary>Nobody there has that address.</summary>
    NotForUs,

    /// <summary>A flow drops it.</summary>
    FlowDrop,

    /// <summary>No flow matches.</summary>
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
    /// <summary>Source address.</summary>
    public IPAddress? SourceAddress { get; init; }

    /// <summary>Destination address.</summary>
    public IPAddress? DestinationAddress { get; init; }

    /// <summary>Icmp, Tcp, Udp, Arp, Icmpv6 or a number.</summary>
    public string Protocol { get; init; } = "";

    /// <summary>Source port.</summary>
    public int? SourcePort { get; init; }

    /// <summary>Destination port.</summary>
    public int? DestinationPort { get; init; }

    /// <summary>TCP flags as letters: S, SA, A, R ….</summary>
    public string? TcpFlags { get; init; }

    /// <summary>ICMP type.</summary>
    public int? IcmpType { get; init; }

    /// <summary>ICMP code.</summary>
    public int? IcmpCode { get; init; }

    /// <summary>Identifier of an echo.</summary>
    public int? IcmpId { get; init; }

    /// <summary>Source MAC.</summary>
    public string? SourceMac { get; init; }

    /// <summary>Destination MAC.</summary>
    public string? DestinationMac { get; init; }

    /// <summary>Outermost VLAN id, null = untagged.</summary>
    public int? VlanId { get; init; }

    /// <summary>Time to live.</summary>
    public int? Ttl { get; init; }

    /// <summary>Type of service byte.</summary>
    public int? Tos { get; init; }

    /// <summary>Length of the IP packet in bytes.</summary>
    public int? Length { get; init; }

    /// <summary>Must not be fragmented.</summary>
    public bool DontFragment { get; init; }

    /// <summary>skb mark.</summary>
    public uint Mark { get; init; }

    /// <summary>Maximum segment size that a TCP SYN announces, null = no such option.</summary>
    public int? TcpMss { get; init; }

    /// <summary>The packet that an ICMP error quotes.</summary>
    public PacketHeader? Inner { get; init; }

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
    /// <summary>Name of the device.</summary>
    public string Device { get; init; } = "";

    /// <summary>Network namespace; "" is the root one.</summary>
    public string Namespace { get; init; } = "";

    /// <summary>Bridge it left by, if any.</summary>
    public string? Bridge { get; init; }

    /// <summary>Port of the bridge.</summary>
    public string? Port { get; init; }

    /// <summary>VLAN id it leaves with.</summary>
    public int? VlanId { get; init; }

    /// <summary>Tunnel key, when it left in a tunnel.</summary>
    public long? TunnelId { get; init; }

    /// <summary>Far end of a tunnel.</summary>
    public IPAddress? RemoteAddress { get; init; }

    /// <summary>The packet's header.</summary>
    public required PacketHeader Packet { get; init; }
}

/// <summary>The rule that decided.</summary>
public sealed record TraceRule
{
    /// <summary>iptables-legacy, iptables-nft, ip, ip6, inet, bridge, openflow ….</summary>
    public required string Family { get; init; }

    /// <summary>Table it stands in.</summary>
    public string Table { get; init; } = "";

    /// <summary>Chain (or table of flows) it stands in.</summary>
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
    /// <summary>Which way.</summary>
    public PacketDirection Direction { get; init; }

    /// <summary>Network namespace; "" is the root one.</summary>
    public string Namespace { get; init; } = "";

    /// <summary>Name of the device.</summary>
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
    /// <summary>Name of the instance, if one is known.</summary>
    public string? Instance { get; init; }

    /// <summary>nova uuid of the instance, if known.</summary>
    public string? InstanceId { get; init; }

    /// <summary>Set when the trace answers for an instance, both ways.</summary>
    public Verdict? Verdict { get; init; }

    /// <summary>Device it came in by; null when the node itself sent it.</summary>
    public string? InputDevice { get; init; }

    /// <summary>Namespace in which it began; "" is the root one.</summary>
    public string? InputNamespace { get; init; }

    /// <summary>The packet as it was sent, with everything that was left out filled in.</summary>
    public PacketHeader? Sent { get; init; }

    /// <summary>What became of it.</summary>
    public PacketFate Fate { get; init; }

    /// <summary>Why it did not go on.</summary>
    public PacketReason Reason { get; init; }

    /// <summary>Device it leaves by.</summary>
    public string? OutputDevice { get; init; }

    /// <summary>Namespace of the device it left by.</summary>
    public string? OutputNamespace { get; init; }

    /// <summary>As it left (or as it was when it died).</summary>
    public PacketHeader? Packet { get; init; }

    /// <summary>Every copy that left.</summary>
    public PacketOutput[] Outputs { get; init; } = [];

    /// <summary>The copies that the node's own sockets got, with the device by which the IP stack saw them.</summary>
    public PacketOutput[] Delivered { get; init; } = [];

    /// <summary>What the node itself sent because of it, as it left: echo replies, resets, ICMP errors, the answers of REJECT.</summary>
    public PacketOutput[] Answers { get; init; } = [];

    /// <summary>The rule that decided.</summary>
    public TraceRule? Rule { get; init; }

    /// <summary>What happened, step by step.</summary>
    public TraceStep[] Steps { get; init; } = [];

    /// <summary>The line that is not modelled or the source that was not read.</summary>
    public string? UnknownBecause { get; init; }

    /// <summary>What the walk left behind: connection tracking, NAT, FDB.</summary>
    internal object? State { get; init; }

    /// <inheritdoc />
    public override string ToString() =>
        string.Join(' ', new[] { Instance, Packet?.ToString(), (Verdict ?? (object)Fate).ToString() }.OfType<string>());
}

/// <summary>Common part of <see cref="EgressResult"/> and <see cref="IngressResult"/>.</summary>
public abstract class ConnectivityResult : NodeItem
{
    /// <summary>Name of the instance, if one is known.</summary>
    public required string Instance { get; init; }

    /// <summary>nova uuid of the instance, if known.</summary>
    public string? InstanceId { get; init; }

    /// <summary>Source address.</summary>
    public IPAddress? SourceAddress { get; init; }

    /// <summary>Destination.</summary>
    public IPAddress? Destination { get; init; }

    /// <summary>Protocol.</summary>
    public required string Protocol { get; init; }

    /// <summary>Destination port.</summary>
    public int? DestinationPort { get; init; }

    /// <summary>Can it get there and the answer come back.</summary>
    public required Verdict Verdict { get; init; }

    /// <summary>Where it died or became unknown; null on Pass.</summary>
    public PacketDirection? Direction { get; init; }

    /// <summary>Name of the device.</summary>
    public string? Device { get; init; }

    /// <summary>Network namespace; "" is the root one.</summary>
    public string? Namespace { get; init; }

    /// <summary>Id of the cause catalogue, e.g. SN701.</summary>
    public string? CauseId { get; init; }

    /// <summary>Title of the cause.</summary>
    public string? Cause { get; init; }

    /// <summary>Quoted from the node.</summary>
    public string? Evidence { get; init; }

    /// <summary>What would mend it, in words.</summary>
    public string? Repair { get; init; }

    /// <summary>Causes that lie further on the path: mending this one alone would not help.</summary>
    public string[] WouldAlsoFailAt => LaterCauses?.Value ?? [];

    /// <summary>What finds <see cref="WouldAlsoFailAt"/>.</summary>
    internal Lazy<string[]>? LaterCauses { get; init; }

    /// <summary>The devices on the way; found when they are first looked at.</summary>
    public InstancePath? Path => LatePath?.Value;

    /// <summary>What finds <see cref="Path"/>.</summary>
    internal Lazy<InstancePath?>? LatePath { get; init; }

    /// <summary>The walk, step by step; made when it is first looked at.</summary>
    public PacketTrace? Trace => LateTrace?.Value;

    /// <summary>What makes <see cref="Trace"/>; null when no trace was asked for.</summary>
    internal Lazy<PacketTrace?>? LateTrace { get; init; }

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
