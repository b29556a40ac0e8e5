using StackNet.Engine.Facts;

namespace StackNet.Engine.Topology;

/// <summary>
/// The networks that OVN's logical routers stand on: a router port answers ARP from its own networks only (arp_spa=NETWORK in the ingress
/// pipeline of the router, northd build_lrouter_arp_flow).
/// </summary>
internal static class OvnNetworks
{
    public static IReadOnlyList<IpPrefix> Of(OvsFacts? ovs)
    {
        HashSet<IpPrefix> networks = [];
        foreach (OvsBridgeFacts bridge in ovs?.Bridges ?? [])
        foreach (string flow in bridge.Flows ?? [])
        {
            if (
                flow.Contains("metadata=", StringComparison.Ordinal)
                && RuleText.Field(flow, "arp_spa") is { } text
                && text.Contains('/')
                && IpPrefix.TryParse(text, out IpPrefix network)
                && network.Length < network.Address.Bits
            )
                networks.Add(network);
        }
        return [.. networks];
    }
}
