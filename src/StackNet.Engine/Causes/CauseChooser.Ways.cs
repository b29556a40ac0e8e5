using System.Globalization;
using StackNet.Engine.Facts;
using StackNet.Engine.Topology;
using StackNet.Engine.Walk;

namespace StackNet.Engine.Causes;

internal sealed partial class CauseChooser
{
    /// <summary>
    /// The ARP request reached whoever has the address, and the kernel kept silent: arp_process routes as if a packet came from the asker,
    /// so strict rp_filter and the martian checks silence it too.
    /// </summary>
    private Finding? Silenced(Ending ending)
    {
        foreach (WalkDrop drop in ending.Outcome?.Drops ?? [])
        {
            if (drop.Packet.EtherType != EtherTypes.Arp || drop.Reason is not (PacketReason.ReversePath or PacketReason.Martian))
                continue;
            if (diagnosis.CarriersOf(drop.Packet.ArpTargetIp).Any(d => d.Namespace == drop.Namespace))
                return At(drop.Reason == PacketReason.ReversePath ? "SN604" : "SN605", drop);
        }
        return null;
    }

    /// <summary>A default route by a device that is dead, while another one that lives loses to it.</summary>
    private Finding? DeadRoute(WalkDrop drop, string ns, string device)
    {
        if (!drop.Packet.IsIp || Topology.Devices.Namespace(ns) is not { } facts || Topology.Devices.Find(ns, device) is not { } dead)
            return null;
        if (CoveredBy(drop) is { } cover)
            return cover;
        List<RouteFacts> defaults =
        [
            .. (facts.Routes ?? []).Where(r => r.Destination.Length == 0 && r is { Type: "unicast", Table: "main", Device: not null }),
        ];
        if (defaults.Find(r => r.Device == device) is not { } taken)
            return null;
        bool another = defaults.Exists(r => r.Device != device && Topology.Devices.Find(ns, r.Device!) is { State: LinkState.Up });
        return another
            ? new(
                "SN607",
                string.Create(
                    CultureInfo.InvariantCulture,
                    $"default via {taken.Gateway} dev {device} metric {taken.Metric} wins; {PlugChecks.Quote(dead)}"
                ),
                device,
                ns
            )
            : null;
    }

    /// <summary>
    /// The packet was routed into a network that only happens to have the destination's (or the instance's) addresses: a bridge or tunnel
    /// of its own (docker0, virbr0, a VPN) that is no part of the instance's way.
    /// </summary>
    private Finding? CoveredBy(WalkDrop drop)
    {
        if (
            !drop.Packet.IsIp
            || Topology.Devices.Find(drop.Namespace, drop.Device) is not { } device
            || device.Link.Kind is not ("bridge" or "tun" or "wireguard" or "dummy" or "ipip" or "gre" or "vxlan")
            || Topology.SwitchPorts.Find(device.Name) is not null
            || _path.Value?.Hop.Any(h => h.Device == device.Name) == true
            || Topology.Devices.PortsOf(device.Namespace, device.Name).Any(p => Topology.PortOfDevice(p.Name) is not null)
        )
            return null;
        RouteFacts? route = Topology
            .Devices.Namespace(device.Namespace)
            ?.Routes?.Where(r => r is { Gateway: null, Type: "unicast", Destination.Length: > 0 } && r.Device == device.Name)
            .Where(r => r.Destination.Contains(drop.Packet.Destination))
            .MaxBy(r => r.Destination.Length);
        return route is null
            ? null
            : new(
                "SN610",
                $"{route.Destination} dev {device.Name} covers {drop.Packet.Destination}: {PlugChecks.Quote(device)}",
                device.Name,
                device.Namespace
            );
    }

    /// <summary>The router's port is in Open vSwitch's database, its device in no namespace (or it fell back to the root one).</summary>
    private Finding? InNoNamespace(string port)
    {
        if (Topology.SwitchPorts.Find(port) is not { Interface.Type: "internal" } || !Topology.Devices.AllRead)
            return null;
        Topology.Device[] devices = [.. Topology.Devices.Named(port)];
        return devices.Length == 0
                ? new("SN615", $"Open vSwitch has the internal port {port}; no namespace has a device of that name", port, "")
            : Array.TrueForAll(devices, d => d.Namespace.Length == 0)
                ? new("SN615", $"Open vSwitch's internal port {port} is in the root namespace: {PlugChecks.Quote(devices[0])}", port, "")
            : null;
    }

    /// <summary>The router's ports of this instance's way that Open vSwitch knows: qr- of its VLAN, and every qg-.</summary>
    private Finding? LostRouterPort(bool outside)
    {
        string prefix = outside ? "qg-" : "qr-";
        foreach (SwitchPort port in Topology.SwitchPorts.All)
        {
            if (
                port.Name.StartsWith(prefix, StringComparison.Ordinal)
                && (outside || port.Port.Tag == guest.Port.VlanTag)
                && InNoNamespace(port.Name) is { } lost
            )
                return lost;
        }
        return null;
    }
}
