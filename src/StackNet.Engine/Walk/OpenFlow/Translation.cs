using System.Runtime.CompilerServices;
using StackNet.Engine.Facts;
using StackNet.Engine.Facts.OpenFlow;
using StackNet.Engine.Walk.Netfilter;

namespace StackNet.Engine.Walk.OpenFlow;

/// <summary>
/// The way of one frame through the pipeline (ofproto-dpif-xlate.c). As there, three things are told apart: the packet as the
/// datapath has it, the key that says what the datapath's packet is believed to be, and the key that actions have changed
/// since; an output applies the difference to its own copy.
/// </summary>
internal sealed partial class Translation
{
    /// <summary>MAX_DEPTH and MAX_RESUBMITS of ofproto-dpif-xlate.c.</summary>
    private const int MaxDepth = 64;
    private const int MaxResubmits = MaxDepth * MaxDepth;

    /// <summary>Of a death that says nothing.</summary>
    private const int RoutineWeight = -3;

    private readonly SwitchMachine _machine;
    private readonly SwitchState _state;
    private readonly ISwitchDevices _devices;
    private readonly ITraceSink? _trace;
    private readonly SwitchOptions _options;
    private readonly bool _sideEffects;
    private readonly Queue<Stage> _queue = new();
    private readonly List<SwitchOutput> _outputs = [];
    private int _ctNext;

    // the datapath's packet, never changed in place: copies of a clone share it
    private Packet _packet = null!;
    private FlowKey _base = null!;
    private FlowKey _flow = null!;
    private FlowKey _arrived = null!;
    private CtMetadata _metadata = CtMetadata.None;

    private SwitchBridge _bridge = null!;
    private byte _table;
    private Flow? _rule;
    private (Flow Rule, SwitchBridge Bridge, byte Table, TraceRule Shown)? _told;
    private int _depth;
    private int _resubmits;
    private bool _conntracked;
    private bool _exit;
    private bool _failed;
    private List<FlowAction> _actionSet = [];
    private bool _actionSetHasGroup;
    private List<UInt128> _stack = [];
    private Ip? _arrivedAt;
    private string? _tunnelPort;

    /// <summary>Bridge where the flood began whose copy this is.</summary>
    private SwitchBridge? _flooding;

    private string? _unknown;
    private bool _controller;
    private Death? _death;
    private int _level;

    public Translation(SwitchMachine machine, SwitchState state, ISwitchDevices devices, ITraceSink? trace, SwitchOptions? options)
    {
        _machine = machine;
        _state = state;
        _devices = devices;
        _trace = trace;
        _options = options ?? new SwitchOptions();
        _sideEffects = _options.CtNext is null;
    }

    /// <summary>A stretch of the pipeline: the beginning, or what goes on after a ct(table=…) or out of a tunnel.</summary>
    private sealed record Stage(SwitchBridge Bridge, Packet Packet, FlowKey Flow)
    {
        public SwitchPort? Port { get; init; }
        public byte Table { get; init; }
        public bool IsResumed { get; init; }
        public bool Conntracked { get; init; }
        public CtMetadata Metadata { get; init; } = CtMetadata.None;
        public List<FlowAction> ActionSet { get; init; } = [];
        public List<UInt128> Stack { get; init; } = [];
        public Ip? ArrivedAt { get; init; }
        public string? TunnelPort { get; init; }
    }

    /// <summary>Why a copy ended; the weightiest one of a walk is told.</summary>
    private sealed record Death(int Weight, PacketReason Reason, TraceRule? Rule, string Bridge, string? Port);

    public SwitchResult Run(SwitchPort port, Packet packet)
    {
        FlowKey key = _options.Metadata?.Clone() ?? new FlowKey();
        PacketKeys.Extract(packet, key, _machine.VlanLimit);
        key.InPort = port.Number;
        key.ActsetOutput = OpenFlowPorts.Unset;
        key.PktMark = packet.Mark;
        key[FlowKey.Hash] = (uint)key[FlowKey.Hash] | ((ulong)packet.Priority << 32);
        _queue.Enqueue(
            new Stage(port.Bridge, packet, key)
            {
                Port = port,
                Conntracked = (key.CtStateBits & CtStates.Tracked) != 0,
                ArrivedAt = TunnelDestination(key),
            }
        );
        // A packet that tunnels to itself, or recirculates without end, is cut off as the datapath does.
        for (int stages = 0; _queue.TryDequeue(out Stage? stage) && _unknown is null; stages++)
        {
            if (stages > 64)
            {
                Die(4, PacketReason.Loop, Rule(), port: null);
                break;
            }
            Resume(stage);
        }
        return new SwitchResult
        {
            Outputs = _outputs,
            Reason = _death?.Reason ?? PacketReason.None,
            Rule = _death?.Rule,
            Bridge = _death?.Bridge ?? (_outputs.Count == 0 ? _bridge.Name : null),
            Port = _death?.Port,
            IsRoutine = _death is { Weight: <= RoutineWeight },
            Unknown = _unknown,
            ToController = _controller,
        };
    }

    private void Resume(Stage stage)
    {
        _packet = stage.Packet;
        _flow = stage.Flow.Clone();
        _base = stage.Flow.Clone();
        _arrived = stage.Flow;
        _metadata = stage.Metadata;
        _bridge = stage.Bridge;
        _table = stage.Table;
        _rule = null;
        _depth = 0;
        _resubmits = 0;
        _conntracked = stage.Conntracked;
        _exit = false;
        _failed = false;
        _actionSet = [.. stage.ActionSet];
        _actionSetHasGroup = _actionSet.Exists(action => action is GroupAction);
        _stack = [.. stage.Stack];
        _arrivedAt = stage.ArrivedAt;
        _tunnelPort = stage.TunnelPort;
        _level = 0;
        _flooding = null;
        int before = _outputs.Count;
        if (!stage.IsResumed)
        {
            SwitchPort port = stage.Port!;
            Step("in", $"{port.Name} of {_bridge.Name}", rule: null);
            if (!Admits(port))
                return;
            EnterTable(_flow.InPort, 0, firstTable: true);
            if (!port.StpForwards)
            {
                // NORMAL and learn() have looked at it; nothing leaves.
                _outputs.RemoveRange(before, _outputs.Count - before);
                Die(4, PacketReason.PortBlocked, Setting(port, $"stp_state {port.StpState}"), port.Name);
                return;
            }
        }
        else
        {
            if (_options.CtNext is not null)
            {
                _flow.CtStateBits = NextState();
                _base.CtStateBits = _flow.CtStateBits;
            }
            Step("resume", $"table {_table} of {_bridge.Name}", rule: null);
            EnterTable(_flow.InPort, _table, firstTable: true);
        }
        ExecuteActionSet();
        if (_failed)
        {
            // A translation that fails drops the packet altogether.
            _outputs.RemoveRange(before, _outputs.Count - before);
        }
    }

    /// <summary>May a frame come in by this port (process_special, may_receive)?</summary>
    private bool Admits(SwitchPort port)
    {
        if (port.NoReceive)
        {
            Die(4, PacketReason.PortBlocked, Setting(port, "NO_RECV"), port.Name);
            return false;
        }
        bool stp = _bridge.Facts.StpEnabled || _bridge.Facts.RstpEnabled;
        if (stp && _flow[FlowKey.EthDestination] == 0x0180_c200_0000)
        {
            // The switch's own spanning tree takes it.
            Die(4, PacketReason.PortBlocked, Setting(port, "spanning tree frame"), port.Name);
            return false;
        }
        if (!port.StpForwards && !port.StpLearns)
        {
            Die(4, PacketReason.PortBlocked, Setting(port, $"stp_state {port.StpState}"), port.Name);
            return false;
        }
        return true;
    }

    /// <summary>xlate_table_action: looks the key up as if it had come in by <paramref name="inPort"/> and does what the flow says.</summary>
    private void EnterTable(ushort inPort, byte table, bool firstTable = false, bool withOriginal = false, bool deepens = false)
    {
        if (_depth >= MaxDepth || _resubmits >= MaxResubmits || !RuntimeHelpers.TryEnsureSufficientExecutionStack())
        {
            _failed = true;
            Die(5, PacketReason.Loop, Rule(), port: null);
            return;
        }
        if (!Readable())
            return;
        byte oldTable = _table;
        Flow? oldRule = _rule;
        _table = table;
        Flow? found = Lookup(inPort, table, withOriginal);
        if (_unknown is not null)
            return;
        if (found is null)
        {
            Step("miss", $"table {table}: no flow", rule: null);
            Die(2, PacketReason.NoFlow, Miss(table), port: null);
        }
        else
        {
            _resubmits++;
            deepens = !firstTable && (deepens || table <= oldTable);
            if (deepens)
                _depth++;
            _rule = found;
            _level++;
            Step("flow", $"table {table}, priority {found.Priority}", found.Text);
            if (found.Actions.Length == 0)
                Die(3, PacketReason.FlowDrop, Rule(), port: null);
            Execute(found.Actions.AsSpan());
            _level--;
            if (deepens)
                _depth--;
        }
        _table = oldTable;
        _rule = oldRule;
    }

    private bool Readable()
    {
        if (_bridge.Facts.Flows is null)
        {
            _unknown ??= $"flows of {_bridge.Name} were not read (ovs-ofctl dump-flows {_bridge.Name})";
            return false;
        }
        if (_bridge.Broken is { } broken)
        {
            _unknown ??= $"flow of {_bridge.Name}: {broken}";
            return false;
        }
        return true;
    }

    private Flow? Lookup(ushort inPort, byte table, bool withOriginal)
    {
        if (!_bridge.HasFlows && table == 0 && FailsOpen() is { } normal)
            return normal;
        IReadOnlyList<Flow>? learned = null;
        if (_state.LearnedFlows.Count > 0 && _state.LearnedFlows.TryGetValue((_bridge.Name, table), out var list))
            learned = list;
        FlowTable? flows = _bridge.Tables[table];
        if (flows is null && learned is null)
            return null;
        FlowKey key = _flow;
        if (withOriginal)
        {
            key = OriginalTuple();
        }
        ushort realPort = key.InPort;
        ulong transport = key[FlowKey.Transport];
        key.InPort = inPort;
        // frags=normal: no fragment has ports.
        if (key.Fragment != 0)
            key[FlowKey.Transport] &= 0xffff_ffff;
        FlowLookup answer = (flows ?? new FlowTable([])).Lookup(key, learned);
        key.InPort = realPort;
        key[FlowKey.Transport] = transport;
        _unknown ??= answer.Unknown;
        return answer.Flow;
    }

    // A standalone bridge whose controllers are all gone switches by itself, with a hidden flow (fail-open.c).
    private Flow? FailsOpen()
    {
        OvsBridgeFacts facts = _bridge.Facts;
        if (facts.FailMode == "secure" || facts.Controllers.Any(controller => controller.IsConnected != false))
            return null;
        return new Flow
        {
            Text = "fail_mode standalone: actions=NORMAL",
            Actions = [new OutputAction(OpenFlowPorts.Normal) { Text = "NORMAL" }],
        };
    }

    private FlowKey OriginalTuple()
    {
        FlowKey key = _flow.Clone();
        ulong tuple = _flow[FlowKey.CtTuple];
        key.Protocol = (byte)(tuple >> 40);
        key.TransportSource = (ushort)(tuple >> 16);
        key.TransportDestination = (ushort)tuple;
        if (key.EthType == EtherTypes.Ip4)
        {
            key[FlowKey.Ip4] = _flow[FlowKey.CtIp4];
        }
        else
        {
            for (int i = 0; i < 4; i++)
                key[FlowKey.Ip6Source + i] = _flow[FlowKey.CtIp6Source + i];
        }
        return key;
    }

    /// <summary>Nobody is behind it but tunnels. Its own device counts once the node uses it (a gateway's address stands there).</summary>
    private bool IsAside(SwitchBridge bridge) => bridge.IsTunnelOnly && _devices.StateOf(bridge.Name, bridge.Name) != LinkState.Up;

    /// <summary>Keeps the weightiest reason: 1 a copy that mattered little, 2 no flow, 3 a flow that drops, 4 what stopped the packet itself.</summary>
    private void Die(int weight, PacketReason reason, TraceRule? rule, string? port, bool minor = false)
    {
        if (_flooding is { } origin)
        {
            // Most copies of a flood are meant to end; what ends at a bridge with a NIC, or at a patch to nowhere, tells most.
            bool toNowhere = reason == PacketReason.NoPort && rule?.Family == "openvswitch";
            weight =
                minor ? -4
                : toNowhere ? -1
                : _bridge == origin || IsAside(_bridge) ? RoutineWeight
                : -2;
        }
        if (_death is null || _death.Weight < weight)
            _death = new Death(weight, reason, rule, _bridge.Name, port);
    }

    private TraceRule? Rule()
    {
        if (_rule is null)
            return null;
        // A flood asks once a port.
        if (_told is { } told && told.Rule == _rule && told.Bridge == _bridge && told.Table == _table)
            return told.Shown;
        TraceRule shown = new()
        {
            Family = "openflow",
            Table = _bridge.Name,
            Chain = $"table {_table}",
            Text = _rule.Text,
        };
        _told = (_rule, _bridge, _table, shown);
        return shown;
    }

    private TraceRule Miss(byte table) =>
        new()
        {
            Family = "openflow",
            Table = _bridge.Name,
            Chain = $"table {table}",
            Text = $"no flow of table {table} matches",
        };

    private static TraceRule Setting(SwitchPort port, string text) =>
        new()
        {
            Family = "openvswitch",
            Table = port.Bridge.Name,
            Chain = port.Name,
            Text = $"{port.Name}: {text}",
        };

    private void Step(string kind, string action, string? rule)
    {
        if (_trace is null)
            return;
        _trace.Step("openflow", action, rule, Current(), Math.Min(1 + _level, 40));
        _ = kind;
    }

    /// <summary>The packet with all changes up to now.</summary>
    private Packet Current()
    {
        Packet copy = _packet.Clone();
        PacketKeys.Apply(_base, _flow, copy);
        return copy;
    }

    private static Ip? TunnelDestination(FlowKey key)
    {
        uint v4 = (uint)key[FlowKey.TunIp4];
        if (v4 != 0)
            return Ip.V4(v4);
        UInt128 v6 = new(key[FlowKey.TunIp6Destination], key[FlowKey.TunIp6Destination + 1]);
        return v6 == 0 ? null : Ip.V6(v6);
    }
}
