using System.Globalization;
using StackNet.Engine.Facts;

namespace StackNet.Engine.Topology;

/// <summary>Makes the typed objects that users see out of a node's facts.</summary>
internal static partial class NodeNouns
{
    public static IEnumerable<NetworkNamespace> NetworkNamespaces(ComputeNode node)
    {
        foreach (NamespaceFacts ns in node.Facts.Namespaces)
        {
            yield return new NetworkNamespace
            {
                Node = node,
                Namespace = ns.Name,
                Role = PortNames.RoleOf(ns.Name),
                LinkCount = ns.Links?.Count ?? 0,
                Address = [.. (ns.Addresses ?? []).Where(a => !a.Address.IsLoopback).Select(Text)],
                IpForward = Flag(ns, "net.ipv4.ip_forward"),
                FirewallBackend = Backend(ns),
                RuleCount = Count(ns.IptablesNft) + Count(ns.IptablesLegacy) + Native(ns).Sum(t => t.Chains.Sum(c => c.Rules.Count)),
            };
        }
    }

    public static IEnumerable<TapDevice> TapDevices(ComputeNode node)
    {
        NodeTopology topology = NodeTopology.For(node);
        HashSet<string> seen = new(StringComparer.Ordinal);
        foreach (TopologyPort port in topology.Ports)
        {
            if (port.TapName is not { } name || !seen.Add(name))
                continue;
            yield return new TapDevice
            {
                Node = node,
                Device = name,
                Namespace = port.Tap?.Namespace ?? "",
                Instance = port.Instance.Name,
                InstanceId = port.Instance.Uuid,
                PortId = port.PortId ?? port.Tail,
                MacAddress = port.Tap?.Link.Mac.ToString(),
                InstanceMacAddress = port.Mac?.ToString(),
                Bridge = BridgeOf(topology, port.Tap),
                // A device that was not among the links that were read is missing; without links nothing is known of it.
                State =
                    port.Tap is { } tap ? tap.State
                    : topology.Devices.Namespace("")?.Links is null ? LinkState.Unknown
                    : LinkState.Missing,
                Mtu = port.Tap?.Link.Mtu ?? 0,
            };
        }
    }

    public static IEnumerable<VethPair> VethPairs(ComputeNode node)
    {
        NodeTopology topology = NodeTopology.For(node);
        HashSet<Device> seen = [];
        foreach (Device device in topology.Devices.All.Where(d => d.Link.Kind == "veth"))
        {
            VethPeer? peer = topology.Veths.Of(device);
            if (!seen.Add(device) || (peer is not null && seen.Contains(peer.Device)))
                continue;
            if (peer is not null)
                seen.Add(peer.Device);
            yield return new VethPair
            {
                Node = node,
                Device = device.Name,
                Namespace = device.Namespace,
                State = device.State,
                PeerDevice = peer?.Device.Name,
                PeerNamespace = peer?.Device.Namespace,
                PeerState = peer?.Device.State ?? LinkState.Unknown,
                Mtu = device.Link.Mtu,
                PeerMtu = peer?.Device.Link.Mtu,
                Bridge = BridgeOf(topology, device),
                PeerBridge = peer is null ? null : BridgeOf(topology, peer.Device),
                Inferred = peer?.Inferred ?? false,
            };
        }
    }

    public static IEnumerable<LinuxBridge> LinuxBridges(ComputeNode node)
    {
        NodeTopology topology = NodeTopology.For(node);
        foreach (Device device in topology.Devices.All.Where(d => d.Link.Kind == "bridge"))
        {
            NamespaceFacts? ns = topology.Devices.Namespace(device.Namespace);
            bool? wide = Flag(ns, "net.bridge.bridge-nf-call-iptables");
            yield return new LinuxBridge
            {
                Node = node,
                Bridge = device.Name,
                Namespace = device.Namespace,
                State = device.State,
                Port = [.. topology.Devices.PortsOf(device.Namespace, device.Name).Select(p => p.Name).Order(StringComparer.Ordinal)],
                Address = [.. topology.Devices.AddressesOf(device.Namespace, device.Name).Select(Text)],
                Mtu = device.Link.Mtu,
                Stp = device.Link.Bridge?.StpOn ?? false,
                VlanFiltering = device.Link.Bridge?.VlanFiltering ?? false,
                CallsIptables = device.Link.Bridge?.NfCallIptables == true ? true : wide,
                FdbCount = ns?.Fdb?.Count(f => f.Master == device.Name) ?? 0,
                Instance = topology.PortOfDevice(device.Name)?.Instance.Name,
            };
        }
    }

    public static IEnumerable<OvsBridge> OvsBridges(ComputeNode node)
    {
        foreach (OvsBridgeFacts bridge in node.Facts.Ovs?.Bridges ?? [])
        {
            yield return new OvsBridge
            {
                Node = node,
                Bridge = bridge.Name,
                DatapathType = bridge.DatapathType.Length == 0 ? "system" : bridge.DatapathType,
                FailMode = bridge.FailMode ?? "standalone",
                Port = [.. bridge.Ports.Select(p => p.Name).Order(StringComparer.Ordinal)],
                FlowCount = bridge.Flows?.Count,
                ControllerConnected =
                    bridge.Controllers.Count == 0 || bridge.Controllers.All(c => c.IsConnected is null)
                        ? null
                        : bridge.Controllers.Any(c => c.IsConnected == true),
                Controller = [.. bridge.Controllers.Select(c => c.Target)],
                BrokenPort =
                [
                    .. bridge
                        .Ports.Where(p => p.Interfaces.Any(i => i.OfPort == -1 || !string.IsNullOrEmpty(i.Error)))
                        .Select(p => p.Name)
                        .Order(StringComparer.Ordinal),
                ],
            };
        }
    }

    public static IEnumerable<OvsPort> OvsPorts(ComputeNode node)
    {
        NodeTopology topology = NodeTopology.For(node);
        foreach (SwitchPort port in topology.SwitchPorts.All)
        {
            Device? device = topology.SwitchPorts.DeviceOf(port);
            yield return new OvsPort
            {
                Node = node,
                Bridge = port.Bridge.Name,
                Device = port.Name,
                Type = port.Interface.Type.Length == 0 ? "system" : port.Interface.Type,
                OfPort = port.Interface.OfPort,
                VlanTag = port.Port.Tag,
                Trunk = [.. port.Port.Trunks],
                VlanMode = port.Port.VlanMode,
                Namespace = device?.Namespace,
                State =
                    device is not null ? device.State
                    : !port.HasDevice || !topology.Devices.AllRead ? LinkState.Unknown
                    : LinkState.Missing,
                Peer = port.Interface.Options.GetValueOrDefault("peer"),
                RemoteAddress = port.Interface.Options.GetValueOrDefault("remote_ip"),
                InterfaceId = port.Interface.ExternalIds.GetValueOrDefault("iface-id"),
                Instance = topology.PortOfDevice(port.Name)?.Instance.Name,
                Error = string.IsNullOrEmpty(port.Interface.Error) ? null : port.Interface.Error,
            };
        }
    }

    /// <summary>The bridge, Linux or Open vSwitch, that a device is a port of.</summary>
    private static string? BridgeOf(NodeTopology topology, Device? device)
    {
        if (device is null)
            return null;
        if (device.Link.Master is { } master && master != "ovs-system")
            return master;
        return topology.SwitchPorts.Find(device.Name)?.Bridge.Name;
    }

    private static string Text(AddressFacts address) =>
        string.Create(CultureInfo.InvariantCulture, $"{address.Address}/{address.PrefixLength}");

    private static bool? Flag(NamespaceFacts? ns, string key) => Number(ns, key) is { } value ? value != 0 : null;

    private static int? Number(NamespaceFacts? ns, string key) =>
        ns?.Sysctls is { } all && all.TryGetValue(key, out string? text) && int.TryParse(text, CultureInfo.InvariantCulture, out int value)
            ? value
            : null;

    private static int Count(IptablesRuleset? rules) => rules?.Tables.Sum(t => t.Chains.Sum(c => c.Rules.Count)) ?? 0;

    private static IEnumerable<NftTable> Native(NamespaceFacts ns) => ns.Nft?.Tables.Where(t => !t.IsIptables) ?? [];

    private static string? Backend(NamespaceFacts ns)
    {
        if (ns.IptablesNft is null && ns.IptablesLegacy is null)
            return null;
        bool nft = Count(ns.IptablesNft) > 0;
        bool legacy = Count(ns.IptablesLegacy) > 0;
        return nft && legacy ? "both"
            : nft ? "nft"
            : legacy ? "legacy"
            : "none";
    }
}
