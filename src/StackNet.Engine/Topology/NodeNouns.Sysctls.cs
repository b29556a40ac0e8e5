using System.Globalization;
using StackNet.Engine.Facts;

namespace StackNet.Engine.Topology;

internal static partial class NodeNouns
{
    /// <summary>
    /// Forwarding and reverse path settings of every device, as the kernel takes them: IPv4 forwarding by the input device's own value,
    /// rp_filter as the larger of conf.all and conf.DEVICE (IN_DEV_RPFILTER is IN_DEV_MAXCONF, include/linux/inetdevice.h).
    /// </summary>
    public static IEnumerable<ForwardingSysctl> ForwardingSysctls(ComputeNode node)
    {
        foreach (NamespaceFacts ns in node.Facts.Namespaces)
        {
            if (ns.Sysctls is null)
                continue;
            IEnumerable<string> names = ["all", "default", .. (ns.Links ?? []).Select(l => l.Name)];
            int? all = Number(ns, "net.ipv4.conf.all.rp_filter");
            foreach (string device in names)
            {
                // sysctl(8) writes a dot of a device name as a slash.
                string conf = "net.ipv4.conf." + device.Replace('.', '/');
                int? own = Number(ns, conf + ".rp_filter");
                bool? forwarding = Flag(ns, conf + ".forwarding") ?? (device == "all" ? Flag(ns, "net.ipv4.ip_forward") : null);
                if (own is null && forwarding is null)
                    continue;
                bool single = device is "all" or "default";
                int? effective =
                    single ? own
                    : own is null || all is null ? null
                    : Math.Max(own.Value, all.Value);
                SysctlFileSetting? forwardFile = ns.Name.Length == 0 ? ConfiguredForwarding(node.Facts, device) : null;
                SysctlFileSetting? filterFile = ns.Name.Length == 0 ? Configured(node.Facts, device, "rp_filter") : null;
                yield return new ForwardingSysctl
                {
                    Node = node,
                    Namespace = ns.Name,
                    Device = device,
                    Forwarding = forwarding,
                    RpFilter = effective switch
                    {
                        null => null,
                        0 => "Off",
                        1 => "Strict",
                        _ => "Loose",
                    },
                    RpFilterDecidedBy = effective is null ? null : DecidedBy(conf, single, own ?? 0, all ?? 0),
                    RpFilterDevice = own,
                    RpFilterAll = all,
                    ForwardingConfiguredIn = Place(forwardFile),
                    RpFilterConfiguredIn = Place(filterFile),
                    ChangesAtReboot = ns.Name.Length > 0 ? null : ChangesAtReboot(node.Facts, forwarding, own, forwardFile, filterFile),
                    AcceptLocal = Flag(ns, conf + ".accept_local"),
                    ProxyArp = Flag(ns, conf + ".proxy_arp"),
                };
            }
        }
    }

    private static string DecidedBy(string conf, bool single, int own, int all) =>
        single || own >= all
            ? string.Create(CultureInfo.InvariantCulture, $"{conf}.rp_filter = {own}")
            : string.Create(CultureInfo.InvariantCulture, $"net.ipv4.conf.all.rp_filter = {all}");

    private static string? Place(SysctlFileSetting? setting) =>
        setting is null ? null : string.Create(CultureInfo.InvariantCulture, $"{setting.File}:{setting.Line}");

    /// <summary>What a reboot makes of it: the kernel starts with forwarding 0 and rp_filter 0, then the files are applied in order, the last one wins.</summary>
    private static bool? ChangesAtReboot(
        NodeFacts facts,
        bool? forwarding,
        int? filter,
        SysctlFileSetting? forwardFile,
        SysctlFileSetting? filterFile
    )
    {
        if (facts.SysctlFiles is null)
            return null;
        bool forwardingThen = forwardFile is not null && forwardFile.Value.Trim() is not "0";
        int filterThen = filterFile is not null && int.TryParse(filterFile.Value, CultureInfo.InvariantCulture, out int value) ? value : 0;
        return (forwarding is { } f && f != forwardingThen) || (filter is { } r && r != filterThen);
    }

    /// <summary>ip_forward and conf.all.forwarding write every device's value, so the later line of either kind wins.</summary>
    private static SysctlFileSetting? ConfiguredForwarding(NodeFacts facts, string device) =>
        LastSetting(
            facts,
            key =>
                key is "net.ipv4.ip_forward" or "net.ipv4.conf.all.forwarding"
                || IsKeyOf(key, device, "forwarding")
                || (device != "all" && key == "net.ipv4.conf.default.forwarding")
        );

    private static SysctlFileSetting? Configured(NodeFacts facts, string device, string name)
    {
        // conf.default is what a device gets when it appears later; a line for the device itself decides over it wherever it stands.
        SysctlFileSetting? own = LastSetting(facts, key => IsKeyOf(key, device, name));
        return own ?? (device == "all" ? null : LastSetting(facts, key => key == "net.ipv4.conf.default." + name));
    }

    private static bool IsKeyOf(string key, string device, string name)
    {
        const string prefix = "net.ipv4.conf.";
        if (!key.StartsWith(prefix, StringComparison.Ordinal) || !key.EndsWith("." + name, StringComparison.Ordinal))
            return false;
        string middle = key[prefix.Length..^(name.Length + 1)];
        // sysctl.d(5) expands a glob over the directory of the settings, where "all" and "default" stand too.
        return middle == device.Replace('.', '/') || middle == device || middle == "*";
    }

    private static SysctlFileSetting? LastSetting(NodeFacts facts, Func<string, bool> wanted)
    {
        SysctlFileSetting? last = null;
        foreach (SysctlFileSetting setting in facts.SysctlFiles ?? [])
        {
            // "-key = value" ignores errors; slashes and dots are interchangeable (sysctl.d(5)).
            string key = setting.Key.TrimStart('-').Trim();
            if (key.Contains('/', StringComparison.Ordinal) && !key.Contains('.', StringComparison.Ordinal))
                key = key.Replace('/', '.');
            if (wanted(key))
                last = setting;
        }
        return last;
    }
}
