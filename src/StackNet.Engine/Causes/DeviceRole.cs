using StackNet.Engine.Topology;

namespace StackNet.Engine.Causes;

/// <summary>What a device is on an instance's way.</summary>
internal enum DeviceRole
{
    Other,
    Tap,

    /// <summary>qbr, qvb or qvo of a port.</summary>
    Chain,

    /// <summary>A Linux bridge of a network (brq, br100).</summary>
    Bridge,

    /// <summary>qr-, or the root end of its veth.</summary>
    RouterInside,

    /// <summary>qg-, sg-, fg-, rfp-, fpr-.</summary>
    RouterOutside,

    /// <summary>The device of an Open vSwitch bridge.</summary>
    Local,

    /// <summary>A NIC towards the outside.</summary>
    Uplink,
    Patch,
    Tunnel,
}

/// <summary>Tells the role of a device by what it is joined to.</summary>
internal static class DeviceRoles
{
    public static DeviceRole Of(NodeTopology topology, string ns, string name)
    {
        if (topology.PortOfDevice(name) is { } port && ns.Length == 0)
            return port.TapName == name ? DeviceRole.Tap : DeviceRole.Chain;
        if (name.StartsWith("qr-", StringComparison.Ordinal))
            return DeviceRole.RouterInside;
        if (
            name.StartsWith("qg-", StringComparison.Ordinal)
            || name.StartsWith("sg-", StringComparison.Ordinal)
            || name.StartsWith("fg-", StringComparison.Ordinal)
            || name.StartsWith("rfp-", StringComparison.Ordinal)
            || name.StartsWith("fpr-", StringComparison.Ordinal)
        )
            return DeviceRole.RouterOutside;
        if (topology.SwitchPorts.Find(name) is { } face)
        {
            return face.IsLocal ? DeviceRole.Local
                : face.IsPatch ? DeviceRole.Patch
                : face.IsTunnel ? DeviceRole.Tunnel
                : face.Interface.Type == "internal" ? DeviceRole.Other
                : DeviceRole.Uplink;
        }
        if (topology.Devices.Find(ns, name) is not { } device)
            return DeviceRole.Other;
        if (device.Link.Kind == "bridge")
            return DeviceRole.Bridge;
        if (device.Link.Kind == "vxlan")
            return DeviceRole.Tunnel;
        if (device.Link.Kind == "veth" && topology.Veths.Of(device) is { } peer)
            return peer.Device.Name.StartsWith("qg-", StringComparison.Ordinal) ? DeviceRole.RouterOutside : DeviceRole.RouterInside;
        return ns.Length == 0 && device.Link.Kind is "" or "veth" or "bond" or "vlan" ? DeviceRole.Uplink : DeviceRole.Other;
    }
}
