using StackNet.Engine.Tests.RealNodesTests;
using StackNet.Engine.Topology;
using Xunit;

namespace StackNet.Engine.Tests.Topology;

/// <summary>Nouns of captured nodes against what the captures' own files say, looked up by hand.</summary>
public sealed class RealNounTests
{
    private const string Router = "qrouter-912eb6d2-8e59-4c63-8ff1-401cf7be1042";

    private static ComputeNode Node(string folder) => RealNode.Open(Path.Combine(TestData.RealNodes, folder)).Nodes[0];

    [Fact]
    public void Translations_have_their_place_and_counters()
    {
        MasqueradeRule[] rules = [.. NodeNouns.MasqueradeRules(Node("hybrid-healthy"))];
        MasqueradeRule snat = Assert.Single(rules, r => r.OutputDevice == "qg-9241be01-7a" && r.Kind == "Snat");
        Assert.Equal(
            (Router, "Nft", "nat", "neutron-l3-agent-snat", 2),
            (snat.Namespace, snat.Backend, snat.Table, snat.Chain, snat.Position)
        );
        Assert.Equal(("203.0.113.116", 6L, 1824L), (snat.ToAddress, snat.Packets, snat.Bytes));
        Assert.Equal(["db-1", "web-1"], snat.Instance);
        MasqueradeRule dnat = Assert.Single(rules, r => r.Chain == "neutron-l3-agent-PREROUTING" && r.Kind == "Dnat");
        Assert.Equal((2, "203.0.113.148/32", "10.10.1.125", 8L), (dnat.Position, dnat.Destination, dnat.ToAddress, dnat.Packets));
        Assert.Equal(["web-1"], dnat.Instance);
        MasqueradeRule own = Assert.Single(rules, r => r.Chain == "neutron-l3-agent-float-snat");
        Assert.Equal(("10.10.1.125/32", 1, 25L), (own.SourceSubnet, own.Position, own.Packets));
    }

    [Theory]
    [InlineData("hostnat2-healthy", "", "Nft", "POSTROUTING", 1, "10.150.3.0/24", "enp2s0", 8L)]
    [InlineData("novanet-healthy", "", "Nft", "nova-network-snat", 2, "10.0.0.0/24", "br-ex", 8L)]
    public void The_nodes_own_masquerade(
        string folder,
        string ns,
        string backend,
        string chain,
        int position,
        string source,
        string output,
        long packets
    )
    {
        MasqueradeRule rule = Assert.Single(NodeNouns.MasqueradeRules(Node(folder)), r => r.Kind == "Masquerade");
        Assert.Equal((ns, backend, chain, position), (rule.Namespace, rule.Backend, rule.Chain, rule.Position));
        Assert.Equal((source, output, packets), (rule.SourceSubnet, rule.OutputDevice, rule.Packets));
        Assert.Equal(2, rule.Instance.Length);
    }

    [Fact]
    public void Legacy_rules_say_so() =>
        Assert.All(NodeNouns.MasqueradeRules(Node("legacy-healthy")), r => Assert.Equal("Legacy", r.Backend));

    [Fact]
    public void Groups_in_neutrons_terms()
    {
        SecurityGroupRule[] rules =
        [
            .. NodeNouns.SecurityGroupRules(Node("hybrid-healthy")).Where(r => r.Instance == "db-1" && r.EtherType == "IPv4"),
        ];
        SecurityGroupRule mysql = Assert.Single(rules, r => r.PortRange == "3306");
        Assert.Equal(
            ("Ingress", "tcp", "group:NIPv47cfd30fe-00f5-406e-8039-", "Accept", "Rule"),
            (mysql.Direction, mysql.Protocol, mysql.Remote, mysql.Action, mysql.Role)
        );
        Assert.Equal(["10.10.1.125"], mysql.RemoteMember);
        Assert.Contains(rules, r => r is { Direction: "Ingress", Protocol: "icmp", PortRange: "any", Packets: 6 });
        Assert.Contains(rules, r => r is { Direction: "Egress", Protocol: "any", Remote: "any", Action: "Accept", Role: "Rule" });
        Assert.Contains(rules, r => r is { Role: "AntiSpoof", Direction: "Egress" });
        Assert.Equal(2, rules.Count(r => r.Role == "Fallback"));
        SecurityGroupRule ssh = Assert.Single(
            NodeNouns.SecurityGroupRules(Node("hybrid-healthy")),
            r => r is { Instance: "web-1", PortRange: "22", EtherType: "IPv4" }
        );
        Assert.Equal("203.0.113.0/24", ssh.Remote);
    }

    [Fact]
    public void Groups_of_the_native_firewall_are_flows()
    {
        SecurityGroupRule[] rules = [.. NodeNouns.SecurityGroupRules(Node("ovsfw-healthy")).Where(r => r.Instance == "alpha")];
        Assert.Contains(
            rules,
            r => r is { Direction: "Ingress", Protocol: "tcp" } && r.Text.Contains("table=82", StringComparison.Ordinal)
        );
        Assert.Contains(rules, r => r is { Direction: "Egress" } && r.Text.Contains("table=72", StringComparison.Ordinal));
        Assert.DoesNotContain(rules, r => r.Source == "iptables");
    }

    [Fact]
    public void Groups_of_nova_network()
    {
        SecurityGroupRule[] rules = [.. NodeNouns.SecurityGroupRules(Node("novanet-healthy"))];
        Assert.Contains(rules, r => r is { Instance: "server-1", Direction: "Ingress", Protocol: "tcp", PortRange: "80" });
        Assert.DoesNotContain(rules, r => r is { Instance: "server-2", PortRange: "80" });
    }

    [Fact]
    public void Floating_addresses_with_both_halves_and_a_carrier()
    {
        FloatingIp healthy = Assert.Single(NodeNouns.FloatingIps(Node("hybrid-healthy")));
        Assert.Equal(
            ("203.0.113.148", "10.10.1.125", "web-1"),
            (healthy.FloatingAddress.ToString(), healthy.FixedAddress?.ToString(), healthy.Instance)
        );
        Assert.Equal((Router, "qg-9241be01-7a"), (healthy.Namespace, healthy.Device));
        Assert.True(healthy is { HasDnat: true, HasSnat: true, HasAddress: true });
        FloatingIp half = Assert.Single(NodeNouns.FloatingIps(Node("hybrid-floating-dnat-missing")));
        Assert.True(half is { HasDnat: false, HasSnat: true, HasAddress: true });
    }

    [Fact]
    public void Two_tenants_with_one_address_have_their_own_floating_addresses()
    {
        FloatingIp[] all = [.. NodeNouns.FloatingIps(Node("overlap-healthy"))];
        Assert.Equal(all.Length, all.Select(f => f.Instance).Distinct().Count());
        Assert.Contains(all.GroupBy(f => f.FixedAddress!.ToString()), g => g.Select(f => f.Namespace).Distinct().Count() == 2);
    }

    [Fact]
    public void A_distributed_floating_address_is_answered_for_in_its_namespace()
    {
        FloatingIp floating = Assert.Single(NodeNouns.FloatingIps(Node("dvr-healthy")));
        Assert.StartsWith("fg-", floating.Device, StringComparison.Ordinal);
        Assert.Equal("left", floating.Instance);
    }

    [Fact]
    public void Leases_and_reservations()
    {
        DhcpLease[] leases = [.. NodeNouns.DhcpLeases(Node("hybrid-healthy"))];
        Assert.Equal(3, leases.Length);
        DhcpLease web = Assert.Single(leases, l => l.Instance == "web-1");
        Assert.Equal(("10.10.1.125", "Leased", "fa:16:3e:83:6f:34"), (web.Address?.ToString(), web.State, web.MacAddress));
        Assert.Equal(DateTimeOffset.FromUnixTimeSeconds(1795503409).UtcDateTime, web.Expires);
        Assert.True(web.ServerRunning);
        DhcpLease router = Assert.Single(leases, l => l.MacAddress == "fa:16:3e:a6:a5:0e");
        Assert.Equal((null, "Reserved", null), (router.Instance, router.State, router.Expires));
    }

    [Fact]
    public void Veth_pairs_are_joined_by_index()
    {
        VethPair pair = Assert.Single(
            NodeNouns.VethPairs(Node("hybrid-healthy")),
            p => p.Device == "qvb46ccdec9-69" || p.PeerDevice == "qvb46ccdec9-69"
        );
        Assert.Equal(["qvb46ccdec9-69", "qvo46ccdec9-69"], new[] { pair.Device, pair.PeerDevice }.Order());
        Assert.Equal(["br-int", "qbr46ccdec9-69"], new[] { pair.Bridge, pair.PeerBridge }.Order());
        Assert.False(pair.Inferred);
        // The NIC of the captured node is a veth whose far end is no namespace of it.
        Assert.Contains(NodeNouns.VethPairs(Node("hybrid-healthy")), p => p is { Device: "eth1", PeerDevice: null });
        // The router's veths of the linuxbridge agent cross namespaces by number.
        VethPair crossing = Assert.Single(
            NodeNouns.VethPairs(Node("lb-healthy")),
            p => (p.PeerDevice ?? "").StartsWith("qg-", StringComparison.Ordinal) || p.Device.StartsWith("qg-", StringComparison.Ordinal)
        );
        Assert.False(crossing.Inferred);
        Assert.NotEqual(crossing.Namespace, crossing.PeerNamespace);
    }

    [Theory]
    [InlineData(
        "hybrid-healthy",
        "web-1",
        "tapab75cb63-27 qbrab75cb63-27 qvbab75cb63-27 qvoab75cb63-27 br-int qr-47faf278-52 qg-9241be01-7a br-int int-br-ex phy-br-ex br-ex eth1"
    )]
    [InlineData("novanet-healthy", "server-1", "vnet0 br100 br-ex eth1")]
    [InlineData(
        "hostnat2-healthy",
        "one",
        "tap829bc2d5-49 qbr829bc2d5-49 qvb829bc2d5-49 qvo829bc2d5-49 br-int int-br-ex phy-br-ex br-ex enp2s0"
    )]
    public void Paths_have_every_device_in_order(string folder, string instance, string devices)
    {
        InstancePath path = NodeNouns.Paths(Node(folder)).First(p => p.Instance == instance && p.Direction == PacketDirection.Out);
        string[] hops = [.. path.Hop.Select(h => h.Device)];
        int at = -1;
        foreach (string device in devices.Split(' '))
        {
            int next = Array.FindIndex(hops, at + 1, h => h == device);
            Assert.True(next > at, $"{device} is not where it should be in {string.Join(' ', hops)}");
            at = next;
        }
        Assert.True(path.Complete);
        Assert.All(path.Hop.Where(h => h.Kind is "tap" or "veth"), h => Assert.Equal(LinkState.Up, h.State));
    }

    [Fact]
    public void A_distributed_router_lets_some_out_by_another_way()
    {
        InstancePath[] paths = [.. NodeNouns.Paths(Node("dvr-healthy")).Where(p => p.Direction == PacketDirection.Out)];
        Assert.Contains(paths.Single(p => p.Instance == "left").Hop, h => h.Device.StartsWith("fg-", StringComparison.Ordinal));
        Assert.Contains(paths.Single(p => p.Instance == "right").Hop, h => h.Namespace.StartsWith("snat-", StringComparison.Ordinal));
    }

    [Fact]
    public void Strict_reverse_path_by_all()
    {
        ForwardingSysctl outside = Assert.Single(
            NodeNouns.ForwardingSysctls(Node("hybrid-rpfilter1-symmetric")),
            s => s.Device.StartsWith("qg-", StringComparison.Ordinal)
        );
        Assert.Equal("Strict", outside.RpFilter);
        Assert.True(outside.Forwarding);
        Assert.Equal(1, outside.RpFilterAll);
        Assert.Equal(
            outside.RpFilterDevice >= 1 ? $"net.ipv4.conf.{outside.Device}.rp_filter = 1" : "net.ipv4.conf.all.rp_filter = 1",
            outside.RpFilterDecidedBy
        );
    }
}
