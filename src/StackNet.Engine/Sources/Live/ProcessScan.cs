using System.Globalization;
using System.Text;
using StackNet.Engine.Facts;
using StackNet.Engine.Sources.Live.Netlink;

namespace StackNet.Engine.Sources.Live;

/// <summary>The processes that matter for the network, from /proc of the node.</summary>
internal static class ProcessScan
{
    // What a node of OpenStack runs: agents, switches, DHCP, guests, the metadata proxy, VRRP, router advertisements.
    private static readonly string[] Interesting =
    [
        "neutron-",
        "nova-",
        "dnsmasq",
        "qemu",
        "ovs",
        "ovn",
        "haproxy",
        "keepalived",
        "radvd",
        "libvirtd",
        "virtqemud",
        "dhclient",
        "conntrackd",
        "bird",
        "frr",
        "zebra",
    ];

    /// <summary>A process with the network namespace that it is in, when that could be told.</summary>
    internal sealed record Entry(int Pid, string User, string CommandLine, string? NetworkIdentity)
    {
        /// <summary>Processes by which a namespace without a name is looked for.</summary>
        public bool HoldsNamespace { get; init; }

        public string[] Arguments { get; init; } = [];
    }

    public static List<Entry> Scan(UnreadLog unread)
    {
        List<Entry> list = [];
        Dictionary<uint, string> users = Users();
        bool denied = false;
        foreach (string folder in Directory.EnumerateDirectories("/proc"))
        {
            if (!int.TryParse(Path.GetFileName(folder.AsSpan()), NumberStyles.None, CultureInfo.InvariantCulture, out int pid))
                continue;
            // comm is short and cheap: most processes are left at it.
            if (KernelFiles.TryRead(folder + "/comm", out _) is not { } comm || !MayMatter(comm))
                continue;
            string[] arguments = Arguments(folder);
            string command = arguments.Length == 0 ? $"[{comm}]" : string.Join(' ', arguments);
            if (arguments.Length == 0 || !Matters(arguments, comm))
                continue;
            string? identity = KernelFiles.TryReadLink(folder + "/ns/net");
            denied |= identity is null && Directory.Exists(folder);
            list.Add(
                new Entry(pid, Owner(folder, users), command, identity)
                {
                    Arguments = arguments,
                    HoldsNamespace =
                        !comm.StartsWith("neutron-", StringComparison.Ordinal) && !comm.StartsWith("nova-", StringComparison.Ordinal),
                }
            );
        }
        if (denied)
            unread.Add(
                "processes",
                null,
                UnreadKind.PermissionDenied,
                "the network namespace of some processes cannot be told (/proc/PID/ns/net)"
            );
        list.Sort((a, b) => a.Pid.CompareTo(b.Pid));
        return list;
    }

    public static IReadOnlyList<ProcessFacts> Facts(IReadOnlyList<Entry> processes, IReadOnlyList<NamespaceHandle> namespaces)
    {
        Dictionary<string, string> names = [];
        foreach (NamespaceHandle ns in namespaces)
        {
            if (ns.Identity is not null)
                names.TryAdd(ns.Identity, ns.Name);
        }
        return
        [
            .. processes.Select(p => new ProcessFacts(p.Pid, p.User, p.CommandLine)
            {
                Namespace = p.NetworkIdentity is not null && names.TryGetValue(p.NetworkIdentity, out string? name) ? name : null,
            }),
        ];
    }

    /// <summary>True when a process of that program runs (the program's file name is the word, or begins with it and a digit or dash).</summary>
    public static bool Runs(IReadOnlyList<Entry> processes, string program) =>
        processes.Any(p => Path.GetFileName(p.Arguments[0]).StartsWith(program, StringComparison.Ordinal));

    private static bool MayMatter(string comm) =>
        comm.StartsWith("python", StringComparison.Ordinal)
        || Array.Exists(Interesting, word => comm.Contains(word, StringComparison.Ordinal));

    // A Python agent is "python3 /usr/bin/neutron-l3-agent …"; setproctitle makes it "neutron-l3-agent (/usr/bin/python3 …)".
    private static bool Matters(string[] arguments, string comm)
    {
        if (!comm.StartsWith("python", StringComparison.Ordinal))
            return true;
        return arguments
            .Take(3)
            .Any(a => Array.Exists(Interesting, word => Path.GetFileName(a).StartsWith(word, StringComparison.Ordinal)));
    }

    private static string[] Arguments(string folder)
    {
        try
        {
            string text = Encoding.UTF8.GetString(File.ReadAllBytes(folder + "/cmdline"));
            return text.TrimEnd('\0').Split('\0', StringSplitOptions.None) is [""] ? [] : text.TrimEnd('\0').Split('\0');
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            return [];
        }
    }

    private static string Owner(string folder, Dictionary<uint, string> users)
    {
        string? status = KernelFiles.TryRead(folder + "/status", out _, whole: true);
        int at = status?.IndexOf("\nUid:\t", StringComparison.Ordinal) ?? -1;
        if (at < 0)
            return "";
        ReadOnlySpan<char> rest = status.AsSpan(at + 6);
        // Uid: real, effective, saved, file system; ps shows the effective one.
        int tab = rest.IndexOf('\t');
        rest = tab < 0 ? rest : rest[(tab + 1)..];
        int end = rest.IndexOf('\t');
        return uint.TryParse(end < 0 ? rest : rest[..end], NumberStyles.None, CultureInfo.InvariantCulture, out uint uid)
            ? users.GetValueOrDefault(uid, uid.ToString(CultureInfo.InvariantCulture))
            : "";
    }

    private static Dictionary<uint, string> Users()
    {
        Dictionary<uint, string> users = [];
        try
        {
            foreach (string line in File.ReadLines("/etc/passwd"))
            {
                string[] parts = line.Split(':');
                if (parts.Length > 2 && uint.TryParse(parts[2], NumberStyles.None, CultureInfo.InvariantCulture, out uint uid))
                    users.TryAdd(uid, parts[0]);
            }
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            // Numbers stand in their place.
        }
        return users;
    }
}
