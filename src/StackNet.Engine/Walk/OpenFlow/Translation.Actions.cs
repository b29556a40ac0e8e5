using System.Collections.Immutable;
using StackNet.Engine.Facts.OpenFlow;

namespace StackNet.Engine.Walk.OpenFlow;

// do_xlate_actions: one action after the other.
internal sealed partial class Translation
{
    private void Execute(ReadOnlySpan<FlowAction> actions)
    {
        foreach (FlowAction action in actions)
        {
            if (_failed || _exit || _unknown is not null)
                return;
            if (!Execute(action))
                return;
        }
    }

    /// <summary>False when the rest of this list is not done.</summary>
    private bool Execute(FlowAction action)
    {
        switch (action)
        {
            case OutputAction output:
                Output(output);
                break;
            case OutputFieldAction output:
                UInt128 number = output.Source.Read(_flow);
                if (number <= ushort.MaxValue)
                    OutputTo((ushort)number, action);
                else
                    Die(4, PacketReason.NoPort, Rule(), port: null);
                break;
            case EnqueueAction enqueue:
                ulong priorities = _flow[FlowKey.Hash];
                SetPriority(Priority(enqueue.Queue));
                if (enqueue.Port == OpenFlowPorts.InPort)
                    Compose(_flow.InPort);
                else if (enqueue.Port != _flow.InPort)
                    Compose(enqueue.Port);
                _flow[FlowKey.Hash] = priorities;
                break;
            case QueueAction queue:
                SetPriority(queue.Queue is { } chosen ? Priority(chosen) : (uint)(_arrived[FlowKey.Hash] >> 32));
                break;
            case ControllerAction controller:
                _controller = true;
                Step("controller", "to the controller", action.Text);
                // A paused packet waits for the controller's answer, which nobody can read off a node.
                if (controller.Pause)
                    _exit = true;
                break;
            case ResubmitAction resubmit:
                if (resubmit.WithOriginal && (!_flow.IsIp || (byte)(_flow[FlowKey.CtTuple] >> 40) == 0))
                    break;
                EnterTable(resubmit.Port ?? _flow.InPort, resubmit.Table ?? _table, withOriginal: resubmit.WithOriginal);
                break;
            case GotoTableAction go:
                EnterTable(_flow.InPort, go.Table);
                break;
            case GroupAction group:
                return ExecuteGroup(group);
            case CtAction ct:
                ExecuteCt(ct);
                break;
            case CtClearAction:
                if (_conntracked)
                {
                    _conntracked = false;
                    _flow.ClearConntrack();
                    _metadata = CtMetadata.None;
                }
                break;
            case WriteMetadataAction write:
                _flow[FlowKey.Metadata] = (_flow[FlowKey.Metadata] & ~write.Mask) | (write.Value & write.Mask);
                break;
            case WriteActionsAction write:
                WriteActions(write.Actions);
                break;
            case ClearActionsAction:
                _actionSet = [];
                _actionSetHasGroup = false;
                _flow.ActsetOutput = OpenFlowPorts.Unset;
                break;
            case CloneAction clone:
                // The copy inherits stack and action set, and does the set at its end; an exit in it ends the original too.
                Isolated(
                    inherits: true,
                    () =>
                    {
                        Execute(clone.Actions.AsSpan());
                        ExecuteActionSet();
                    }
                );
                break;
            case LearnAction learn:
                Learn(learn);
                break;
            case CheckPacketLargerAction check:
                // dp_packet_size: the frame with its Ethernet header and tags.
                Packet now = Current();
                int size = now.Length + 14 + (4 * now.Vlans.Count);
                check.Target.Write(_flow, size > check.Length ? 1u : 0u);
                break;
            case HashAction hash:
                ExecuteHash(hash);
                break;
            case DecrementTtlAction:
                return DecrementTtl();
            case ExitAction:
                _exit = true;
                break;
            case UnknownAction:
                _unknown = $"action '{action.Text}' of flow: {_rule?.Text}";
                break;
            default:
                ChangeHeader(action);
                break;
        }
        return true;
    }

    private void ChangeHeader(FlowAction action)
    {
        switch (action)
        {
            case SetFieldAction set:
                // A field the packet does not have is not set.
                if (set.Target.Field.IsIn(_flow))
                    _flow.Set(set.Target.Field, set.Target.Low, set.Target.Bits, set.Value, set.Mask);
                break;
            case MoveAction move:
                if (move.Source.Field.IsIn(_flow) && move.Target.Field.IsIn(_flow))
                    move.Target.Write(_flow, move.Source.Read(_flow));
                break;
            case PushAction push:
                if (_stack.Count < 4096)
                    _stack.Add(push.Source.Read(_flow));
                break;
            case PopAction pop:
                if (_stack.Count > 0)
                {
                    if (pop.Target.Field.IsIn(_flow))
                        pop.Target.Write(_flow, _stack[^1]);
                    _stack.RemoveAt(_stack.Count - 1);
                }
                break;
            case SetVlanIdAction vlan:
                if (_flow.HasVlan || vlan.PushIfNeeded)
                    SetTci((ushort)((_flow.Tci(0) & ~0xfff) | vlan.Id | 0x1000));
                break;
            case SetVlanPriorityAction priority:
                if (_flow.HasVlan || priority.PushIfNeeded)
                    SetTci((ushort)((_flow.Tci(0) & 0x1fff) | (priority.Priority << 13) | 0x1000));
                break;
            case StripVlanAction:
                if (_flow.HasVlan)
                    _flow.PopVlan();
                break;
            case PushVlanAction push:
                _flow.PushVlan(push.EtherType);
                break;
            case SetPortAction port:
                if (_flow.IsIp && (_flow.Fragment & 2) == 0)
                {
                    if (port.Source)
                        _flow.TransportSource = port.Port;
                    else
                        _flow.TransportDestination = port.Port;
                }
                break;
            case LabelAction label:
                if (label.Push is not null || _flow.EthType is 0x8847 or 0x8848 or 0x894f)
                    _unknown = $"action '{action.Text}' of flow: {_rule?.Text}";
                break;
            case DeleteFieldAction delete:
                _flow.Set(delete.Field, 0);
                break;
        }
    }

    private void SetPriority(uint priority) => _flow[FlowKey.Hash] = (uint)_flow[FlowKey.Hash] | ((ulong)priority << 32);

    // The userspace datapath numbers priorities as queues, the kernel's as classes of HTB (TC_H_MAKE(1 << 16, queue + 1)).
    private uint Priority(uint queue) => _bridge.IsUserspace ? queue : 0x10000 | (queue + 1);

    private void SetTci(ushort tci)
    {
        if (_flow.Tpid(0) == 0)
            _flow.SetTpid(0, EtherTypes.Vlan);
        _flow.SetTci(0, tci);
    }

    private bool DecrementTtl()
    {
        if (!_flow.IsIp)
            return true;
        if (_flow.Ttl > 1)
        {
            _flow.Ttl--;
            return true;
        }
        // The controller hears of it; the rest of this list is not done.
        Die(4, PacketReason.TtlExpired, Rule(), port: null);
        _controller = true;
        return false;
    }

    private void WriteActions(ImmutableArray<FlowAction> actions)
    {
        if (!_actionSetHasGroup)
        {
            foreach (FlowAction action in actions)
            {
                if (action is OutputAction output)
                {
                    _flow.ActsetOutput = output.Port;
                }
                else if (action is GroupAction)
                {
                    _flow.ActsetOutput = OpenFlowPorts.Unset;
                    _actionSetHasGroup = true;
                    break;
                }
            }
        }
        _actionSet.AddRange(actions);
    }

    private void ExecuteActionSet()
    {
        if (_actionSet.Count == 0)
            return;
        List<FlowAction> set = Order(_actionSet);
        _actionSet = [];
        if (set.Count == 0)
            return;
        Step("set", "action set", string.Join(',', set.Select(action => action.Text)));
        foreach (FlowAction action in set)
        {
            if (_failed || _exit || _unknown is not null || !Execute(action))
                return;
        }
    }

    /// <summary>ofpacts_execute_action_set: one action of a kind, in OpenFlow's order, and only when one of them sends it somewhere.</summary>
    private static List<FlowAction> Order(IReadOnlyList<FlowAction> set)
    {
        FlowAction?[] slots = new FlowAction?[6];
        List<FlowAction> changes = [];
        FlowAction? final = null;
        int finalRank = -1;
        foreach (FlowAction action in set)
        {
            int rank = action switch
            {
                CtAction => 0,
                CtClearAction => 1,
                ResubmitAction => 2,
                OutputAction or ControllerAction { Pause: false } => 3,
                GroupAction => 4,
                _ => -1,
            };
            if (rank >= 0)
            {
                if (rank >= finalRank)
                    (final, finalRank) = (action, rank);
                continue;
            }
            int slot = action switch
            {
                StripVlanAction => 0,
                LabelAction { Pop: true } => 1,
                LabelAction { Push: not null } => 2,
                PushVlanAction => 3,
                DecrementTtlAction => 4,
                _ => -1,
            };
            if (slot >= 0)
                slots[slot] = action;
            else if (
                action
                is SetFieldAction
                    or MoveAction
                    or SetVlanIdAction
                    or SetVlanPriorityAction
                    or SetPortAction
                    or LabelAction
                    or HarmlessAction
                    or QueueAction
                    or UnknownAction
            )
                changes.Add(action);
        }
        return final is null ? [] : [.. slots.OfType<FlowAction>(), .. changes, final];
    }

    /// <summary>Does something with a copy of the packet: afterwards everything is as before, except for what has left.</summary>
    private void Isolated(bool inherits, Action body)
    {
        Packet packet = _packet;
        FlowKey flow = _flow;
        FlowKey believed = _base;
        CtMetadata metadata = _metadata;
        List<FlowAction> set = _actionSet;
        bool hasGroup = _actionSetHasGroup;
        List<UInt128> stack = _stack;
        bool conntracked = _conntracked;
        _flow = flow.Clone();
        _base = believed.Clone();
        _actionSet = inherits ? [.. set] : [];
        _actionSetHasGroup = inherits && hasGroup;
        _stack = inherits ? [.. stack] : [];
        body();
        _packet = packet;
        _flow = flow;
        _base = believed;
        _metadata = metadata;
        _actionSet = set;
        _actionSetHasGroup = hasGroup;
        _stack = stack;
        _conntracked = conntracked;
    }

    private void Learn(LearnAction learn)
    {
        if (learn.Unknown.Length > 0)
        {
            _unknown = $"'{learn.Unknown[0]}' of flow: {_rule?.Text}";
            return;
        }
        if (!_sideEffects)
            return;
        FlowMatchBuilder match = new();
        ImmutableArray<FlowAction>.Builder actions = ImmutableArray.CreateBuilder<FlowAction>();
        foreach (LearnSpec spec in learn.Specs)
        {
            UInt128 value = spec.Source is { } source ? source.Read(_flow) : spec.Value;
            UInt128 bits = spec.Target.Bits >= 128 ? UInt128.MaxValue : (UInt128.One << spec.Target.Bits) - 1;
            switch (spec.Kind)
            {
                case LearnKind.Match:
                    match.Field(spec.Target.Field, (value & bits) << spec.Target.Low, bits << spec.Target.Low);
                    break;
                case LearnKind.Load:
                    actions.Add(new SetFieldAction(spec.Target, value, bits) { Text = $"load:{value}->{spec.Target}" });
                    break;
                default:
                    actions.Add(new OutputAction((ushort)value) { Text = $"output:{value}" });
                    break;
            }
        }
        Flow flow = new()
        {
            Table = learn.Table,
            Priority = learn.Priority,
            Match = match.Build(),
            Actions = actions.ToImmutable(),
            Text = $"table={learn.Table}, priority={learn.Priority} learned by: {_rule?.Text}",
        };
        (string, byte) where = (_bridge.Name, learn.Table);
        ImmutableList<Flow> list = _state.LearnedFlows.GetValueOrDefault(where) ?? ImmutableList<Flow>.Empty;
        list = list.RemoveAll(old => old.Priority == flow.Priority && old.Match.Words.AsSpan().SequenceEqual(flow.Match.Words.AsSpan()));
        _state.LearnedFlows = _state.LearnedFlows.SetItem(where, list.Add(flow));
        learn.Result?.Write(_flow, 1);
    }
}
