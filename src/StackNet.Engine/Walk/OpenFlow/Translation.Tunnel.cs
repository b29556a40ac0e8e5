using StackNet.Engine.Facts;
using StackNet.Engine.Facts.OpenFlow;

namespace StackNet.Engine.Walk.OpenFlow;

// Tunnel ports: tnl_port_send, native_tunnel_output, terminate_native_tunnel.
internal sealed partial class Translation
{
    private void Encapsulate(SwitchPort port, int weight)
    {
        TunnelConfig config = _machine.Tunnels.Config(port);
        ulong id = config.OutKeyByFlow ? _flow[FlowKey.TunId] : config.OutKey;
        Ip? remote = config.RemoteByFlow ? TunnelDestination(_flow) : config.Remote;
        Ip? local = config.LocalByFlow ? TunnelSource(_flow) : config.Local;
        if (remote is not { } far)
        {
            Die(weight, PacketReason.NoRoute, Setting(port, "no remote address"), port.Name);
            return;
        }
        if (_arrivedAt == far)
        {
            Die(weight, PacketReason.Loop, Setting(port, $"remote_ip {far} is where it came in"), port.Name);
            return;
        }
        Packet inner = Current();
        if (!port.Bridge.IsUserspace || !_machine.Tunnels.KnowsRoutes)
        {
            // The node's own routing carries it on.
            _trace?.Step("openflow", $"out {port.Name} of {port.Bridge.Name} to {far}", Rule()?.Text, inner, Math.Min(2 + _level, 40));
            _outputs.Add(
                new SwitchOutput
                {
                    Bridge = port.Bridge.Name,
                    Port = port.Name,
                    OfPort = port.Number,
                    Type = port.Type,
                    Packet = inner,
                    Tunnel = new TunnelEnds(id, far, local),
                    Rule = Rule(),
                }
            );
            return;
        }
        SendNative(port, config, id, far, local, inner, weight);
    }

    private void SendNative(SwitchPort port, TunnelConfig config, ulong id, Ip remote, Ip? local, Packet inner, int weight)
    {
        SwitchTunnels tunnels = _machine.Tunnels;
        TunnelRoute? route = tunnels.Lookup(remote, local);
        SwitchPort? device = route is null ? null : tunnels.Device(route.Device);
        if (route is null || device is null)
        {
            Die(weight, PacketReason.NoRoute, Setting(port, $"no route of the switch to {remote}"), port.Name);
            return;
        }
        Ip next = route.Gateway is { IsAny: false } gateway ? gateway : remote;
        if (tunnels.Neighbour(device.Bridge.Name, next) is not { } mac)
        {
            if (tunnels.KnowsNeighbours)
                Die(weight, PacketReason.NoNeighbour, Setting(port, $"no tunnel neighbour {next} on {device.Bridge.Name}"), port.Name);
            else
                _unknown = $"tunnel neighbours were not read (ovs-appctl tnl/neigh/show): {next} on {device.Bridge.Name}";
            return;
        }
        Ip own = local ?? route.Source ?? default;
        OpenFlowPort? described = device.Bridge.Facts.OpenFlowPorts?.FirstOrDefault(entry => entry.Number == device.Number);
        Packet outer = new()
        {
            SourceMac = described?.Mac ?? device.Facts.MacInUse ?? default,
            DestinationMac = mac,
            EtherType = remote.IsV6 ? EtherTypes.Ip6 : EtherTypes.Ip4,
            Source = own,
            Destination = remote,
            Protocol = config.UdpPort == 0 ? IpProtocols.Gre : IpProtocols.Udp,
            Ttl = config.Ttl,
            Tos = (byte)(inner.IsIp ? inner.Tos & 3 : 0),
            DestinationPort = config.UdpPort,
            DontFragment = !remote.IsV6,
            Length = inner.Length + 14 + (4 * inner.Vlans.Count) + (config.UdpPort == 0 ? 28 : 36) + (remote.IsV6 ? 20 : 0),
            Mark = inner.Mark,
            Tunnel = new TunnelPayload(port.Type, id, inner),
        };
        Step("tunnel", $"{port.Name}: {own} to {remote}, key {SwitchTunnels.Text(id)}", rule: null);
        Packet packet = _packet;
        FlowKey flow = _flow;
        FlowKey believed = _base;
        string? tunnelPort = _tunnelPort;
        _packet = outer;
        _tunnelPort = port.Name;
        _flow = new FlowKey();
        PacketKeys.Extract(outer, _flow, _machine.VlanLimit);
        _flow.PktMark = outer.Mark;
        _base = _flow.Clone();
        CrossPatch(device);
        _packet = packet;
        _flow = flow;
        _base = believed;
        _tunnelPort = tunnelPort;
    }

    /// <summary>A tunnel packet for the switch itself does not reach the LOCAL port: its frame comes in by the tunnel port.</summary>
    private bool Decapsulate(Packet outer, TunnelPayload tunnel)
    {
        SwitchPort? port = _machine.Tunnels.FindReceiver(tunnel.Kind, tunnel.Id, outer.Source, outer.Destination);
        if (port is null || !port.Bridge.IsUserspace)
            return false;
        if (_machine.Tunnels.KnowsRoutes && _machine.Tunnels.Lookup(outer.Source, outer.Destination) is null)
            return false;
        Packet frame = tunnel.Frame.Clone();
        FlowKey key = SwitchTunnels.Metadata(tunnel.Id, outer.Source, outer.Destination);
        PacketKeys.Extract(frame, key, _machine.VlanLimit);
        key.InPort = port.Number;
        key.ActsetOutput = OpenFlowPorts.Unset;
        _queue.Enqueue(new Stage(port.Bridge, frame, key) { Port = port, ArrivedAt = outer.Destination });
        Step("tunnel", $"out of the tunnel by {port.Name} of {port.Bridge.Name}", rule: null);
        return true;
    }

    private static Ip? TunnelSource(FlowKey key)
    {
        uint v4 = (uint)(key[FlowKey.TunIp4] >> 32);
        if (v4 != 0)
            return Ip.V4(v4);
        UInt128 v6 = new(key[FlowKey.TunIp6Source], key[FlowKey.TunIp6Source + 1]);
        return v6 == 0 ? null : Ip.V6(v6);
    }
}
