using StackNet.Engine.Facts;
using StackNet.Engine.Walk.Devices;

namespace StackNet.Engine.Walk;

/// <summary>Sending on a device: state, traffic control, then what the driver does with the frame.</summary>
internal sealed partial class Walker
{
    /// <summary>dev_queue_xmit.</summary>
    public void Transmit(Device device, Frame frame)
    {
        if (!device.IsUp)
        {
            Drop(device.Net, device.Name, frame, PacketReason.PortDown, because: $"{device} is down");
            return;
        }
        if (!device.HasCarrier)
        {
            // linkwatch puts noop in the qdisc's place: frames vanish.
            Drop(
                device.Net,
                device.Name,
                frame,
                PacketReason.PortDown,
                because: $"{device} is up but has no carrier{WhyNoCarrier(device)}"
            );
            return;
        }
        if (device.Queues is { } queues && !PassQueue(device, queues, frame))
            return;
        if (device.Egress is { } filters && !PassTrafficControl(device, filters, frame))
            return;
        if (!NetdevHook(device, frame, egress: true))
            return;
        if (_trace)
            Step(device, device.Kind == DeviceKind.Tap ? "tap" : "device", "sent", rule: null, frame.Packet, depth: 0);
        switch (device.Kind)
        {
            case DeviceKind.Tap when device.MayBelongToSwitch:
                Unknown(device.Net, device.Name, frame.Packet, $"{device} may be a port of Open vSwitch, which was not read");
                break;
            case DeviceKind.Tap:
                LeaveBy(WalkOutputKind.Guest, device, frame);
                break;
            case DeviceKind.OvsInternal:
                SendIntoSwitch(device, frame);
                break;
            case DeviceKind.Hardware:
                LeaveBy(WalkOutputKind.Wire, device, frame);
                break;
            case DeviceKind.Veth:
                SendVeth(device, frame);
                break;
            case DeviceKind.Bridge:
                BridgeTransmit(device, frame);
                break;
            case DeviceKind.Vlan:
                SendVlan(device, frame);
                break;
            case DeviceKind.Vxlan:
                SendVxlan(device, frame);
                break;
            case DeviceKind.Macvlan or DeviceKind.Macvtap:
                SendMacvlan(device, frame);
                break;
            case DeviceKind.Bond:
                SendBond(device, frame);
                break;
            case DeviceKind.Loopback:
                Receive(device, frame);
                break;
            case DeviceKind.Dummy:
                Drop(
                    device.Net,
                    device.Name,
                    frame,
                    PacketReason.NotConnected,
                    because: $"{device} is a dummy device: it takes frames and keeps them"
                );
                break;
            default:
                Unknown(device.Net, device.Name, frame.Packet, $"{device} is of kind '{device.Link.Kind}', which is not modelled");
                break;
        }
    }

    private static string WhyNoCarrier(Device device) =>
        device.Kind switch
        {
            DeviceKind.Veth when device.Peer is { IsUp: false } peer => $": its peer {peer} is down",
            DeviceKind.Tap => ": no process has it open",
            _ => "",
        };

    private void LeaveBy(WalkOutputKind kind, Device device, Frame frame)
    {
        Leave(
            new WalkOutput
            {
                Kind = kind,
                Namespace = device.Net.Name,
                Device = device.Name,
                Packet = frame.Packet,
                Routed = frame.Routed,
                Bridge = device.Ovs?.Bridge,
                Port = device.Ovs?.Port,
            }
        );
        if (frame.Packet is { EtherType: EtherTypes.Arp, ArpOperation: 1 })
            AskOutside(kind, device, frame.Packet);
    }

    private void SendVeth(Device device, Frame frame)
    {
        switch (device.PeerKnowledge)
        {
            case PeerKnowledge.Outside:
                LeaveBy(WalkOutputKind.Wire, device, frame);
                return;
            case PeerKnowledge.Known or PeerKnowledge.Inferred when device.Peer is { } peer:
                // dev_forward_skb -> is_skb_forwardable: the peer must be up and take the length, else the frame is dropped without a word.
                if (!peer.IsUp)
                {
                    Drop(peer.Net, peer.Name, frame, PacketReason.PortDown, because: $"{peer}, the peer of {device}, is down");
                    return;
                }
                if (!Fits(peer, frame, slack: 4))
                    return;
                frame.Scrub(peer.Net != device.Net);
                Receive(peer, frame);
                return;
            default:
                Unknown(device.Net, device.Name, frame.Packet, $"the far end of {device} was not read");
                return;
        }
    }

    /// <summary>Length against the device's MTU; <paramref name="slack"/> is the VLAN header that most checks allow. Silent drop.</summary>
    private bool Fits(Device device, Frame frame, int slack)
    {
        int length = FrameLength(frame.Packet);
        if (device.Mtu <= 0 || length <= device.Mtu + slack)
            return true;
        Drop(
            device.Net,
            device.Name,
            frame,
            PacketReason.TooBig,
            because: $"{device} has mtu {device.Mtu}, the frame carries {length} bytes: dropped without an answer"
        );
        return false;
    }

    /// <summary>Bytes behind the Ethernet header. One tag travels beside the frame (skb vlan acceleration) and does not count.</summary>
    private static int FrameLength(Packet packet)
    {
        int length = packet.EtherType == EtherTypes.Arp ? 28 : packet.Length;
        return length + (4 * Math.Max(0, packet.Vlans.Count - 1));
    }

    private void SendVlan(Device device, Frame frame)
    {
        if (device.Lower is not { } lower || device.Link.VlanId is not { } id)
        {
            Unknown(device.Net, device.Name, frame.Packet, $"the device below {device} was not read");
            return;
        }
        frame.Packet.Vlans.Add(new VlanTag(id, 0, device.Link.VlanProtocol is "802.1ad" ? EtherTypes.QinQ : EtherTypes.Vlan));
        if (lower.Net != device.Net)
            frame.Scrub(crossesNamespace: true);
        Transmit(lower, frame);
    }

    private void SendMacvlan(Device device, Frame frame)
    {
        if (device.Lower is not { } lower)
        {
            Unknown(device.Net, device.Name, frame.Packet, $"the device below {device} was not read");
            return;
        }
        string mode = device.Link.Details?.GetValueOrDefault("mode") ?? "";
        if (mode == "bridge")
        {
            foreach (Device other in lower.MacvlanUppers)
            {
                if (other == device || !(frame.Packet.DestinationMac.IsGroup || other.Mac == frame.Packet.DestinationMac))
                    continue;
                if (!frame.Packet.DestinationMac.IsGroup)
                {
                    ToMacvlanUpper(other, frame);
                    return;
                }
                Frame copy = frame.Copy();
                copy.IsFloodCopy = true;
                ToMacvlanUpper(other, copy);
            }
        }
        if (lower.Net != device.Net)
            frame.Scrub(crossesNamespace: true);
        Transmit(lower, frame);
    }

    private void SendBond(Device device, Frame frame)
    {
        if (device.Members.Count == 0)
        {
            Drop(device.Net, device.Name, frame, PacketReason.NotConnected, because: $"{device} has no member");
            return;
        }
        foreach (Device member in device.Members)
        {
            if (!member.IsUp || !member.HasCarrier)
                continue;
            if (!member.IsWire)
            {
                Unknown(device.Net, device.Name, frame.Packet, $"which member {device} sends by is not modelled");
                return;
            }
            LeaveBy(WalkOutputKind.Wire, device, frame);
            return;
        }
        Drop(device.Net, device.Name, frame, PacketReason.PortDown, because: $"no member of {device} is up");
    }

    /// <summary>The forwarding database of the vxlan device names the tunnel's far end; the all-zero entry is the default.</summary>
    private void SendVxlan(Device device, Frame frame)
    {
        VxlanFacts? vxlan = device.Link.Vxlan;
        if (vxlan is null || vxlan.External)
        {
            Unknown(device.Net, device.Name, frame.Packet, $"the tunnel of {device} is set up by something that was not read");
            return;
        }
        if (vxlan.Proxy && frame.Packet.EtherType == EtherTypes.Arp)
        {
            Unknown(device.Net, device.Name, frame.Packet, $"{device} answers ARP by itself (proxy)");
            return;
        }
        List<Ip> remotes = [];
        bool known = false;
        foreach (FdbEntry entry in device.Net.Facts.Fdb ?? [])
        {
            if (entry.Device != device.Name || entry.Destination is not { } remote)
                continue;
            if (entry.Mac == frame.Packet.DestinationMac)
            {
                if (!known)
                    remotes.Clear();
                known = true;
                remotes.Add(remote);
            }
            else if (!known && entry.Mac.IsZero)
                remotes.Add(remote);
        }
        if (remotes.Count == 0 && (vxlan.Remote ?? vxlan.Group) is { } standard)
            remotes.Add(standard);
        if (remotes.Count == 0)
        {
            if (device.Net.Facts.Fdb is null)
                Unknown(device.Net, device.Name, frame.Packet, $"the forwarding database of {device} was not read");
            else
                Drop(
                    device.Net,
                    device.Name,
                    frame,
                    PacketReason.NotConnected,
                    because: $"{device} has no remote for {frame.Packet.DestinationMac}"
                );
            return;
        }
        foreach (Ip remote in remotes)
        {
            Packet copy = frame.Packet.Clone();
            Leave(
                new WalkOutput
                {
                    Kind = WalkOutputKind.Tunnel,
                    Namespace = device.Net.Name,
                    Device = device.Name,
                    Packet = copy,
                    Routed = frame.Routed,
                    TunnelId = (ulong)vxlan.Id,
                    TunnelRemote = remote,
                    TunnelLocal = vxlan.Local,
                }
            );
            if (copy is { EtherType: EtherTypes.Arp, ArpOperation: 1 })
                AskOutside(WalkOutputKind.Tunnel, device, copy);
        }
    }
}
