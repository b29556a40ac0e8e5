using System.Runtime.InteropServices;

namespace StackNet.Engine.Sources.Live.Netlink;

/// <summary>
/// Per-device settings as the kernel puts them into IFLA_AF_SPEC: IFLA_INET_CONF is an array over IPV4_DEVCONF_* (linux/ip.h, the first is 1),
/// IFLA_INET6_CONF one over DEVCONF_* (linux/ipv6.h, from 0). One dump so carries what thousands of files under /proc/sys would.
/// </summary>
internal static class DeviceConfig
{
    /// <summary>net.ipv4.conf.DEV.NAME and its place in the array.</summary>
    public static readonly (string Name, int Index)[] Inet =
    [
        ("accept_local", 22),
        ("arp_accept", 20),
        ("arp_announce", 17),
        ("arp_filter", 12),
        ("arp_ignore", 18),
        ("bc_forwarding", 31),
        ("drop_unicast_in_l2_multicast", 29),
        ("forwarding", 0),
        ("ignore_routes_with_linkdown", 28),
        ("proxy_arp", 2),
        ("proxy_arp_pvlan", 24),
        ("route_localnet", 25),
        ("rp_filter", 7),
        ("send_redirects", 5),
        ("src_valid_mark", 23),
    ];

    /// <summary>net.ipv6.conf.DEV.NAME and its place in the array.</summary>
    public static readonly (string Name, int Index)[] Inet6 = [("disable_ipv6", 26), ("forwarding", 0)];

    /// <summary>The settings as printed values, in the order of <paramref name="keys"/>; null where the kernel's array is shorter.</summary>
    public static string?[] Pick(ReadOnlySpan<byte> array, (string Name, int Index)[] keys)
    {
        ReadOnlySpan<int> values = MemoryMarshal.Cast<byte, int>(array);
        string?[] picked = new string?[keys.Length];
        for (int i = 0; i < keys.Length; i++)
        {
            if (keys[i].Index < values.Length)
                picked[i] = Text(values[keys[i].Index]);
        }
        return picked;
    }

    public static string Text(int value) =>
        value switch
        {
            0 => "0",
            1 => "1",
            2 => "2",
            _ => value.ToString(System.Globalization.CultureInfo.InvariantCulture),
        };
}
