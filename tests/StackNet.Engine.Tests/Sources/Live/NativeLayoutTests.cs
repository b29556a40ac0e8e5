using System.Diagnostics;
using System.Globalization;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using StackNet.Engine.Sources.Live;
using StackNet.Engine.Sources.Live.Netlink;
using Xunit;

namespace StackNet.Engine.Tests.Sources.Live;

/// <summary>Sizes and offsets that the readers count on, against what the C compiler makes of the kernel's headers.</summary>
public sealed class NativeLayoutTests
{
    private static readonly (string Expression, int Expected)[] Known =
    [
        ("sizeof(struct nlmsghdr)", NetlinkChannel.HeaderLength),
        ("sizeof(struct nlmsghdr)", Unsafe.SizeOf<NetlinkChannel.Header>()),
        ("sizeof(struct ifinfomsg)", Unsafe.SizeOf<InterfaceHeader>()),
        ("offsetof(struct ifinfomsg, ifi_index)", Offset<InterfaceHeader>("Index")),
        ("offsetof(struct ifinfomsg, ifi_flags)", Offset<InterfaceHeader>("Flags")),
        ("sizeof(struct ifaddrmsg)", Unsafe.SizeOf<AddressHeader>()),
        ("offsetof(struct ifaddrmsg, ifa_index)", Offset<AddressHeader>("Index")),
        ("offsetof(struct ifaddrmsg, ifa_scope)", Offset<AddressHeader>("Scope")),
        ("sizeof(struct rtmsg)", Unsafe.SizeOf<RouteHeader>()),
        ("offsetof(struct rtmsg, rtm_type)", Offset<RouteHeader>("Type")),
        ("offsetof(struct rtmsg, rtm_flags)", Offset<RouteHeader>("Flags")),
        ("sizeof(struct rtnexthop)", Unsafe.SizeOf<NextHopHeader>()),
        ("offsetof(struct rtnexthop, rtnh_ifindex)", Offset<NextHopHeader>("Index")),
        ("sizeof(struct fib_rule_hdr)", Unsafe.SizeOf<RuleHeader>()),
        ("offsetof(struct fib_rule_hdr, action)", Offset<RuleHeader>("Action")),
        ("sizeof(struct ndmsg)", Unsafe.SizeOf<NeighbourHeader>()),
        ("offsetof(struct ndmsg, ndm_state)", Offset<NeighbourHeader>("State")),
        ("offsetof(struct ndmsg, ndm_flags)", 10),
        ("sizeof(struct tcmsg)", Unsafe.SizeOf<QdiscHeader>()),
        ("offsetof(struct tcmsg, tcm_parent)", Offset<QdiscHeader>("Parent")),
        ("sizeof(struct ifreq)", Unsafe.SizeOf<NamespaceReader.InterfaceRequest>()),
        ("offsetof(struct ifreq, ifr_ifru)", 16),
        ("sizeof(struct ethtool_value)", Unsafe.SizeOf<NamespaceReader.EthtoolValue>()),
        ("offsetof(struct statx, stx_ino)", 32),
        ("IPV4_DEVCONF_RP_FILTER", Inet("rp_filter") + 1),
        ("IPV4_DEVCONF_FORWARDING", Inet("forwarding") + 1),
        ("IPV4_DEVCONF_PROXY_ARP", Inet("proxy_arp") + 1),
        ("IPV4_DEVCONF_PROXY_ARP_PVLAN", Inet("proxy_arp_pvlan") + 1),
        ("IPV4_DEVCONF_SEND_REDIRECTS", Inet("send_redirects") + 1),
        ("IPV4_DEVCONF_ARPFILTER", Inet("arp_filter") + 1),
        ("IPV4_DEVCONF_ARP_ANNOUNCE", Inet("arp_announce") + 1),
        ("IPV4_DEVCONF_ARP_IGNORE", Inet("arp_ignore") + 1),
        ("IPV4_DEVCONF_ARP_ACCEPT", Inet("arp_accept") + 1),
        ("IPV4_DEVCONF_ACCEPT_LOCAL", Inet("accept_local") + 1),
        ("IPV4_DEVCONF_SRC_VMARK", Inet("src_valid_mark") + 1),
        ("IPV4_DEVCONF_ROUTE_LOCALNET", Inet("route_localnet") + 1),
        ("IPV4_DEVCONF_IGNORE_ROUTES_WITH_LINKDOWN", Inet("ignore_routes_with_linkdown") + 1),
        ("IPV4_DEVCONF_DROP_UNICAST_IN_L2_MULTICAST", Inet("drop_unicast_in_l2_multicast") + 1),
        ("IPV4_DEVCONF_BC_FORWARDING", Inet("bc_forwarding") + 1),
        ("DEVCONF_FORWARDING", Inet6("forwarding")),
        ("DEVCONF_DISABLE_IPV6", Inet6("disable_ipv6")),
        ("offsetof(struct xt_physdev_info, physoutdev)", 32),
        ("offsetof(struct xt_physdev_info, invert)", 64),
        ("offsetof(struct xt_conntrack_mtinfo3, match_flags)", 146),
        ("offsetof(struct xt_conntrack_mtinfo3, state_mask)", 150),
        ("offsetof(struct xt_set_info_match_v4, packets.op)", 16),
        ("offsetof(struct xt_set_info_match_v4, bytes.op)", 32),
        ("offsetof(struct xt_set_info_match_v4, flags)", 40),
        ("offsetof(struct xt_ct_target_info_v1, zone)", 2),
        ("offsetof(struct xt_ct_target_info_v1, timeout)", 28),
        ("offsetof(struct xt_connmark_tginfo1, mode)", 12),
        ("offsetof(struct xt_connmark_tginfo2, mode)", 14),
        ("offsetof(struct xt_multiport_v1, invert)", 47),
        ("offsetof(struct nf_nat_range2, max_addr)", 20),
        ("offsetof(struct nf_nat_range2, min_proto)", 36),
        ("offsetof(struct nf_nat_ipv4_multi_range_compat, range[0].min)", 16),
    ];

    private const string Headers = """
        #define _GNU_SOURCE
        #include <stddef.h>
        #include <stdio.h>
        #include <sys/stat.h>
        #include <net/if.h>
        #include <netinet/in.h>
        #include <linux/netlink.h>
        #include <linux/rtnetlink.h>
        #include <linux/fib_rules.h>
        #include <linux/neighbour.h>
        #include <linux/ethtool.h>
        #include <linux/ip.h>
        #include <linux/ipv6.h>
        #include <linux/netfilter/x_tables.h>
        #include <linux/netfilter/xt_physdev.h>
        #include <linux/netfilter/xt_conntrack.h>
        #include <linux/netfilter/xt_set.h>
        #include <linux/netfilter/xt_CT.h>
        #include <linux/netfilter/xt_connmark.h>
        #include <linux/netfilter/xt_multiport.h>
        #include <linux/netfilter/nf_nat.h>

        """;

    [Fact]
    public void Layouts_are_those_of_the_C_compiler()
    {
        string? compiler = ((string[])["/usr/bin/cc", "/usr/bin/gcc", "/usr/bin/clang"]).FirstOrDefault(File.Exists);
        Assert.SkipWhen(compiler is null, "no C compiler is installed");
        Assert.SkipUnless(File.Exists("/usr/include/linux/netlink.h"), "the kernel's headers are not installed");
        string folder = Directory.CreateTempSubdirectory("stacknet-").FullName;
        try
        {
            string program = Path.Join(folder, "layout");
            string lines = string.Concat(Known.Select(k => $"printf(\"%d\\n\", (int)({k.Expression}));\n"));
            File.WriteAllText(program + ".c", $"{Headers}int main(void) {{\n{lines}return 0; }}\n");
            Run(compiler!, program + ".c", "-o", program);
            string[] told = Run(program).Split('\n', StringSplitOptions.RemoveEmptyEntries);
            Assert.Equal(Known.Select(k => $"{k.Expression} = {k.Expected}"), Known.Zip(told, (k, value) => $"{k.Expression} = {value}"));
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    private static string Run(string file, params string[] arguments)
    {
        ProcessStartInfo start = new(file, arguments)
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            UseShellExecute = false,
        };
        using Process process = Process.Start(start)!;
        Task<string> errors = process.StandardError.ReadToEndAsync();
        string output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        Assert.True(process.ExitCode == 0, errors.Result);
        return output;
    }

    private static int Inet(string name) => DeviceConfig.Inet.Single(k => k.Name == name).Index;

    private static int Inet6(string name) => DeviceConfig.Inet6.Single(k => k.Name == name).Index;

    // The field behind a property of a record struct.
    private static int Offset<T>(string property) =>
        int.Parse(Marshal.OffsetOf<T>($"<{property}>k__BackingField").ToString(), CultureInfo.InvariantCulture);
}
