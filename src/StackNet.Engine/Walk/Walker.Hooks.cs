using StackNet.Engine.Facts;
using StackNet.Engine.Walk.Devices;
using StackNet.Engine.Walk.Netfilter;
using StackNet.Engine.Walk.Routing;

namespace StackNet.Engine.Walk;

/// <summary>Calls of the netfilter hooks and of traffic control, and what their verdicts mean for the frame.</summary>
internal sealed partial class Walker
{
    /// <summary>
    /// br_netfilter stands among the bridge family's chains at this priority (NF_BR_PRI_BRNF); a chain of the same one was registered later and
    /// runs before it.
    /// </summary>
    private const int BridgeNetfilterPriority = 0;

    private bool BridgeHook(NetfilterHook hook, Frame frame, Device? inDevice, Device? outDevice, int? above = null, int? upTo = null)
    {
        Device device = outDevice ?? inDevice!;
        if (device is null || !device.Net.HasBridgeRules)
            return true;
        return RunHook(hook, NetfilterFamily.Bridge, frame, inDevice, outDevice, bridged: true, above: above, upTo: upTo);
    }

    private bool NetdevHook(Device device, Frame frame, bool egress = false)
    {
        if (!device.Net.HasNetdevRules)
            return true;
        return RunHook(
            egress ? NetfilterHook.Egress : NetfilterHook.Ingress,
            NetfilterFamily.Netdev,
            frame,
            egress ? null : device,
            egress ? device : null,
            bridged: false
        );
    }

    /// <summary>Runs one hook; false when the frame does not go on.</summary>
    private bool RunHook(
        NetfilterHook hook,
        NetfilterFamily family,
        Frame frame,
        Device? inDevice,
        Device? outDevice,
        bool bridged,
        bool localOut = false,
        Ip? nextHop = null,
        int? above = null,
        int? upTo = null
    )
    {
        Device device = outDevice ?? inDevice!;
        NamespaceMachine net = device.Net;
        Packet packet = frame.Packet;
        // What a device-level drop is reported on: the port, not the bridge, when a bridged frame died.
        Device at =
            bridged && family is NetfilterFamily.Ip4 or NetfilterFamily.Ip6
                ? (hook == NetfilterHook.Prerouting ? frame.PhysIn : frame.PhysOut) ?? device
                : device;
        NetfilterContext context = new()
        {
            Hook = hook,
            Family = family,
            InDevice = inDevice?.Link,
            OutDevice = outDevice?.Link,
            PhysIn = frame.PhysIn?.Link,
            PhysOut = bridged ? frame.PhysOut?.Link : null,
            IsBridged = bridged && hook is NetfilterHook.Forward or NetfilterHook.Postrouting && frame.PhysIn is not null,
            IsLocalOut = localOut,
            Above = above,
            UpTo = upTo,
            NextHop = nextHop,
            Routing = net.RoutingOracle,
            Trace = _trace ? new Sink(this, net.Name, at.Name) : null,
        };
        if (hook is NetfilterHook.Prerouting or NetfilterHook.Output && packet.IsIp && _state.IsDoubtful(net, packet))
        {
            Unknown(net, at.Name, packet, "it belongs to a connection whose first packet met something that is not known");
            return false;
        }
        bool known = packet.Conntrack.Entry is { Confirmed: true };
        NetfilterResult result = net.Netfilter.Run(packet, context, _state.Conntrack(net));
        foreach (PacketCopy copy in result.Copies ?? [])
            SendCopy(net, frame, copy, hook);
        switch (result.Verdict)
        {
            case NetfilterVerdict.Stolen when result.ForwardTo is { } name:
                if (net.Devices.TryGetValue(name, out Device? target))
                    Transmit(target, frame);
                else
                    Unknown(net, at.Name, packet, $"device {name} was not read");
                return false;
            case NetfilterVerdict.Accept:
                return packet.FragmentsOf == 0 || LaterFragmentPasses(net, at, frame, context);
            case NetfilterVerdict.Drop:
                _outcome.IsAnswerUnknown |= result.IsAnswerUnknown;
                Drop(net, at.Name, frame, result.Reason == PacketReason.None ? PacketReason.RuleDrop : result.Reason, result.Rule);
                return false;
            case NetfilterVerdict.Reject:
                EmitReject(result, frame, at, bridged, hook);
                Drop(net, at.Name, frame, PacketReason.RuleReject, result.Rule);
                return false;
            default:
                // The first two hooks only find a connection; the last ones enter it, by whichever answer was tried last.
                if (!known && !(hook is NetfilterHook.Prerouting or NetfilterHook.Output && packet.Conntrack.Entry is { Confirmed: true }))
                    _state.Doubt(net, packet);
                Unknown(net, at.Name, packet, result.Unknown ?? result.Rule?.Text ?? "a rule took the packet away from its ordinary way");
                return false;
        }
    }

    /// <summary>
    /// nf_dup_netdev_egress and nf_dup_ipv4: a copy of a rule leaves by a device as it is, or untracked by the route to the gateway it is meant
    /// for, through OUTPUT and POSTROUTING. A copy is not copied again.
    /// </summary>
    private void SendCopy(NamespaceMachine net, Frame frame, PacketCopy copy, NetfilterHook hook)
    {
        if (_copying)
            return;
        Frame twin = frame.Copy();
        twin.IsFloodCopy = true;
        twin.Packet.Restore(copy.Packet);
        if (copy.Gateway is not { } gateway)
        {
            if (copy.Device is { } name && net.Devices.TryGetValue(name, out Device? target))
                Transmit(target, twin);
            else
                Unknown(net, copy.Device ?? "", twin.Packet, $"device {copy.Device} was not read");
            return;
        }
        if (gateway.IsV6)
        {
            Unknown(net, copy.Device ?? "", twin.Packet, "a copy sent to an IPv6 gateway");
            return;
        }
        if (hook is NetfilterHook.Prerouting or NetfilterHook.Input)
            twin.Packet.Ttl--;
        twin.Scrub(crossesNamespace: false);
        twin.Packet.Conntrack = new(null, ConntrackInfo.Untracked);
        twin.Packet.DontFragment = true;
        twin.Packet.Type = PacketType.Outgoing;
        twin.Routed = true;
        FibResult fib = RouteOutput(net, new Packet { Destination = gateway, Tos = twin.Packet.Tos }, copy.Device);
        if (fib.Kind != FibKind.Unicast || !net.Devices.TryGetValue(fib.Device, out Device? output))
            return;
        FibLeg leg = fib.Legs[0] with { Gateway = fib.Legs[0].Gateway ?? gateway };
        _copying = true;
        if (RunHook(NetfilterHook.Output, NetfilterFamily.Ip4, twin, inDevice: null, output, bridged: false, nextHop: leg.Gateway))
            Output(output, twin, fib, leg, MtuOf(fib, output));
        _copying = false;
    }

    // nf_skb_duplicated
    private bool _copying;

    /// <summary>Without conntrack the rules meet every fragment by itself; only the first has a transport header.</summary>
    private bool LaterFragmentPasses(NamespaceMachine net, Device at, Frame frame, NetfilterContext context)
    {
        Packet later = frame.Packet.Clone();
        later.FragmentsOf = 0;
        later.FragmentOffset = 8;
        later.MoreFragments = true;
        Packet before = later.Clone();
        NetfilterResult result = net.Netfilter.Run(later, context with { Trace = null }, _state.Conntrack(net));
        switch (result.Verdict)
        {
            case NetfilterVerdict.Accept when later.SameAs(before):
                return true;
            case NetfilterVerdict.Accept:
                Unknown(net, at.Name, frame.Packet, "the rules change the later fragments of the packet");
                return false;
            case NetfilterVerdict.Drop or NetfilterVerdict.Reject:
                Drop(net, at.Name, frame, PacketReason.RuleDrop, result.Rule, "a later fragment, which has no transport header");
                return false;
            default:
                Unknown(net, at.Name, frame.Packet, result.Unknown ?? "a rule took a later fragment away from its ordinary way");
                return false;
        }
    }
}
