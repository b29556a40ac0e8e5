namespace StackNet.Engine.Sources.Capture;

/// <summary>File names of the convention, and the commands that stand for them.</summary>
internal static class CaptureNames
{
    public const string Link = "ip-d-j-link.json";
    public const string LinkStatistics = "ip-d-j-s-link.json";
    public const string Address = "ip-j-addr.json";
    public const string Route = "ip-j-route-all.json";
    public const string RouteDetailed = "ip-d-j-route-all.json";
    public const string Route6 = "ip-j-6-route.json";
    public const string Rule = "ip-j-rule.json";
    public const string Rule6 = "ip-j-6-rule.json";
    public const string Neighbour = "ip-j-neigh.json";
    public const string NetnsIds = "ip-j-netns-list-id.json";
    public const string BridgeLink = "bridge-d-j-link.json";
    public const string BridgeFdb = "bridge-j-fdb.json";
    public const string BridgeVlan = "bridge-j-vlan.json";
    public const string Iptables = "iptables-save-c.txt";
    public const string IptablesLegacy = "iptables-legacy-save-c.txt";
    public const string IptablesNft = "iptables-nft-save-c.txt";
    public const string Ip6tables = "ip6tables-save-c.txt";
    public const string Ip6tablesLegacy = "ip6tables-legacy-save-c.txt";
    public const string Ip6tablesNft = "ip6tables-nft-save-c.txt";
    public const string Ebtables = "ebtables-save.txt";
    public const string NftJson = "nft-j-list-ruleset.json";
    public const string NftText = "nft-list-ruleset.txt";
    public const string Ipset = "ipset-save.txt";
    public const string Conntrack = "conntrack-L-extended.txt";
    public const string Sysctl = "sysctl-net.txt";
    public const string Qdisc = "tc-qdisc.json";
    public const string Sockets = "ss-lnup.txt";
    public const string IptablesVersion = "iptables-version.txt";
    public const string NetnsList = "ip-netns.txt";
    public const string HostName = "hostname.txt";
    public const string Kernel = "uname-r.txt";
    public const string Getenforce = "getenforce.txt";
    public const string OsRelease = "os-release.txt";
    public const string Processes = "processes.txt";
    public const string Ethtool = "ethtool-k.txt";
    public const string OvsdbDump = "ovsdb-client-dump.json";
    public const string VsctlShow = "ovs-vsctl-show.txt";
    public const string VsctlList = "ovs-vsctl-list-";
    public const string Flows = "ovs-ofctl-dump-flows-";
    public const string FlowsWithNames = "ovs-ofctl-names-dump-flows-";
    public const string OfctlShow = "ovs-ofctl-show-";
    public const string Groups = "ovs-ofctl-dump-groups-";
    public const string OvsFdb = "ovs-appctl-fdb-show-";
    public const string DatapathConntrack = "ovs-appctl-dpctl-dump-conntrack.txt";
    public const string TunnelRoutes = "ovs-appctl-ovs-route-show.txt";
    public const string TunnelNeighbours = "ovs-appctl-tnl-neigh-show.txt";
    public const string VirshList = "libvirt/virsh-list-all.txt";

    /// <summary>Files whose commands say nothing, or not all, without rights.</summary>
    public static readonly string[] Privileged =
    [
        Iptables,
        IptablesLegacy,
        IptablesNft,
        Ip6tables,
        Ip6tablesLegacy,
        Ip6tablesNft,
        Ebtables,
        NftJson,
        NftText,
        Ipset,
        Conntrack,
        OvsdbDump,
        VsctlShow,
        DatapathConntrack,
    ];

    private static readonly Dictionary<string, string> ByCommand = new()
    {
        ["ip -d -j link"] = Link,
        ["ip -j -d link"] = Link,
        ["ip -d -j link show"] = Link,
        ["ip -d -j -s link"] = LinkStatistics,
        ["ip -j addr"] = Address,
        ["ip -j addr show"] = Address,
        ["ip -j route show table all"] = Route,
        ["ip -d -j route show table all"] = RouteDetailed,
        ["ip -j -6 route show table all"] = Route6,
        ["ip -6 -j route show table all"] = Route6,
        ["ip -j rule"] = Rule,
        ["ip -j rule show"] = Rule,
        ["ip -j -6 rule"] = Rule6,
        ["ip -6 -j rule"] = Rule6,
        ["ip -j neigh"] = Neighbour,
        ["ip -j neigh show"] = Neighbour,
        ["ip -j netns list-id"] = NetnsIds,
        ["bridge -d -j link"] = BridgeLink,
        ["bridge -j fdb"] = BridgeFdb,
        ["bridge -j fdb show"] = BridgeFdb,
        ["bridge -j vlan"] = BridgeVlan,
        ["bridge -j vlan show"] = BridgeVlan,
        ["iptables-save -c"] = Iptables,
        ["iptables-save"] = Iptables,
        ["iptables-legacy-save -c"] = IptablesLegacy,
        ["iptables-legacy-save"] = IptablesLegacy,
        ["iptables-nft-save -c"] = IptablesNft,
        ["ip6tables-save -c"] = Ip6tables,
        ["ip6tables-save"] = Ip6tables,
        ["ip6tables-legacy-save -c"] = Ip6tablesLegacy,
        ["ip6tables-nft-save -c"] = Ip6tablesNft,
        ["ebtables-save"] = Ebtables,
        ["ebtables-save -c"] = Ebtables,
        ["nft -j list ruleset"] = NftJson,
        ["nft list ruleset"] = NftText,
        ["ipset save"] = Ipset,
        ["conntrack -L -o extended"] = Conntrack,
        ["conntrack -L -o extended,id"] = Conntrack,
        ["conntrack -L"] = Conntrack,
        ["tc -j qdisc"] = Qdisc,
        ["tc -j qdisc show"] = Qdisc,
        ["ss -lntu"] = Sockets,
        ["iptables -V"] = IptablesVersion,
        ["ip netns"] = NetnsList,
        ["hostname"] = HostName,
        ["uname -r"] = Kernel,
        ["getenforce"] = Getenforce,
        ["cat /etc/os-release"] = OsRelease,
        ["ovs-vsctl show"] = VsctlShow,
        ["ovs-appctl dpctl/dump-conntrack"] = DatapathConntrack,
        ["ovs-appctl ovs/route/show"] = TunnelRoutes,
        ["ovs-appctl tnl/neigh/show"] = TunnelNeighbours,
        ["virsh list --all"] = VirshList,
    };

    /// <summary>The command that a file stands for, for messages.</summary>
    public static string CommandOf(string file) => ByCommand.FirstOrDefault(p => p.Value == file).Key ?? file;

    /// <summary>The file name of the convention for a command line; null for a command that is not read.</summary>
    public static string? FileOf(string command)
    {
        string[] words = command.Split(' ', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);
        if (words is ["bash" or "sh", "-c", ..])
            words = words[2..];
        if (words.Length == 0)
            return null;
        if (ByCommand.TryGetValue(string.Join(' ', words), out string? file))
            return file;
        return words[0] switch
        {
            "sysctl" => Sysctl,
            "ovsdb-client" when words.Contains("dump") && words.Contains("--format=json") => OvsdbDump,
            "ovs-ofctl" => OfctlFile(words),
            "ovs-appctl" when words is [_, "fdb/show", var bridge] => $"{OvsFdb}{bridge}.txt",
            "ovs-vsctl" when words is [_, "--format=json", "list", var table] => $"{VsctlList}{table}.json",
            _ => null,
        };
    }

    private static string? OfctlFile(string[] words)
    {
        if (words.Length < 3)
            return null;
        string bridge = words[^1];
        return words[^2] switch
        {
            "dump-flows" when words.Contains("--names") => $"{FlowsWithNames}{bridge}.txt",
            "dump-flows" => $"{Flows}{bridge}.txt",
            "dump-groups" => $"{Groups}{bridge}.txt",
            "show" => $"{OfctlShow}{bridge}.txt",
            _ => null,
        };
    }
}
