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
        "net.netfilter.nf_conntrack_count",
        "net.netfilter.nf_conntrack_max",
        "net.netfilter.nf_conntrack_tcp_be_liberal",
        "net.netfilter.nf_conntrack_tcp_loose",
    ];

    private static readonly string[] SinglePaths = [.. Single.Select(k => "/proc/sys/" + k.Replace('.', '/'))];

    private static readonly (string Key, string Path)[] Shared6 =
    [
        .. ((string[])["all", "default"]).SelectMany(d =>
            DeviceConfig.Inet6.Select(k => ($"net.ipv6.conf.{d}.{k.Name}", $"/proc/sys/net/ipv6/conf/{d}/{k.Name}"))
        ),
    ];

    private static Dictionary<string, string> ReadSysctls(
        RtnetlinkReader reader,
        IReadOnlyList<LinkFacts> links,
        IReadOnlyList<LinkMessage> raw
    )
    {
        Dictionary<string, string> values = new(64 + (links.Count * (DeviceConfig.Inet.Length + DeviceConfig.Inet6.Length)));
        for (int i = 0; i < Single.Length; i++)
            AddFile(values, Single[i], SinglePaths[i]);
        AddShared(values, reader, "all", -1);
        AddShared(values, reader, "default", -2);
        // The same variable: net.ipv4.ip_forward is conf.all.forwarding (devinet_sysctl_forward()).
        if (values.TryGetValue("net.ipv4.conf.all.forwarding", out string? forwarding))
            values["net.ipv4.ip_forward"] = forwarding;
        foreach ((string key, string path) in Shared6)
            AddFile(values, key, path);
        foreach (LinkMessage message in raw)
        {
            string device = message.Link.Name.Replace('.', '/');
            AddDevice(values, "net.ipv4.conf.", device, DeviceConfig.Inet, message.Inet);
            AddDevice(values, "net.ipv6.conf.", device, DeviceConfig.Inet6, message.Inet6);
        }
        return values;
    }

    private static void AddShared(Dictionary<string, string> values, RtnetlinkReader reader, string name, int index)
    {
        if (reader.ReadNetConf(v6: false, index) is { } known)
        {
            foreach ((string setting, int value) in known.Values)
                values[$"net.ipv4.conf.{name}.{setting}"] = DeviceConfig.Text(value);
        }
        foreach ((string setting, _) in DeviceConfig.Inet)
        {
            string key = $"net.ipv4.conf.{name}.{setting}";
            if (!values.ContainsKey(key))
                AddFile(values, key, $"/proc/sys/net/ipv4/conf/{name}/{setting}");
        }
    }

    private static void AddDevice(
        Dictionary<string, string> values,
        string prefix,
        string device,
        (string Name, int Index)[] keys,
        string?[]? settings
    )
    {
        if (settings is null)
            return;
        for (int i = 0; i < keys.Length; i++)
        {
            if (settings[i] is { } value)
                values[$"{prefix}{device}.{keys[i].Name}"] = value;
        }
    }

    private static void AddFile(Dictionary<string, string> values, string key, string path)
    {
        if (KernelFiles.TryRead(path, out _) is { } value)
            values[key] = value;
    }
}
