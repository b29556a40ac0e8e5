using StackNet.Engine.Facts;

namespace StackNet.Engine.Topology;

internal sealed partial class PathFinder
{
    private void Add(string ns, string name, string kind, int? tag = null, string? note = null)
    {
        Device? device = _topology.Devices.Find(ns, name);
        bool read = _topology.Devices.Namespace(ns)?.Links is not null;
        string? address = kind is "router-port" or "node" or "bridge" or "uplink"
            ? _topology.Devices.AddressesOf(ns, name).FirstOrDefault(a => !a.Address.IsV6) is { } own
                ? Text(own)
                : null
            : null;
        _hops.Add(
            new PathHop
            {
                Device = name,
                Namespace = ns,
                Kind = kind,
                State =
                    device is not null ? device.State
                    : read ? LinkState.Missing
                    : LinkState.Unknown,
                Mtu = device?.Link.Mtu,
                VlanTag = tag,
                Address = address,
                Note = note,
            }
        );
    }

    private static string Text(AddressFacts address) => new IpPrefix(address.Address, address.PrefixLength).ToString();

    /// <summary>A bridge of Open vSwitch forwards whatever its own device's state is, so that state is not shown as the hop's.</summary>
    private void AddBridge(string name, int? tag) =>
        _hops.Add(
            new PathHop
            {
                Device = name,
                Kind = "ovs-bridge",
                State = LinkState.Unknown,
                VlanTag = tag,
            }
        );

    private void Patch(OvsBridgeFacts from, OvsBridgeFacts to)
    {
        SwitchPort? near = _topology.SwitchPorts.All.FirstOrDefault(p =>
            p.IsPatch && p.Bridge.Name == from.Name && _topology.SwitchPorts.PatchPeer(p)?.Bridge.Name == to.Name
        );
        SwitchPort? far = near is null
            ? _topology.SwitchPorts.All.FirstOrDefault(p => p.IsPatch && p.Bridge.Name == to.Name)
            : _topology.SwitchPorts.PatchPeer(near);
        // One end names a port that is not there: the other end still tells which pair it was meant to be.
        near ??= far is not null && far.Interface.Options.TryGetValue("peer", out string? name) ? _topology.SwitchPorts.Find(name) : null;
        near ??= _topology.SwitchPorts.All.FirstOrDefault(p =>
            p.IsPatch && p.Bridge.Name == from.Name && far is not null && p.Interface.Options.GetValueOrDefault("peer") == far.Name
        );
        AddPatch(near);
        AddPatch(far);
        AddBridge(to.Name, tag: null);
    }

    private void AddPatch(SwitchPort? port)
    {
        if (port is null)
            return;
        bool whole = _topology.SwitchPorts.PatchPeer(port) is not null;
        _hops.Add(
            new PathHop
            {
                Device = port.Name,
                Kind = "patch",
                State = whole ? LinkState.Up : LinkState.NoCarrier,
                VlanTag = port.Port.Tag,
                Note = whole
                    ? null
                    : $"its peer {port.Interface.Options.GetValueOrDefault("peer", "(none)")} is no patch port that names it back",
            }
        );
    }

    /// <summary>The bridge of the port's physical network: the one that a patch leads to and that has an uplink.</summary>
    private OvsBridgeFacts? Provider(SwitchPort port)
    {
        List<OvsBridgeFacts> candidates =
        [
            .. (_topology.Facts.Ovs?.Bridges ?? []).Where(b =>
                b.Name != port.Bridge.Name
                && PatchedTo(port.Bridge, b)
                && !b.Ports.Any(p => p.Interfaces.Any(i => i.Type is "vxlan" or "gre" or "geneve"))
                && b.Name != "br-tun"
            ),
        ];
        if (candidates.Count > 1 && port.Port.OtherConfig.GetValueOrDefault("physical_network") is { } network)
        {
            string? mapped = BridgeMapping(network);
            if (candidates.Find(b => b.Name == mapped) is { } wanted)
                return wanted;
        }
        return candidates.Find(b => _topology.SwitchPorts.UplinksOf(b).Count > 0) ?? (candidates.Count > 0 ? candidates[0] : null);
    }

    private bool PatchedTo(OvsBridgeFacts from, OvsBridgeFacts to) =>
        from
            .Ports.Concat(to.Ports)
            .SelectMany(p => p.Interfaces)
            .Any(i =>
                i.Type == "patch"
                && i.Options.TryGetValue("peer", out string? name)
                && _topology.SwitchPorts.Find(name) is { } peer
                && (peer.Bridge.Name == to.Name || peer.Bridge.Name == from.Name)
                && peer.Bridge.Name != _topology.SwitchPorts.Find(i.Name)?.Bridge.Name
            );

    private string? BridgeMapping(string network)
    {
        foreach (string text in _topology.Facts.ConfigFiles?.Values ?? [])
        {
            foreach (string line in text.Split('\n'))
            {
                if (
                    !line.TrimStart().StartsWith("bridge_mappings", StringComparison.Ordinal)
                    || line.IndexOf('=', StringComparison.Ordinal) is not (> 0 and var at)
                )
                    continue;
                foreach (string pair in line[(at + 1)..].Split(',', StringSplitOptions.TrimEntries))
                {
                    if (pair.StartsWith(network + ":", StringComparison.Ordinal))
                        return pair[(network.Length + 1)..];
                }
            }
        }
        return null;
    }

    private void External(SwitchPort port)
    {
        if (Provider(port) is not { } bridge)
            return;
        Patch(port.Bridge, bridge);
        Uplink(bridge, addBridge: false);
    }

    private void Uplink(OvsBridgeFacts bridge, bool addBridge = true)
    {
        if (addBridge && _hops[^1].Device != bridge.Name)
            AddBridge(bridge.Name, tag: null);
        bool any = false;
        foreach (OvsInterfaceFacts uplink in _topology.SwitchPorts.UplinksOf(bridge))
        {
            any = true;
            Add("", uplink.Name, "uplink", _topology.SwitchPorts.Find(uplink.Name)?.Port.Tag);
        }
        _complete = any;
    }

    private void Tunnel(OvsBridgeFacts from)
    {
        OvsBridgeFacts? tunnels = (_topology.Facts.Ovs?.Bridges ?? []).FirstOrDefault(b =>
            b.Ports.Any(p => p.Interfaces.Any(i => i.Type is "vxlan" or "gre" or "geneve"))
        );
        if (tunnels is null)
            return;
        if (tunnels.Name != from.Name)
            Patch(from, tunnels);
        foreach (OvsInterfaceFacts tunnel in tunnels.Ports.SelectMany(p => p.Interfaces).Where(i => i.Type is "vxlan" or "gre" or "geneve"))
        {
            _hops.Add(
                new PathHop
                {
                    Device = tunnel.Name,
                    Kind = "tunnel",
                    State = tunnel.OfPort is > 0 ? LinkState.Up : LinkState.Missing,
                    Address = tunnel.Options.GetValueOrDefault("remote_ip"),
                    Note = string.IsNullOrEmpty(tunnel.Error) ? null : tunnel.Error,
                }
            );
            _complete = true;
        }
    }

    /// <summary>linuxbridge and nova-network: the network's bridge holds the taps, the router's veth and (or) the NIC; or has the gateway itself.</summary>
    private void FromLinuxBridge(string bridge)
    {
        if (_port.Gateway is { } gateway)
        {
            if (_topology.Devices.AddressesOf("", bridge).Any(a => a.Address == gateway))
            {
                Device? self = _topology.Devices.Find("", bridge);
                if (self is not null)
                {
                    _hops.RemoveAt(_hops.Count - 1);
                    Router(self, "node");
                }
                return;
            }
            foreach (Device member in _topology.Devices.PortsOf("", bridge))
            {
                if (
                    _topology.Veths.Of(member) is { } peer
                    && _topology.Devices.AddressesOf(peer.Device.Namespace, peer.Device.Name).Any(a => a.Address == gateway)
                )
                {
                    Add("", member.Name, "veth");
                    Router(peer.Device, "router-port");
                    return;
                }
            }
        }
        LinuxUplink("", bridge);
    }

    private void LinuxUplink(string ns, string bridge)
    {
        foreach (Device member in _topology.Devices.PortsOf(ns, bridge))
        {
            if (_topology.PortOfDevice(member.Name) is not null || member.Link.Kind == "tun" || _topology.Veths.Of(member) is not null)
                continue;
            Add(ns, member.Name, member.Link.Kind == "vxlan" ? "tunnel" : "uplink");
            _complete = true;
        }
    }
}
