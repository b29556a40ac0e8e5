using StackNet.Engine.Facts;
using StackNet.Engine.Walk.Devices;
using StackNet.Engine.Walk.Netfilter;

namespace StackNet.Engine.Walk;

/// <summary>
/// One walk: a frame and all its copies, carried until each is dropped, delivered or has left the node. The parts: devices
/// (Walker.Devices), Linux bridges (Walker.Bridge), Open vSwitch (Walker.Switch), IPv4 in and out (Walker.Input, Walker.Output),
/// neighbours (Walker.Arp, Walker.Neighbour), what the node answers (Walker.Answers).
/// </summary>
internal sealed partial class Walker
{
    /// <summary>A frame that passed this many devices goes round in circles; no node nests that deep.</summary>
    private const int MaxHops = 64;

    /// <summary>All copies together: a broadcast storm ends here.</summary>
    private const int MaxFrames = 50_000;

    private readonly Queue<(Device Device, Frame Frame)> _received = new();
    private readonly WalkOutcome _outcome = new();
    private readonly NodeMachine _node;
    private readonly WalkState _state;
    private readonly bool _trace;
    private readonly int _depth;
    private int _frames;
    private bool _stormy;
    private int _unknownStep;
    private (NamespaceMachine Net, Packet Packet)? _sent;

    public Walker(NodeMachine node, WalkState state, bool trace, int depth = 0)
    {
        _node = node;
        _state = state;
        _trace = trace;
        _depth = depth;
    }

    /// <summary>ARP replies that reached the node's own stack in this walk: on which device, for which address, which MAC.</summary>
    public List<(Device Device, Ip Address, Mac Mac)> ArpReplies { get; } = [];

    /// <summary>Carries every copy to its end and says what became of the packet.</summary>
    public WalkOutcome Finish()
    {
        Run();
        WalkOutcome outcome = _outcome;
        // What the packet would have changed in its connection is not known: neither is what later ones of it meet.
        if (outcome.Unknown is not null && _sent is (NamespaceMachine net, Packet sent))
            _state.Doubt(net, sent, anyFlow: outcome.Unknown == NetfilterMachine.UncertainConnection);
        WalkOutput? left = outcome.Outputs.Find(o => o.Kind != WalkOutputKind.LocalSocket);
        if (left is not null)
        {
            outcome.Fate = outcome.Outputs.Exists(o => o.Routed) ? PacketFate.Forwarded : PacketFate.Bridged;
            Describe(left.Namespace, left.Device, left.Packet);
        }
        else if (outcome.Outputs.Count > 0)
        {
            outcome.Fate = PacketFate.Delivered;
            Describe(outcome.Outputs[0].Namespace, outcome.Outputs[0].Device, outcome.Outputs[0].Packet);
        }
        else if (outcome.Unknown is not null)
        {
            outcome.Fate = PacketFate.Unknown;
            MarkFatal(_unknownStep);
        }
        else
        {
            outcome.Fate = PacketFate.Dropped;
            if (MostTelling() is { } drop)
            {
                outcome.Drop = drop;
                MarkFatal(drop.StepIndex);
                outcome.Reason = drop.Reason;
                outcome.Rule = drop.Rule;
                outcome.Because = drop.Because;
                Describe(drop.Namespace, drop.Device, drop.Packet);
            }
        }
        return outcome;
    }

    /// <summary>Of many dead copies only the one that tells why the packet died is shown as the end of the way.</summary>
    private void MarkFatal(int step)
    {
        if (_trace && step >= 0 && step < _outcome.Steps.Count)
            _outcome.Steps[step] = _outcome.Steps[step] with { Fatal = true };
    }

    private void Describe(string ns, string device, Packet packet)
    {
        _outcome.Namespace = ns;
        _outcome.Device = device;
        _outcome.Packet = packet;
    }

    /// <summary>A decision tells more than "not mine", a frame of its own more than a flood's copy, a late death more than an early one.</summary>
    private WalkDrop? MostTelling()
    {
        WalkDrop? best = null;
        int bestScore = -1;
        foreach (WalkDrop drop in _outcome.Drops)
        {
            // A port that a flood left out never had a copy: it explains the death only when nothing else does.
            bool skipped = drop.IsFloodCopy && drop.Reason is PacketReason.PortDown or PacketReason.PortBlocked;
            int weight =
                drop.Reason is PacketReason.NotForUs or PacketReason.Hairpin ? 0
                : skipped ? 1
                : drop.IsFloodCopy ? 2
                : 3;
            int score = (weight * 1000) + drop.Hops;
            if (score > bestScore)
            {
                best = drop;
                bestScore = score;
            }
        }
        return best;
    }

    private void Run()
    {
        while (_received.TryDequeue(out (Device Device, Frame Frame) next))
            ReceiveNow(next.Device, next.Frame);
    }

    /// <summary>The frame dies here.</summary>
    public void Drop(
        NamespaceMachine net,
        string device,
        Frame frame,
        PacketReason reason,
        TraceRule? rule = null,
        string? because = null,
        WalkOutcome? resolution = null
    )
    {
        _outcome.Drops.Add(
            new WalkDrop
            {
                Reason = reason,
                Namespace = net.Name,
                Device = device,
                Rule = rule,
                Because = because,
                Packet = frame.Packet,
                IsFloodCopy = frame.IsFloodCopy,
                Hops = frame.Hops,
                Resolution = resolution,
                StepIndex = _trace ? _outcome.Steps.Count : -1,
            }
        );
        if (_trace)
            Step(net.Name, device, LayerOf(reason), $"dropped: {reason}", rule?.Text ?? because, frame.Packet, depth: 1);
    }

    /// <summary>What becomes of this copy is not known.</summary>
    public void Unknown(NamespaceMachine? net, string device, Packet packet, string reason)
    {
        if (_outcome.Unknown is null)
        {
            _outcome.Unknown = reason;
            _unknownStep = _outcome.Steps.Count;
            Describe(net?.Name ?? "", device, packet);
        }
        if (_trace)
            Step(net?.Name ?? "", device, "device", "not known what happens next", reason, packet, depth: 1);
    }

    private void Leave(WalkOutput output)
    {
        _outcome.Outputs.Add(output);
        if (_trace)
        {
            string action = output.Kind switch
            {
                WalkOutputKind.Guest => "to the guest",
                WalkOutputKind.Wire => "out to the wire",
                WalkOutputKind.Tunnel => $"into the tunnel to {output.TunnelRemote?.ToString() ?? "?"}",
                _ => "delivered to the node's sockets",
            };
            Step(
                output.Namespace,
                output.Device,
                output.Kind == WalkOutputKind.Guest ? "tap" : "device",
                action,
                null,
                output.Packet,
                depth: 1
            );
        }
    }

    private void Step(Device device, string layer, string action, string? rule, Packet packet, int depth = 1)
    {
        if (_trace)
            Step(device.Net.Name, device.Name, layer, action, rule, packet, depth);
    }

    private void Step(string ns, string device, string layer, string action, string? rule, Packet packet, int depth) =>
        _outcome.Steps.Add(
            new TraceStep
            {
                Namespace = ns,
                Device = device,
                Layer = layer,
                Action = action,
                Rule = rule,
                Packet = packet.ToHeader(),
                Depth = depth,
            }
        );

    private static string LayerOf(PacketReason reason) =>
        reason switch
        {
            PacketReason.RuleDrop or PacketReason.RuleReject or PacketReason.NatFailed or PacketReason.ConntrackFull => "netfilter",
            PacketReason.FlowDrop or PacketReason.NoFlow or PacketReason.NoPort or PacketReason.VlanMismatch => "openflow",
            PacketReason.PortBlocked or PacketReason.Hairpin => "bridge",
            PacketReason.NoNeighbour => "neighbour",
            PacketReason.PortDown or PacketReason.NotConnected or PacketReason.Policed or PacketReason.Loop => "device",
            _ => "routing",
        };

    /// <summary>Takes the steps of netfilter and the switch and puts the device beside them.</summary>
    private sealed class Sink(Walker walker, string ns, string device) : ITraceSink
    {
        public void Step(string layer, string action, string? rule, Packet? packet, int depth) =>
            walker._outcome.Steps.Add(
                new TraceStep
                {
                    Namespace = ns,
                    Device = device,
                    Layer = layer,
                    Action = action,
                    Rule = rule,
                    Packet = packet?.ToHeader(),
                    Depth = depth,
                }
            );
    }
}
