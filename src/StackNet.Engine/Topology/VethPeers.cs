using StackNet.Engine.Facts;

namespace StackNet.Engine.Topology;

/// <summary>The far end of a veth device; <see cref="Inferred"/> when the namespace number could not be joined to a name.</summary>
internal sealed record VethPeer(Device Device, bool Inferred);

/// <summary>
/// Joins the two ends of veth pairs by IFLA_LINK (the peer's index) and IFLA_LINK_NETNSID (the number of its namespace as seen from
/// this one; absent = the same namespace). Never by name: names can be changed and repeat between namespaces.
/// </summary>
internal sealed class VethPeers
{
    private readonly DeviceIndex _devices;
    private readonly Dictionary<(string Namespace, string Name), VethPeer?> _peers = [];

    public VethPeers(DeviceIndex devices)
    {
        _devices = devices;
        List<Device> open = [];
        foreach (Device device in devices.All)
        {
            if (device.Link.Kind != "veth")
                continue;
            if (Exact(device) is { } peer)
            {
                // One end that knows is enough: the root namespace often has no name for the ends that lie in others.
                _peers[(device.Namespace, device.Name)] = new VethPeer(peer, Inferred: false);
                _peers[(peer.Namespace, peer.Name)] = new VethPeer(device, Inferred: false);
            }
            else if (device.Link.LinkNetnsId is not null && !NamespaceIsKnown(device))
                open.Add(device);
        }
        Infer([.. open.Where(d => !_peers.ContainsKey((d.Namespace, d.Name)))]);
    }

    public VethPeer? Of(Device device) => _peers.GetValueOrDefault((device.Namespace, device.Name));

    public VethPeer? Of(string ns, string name) => _peers.GetValueOrDefault((ns, name));

    private Device? Exact(Device device)
    {
        LinkFacts link = device.Link;
        string? ns = device.Namespace;
        if (link.LinkNetnsId is { } id)
        {
            ns = _devices.Namespace(device.Namespace)?.NetnsIds?.FirstOrDefault(n => n.Id == id)?.Name;
            if (ns is null)
                return null;
        }
        Device? peer =
            link.LinkIndex is { } index ? _devices.Find(ns, index)
            : link.LinkNetnsId is null && link.LinkName is { } name ? _devices.Find(ns, name)
            : null;
        // A peer names its own peer back; anything else is a device that took the index over since.
        return peer is { Link.Kind: "veth" } && PointsBack(peer, device) ? peer : null;
    }

    private static bool PointsBack(Device peer, Device device) =>
        peer.Link.LinkIndex is { } index ? index == device.Link.Index
        : peer.Link.LinkName is { } name ? name == device.Name
        : true;

    private bool NamespaceIsKnown(Device device) =>
        _devices.Namespace(device.Namespace)?.NetnsIds?.FirstOrDefault(n => n.Id == device.Link.LinkNetnsId)?.Name is not null;

    /// <summary>What is left: two ends in different namespaces that name each other's index, when no third one does.</summary>
    private void Infer(List<Device> open)
    {
        foreach (Device device in open)
        {
            List<Device> candidates =
            [
                .. open.Where(other =>
                    other.Namespace != device.Namespace
                    && other.Link.Index == device.Link.LinkIndex
                    && other.Link.LinkIndex == device.Link.Index
                ),
            ];
            if (candidates.Count == 1)
                _peers[(device.Namespace, device.Name)] = new VethPeer(candidates[0], Inferred: true);
        }
        // An inferred pair holds only when both ends chose each other.
        foreach (Device device in open)
        {
            if (
                _peers.GetValueOrDefault((device.Namespace, device.Name)) is { } peer
                && _peers.GetValueOrDefault((peer.Device.Namespace, peer.Device.Name))?.Device != device
            )
                _peers.Remove((device.Namespace, device.Name));
        }
    }
}
