using StackNet.Engine.Facts;

namespace StackNet.Engine.Topology;

internal static partial class NodeNouns
{
    public static IEnumerable<ComputeInstance> Instances(ComputeNode node)
    {
        NodeTopology topology = NodeTopology.For(node);
        ILookup<string, FloatingIp> floating = FloatingIps(node).ToLookup(f => f.InstanceId ?? f.Instance ?? "", StringComparer.Ordinal);
        foreach (TopologyInstance instance in topology.Instances)
        {
            yield return new ComputeInstance
            {
                Node = node,
                Instance = instance.Name,
                InstanceId = instance.Uuid,
                DomainName = instance.Domain?.Name,
                State = instance.Domain?.State,
                Hypervisor = instance.Domain is { Hypervisor.Length: > 0 } d ? d.Hypervisor : null,
                Flavor = instance.Domain?.Flavor,
                FoundBy = instance.FoundBy,
                FloatingAddress = [.. floating[instance.Uuid ?? instance.Name].Select(f => f.FloatingAddress).Distinct()],
                Port =
                [
                    .. instance.Ports.Select(p => new InstancePort
                    {
                        PortId = p.PortId ?? p.Tail,
                        MacAddress = p.Mac?.ToString(),
                        Address = [.. p.Addresses.Select(a => a.ToIPAddress())],
                        TapDevice = p.TapName,
                        NetworkId = p.NetworkId,
                        Gateway = p.Gateway?.ToIPAddress(),
                    }),
                ],
            };
        }
    }

    /// <summary>The namespaces that have to do with an instance: its taps' own, those on its path, those that serve it addresses.</summary>
    public static IEnumerable<string> InstanceNamespaces(ComputeInstance instance)
    {
        yield return "";
        ComputeNode node = instance.Node!;
        foreach (TopologyPort port in NodeTopology.For(node).Ports)
        {
            if (!instance.Port.Any(p => p.TapDevice is not null && p.TapDevice == port.TapName))
                continue;
            Ip? address = port.Addresses.Where(a => !a.IsV6).Select(a => (Ip?)a).FirstOrDefault();
            foreach (PathHop hop in PathFinder.Paths(node, port, address).SelectMany(p => p.Hop))
                yield return hop.Namespace;
        }
        foreach (DhcpLease lease in DhcpLeases(node))
        {
            if (instance.Port.Any(p => p.MacAddress is not null && p.MacAddress == lease.MacAddress))
                yield return lease.Namespace;
        }
    }

    public static IEnumerable<DhcpLease> DhcpLeases(ComputeNode node)
    {
        NodeTopology topology = NodeTopology.For(node);
        Dictionary<Mac, TopologyPort> byMac = [];
        foreach (TopologyPort port in topology.Ports)
        {
            if (port.Mac is { } mac)
                byMac.TryAdd(mac, port);
        }
        foreach (DhcpNetworkFacts network in node.Facts.DhcpNetworks ?? [])
        {
            bool? running = node.Facts.Processes is null ? null : Dnsmasq.ServerOf(node.Facts, network) is not null;
            HashSet<Mac> reserved = [];
            foreach (DhcpHost host in network.Hosts)
            {
                reserved.Add(host.Mac);
                DhcpLeaseFacts? lease = network.Leases.FirstOrDefault(l => l.Mac == host.Mac);
                yield return Lease(node, network, host.Mac, host, lease, byMac, running);
            }
            foreach (DhcpLeaseFacts lease in network.Leases.Where(l => !reserved.Contains(l.Mac)))
                yield return Lease(node, network, lease.Mac, host: null, lease, byMac, running);
        }
    }

    private static DhcpLease Lease(
        ComputeNode node,
        DhcpNetworkFacts network,
        Mac mac,
        DhcpHost? host,
        DhcpLeaseFacts? lease,
        Dictionary<Mac, TopologyPort> byMac,
        bool? running
    ) =>
        new()
        {
            Node = node,
            NetworkId = network.NetworkId,
            Namespace = network.Namespace ?? "",
            MacAddress = mac.ToString(),
            Address = (lease?.Address ?? host?.Address)?.ToIPAddress(),
            HostName = host?.Name ?? lease?.HostName,
            Instance = byMac.GetValueOrDefault(mac)?.Instance.Name,
            Expires = lease is { Expiry: > 0 } ? DateTimeOffset.FromUnixTimeSeconds(lease.Expiry).UtcDateTime : null,
            State =
                host is null ? "Unknown"
                : lease is null ? "Reserved"
                : "Leased",
            ServerRunning = running,
        };
}
