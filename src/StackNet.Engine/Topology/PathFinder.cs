using System.Globalization;
using StackNet.Engine.Facts;

namespace StackNet.Engine.Topology;

/// <summary>Lists the devices between an instance's NIC and the outside, by how they are joined (not by where a packet would die).</summary>
internal sealed partial class PathFinder
{
    private readonly NodeTopology _topology;
    private readonly TopologyPort _port;
    private readonly Ip? _address;
    private readonly List<PathHop> _hops = [];
    private bool _complete;

    private PathFinder(NodeTopology topology, TopologyPort port, Ip? address)
    {
        _topology = topology;
        _port = port;
        _address = address;
    }

    public static IEnumerable<InstancePath> Paths(ComputeNode node, TopologyPort port, Ip? address)
    {
        NodeTopology topology = NodeTopology.For(node);
        PathFinder finder = new(topology, port, address);
        finder.Build();
        yield return finder.Path(node, PacketDirection.Out, finder._hops);
        if (finder.BackHops() is { } back)
            yield return finder.Path(node, PacketDirection.Back, back);
    }

    private InstancePath Path(ComputeNode node, PacketDirection direction, List<PathHop> hops) =>
        new()
        {
            Node = node,
            Instance = _port.Instance.Name,
            InstanceId = _port.Instance.Uuid,
            Address = _address?.ToIPAddress(),
            Direction = direction,
            Complete = _complete && hops.TrueForAll(h => h.State is LinkState.Up or LinkState.Unknown && h.Note is null),
            Hop =
            [
                .. hops.Select(
                    (h, i) =>
                        new PathHop
                        {
                            Index = i,
                            Device = h.Device,
                            Namespace = h.Namespace,
                            Kind = h.Kind,
                            State = h.State,
                            Mtu = h.Mtu,
                            VlanTag = h.VlanTag,
                            Address = h.Address,
                            Note = h.Note,
                        }
                ),
            ],
        };

    private void Build()
    {
        _hops.Add(
            new PathHop
            {
                Device = "nic",
                Kind = "nic",
                State = LinkState.Unknown,
                Mtu = _port.GuestMtu,
                Address = _address?.ToString(),
            }
        );
        if (_port.TapName is { } tap)
            Add("", tap, "tap");
        switch (_port.Plug)
        {
            case PortPlug.Hybrid:
                Hybrid();
                break;
            case PortPlug.Direct:
                Switch(_port.SwitchPort);
                break;
            case PortPlug.Bridge when (_port.Tap?.Link.Master ?? _port.DomainInterface?.Bridge) is { } bridge:
                Add("", bridge, "bridge", note: _port.Tap is { Link.Master: null } ? "the tap is not a port of it" : null);
                FromLinuxBridge(bridge);
                break;
            default:
                break;
        }
    }

    private void Hybrid()
    {
        Device? qvb = _topology.Devices.Find("", _port.QvbName);
        Add("", _port.QbrName, "bridge", note: _port.Tap is { } t && t.Link.Master != _port.QbrName ? "the tap is not a port of it" : null);
        Add("", _port.QvbName, "veth", note: qvb is not null && qvb.Link.Master != _port.QbrName ? $"not a port of {_port.QbrName}" : null);
        VethPeer? peer = qvb is null ? null : _topology.Veths.Of(qvb);
        string far = peer?.Device.Name ?? _port.QvoName;
        SwitchPort? port = _topology.SwitchPorts.Find(far);
        Add(
            peer?.Device.Namespace ?? "",
            far,
            "veth",
            port?.Port.Tag,
            note: port is null && _topology.Facts.Ovs is not null ? "not a port of any Open vSwitch bridge" : null
        );
        Switch(port);
    }

    private void Switch(SwitchPort? port)
    {
        if (port is null)
        {
            // The chain is cut before the switch; who would route for the network stands there all the same.
            if (_port.Plug == PortPlug.Hybrid && OnlyGateway() is { } gateway)
                Router(gateway, gateway.Namespace.Length == 0 ? "node" : "router-port");
            return;
        }
        AddBridge(port.Bridge.Name, port.Port.Tag);
        Gateway(port);
    }

    /// <summary>From the network's switch to whoever routes for it, or out by the provider bridge.</summary>
    private void Gateway(SwitchPort port)
    {
        if (InsideGateway(port) is { } gateway)
        {
            if (gateway.Namespace.Length == 0)
            {
                if (_topology.SwitchPorts.Find(gateway.Name) is { } local && local.Bridge.Name != port.Bridge.Name)
                    Patch(port.Bridge, local.Bridge);
                Router(gateway, "node");
            }
            else
                Router(gateway, "router-port");
            return;
        }
        if (port.Port.OtherConfig.GetValueOrDefault("network_type") is "vxlan" or "gre" or "geneve" || Provider(port) is null)
            Tunnel(port.Bridge);
        else
            External(port);
    }

    private Device? InsideGateway(SwitchPort port)
    {
        if (_port.Gateway is not { } gateway)
            return null;
        Device? other = null;
        foreach ((string ns, string name) in _topology.Devices.CarriersOf(gateway))
        {
            if (_topology.Devices.Find(ns, name) is not { } device)
                continue;
            SwitchPort? inside = _topology.SwitchPorts.Find(device.Name);
            if (inside is not null && inside.Bridge.Name == port.Bridge.Name && inside.NetworkTag == port.NetworkTag)
                return device;
            if (inside is null or { IsLocal: true })
                other ??= device;
        }
        return other ?? OnlyGateway();
    }

    /// <summary>The device that has the gateway's address, when there is no other (tenants may use one address twice).</summary>
    private Device? OnlyGateway()
    {
        if (_port.Gateway is not { } gateway)
            return null;
        List<(string Namespace, string Device)> carriers = [.. _topology.Devices.CarriersOf(gateway)];
        return carriers.Count == 1 ? _topology.Devices.Find(carriers[0].Namespace, carriers[0].Device) : null;
    }

    /// <summary>The namespace of a device routes: its address, then the device the default route names, and what that hangs on.</summary>
    private void Router(Device inside, string kind, int depth = 0)
    {
        Add(inside.Namespace, inside.Name, kind, _topology.SwitchPorts.Find(inside.Name)?.Port.Tag);
        if (depth > 4 || _topology.Devices.Namespace(inside.Namespace) is not { } ns)
            return;
        RouteFacts? route = RouteLookup.Find(ns, _address ?? Ip.V4(0), OutsideAddress);
        string? name = route is { Type: "unicast", Device: { } chosen } ? chosen : OutsidePort(ns);
        if (name is null || _topology.Devices.Find(ns.Name, name) is not { } outside)
            return;
        if (outside != inside)
            Add(ns.Name, name, ns.Name.Length == 0 ? "node" : "router-port", _topology.SwitchPorts.Find(name)?.Port.Tag);
        if (route?.Gateway is { } next && LayoutNames.OwnerOf(_topology, next) is { } other && other.Namespace != ns.Name)
        {
            // Distributed routers: the next hop is the snat or fip namespace of this same node.
            Router(other, "router-port", depth + 1);
            return;
        }
        Exit(outside);
    }

    /// <summary>Without a default route: the router's outside port all the same, for what comes in by it.</summary>
    private static string? OutsidePort(NamespaceFacts ns) =>
        (ns.Links ?? []).FirstOrDefault(l => l.Name.StartsWith("qg-", StringComparison.Ordinal))?.Name;

    // An address that no node has a route of its own to: TEST-NET-3 would be used by some labs, so the last unicast address before class D.
    private static Ip OutsideAddress { get; } = Ip.V4(0xDFFFFFFE);

    private void Exit(Device device)
    {
        if (_topology.SwitchPorts.Find(device.Name) is { } port)
        {
            if (port.IsLocal)
                Uplink(port.Bridge);
            else
            {
                AddBridge(port.Bridge.Name, port.Port.Tag);
                if (_topology.SwitchPorts.UplinksOf(port.Bridge).Count > 0)
                    Uplink(port.Bridge, addBridge: false);
                else
                    External(port);
            }
            return;
        }
        if (_topology.Veths.Of(device) is { } peer)
        {
            Add(peer.Device.Namespace, peer.Device.Name, "veth");
            if (peer.Device.Link.Master is { } bridge)
            {
                Add(peer.Device.Namespace, bridge, "bridge");
                LinuxUplink(peer.Device.Namespace, bridge);
            }
            else if (peer.Device.Namespace.Length > 0)
                Router(peer.Device, "router-port", 1);
            return;
        }
        MarkUplink();
    }

    private void MarkUplink()
    {
        PathHop last = _hops[^1];
        _hops[^1] = new PathHop
        {
            Device = last.Device,
            Namespace = last.Namespace,
            Kind = "uplink",
            State = last.State,
            Mtu = last.Mtu,
            VlanTag = last.VlanTag,
            Address = last.Address,
            Note = last.Note,
        };
        _complete = true;
    }

    /// <summary>The same hops turned round, when the way back to the instance leaves the routing namespace by another device.</summary>
    private List<PathHop>? BackHops()
    {
        int at = _hops.FindIndex(h => h.Kind is "router-port" or "node");
        if (at < 0 || _address is not { } address || _topology.Devices.Namespace(_hops[at].Namespace) is not { } ns)
            return null;
        RouteFacts? route = RouteLookup.Find(ns, OutsideAddress, address);
        if (ns.Routes is null || route?.Device == _hops[at].Device)
            return null;
        List<PathHop> back = [.. Enumerable.Reverse(_hops)];
        PathHop inside = _hops[at];
        back[_hops.Count - 1 - at] = new PathHop
        {
            Device = route?.Device ?? inside.Device,
            Namespace = inside.Namespace,
            Kind = inside.Kind,
            State = route?.Device is { } d ? Topology.Device.StateOf(_topology.Devices.Find(ns.Name, d)?.Link) : LinkState.Missing,
            Address = inside.Address,
            Note = route?.Device is null
                ? string.Create(CultureInfo.InvariantCulture, $"no route to {address}")
                : string.Create(CultureInfo.InvariantCulture, $"{address} is routed out of {route.Device}, not {inside.Device}"),
        };
        return back;
    }
}
