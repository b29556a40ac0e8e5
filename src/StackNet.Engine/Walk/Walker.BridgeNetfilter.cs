using StackNet.Engine.Facts;
using StackNet.Engine.Walk.Bridging;
using StackNet.Engine.Walk.Devices;
using StackNet.Engine.Walk.Netfilter;
using StackNet.Engine.Walk.Routing;

namespace StackNet.Engine.Walk;

/// <summary>br_netfilter: the IP and ARP hooks for bridged frames (net/bridge/br_netfilter_hooks.c).</summary>
internal sealed partial class Walker
{
    private const string CallIptables = "net.bridge.bridge-nf-call-iptables";
    private const string CallIp6tables = "net.bridge.bridge-nf-call-ip6tables";
    private const string CallArptables = "net.bridge.bridge-nf-call-arptables";
    private const string FilterTagged = "net.bridge.bridge-nf-filter-vlan-tagged";

    /// <summary>Whether the IP hooks see this bridged frame; null = the switch was not read.</summary>
    private static bool? Calls(BridgeModel bridge, string key, bool ofBridge)
    {
        if (ofBridge)
            return true;
        Sysctls sysctls = bridge.Device.Net.Sysctls;
        int? value = sysctls.Get(key);
        // The keys exist only while br_netfilter is loaded: other keys read and this one absent = module absent = no hooks.
        if (value is null && sysctls.WasRead && sysctls.Get("net.ipv4.ip_forward") is not null)
            return false;
        return value is null ? null : value > 0;
    }

    private static bool HookableTags(NamespaceMachine net, Packet packet) =>
        packet.Vlans.Count == 0 || (packet.Vlans.Count == 1 && net.Sysctls.Get(FilterTagged) is > 0);

    /// <summary>br_nf_pre_routing and its finish. False: the frame went another way or died.</summary>
    private bool BridgeNetfilterPrerouting(BridgePort port, Frame frame)
    {
        Packet packet = frame.Packet;
        BridgeModel bridge = port.Bridge;
        Device device = port.Device;
        if (!packet.IsIp || (packet.Vlans.Count > 0 && !HookableTags(device.Net, packet)))
            return true;
        bool isV6 = packet.EtherType == EtherTypes.Ip6;
        bool? calls = isV6
            ? Calls(bridge, CallIp6tables, bridge.Facts.NfCallIp6tables)
            : Calls(bridge, CallIptables, bridge.Facts.NfCallIptables);
        if (calls == false)
            return true;
        if (calls is null)
        {
            if (!device.Net.HasRules)
                return true;
            Unknown(device.Net, device.Name, packet, $"{(isV6 ? CallIp6tables : CallIptables)} was not read");
            return false;
        }
        PacketType type = packet.Type;
        if (type == PacketType.OtherHost)
            packet.Type = PacketType.Host;
        frame.PhysIn = device;
        Ip before = packet.Destination;
        if (
            !RunHook(
                NetfilterHook.Prerouting,
                isV6 ? NetfilterFamily.Ip6 : NetfilterFamily.Ip4,
                frame,
                bridge.Device,
                outDevice: null,
                bridged: true
            )
        )
            return false;
        packet.Type = type;
        frame.SkipsPrerouting = true;
        if (packet.Destination == before)
            return true;
        if (isV6)
        {
            Unknown(device.Net, device.Name, packet, "address translation of a bridged IPv6 frame");
            return false;
        }
        return TranslatedBridged(port, frame);
    }

    /// <summary>
    /// br_nf_pre_routing_finish after DNAT: a target behind another device makes it a routed packet (the bridge's own MAC); one behind
    /// this bridge stays a bridged frame with the target's MAC.
    /// </summary>
    private bool TranslatedBridged(BridgePort port, Frame frame)
    {
        Packet packet = frame.Packet;
        Device bridge = port.Bridge.Device;
        InputRoute route = RouteInput(bridge, packet);
        if (route.Unknown is { } unknown)
        {
            Unknown(bridge.Net, bridge.Name, packet, unknown);
            return false;
        }
        if (route.Kind == InputKind.Martian)
        {
            Drop(bridge.Net, bridge.Name, frame, route.Reason, because: route.Because);
            return false;
        }
        // No way, or forwarding off: the lookup succeeds with an error route, so the frame goes up to the bridge's stack and dies there.
        if (route.Kind == InputKind.Forward && route.Fib.Device == bridge.Name)
            return BridgedTranslation(port, frame, route.Fib);
        packet.DestinationMac = bridge.Mac;
        packet.Type = PacketType.Host;
        return true;
    }

    private bool BridgedTranslation(BridgePort port, Frame frame, FibResult route)
    {
        Packet packet = frame.Packet;
        Device bridge = port.Bridge.Device;
        Ip next = route.Gateway ?? packet.Destination;
        if (!Neighbour(bridge, next, frame, packet.Source, out Mac mac))
            return false;
        packet.DestinationMac = mac;
        if (_trace)
            Step(bridge, "bridge", $"translated and still bridged: the frame now goes to {mac}", rule: null, packet, depth: 1);
        return true;
    }

    /// <summary>br_nf_forward_ip and br_nf_forward_arp.</summary>
    private bool BridgeNetfilterForward(BridgePort from, BridgePort to, Frame frame)
    {
        Packet packet = frame.Packet;
        BridgeModel bridge = to.Bridge;
        NamespaceMachine net = to.Device.Net;
        if (packet.EtherType == EtherTypes.Arp)
        {
            if (packet.Vlans.Count > 0 && !HookableTags(net, packet))
                return true;
            bool? calls = Calls(bridge, CallArptables, bridge.Facts.NfCallArptables);
            if (calls == false || !net.HasArpRules)
                return true;
            if (calls is null)
            {
                Unknown(net, to.Device.Name, packet, $"{CallArptables} was not read");
                return false;
            }
            return RunHook(NetfilterHook.Forward, NetfilterFamily.Arp, frame, from.Device, to.Device, bridged: true);
        }
        if (frame.PhysIn is null || !packet.IsIp)
            return true;
        PacketType type = packet.Type;
        if (type == PacketType.OtherHost)
            packet.Type = PacketType.Host;
        bool passed = RunHook(
            NetfilterHook.Forward,
            packet.EtherType == EtherTypes.Ip6 ? NetfilterFamily.Ip6 : NetfilterFamily.Ip4,
            frame,
            bridge.Device,
            bridge.Device,
            bridged: true
        );
        packet.Type = type;
        return passed;
    }

    /// <summary>br_nf_post_routing: only for frames that br_netfilter saw coming in and that were bridged (physoutdev is set).</summary>
    private bool BridgeNetfilterPostrouting(BridgePort to, Frame frame)
    {
        Packet packet = frame.Packet;
        // A routed packet that leaves by a bridge had its POSTROUTING in the IP stack.
        if (frame.PhysIn is null || frame.BridgeIn is null || !packet.IsIp)
            return true;
        PacketType type = packet.Type;
        if (type == PacketType.OtherHost)
            packet.Type = PacketType.Host;
        bool passed = RunHook(
            NetfilterHook.Postrouting,
            packet.EtherType == EtherTypes.Ip6 ? NetfilterFamily.Ip6 : NetfilterFamily.Ip4,
            frame,
            inDevice: null,
            to.Bridge.Device,
            bridged: true
        );
        packet.Type = type;
        return passed && SplitAgain(to, frame);
    }

    /// <summary>
    /// br_nf_dev_queue_xmit: what conntrack put together leaves in pieces as large as they came, and what is longer than the port's MTU in
    /// pieces for the bridge's MTU.
    /// </summary>
    private bool SplitAgain(BridgePort to, Frame frame)
    {
        Packet packet = frame.Packet;
        int largest = packet.LargestFragment;
        packet.LargestFragment = 0;
        if (packet.EtherType != EtherTypes.Ip4 || packet.FragmentsOf != 0)
            return true;
        int limit = to.Device.Mtu > 0 ? to.Device.Mtu : int.MaxValue;
        if (packet.Length <= (largest > 0 ? Math.Min(limit, largest) : limit))
            return true;
        // The route of a bridged frame has the bridge's MTU (br_netfilter's fake dst).
        int mtu = to.Bridge.Device.Mtu > 0 ? to.Bridge.Device.Mtu : limit;
        if (packet.DontFragment || largest > mtu)
        {
            Drop(
                to.Device.Net,
                to.Device.Name,
                frame,
                PacketReason.TooBig,
                because: $"{to.Device} has mtu {to.Device.Mtu}, the frame carries {packet.Length} bytes: dropped without an answer"
            );
            return false;
        }
        packet.Split(largest > 0 ? Math.Min(mtu, largest) : mtu);
        return true;
    }
}
