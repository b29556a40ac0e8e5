using StackNet.Engine.Facts;
using StackNet.Engine.Walk.Devices;
using StackNet.Engine.Walk.Netfilter;
using StackNet.Engine.Walk.Routing;

namespace StackNet.Engine.Walk;

/// <summary>arp_process (net/ipv4/arp.c): for whom the node answers, and what it learns.</summary>
internal sealed partial class Walker
{
    private void ArpReceive(Device device, Frame frame)
    {
        Packet packet = frame.Packet;
        if (packet.Type == PacketType.OtherHost || device.NoArp)
        {
            NotForUs(device, frame, $"the frame is for {packet.DestinationMac}, not for {device} ({device.Mac})");
            return;
        }
        if (device.Net.HasArpRules && !RunHook(NetfilterHook.Input, NetfilterFamily.Arp, frame, device, outDevice: null, bridged: false))
            return;
        if (packet.ArpOperation == 2)
        {
            ArpReplies.Add((device, packet.ArpSenderIp, packet.ArpSenderMac));
            if (_trace)
                Step(device, "neighbour", $"{packet.ArpSenderIp} is at {packet.ArpSenderMac}", rule: null, packet);
            LeaveArp(device, packet);
            return;
        }
        Ip target = packet.ArpTargetIp;
        Ip sender = packet.ArpSenderIp;
        if (device.Net.Facts.Addresses is null)
        {
            Unknown(device.Net, device.Name, packet, $"the addresses of {device.Net} were not read");
            return;
        }
        bool isLocal = IsLocalFor(device, target, sender, out InputRoute route);
        if (route.Unknown is { } unknown)
        {
            Unknown(device.Net, device.Name, packet, unknown);
            return;
        }
        if (isLocal)
        {
            AnswerArp(device, frame);
            return;
        }
        if (route is { Kind: InputKind.Martian, Reason: PacketReason.ReversePath or PacketReason.Martian })
        {
            Drop(device.Net, device.Name, frame, route.Reason, because: route.Because);
            return;
        }
        ProxyArp(device, frame);
    }

    /// <summary>The route of the target seen from the sender is local: rp_filter and martian checks silence ARP as well.</summary>
    private static bool IsLocalFor(Device device, Ip target, Ip sender, out InputRoute route)
    {
        route = default;
        if (device.Net.Addresses.OwnerOf(target) is null && !device.Net.Routing4.HasCustomLocalRoutes)
            return false;
        if (sender.IsAny)
            return true;
        route = RouteInput(
            device,
            new Packet
            {
                Source = sender,
                Destination = target,
                Protocol = 0,
            }
        );
        return route is { Kind: InputKind.Local, IsBroadcast: false };
    }

    private void AnswerArp(Device device, Frame frame)
    {
        Packet packet = frame.Packet;
        Ip target = packet.ArpTargetIp;
        Setting ignore = device.Settings.ArpIgnore;
        bool here = device.Addresses.Exists(a => a.Address == target);
        int level = ignore.Value ?? 0;
        if (ignore.IsUnread && !here)
        {
            Unknown(device.Net, device.Name, packet, ignore.ToString());
            return;
        }
        bool silent = level switch
        {
            0 or 4 or 5 or 6 or 7 => false,
            1 => !here,
            2 => !here || !SharesSubnet(device, target, packet.ArpSenderIp),
            3 => device.Net.Addresses.OwnerOf(target) is { } owner
                && owner.Addresses.Exists(a => a.Address == target && RouteScopes.Parse(a.Scope) >= RouteScopes.Link),
            _ => level == 8,
        };
        if (silent)
        {
            NotForUs(device, frame, $"{ignore}: {device} does not answer for {target}");
            return;
        }
        Setting filter = device.Settings.ArpFilter;
        if (filter.IsOn && !packet.ArpSenderIp.IsAny)
        {
            FibResult back = device.Net.Routing4.Lookup(new FibQuery { Destination = packet.ArpSenderIp, Source = target });
            if (back.Kind == FibKind.Unknown)
            {
                Unknown(device.Net, device.Name, packet, back.Unknown!);
                return;
            }
            if (back.Kind != FibKind.Unicast || back.Device != device.Name)
            {
                NotForUs(device, frame, $"{filter}: the way back to {packet.ArpSenderIp} is not {device.Name}");
                return;
            }
        }
        LeaveArp(device, packet);
        SendArpReply(device, packet);
    }

    /// <summary>arp_fwd_proxy: with forwarding and proxy_arp on, the node answers for what it would route elsewhere.</summary>
    private void ProxyArp(Device device, Frame frame)
    {
        Packet packet = frame.Packet;
        Setting proxy = device.Settings.ProxyArp;
        bool hasEntry = false;
        foreach (NeighbourFacts entry in device.Net.ProxyNeighbours)
            hasEntry |= entry.Address == packet.ArpTargetIp && (entry.Device.Length == 0 || entry.Device == device.Name);
        if (!(proxy.IsOn || device.Settings.ProxyArpPvlan.IsOn || hasEntry) || !device.Settings.Forwarding.IsOn || packet.ArpSenderIp.IsAny)
        {
            NotMine(device, frame);
            return;
        }
        InputRoute route = RouteInput(
            device,
            new Packet
            {
                Source = packet.ArpSenderIp,
                Destination = packet.ArpTargetIp,
                Protocol = 0,
            }
        );
        if (route.Unknown is { } unknown)
        {
            Unknown(device.Net, device.Name, packet, unknown);
            return;
        }
        if (route.Kind != InputKind.Forward || (route.Fib.Device == device.Name && !device.Settings.ProxyArpPvlan.IsOn))
        {
            NotMine(device, frame);
            return;
        }
        LeaveArp(device, packet);
        SendArpReply(device, packet);
    }

    /// <summary>A broadcast that floods a thousand devices is nobody's on almost all of them: only worth words when somebody reads them.</summary>
    private void NotMine(Device device, Frame frame)
    {
        if (_trace || !frame.IsFloodCopy)
            NotForUs(device, frame, $"{frame.Packet.ArpTargetIp} is not an address of {device.Net}");
    }

    private void LeaveArp(Device device, Packet packet) =>
        _outcome.Outputs.Add(
            new WalkOutput
            {
                Kind = WalkOutputKind.LocalSocket,
                Namespace = device.Net.Name,
                Device = device.Name,
                Packet = packet,
            }
        );

    private void SendArpReply(Device device, Packet request)
    {
        Packet reply = new()
        {
            EtherType = EtherTypes.Arp,
            SourceMac = device.Mac,
            DestinationMac = request.ArpSenderMac,
            ArpOperation = 2,
            ArpSenderMac = device.Mac,
            ArpSenderIp = request.ArpTargetIp,
            ArpTargetMac = request.ArpSenderMac,
            ArpTargetIp = request.ArpSenderIp,
        };
        if (_trace)
            Step(device, "neighbour", $"answers: {request.ArpTargetIp} is at {device.Mac}", rule: null, reply);
        _outcome.Emitted.Add(
            new EmittedPacket
            {
                Kind = EmittedKind.ArpReply,
                Namespace = device.Net.Name,
                Device = device.Name,
                Packet = reply.Clone(),
            }
        );
        Frame frame = new(reply);
        if (device.Net.HasArpRules && !RunHook(NetfilterHook.Output, NetfilterFamily.Arp, frame, inDevice: null, device, bridged: false))
            return;
        Transmit(device, frame);
    }
}
