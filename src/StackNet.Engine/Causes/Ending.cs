using StackNet.Engine.Walk;

namespace StackNet.Engine.Causes;

/// <summary>Where a conversation stopped: it died for a known reason, or what follows is not known.</summary>
internal sealed record Ending
{
    public required PacketDirection Direction { get; init; }
    public required Verdict Verdict { get; init; }
    public string Device { get; init; } = "";
    public string Namespace { get; init; } = "";

    /// <summary>What decides the Unknown.</summary>
    public string? Unknown { get; init; }

    /// <summary>The walk that ended it.</summary>
    public WalkOutcome? Outcome { get; init; }

    /// <summary>The copy that tells why.</summary>
    public WalkDrop? Drop { get; init; }

    /// <summary>What the packet was for.</summary>
    public Purpose Purpose { get; init; }

    /// <summary>The packet as it died, or the one that got no answer.</summary>
    public Packet? Packet { get; init; }

    /// <summary>Cause found without a drop (a check beside the walk); null: the catalogue chooses by the drop.</summary>
    public string? CauseId { get; init; }
    public string? Evidence { get; init; }

    public static Ending NotKnown(PacketDirection direction, string why, string device = "", string ns = "") =>
        new()
        {
            Direction = direction,
            Verdict = Verdict.Unknown,
            Unknown = why,
            Device = device,
            Namespace = ns,
        };

    public static Ending Dead(PacketDirection direction, string causeId, string evidence, string device, string ns = "") =>
        new()
        {
            Direction = direction,
            Verdict = Verdict.Fail,
            CauseId = causeId,
            Evidence = evidence,
            Device = device,
            Namespace = ns,
        };
}

/// <summary>What a packet of the conversation was for.</summary>
internal enum Purpose
{
    /// <summary>The packet itself.</summary>
    Data,

    /// <summary>The guest asks for the MAC of its next hop.</summary>
    GuestArp,

    /// <summary>The outside asks for the MAC of the address that a packet is for.</summary>
    UpstreamArp,

    /// <summary>A packet left with a source that the outside has no way to.</summary>
    NoWayBack,
}
