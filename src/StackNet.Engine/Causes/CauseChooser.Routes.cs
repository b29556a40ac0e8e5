using StackNet.Engine.Facts;
using StackNet.Engine.Topology;
using StackNet.Engine.Walk;
using StackNet.Engine.Walk.Routing;

namespace StackNet.Engine.Causes;

internal sealed partial class CauseChooser
{
    private Finding NoRoute(WalkDrop drop)
    {
        Ip target = drop.Packet.Destination;
        if (target == guest.Address || Topology.PortOfAddress(target) is not null)
            return At("SN611", drop);
        NamespaceFacts? ns = Topology.Devices.Namespace(drop.Namespace);
        string role = PortNames.RoleOf(drop.Namespace);
        bool distributed = diagnosis.Facts.Namespaces.Any(n => PortNames.RoleOf(n.Name) is "fip" or "snat");
        if (role == "router" && distributed)
            return At(HasFloatingIp() ? "SN712" : "SN713", drop);
        // The kernel takes a route away with its device: the device that is down is then what has to be mended.
        if (DownOutside(ns) is { } down)
        {
            string id = DeviceRoles.Of(Topology, down.Namespace, down.Name) switch
            {
                DeviceRole.Local => "SN316",
                DeviceRole.Uplink => "SN314",
                _ => "SN202",
            };
            return new(id, $"{PlugChecks.Quote(down)}; its routes are gone with it", down.Name, down.Namespace);
        }
        if (role == "router" && LostRouterPort(outside: true) is { } lost)
            return lost;
        if (ByRule(drop))
            return At("SN608", drop);
        if (ns?.Rules is { } rules && rules.Any(r => IsDiversion(r, drop.Packet)) && HasDefault(ns))
            return At("SN608", drop);
        return At(HasDefault(ns) ? "SN607" : "SN606", drop) is var found && found.Evidence.Length > 0
            ? found with
            {
                Evidence = HasDefault(ns)
                    ? found.Evidence
                    : $"{found.Evidence}; no default route in {(drop.Namespace.Length == 0 ? "the root namespace" : drop.Namespace)}",
            }
            : found;
    }

    /// <summary>A device is a way out where a default route or a translation names it: a management NIC that lives is none.</summary>
    private static bool LeadsOut(NamespaceFacts ns, string device) =>
        device.StartsWith("qg-", StringComparison.Ordinal)
        || ns.Routes?.Any(r => r.Destination.Length == 0 && r.Device == device) == true
        || NatRules.Of(ns).Any(r => r.OutDevice == device);

    /// <summary>
    /// A route leaves by a device that is dead while the namespace has another way out that lives: the route is what is wrong. Where
    /// it is the only way out, the device is.
    /// </summary>
    private Finding? LivesElsewhere(WalkDrop drop, string ns, string device)
    {
        if (
            drop.Namespace != ns
            || Topology.Devices.Namespace(ns) is not { } facts
            || facts.Routes?.FirstOrDefault(r => r.Device == device && r is { Type: "unicast", Gateway: not null }) is not { } route
            || !route.Destination.Contains(drop.Packet.Destination)
        )
            return null;
        foreach (LinkFacts link in facts.Links ?? [])
        {
            bool lives =
                link.Name != device
                && Topology.Devices.Find(ns, link.Name) is { State: LinkState.Up }
                && DeviceRoles.Of(Topology, ns, link.Name) == DeviceRole.Uplink
                && Topology.Devices.AddressesOf(ns, link.Name).Any(a => !a.Address.IsV6 && guest.Port.Subnet?.Contains(a.Address) != true)
                && LeadsOut(facts, link.Name);
            if (lives)
                return new(
                    "SN607",
                    $"{RouteText.Of(route)} is what the packet takes, and {(Topology.Devices.Find(ns, device) is { } dead ? PlugChecks.Quote(dead) : device)}; {link.Name} lives",
                    device,
                    ns
                );
        }
        return null;
    }

    private bool HasFloatingIp() =>
        NodeNouns.FloatingIps(diagnosis.Node).Any(f => f.FixedAddress is { } fixedAddress && Ip.From(fixedAddress) == guest.Address);

    private static bool IsDiversion(RuleFacts rule, Packet packet) =>
        rule.Priority is > 0 and < 32766
        && (rule.From is not { Length: > 0 } from || from.Contains(packet.Source))
        && rule.Action == "lookup";

    private static bool HasDefault(NamespaceFacts? ns) =>
        ns?.Routes?.Any(r => r.Destination.Length == 0 && r is { Type: "unicast", Table: "main" }) == true;

    private Topology.Device? DownOutside(NamespaceFacts? ns)
    {
        foreach (LinkFacts link in ns?.Links ?? [])
        {
            if (
                link.Flags.Count > 0
                && !link.IsUp
                && DeviceRoles.Of(Topology, ns!.Name, link.Name)
                    is DeviceRole.RouterOutside
                        or DeviceRole.RouterInside
                        or DeviceRole.Local
                        or DeviceRole.Uplink
                && Topology.Devices.AddressesOf(ns.Name, link.Name).Count > 0
            )
                return Topology.Devices.Find(ns.Name, link.Name);
        }
        return null;
    }

    /// <summary>Something on the way outside that stops everything, the missing NIC included.</summary>
    private Finding? LacksUplink(WalkDrop drop)
    {
        PacketDirection way = drop.Packet.SourceMac == NodeOutside.UpstreamMac ? PacketDirection.In : PacketDirection.Out;
        return PathChecks.First(diagnosis, _path.Value, way);
    }

    /// <summary>Nobody answered, and no single drop says why.</summary>
    private Finding Unanswered(Ending ending)
    {
        string device = ending.Device;
        if (ending.Purpose == Purpose.GuestArp)
            return UnansweredGateway(ending);
        if (ending.Purpose == Purpose.UpstreamArp && ending.Packet is { } request)
            return UnansweredOutside(ending, request);
        if (WrongNeighbour(ending) is { } neighbour)
            return neighbour;
        if (ending.Drop is { } drop && LacksUplink(drop) is { } uplink && ending.Direction == PacketDirection.Out)
            return uplink;
        string evidence =
            ending.Evidence ?? ending.Outcome?.Because ?? (ending.Drop is { } d ? Evidence(d) : $"nothing came of {ending.Packet}");
        return new("", evidence, device, ending.Namespace);
    }

    private Finding UnansweredGateway(Ending ending)
    {
        Ip target = ending.Packet?.ArpTargetIp ?? destination;
        if (ending.Packet is { EtherType: not EtherTypes.Arp } packet)
            target = packet.Destination;
        if (target == guest.Port.Gateway)
        {
            if (!CarriedHere(target))
            {
                // A provider network's gateway is outside by design: then the way to it is broken.
                if (ending.Drop is { } drop && GatewayIsOutside())
                    return LacksUplink(drop) ?? At("SN801", drop);
                if (!RouterIsMissing() && LostRouterPort(outside: false) is { } lost)
                    return lost;
                string who = guest.Port.Dhcp is { } dhcp
                    ? $"DHCP of network {dhcp.NetworkId} gives the router {target}"
                    : $"the gateway is {target}";
                return new(
                    RouterIsMissing() ? "SN614" : "SN612",
                    $"{who}; no device of this node has that address",
                    GatewayDevice() ?? ending.Device,
                    ending.Namespace
                );
            }
            Topology.Device carrier = diagnosis.CarriersOf(target).First();
            if (carrier.State == LinkState.Down)
                return Down(
                    new WalkDrop
                    {
                        Reason = PacketReason.PortDown,
                        Namespace = carrier.Namespace,
                        Device = carrier.Name,
                        Packet = ending.Packet!,
                    }
                );
            if (WrongTag(carrier) is { } tag)
                return tag;
        }
        if (Silenced(ending) is { } silenced)
            return silenced;
        return ending.Drop is { } any ? At("SN801", any) : new("SN801", $"nobody answers for {target}", ending.Device, ending.Namespace);
    }

    private bool CarriedHere(Ip address) => diagnosis.CarriersOf(address).Any();

    private bool GatewayIsOutside()
    {
        if (diagnosis.Facts.Namespaces.Any(n => PortNames.RoleOf(n.Name) == "router"))
            return false;
        // A node that is the gateway itself has an address of the instances' subnet, or rules that translate it.
        if (
            guest.Port.Subnet is { } own
            && NatRules.Of(diagnosis.Facts.Namespaces[0]).Any(r => r.Source is { } s && s.Contains(own.Address))
        )
            return false;
        return guest.Port.SwitchPort?.Port.OtherConfig.GetValueOrDefault("network_type") is "flat" or "vlan"
            && NatRules.Of(diagnosis.Facts.Namespaces[0]).All(r => r.Kind != "Masquerade");
    }

    private bool RouterIsMissing() =>
        diagnosis.Facts.Namespaces.All(n => PortNames.RoleOf(n.Name) != "router")
        && Topology.SwitchPorts.All.Any(p => p.Name.StartsWith("qr-", StringComparison.Ordinal));

    /// <summary>The device that ought to carry the gateway: a port of the network that is a router's, or the node's bridge.</summary>
    private string? GatewayDevice() =>
        Topology
            .SwitchPorts.All.FirstOrDefault(p => p.Name.StartsWith("qr-", StringComparison.Ordinal) && p.Port.Tag == guest.Port.VlanTag)
            ?.Name
        ?? (
            guest.Port.Plug == PortPlug.Bridge
                ? guest.Port.Tap?.Link.Master
                : NodeNouns.Path(diagnosis.Node, guest.Port, guest.Address)?.Hop.LastOrDefault(h => h.Kind is "ovs-bridge")?.Device
        );

    private Finding? WrongTag(Topology.Device carrier)
    {
        if (
            guest.Port.SwitchPort is not { } own
            || Topology.SwitchPorts.Find(carrier.Name) is not { } other
            || other.Bridge.Name != own.Bridge.Name
        )
            return null;
        if (other.Port.Tag == own.Port.Tag)
            return null;
        SwitchPort odd = OddTag(own) ? own : other;
        string id =
            odd.Port.Tag is null ? "SN304"
            : odd.Port.Tag == 4095 ? "SN303"
            : "SN305";
        return new(
            id,
            $"Port {own.Port.Name} has tag {own.Port.Tag}, {other.Port.Name} (the gateway) tag {other.Port.Tag}; other_config:tag of {odd.Port.Name} is {odd.Port.OtherConfig.GetValueOrDefault("tag", "not set")}",
            odd.Name,
            ""
        );
    }

    private static bool OddTag(SwitchPort port) =>
        port.Port.OtherConfig.TryGetValue("tag", out string? kept)
        && kept != port.Port.Tag?.ToString(System.Globalization.CultureInfo.InvariantCulture);

    private Finding UnansweredOutside(Ending ending, Packet request)
    {
        Ip target = request.EtherType == EtherTypes.Arp ? request.ArpTargetIp : request.Destination;
        if (ending.Drop is { } drop && LacksUplink(drop) is { } uplink && ending.Outcome?.Outputs.Count == 0)
            return uplink;
        FloatingIp? floating = NodeNouns.FloatingIps(diagnosis.Node).FirstOrDefault(f => Ip.From(f.FloatingAddress) == target);
        if (CarriedHere(target))
            return WrongNeighbour(ending)
                ?? (
                    ending.Drop is { } d
                        ? At("SN801", d)
                        : new("SN801", $"{target} is here, but its ARP reply does not get out", ending.Device, ending.Namespace)
                );
        if (floating is not null && !floating.HasAddress)
        {
            bool distributed = diagnosis.Facts.Namespaces.Any(n => PortNames.RoleOf(n.Name) == "fip");
            return new(
                distributed ? "SN712" : "SN710",
                $"{floating.Namespace} translates {target}, but no device carries or answers for it",
                OutsideDevice(floating.Namespace) ?? ending.Device,
                floating.Namespace
            );
        }
        if (diagnosis.Facts.Namespaces.Any(n => PortNames.RoleOf(n.Name) == "fip") && floating is not null)
            return new("SN622", $"{target} is not answered for", ending.Device, ending.Namespace);
        if (ending.Direction == PacketDirection.Back)
            return new(
                "SN705",
                $"the packet left with source {target}, which no device of this node carries",
                ending.Device,
                ending.Namespace
            );
        // Upstream asks for an address that only the tenant's network knows: nothing is broken, the way in does not exist.
        if (target == guest.Address)
            return new(
                "SN722",
                $"{target} has no floating IP, and outside of the router nobody answers for it",
                ending.Device,
                ending.Namespace
            );
        return new("SN710", $"no device of this node carries {target}", ending.Device, ending.Namespace);
    }

    private string? OutsideDevice(string ns) =>
        Topology.Devices.Namespace(ns)?.Links?.FirstOrDefault(l => l.Name.StartsWith("qg-", StringComparison.Ordinal))?.Name;

    /// <summary>A packet for the instance left the node by a wire: the namespace that routes has no (live) way to it.</summary>
    private Finding? WentElsewhere(Ending ending)
    {
        WalkOutput? output = ending.Outcome?.Outputs.Find(o =>
            o.Kind == WalkOutputKind.Wire
            && o.Packet.IsIp
            && o.Packet.Destination == guest.Address
            && !diagnosis.IsOwnMac(o.Packet.DestinationMac)
        );
        if (output is null || guest.Port.Subnet is not { } own)
            return null;
        foreach (NamespaceFacts ns in diagnosis.Facts.Namespaces)
        foreach (AddressFacts address in ns.Addresses ?? [])
        {
            if (
                own.Contains(address.Address)
                && address.PrefixLength < address.Address.Bits
                && Topology.Devices.Find(ns.Name, address.Device) is { State: LinkState.Down } down
            )
                return Down(
                    new WalkDrop
                    {
                        Reason = PacketReason.PortDown,
                        Namespace = ns.Name,
                        Device = down.Name,
                        Packet = output.Packet,
                    }
                );
        }
        return new("SN611", $"packets for {guest.Address} are routed out of {output.Device}", output.Device, output.Namespace);
    }

    /// <summary>The packet was put into a frame for a MAC that its receiver does not have: a neighbour entry is wrong.</summary>
    private Finding? WrongNeighbour(Ending ending)
    {
        foreach (WalkOutput output in ending.Outcome?.Outputs ?? [])
        {
            if (!output.Packet.IsIp || output.Packet.Destination != guest.Address || output.Packet.DestinationMac == guest.Mac)
                continue;
            return Entry(guest.Address, output.Packet.DestinationMac);
        }
        foreach (WalkDrop drop in ending.Outcome?.Drops ?? [])
        {
            if (
                drop.Packet.IsIp
                && drop.Packet.Destination == guest.Address
                && drop.Packet.DestinationMac != guest.Mac
                && Entry(guest.Address, drop.Packet.DestinationMac) is { } found
            )
                return found;
        }
        return null;
    }

    private Finding? Entry(Ip address, Mac mac)
    {
        foreach (NamespaceFacts ns in diagnosis.Facts.Namespaces)
        foreach (NeighbourFacts entry in ns.Neighbours ?? [])
        {
            if (entry.Address == address && entry.Mac == mac)
            {
                return new(
                    "SN801",
                    $"{entry.Address} dev {entry.Device} lladdr {entry.Mac} {entry.State} (in {(ns.Name.Length == 0 ? "the root namespace" : ns.Name)}); the instance has {guest.Mac}",
                    entry.Device,
                    ns.Name
                );
            }
        }
        return null;
    }
}
