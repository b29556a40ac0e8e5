using System.Text;

namespace StackNet.Oracle.Kernel;

/// <summary>Kernel settings of a namespace as sysctl(8) prints them: those that decide what becomes of an IPv4 packet.</summary>
internal static class Settings
{
    private static readonly HashSet<string> PerDevice =
    [
        "forwarding",
        "rp_filter",
        "accept_local",
        "src_valid_mark",
        "route_localnet",
        "proxy_arp",
        "arp_ignore",
        "arp_filter",
        "arp_announce",
        "bc_forwarding",
        "drop_unicast_in_l2_multicast",
        "send_redirects",
        "ignore_routes_with_linkdown",
        "disable_policy",
        "disable_xfrm",
    ];

    private static readonly string[] Single =
    [
        "net/ipv4/ip_forward",
        "net/ipv4/icmp_echo_ignore_all",
        "net/ipv4/icmp_echo_ignore_broadcasts",
        "net/ipv4/fwmark_reflect",
        "net/ipv4/fib_multipath_hash_policy",
        "net/ipv4/ip_default_ttl",
        "net/ipv4/ip_early_demux",
        "net/netfilter/nf_conntrack_tcp_loose",
        "net/netfilter/nf_conntrack_tcp_be_liberal",
        "net/netfilter/nf_conntrack_checksum",
        "net/netfilter/nf_conntrack_acct",
        "net/bridge/bridge-nf-call-arptables",
        "net/bridge/bridge-nf-call-ip6tables",
        "net/bridge/bridge-nf-call-iptables",
        "net/bridge/bridge-nf-filter-pppoe-tagged",
        "net/bridge/bridge-nf-filter-vlan-tagged",
        "net/bridge/bridge-nf-pass-vlan-input-dev",
    ];

    public static string Read(Space space)
    {
        space.Enter();
        SortedDictionary<string, string> found = new(StringComparer.Ordinal);
        foreach (string path in Single)
            Add(found, path.Replace('/', '.'), "/proc/sys/" + path);
        foreach (string folder in Directory.EnumerateDirectories("/proc/sys/net/ipv4/conf"))
        {
            // sysctl(8) writes a dot inside of a name as '/'.
            string device = Path.GetFileName(folder).Replace('.', '/');
            foreach (string key in PerDevice)
                Add(found, $"net.ipv4.conf.{device}.{key}", Path.Combine(folder, key));
        }
        StringBuilder text = new();
        foreach ((string key, string value) in found)
            text.Append(key).Append(" = ").Append(value).Append('\n');
        return text.ToString();
    }

    private static void Add(SortedDictionary<string, string> found, string key, string path)
    {
        if (File.Exists(path))
            found[key] = File.ReadAllText(path).Trim();
    }
}
