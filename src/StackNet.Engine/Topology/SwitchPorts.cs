using System.Collections.Concurrent;
using System.Globalization;
using StackNet.Engine.Facts;

namespace StackNet.Engine.Topology;

/// <summary>An interface of Open vSwitch with its port and bridge.</summary>
internal sealed record SwitchPort(OvsBridgeFacts Bridge, OvsPortFacts Port, OvsInterfaceFacts Interface)
{
    public string Name => Interface.Name;

    /// <summary>The bridge's own device (LOCAL).</summary>
    public bool IsLocal => Interface.Type == "internal" && Interface.Name == Bridge.Name;

    public bool IsPatch => Interface.Type == "patch";

    public bool IsTunnel => Interface.Type is "vxlan" or "geneve" or "gre" or "stt" or "erspan" or "ip6gre";

    /// <summary>The local VLAN of the port's network: what neutron keeps beside the port (other_config:tag) stays when the tag itself is changed.</summary>
    public int? NetworkTag =>
        Port.OtherConfig.TryGetValue("tag", out string? kept) && int.TryParse(kept, CultureInfo.InvariantCulture, out int tag)
            ? tag
            : Port.Tag;

    /// <summary>A device of the kernel stands behind it: a system port or an internal one.</summary>
    public bool HasDevice => Interface.Type is "" or "system" or "internal" or "tap";
}

/// <summary>Interfaces of Open vSwitch by name, and where their devices are.</summary>
internal sealed class SwitchPorts
{
    private readonly Dictionary<string, SwitchPort> _byName = new(StringComparer.Ordinal);
    private readonly ConcurrentDictionary<OvsBridgeFacts, IReadOnlyList<OvsInterfaceFacts>> _uplinks = new(
        ReferenceEqualityComparer.Instance
    );
    private readonly DeviceIndex _devices;

    public SwitchPorts(OvsFacts? ovs, DeviceIndex devices)
    {
        _devices = devices;
        foreach (OvsBridgeFacts bridge in ovs?.Bridges ?? [])
        foreach (OvsPortFacts port in bridge.Ports)
        foreach (OvsInterfaceFacts face in port.Interfaces)
            _byName[face.Name] = new SwitchPort(bridge, port, face);
    }

    public IEnumerable<SwitchPort> All => _byName.Values;

    public SwitchPort? Find(string name) => _byName.GetValueOrDefault(name);

    /// <summary>Interfaces of a bridge that lead out of the node: devices that are no instance's.</summary>
    public IReadOnlyList<OvsInterfaceFacts> UplinksOf(OvsBridgeFacts bridge) =>
        _uplinks.GetOrAdd(
            bridge,
            static b =>
                [
                    .. b
                        .Ports.SelectMany(p => p.Interfaces)
                        .Where(i =>
                            i.Type is "" or "system" or "dpdk"
                            && !i.ExternalIds.ContainsKey("iface-id")
                            && !i.Name.StartsWith("qvo", StringComparison.Ordinal)
                            && !i.Name.StartsWith("tap", StringComparison.Ordinal)
                        ),
                ]
        );

    /// <summary>The other end of a patch port, when it exists and names this one back.</summary>
    public SwitchPort? PatchPeer(SwitchPort port) =>
        port.Interface.Options.TryGetValue("peer", out string? name)
        && Find(name) is { IsPatch: true } peer
        && peer.Interface.Options.TryGetValue("peer", out string? back)
        && back == port.Name
            ? peer
            : null;

    /// <summary>
    /// The kernel device behind a port. An internal port keeps working when it is moved into another namespace, a system port is opened
    /// where vswitchd runs, so that the root namespace's device of the name is taken first for it.
    /// </summary>
    public Device? DeviceOf(SwitchPort port)
    {
        if (!port.HasDevice)
            return null;
        IReadOnlyList<Device> found = _devices.Named(port.Name);
        if (found.Count == 0)
            return null;
        if (port.Interface.Type != "internal")
            return _devices.Find("", port.Name) ?? found[0];
        return found.FirstOrDefault(d => d.Link.Kind is "tun" or "openvswitch") ?? found[0];
    }
}
