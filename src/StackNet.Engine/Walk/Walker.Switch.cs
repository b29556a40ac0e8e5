using StackNet.Engine.Facts;
using StackNet.Engine.Walk.Devices;
using StackNet.Engine.Walk.OpenFlow;

namespace StackNet.Engine.Walk;

/// <summary>The crossings between the kernel's devices and Open vSwitch.</summary>
internal sealed partial class Walker
{
    /// <summary>The node's own stack sends on an internal port (or a bridge's own device): the frame enters the switch there.</summary>
    private void SendIntoSwitch(Device device, Frame frame)
    {
        if (device.Ovs is { } attachment)
            IntoSwitch(attachment, device, frame);
        else
            Unknown(device.Net, device.Name, frame.Packet, $"{device} is a port of Open vSwitch, whose database was not read");
    }

    private void IntoSwitch(OvsAttachment attachment, Device device, Frame frame)
    {
        if (_node.Switch is not { } machine)
        {
            Unknown(device.Net, device.Name, frame.Packet, "Open vSwitch was not read");
            return;
        }
        // A question about a new connection starts from an empty table here too.
        _state.Switch ??= new SwitchState { Conntrack = _state.UsesReadConnections ? null : new SwitchConntrack() };
        uint mark = frame.Packet.Mark;
        frame.Scrub(crossesNamespace: attachment.IsUserspace);
        SwitchResult result = machine.Process(
            attachment.Bridge,
            attachment.Port,
            frame.Packet,
            _state.Switch,
            _node.SwitchDevices,
            _trace ? new Sink(this, device.Net.Name, device.Name) : null
        );
        if (result.Unknown is { } unknown)
            Unknown(device.Net, result.Port ?? device.Name, frame.Packet, unknown);
        if (result.Outputs.Count == 0)
        {
            if (result.Unknown is not null)
                return;
            if (result.ToController)
            {
                Unknown(
                    device.Net,
                    device.Name,
                    frame.Packet,
                    $"a flow of {attachment.Bridge} sends it to the controller: {result.Rule?.Text}"
                );
                return;
            }
            string where = result.Port ?? result.Bridge ?? device.Name;
            Drop(
                SwitchNamespace(where, device),
                where,
                frame,
                result.Reason == PacketReason.None ? PacketReason.FlowDrop : result.Reason,
                result.Rule,
                result.Rule is null ? $"{result.Bridge ?? attachment.Bridge}: no port takes it" : null
            );
            return;
        }
        int copies = result.Outputs.Count;
        // Other copies of a flood go on; the one that died at another bridge may have been the one that mattered.
        if (result.Reason != PacketReason.None && !result.IsRoutine && result.Unknown is null)
        {
            Frame dead = new(frame.Packet)
            {
                Routed = frame.Routed,
                Hops = frame.Hops,
                IsFloodCopy = true,
            };
            Drop(device.Net, result.Port ?? result.Bridge ?? device.Name, dead, result.Reason, result.Rule);
        }
        foreach (SwitchOutput output in result.Outputs)
        {
            Frame copy = new(output.Packet)
            {
                Routed = frame.Routed,
                Hops = frame.Hops,
                IsFloodCopy = frame.IsFloodCopy || copies > 1,
            };
            if (!attachment.IsUserspace)
                copy.Packet.Mark = mark;
            FromSwitch(device, output, copy, attachment.IsUserspace);
        }
    }

    /// <summary>A switch's port dies where its device is; ports without one, and the switch itself, belong to the root namespace.</summary>
    private NamespaceMachine SwitchNamespace(string port, Device from) =>
        _node.OvsDevices.TryGetValue(port, out Device? device) ? device.Net
        : port == from.Name ? from.Net
        : _node.Namespaces.FirstOrDefault(n => n.Name.Length == 0) ?? from.Net;

    private void FromSwitch(Device from, SwitchOutput output, Frame frame, bool userspace)
    {
        if (output.Type is "vxlan" or "geneve" or "gre" or "erspan" or "stt" or "lisp" or "gtpu" or "bareudp" or "srv6")
        {
            Leave(
                new WalkOutput
                {
                    Kind = WalkOutputKind.Tunnel,
                    Namespace = "",
                    Device = output.Port,
                    Packet = frame.Packet,
                    Routed = frame.Routed,
                    Bridge = output.Bridge,
                    Port = output.Port,
                    TunnelId = output.TunnelId,
                    TunnelRemote = output.TunnelRemote,
                    TunnelLocal = output.TunnelLocal,
                }
            );
            if (frame.Packet is { EtherType: EtherTypes.Arp, ArpOperation: 1 })
                AskOutside(WalkOutputKind.Tunnel, "", output.Port, frame.Packet, device: null);
            return;
        }
        if (!_node.OvsDevices.TryGetValue(output.Port, out Device? device))
        {
            // dpdk and vhost-user ports have no kernel device: what is behind them is not on this node's stack.
            if (output.Type.StartsWith("dpdk", StringComparison.Ordinal))
            {
                bool vhost = output.Type.Contains("vhost", StringComparison.Ordinal);
                Leave(
                    new WalkOutput
                    {
                        Kind = vhost ? WalkOutputKind.Guest : WalkOutputKind.Wire,
                        Namespace = "",
                        Device = output.Port,
                        Packet = frame.Packet,
                        Routed = frame.Routed,
                        Bridge = output.Bridge,
                        Port = output.Port,
                    }
                );
                return;
            }
            if (_node.Namespaces.All(n => n.Facts.Links is not null))
                Drop(
                    SwitchNamespace(output.Port, from),
                    output.Port,
                    frame,
                    PacketReason.NoPort,
                    output.Rule,
                    $"port {output.Port} of {output.Bridge} has no device on this node"
                );
            else
                Unknown(from.Net, output.Port, frame.Packet, $"the device of port {output.Port} of {output.Bridge} was not read");
            return;
        }
        if (device.Ovs is { IsInternal: true })
        {
            if (!userspace && !Fits(device, frame, slack: 0))
                return;
            // The switch's end of an internal port is the device's receiving side.
            Receive(device, frame);
            return;
        }
        // AF_PACKET refuses what is longer than the MTU (a VLAN tag is allowed for); the kernel's datapath checks the same.
        if (device.IsUp && !Fits(device, frame, slack: 0))
            return;
        Transmit(device, frame);
    }
}
