using StackNet.Engine.Facts;
using StackNet.Engine.Walk;
using Device = StackNet.Engine.Walk.Devices.Device;

namespace StackNet.Engine.Causes;

/// <summary>Any packet on any device: walks it and says what became of it.</summary>
internal static class NetworkTrace
{
    private const int MostAnswers = 64;

    /// <summary>Walks one packet.</summary>
    /// <exception cref="ArgumentException">The packet contradicts itself, or the device is not there.</exception>
    public static PacketTrace Run(ComputeNode node, NetworkPacketRequest request, CancellationToken token)
    {
        token.ThrowIfCancellationRequested();
        NodeMachine machine = NodeMachine.For(node);
        if (machine.Namespace(request.Namespace) is not { } net)
            throw new ArgumentException($"There is no network namespace '{request.Namespace}'.");
        Device? device = null;
        if (request.Device is { } name && net.Facts.Links is not null && !net.Devices.TryGetValue(name, out device))
            throw new ArgumentException($"There is no device '{name}' in {net}.");
        Packet packet = FreshPacket.Of(request, request.Local ? null : device);
        // Earlier traces keep what they left, so that two questions may go on from the same one.
        WalkState state = request.After?.State is WalkState left ? left.Clone() : new WalkState();
        state.Outside = new TableOutside(Diagnosis.For(node));
        PacketHeader sent = packet.ToHeader();
        byte ttl = packet.Ttl;
        WalkOutcome outcome = request.Local
            ? machine.SendLocal(net.Name, packet, state, trace: true, request.Device)
            : machine.Arrive(net.Name, request.Device!, packet, state, trace: true);
        List<WalkOutput> answers = Answers(machine, outcome, state);
        PacketOutput[] outputs =
        [
            .. outcome
                .Outputs.Where(static o => o.Kind != WalkOutputKind.LocalSocket)
                .OrderBy(static o => o.Device, StringComparer.Ordinal)
                .Select(Output),
        ];
        PacketFate fate = Fate(outcome, request.Local, ttl);
        bool dropped = fate == PacketFate.Dropped;
        return new PacketTrace
        {
            Node = node,
            InputDevice = request.Local ? null : request.Device,
            InputNamespace = net.Name,
            Sent = sent,
            Fate = fate,
            Reason = dropped ? outcome.Reason : PacketReason.None,
            OutputDevice = outputs is [var first, ..] ? first.Device : null,
            OutputNamespace = outputs is [var one, ..] ? one.Namespace : null,
            Packet = outcome.Packet?.ToHeader() ?? sent,
            Outputs = outputs,
            Delivered = [.. outcome.Outputs.Where(static o => o.Kind == WalkOutputKind.LocalSocket).Select(Output)],
            Answers = [.. answers.Select(Output)],
            Rule = dropped ? outcome.Rule : null,
            Steps = FatalLast(outcome.Steps),
            UnknownBecause = outcome.Unknown,
            State = state,
        };
    }

    private static PacketFate Fate(WalkOutcome outcome, bool local, byte ttl)
    {
        if (outcome.Outputs.Find(static o => o.Kind != WalkOutputKind.LocalSocket) is { } left)
            return local || outcome.Fate == PacketFate.Forwarded || left.Packet.Ttl != ttl ? PacketFate.Forwarded : PacketFate.Bridged;
        // The node itself got a copy, but another one that cannot be followed may have gone on.
        return outcome.Unknown is not null ? PacketFate.Unknown : outcome.Fate;
    }

    /// <summary>What the node sends because of the packet goes on its way too: it touches connections, and where it leaves is worth knowing.</summary>
    private static List<WalkOutput> Answers(NodeMachine machine, WalkOutcome outcome, WalkState state)
    {
        List<WalkOutput> left = [];
        // An answer may be answered in turn (a reset that OUTPUT rejects); errors about errors are never sent, so this ends.
        Queue<EmittedPacket> waiting = new(outcome.Emitted);
        while (waiting.TryDequeue(out EmittedPacket? emitted) && left.Count < MostAnswers)
        {
            if (emitted.Kind == EmittedKind.ArpReply)
                continue;
            WalkOutcome answer = machine.Carry(emitted, state, trace: false);
            foreach (EmittedPacket next in answer.Emitted)
                waiting.Enqueue(next);
            left.AddRange(answer.Outputs.Where(static o => o.Kind != WalkOutputKind.LocalSocket));
        }
        return left;
    }

    private static PacketOutput Output(WalkOutput output) =>
        new()
        {
            Device = output.Device,
            Namespace = output.Namespace,
            Bridge = output.Bridge,
            Port = output.Port,
            VlanId = output.Packet.OuterVlanId,
            TunnelId = (long?)output.TunnelId,
            RemoteAddress = output.TunnelRemote?.ToIPAddress(),
            Packet = output.Packet.ToHeader(),
        };

    /// <summary>Other copies may die after the one that decides: its step is shown last all the same.</summary>
    private static TraceStep[] FatalLast(List<TraceStep> steps) =>
        [.. steps.Where(static s => !s.Fatal), .. steps.Where(static s => s.Fatal)];

    /// <summary>
    /// Who answers ARP when the neighbour table is silent: guests as their ports tell. Of the wire nothing is known, unless the node was
    /// set up without ARP (all of its neighbours are permanent): then nobody answers.
    /// </summary>
    private sealed class TableOutside(Diagnosis diagnosis) : IOutside
    {
        private readonly NodeOutside _guests = new(diagnosis);

        public OutsideAnswer GuestAnswers(string ns, string device, Packet request) => _guests.GuestAnswers(ns, device, request);

        public OutsideAnswer WireAnswers(string ns, string device, Packet request)
        {
            NamespaceFacts? facts = diagnosis.Machine.Namespace(ns)?.Facts;
            Ip target = request.EtherType == EtherTypes.Arp ? request.ArpTargetIp : request.Destination;
            bool asks = false;
            foreach (NeighbourFacts entry in facts?.Neighbours ?? [])
            {
                if (entry.State is "FAILED" && entry.Address == target)
                    return OutsideAnswer.Silence;
                asks |= !entry.IsProxy && entry.State is not ("PERMANENT" or "NOARP");
            }
            return asks || facts?.Neighbours is null
                ? OutsideAnswer.NotKnown(
                    $"the neighbour table has no entry for {target} on {device}: whether anybody answers there is not known"
                )
                : OutsideAnswer.Silence;
        }
    }
}
