using StackNet.Engine.Facts;

namespace StackNet.Engine.Topology;

internal static partial class NodeNouns
{
    /// <summary>Every SNAT, MASQUERADE and DNAT that can touch an instance: by its address or by the namespace that routes for it.</summary>
    public static IEnumerable<MasqueradeRule> MasqueradeRules(ComputeNode node)
    {
        NodeTopology topology = NodeTopology.For(node);
        FloatingIp[] floating = [.. FloatingIps(node)];
        foreach (NamespaceFacts ns in node.Facts.Namespaces)
        {
            List<TopologyPort>? routed = null;
            foreach (NatRule rule in NatRules.Of(ns))
            {
                routed ??= [.. topology.Ports.Where(p => RoutedBy(topology, ns, p))];
                string[] touched =
                [
                    .. routed.Where(p => Touches(rule, p, floating)).Select(p => p.Instance.Name).Distinct().Order(StringComparer.Ordinal),
                ];
                if (touched.Length == 0)
                    continue;
                yield return new MasqueradeRule
                {
                    Node = node,
                    Namespace = ns.Name,
                    Backend = rule.Backend,
                    Table = rule.Table,
                    Chain = rule.Chain,
                    Position = rule.Position,
                    Kind = rule.Kind,
                    SourceSubnet = rule.Source is { } s ? (rule.SourceNegated ? "!" : "") + s : null,
                    Destination = rule.Destination is { } d ? (rule.DestinationNegated ? "!" : "") + d : null,
                    InputDevice = rule.InDevice,
                    OutputDevice = rule.OutDevice,
                    ToAddress = rule.To,
                    Protocol = rule.Protocol,
                    Instance = touched,
                    Packets = rule.Packets,
                    Bytes = rule.Bytes,
                    Text = rule.Text,
                };
            }
        }
    }

    private static bool Touches(NatRule rule, TopologyPort port, FloatingIp[] floating)
    {
        if (rule.Kind == "Dnat")
        {
            if (rule.ToAddress is { } to)
                return port.Addresses.Contains(to);
            return rule.Destination is not { } d
                || floating.Any(f => f.Instance == port.Instance.Name && d.Contains(Ip.From(f.FloatingAddress)) != rule.DestinationNegated);
        }
        return rule.Source is not { } source || port.Addresses.Any(a => source.Contains(a) != rule.SourceNegated);
    }

    /// <summary>
    /// The namespace can route the port's packets: it has an address in the port's subnet, or (snat, fip) belongs to such a router.
    /// With the subnet unknown every routing namespace can.
    /// </summary>
    private static bool RoutedBy(NodeTopology topology, NamespaceFacts ns, TopologyPort port)
    {
        if (ns.Name.StartsWith("qdhcp-", StringComparison.Ordinal))
            return false;
        if (port.Addresses.Count == 0)
            return true;
        // A DVR floating IP namespace serves every router of the node.
        if (ns.Name.StartsWith("fip-", StringComparison.Ordinal))
            return true;
        foreach (AddressFacts address in ns.Addresses ?? [])
        {
            IpPrefix subnet = new(address.Address, address.PrefixLength);
            if (address.PrefixLength >= address.Address.Bits || !port.Addresses.Any(subnet.Contains))
                continue;
            if (MayReach(topology, address.Device, port))
                return true;
        }
        // The node itself routes what a route of its own leads to.
        return (ns.Routes ?? []).Any(r =>
            r.Table == "main"
            && r.Destination.Length is > 0 and < 32
            && port.Addresses.Any(r.Destination.Contains)
            && (r.Device is null || MayReach(topology, r.Device, port))
        );
    }

    /// <summary>Two tenants may use the same subnet: the router's inside port has to be on the port's own network.</summary>
    private static bool MayReach(NodeTopology topology, string device, TopologyPort port) =>
        port.SwitchPort is not { NetworkTag: { } tag } own
        || topology.SwitchPorts.Find(device) is not { Interface.Type: "internal" } inside
        || inside.Bridge.Name != own.Bridge.Name
        || inside.NetworkTag == tag;

    public static IEnumerable<FloatingIp> FloatingIps(ComputeNode node)
    {
        NodeTopology topology = NodeTopology.For(node);
        foreach (NamespaceFacts ns in node.Facts.Namespaces)
        {
            Dictionary<Ip, (Ip? Fixed, bool Dnat, bool Snat)> found = [];
            foreach (NatRule rule in NatRules.Of(ns))
            {
                if (
                    rule.Kind == "Dnat"
                    && rule is { Destination: { } d, DestinationNegated: false, ToAddress: { } inside }
                    && d.Length == d.Address.Bits
                )
                {
                    // A port forward is not a floating IP, and neither is a redirect to the node's own services.
                    if (rule.Protocol is not null)
                        continue;
                    (Ip? known, bool dnat, bool snat) = found.GetValueOrDefault(d.Address);
                    // OUTPUT's twin serves what the namespace itself sends: who comes from outside needs PREROUTING's.
                    bool outside = !rule.Chain.Contains("OUTPUT", StringComparison.Ordinal);
                    found[d.Address] = (outside ? inside : known ?? inside, dnat || outside, snat);
                }
                else if (
                    rule.Kind == "Snat"
                    && rule is { Source: { } s, SourceNegated: false, ToAddress: { } shown }
                    && s.Length == s.Address.Bits
                )
                    found[shown] = (found.GetValueOrDefault(shown).Fixed ?? s.Address, found.GetValueOrDefault(shown).Dnat, true);
            }
            foreach ((Ip address, (Ip? inside, bool dnat, bool snat)) in found.OrderBy(f => f.Key))
            {
                TopologyPort? port = inside is { } ip
                    ? topology.Ports.FirstOrDefault(p => p.Addresses.Contains(ip) && RoutedBy(topology, ns, p))
                    : null;
                string? carrier = Carrier(node.Facts, ns, address);
                yield return new FloatingIp
                {
                    Node = node,
                    FloatingAddress = address.ToIPAddress(),
                    FixedAddress = inside?.ToIPAddress(),
                    Instance = port?.Instance.Name,
                    InstanceId = port?.Instance.Uuid,
                    Namespace = ns.Name,
                    Device = carrier,
                    HasDnat = dnat,
                    HasSnat = snat,
                    HasAddress = carrier is not null,
                };
            }
        }
    }

    /// <summary>The device that answers ARP for a floating address: it carries it, or (DVR) the fip namespace routes it and answers by proxy.</summary>
    private static string? Carrier(NodeFacts facts, NamespaceFacts ns, Ip address)
    {
        if ((ns.Addresses ?? []).FirstOrDefault(a => a.Address == address) is { } own)
            return own.Device;
        foreach (NamespaceFacts fip in facts.Namespaces)
        {
            if (!fip.Name.StartsWith("fip-", StringComparison.Ordinal))
                continue;
            bool routed = (fip.Routes ?? []).Any(r =>
                r.Destination.Length == 32 && r.Destination.Address == address && r.Gateway is not null
            );
            string? outside = (fip.Links ?? []).FirstOrDefault(l => l.Name.StartsWith("fg-", StringComparison.Ordinal))?.Name;
            if (routed && outside is not null)
                return outside;
        }
        return null;
    }
}
