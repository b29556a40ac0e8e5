using StackNet.Engine.Facts;

namespace StackNet.Engine.Walk;

/// <summary>Where a copy of the packet ended up.</summary>
internal enum WalkOutputKind
{
    /// <summary>Out of a tap (or macvtap): the guest's network card gets it.</summary>
    Guest,

    /// <summary>Out of a device whose far end is not on this node.</summary>
    Wire,

    /// <summary>The node's own sockets got it.</summary>
    LocalSocket,

    /// <summary>Into a tunnel towards another node (Open vSwitch tunnel port or vxlan device).</summary>
    Tunnel,
}

/// <summary>One copy that arrived somewhere.</summary>
internal sealed record WalkOutput
{
    public required WalkOutputKind Kind { get; init; }
    public required string Namespace { get; init; }

    /// <summary>Device it left by; for a socket the device it came in by as the IP stack saw it (the bridge, not its port).</summary>
    public required string Device { get; init; }

    /// <summary>As it left; for a socket after all translation.</summary>
    public required Packet Packet { get; init; }

    /// <summary>It was routed on its way (TTL lowered), not only bridged.</summary>
    public bool Routed { get; init; }

    /// <summary>Open vSwitch bridge and port it left by, when it was one.</summary>
    public string? Bridge { get; init; }
    public string? Port { get; init; }
    public ulong? TunnelId { get; init; }
    public Ip? TunnelRemote { get; init; }
    public Ip? TunnelLocal { get; init; }
}

/// <summary>A copy that died, and where.</summary>
internal sealed record WalkDrop
{
    public required PacketReason Reason { get; init; }
    public required string Namespace { get; init; }
    public required string Device { get; init; }
    public TraceRule? Rule { get; init; }

    /// <summary>What decided, quoted from the node: a setting, a route, a flag.</summary>
    public string? Because { get; init; }

    /// <summary>The packet as it was then.</summary>
    public required Packet Packet { get; init; }

    /// <summary>A copy that a bridge or switch made because it did not know the way: its death says little when other copies lived.</summary>
    public bool IsFloodCopy { get; init; }

    /// <summary>Devices it had passed: of many dead copies the one that came furthest tells most.</summary>
    public int Hops { get; init; }

    /// <summary>Its line in <see cref="WalkOutcome.Steps"/>, -1 without a trace.</summary>
    public int StepIndex { get; init; } = -1;

    /// <summary>What the neighbour solicitation met, when <see cref="Reason"/> is NoNeighbour.</summary>
    public WalkOutcome? Resolution { get; init; }
}

/// <summary>What a packet that the node sends because of another one is.</summary>
internal enum EmittedKind
{
    ArpReply,
    EchoReply,
    TcpReset,

    /// <summary>Answer of a listening service to a SYN.</summary>
    TcpSynAck,
    IcmpError,

    /// <summary>Answer of a REJECT rule.</summary>
    Reject,
}

/// <summary>A packet that the node itself sends because of the one that was walked. It has not been carried on yet (except ARP replies, which have been).</summary>
internal sealed record EmittedPacket
{
    public required EmittedKind Kind { get; init; }
    public required string Namespace { get; init; }

    /// <summary>Device on which the cause was met.</summary>
    public required string Device { get; init; }
    public required Packet Packet { get; init; }

    /// <summary>True when it is only sent if no service of the node listens, which was not read.</summary>
    public bool IfNobodyListens { get; init; }

    /// <summary>Sent by a rule on a bridged frame: it goes out of <see cref="Device"/> as it is, not through routing.</summary>
    public bool OutOfDevice { get; init; }
}

/// <summary>What became of one packet on one node.</summary>
internal sealed class WalkOutcome
{
    public PacketFate Fate { get; set; }

    /// <summary>Of the drop that tells most, when nothing got through.</summary>
    public PacketReason Reason { get; set; }

    /// <summary>Where it died, became unknown, or (otherwise) left.</summary>
    public string Device { get; set; } = "";
    public string Namespace { get; set; } = "";
    public TraceRule? Rule { get; set; }

    /// <summary>What decided, quoted from the node.</summary>
    public string? Because { get; set; }

    /// <summary>
    /// Why a copy could not be followed to its end: the line that is not modelled or the source that was not read. It may stand
    /// beside outputs: when the copy one looks for is not among them, the answer is not known.
    /// </summary>
    public string? Unknown { get; set; }

    /// <summary>Whether a rule answered the packet that it stopped is not known.</summary>
    public bool IsAnswerUnknown { get; set; }

    /// <summary>The packet as it died or as its first copy left.</summary>
    public Packet? Packet { get; set; }
    public List<WalkOutput> Outputs { get; } = [];
    public List<EmittedPacket> Emitted { get; } = [];
    public List<WalkDrop> Drops { get; } = [];
    public List<TraceStep> Steps { get; } = [];

    /// <summary>The drop that <see cref="Reason"/> is about.</summary>
    public WalkDrop? Drop { get; set; }

    /// <summary>A copy was answered by the node itself and the original ended there (ARP, echo to a local address count as Delivered).</summary>
    public bool Delivered => Outputs.Exists(o => o.Kind == WalkOutputKind.LocalSocket);
}
