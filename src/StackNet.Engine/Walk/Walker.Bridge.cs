using StackNet.Engine.Facts;
using StackNet.Engine.Walk.Bridging;
using StackNet.Engine.Walk.Devices;
using StackNet.Engine.Walk.Netfilter;

namespace StackNet.Engine.Walk;

/// <summary>Linux bridges (net/bridge/br_input.c, br_forward.c, br_device.c).</summary>
internal sealed partial class Walker
{
    private const ulong LinkLocalGroup = 0x0180_c200_0000;

    /// <summary>br_handle_frame.</summary>
    private void BridgeReceive(BridgePort port, Frame frame)
    {
        Packet packet = frame.Packet;
        Device device = port.Device;
        BridgeModel bridge = port.Bridge;
        if (packet.SourceMac.IsGroup || packet.SourceMac.IsZero)
        {
            Drop(
                device.Net,
                device.Name,
                frame,
                PacketReason.BadHeader,
                because: $"the source address {packet.SourceMac} is not one of a station"
            );
            return;
        }
        if (!port.DetailsRead)
        {
            Unknown(device.Net, device.Name, packet, $"the bridge port state of {device} was not read");
            return;
        }
        if ((packet.DestinationMac.Value & ~0xfUL) == LinkLocalGroup && !ForwardsLinkLocal(bridge, packet.DestinationMac))
        {
            if ((packet.DestinationMac.Value & 0xf) == 1)
                Drop(device.Net, device.Name, frame, PacketReason.NotForUs, because: "pause frames are never forwarded");
            else
                PassUp(bridge, frame);
            return;
        }
        if (port.Facts.State is not ("forwarding" or "learning"))
        {
            Drop(
                device.Net,
                device.Name,
                frame,
                port.Facts.State == "disabled" ? PacketReason.PortDown : PacketReason.PortBlocked,
                because: $"{device} is in state {port.Facts.State} on {bridge.Device.Name}"
            );
            return;
        }
        // br_dev_stop disables every port; a listing without the ports' states shows only the bridge's flag.
        if (!bridge.Device.IsUp)
        {
            Drop(device.Net, bridge.Device.Name, frame, PacketReason.PortDown, because: $"{bridge.Device} is down, and so are its ports");
            return;
        }
        if (packet.DestinationMac == bridge.Device.Mac)
            packet.Type = PacketType.Host;
        frame.BridgeIn = device;
        if (
            !BridgeHook(NetfilterHook.Prerouting, frame, device, outDevice: null, upTo: BridgeNetfilterPriority)
            || !BridgeNetfilterPrerouting(port, frame)
            || !BridgeHook(NetfilterHook.Prerouting, frame, device, outDevice: null, above: BridgeNetfilterPriority)
        )
            return;
        BridgeForwardFrame(port, frame);
    }

    private static bool ForwardsLinkLocal(BridgeModel bridge, Mac destination)
    {
        int last = (int)(destination.Value & 0xf);
        bool inMask = (bridge.Facts.GroupForwardMask >> last & 1) == 1;
        return last switch
        {
            0 => !bridge.Facts.StpOn || inMask,
            1 => false,
            _ => inMask,
        };
    }

    /// <summary>br_handle_frame_finish.</summary>
    private void BridgeForwardFrame(BridgePort port, Frame frame)
    {
        Packet packet = frame.Packet;
        BridgeModel bridge = port.Bridge;
        Device device = port.Device;
        if (!AllowedIngress(bridge, port.Vlans, device, frame, out int vlan))
            return;
        if (port.Facts.Locked && (Lookup(bridge, vlan, packet.SourceMac) is not { } known || known.Port != device || known.IsLocal))
        {
            Drop(
                device.Net,
                device.Name,
                frame,
                PacketReason.PortBlocked,
                because: $"{device} is locked and does not know {packet.SourceMac}"
            );
            return;
        }
        // ageing_time 0 forgets at once (nova's qbr): the next frame is flooded again.
        if (port.Facts.Learning && Remembers(bridge) && bridge.Find(vlan, packet.SourceMac) is not { IsFixed: true })
            _state.Learn(bridge, vlan, packet.SourceMac, device);
        if (port.Facts.State == "learning")
        {
            Drop(
                device.Net,
                device.Name,
                frame,
                PacketReason.PortBlocked,
                because: $"{device} is in state learning on {bridge.Device.Name}"
            );
            return;
        }
        bool local = bridge.Device.IsPromiscuous || packet.DestinationMac.IsGroup;
        if (packet is { EtherType: EtherTypes.Arp, ArpOperation: 1 } && BridgeAnswersArp(bridge, port))
        {
            Unknown(device.Net, device.Name, packet, $"{device} answers or suppresses ARP on behalf of others (proxy_arp, neigh_suppress)");
            return;
        }
        if (!packet.DestinationMac.IsGroup && Lookup(bridge, vlan, packet.DestinationMac) is { } target)
        {
            if (target.IsLocal || target.Port is null)
            {
                PassUp(bridge, frame, vlan);
                return;
            }
            if (target.Port.BridgePort is not { } outPort)
            {
                Drop(
                    device.Net,
                    device.Name,
                    frame,
                    PacketReason.NotConnected,
                    because: $"{target.Port} is no port of {bridge.Device.Name}"
                );
                return;
            }
            if (local)
                PassUp(bridge, frame.Copy(), vlan);
            ForwardTo(outPort, frame, vlan, sourcePort: port);
            return;
        }
        Flood(bridge, port, frame, vlan);
        if (local)
            PassUp(bridge, frame, vlan);
    }

    private static bool BridgeAnswersArp(BridgeModel bridge, BridgePort port)
    {
        if (port.Facts.ProxyArp)
            return true;
        foreach (BridgePort other in bridge.Ports)
        {
            if (other.Facts.NeighSuppress)
                return true;
        }
        return false;
    }

    /// <summary>br_flood: every other port that takes this kind of frame. Group addresses that snooping narrows down go to all as long as no querier is there.</summary>
    private void Flood(BridgeModel bridge, BridgePort? source, Frame frame, int vlan)
    {
        Packet packet = frame.Packet;
        bool snooped =
            packet.DestinationMac.IsGroup
            && !packet.DestinationMac.IsBroadcast
            && bridge.Facts.MulticastSnooping
            && bridge.Facts.MulticastQuerier
            && packet is { EtherType: EtherTypes.Ip4 }
            && (uint)packet.Destination.Value >> 8 != 0xe00000;
        if (snooped)
        {
            Unknown(
                bridge.Device.Net,
                bridge.Device.Name,
                packet,
                $"multicast snooping of {bridge.Device.Name}: who joined {packet.Destination} is not known"
            );
            return;
        }
        int copies = 0;
        BridgePort? closed = null;
        foreach (BridgePort port in bridge.Ports)
        {
            if (port == source && !port.Facts.Hairpin)
                continue;
            bool takes =
                packet.DestinationMac.IsBroadcast ? port.Facts.BroadcastFlood
                : packet.DestinationMac.IsGroup ? port.Facts.MulticastFlood
                : port.Facts.Flood;
            if (!takes && !(source is null && packet.DestinationMac.IsGroup))
            {
                closed ??= port;
                continue;
            }
            copies++;
            Frame copy = frame.Copy();
            // A flood to the only other port is as good as knowing the way.
            copy.IsFloodCopy = frame.IsFloodCopy || bridge.Ports.Count > 2;
            ForwardTo(port, copy, vlan, source);
        }
        if (copies == 0 && closed is not null)
        {
            string flag =
                packet.DestinationMac.IsBroadcast ? "bcast_flood"
                : packet.DestinationMac.IsGroup ? "mcast_flood"
                : "flood";
            Drop(
                bridge.Device.Net,
                closed.Device.Name,
                frame,
                PacketReason.PortBlocked,
                because: $"{flag} is off on {closed.Device} and {bridge.Device.Name} does not know {packet.DestinationMac}"
            );
        }
        else if (copies == 0 && source is not null)
        {
            Drop(
                bridge.Device.Net,
                source.Device.Name,
                frame,
                PacketReason.NotConnected,
                because: $"{bridge.Device.Name} has no other port that takes frames for {packet.DestinationMac}"
            );
        }
    }

    /// <summary>br_forward and br_flood's maybe_deliver: should_deliver, the FORWARD hooks, then the port's device.</summary>
    private void ForwardTo(BridgePort port, Frame frame, int vlan, BridgePort? sourcePort)
    {
        Device device = port.Device;
        Packet packet = frame.Packet;
        if (sourcePort == port && !port.Facts.Hairpin)
        {
            Drop(
                device.Net,
                device.Name,
                frame,
                PacketReason.Hairpin,
                because: $"the frame would leave by {device}, the port it came in by, and hairpin is off"
            );
            return;
        }
        if (!port.DetailsRead)
        {
            Unknown(device.Net, device.Name, packet, $"the bridge port state of {device} was not read");
            return;
        }
        if (port.Facts.State != "forwarding")
        {
            Drop(
                device.Net,
                device.Name,
                frame,
                port.Facts.State == "disabled" ? PacketReason.PortDown : PacketReason.PortBlocked,
                because: $"{device} is in state {port.Facts.State} on {port.Bridge.Device.Name}"
            );
            return;
        }
        if (port.Facts.Isolated && sourcePort is { Facts.Isolated: true })
        {
            Drop(device.Net, device.Name, frame, PacketReason.PortBlocked, because: $"{sourcePort.Device} and {device} are both isolated");
            return;
        }
        if (!AllowedEgress(port, frame, vlan))
            return;
        frame.PhysOut = device;
        if (sourcePort is null)
        {
            if (!BridgeHook(NetfilterHook.Output, frame, inDevice: null, device))
                return;
        }
        else
        {
            if (
                !BridgeHook(NetfilterHook.Forward, frame, sourcePort.Device, device, upTo: BridgeNetfilterPriority)
                || !BridgeNetfilterForward(sourcePort, port, frame)
                || !BridgeHook(NetfilterHook.Forward, frame, sourcePort.Device, device, above: BridgeNetfilterPriority)
            )
                return;
        }
        if (!BridgeHook(NetfilterHook.Postrouting, frame, inDevice: null, device) || !BridgeNetfilterPostrouting(port, frame))
            return;
        // br_dev_queue_push_xmit: is_skb_forwardable, MTU and a VLAN header.
        if (!device.IsUp)
        {
            Drop(device.Net, device.Name, frame, PacketReason.PortDown, because: $"{device} is down");
            return;
        }
        if (!Fits(device, frame, slack: 4))
            return;
        frame.BridgeIn = null;
        Transmit(device, frame);
    }

    /// <summary>br_pass_frame_up: the bridge device itself receives it.</summary>
    private void PassUp(BridgeModel bridge, Frame frame, int vlan = 0)
    {
        Device device = bridge.Device;
        Packet packet = frame.Packet;
        if (bridge.Facts.VlanFiltering && vlan != 0)
        {
            if (!bridge.Vlans.Contains(vlan))
            {
                NotForUs(device, frame, $"{device} is not in VLAN {vlan}");
                return;
            }
            if (packet.Vlans.Count == 0 && !bridge.Vlans.LeavesUntagged(vlan))
                packet.Vlans.Add(new VlanTag(vlan));
            else if (packet.Vlans.Count > 0 && bridge.Vlans.LeavesUntagged(vlan))
                packet.Vlans.RemoveAt(packet.Vlans.Count - 1);
        }
        Device? from = frame.BridgeIn;
        if (!BridgeHook(NetfilterHook.Input, frame, from, outDevice: null))
            return;
        // br_nf_local_in: the copies of a flooded packet share its connection, which is entered before the IP stack has it.
        if (packet.Type != PacketType.Host && !_state.Conntrack(device.Net).Confirm(packet))
        {
            Drop(device.Net, device.Name, frame, PacketReason.ConntrackFull);
            return;
        }
        if (!device.IsUp)
        {
            Drop(device.Net, device.Name, frame, PacketReason.PortDown, because: $"{device} is down");
            return;
        }
        // From here on it is the stack's: out of a bridge it goes like any other of its packets (no port it came in by, no physoutdev).
        frame.BridgeIn = null;
        frame.PhysOut = null;
        PacketType type = packet.Type;
        if (_trace)
            Step(device, "bridge", "passed up to the bridge's own device", rule: null, packet, depth: 0);
        // The type was decided on the port: a frame to another port's address stays another host's.
        if (packet.DestinationMac == device.Mac)
            type = PacketType.Host;
        packet.Type = type;
        if (packet.Vlans.Count > 0 && ToVlanDevice(device, frame))
            return;
        if (device.Ovs is { IsInternal: false } || device.Master is not null)
        {
            Handle(device, frame);
            return;
        }
        Protocols(device, frame);
    }

    /// <summary>br_dev_xmit: the node's own stack sends by the bridge.</summary>
    private void BridgeTransmit(Device device, Frame frame)
    {
        BridgeModel bridge = device.Bridge!;
        Packet packet = frame.Packet;
        int vlan = 0;
        if (bridge.Facts.VlanFiltering)
        {
            if (!AllowedIngress(bridge, bridge.Vlans, device, frame, out vlan))
                return;
        }
        frame.PhysOut = null;
        if (packet.DestinationMac.IsGroup)
        {
            Flood(bridge, source: null, frame, vlan);
            return;
        }
        if (Lookup(bridge, vlan, packet.DestinationMac) is { } target)
        {
            if (target.Port?.BridgePort is { } port && !target.IsLocal)
            {
                ForwardTo(port, frame, vlan, sourcePort: null);
                return;
            }
            if (target.IsLocal)
            {
                // br_forward to a local entry's port: the frame goes out of that port although the address is the node's own.
                if (target.Port?.BridgePort is { } own)
                    ForwardTo(own, frame, vlan, sourcePort: null);
                else
                    Drop(
                        device.Net,
                        device.Name,
                        frame,
                        PacketReason.NotConnected,
                        because: $"{packet.DestinationMac} is the address of {device} itself"
                    );
                return;
            }
        }
        Flood(bridge, source: null, frame, vlan);
        if (bridge.Ports.Count == 0)
            Drop(device.Net, device.Name, frame, PacketReason.NotConnected, because: $"{device} has no port");
    }

    private FdbTarget? Lookup(BridgeModel bridge, int vlan, Mac mac)
    {
        FdbTarget? read = bridge.Find(vlan, mac) ?? (vlan != 0 && bridge.Find(0, mac) is { IsLocal: true } local ? local : null);
        if (read is { IsFixed: true } || read is { IsLocal: true })
            return read;
        if (Remembers(bridge) && _state.LearnedPort(bridge, vlan, mac) is { } port)
            return new FdbTarget(port, IsLocal: false, IsFixed: false);
        return read;
    }

    private static bool Remembers(BridgeModel bridge) => bridge.Facts.AgeingTime > 0 || !bridge.DetailsRead;
}
