using StackNet.Engine.Facts;

namespace StackNet.Engine.Walk.Devices;

/// <summary>
/// Finds the far end of a veth by interface index and namespace number (IFLA_LINK, IFLA_LINK_NETNSID), never by its name. Where the
/// number has no name (the root namespace has none), the pair must point at each other.
/// </summary>
internal static class VethPeers
{
    public static void Join(NodeMachine node, NamespaceMachine net, Device device)
    {
        if (device.PeerKnowledge != PeerKnowledge.None)
            return;
        LinkFacts link = device.Link;
        if (link.LinkNetnsId is null && link.LinkName is { } name && net.Devices.TryGetValue(name, out Device? byName))
        {
            Pair(device, byName, PeerKnowledge.Known);
            return;
        }
        if (link.LinkIndex is not { } index)
        {
            device.PeerKnowledge = link.LinkName is null && link.LinkNetnsId is null ? PeerKnowledge.Unknown : PeerKnowledge.Outside;
            return;
        }
        NamespaceMachine? home = NamespaceOf(node, net, link.LinkNetnsId, out bool certain);
        if (home is not null)
        {
            if (home.Facts.Links is null)
                device.PeerKnowledge = PeerKnowledge.Unknown;
            else if (home.DevicesByIndex.GetValueOrDefault(index) is { Kind: DeviceKind.Veth } peer)
                Pair(device, peer, PeerKnowledge.Known);
            else
                device.PeerKnowledge = certain ? PeerKnowledge.Unknown : PeerKnowledge.Outside;
            return;
        }
        ByMutualIndex(node, net, device, index);
    }

    private static void ByMutualIndex(NodeMachine node, NamespaceMachine net, Device device, int index)
    {
        Device? certain = null;
        Device? likely = null;
        int candidates = 0;
        bool unread = false;
        foreach (NamespaceMachine other in node.Namespaces)
        {
            if (other == net)
                continue;
            unread |= other.Facts.Links is null;
            if (
                other.DevicesByIndex.GetValueOrDefault(index) is not { Kind: DeviceKind.Veth } peer
                || peer.Link.LinkIndex != device.Link.Index
                || peer.Link.LinkNetnsId is null
            )
                continue;
            NamespaceMachine? back = NamespaceOf(node, other, peer.Link.LinkNetnsId, out _);
            if (back == net)
                certain = peer;
            else if (back is null)
            {
                likely = peer;
                candidates++;
            }
        }
        if (certain is not null)
            Pair(device, certain, PeerKnowledge.Known);
        else if (candidates == 1)
            Pair(device, likely!, PeerKnowledge.Inferred);
        else
            device.PeerKnowledge = candidates > 1 || unread ? PeerKnowledge.Unknown : PeerKnowledge.Outside;
    }

    /// <summary>The namespace of a number as another namespace counts it; null = not one of this node's, or not known.</summary>
    public static NamespaceMachine? NamespaceOf(NodeMachine node, NamespaceMachine from, int? id, out bool certain)
    {
        certain = true;
        if (id is null)
            return from;
        certain = false;
        foreach (NetnsId known in from.Facts.NetnsIds ?? [])
        {
            if (known.Id != id || known.Name is null)
                continue;
            certain = true;
            return node.Namespace(known.Name);
        }
        return null;
    }

    private static void Pair(Device one, Device other, PeerKnowledge knowledge)
    {
        one.Peer = other;
        one.PeerKnowledge = knowledge;
        other.Peer = one;
        other.PeerKnowledge = knowledge;
    }
}
