using StackNet.Engine.Facts;
using StackNet.Engine.Walk.Bridging;

namespace StackNet.Engine.Walk.Devices;

/// <summary>Joins the links of all namespaces: veth peers, masters, lower devices, bridge ports and Open vSwitch ports.</summary>
internal static class DeviceTable
{
    public static void Build(NodeMachine node)
    {
        foreach (NamespaceMachine net in node.Namespaces)
            AddDevices(net);
        AttachOvs(node);
        foreach (NamespaceMachine net in node.Namespaces)
        {
            foreach (Device device in net.DevicesByIndex.Values)
                Join(node, net, device);
            BuildBridges(net);
        }
    }

    private static void AddDevices(NamespaceMachine net)
    {
        foreach (LinkFacts link in net.Facts.Links ?? [])
        {
            Device device = new(net, link) { Kind = KindOf(link) };
            net.Devices.TryAdd(link.Name, device);
            net.DevicesByIndex.TryAdd(link.Index, device);
        }
        foreach (AddressFacts address in net.Facts.Addresses ?? [])
        {
            if (net.Devices.TryGetValue(address.Device, out Device? device))
                device.Addresses.Add(address);
        }
        foreach (TrafficControlFacts tc in net.Facts.TrafficControl ?? [])
        {
            if (!net.Devices.TryGetValue(tc.Device, out Device? device))
                continue;
            if (QueueDiscipline.Matters(tc))
                (device.Queues ??= []).Add(tc);
            // A plain qdisc queues or shapes; of ingress and clsact only the filters act, and those may be unread.
            bool unread = tc.Kind is "ingress" or "clsact" && tc.Action is null && FiltersUnread(net, tc.Device);
            if (tc.Action is null && !unread)
                continue;
            if (unread || tc.Direction == "ingress")
                (device.Ingress ??= []).Add(new TrafficFilter(tc));
            if (unread ? tc.Kind == "clsact" : tc.Direction != "ingress")
                (device.Egress ??= []).Add(new TrafficFilter(tc));
        }
    }

    private static bool FiltersUnread(NamespaceMachine net, string device) =>
        net.Node.Facts.Unread.Any(u =>
            u.Source == "tc-filters" && (u.Namespace ?? "") == net.Name && u.Reason.StartsWith(device + " ", StringComparison.Ordinal)
        );

    private static DeviceKind KindOf(LinkFacts link)
    {
        if (link.Flags.Contains("LOOPBACK"))
            return DeviceKind.Loopback;
        return link.Kind switch
        {
            "" => DeviceKind.Hardware,
            "veth" => DeviceKind.Veth,
            "bridge" => DeviceKind.Bridge,
            "tun" => link.TunType == "tun" ? DeviceKind.Tun : DeviceKind.Tap,
            "vlan" => DeviceKind.Vlan,
            "vxlan" => DeviceKind.Vxlan,
            "macvlan" => DeviceKind.Macvlan,
            "macvtap" => DeviceKind.Macvtap,
            "bond" or "team" => DeviceKind.Bond,
            "vrf" => DeviceKind.Vrf,
            "dummy" => DeviceKind.Dummy,
            "openvswitch" => DeviceKind.OvsInternal,
            _ => DeviceKind.Other,
        };
    }

    private static void AttachOvs(NodeMachine node)
    {
        if (node.Facts.Ovs is not { } ovs)
            return;
        foreach (OvsBridgeFacts bridge in ovs.Bridges)
        {
            bool userspace = bridge.DatapathType == "netdev";
            foreach (OvsPortFacts port in bridge.Ports)
            {
                foreach (OvsInterfaceFacts face in port.Interfaces)
                {
                    bool isInternal = face.Type == "internal" || (face.Name == bridge.Name && face.Type is "" or "internal");
                    if (!isInternal && face.Type is not ("" or "system" or "tap" or "afxdp"))
                        continue;
                    if (FindOvsDevice(node, face, isInternal) is not { } device)
                        continue;
                    device.Ovs = new OvsAttachment(bridge.Name, face.Name, isInternal, userspace);
                    if (isInternal)
                        device.Kind = DeviceKind.OvsInternal;
                    node.OvsDevices.TryAdd(face.Name, device);
                }
            }
        }
    }

    /// <summary>An internal port may have been moved into any namespace; its name is unique among the ports of the switch, not among links.</summary>
    private static Device? FindOvsDevice(NodeMachine node, OvsInterfaceFacts face, bool isInternal)
    {
        Device? best = null;
        int bestScore = -1;
        foreach (NamespaceMachine net in node.Namespaces)
        {
            if (!net.Devices.TryGetValue(face.Name, out Device? device))
                continue;
            if (!isInternal)
            {
                // vswitchd opens system devices in its own namespace, the node's root.
                if (net.Name.Length == 0)
                    return device;
                continue;
            }
            if (device.Link.Kind is not ("tun" or "openvswitch" or ""))
                continue;
            int score = (face.MacInUse == device.Mac ? 2 : 0) + (face.IfIndex == device.Link.Index ? 1 : 0);
            if (score > bestScore)
            {
                best = device;
                bestScore = score;
            }
        }
        return best;
    }

    private static void Join(NodeMachine node, NamespaceMachine net, Device device)
    {
        if (device.Link.Master is { } master && net.Devices.TryGetValue(master, out Device? found))
        {
            device.Master = found;
            found.Members.Add(device);
        }
        switch (device.Kind)
        {
            case DeviceKind.Veth:
                VethPeers.Join(node, net, device);
                break;
            case DeviceKind.Vlan or DeviceKind.Macvlan or DeviceKind.Macvtap:
                device.Lower = LowerOf(node, net, device);
                if (device.Kind == DeviceKind.Vlan)
                    device.Lower?.VlanUppers.Add(device);
                else
                    device.Lower?.MacvlanUppers.Add(device);
                break;
        }
    }

    private static Device? LowerOf(NodeMachine node, NamespaceMachine net, Device device)
    {
        NamespaceMachine? home = VethPeers.NamespaceOf(node, net, device.Link.LinkNetnsId, out _);
        if (device.Link.LinkName is { } name && device.Link.LinkNetnsId is null && net.Devices.TryGetValue(name, out Device? byName))
            return byName;
        return device.Link.LinkIndex is { } index ? home?.DevicesByIndex.GetValueOrDefault(index) : null;
    }

    private static void BuildBridges(NamespaceMachine net)
    {
        foreach (Device device in net.DevicesByIndex.Values)
        {
            if (device.Kind == DeviceKind.Bridge)
                device.Bridge = new BridgeModel(device) { FdbRead = net.Facts.Fdb is not null };
        }
        foreach (Device device in net.DevicesByIndex.Values)
        {
            if (device.Master?.Bridge is not { } bridge)
                continue;
            device.BridgePort = new BridgePort(bridge, device);
            // br_add_if puts a new port first, and floods go through the list in its order; younger devices have higher indexes.
            bridge.Ports.Insert(0, device.BridgePort);
            // A port's own address is local on the bridge whether or not the reading lists it (fdb_add_local).
            bridge.Add(0, device.Mac, new FdbTarget(device, IsLocal: true, IsFixed: true));
        }
        foreach (FdbEntry entry in net.Facts.Fdb ?? [])
            AddEntry(net, entry);
        foreach (BridgeVlan vlan in net.Facts.BridgeVlans ?? [])
        {
            if (!net.Devices.TryGetValue(vlan.Device, out Device? device))
                continue;
            if (device.BridgePort is { } port)
                port.Vlans.Add(vlan);
            else
                device.Bridge?.Vlans.Add(vlan);
        }
        foreach (Device device in net.DevicesByIndex.Values)
            device.Bridge?.Add(0, device.Mac, new FdbTarget(null, IsLocal: true, IsFixed: true));
    }

    private static void AddEntry(NamespaceMachine net, FdbEntry entry)
    {
        if (!net.Devices.TryGetValue(entry.Device, out Device? device))
            return;
        if (device.Bridge is { } own)
        {
            // "permanent" on the bridge itself: an address of the bridge ("self" group addresses are the device's filter, not the table).
            if (!entry.Mac.IsGroup)
                own.Add(entry.Vlan ?? 0, entry.Mac, new FdbTarget(null, IsLocal: true, IsFixed: true));
            return;
        }
        if (entry.Master is null || device.Master?.Bridge is not { } bridge || entry.Mac.IsGroup)
            return;
        // bridge(8): "permanent" is local; "static" is set by hand and leads to the port; "" was learned. A stale one still leads there.
        // A static entry moves to the port where its address shows up, unless it is sticky (br_fdb_update).
        bool isLocal = entry.State == "permanent";
        bridge.Add(entry.Vlan ?? 0, entry.Mac, new FdbTarget(device, isLocal, isLocal || entry.Flags.Contains("sticky")));
    }
}
