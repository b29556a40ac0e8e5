using StackNet.Engine.Facts;
using StackNet.Engine.Topology;
using StackNet.Engine.Walk;

namespace StackNet.Engine.Causes;

internal sealed partial class Conversation
{
    /// <summary>A host outside opens a flow to an address of the instance, coming in by this uplink.</summary>
    public Ending? IngressFromOutside(Guest guest, Ip source, Ip destination, string ns, string uplink, int? vlan)
    {
        List<VlanTag> tags = vlan is > 0 and { } id ? [new VlanTag(id)] : [];
        _outside.FarEnd = source;
        Ip hop = destination;
        if (_request.RoutedSource && !OnLinkOutside(destination, guest) && RouterOutside(guest) is { } router)
            hop = router;
        if (UpstreamResolves(ns, uplink, tags, hop, source, PacketDirection.In, out Ending? ending) is not { } mac)
            return ending;
        Packet request = NewRequest(source, destination);
        Packet? answer = null;
        for (int step = 0; step < 2; step++)
        {
            Packet packet = step == 0 ? request : AckTo(answer!);
            packet.SourceMac = NodeOutside.UpstreamMac;
            packet.DestinationMac = mac;
            packet.Ttl = 63;
            packet.Vlans.Clear();
            packet.Vlans.AddRange(tags);
            SplitOutside(packet);
            Say(PacketDirection.In, "upstream", uplink, $"{source} sends", packet);
            WalkOutcome outcome = Arrive(ns, uplink, packet, PacketDirection.In);
            if (ReachedGuest(outcome, guest) is not { } reached)
            {
                return
                    outcome.Outputs.Find(o => o.Kind == WalkOutputKind.LocalSocket && o.Packet.IsIp && o.Packet.Destination == destination)
                        is { } self
                    ? AnsweredByNode(outcome, self, source)
                    : Lost(outcome, PacketDirection.In, Purpose.Data, packet);
            }
            if (step == 1)
                return null;
            if (FromGuest(guest, AnswerTo(reached.Packet), PacketDirection.Back, out ending) is not { } back)
                return ending;
            if (LeftByWire(back, source) is not { } left)
                return Lost(back, PacketDirection.Back, Purpose.Data, back.Packet);
            if (left.Packet.Source != destination)
                return NotTheSame(left, destination);
            if (WrongUpstream(left) is { } wrong)
                return Ending.Dead(PacketDirection.Back, wrong.CauseId, wrong.Evidence, wrong.Device, wrong.Namespace) with
                {
                    Outcome = back,
                };
            answer = left.Packet;
            if (_request.Protocol != ProbeProtocol.Tcp)
                return null;
        }
        return null;
    }

    /// <summary>
    /// Nothing translated the address: whoever carries it got the packet itself. A ping is answered all the same (so the asker sees a
    /// reply), a connection meets no listener.
    /// </summary>
    private Ending? AnsweredByNode(WalkOutcome outcome, WalkOutput self, Ip source)
    {
        string where = self.Namespace.Length == 0 ? "the node" : self.Namespace;
        string evidence = $"no DNAT rule for {self.Packet.Destination} matches: {where} takes the packet for itself on {self.Device}";
        if (outcome.Emitted.Find(e => e.Kind == EmittedKind.EchoReply) is { } echo)
        {
            WalkOutcome back = Machine.Carry(echo, _state, Traces);
            Record(back, PacketDirection.Back, data: true);
            Note = evidence + " and answers";
            return LeftByWire(back, source) is not null ? null : Lost(back, PacketDirection.Back, Purpose.Data, back.Packet);
        }
        return Ending.Dead(PacketDirection.In, "SN709", evidence, self.Device, self.Namespace) with
        {
            Outcome = outcome,
            Packet = self.Packet,
        };
    }

    private static Ending NotTheSame(WalkOutput left, Ip asked) =>
        new()
        {
            Direction = PacketDirection.Back,
            Verdict = Verdict.Fail,
            Purpose = Purpose.NoWayBack,
            Packet = left.Packet,
            Device = left.Device,
            Namespace = left.Namespace,
            Evidence =
                $"the answer leaves {left.Device} from {left.Packet.Source}, but {asked} was asked: the asker does not know it for an answer",
        };

    /// <summary>An address of the node or of one of its namespaces opens a flow to the instance.</summary>
    public Ending? IngressFromNode(Guest guest, Ip source, Ip destination, string ns)
    {
        Packet request = NewRequest(source, destination);
        Packet? answer = null;
        for (int step = 0; step < 2; step++)
        {
            Packet packet = step == 0 ? request : AckTo(answer!);
            WalkOutcome outcome = Machine.SendLocal(ns, packet.Clone(), _state, Traces);
            Record(outcome, PacketDirection.In, data: true);
            if (ReachedGuest(outcome, guest) is not { } reached)
                return Lost(outcome, PacketDirection.In, Purpose.Data, packet);
            if (step == 1)
                return null;
            if (FromGuest(guest, AnswerTo(reached.Packet), PacketDirection.Back, out Ending? ending) is not { } back)
                return ending;
            WalkOutput? home = back.Outputs.Find(o =>
                o.Kind == WalkOutputKind.LocalSocket && o.Namespace == ns && o.Packet.IsIp && o.Packet.Destination == source
            );
            if (home is null)
                return Lost(back, PacketDirection.Back, Purpose.Data, back.Packet);
            if (home.Packet.Source != destination)
                return NotTheSame(home, destination);
            answer = home.Packet;
            if (_request.Protocol != ProbeProtocol.Tcp)
                return null;
        }
        return null;
    }

    /// <summary>Another instance of the node opens a flow to this one.</summary>
    public Ending? IngressFromGuest(Guest sender, Guest guest, Ip destination)
    {
        _ = guest;
        Ending? ending = Egress(sender, destination);
        // Seen from this instance what the other one sends comes in.
        return ending is null
            ? null
            : ending with
            {
                Direction = ending.Direction == PacketDirection.Out ? PacketDirection.In : PacketDirection.Back,
            };
    }

    private bool OnLinkOutside(Ip address, Guest guest) =>
        _diagnosis.CarriersOf(address).Any()
        || (guest.Port.Subnet?.Contains(address) == true && guest.Port.Gateway is { } g && !_diagnosis.CarriersOf(g).Any());

    /// <summary>The router's (or node's) own address on the outside.</summary>
    private Ip? RouterOutside(Guest guest)
    {
        InstancePath? path = NodeNouns.Path(_diagnosis.Node, guest.Port, guest.Address);
        PathHop? hop = path?.Hop.LastOrDefault(h => h.Kind is "router-port" or "node" or "uplink" && h.Address is not null);
        return hop?.Address is { } text && IpPrefix.TryParse(text, out IpPrefix prefix) ? prefix.Address : null;
    }
}
