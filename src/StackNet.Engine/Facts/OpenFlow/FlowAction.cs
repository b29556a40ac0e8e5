using System.Collections.Immutable;

namespace StackNet.Engine.Facts.OpenFlow;

/// <summary>One action or instruction of a flow (ovs-actions(7)).</summary>
internal abstract record FlowAction
{
    /// <summary>As printed.</summary>
    public string Text { get; init; } = "";

    public sealed override string ToString() => Text;
}

/// <summary>Not understood: what happens is not known when it is reached.</summary>
internal sealed record UnknownAction : FlowAction;

/// <summary>Known, and without influence on where the packet goes: note, sample, meter, fin_timeout ….</summary>
internal sealed record HarmlessAction : FlowAction;

/// <summary>A port number, reserved ones (NORMAL, FLOOD, LOCAL …) included.</summary>
internal sealed record OutputAction(ushort Port) : FlowAction
{
    /// <summary>output(port=…,max_len=…): cut to this many bytes.</summary>
    public int? Truncate { get; init; }
}

/// <summary>output:FIELD[…].</summary>
internal sealed record OutputFieldAction(FlowSubfield Source) : FlowAction;

/// <summary>enqueue: output with a queue.</summary>
internal sealed record EnqueueAction(ushort Port, uint Queue) : FlowAction;

/// <summary>set_queue, or pop_queue when there is no number.</summary>
internal sealed record QueueAction(uint? Queue) : FlowAction;

/// <summary>controller(…): a copy goes to the controller; with pause the packet waits there.</summary>
internal sealed record ControllerAction(bool Pause) : FlowAction;

internal sealed record GroupAction(uint Group) : FlowAction;

/// <summary>set_field, load, mod_dl_src, mod_nw_dst ….</summary>
internal sealed record SetFieldAction(FlowSubfield Target, UInt128 Value, UInt128 Mask) : FlowAction;

internal sealed record MoveAction(FlowSubfield Source, FlowSubfield Target) : FlowAction;

internal sealed record PushAction(FlowSubfield Source) : FlowAction;

internal sealed record PopAction(FlowSubfield Target) : FlowAction;

/// <summary>mod_vlan_vid pushes a tag when there is none, OpenFlow 1.1's set_vlan_vid does nothing then.</summary>
internal sealed record SetVlanIdAction(ushort Id, bool PushIfNeeded) : FlowAction;

internal sealed record SetVlanPriorityAction(byte Priority, bool PushIfNeeded) : FlowAction;

internal sealed record StripVlanAction : FlowAction;

internal sealed record PushVlanAction(ushort EtherType) : FlowAction;

/// <summary>mod_tp_src, mod_tp_dst: whatever the transport protocol is.</summary>
internal sealed record SetPortAction(bool Source, ushort Port) : FlowAction;

internal sealed record DecrementTtlAction : FlowAction;

/// <summary>push_mpls, pop_mpls, set_mpls_*, dec_mpls_ttl, dec_nsh_ttl: no effect on packets that are neither.</summary>
internal sealed record LabelAction(ushort? Push, bool Pop) : FlowAction;

/// <summary>resubmit: look up again, then go on.</summary>
/// <param name="Port">The port the lookup pretends, null = as it is.</param>
/// <param name="Table">null = the table where the flow is.</param>
/// <param name="WithOriginal">Look up with the connection's original tuple ("ct").</param>
internal sealed record ResubmitAction(ushort? Port, byte? Table, bool WithOriginal) : FlowAction;

internal sealed record GotoTableAction(byte Table) : FlowAction;

internal sealed record WriteMetadataAction(ulong Value, ulong Mask) : FlowAction;

internal sealed record WriteActionsAction(ImmutableArray<FlowAction> Actions) : FlowAction;

internal sealed record ClearActionsAction : FlowAction;

internal sealed record CloneAction(ImmutableArray<FlowAction> Actions) : FlowAction;

internal sealed record ConjunctionAction(uint Id, int Clause, int Clauses) : FlowAction;

internal sealed record CtAction : FlowAction
{
    public bool Commit { get; init; }
    public bool Force { get; init; }
    public ushort Zone { get; init; }
    public FlowSubfield? ZoneSource { get; init; }
    public byte? Table { get; init; }
    public NatAction? Nat { get; init; }
    public string? Helper { get; init; }

    /// <summary>Actions on ct_mark and ct_label.</summary>
    public ImmutableArray<FlowAction> Execute { get; init; } = [];
}

/// <summary>nat, nat(src=…), nat(dst=…).</summary>
internal sealed record NatAction(bool Source, bool Destination) : FlowAction
{
    public Ip? First { get; init; }
    public Ip? Last { get; init; }
    public ushort FirstPort { get; init; }
    public ushort LastPort { get; init; }
    public bool Random { get; init; }
}

internal sealed record CtClearAction : FlowAction;

internal sealed record ExitAction : FlowAction;

internal sealed record DeleteFieldAction(FlowField Field) : FlowAction;

internal sealed record CheckPacketLargerAction(int Length, FlowSubfield Target) : FlowAction;

/// <summary>multipath, bundle, bundle_load: a hash chooses.</summary>
/// <param name="Target">Field that takes the result; null = output at once.</param>
/// <param name="Ports">Ports to choose from (bundle).</param>
/// <param name="Links">Number of links (multipath).</param>
/// <param name="ActiveBackup">The first port that is alive, no hash.</param>
internal sealed record HashAction(FlowSubfield? Target, ImmutableArray<ushort> Ports, int Links, bool ActiveBackup) : FlowAction;

internal sealed record LearnAction : FlowAction
{
    public byte Table { get; init; }
    public int Priority { get; init; } = 32768;
    public ImmutableArray<LearnSpec> Specs { get; init; } = [];

    /// <summary>Field that takes 1 when the flow was added (a limit makes that uncertain).</summary>
    public FlowSubfield? Result { get; init; }
    public int Limit { get; init; }

    /// <summary>Parts that are not understood.</summary>
    public ImmutableArray<string> Unknown { get; init; } = [];
}

/// <summary>One part of a learned flow.</summary>
/// <param name="Kind">match, load or output.</param>
/// <param name="Target">Field of the new flow.</param>
/// <param name="Source">Field of the packet, or null when <paramref name="Value"/> counts.</param>
/// <param name="Value">A constant.</param>
internal sealed record LearnSpec(LearnKind Kind, FlowSubfield Target, FlowSubfield? Source, UInt128 Value);

internal enum LearnKind
{
    Match,
    Load,
    Output,
}
