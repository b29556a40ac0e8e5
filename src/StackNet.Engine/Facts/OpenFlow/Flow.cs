using System.Collections.Immutable;

namespace StackNet.Engine.Facts.OpenFlow;

/// <summary>A flow of a table.</summary>
internal sealed class Flow
{
    public byte Table { get; init; }
    public int Priority { get; init; } = 32768;
    public ulong Cookie { get; init; }
    public long? Packets { get; init; }
    public FlowMatch Match { get; init; } = FlowMatch.Any;
    public ImmutableArray<FlowAction> Actions { get; init; } = [];

    /// <summary>Its conjunction() actions: then it is only a part of a match (ovs-fields(7)).</summary>
    public ImmutableArray<ConjunctionAction> Conjunctions { get; init; } = [];

    /// <summary>The line as ovs-ofctl printed it.</summary>
    public required string Text { get; init; }

    /// <summary>True when the line could not be taken apart at all.</summary>
    public bool Broken { get; init; }

    public override string ToString() => Text;
}

/// <summary>A group (ovs-ofctl dump-groups).</summary>
internal sealed record FlowGroup
{
    public uint Id { get; init; }

    /// <summary>all, select, indirect, ff, or as printed.</summary>
    public string Type { get; init; } = "";

    /// <summary>hash, dp_hash, or "" for the default.</summary>
    public string SelectionMethod { get; init; } = "";
    public ImmutableArray<FlowBucket> Buckets { get; init; } = [];
    public required string Text { get; init; }
}

/// <summary>A bucket of a group.</summary>
internal sealed record FlowBucket
{
    public int Weight { get; init; } = 1;
    public ushort? WatchPort { get; init; }
    public uint? WatchGroup { get; init; }

    /// <summary>False when a part was not understood.</summary>
    public bool Understood { get; init; } = true;
    public ImmutableArray<FlowAction> Actions { get; init; } = [];
}
