namespace StackNet.Oracle.Drawing;

/// <summary>Draws nodes: routers, bridges with a way out, two bridges joined by a veth pair.</summary>
internal static class NodeDraw
{
    public static Spec Draw(World world) =>
        world.Random.Next(10) switch
        {
            < 5 => Router(world),
            < 8 => Bridge(world),
            _ => Hybrid(world),
        };

    private static Spec Router(World world)
    {
        Spec spec = new() { Kind = "router" };
        Network(world, spec, "eth0", "198.51.100.2/24", ["198.51.100.1", "198.51.100.10", "198.51.100.77"]);
        Network(world, spec, "eth1", "10.0.0.1/24", ["10.0.0.5", "10.0.0.6", "10.0.0.130"]);
        Network(world, spec, "ens3", "172.16.5.1/24", ["172.16.5.5", "172.16.5.70"]);
        if (world.Chance(0.25))
            Vlan(world, spec, "ens3", 100, "10.9.9.1/24", ["10.9.9.9"]);
        spec.Links.Add("route add default via 198.51.100.1 dev eth0");
        Routes(world, spec);
        Forwarding(world, spec);
        return spec;
    }

    private static void Vlan(World world, Spec spec, string parent, int id, string address, string[] hosts)
    {
        string device = $"{parent}.{id}";
        spec.Links.Add($"link add link {parent} name {device} index 60 type vlan id {id}");
        spec.Links.Add($"link set {device} up");
        spec.Links.Add($"addr add {address} dev {device}");
        foreach (string host in hosts)
            spec.Links.Add($"neigh replace {host} lladdr {World.HostMac(parent)} dev {device} nud permanent");
        // Hosts of the VLAN are behind the parent's wire.
        world.Places[device] = hosts;
        world.Vlans[device] = id;
        world.Gateways[device] = world.Gateways[parent];
        world.Own.Add(address[..address.IndexOf('/')]);
        world.DeviceNames.Add(device);
    }

    private static void Network(World world, Spec spec, string device, string? address, string[] hosts)
    {
        string mac = world.Mac();
        spec.Ports.Add((device, mac));
        spec.Links.Add($"link set {device} up");
        world.DeviceNames.Add(device);
        world.Gateways[device] = mac;
        world.Places[device] = hosts;
        if (address is null)
            return;
        spec.Links.Add($"addr add {address} dev {device}");
        world.Own.Add(address[..address.IndexOf('/')]);
        foreach (string host in hosts)
            spec.Links.Add($"neigh replace {host} lladdr {World.HostMac(device)} dev {device} nud permanent");
    }

    private static void Routes(World world, Spec spec)
    {
        if (world.Chance(0.4))
            spec.Links.Add(
                $"route add {world.Pick("blackhole", "unreachable", "prohibit", "throw")} {world.Pick("203.0.113.0/24", "192.0.2.0/24", "10.0.0.128/25", "8.8.0.0/16")}"
            );
        if (world.Chance(0.3))
            spec.Links.Add($"addr add {world.Pick("198.51.100.3/24", "198.51.100.3/32", "192.0.2.200/24")} dev eth0");
        if (world.Chance(0.3))
            spec.Links.Add(
                $"route add {world.Pick("203.0.113.0/25", "192.0.2.0/25", "198.51.100.128/25")} via {world.Pick("10.0.0.5 dev eth1", "172.16.5.5 dev ens3")}"
            );
        if (world.Chance(0.15))
            spec.Links.Add("route add 203.0.113.0/28 nexthop via 10.0.0.5 dev eth1 nexthop via 172.16.5.5 dev ens3");
        if (world.Chance(0.15))
            spec.Links.Add($"route change 172.16.5.0/24 dev ens3 src 172.16.5.1 mtu {world.Pick(552, 1400)}");
        if (!world.Chance(0.5))
            return;
        spec.Links.Add(
            $"route add {world.Pick("default via 172.16.5.5 dev ens3", "default via 10.0.0.6 dev eth1", "unreachable default", "10.0.0.0/24 dev eth1", "blackhole 8.8.8.8", "throw default")} table 100"
        );
        if (world.Chance(0.3))
            spec.Links.Add(
                $"route add {world.Pick("198.51.100.0/24 dev eth0", "203.0.113.7 via 10.0.0.5 dev eth1", "prohibit 192.0.2.33")} table 100"
            );
        for (int i = world.Random.Next(1, 3); i > 0; i--)
        {
            string selector = world.Random.Next(12) switch
            {
                0 => $"from {world.Prefix()}",
                1 => $"to {world.Prefix()}",
                2 => $"iif {world.Pick("eth0", "eth1", "ens3")}",
                3 => $"fwmark {world.Pick("1", "2", "0x2/0x2", "0/1")}",
                4 => $"tos {world.Pick("0x10", "0x08")}",
                5 => $"ipproto {world.Pick("tcp", "udp", "icmp")}",
                6 => $"ipproto {world.Pick("tcp", "udp")} dport {world.Port()}",
                7 => $"ipproto tcp sport {world.Pick("1024-5000", "40000-50000")}",
                8 => $"not from {world.Prefix()}",
                9 => $"from {world.Prefix()} iif {world.Pick("eth0", "eth1")}",
                10 => $"from {world.Prefix()} to {world.Prefix()}",
                _ => "from all",
            };
            string action = world.Random.Next(8) switch
            {
                0 => "blackhole",
                1 => "prohibit",
                2 => "unreachable",
                3 => "lookup main suppress_prefixlength 0",
                4 => "lookup 100 suppress_prefixlength 0",
                _ => "lookup 100",
            };
            spec.Links.Add($"rule add pref {1000 + (i * 10)} {selector} {action}");
        }
    }

    private static void Forwarding(World world, Spec spec)
    {
        spec.Settings.Add(("net.ipv4.ip_forward", world.Chance(0.93) ? "1" : "0"));
        string[] names = [.. world.DeviceNames.Select(static d => d.Replace('.', '/'))];
        foreach (string device in names.Append("all"))
        {
            if (world.Chance(0.25))
                spec.Settings.Add(($"net.ipv4.conf.{device}.rp_filter", world.Pick("0", "1", "1", "2")));
            if (world.Chance(0.06))
                spec.Settings.Add(($"net.ipv4.conf.{device}.accept_local", "1"));
            if (world.Chance(0.06))
                spec.Settings.Add(($"net.ipv4.conf.{device}.src_valid_mark", "1"));
            if (world.Chance(0.04))
                spec.Settings.Add(($"net.ipv4.conf.{device}.route_localnet", "1"));
            if (device != "all" && world.Chance(0.04))
                spec.Settings.Add(($"net.ipv4.conf.{device}.forwarding", "0"));
        }
        if (world.Chance(0.1))
            spec.Settings.Add(("net.netfilter.nf_conntrack_tcp_loose", "0"));
        if (world.Chance(0.1))
            spec.Settings.Add(("net.netfilter.nf_conntrack_tcp_be_liberal", "1"));
    }

    private static Spec Bridge(World world)
    {
        Spec spec = new() { Kind = "bridge" };
        bool filtering = world.Chance(0.35);
        string bridgeMac = world.Mac("02:bb:00");
        spec.Links.Add($"link add br0 index 50 type bridge forward_delay 0 mcast_snooping 0");
        if (filtering)
            spec.Links.Add("link set br0 type bridge vlan_filtering 1");
        spec.Links.Add($"link set br0 address {bridgeMac}");
        spec.Links.Add("link set br0 up");
        world.DeviceNames.Add("br0");
        string[] names = ["tap0", "tap1", "tap2", "eth5"];
        for (int i = 0; i < names.Length; i++)
        {
            Network(world, spec, names[i], null, [$"10.0.0.{10 + i}", $"10.0.0.{110 + i}"]);
            spec.Links.Add($"link set {names[i]} master br0");
            world.BridgePorts.Add(names[i]);
            world.Gateways[names[i]] = bridgeMac;
            PortOptions(world, spec, names[i], filtering);
            int vlan = filtering && world.Chance(0.15) ? 20 : 0;
            if (world.Chance(0.85))
                spec.Prime.Add((names[i], World.HostMac(names[i]), $"10.0.0.{10 + i}", vlan));
        }
        if (world.Chance(0.75))
        {
            spec.Links.Add("addr add 10.0.0.1/24 dev br0");
            world.Own.Add("10.0.0.1");
            for (int i = 0; i < names.Length; i++)
            {
                foreach (string host in world.Places[names[i]])
                    spec.Links.Add($"neigh replace {host} lladdr {World.HostMac(names[i])} dev br0 nud permanent");
            }
        }
        Network(world, spec, "eth0", "198.51.100.2/24", ["198.51.100.1", "198.51.100.10"]);
        spec.Links.Add("route add default via 198.51.100.1 dev eth0");
        Forwarding(world, spec);
        BridgeSettings(world, spec);
        return spec;
    }

    private static void PortOptions(World world, Spec spec, string port, bool filtering)
    {
        foreach (
            (string option, double probability) in (ReadOnlySpan<(string, double)>)
                [
                    ("isolated on", 0.1),
                    ("hairpin on", 0.15),
                    ("learning off", 0.1),
                    ("flood off", 0.1),
                    ("bcast_flood off", 0.05),
                    ("mcast_flood off", 0.05),
                ]
        )
        {
            if (world.Chance(probability))
                spec.Bridge.Add($"link set dev {port} {option}");
        }
        if (world.Chance(0.06))
            spec.Bridge.Add($"link set dev {port} state {world.Pick(0, 1, 2, 4)}");
        if (world.Chance(0.1))
            spec.Bridge.Add(
                $"fdb add {World.HostMac(world.One(world.BridgePorts))} dev {port} master static{(filtering && world.Chance(0.5) ? " vlan 1" : "")}"
            );
        if (!filtering)
            return;
        if (world.Chance(0.3))
            spec.Bridge.Add($"vlan add dev {port} vid 10 pvid untagged");
        if (world.Chance(0.25))
            spec.Bridge.Add($"vlan add dev {port} vid 20{(world.Chance(0.3) ? " untagged" : "")}");
        if (world.Chance(0.1))
            spec.Bridge.Add($"vlan del dev {port} vid 1");
    }

    private static void BridgeSettings(World world, Spec spec)
    {
        spec.Settings.Add(("net.bridge.bridge-nf-call-iptables", world.Chance(0.7) ? "1" : "0"));
        if (world.Chance(0.15))
            spec.Settings.Add(("net.bridge.bridge-nf-filter-vlan-tagged", "1"));
        if (world.Chance(0.1))
            spec.Settings.Add(("net.bridge.bridge-nf-pass-vlan-input-dev", "1"));
    }

    /// <summary>Neutron's hybrid shape: a small bridge for each guest, joined by a veth pair to a larger one with the way out.</summary>
    private static Spec Hybrid(World world)
    {
        Spec spec = new() { Kind = "hybrid" };
        spec.Links.Add("link add br0 index 50 type bridge forward_delay 0 mcast_snooping 0");
        spec.Links.Add("link set br0 up");
        string bridgeMac = world.Mac("02:bb:00");
        spec.Links.Add($"link set br0 address {bridgeMac}");
        world.DeviceNames.Add("br0");
        for (int i = 0; i < 2; i++)
        {
            string tap = $"tap{i}";
            Network(world, spec, tap, null, [$"10.0.0.{10 + i}", $"10.0.0.{110 + i}"]);
            spec.Links.Add($"link add qbr{i} index {51 + i} type bridge forward_delay 0 mcast_snooping 0");
            spec.Links.Add($"link set qbr{i} up");
            spec.Links.Add($"link add qvb{i} index {70 + i} type veth peer name qvo{i} index {80 + i}");
            spec.Links.Add($"link set {tap} master qbr{i}");
            spec.Links.Add($"link set qvb{i} master qbr{i}");
            spec.Links.Add($"link set qvo{i} master br0");
            spec.Links.Add($"link set qvb{i} up");
            spec.Links.Add($"link set qvo{i} up");
            world.DeviceNames.AddRange([$"qbr{i}", $"qvb{i}", $"qvo{i}"]);
            world.BridgePorts.AddRange([tap, $"qvb{i}", $"qvo{i}"]);
            world.Gateways[tap] = bridgeMac;
            if (world.Chance(0.9))
                spec.Prime.Add((tap, World.HostMac(tap), $"10.0.0.{10 + i}", 0));
        }
        spec.Links.Add("addr add 10.0.0.1/24 dev br0");
        world.Own.Add("10.0.0.1");
        for (int i = 0; i < 2; i++)
        {
            foreach (string host in world.Places[$"tap{i}"])
                spec.Links.Add($"neigh replace {host} lladdr {World.HostMac($"tap{i}")} dev br0 nud permanent");
        }
        Network(world, spec, "eth0", "198.51.100.2/24", ["198.51.100.1", "198.51.100.10"]);
        spec.Links.Add("route add default via 198.51.100.1 dev eth0");
        Forwarding(world, spec);
        BridgeSettings(world, spec);
        return spec;
    }
}
