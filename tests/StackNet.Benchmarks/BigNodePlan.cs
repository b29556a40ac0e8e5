using System.Globalization;
using System.Text;

namespace StackNet.Benchmarks;

/// <summary>
/// The texts that make the big node: instances in the hybrid layout (tap, qbr, qvb = qvo, br-int), security groups as neutron's
/// iptables_hybrid driver writes them, a router and a DHCP namespace a network with the rules of the l3 and the dhcp agent.
/// </summary>
internal sealed class BigNodePlan(int instances, int networks)
{
    public const string Upstream = "198.18.0.1";
    private const int ExternalTag = 4000;

    public int Instances { get; } = instances;
    public int Networks { get; } = networks;

    public IEnumerable<string> Taps => Enumerable.Range(0, Instances).Select(i => "tap" + Port(i));

    public IEnumerable<string> NamespaceNames =>
        Enumerable.Range(0, Networks).Select(Router).Concat(Enumerable.Range(0, Networks).Select(Dhcp));

    /// <summary>ip -batch: devices of all instances. Taps are made by the process that holds them open.</summary>
    public string Links()
    {
        StringBuilder text = new();
        text.Append("link add eth1 type veth peer name up1 netns upstream\nlink set eth1 up\n");
        for (int i = 0; i < Instances; i++)
        {
            string p = Port(i);
            text.Append(Invariant($"link add qbr{p} type bridge forward_delay 0 stp_state 0 ageing_time 0 mcast_snooping 0\n"));
            text.Append(Invariant($"link add qvb{p} mtu 1450 type veth peer name qvo{p} mtu 1450\n"));
            text.Append(Invariant($"link set qvb{p} master qbr{p}\nlink set qvb{p} up\nlink set qvo{p} up\n"));
            text.Append(Invariant($"link set tap{p} mtu 1450 master qbr{p}\nlink set tap{p} up\nlink set qbr{p} up\n"));
        }
        return text.ToString();
    }

    /// <summary>ip -batch: internal ports moved into their namespaces and addressed.</summary>
    public string Ports()
    {
        StringBuilder text = new();
        for (int n = 0; n < Networks; n++)
        {
            text.Append(Invariant($"link set qr-{Uuid(1, n)[..11]} netns {Router(n)}\nlink set qg-{Uuid(2, n)[..11]} netns {Router(n)}\n"));
            text.Append(Invariant($"link set tap{Uuid(3, n)[..11]} netns {Dhcp(n)}\n"));
        }
        return text.ToString();
    }

    /// <summary>ip -n NS -batch of one router.</summary>
    public static string RouterAddresses(int n) =>
        Invariant(
            $"""
            link set lo up
            link set qr-{Uuid(1, n)[..11]} mtu 1450
            link set qr-{Uuid(1, n)[..11]} up
            link set qg-{Uuid(2, n)[..11]} up
            addr add {Net(n)}.1/24 brd + dev qr-{Uuid(1, n)[..11]}
            addr add {External(n)}/16 brd + dev qg-{Uuid(2, n)[..11]}
            route add default via {Upstream} dev qg-{Uuid(2, n)[..11]}

            """
        );

    /// <summary>ip -n NS -batch of one DHCP namespace.</summary>
    public static string DhcpAddresses(int n) =>
        Invariant(
            $"""
            link set lo up
            link set tap{Uuid(3, n)[..11]} mtu 1450
            link set tap{Uuid(3, n)[..11]} up
            addr add {Net(n)}.2/24 brd + dev tap{Uuid(3, n)[..11]}
            route add default via {Net(n)}.1 dev tap{Uuid(3, n)[..11]}

            """
        );

    /// <summary>Arguments of ovs-vsctl, some ports a call.</summary>
    public IEnumerable<List<string>> OvsCalls()
    {
        yield return Words(
            "add-br br-int -- set bridge br-int datapath_type=netdev fail_mode=secure protocols=OpenFlow10,OpenFlow13,OpenFlow14 -- add-br br-ex -- set bridge br-ex datapath_type=netdev -- add-port br-int int-br-ex -- set Interface int-br-ex type=patch options:peer=phy-br-ex -- add-port br-ex phy-br-ex -- set Interface phy-br-ex type=patch options:peer=int-br-ex -- add-port br-ex eth1"
        );
        List<string> call = [];
        for (int n = 0; n < Networks; n++)
        {
            call.AddRange(Words(Internal("qr-", 1, n, n + 1)));
            call.AddRange(Words(Internal("qg-", 2, n, ExternalTag)));
            call.AddRange(Words(Internal("tap", 3, n, n + 1)));
        }
        yield return call;
        foreach (int[] part in Enumerable.Range(0, Instances).Chunk(250))
        {
            call = [];
            foreach (int i in part)
            {
                call.AddRange(
                    Words(
                        Invariant(
                            $"-- --may-exist add-port br-int qvo{Port(i)} tag={Network(i) + 1} -- set Interface qvo{Port(i)} external_ids:iface-id={Uuid(0, i)} external_ids:attached-mac={Mac(0, i)} external_ids:iface-status=active external_ids:vm-uuid={Uuid(9, i)}"
                        )
                    )
                );
            }
            yield return call;
        }
    }

    /// <summary>ovs-ofctl add-flows br-int: as the openvswitch agent with ARP spoofing protection; ports by number.</summary>
    public string IntegrationFlows(IReadOnlyDictionary<string, int> ports)
    {
        StringBuilder text = new("table=0,priority=65535,dl_vlan=4095,actions=drop\n");
        text.Append(
            Invariant(
                $"table=0,priority=3,in_port={ports["int-br-ex"]},vlan_tci=0x0000/0x1fff,actions=push_vlan:0x8100,set_field:{ExternalTag | 0x1000}->vlan_vid,goto_table:59\n"
            )
        );
        text.Append(Invariant($"table=0,priority=2,in_port={ports["int-br-ex"]},actions=drop\n"));
        text.Append("table=0,priority=0,actions=goto_table:59\ntable=23,priority=0,actions=drop\ntable=24,priority=0,actions=drop\n");
        text.Append(
            "table=25,priority=0,actions=goto_table:59\ntable=30,priority=0,actions=goto_table:59\ntable=59,priority=0,actions=goto_table:60\ntable=60,priority=3,actions=NORMAL\n"
        );
        for (int i = 0; i < Instances; i++)
        {
            if (!ports.TryGetValue("qvo" + Port(i), out int port))
                continue;
            text.Append(Invariant($"table=0,priority=10,arp,in_port={port},actions=goto_table:24\n"));
            text.Append(Invariant($"table=0,priority=9,in_port={port},actions=goto_table:25\n"));
            text.Append(Invariant($"table=24,priority=2,arp,in_port={port},arp_spa={Address(i)},actions=goto_table:25\n"));
            text.Append(Invariant($"table=25,priority=2,in_port={port},dl_src={Mac(0, i)},actions=goto_table:30\n"));
        }
        return text.ToString();
    }

    public static string ExternalFlows(IReadOnlyDictionary<string, int> ports) =>
        Invariant(
            $"table=0,priority=4,in_port={ports["phy-br-ex"]},dl_vlan={ExternalTag},actions=strip_vlan,NORMAL\ntable=0,priority=2,in_port={ports["phy-br-ex"]},actions=drop\ntable=0,priority=0,actions=NORMAL\n"
        );

    public string SecurityGroups() => new BigNodeRules(this).SecurityGroups();

    public static string RouterRules(int n) => BigNodeRules.Router(n);

    public static string DhcpRules(bool v6) => BigNodeRules.Dhcp(v6);

    public string Sets()
    {
        StringBuilder text = new();
        for (int n = 0; n < Networks; n++)
        {
            text.Append(Invariant($"create {Set(n)} hash:net family inet\n"));
            for (int i = n; i < Instances; i += Networks)
                text.Append(Invariant($"add {Set(n)} {Address(i)}\n"));
        }
        return text.ToString();
    }

    /// <summary>The dhcp agent's host file of one network.</summary>
    public string Hosts(int n)
    {
        StringBuilder text = new();
        for (int i = n; i < Instances; i += Networks)
            text.Append(Invariant($"{Mac(0, i)},host-{Address(i).Replace('.', '-')}.openstacklocal,{Address(i)}\n"));
        text.Append(Invariant($"{Mac(1, n)},host-r{n}.openstacklocal,{Net(n)}.1\n"));
        return text.ToString();
    }

    public static string Options(int n) => Invariant($"tag:subnet-{n},option:router,{Net(n)}.1\n");

    /// <summary>libvirt's status file of a domain.</summary>
    public string Domain(int i) =>
        Invariant(
            $"""
            <domstatus state='running' reason='booted' pid='{1000 + i}'><domain type='kvm' id='{i}'><name>instance-{i:x8}</name><uuid>{Uuid(
                9,
                i
            )}</uuid>
            <metadata><nova:instance xmlns:nova="http://openstack.org/xmlns/libvirt/nova/1.1"><nova:name>vm{i}</nova:name><nova:flavor name="m1.small"/>
            <nova:ports><nova:port uuid="{Uuid(0, i)}"><nova:ip type="fixed" address="{Address(
                i
            )}" ipVersion="4"/></nova:port></nova:ports></nova:instance></metadata>
            <devices><interface type='bridge'><mac address='{Mac(0, i)}'/><source bridge='qbr{Port(i)}'/><target dev='tap{Port(
                i
            )}'/><model type='virtio'/><mtu size='1450'/></interface></devices></domain></domstatus>
            """
        );

    public int Network(int instance) => instance % Networks;

    public string Address(int instance) => Invariant($"{Net(Network(instance))}.{10 + (instance / Networks)}");

    public static string Port(int instance) => Uuid(0, instance)[..11];

    /// <summary>A port's uuid, different in its first eleven characters for every kind and number.</summary>
    public static string Uuid(int kind, int number) =>
        Invariant($"{kind:x1}{number * 7919 & 0xfffffff:x7}-{number & 0xff:x2}aa-4bbb-8ccc-{number:x12}");

    public static string Mac(int kind, int number) => Invariant($"fa:16:3e:{kind:x2}:{number >> 8 & 0xff:x2}:{number & 0xff:x2}");

    public static string Net(int network) => Invariant($"10.{10 + (network >> 8)}.{network & 0xff}");

    public static string External(int network) => Invariant($"198.18.{1 + (network >> 8)}.{network & 0xff}");

    public static string Set(int network) => "NIPv4" + Uuid(8, network)[..23];

    public static string Router(int network) => "qrouter-" + Uuid(6, network);

    public static string Dhcp(int network) => "qdhcp-" + NetworkId(network);

    public static string NetworkId(int network) => Uuid(7, network);

    private static string Internal(string prefix, int kind, int n, int tag) =>
        Invariant(
            $"-- add-port br-int {prefix}{Uuid(kind, n)[..11]} tag={tag} -- set Interface {prefix}{Uuid(kind, n)[..11]} type=internal mac=\"{Mac(kind, n)}\" external_ids:iface-id={Uuid(kind, n)} external_ids:attached-mac={Mac(kind, n)}"
        );

    private static List<string> Words(string text) => [.. text.Split(' ', StringSplitOptions.RemoveEmptyEntries)];

    private static string Invariant(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
