using StackNet.Engine.Facts;
using StackNet.Engine.Facts.OpenFlow;

namespace StackNet.Engine.Walk.OpenFlow;

// xlate_output_action and compose_output_action: what becomes of a copy at a port.
internal sealed partial class Translation
{
    private void Output(OutputAction output)
    {
        if (output.Truncate is not null)
        {
            bool plain =
                output.Port is OpenFlowPorts.Local or OpenFlowPorts.InPort
                || (_bridge.Ports.TryGetValue(output.Port, out SwitchPort? port) && !port.IsPatch);
            if (!plain)
            {
                Die(4, PacketReason.NoPort, Rule(), port: null);
                return;
            }
            if (Current() is { } now && now.Length + 14 + (4 * now.Vlans.Count) > output.Truncate)
            {
                _unknown = $"action '{output.Text}' of flow: {_rule?.Text}";
                return;
            }
        }
        OutputTo(output.Port, output);
    }

    private void OutputTo(ushort port, FlowAction action)
    {
        switch (port)
        {
            case OpenFlowPorts.InPort:
                Compose(_flow.InPort);
                break;
            case OpenFlowPorts.Table:
                EnterTable(_flow.InPort, 0);
                break;
            case OpenFlowPorts.Normal:
                Normal();
                break;
            case OpenFlowPorts.Flood:
            case OpenFlowPorts.All:
                SwitchBridge? outer = _flooding;
                _flooding ??= _bridge;
                foreach (SwitchPort other in _bridge.Ports.Values)
                {
                    if (other.Number != _flow.InPort && (port == OpenFlowPorts.All || !other.NoFlood))
                        Compose(other, flood: true, checkStp: port == OpenFlowPorts.Flood);
                }
                _flooding = outer;
                break;
            case OpenFlowPorts.Controller:
                _controller = true;
                Step("controller", "to the controller", action.Text);
                break;
            case OpenFlowPorts.None:
                break;
            default:
                if (port != _flow.InPort)
                    Compose(port);
                else
                    Die(2, PacketReason.Hairpin, Rule(), PortName(port));
                break;
        }
    }

    private string? PortName(ushort port) => _bridge.Ports.TryGetValue(port, out SwitchPort? found) ? found.Name : null;

    private void Compose(ushort number)
    {
        if (_bridge.Ports.TryGetValue(number, out SwitchPort? port))
            Compose(port, flood: false);
        else if (_bridge.Unnumbered.Count > 0)
            _unknown = SwitchMachine.NoNumber(_bridge.Unnumbered.First());
        else
            Die(4, PacketReason.NoPort, Rule(), AbsentName(number));
    }

    /// <summary>Name of a port that the database has and the switch has not.</summary>
    private string AbsentName(ushort number)
    {
        foreach (OvsPortFacts port in _bridge.Facts.Ports)
        {
            foreach (OvsInterfaceFacts link in port.Interfaces)
            {
                if (link.OfPort == number)
                    return link.Name;
            }
        }
        return OpenFlowPorts.NameOf(number);
    }

    /// <summary>A copy at a port: what forbids it, patch, tunnel, device.</summary>
    /// <param name="port">Where the copy goes.</param>
    /// <param name="flood">One of many copies: what stops it is rarely what stops the packet.</param>
    /// <param name="checkStp">False for ALL.</param>
    private void Compose(SwitchPort port, bool flood, bool checkStp = true)
    {
        int weight = flood ? 1 : 4;
        if (port.NoForward)
        {
            Die(weight, PacketReason.PortBlocked, Setting(port, "NO_FWD"), port.Name);
            return;
        }
        if (_bridge.Ports.TryGetValue(_flow.InPort, out SwitchPort? from) && from.Bundle.Facts.Protected && port.Bundle.Facts.Protected)
        {
            Die(weight, PacketReason.PortBlocked, Setting(port, "protected"), port.Name);
            return;
        }
        if (checkStp && !port.StpForwards)
        {
            Die(weight, PacketReason.PortBlocked, Setting(port, $"stp_state {port.StpState}"), port.Name);
            return;
        }
        if (port.IsPatch)
        {
            if (port.Peer is { } peer)
                CrossPatch(peer);
            else
                Die(weight, PacketReason.NoPort, Setting(port, $"options:peer={port.Facts.Options.GetValueOrDefault("peer")}"), port.Name);
            return;
        }
        if (port.IsTunnel)
        {
            Encapsulate(port, weight);
            return;
        }
        LinkState state = _devices.StateOf(_bridge.Name, port.Name);
        // A tap that vswitchd holds open always has a carrier.
        bool noCarrier = state == LinkState.NoCarrier && port.Type.Length == 0;
        if (noCarrier || state is LinkState.Down or LinkState.Missing)
        {
            // A flood reaches the bridge's own device too, which is down on many nodes and matters to none.
            Die(weight, PacketReason.PortDown, Setting(port, $"device is {state}"), port.Name, minor: port.IsLocal);
            Step("down", $"output to {port.Name}: device is {state}", Rule()?.Text);
            return;
        }
        Packet copy = Current();
        if (port.IsLocal && port.Bridge.IsUserspace && copy.Tunnel is { } tunnel && Decapsulate(copy, tunnel))
            return;
        Emit(port, copy);
    }

    private void Emit(SwitchPort port, Packet copy)
    {
        _trace?.Step("openflow", $"out {port.Name} of {port.Bridge.Name}", Rule()?.Text, copy, Math.Min(2 + _level, 40));
        _outputs.Add(
            new SwitchOutput
            {
                Bridge = port.Bridge.Name,
                Port = port.Name,
                OfPort = port.Number,
                Type = port.Type is "dummy" ? "" : port.Type,
                Packet = copy,
                Tunnel = copy.Tunnel is { } inner ? new TunnelEnds(inner.Id, copy.Destination, copy.Source, _tunnelPort) : null,
                Rule = Rule(),
            }
        );
    }

    /// <summary>patch_port_output: the other bridge sees the frame as new, without registers, metadata, tunnel and connection state.</summary>
    private void CrossPatch(SwitchPort peer)
    {
        SwitchBridge bridge = _bridge;
        byte table = _table;
        Flow? rule = _rule;
        Isolated(
            inherits: false,
            () =>
            {
                _flow.InPort = peer.Number;
                _flow[FlowKey.Metadata] = 0;
                _flow.ClearTunnel();
                _flow.ClearRegisters();
                _flow.ActsetOutput = OpenFlowPorts.Unset;
                _flow.ClearConntrack();
                _conntracked = false;
                _bridge = peer.Bridge;
                _level++;
                Step("patch", $"into {peer.Bridge.Name} by {peer.Name}", rule: null);
                if (Admits(peer))
                {
                    int before = _outputs.Count;
                    EnterTable(peer.Number, 0, deepens: true);
                    ExecuteActionSet();
                    if (!peer.StpForwards)
                    {
                        _outputs.RemoveRange(before, _outputs.Count - before);
                        Die(4, PacketReason.PortBlocked, Setting(peer, $"stp_state {peer.StpState}"), peer.Name);
                    }
                }
                _level--;
                // What fails over there does not fail here.
                _failed = false;
            }
        );
        _exit = false;
        _bridge = bridge;
        _table = table;
        _rule = rule;
    }
}
