using StackNet.Engine.Facts;
using StackNet.Engine.Walk.Devices;
using StackNet.Engine.Walk.Routing;

namespace StackNet.Engine.Walk;

/// <summary>Neighbours: the table, and where it is silent the ARP request that the kernel would send, walked like any other frame.</summary>
internal sealed partial class Walker
{
    /// <summary>Requests inside requests (a bridge's DNAT that needs a neighbour) end here.</summary>
    private const int MaxDepth = 3;

    /// <summary>MAC of the next hop; false when the packet ended here.</summary>
    private bool Neighbour(Device output, Ip next, Frame frame, Ip source, out Mac mac)
    {
        NamespaceMachine net = output.Net;
        mac = default;
        if (output.NoArp)
        {
            mac = output.Mac;
            return true;
        }
        NeighbourFacts? entry = net.Neighbour(output.Name, next);
        if (entry is { Mac: { } known, State: "PERMANENT" or "NOARP" })
        {
            mac = known;
            return true;
        }
        if (_state.Neighbour(net.Name, output.Name, next) is { } learned)
        {
            mac = learned;
            return true;
        }
        if (entry is { Mac: { } cached, State: "REACHABLE" or "STALE" or "DELAY" or "PROBE" })
        {
            mac = cached;
            return true;
        }
        if (!output.IsUp || !output.HasCarrier)
        {
            // The request would die where the packet dies: on the device.
            Transmit(output, frame);
            return false;
        }
        if (_depth >= MaxDepth)
        {
            Unknown(net, output.Name, frame.Packet, $"who answers for {next} on {output} hangs on other questions of the same kind");
            return false;
        }
        Walker asker = new(_node, _state, _trace, _depth + 1);
        Packet request = ArpRequest(output, next, source);
        asker.Transmit(output, new Frame(request));
        WalkOutcome resolution = asker.Finish();
        foreach ((Device device, Ip address, Mac answer) in asker.ArpReplies)
        {
            if (device != output || address != next)
                continue;
            mac = answer;
            _state.LearnNeighbour(net.Name, output.Name, next, answer);
            if (_trace)
                Step(
                    output,
                    "neighbour",
                    $"{next} is at {answer}",
                    entry is null ? null : $"{next} dev {output.Name} {entry.State}",
                    request
                );
            return true;
        }
        if (resolution.Unknown is { } unknown)
        {
            Unknown(net, output.Name, frame.Packet, unknown);
            return false;
        }
        EmitIcmpError(output, frame, type: 3, code: 1);
        Drop(
            net,
            output.Name,
            frame,
            PacketReason.NoNeighbour,
            because: entry is null
                ? $"nobody answers for {next} on {output.Name}"
                : $"{next} dev {output.Name} {entry.State}: nobody answers",
            resolution: resolution
        );
        return false;
    }

    /// <summary>arp_solicit: by arp_announce 0 the packet's own source when it is the node's, else an address of the device.</summary>
    private static Packet ArpRequest(Device output, Ip target, Ip source)
    {
        AddressTable addresses = output.Net.Addresses;
        int announce = output.Settings.ArpAnnounce.Value ?? 0;
        Ip sender = default;
        bool own = addresses.OwnerOf(source) is not null;
        if (own && announce == 0)
            sender = source;
        else if (own && announce == 1 && SharesSubnet(output, source, target))
            sender = source;
        if (sender.IsAny)
            sender = addresses.Select(output, target, RouteScopes.Link) ?? Ip.V4(0);
        return new Packet
        {
            EtherType = EtherTypes.Arp,
            SourceMac = output.Mac,
            DestinationMac = Mac.Broadcast,
            ArpOperation = 1,
            ArpSenderMac = output.Mac,
            ArpSenderIp = sender,
            ArpTargetIp = target,
        };
    }

    private static bool SharesSubnet(Device device, Ip one, Ip other)
    {
        foreach (AddressFacts address in device.Addresses)
        {
            IpPrefix subnet = new(address.Address, address.PrefixLength);
            if (subnet.Contains(one) && subnet.Contains(other))
                return true;
        }
        return false;
    }

    /// <summary>An ARP request has left the node's kernel: whoever the caller knows there may answer, and the answer comes in by the same device.</summary>
    private void AskOutside(WalkOutputKind kind, Device device, Packet request) =>
        AskOutside(kind, device.Net.Name, device.Name, request, device);

    private void AskOutside(WalkOutputKind kind, string ns, string name, Packet request, Device? device)
    {
        OutsideAnswer answer =
            kind == WalkOutputKind.Guest ? _state.Outside.GuestAnswers(ns, name, request) : _state.Outside.WireAnswers(ns, name, request);
        if (answer.Unknown is { } unknown)
        {
            Unknown(device?.Net, name, request, unknown);
            return;
        }
        if (answer.Mac is not { } mac)
            return;
        if (device is null || device.Kind == DeviceKind.Vxlan)
        {
            Unknown(device?.Net, name, request, $"an ARP answer would come through the tunnel {name}");
            return;
        }
        Packet reply = new()
        {
            EtherType = EtherTypes.Arp,
            SourceMac = mac,
            DestinationMac = request.ArpSenderMac,
            ArpOperation = 2,
            ArpSenderMac = mac,
            ArpSenderIp = request.ArpTargetIp,
            ArpTargetMac = request.ArpSenderMac,
            ArpTargetIp = request.ArpSenderIp,
        };
        reply.Vlans.AddRange(request.Vlans);
        Receive(device, new Frame(reply));
    }
}
