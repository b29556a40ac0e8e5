using StackNet.Engine.Facts;
using StackNet.Engine.Topology;
using StackNet.Engine.Walk;

namespace StackNet.Engine.Causes;

/// <summary>Names the cause of a death: by its reason, the rule, the role of the device, the direction and what the node is made of.</summary>
internal sealed partial class CauseChooser(Diagnosis diagnosis, Guest guest, Ip destination)
{
    private readonly Lazy<InstancePath?> _path = new(() => NodeNouns.Path(diagnosis.Node, guest.Port, guest.Address));

    private NodeTopology Topology => diagnosis.Topology;

    public Finding Choose(Ending ending)
    {
        Finding found = First(ending);
        // A local VLAN of its own looks like a way that ends nowhere, whatever the frame met there last.
        if (found.CauseId is "" or "SN801" or "SN306" or "SN310" or "SN313" && ending.CauseId is null)
            found = OddTag(ending) ?? PathTag(found, ending) ?? found;
        return found;
    }

    private Finding First(Ending ending)
    {
        if (ending.CauseId is { } known)
            return new(known, ending.Evidence ?? "", ending.Device, ending.Namespace);
        if (OnChain(ending) is { } plug)
            return plug;
        if (BridgedNat(ending) is { } bridged)
            return bridged;
        if (ending.Purpose == Purpose.NoWayBack)
            return NoWayBack(ending);
        ending = WithTellingDrop(ending);
        if (ending.Direction != PacketDirection.Out && (WrongNeighbour(ending) ?? WentElsewhere(ending)) is { } astray)
            return astray;
        if ((ending.Purpose != Purpose.Data || ending.Drop is null) && Swallowed(ending) is { } swallowed)
            return swallowed;
        if (FloatingElsewhere(ending) is { } elsewhere)
            return elsewhere;
        if (ending.Drop is { Reason: PacketReason.NoNeighbour } astrayed && LeadsInside(astrayed))
            return At("SN607", astrayed);
        if (
            ending.Drop is { Reason: PacketReason.NoNeighbour, Resolution: { } resolution } silent
            && FromResolution(ending, silent, resolution) is { } deeper
        )
            return deeper;
        if (ending.Drop is { } drop && ByReason(ending, drop) is { } found)
            return found;
        return Unanswered(ending);
    }

    /// <summary>
    /// A question that was flooded died in many places: the one that counts lies on the instance's way, and as far along it as it got.
    /// </summary>
    private Ending WithTellingDrop(Ending ending)
    {
        if (!IsFlooded(ending) || ending.Outcome is not { } outcome)
            return ending;
        if (Telling(outcome, ending) is { } drop)
        {
            return ending with { Drop = drop, Device = drop.Device, Namespace = drop.Namespace };
        }
        if (ending.Drop is { } stray && stray.Reason is PacketReason.PortDown && IsStray(stray) && PlaceOf(stray, Reach(ending)) < 0)
            return ending with { Drop = null };
        // The device of a bridge that a flood reached by the way is down on most nodes, and rightly so.
        return ending.Drop is { Reason: PacketReason.PortDown or PacketReason.FlowDrop } aside && PlaceOf(aside, Reach(ending)) < 0
            ? ending with
            {
                Drop = null,
            }
            : ending;
    }

    private bool IsFlooded(Ending ending) =>
        ending.Purpose is Purpose.GuestArp or Purpose.UpstreamArp || ending.Drop is null or { IsFloodCopy: true } || IsStray(ending.Drop);

    /// <summary>
    /// A copy for somebody else: a switch that does not know the address floods, and where no other port takes it the bridge's own device
    /// (down on most nodes, and rightly so) or a service's port is all that is left.
    /// </summary>
    private bool IsStray(WalkDrop drop)
    {
        if (drop.Reason is PacketReason.NotForUs)
            return true;
        return drop.Reason is PacketReason.PortDown
            && Topology.SwitchPorts.Find(drop.Device) is { IsLocal: true }
            && !drop.Packet.DestinationMac.IsGroup
            && Topology.Devices.All.FirstOrDefault(d => d.Name == drop.Device)?.Link.Mac != drop.Packet.DestinationMac;
    }

    /// <summary>Something on the way outside that swallows what is flooded into it, when the question went that way.</summary>
    private Finding? Swallowed(Ending ending)
    {
        if (!IsFlooded(ending) || (ending.Outcome is { } outcome && Telling(outcome, ending) is not null))
            return null;
        if (AsksInside(ending))
            return PathChecks.Inside(diagnosis, _path.Value);
        return ending.Purpose == Purpose.Data && ending.Direction == PacketDirection.Back
            ? null
            : PathChecks.First(diagnosis, _path.Value, ending.Direction);
    }

    /// <summary>An address that is (or ought to be) on this node is asked for between the guest and its router only.</summary>
    private bool AsksInside(Ending ending) =>
        ending.Purpose == Purpose.GuestArp
        && ending.Packet is { EtherType: EtherTypes.Arp } asked
        && (CarriedHere(asked.ArpTargetIp) || (guest.Port.Subnet?.Contains(asked.ArpTargetIp) == true && !GatewayIsOutside()));

    /// <summary>
    /// How far along the way the packet had to go: copies of a flood that died beyond the router died rightly (a tenant's network is
    /// not translated to the outside).
    /// </summary>
    private int Reach(Ending ending)
    {
        PathHop[] hops = _path.Value?.Hop ?? [];
        int router = ending.Purpose == Purpose.GuestArp ? Array.FindIndex(hops, h => h.Kind is "router-port" or "node") : -1;
        return router < 0 ? hops.Length - 1 : router;
    }

    private WalkDrop? Telling(WalkOutcome outcome, Ending ending)
    {
        PacketDirection direction = ending.Direction;
        int reach = Reach(ending);
        WalkDrop? best = null;
        int place = -1;
        foreach (WalkDrop drop in outcome.Drops)
        {
            if (drop.Reason is PacketReason.None or PacketReason.NotForUs or PacketReason.NoNeighbour)
                continue;
            int at = PlaceOf(drop, reach);
            if (at < 0 || (best is not null && (direction == PacketDirection.Out ? at <= place : at >= place)))
                continue;
            (best, place) = (drop, at);
        }
        return best;
    }

    /// <summary>Where on the way out a device stands; a bridge's own device counts only where it is what routes.</summary>
    private int PlaceOf(WalkDrop drop, int reach)
    {
        PathHop[] hops = _path.Value?.Hop ?? [];
        for (int i = reach; i >= 0; i--)
        {
            bool here =
                hops[i].Device == drop.Device
                && (drop.Namespace == hops[i].Namespace || hops[i].Kind is "ovs-bridge" or "patch" or "tunnel" or "uplink");
            if (here && !(hops[i].Kind == "ovs-bridge" && drop.Reason is PacketReason.PortDown or PacketReason.NotConnected))
                return i;
        }
        return -1;
    }

    /// <summary>A state of the plug that kills every packet, when the death is on the part of the way where the packet meets it.</summary>
    private Finding? OnChain(Ending ending)
    {
        if (PlugChecks.Chain(diagnosis, guest.Port) is { } own && (ending.Direction == PacketDirection.Out || Concerns(ending, guest.Port)))
            return own;
        // The other end of the flow may be an instance of this node too.
        if (
            Topology.PortOfAddress(destination, guest.Port) is { } other
            && other != guest.Port
            && PlugChecks.Chain(diagnosis, other) is { } far
        )
            return far;
        return null;
    }

    private bool Concerns(Ending ending, TopologyPort port)
    {
        if (ending.Drop is { Reason: PacketReason.NoNeighbour } silent)
            return silent.Packet.Destination == guest.Address || silent.Resolution is not null;
        if (Topology.PortOfDevice(ending.Device) == port)
            return true;
        // A frame that nothing stopped and that did not get there: it was delivered into a port that leads nowhere.
        return ending.Drop is null or { Reason: PacketReason.PortDown or PacketReason.NotConnected or PacketReason.NotForUs };
    }

    private Finding? FromResolution(Ending ending, WalkDrop silent, WalkOutcome resolution)
    {
        WalkDrop? telling = Telling(resolution, ending);
        WalkDrop? met = telling ?? resolution.Drop;
        if (telling is null && !Topology.Ports.Any(p => p.Addresses.Contains(silent.Packet.Destination)))
        {
            if (PathChecks.First(diagnosis, _path.Value, PacketDirection.Out) is { } broken)
                return broken;
        }
        if (met is null || met.Reason is PacketReason.NoNeighbour or PacketReason.NotForUs or PacketReason.None)
            return null;
        Finding? found = ByReason(ending with { Outcome = resolution, Drop = met }, met);
        return found is null
            ? null
            : found with
            {
                Evidence = $"{found.Evidence} (the ARP request for the next hop of {silent.Packet.Destination} died there)",
            };
    }

    private Finding? ByReason(Ending ending, WalkDrop drop) =>
        drop.Reason switch
        {
            PacketReason.PortDown => Down(drop),
            PacketReason.PortBlocked => At("SN206", drop) is var f && Topology.SwitchPorts.Find(drop.Device) is not null
                ? f with
                {
                    CauseId = "SN322",
                }
                : Blocked(drop),
            PacketReason.VlanMismatch => Vlan(drop),
            PacketReason.NotConnected => NotConnected(drop),
            PacketReason.NoPort => NoPort(drop),
            PacketReason.FlowDrop or PacketReason.NoFlow => Flow(ending, drop),
            PacketReason.RuleDrop or PacketReason.RuleReject => Rule(ending, drop),
            PacketReason.ForwardingOff => Forwarding(drop),
            PacketReason.ReversePath => At("SN604", drop),
            PacketReason.Martian => At("SN605", drop),
            PacketReason.NotForUs when ending.Purpose == Purpose.GuestArp => Silenced(ending),
            PacketReason.NoRoute => NoRoute(drop),
            PacketReason.Blackhole or PacketReason.Unreachable or PacketReason.Prohibit => At(ByRule(drop) ? "SN608" : "SN609", drop),
            PacketReason.NoNeighbour when CoveredBy(drop) is { } cover => cover,
            PacketReason.NoNeighbour => NoNeighbour(drop),
            PacketReason.TooBig => At(
                DeviceRoles.Of(Topology, drop.Namespace, drop.Device) is DeviceRole.Tap or DeviceRole.Chain ? "SN216" : "SN831",
                drop
            ),
            PacketReason.NatFailed => At("SN707", drop),
            PacketReason.Hairpin => At("SN215", drop),
            PacketReason.ConntrackFull => At("SN715", drop),
            PacketReason.Policed => At(drop.Because?.StartsWith("tc filter", StringComparison.Ordinal) == true ? "SN523" : "SN109", drop),
            PacketReason.Loop => At("SN207", drop),
            _ => null,
        };

    /// <summary>A rule of ip-rule(8) says it, or led to a table of its own that says it.</summary>
    private static bool ByRule(WalkDrop drop) =>
        drop.Because is { } because
        && (
            because.StartsWith("ip rule ", StringComparison.Ordinal)
            || (because.StartsWith("route ", StringComparison.Ordinal) && because.Contains(" table ", StringComparison.Ordinal))
        );

    /// <summary>The switch of the whole namespace, or one device that was set (or made) otherwise.</summary>
    private Finding Forwarding(WalkDrop drop) =>
        ForwardingIsOff(drop.Namespace)
            ? new("SN601", $"net.ipv4.ip_forward = 0; {Evidence(drop)}", drop.Device, drop.Namespace)
            : At("SN602", drop);

    private Finding At(string id, WalkDrop drop) => new(id, Evidence(drop), drop.Device, drop.Namespace);

    /// <summary>What is quoted: the rule with its counters, else what the walk says decided, else the device's flags.</summary>
    private string Evidence(WalkDrop drop)
    {
        if (drop.Rule is { } rule)
            return RuleQuotes.Of(diagnosis.Facts, drop.Namespace, rule);
        if (!string.IsNullOrEmpty(drop.Because))
            return drop.Because;
        return Topology.Devices.Find(drop.Namespace, drop.Device) is { } device
            ? PlugChecks.Quote(device)
            : $"{drop.Reason} at {drop.Device}";
    }

    private Finding Down(WalkDrop drop)
    {
        string ns = drop.Namespace;
        string name = drop.Device;
        // The device that is down may be the far end of the one that the packet was sent out of.
        if (Topology.Devices.Find(ns, name) is { State: not LinkState.Down } sender)
        {
            if (Topology.Veths.Of(sender) is { Device.State: LinkState.Down } peer)
                (ns, name) = (peer.Device.Namespace, peer.Device.Name);
        }
        if (DeadRoute(drop, ns, name) is { } dead)
            return dead;
        string id = DeviceRoles.Of(Topology, ns, name) switch
        {
            DeviceRole.Tap => "SN103",
            DeviceRole.Local => "SN316",
            DeviceRole.Uplink => "SN314",
            _ => "SN202",
        };
        if (id == "SN314" && LivesElsewhere(drop, ns, name) is { } chosen)
            return chosen;
        string evidence = Topology.Devices.Find(ns, name) is { } device ? PlugChecks.Quote(device) : Evidence(drop);
        return new(id, evidence, name, ns);
    }

    private Finding Blocked(WalkDrop drop)
    {
        BridgePortFacts? port = Topology.Devices.Find(drop.Namespace, drop.Device)?.Link.BridgePort;
        bool flags = port is { State: "forwarding" };
        return At(flags ? "SN212" : "SN206", drop);
    }

    private Finding Vlan(WalkDrop drop)
    {
        SwitchPort? port = Topology.SwitchPorts.Find(drop.Device);
        if (port is null)
            return At("SN214", drop);
        if (port.Port.Tag == 4095)
            return At("SN303", drop);
        return At(DeviceRoles.Of(Topology, drop.Namespace, drop.Device) == DeviceRole.Uplink ? "SN328" : "SN305", drop);
    }

    private Finding NotConnected(WalkDrop drop)
    {
        Topology.Device? device = Topology.Devices.Find(drop.Namespace, drop.Device);
        if (Topology.SwitchPorts.Find(drop.Device) is { IsPatch: true } patch)
            return LayoutNames.IsOvn(diagnosis.Facts) ? At("SN925", drop) : BrokenPatch(patch);
        // The root end of a router's outside veth (linuxbridge agent): the bridge of that network has nothing else in it.
        if (
            device?.Link is { Kind: "veth", Master: { } bridge }
            && DeviceRoles.Of(Topology, drop.Namespace, drop.Device) == DeviceRole.RouterOutside
        )
            return At("SN313", drop) with { Device = bridge };
        string id = DeviceRoles.Of(Topology, drop.Namespace, drop.Device) switch
        {
            DeviceRole.Tap => "SN105",
            DeviceRole.Chain when drop.Device.StartsWith("qvb", StringComparison.Ordinal) => "SN204",
            DeviceRole.Chain when drop.Device.StartsWith("qvo", StringComparison.Ordinal) => "SN205",
            DeviceRole.Local or DeviceRole.Bridge => "SN313",
            DeviceRole.RouterInside or DeviceRole.RouterOutside => "SN615",
            _ => device?.Link.Kind == "veth" ? "SN203" : "SN313",
        };
        return At(id, drop);
    }

    private Finding NoPort(WalkDrop drop)
    {
        SwitchPort? port = Topology.SwitchPorts.Find(drop.Device);
        if (port is null)
            return LacksUplink(drop) ?? At("SN308", drop);
        if (port.IsPatch)
            return LayoutNames.IsOvn(diagnosis.Facts) ? At("SN925", drop) : BrokenPatch(port);
        if (port.IsTunnel)
            return At("SN406", drop);
        return string.IsNullOrEmpty(port.Interface.Error)
            ? At("SN308", drop)
            : new("SN302", $"Interface {port.Name}: {port.Interface.Error}", port.Name, "");
    }

    private Finding NoNeighbour(WalkDrop drop)
    {
        if (LacksUplink(drop) is { } uplink)
            return uplink;
        return At(LeadsInside(drop) ? "SN607" : "SN801", drop);
    }

    /// <summary>A packet for the outside was sent to a next hop among the instances: whoever set the default route took the wrong device.</summary>
    private bool LeadsInside(WalkDrop drop) =>
        guest.Port.Subnet?.Contains(drop.Packet.Destination) == false
        && Topology
            .Devices.AddressesOf(drop.Namespace, drop.Device)
            .Any(a => !a.Address.IsV6 && new IpPrefix(a.Address, a.PrefixLength).Contains(guest.Address));

    private bool ForwardingIsOff(string ns) => Topology.Devices.Namespace(ns)?.Sysctls?.GetValueOrDefault("net.ipv4.ip_forward") == "0";
}
