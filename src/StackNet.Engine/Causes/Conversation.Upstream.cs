using System.Globalization;
using StackNet.Engine.Facts;
using StackNet.Engine.Topology;
using StackNet.Engine.Walk;

namespace StackNet.Engine.Causes;

internal sealed partial class Conversation
{
    /// <summary>The copy that left the node for somebody outside: by a wire, with a MAC that is nobody's here; a rule may have given it another destination.</summary>
    private WalkOutput? LeftByWire(WalkOutcome outcome, Ip destination)
    {
        WalkOutput? translated = null;
        foreach (WalkOutput output in outcome.Outputs)
        {
            if (output.Kind != WalkOutputKind.Wire || !output.Packet.IsIp || _diagnosis.IsOwnMac(output.Packet.DestinationMac))
                continue;
            if (output.Packet.Destination == destination)
                return output;
            if (output.Routed)
                translated ??= output;
        }
        return translated;
    }

    /// <summary>
    /// A neighbour entry that somebody set by hand names a MAC that the uplink's bridge has never heard, while it has heard others there:
    /// the frame is for nobody.
    /// </summary>
    private Finding? WrongUpstream(WalkOutput left)
    {
        foreach ((NamespaceFacts ns, NeighbourFacts entry) in _diagnosis.PermanentNeighbours)
        {
            if (entry.Mac != left.Packet.DestinationMac)
                continue;
            OvsBridgeFacts? bridge = _diagnosis.Topology.SwitchPorts.Find(left.Device)?.Bridge;
            int? number = _diagnosis.Topology.SwitchPorts.Find(left.Device)?.Interface.OfPort;
            List<OvsFdbEntry> heard = [.. bridge?.Fdb?.Where(f => f.Port == number) ?? []];
            if (heard.Exists(f => f.Mac == entry.Mac))
                continue;
            if (heard.Count == 0)
            {
                _doubt ??= Ending.NotKnown(
                    PacketDirection.Out,
                    $"{entry.Address} dev {entry.Device} lladdr {entry.Mac} PERMANENT was set by hand, and nothing on this node tells whether that is who has the address",
                    entry.Device,
                    ns.Name
                );
                continue;
            }
            return new(
                "SN801",
                $"{entry.Address} dev {entry.Device} lladdr {entry.Mac} PERMANENT; {bridge!.Name} has heard {string.Join(", ", heard.Select(f => f.Mac).Distinct())} by {left.Device}, never that",
                entry.Device,
                ns.Name
            );
        }
        return null;
    }

    /// <summary>
    /// A frame for the outside has to carry the tag of its provider network: the VLAN id that neutron keeps beside the port
    /// (Port.other_config segmentation_id), none on a flat network. Null when it does or when it is not known.
    /// </summary>
    private string? WrongVlan(WalkOutput output, TopologyPort port)
    {
        SwitchPort? exit = ExitPort(output.Packet, port);
        if (exit is null || output.Bridge is null)
            return null;
        IReadOnlyDictionary<string, string> other = exit.Port.OtherConfig;
        int? wanted = other.GetValueOrDefault("network_type") switch
        {
            "flat" => 0,
            "vlan" => int.TryParse(other.GetValueOrDefault("segmentation_id"), CultureInfo.InvariantCulture, out int id) ? id : null,
            _ => null,
        };
        int actual = output.Packet.OuterVlanId ?? 0;
        return wanted is not { } tag || tag == actual
            ? null
            : $"frames of {exit.Name} leave {output.Device} with VLAN {Tag(actual)}, its network has {Tag(tag)} there";
    }

    private static string Tag(int vlan) => vlan == 0 ? "none" : vlan.ToString(CultureInfo.InvariantCulture);

    /// <summary>The integration bridge's port whose network the frame is on: the router's outside port, else the instance's own.</summary>
    private SwitchPort? ExitPort(Packet packet, TopologyPort port)
    {
        Mac sender = packet.EtherType == EtherTypes.Arp ? packet.ArpSenderMac : packet.SourceMac;
        if (sender == port.Mac)
            return port.SwitchPort;
        foreach (Topology.Device device in _diagnosis.Topology.Devices.WithMac(sender))
        {
            if (_diagnosis.Topology.SwitchPorts.Find(device.Name) is { Interface.Type: "internal" } exit)
                return exit;
        }
        return null;
    }

    /// <summary>Who put the packet on the wire: the device whose MAC it carries and its on-link subnets.</summary>
    private (Topology.Device? Device, List<IpPrefix> OnLink, string Name) Emitter(Packet packet, Guest guest)
    {
        if (packet.SourceMac == guest.Mac)
            return (null, guest.Port.Subnet is { } own ? [own] : [], guest.Port.Instance.Name);
        Topology.Device? best = null;
        List<IpPrefix> subnets = [];
        foreach (Topology.Device device in _diagnosis.Topology.Devices.WithMac(packet.SourceMac))
        {
            List<IpPrefix> found =
            [
                .. _diagnosis
                    .Topology.Devices.AddressesOf(device.Namespace, device.Name)
                    .Where(a => a.PrefixLength < a.Address.Bits && !a.Address.IsV6)
                    .Select(a => new IpPrefix(a.Address, a.PrefixLength)),
            ];
            // A bridge and the NIC in it often share one MAC: the one with addresses is who routed.
            if (best is null || (subnets.Count == 0 && found.Count > 0))
                (best, subnets) = (device, found);
        }
        // A logical router has no device: its networks are in the flows.
        if (best is null && LayoutNames.IsOvn(_diagnosis.Facts))
            subnets = [.. _diagnosis.OvnNetworks.Where(n => n != guest.Port.Subnet)];
        return (best, subnets, best?.Name ?? packet.SourceMac.ToString());
    }

    /// <summary>
    /// The reply of the outside to a packet that left: it comes iff the source is on-link out there, or the outside has a route, and the
    /// node answers for it by ARP. Gives the packet as it comes in and on which device, or the ending.
    /// </summary>
    private WalkOutcome? FromOutside(WalkOutput left, Packet answer, Guest guest, PacketDirection direction, out Ending? ending)
    {
        Packet packet = left.Packet;
        (Topology.Device? device, List<IpPrefix> onLink, string name) = Emitter(packet, guest);
        Ip hop = packet.Source;
        if (!onLink.Exists(s => s.Contains(packet.Source)))
        {
            if (_request.RoutedSource && onLink.Count > 0)
                hop = onLink[0].Address == guest.Port.Subnet?.Network ? packet.Source : onLink[0].Address;
            else if (device is not null && onLink.Count == 0 && IsNobodys(packet.Source))
            {
                ending = Ending.Dead(
                    direction,
                    "SN705",
                    $"the packet leaves {left.Device} with source {packet.Source}, which no device of this node carries: nobody answers for it",
                    device.Name,
                    device.Namespace
                );
                return null;
            }
            else if (onLink.Count == 0 && guest.Port.Subnet?.Contains(packet.Source) != true && !IsInside(packet.Source, device))
            {
                ending = Ending.NotKnown(
                    direction,
                    $"the packet leaves {left.Device} with source {packet.Source}; {name} has no subnet, so which addresses are on-link there is not known",
                    left.Device,
                    left.Namespace
                );
                return null;
            }
            else
            {
                Say(direction, "upstream", left.Device, $"no way back to {packet.Source}: it is not on-link there", packet, fatal: true);
                ending = new Ending
                {
                    Direction = direction,
                    Verdict = Verdict.Fail,
                    Purpose = Purpose.NoWayBack,
                    Packet = packet,
                    Device = device?.Name ?? left.Device,
                    Namespace = device?.Namespace ?? left.Namespace,
                };
                return null;
            }
        }
        if (UpstreamResolves(left, hop, direction, out ending) is not { } mac)
            return null;
        answer.SourceMac = NodeOutside.UpstreamMac;
        answer.DestinationMac = mac;
        answer.Ttl = 63;
        answer.Vlans.AddRange(packet.Vlans);
        SplitOutside(answer);
        Say(direction, "upstream", left.Device, $"{answer.Source} answers", answer);
        return Arrive(left.Namespace, left.Device, answer, direction);
    }

    /// <summary>Hosts outside have Ethernet's MTU: what is longer comes in fragments.</summary>
    private static void SplitOutside(Packet packet)
    {
        if (!packet.DontFragment && packet.Length > EthernetMtu)
            packet.Split(EthernetMtu);
    }

    /// <summary>No device and no guest has the address, and no namespace of a distributed router routes it.</summary>
    private bool IsNobodys(Ip address) =>
        !_diagnosis.CarriersOf(address).Any()
        && _diagnosis.Topology.PortOfAddress(address) is null
        && _diagnosis.Topology.Devices.AllRead
        && !_diagnosis.Facts.Namespaces.Any(n =>
            n.Name.StartsWith("fip-", StringComparison.Ordinal)
            || n.Routes?.Any(r => r.Destination.Length == r.Destination.Address.Bits && r.Destination.Address == address) == true
        );

    /// <summary>The address is one of a subnet behind the node (a tenant's, the inside gateway's), so nothing outside has a way to it.</summary>
    private bool IsInside(Ip source, Topology.Device? outside)
    {
        foreach (NamespaceFacts ns in _diagnosis.Facts.Namespaces)
        foreach (AddressFacts address in ns.Addresses ?? [])
        {
            if (
                address.PrefixLength < address.Address.Bits
                && new IpPrefix(address.Address, address.PrefixLength).Contains(source)
                && !(outside is not null && address.Device == outside.Name && ns.Name == outside.Namespace)
            )
                return true;
        }
        return _diagnosis.Topology.Ports.Any(p => p.Subnet?.Contains(source) == true);
    }

    private Mac? UpstreamResolves(WalkOutput left, Ip target, PacketDirection direction, out Ending? ending) =>
        UpstreamResolves(left.Namespace, left.Device, left.Packet.Vlans, target, left.Packet.Destination, direction, out ending);

    /// <summary>The outside asks by ARP for an address of this node; the answer has to leave by the same wire.</summary>
    private Mac? UpstreamResolves(
        string ns,
        string uplink,
        List<VlanTag> tags,
        Ip target,
        Ip asker,
        PacketDirection direction,
        out Ending? ending
    )
    {
        ending = null;
        // The router out there asks from its own address of that subnet: the guest's or router's next hop when one is known.
        Packet request = ArpRequest(NodeOutside.UpstreamMac, _diagnosis.OutsideGatewayNear(target) ?? asker, target);
        request.Vlans.AddRange(tags);
        Say(direction, "upstream", uplink, $"who has {target}?", request);
        WalkOutcome outcome = Arrive(ns, uplink, request, direction, data: false);
        if (AnswerOnWire(outcome, uplink, target) is { } direct)
            return direct;
        Ending? lost = null;
        foreach (WalkOutput output in outcome.Outputs.ToArray())
        {
            if (output.Kind != WalkOutputKind.Guest || output.Packet.EtherType != EtherTypes.Arp || output.Packet.ArpOperation != 1)
                continue;
            OutsideAnswer answer = _state.Outside.GuestAnswers(output.Namespace, output.Device, output.Packet);
            if (answer.Unknown is { } why)
                lost ??= Ending.NotKnown(direction, why, output.Device, output.Namespace);
            if (answer.Mac is not { } mac)
                continue;
            WalkOutcome back = Arrive(output.Namespace, output.Device, ArpReply(output.Packet, mac), direction, data: false);
            if (AnswerOnWire(back, uplink, target) is { } found)
                return found;
            lost = Lost(back, direction, Purpose.UpstreamArp, request);
        }
        Say(direction, "upstream", uplink, $"nobody on this node answers for {target}", request, fatal: true);
        ending = lost ?? Lost(outcome, direction, Purpose.UpstreamArp, request) with { Device = uplink, Namespace = ns };
        return null;
    }

    /// <summary>
    /// Which MAC the outside takes for an address. Of a userspace switch the kernel answers on the switch's NIC as well (arp_ignore 0); the
    /// outside has long learned the device that has the address, from its own ARP requests, and asks that one again when in doubt.
    /// </summary>
    private Mac? AnswerOnWire(WalkOutcome outcome, string uplink, Ip target)
    {
        Mac? first = null;
        foreach (WalkOutput output in outcome.Outputs)
        {
            if (
                output is not { Kind: WalkOutputKind.Wire, Packet.EtherType: EtherTypes.Arp, Packet.ArpOperation: 2 }
                || output.Device != uplink
                || output.Packet.ArpSenderIp != target
            )
                continue;
            if (_diagnosis.CarriersOf(target).Any(d => d.Link.Mac == output.Packet.ArpSenderMac))
                return output.Packet.ArpSenderMac;
            first ??= output.Packet.ArpSenderMac;
        }
        return first;
    }
}
