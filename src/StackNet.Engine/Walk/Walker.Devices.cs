using StackNet.Engine.Facts;
using StackNet.Engine.Walk.Devices;

namespace StackNet.Engine.Walk;

/// <summary>Devices: what receiving and sending on each kind does (net/core/dev.c and the drivers).</summary>
internal sealed partial class Walker
{
    /// <summary>A frame of a guest or of the wire.</summary>
    public void FromOutside(Device device, Frame frame)
    {
        if (frame.Packet.IsIp)
            _sent = (device.Net, frame.Packet.Clone());
        if (!device.IsUp)
        {
            Drop(device.Net, device.Name, frame, PacketReason.PortDown, because: $"{device} is down");
            return;
        }
        switch (device.Kind)
        {
            case DeviceKind.Macvtap:
                // The guest sends: the frame goes out of the lower device.
                Transmit(device, frame);
                break;
            default:
                Receive(device, frame);
                break;
        }
        Run();
    }

    /// <summary>netif_rx: queued, as the kernel does it, so that deep paths do not nest.</summary>
    private void Receive(Device device, Frame frame)
    {
        frame.Hops++;
        _frames++;
        if (frame.Hops > MaxHops || _frames > MaxFrames)
        {
            if (_frames > MaxFrames)
            {
                // Said once: a storm has thousands of copies.
                if (!_stormy)
                    Drop(
                        device.Net,
                        device.Name,
                        frame,
                        PacketReason.Loop,
                        because: $"more than {MaxFrames} copies: the node's bridges form a loop"
                    );
                _stormy = true;
                return;
            }
            Drop(device.Net, device.Name, frame, PacketReason.Loop, because: $"the frame passed {MaxHops} devices");
            return;
        }
        _received.Enqueue((device, frame));
    }

    private void ReceiveNow(Device device, Frame frame)
    {
        Packet packet = frame.Packet;
        if (!device.IsUp)
        {
            Drop(device.Net, device.Name, frame, PacketReason.PortDown, because: $"{device} is down");
            return;
        }
        packet.Type = TypeOf(packet.DestinationMac, device.Mac);
        if (_trace)
            Step(device, device.Kind == DeviceKind.Tap ? "tap" : "device", "received", rule: null, packet, depth: 0);
        if (device.Link.HasXdp)
        {
            Unknown(device.Net, device.Name, packet, $"an XDP program is attached to {device}");
            return;
        }
        if (device.Ingress is { } filters && !PassTrafficControl(device, filters, frame))
            return;
        if (!NetdevHook(device, frame))
            return;
        Handle(device, frame);
    }

    /// <summary>__netif_receive_skb_core after the taps: VLAN devices, the master's handler, then the protocols.</summary>
    private void Handle(Device device, Frame frame)
    {
        Packet packet = frame.Packet;
        if (device.Ovs is { IsInternal: false } attachment)
        {
            if (!attachment.IsUserspace)
            {
                IntoSwitch(attachment, device, frame);
                return;
            }
            // AF_PACKET gives vswitchd a copy; the kernel's own stack gets the frame as well (INSTALL.userspace, "Firewall rules").
            IntoSwitch(attachment, device, frame.Copy());
        }
        else if (device.MayBelongToSwitch && (packet.Type == PacketType.OtherHost || packet.DestinationMac.IsGroup))
        {
            Unknown(device.Net, device.Name, packet, $"{device} is promiscuous and Open vSwitch, which may take its frames, was not read");
            return;
        }
        if (packet.Vlans.Count > 0 && ToVlanDevice(device, frame))
            return;
        if (device.BridgePort is { } port)
        {
            BridgeReceive(port, frame);
            return;
        }
        if (device.Master is { } master && master.Bridge is null)
        {
            ToMaster(device, master, frame);
            return;
        }
        if (device.MacvlanUppers.Count > 0 && ToMacvlan(device, frame))
            return;
        if (MayBeSwitchPort(device))
            Unknown(device.Net, device.Name, packet, $"Open vSwitch was not read, and {device} may be a port of it");
        Protocols(device, frame);
    }

    /// <summary>
    /// vswitchd makes its system ports promiscuous (netdev-linux, netdev_turn_flags_on); a bridge does so too, but then there is a master.
    /// With the database unread such a device is likely one of its ports.
    /// </summary>
    private bool MayBeSwitchPort(Device device) =>
        _node.Facts.Ovs is null
        && device is { Ovs: null, Master: null, BridgePort: null }
        && device.Net.Name.Length == 0
        && device.Link.Flags.Contains("PROMISC")
        && _node.Facts.Unread.Any(u => u.Source.StartsWith("ovs", StringComparison.Ordinal));

    private void Protocols(Device device, Frame frame)
    {
        Packet packet = frame.Packet;
        if (packet.Vlans.Count > 0)
        {
            if (packet.Vlans[^1].Id != 0)
            {
                // A tag that no device took makes the frame somebody else's.
                if (device.Ovs is null)
                    Drop(device.Net, device.Name, frame, PacketReason.VlanMismatch, because: $"{device} has no VLAN {packet.Vlans[^1].Id}");
                return;
            }
            packet.Vlans.RemoveAt(packet.Vlans.Count - 1);
        }
        switch (packet.EtherType)
        {
            case EtherTypes.Arp:
                ArpReceive(device, frame);
                break;
            case EtherTypes.Ip4:
                Ip4Receive(device, frame);
                break;
            case EtherTypes.Ip6:
                Ip6Receive(device, frame);
                break;
            default:
                NotForUs(device, frame, $"no protocol handler for ethertype 0x{packet.EtherType:x4}");
                break;
        }
    }

    /// <summary>Not worth a drop when the frame's real way goes through the switch beside the kernel's stack.</summary>
    private void NotForUs(Device device, Frame frame, string because)
    {
        if (device.Ovs is { IsInternal: false })
            return;
        Drop(device.Net, device.Name, frame, PacketReason.NotForUs, because: because);
    }

    private bool ToVlanDevice(Device device, Frame frame)
    {
        VlanTag tag = frame.Packet.Vlans[^1];
        foreach (Device upper in device.VlanUppers)
        {
            bool isAd = upper.Link.VlanProtocol is "802.1ad";
            if (upper.Link.VlanId != tag.Id || isAd != (tag.Protocol == EtherTypes.QinQ))
                continue;
            frame.Packet.Vlans.RemoveAt(frame.Packet.Vlans.Count - 1);
            if (upper.Net != device.Net)
                frame.Scrub(crossesNamespace: true);
            Receive(upper, frame);
            return true;
        }
        return false;
    }

    private void ToMaster(Device device, Device master, Frame frame)
    {
        switch (master.Kind)
        {
            case DeviceKind.Bond:
                Receive(master, frame);
                break;
            case DeviceKind.Vrf:
                Unknown(device.Net, device.Name, frame.Packet, $"{device} belongs to the VRF {master.Name}");
                break;
            default:
                if (master.Name == "ovs-system")
                    Unknown(device.Net, device.Name, frame.Packet, $"{device} is a port of Open vSwitch, whose database was not read");
                else
                    Unknown(device.Net, device.Name, frame.Packet, $"{device} has the master {master.Name} of kind '{master.Link.Kind}'");
                break;
        }
    }

    private bool ToMacvlan(Device device, Frame frame)
    {
        Mac destination = frame.Packet.DestinationMac;
        if (destination.IsGroup)
        {
            foreach (Device upper in device.MacvlanUppers)
            {
                Frame copy = frame.Copy();
                copy.IsFloodCopy = true;
                ToMacvlanUpper(upper, copy);
            }
            return false;
        }
        foreach (Device upper in device.MacvlanUppers)
        {
            if (upper.Mac == destination || (upper.Link.Details?.GetValueOrDefault("mode") == "passthru"))
            {
                ToMacvlanUpper(upper, frame);
                return true;
            }
        }
        return false;
    }

    private void ToMacvlanUpper(Device upper, Frame frame)
    {
        if (!upper.IsUp)
            Drop(upper.Net, upper.Name, frame, PacketReason.PortDown, because: $"{upper} is down");
        else if (upper.Kind == DeviceKind.Macvtap)
            LeaveBy(WalkOutputKind.Guest, upper, frame);
        else
        {
            frame.Scrub(upper.Lower?.Net != upper.Net);
            Receive(upper, frame);
        }
    }

    private static PacketType TypeOf(Mac destination, Mac own) =>
        destination.IsBroadcast ? PacketType.Broadcast
        : destination.IsGroup ? PacketType.Multicast
        : destination == own ? PacketType.Host
        : PacketType.OtherHost;
}
