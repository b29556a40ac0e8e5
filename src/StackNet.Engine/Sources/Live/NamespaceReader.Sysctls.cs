using Microsoft.Win32.SafeHandles;
using StackNet.Engine.Facts;
using StackNet.Engine.Sources.Live.Netlink;

namespace StackNet.Engine.Sources.Live;

/// <summary>Kernel settings: of devices and of "all"/"default" by netlink as far as it carries them, the rest from /proc/sys.</summary>
internal sealed partial class NamespaceReader
{
    // /proc/sys/net shows the namespace of the thread that opens a file there (net_ctl_root.lookup), whoever mounted it.
    private static readonly string[] Single =
    [
        "net.ipv4.icmp_echo_ignore_all",
        "net.ipv4.icmp_echo_ignore_broadcasts",
        "net.ipv4.ip_default_ttl",
        "net.ipv4.ip_forward_update_priority",
        "net.ipv4.ip_forward_use_pmtu",
        "net.ipv4.ip_nonlocal_bind",
        "net.bridge.bridge-nf-call-arptables",
        "net.bridge.bridge-nf-call-ip6tables",
        "net.bridge.bridge-nf-call-iptables",
        "net.bridge.bridge-nf-filter-pppoe-tagged",
        "net.bridge.bridge-nf-filter-vlan-tagged",
        "net.bridge.bridge-nf-pass-vlan-input-dev",
        "net.netfilter.nf_conntrack_checksum",
        "net.netfilter.nf_conntrack_count",
        "net.netfilter.nf_conntrack_max",
        "net.netfilter.nf_conntrack_tcp_be_liberal",
        "net.netfilter.nf_conntrack_tcp_loose",
    ];

    // The settings by folder: "net.ipv4." with its key and its path in it.
    private static readonly (string Folder, (string Key, string Path)[] Files)[] Folders =
    [
        .. Single
            .Concat(((string[])["all", "default"]).SelectMany(d => DeviceConfig.Inet6.Select(k => $"net.ipv6.conf.{d}.{k.Name}")))
            .GroupBy(k => k[..k.IndexOf('.', 4)])
            .Select(g => ("/proc/sys/" + g.Key.Replace('.', '/'), g.Select(k => (k, k[(g.Key.Length + 1)..].Replace('.', '/'))).ToArray())),
    ];

    private static readonly string[] InetNames = [.. DeviceConfig.Inet.Select(k => k.Name)];
    private static readonly string[] Inet6Names = [.. DeviceConfig.Inet6.Select(k => k.Name)];

    private static SettingTable ReadSysctls(RtnetlinkReader reader, IReadOnlyList<LinkMessage> raw)
    {
        SettingTable.Builder values = new();
        string? forwarding = null;
        foreach ((string path, (string Key, string Path)[] files) in Folders)
        {
            // In /proc/sys/net the folders of all namespaces stand under one name, and each is searched for among all of them: once is enough.
            using SafeFileHandle? folder = Libc.TryOpen(path, out _, Libc.OpenDirectory);
            if (folder is null)
                continue;
            foreach ((string key, string file) in files)
            {
                if (KernelFiles.TryRead(file, out _, folder) is { } value)
                    values.TryAdd(key, value);
            }
            if (path != "/proc/sys/net/ipv4")
                continue;
            forwarding = AddShared(values, reader, folder, "all", -1);
            _ = AddShared(values, reader, folder, "default", -2);
        }
        // The same variable: net.ipv4.ip_forward is conf.all.forwarding (devinet_sysctl_forward()).
        if (forwarding is not null)
            values.TryAdd("net.ipv4.ip_forward", forwarding);
        foreach (LinkMessage message in raw)
        {
            string name = message.Link.Name;
            string device = name.Contains('.', StringComparison.Ordinal) ? name.Replace('.', '/') : name;
            if (message.Inet is { } inet)
                values.AddDevice("net.ipv4.conf.", device, InetNames, inet);
            if (message.Inet6 is { } inet6)
                values.AddDevice("net.ipv6.conf.", device, Inet6Names, inet6);
        }
        return values.Build();
    }

    /// <summary>The settings "all" or "default"; gives that of forwarding.</summary>
    private static string? AddShared(SettingTable.Builder values, RtnetlinkReader reader, SafeFileHandle folder, string name, int index)
    {
        string?[] settings = new string?[InetNames.Length];
        if (reader.ReadNetConf(v6: false, index) is { } known)
        {
            foreach ((string setting, int value) in known.Values)
            {
                int place = Array.IndexOf(InetNames, setting);
                if (place >= 0)
                    settings[place] = DeviceConfig.Text(value);
                else
                    values.TryAdd($"net.ipv4.conf.{name}.{setting}", DeviceConfig.Text(value));
            }
        }
        for (int i = 0; i < settings.Length; i++)
        {
            settings[i] ??= KernelFiles.TryRead($"conf/{name}/{InetNames[i]}", out _, folder);
            if (settings[i] is { } value)
                values.TryAdd($"net.ipv4.conf.{name}.{InetNames[i]}", value);
        }
        return settings[Array.IndexOf(InetNames, "forwarding")];
    }
}
