using StackNet.Engine.Facts;
using StackNet.Engine.Sources.Text;

namespace StackNet.Engine.Sources.Live;

/// <summary>Files of the node that say how it is meant to be: sysctl.d, agent configuration, SELinux, os-release, services.</summary>
internal sealed class HostFiles(LiveOptions options, UnreadLog unread, CancellationToken token)
{
    private const int LargestFile = 4 << 20;

    // Precedence of sysctl.d(5): the first folder that has a file of a name masks the same name in the others.
    private static readonly string[] SysctlFolders =
    [
        "/etc/sysctl.d",
        "/run/sysctl.d",
        "/usr/local/lib/sysctl.d",
        "/usr/lib/sysctl.d",
        "/lib/sysctl.d",
    ];

    private static readonly string[] AgentFiles =
    [
        "/etc/neutron/plugins/ml2/openvswitch_agent.ini",
        "/etc/neutron/plugins/ml2/linuxbridge_agent.ini",
        "/etc/neutron/plugins/ml2/ml2_conf.ini",
        "/etc/neutron/plugin.ini",
        "/etc/neutron/openvswitch_agent.ini",
        "/etc/neutron/l3_agent.ini",
        "/etc/neutron/dhcp_agent.ini",
        "/etc/neutron/neutron_ovn_metadata_agent.ini",
    ];

    private static readonly string[] SecretWords = ["password", "secret", "transport_url", "connection", "token", "private_key"];

    private static readonly string[] Units =
    [
        "iptables.service",
        "ip6tables.service",
        "nftables.service",
        "netfilter-persistent.service",
        "firewalld.service",
        "ufw.service",
        "openvswitch-switch.service",
        "openvswitch.service",
        "libvirtd.service",
        "neutron-openvswitch-agent.service",
        "neutron-linuxbridge-agent.service",
        "neutron-l3-agent.service",
        "neutron-dhcp-agent.service",
        "nova-compute.service",
        "openstack-nova-compute.service",
    ];

    /// <summary>Host name, kernel and distribution.</summary>
    public static NodeFacts ReadIdentity(NodeFacts facts) =>
        facts with
        {
            HostName = KernelFiles.TryRead("/proc/sys/kernel/hostname", out _) ?? Environment.MachineName,
            KernelVersion = KernelFiles.TryRead("/proc/sys/kernel/osrelease", out _),
            OperatingSystem = ReadText("/etc/os-release") is { } text ? NodeTexts.ParseOsRelease(text) : null,
        };

    /// <summary>Everything else.</summary>
    public NodeFacts Read(NodeFacts facts) =>
        facts with
        {
            Selinux = ReadSelinux(),
            Services = ReadServices(),
            SysctlFiles = unread.Try("sysctl.d", null, ReadSysctlFiles),
            ConfigFiles = ReadConfiguration(),
        };

    /// <summary>The text of an ordinary file; null when it is not there, cannot be read or is far too long to be what it should.</summary>
    public static string? ReadText(string path)
    {
        try
        {
            FileInfo file = new(path);
            return file.Exists && file.Length <= LargestFile ? File.ReadAllText(path) : null;
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }

    private static SelinuxFacts ReadSelinux()
    {
        // No selinuxfs: the kernel has no SELinux or it was switched off at boot.
        string? running = KernelFiles.TryRead("/sys/fs/selinux/enforce", out int errno) switch
        {
            "1" => "enforcing",
            "0" => "permissive",
            null when errno == Netlink.Libc.Enoent => "disabled",
            _ => null,
        };
        string? configured = null;
        foreach (string line in (ReadText("/etc/selinux/config") ?? "").Split('\n'))
        {
            if (line.StartsWith("SELINUX=", StringComparison.Ordinal))
                configured = line[8..].Trim().ToLowerInvariant();
        }
        return new SelinuxFacts(running, configured);
    }

    private List<ServiceFacts>? ReadServices()
    {
        // sd_booted(3): without this folder the service manager is not systemd.
        if (!Directory.Exists("/run/systemd/system"))
            return null;
        string? text = unread.Try(
            "services",
            null,
            () =>
                new Tool(options, token).RunText(
                    "systemctl",
                    ["show", "--no-pager", "--property=Id,LoadState,ActiveState,UnitFileState", "--", .. Units]
                )
        );
        return text is null ? null : ParseUnits(text);
    }

    /// <summary>systemctl show: "Key=value" lines, an empty line between units; a unit that does not exist has LoadState=not-found.</summary>
    internal static List<ServiceFacts> ParseUnits(string text)
    {
        List<ServiceFacts> services = [];
        foreach (string block in text.ReplaceLineEndings("\n").Split("\n\n", StringSplitOptions.RemoveEmptyEntries))
        {
            Dictionary<string, string> values = [];
            foreach (string line in block.Split('\n'))
            {
                int equals = line.IndexOf('=', StringComparison.Ordinal);
                if (equals > 0)
                    values[line[..equals]] = line[(equals + 1)..];
            }
            if (!values.TryGetValue("Id", out string? id) || values.GetValueOrDefault("LoadState") == "not-found")
                continue;
            string enabled = values.GetValueOrDefault("UnitFileState", "");
            services.Add(new ServiceFacts(id, values.GetValueOrDefault("ActiveState", "unknown"), enabled.Length == 0 ? null : enabled));
        }
        return services;
    }

    private static List<SysctlFileSetting> ReadSysctlFiles()
    {
        Dictionary<string, string> files = new(StringComparer.Ordinal);
        foreach (string folder in SysctlFolders)
        {
            if (!Directory.Exists(folder))
                continue;
            foreach (string path in Directory.GetFiles(folder, "*.conf"))
                files.TryAdd(Path.GetFileName(path), path);
        }
        List<SysctlFileSetting> settings = [];
        foreach (string path in files.OrderBy(f => f.Key, StringComparer.Ordinal).Select(f => f.Value))
            AddSettings(settings, path);
        // procps reads it last ("sysctl --system"); systemd only through a link among the others, which then is in the list already.
        bool linked = files.Values.Any(f => File.ResolveLinkTarget(f, returnFinalTarget: true)?.FullName == "/etc/sysctl.conf");
        if (!linked)
            AddSettings(settings, "/etc/sysctl.conf");
        return settings;
    }

    private static void AddSettings(List<SysctlFileSetting> settings, string path)
    {
        if (ReadText(path) is { } text)
            settings.AddRange(ParseSysctlFile(path, text));
    }

    /// <summary>sysctl.d(5): "key = value", "-key = value" (failure is no matter); '#' and ';' begin comments.</summary>
    internal static IEnumerable<SysctlFileSetting> ParseSysctlFile(string path, string text)
    {
        int number = 0;
        foreach (string raw in text.Split('\n'))
        {
            number++;
            string line = raw.Trim();
            int equals = line.IndexOf('=', StringComparison.Ordinal);
            if (equals <= 0 || line[0] is '#' or ';')
                continue;
            string key = line[..equals].Trim().TrimStart('-').Trim();
            yield return new SysctlFileSetting(path, number, Normalize(key), line[(equals + 1)..].Trim());
        }
    }

    // If the first separator is a slash, dots and slashes have changed places (sysctl.d(5)).
    private static string Normalize(string key)
    {
        int first = key.AsSpan().IndexOfAny('/', '.');
        if (first < 0 || key[first] == '.')
            return key;
        return string.Create(
            key.Length,
            key,
            static (span, source) =>
            {
                for (int i = 0; i < span.Length; i++)
                    span[i] = source[i] switch
                    {
                        '/' => '.',
                        '.' => '/',
                        var c => c,
                    };
            }
        );
    }

    private static Dictionary<string, string>? ReadConfiguration()
    {
        Dictionary<string, string> files = [];
        foreach (string path in AgentFiles)
        {
            if (ReadText(path) is { } text)
                files.TryAdd(Path.GetFileName(path), WithoutSecrets(text));
        }
        return files.Count == 0 ? null : files;
    }

    /// <summary>What was read may be shown to others: lines that carry passwords or addresses with passwords lose their value.</summary>
    internal static string WithoutSecrets(string text)
    {
        string[] lines = text.Split('\n');
        for (int i = 0; i < lines.Length; i++)
        {
            int equals = lines[i].IndexOf('=', StringComparison.Ordinal);
            if (equals > 0 && Array.Exists(SecretWords, w => lines[i].AsSpan(0, equals).Contains(w, StringComparison.OrdinalIgnoreCase)))
                lines[i] = lines[i][..(equals + 1)] + " ***";
        }
        return string.Join('\n', lines);
    }
}
