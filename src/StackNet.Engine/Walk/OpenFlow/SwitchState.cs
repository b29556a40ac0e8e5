using System.Collections.Immutable;
using StackNet.Engine.Facts;
using StackNet.Engine.Facts.OpenFlow;

namespace StackNet.Engine.Walk.OpenFlow;

/// <summary>What packets of a walk have left in the switch: learned addresses, learned flows, connections. A copy costs nothing.</summary>
internal sealed class SwitchState
{
    /// <summary>Port (bundle) name by bridge, VLAN and address, on top of what the node had learned.</summary>
    public ImmutableDictionary<(string Bridge, int Vlan, Mac Mac), string> Learned { get; set; } =
        ImmutableDictionary<(string Bridge, int Vlan, Mac Mac), string>.Empty;

    /// <summary>Flows made by learn() actions.</summary>
    public ImmutableDictionary<(string Bridge, byte Table), ImmutableList<Flow>> LearnedFlows { get; set; } =
        ImmutableDictionary<(string Bridge, byte Table), ImmutableList<Flow>>.Empty;

    /// <summary>The switch's own conntrack; null until the first packet, then loaded from the node.</summary>
    public SwitchConntrack? Conntrack { get; set; }

    public SwitchState Clone() =>
        new()
        {
            Learned = Learned,
            LearnedFlows = LearnedFlows,
            Conntrack = Conntrack?.Clone(),
        };
}

/// <summary>What may be told beside the packet.</summary>
internal sealed record SwitchOptions
{
    /// <summary>
    /// States that successive ct(table=…) lookups answer, as ofproto/trace's --ct-next takes them; then connection tracking is not
    /// consulted and NAT is not done, except that a range's first address is assumed after recirculation. An exhausted list means "trk,new".
    /// </summary>
    public IReadOnlyList<uint>? CtNext { get; init; }

    /// <summary>Fields that are no part of the packet: tunnel metadata, registers, ct_state … (as in a flow given to ofproto/trace).</summary>
    public FlowKey? Metadata { get; init; }
}
