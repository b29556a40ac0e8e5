using StackNet.Engine.Facts;
using StackNet.Engine.Sources.Live;
using StackNet.Engine.Sources.Text;
using Xunit;

namespace StackNet.Engine.Tests.Sources.Live;

/// <summary>A node with something of everything, read live and by the parsers of the tools' text: the same facts.</summary>
public sealed class LiveReaderTests
{
    private const string Devices = """
        ip link add qbr1 type bridge forward_delay 0 stp_state 0 ageing_time 0
        ip link add qvb1 type veth peer name qvo1
        ip tuntap add dev tap1 mode tap
        ip tuntap add dev tun9 mode tun
        ip link set qvb1 master qbr1 mtu 1450
        ip link set tap1 master qbr1
        bridge link set dev tap1 hairpin on
        bridge link set dev qvb1 learning off flood off isolated on
        ip link set qbr1 up; ip link set qvb1 up; ip link set tap1 up
        ip link add vx1 type vxlan id 77 remote 10.9.9.2 local 10.9.9.1 dstport 4789
        ip link add vx2 type vxlan id 78 group 239.1.1.1 dev qvo1 dstport 8472 nolearning
        bridge fdb append 00:00:00:00:00:00 dev vx1 dst 10.9.9.3
        bridge fdb add 02:00:00:00:00:99 dev qvb1 master static
        ip link add mv1 link qvo1 type macvlan mode bridge
        ip link add 'odd"dev.1' type veth peer name odd2
        ip netns add qrouter-1
        ip netns add qdhcp-1
        ip netns add empty-1
        ip link add rt0 type veth peer name qg-1 netns qrouter-1
        ip link add dh0 type veth peer name ns-1 netns qdhcp-1
        ip link set rt0 up; ip link set dh0 up
        ip -n qrouter-1 link set lo up; ip -n qrouter-1 link set qg-1 up
        ip -n qdhcp-1 link set ns-1 up
        ip addr add 10.20.0.11/24 brd + dev rt0
        ip addr add 10.20.0.12/24 dev rt0
        ip addr add 192.0.2.1 peer 192.0.2.2/32 dev qvo1
        ip addr add 2001:db8::1/64 dev rt0 nodad
        ip -n qrouter-1 addr add 203.0.113.5/24 dev qg-1
        ip -n qrouter-1 addr add 203.0.113.6/32 dev qg-1
        """;

    private const string Routing = """
        ip route add default via 10.20.0.1 dev rt0 metric 100 mtu lock 1400 advmss 1300
        ip route add 10.30.0.0/16 nexthop via 10.20.0.2 dev rt0 weight 2 nexthop via 10.20.0.3 dev rt0
        ip route add blackhole 10.66.0.0/16
        ip route add unreachable 10.67.0.0/16 metric 7
        ip route add prohibit 10.68.0.0/16 table 100
        ip route add throw 10.69.0.0/16 table 100
        ip route add 10.70.0.0/16 dev rt0 scope link src 10.20.0.12 table 4242 proto static realm 5
        ip route add 10.71.0.0/16 via 10.99.99.1 dev rt0 onlink tos 0x10
        ip -6 route add 2001:db8:9::/48 via 2001:db8::2 dev rt0 metric 50
        ip -6 route add unreachable 2001:db8:a::/48
        ip rule add from 10.20.0.0/24 lookup 100 pref 100
        ip rule add not to 10.9.0.0/16 fwmark 0x10/0xff iif rt0 lookup 4242 pref 110
        ip rule add oif qvo1 ipproto tcp dport 80-90 sport 1000 lookup main suppress_prefixlength 0 pref 120
        ip rule add from 10.1.2.3 blackhole pref 130
        ip rule add goto 32766 tos 0x10 pref 140
        ip rule add uidrange 100-200 table 9 pref 150
        ip -6 rule add from 2001:db8::/32 lookup 100 pref 77
        ip neigh add 10.20.0.77 lladdr 02:00:00:00:00:77 dev rt0
        ip neigh add 10.20.0.78 lladdr 02:00:00:00:00:78 nud stale dev rt0
        ip neigh add 2001:db8::77 lladdr 02:00:00:00:00:79 router dev rt0
        ip neigh add proxy 10.20.0.200 dev rt0
        ip -n qrouter-1 route add default via 203.0.113.1
        sysctl -qw net.ipv4.ip_forward=1 net.ipv4.conf.rt0.rp_filter=2 net.ipv4.conf.all.arp_ignore=1 net.ipv4.conf.default.rp_filter=1
        ip netns exec qrouter-1 sysctl -qw net.ipv4.ip_forward=1 net.ipv4.conf.qg-1.proxy_arp=1
        """;

    private const string Rules = """
        iptables-nft -A FORWARD -m physdev --physdev-in tap1 --physdev-is-bridged -m comment --comment 'a "quoted" word' -j ACCEPT
        iptables-nft -t nat -A POSTROUTING -s 10.0.0.0/24 -o rt0 -j MASQUERADE
        iptables-nft -P FORWARD DROP
        iptables-nft -N mine; iptables-nft -A mine -p tcp -m multiport --dports 22,80:90 -j REJECT --reject-with tcp-reset
        ip6tables-nft -A INPUT -p ipv6-icmp -j ACCEPT
        iptables-legacy -A INPUT -p udp --dport 53 -j ACCEPT
        iptables-legacy -t raw -A PREROUTING -i qvb1 -j CT --zone 4097
        nft add table inet own; nft add set inet own s '{ type ipv4_addr; elements = { 10.1.1.1, 10.1.1.2 } ; }'
        nft add chain inet own c '{ type filter hook forward priority 5; policy accept; }'
        nft add rule inet own c ip saddr @s counter drop
        ipset create NIPv4x hash:net family inet; ipset add NIPv4x 10.0.0.5; ipset add NIPv4x 10.1.0.0/16
        ebtables-nft -A FORWARD -p ARP -i tap1 -j DROP
        ip netns exec qrouter-1 iptables-nft -t nat -A PREROUTING -d 203.0.113.6/32 -j DNAT --to-destination 10.0.0.5
        ip netns exec qdhcp-1 nft add table ip filter
        ip netns exec qdhcp-1 nft add chain ip filter weird '{ type filter hook forward priority -7; }'
        ip netns exec qdhcp-1 nft add rule ip filter weird ip daddr 10.0.0.9 drop
        tc qdisc add dev qvo1 ingress
        tc filter add dev qvo1 parent ffff: protocol all u32 match u32 0 0 action mirred ingress redirect dev tap1
        """;

    [Fact]
    public async Task Everything_equals_what_the_tools_print()
    {
        string? missing = LiveNode.Missing("ip", "tc", "nft", "ipset", "iptables-nft", "iptables-legacy", "ebtables-nft");
        Assert.SkipWhen(missing is not null, missing ?? "");
        using LiveNode node = LiveNode.Start();
        node.Run(Devices);
        node.Run(Routing);
        node.Run(Rules);
        List<string> differences = [];
        // The node's own multicast memberships are told to the network now and then, and rules count those packets: then once more.
        for (int attempt = 0; attempt == 0 || (attempt < 3 && differences.Count > 0); attempt++)
        {
            differences.Clear();
            NodeFacts facts = await LiveReader.ReadAsync(new LiveOptions { NodePid = node.Pid }, TestContext.Current.CancellationToken);
            Assert.Empty(facts.Unread);
            Assert.Equal(["", "empty-1", "qdhcp-1", "qrouter-1"], facts.Namespaces.Select(n => n.Name));
            foreach (NamespaceFacts ns in facts.Namespaces)
                Compare(node, ns, differences);
        }
        Assert.True(differences.Count == 0, string.Join('\n', differences));
    }

    private static void Compare(LiveNode node, NamespaceFacts ns, List<string> differences)
    {
        string exec = ns.Name.Length == 0 ? "" : $"ip netns exec {ns.Name} ";
        string where = ns.Name.Length == 0 ? "root" : ns.Name;
        FactsDiff.Add(
            differences,
            where + " links",
            IpLinkJson.Parse(node.Bytes(exec + "ip -d -j link")),
            ns.Links!.Select(FactsDiff.AsText)
        );
        FactsDiff.Add(differences, where + " addresses", IpAddrJson.Parse(node.Bytes(exec + "ip -j addr")), ns.Addresses!);
        (IReadOnlyList<RouteFacts> v4, _) = IpRouteJson.Parse(node.Bytes(exec + "ip -j -4 route show table all"));
        // The JSON of ip-route forgets "lock", its text and the kernel do not.
        FactsDiff.Add(differences, where + " routes", v4, ns.Routes!.Select(r => r with { MtuLock = false }));
        (_, IReadOnlyList<RouteFacts> v6) = IpRouteJson.Parse(node.Bytes(exec + "ip -j -6 route show table all"), onlyV6: true);
        FactsDiff.Add(differences, where + " routes6", v6, ns.Routes6!);
        FactsDiff.Add(differences, where + " rules", IpRuleJson.Parse(node.Bytes(exec + "ip -j rule")), ns.Rules!);
        FactsDiff.Add(differences, where + " rules6", IpRuleJson.Parse(node.Bytes(exec + "ip -j -6 rule"), isV6: true), ns.Rules6!);
        IReadOnlyList<NeighbourFacts> neighbours =
        [
            .. IpNeighJson.Parse(node.Bytes(exec + "ip -j neigh")),
            .. IpNeighJson.Parse(node.Bytes(exec + "ip -j neigh show proxy")),
        ];
        FactsDiff.Add(differences, where + " neighbours", neighbours, ns.Neighbours!);
        FactsDiff.Add(differences, where + " fdb", BridgeJson.ParseFdb(node.Bytes(exec + "bridge -j fdb")), ns.Fdb!);
        FactsDiff.Add(differences, where + " vlans", BridgeJson.ParseVlan(node.Bytes(exec + "bridge -j vlan")), ns.BridgeVlans!);
        // ip has no name for the root namespace.
        IEnumerable<NetnsId> ids = ns.NetnsIds!.Select(i => i with { Name = i.Name is "" ? null : i.Name });
        FactsDiff.Add(differences, where + " ids", IpNeighJson.ParseNetnsIds(node.Bytes(exec + "ip -j netns list-id")), ids);
        FactsDiff.Add(differences, where + " iptables", Save(node, exec + "iptables-nft-save -c"), ns.IptablesNft!);
        FactsDiff.Add(differences, where + " ip6tables", Save(node, exec + "ip6tables-nft-save -c"), ns.Ip6tablesNft!);
        FactsDiff.Add(differences, where + " legacy", Save(node, exec + "iptables-legacy-save -c"), ns.IptablesLegacy!);
        FactsDiff.Add(differences, where + " ebtables", Save(node, exec + "ebtables-nft-save", true), ns.Ebtables!);
        FactsDiff.Add(differences, where + " ipset", IpsetSaveText.Parse(node.Run(exec + "ipset save")), ns.IpSets!);
        NftRuleset nft = NftText.Attach(NftJson.Parse(node.Bytes(exec + "nft -j list ruleset")), node.Run(exec + "nft list ruleset"));
        nft = NftJson.MarkIptables(nft, ns.IptablesNft, ns.Ip6tablesNft, ns.Ebtables);
        // Of iptables' own tables only that they are there is told twice.
        FactsDiff.Add(
            differences,
            where + " nft",
            nft.Tables.Select(t => t.IsIptables ? t with { Chains = [], Sets = [], Objects = [] } : t),
            ns.Nft!.Tables.Select(t => t.IsIptables ? t with { Chains = [], Sets = [], Objects = [] } : t)
        );
        CompareSysctls(node, exec, where, ns, differences);
    }

    private static IptablesRuleset Save(LiveNode node, string command, bool isEbtables = false) =>
        IptablesSaveText.Parse(node.Run(command), isEbtables);

    private static void CompareSysctls(LiveNode node, string exec, string where, NamespaceFacts ns, List<string> differences)
    {
        IReadOnlyDictionary<string, string> told = SysctlText.Parse(node.Run(exec + "sysctl -a 2>/dev/null", check: false));
        foreach ((string key, string value) in ns.Sysctls!)
        {
            // One counts on its own.
            if (key != "net.netfilter.nf_conntrack_count" && told.GetValueOrDefault(key) != value)
                differences.Add($"{where} sysctl {key}: live {value}, sysctl {told.GetValueOrDefault(key) ?? "(none)"}");
        }
        foreach (string device in ns.Links!.Select(l => l.Name.Replace('.', '/')).Append("all").Append("default"))
        {
            foreach (string name in (string[])["rp_filter", "forwarding", "accept_local", "proxy_arp", "arp_ignore", "src_valid_mark"])
            {
                if (!ns.Sysctls.ContainsKey($"net.ipv4.conf.{device}.{name}"))
                    differences.Add($"{where} sysctl net.ipv4.conf.{device}.{name} is missing");
            }
        }
    }
}
