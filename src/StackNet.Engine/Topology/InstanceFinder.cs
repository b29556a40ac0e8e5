using StackNet.Engine.Facts;

namespace StackNet.Engine.Topology;

/// <summary>
/// Finds the instances of a node: libvirt's domains first, then ports that only Open vSwitch knows, then devices that only their names
/// tell. Ports of routers and DHCP servers are told apart by where their device is and of what kind it is.
/// </summary>
internal sealed partial class InstanceFinder
{
    private readonly NodeFacts _facts;
    private readonly DeviceIndex _devices;
    private readonly VethPeers _veths;
    private readonly SwitchPorts _switch;
    private readonly List<TopologyInstance> _instances = [];
    private readonly Dictionary<string, TopologyPort> _byTail = new(StringComparer.Ordinal);
    private readonly Dictionary<string, TopologyPort> _byTap = new(StringComparer.Ordinal);

    private InstanceFinder(NodeFacts facts, DeviceIndex devices, VethPeers veths, SwitchPorts ports)
    {
        _facts = facts;
        _devices = devices;
        _veths = veths;
        _switch = ports;
    }

    public static IReadOnlyList<TopologyInstance> Find(NodeFacts facts, DeviceIndex devices, VethPeers veths, SwitchPorts ports)
    {
        InstanceFinder finder = new(facts, devices, veths, ports);
        finder.FromLibvirt();
        finder.FromOvsdb();
        finder.FromNames();
        foreach (TopologyPort port in finder._instances.SelectMany(i => i.Ports))
            finder.Plug(port);
        new PortDetails(facts, devices, veths, ports, finder._instances).Fill();
        return
        [
            .. finder
                ._instances.OrderBy(i => i.Name, StringComparer.Ordinal)
                .ThenBy(i => i.Uuid ?? i.Ports.FirstOrDefault()?.PortId ?? "", StringComparer.Ordinal),
        ];
    }

    private void FromLibvirt()
    {
        foreach (DomainFacts domain in _facts.Domains ?? [])
        {
            TopologyInstance instance = new()
            {
                Name = string.IsNullOrEmpty(domain.InstanceName) ? domain.Name : domain.InstanceName,
                Uuid = domain.Uuid.Length > 0 ? domain.Uuid : null,
                Domain = domain,
                FoundBy = "libvirt",
            };
            List<NovaPort> left = [.. domain.NovaPorts];
            List<(DomainInterface Face, NovaPort? Nova)> faces = [];
            foreach (DomainInterface face in domain.Interfaces)
            {
                NovaPort? nova = left.FirstOrDefault(p => p.PortId.Length > 0 && Belongs(p, face));
                if (nova is not null)
                    left.Remove(nova);
                faces.Add((face, nova));
            }
            foreach ((DomainInterface face, NovaPort? known) in faces)
            {
                // nova-network writes ports without an id: what is left then belongs in the order of the interfaces.
                NovaPort? nova = known ?? left.FirstOrDefault(p => p.PortId.Length == 0 || domain.Interfaces.Count == 1);
                if (known is null && nova is not null)
                    left.Remove(nova);
                Add(instance, face, nova);
            }
            _instances.Add(instance);
        }
    }

    private static bool Belongs(NovaPort nova, DomainInterface face) =>
        face.InterfaceId == nova.PortId
        || PortNames.TailOfPort(nova.PortId) is { } tail
            && (
                face.TargetDevice is { } target && PortNames.TailOf(target) == tail
                || face.Bridge is { } bridge && PortNames.TailOf(bridge) == tail
            );

    private void Add(TopologyInstance instance, DomainInterface face, NovaPort? nova)
    {
        string? portId = nova is { PortId.Length: > 0 } ? nova.PortId : face.InterfaceId;
        string? tail =
            PortNames.TailOfPort(portId)
            ?? (face.TargetDevice is { } t ? PortNames.TailOf(t) : null)
            ?? (face.Bridge is { } b ? PortNames.TailOf(b) : null);
        TopologyPort port = new()
        {
            Instance = instance,
            PortId = portId,
            Tail = tail,
            Mac = face.Mac,
            DomainInterface = face,
            TapName = face.TargetDevice,
        };
        if (face.Type is "vhostuser" or "hostdev" or "direct" or "vdpa")
            port.Plug = PortPlug.NoTap;
        else if (port.TapName is null && tail is not null)
            port.TapName = "tap" + tail;
        if (nova is { Addresses.Count: > 0 })
        {
            port.Addresses.AddRange(nova.Addresses);
            port.AddressesFoundBy = "nova";
        }
        Register(port);
    }

    private void FromOvsdb()
    {
        Dictionary<string, TopologyInstance> byUuid = [];
        foreach (SwitchPort face in _switch.All)
        {
            IReadOnlyDictionary<string, string> ids = face.Interface.ExternalIds;
            string? portId = ids.GetValueOrDefault("iface-id");
            if (portId is null || face.Interface.Type is "internal" or "patch" || face.IsTunnel)
                continue;
            string? tail = PortNames.TailOfPort(portId) ?? PortNames.TailOf(face.Name);
            if ((tail is not null && _byTail.ContainsKey(tail)) || _byTap.ContainsKey(face.Name))
                continue;
            string? uuid = ids.GetValueOrDefault("vm-uuid") ?? ids.GetValueOrDefault("vm-id");
            // A system port without a machine's uuid is a namespace's end when its veth leads there (ovnmeta, dhcp): no instance.
            if (uuid is null && (PortNames.IsRouterDevice(face.Name) || LeadsIntoNamespace(face.Name)))
                continue;
            TopologyInstance? instance = uuid is not null ? byUuid.GetValueOrDefault(uuid) : null;
            if (instance is null)
            {
                instance = new()
                {
                    Name = uuid ?? portId,
                    Uuid = uuid,
                    FoundBy = "ovsdb",
                };
                _instances.Add(instance);
                if (uuid is not null)
                    byUuid[uuid] = instance;
            }
            Register(
                new TopologyPort
                {
                    Instance = instance,
                    PortId = portId,
                    Tail = tail,
                    Mac = ids.TryGetValue("attached-mac", out string? text) && Mac.TryParse(text, out Mac mac) ? mac : null,
                    TapName = face.Name.StartsWith("qvo", StringComparison.Ordinal) && tail is not null ? "tap" + tail : face.Name,
                }
            );
        }
    }

    private void FromNames()
    {
        HashSet<string> filtered = ChainsOfPorts();
        foreach (Device device in _devices.All)
        {
            // Guests run in the node's own namespace; a tap elsewhere is a DHCP server's internal port.
            if (device.Namespace.Length > 0 || _byTap.ContainsKey(device.Name))
                continue;
            string? tail = device.Name.StartsWith("tap", StringComparison.Ordinal) ? PortNames.TailOf(device.Name) : null;
            bool vnet = IsLibvirtTap(device);
            if ((tail is null && !vnet) || (tail is not null && _byTail.ContainsKey(tail)))
                continue;
            if (_switch.Find(device.Name)?.Interface.Type == "internal")
                continue;
            bool tap = device.Link is { Kind: "tun", TunType: "tap" or null };
            // linuxbridge: the root end of a router's or DHCP port's veth is also called tapX; only an instance's has its own chains.
            if (!tap && (tail is null || device.Link.Kind != "veth" || !filtered.Contains(tail[..9]) || LeadsIntoNamespace(device.Name)))
                continue;
            // A tap that nobody put into a bridge and no chain names could be anything; with libvirt read it is no instance.
            if (
                _facts.Domains is not null
                && device.Link.Master is null
                && _switch.Find(device.Name) is null
                && (tail is null || !filtered.Contains(tail[..9]))
            )
                continue;
            TopologyInstance instance = new() { Name = tail ?? device.Name, FoundBy = "names" };
            _instances.Add(instance);
            Register(
                new TopologyPort
                {
                    Instance = instance,
                    Tail = tail,
                    // libvirt gives the tap the guest's MAC with the first byte FE, so that a bridge never takes it for its own.
                    Mac = device.Link.Mac.IsZero ? null : new Mac((device.Link.Mac.Value & 0x00ff_ffff_ffff) | 0xfa00_0000_0000),
                    TapName = device.Name,
                }
            );
        }
    }

    private static bool IsLibvirtTap(Device device) =>
        device.Link is { Kind: "tun", Master: not null }
        && device.Name.StartsWith("vnet", StringComparison.Ordinal)
        && device.Name.AsSpan(4).IndexOfAnyExceptInRange('0', '9') < 0
        && device.Name.Length > 4;

    /// <summary>Port tails (nine characters, as chain names keep them) that have a security group chain of their own.</summary>
    private HashSet<string> ChainsOfPorts()
    {
        HashSet<string> tails = new(StringComparer.Ordinal);
        NamespaceFacts? root = _devices.Namespace("");
        foreach (IptablesRuleset? rules in (IptablesRuleset?[])[root?.IptablesNft, root?.IptablesLegacy])
        foreach (IptablesChain chain in rules?.Tables.FirstOrDefault(t => t.Name == "filter")?.Chains ?? [])
        {
            if (SecurityChain.TryParse(chain.Name, out char kind, out string tail) && kind is 'i' or 'o')
                tails.Add(tail[..Math.Min(9, tail.Length)]);
        }
        return tails;
    }

    private bool LeadsIntoNamespace(string name)
    {
        Device? device = _devices.Find("", name);
        if (device is not { Link.Kind: "veth" })
            return false;
        return _veths.Of(device) is { } peer ? peer.Device.Namespace.Length > 0 : device.Link.LinkNetnsId is not null;
    }

    private void Register(TopologyPort port)
    {
        port.Instance.Ports.Add(port);
        if (port.Tail is not null)
            _byTail.TryAdd(port.Tail, port);
        if (port.TapName is not null)
            _byTap.TryAdd(port.TapName, port);
    }

    /// <summary>Finds the tap and how it is connected.</summary>
    private void Plug(TopologyPort port)
    {
        if (port.TapName is { } name)
            port.Tap = _devices.Find("", name);
        if (port.Tail is not null && _switch.Find(port.QvoName) is { } qvo)
            port.SwitchPort = qvo;
        else if (port.TapName is not null)
            port.SwitchPort = _switch.Find(port.TapName) is { Interface.Type: not "internal" } direct ? direct : null;
        if (port.Plug != PortPlug.Unknown)
            return;
        bool hybrid =
            port.Tail is not null
            && (
                _devices.Find("", port.QbrName) is not null
                || _devices.Find("", port.QvoName) is not null
                || _switch.Find(port.QvoName) is not null
                || port.DomainInterface?.Bridge == port.QbrName
            );
        port.Plug =
            hybrid ? PortPlug.Hybrid
            : port.SwitchPort is not null || port.DomainInterface?.VirtualPortType == "openvswitch" ? PortPlug.Direct
            : port.DomainInterface?.Bridge is not null || port.Tap?.Link.Master is not null ? PortPlug.Bridge
            : PortPlug.Unknown;
    }
}
