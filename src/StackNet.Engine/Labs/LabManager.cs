using System.IO.Enumeration;
using StackNet.Engine.Facts;
using StackNet.Engine.Sources.Live;

namespace StackNet.Engine.Labs;

/// <summary>Makes, finds and removes labs.</summary>
internal static partial class LabManager
{
    // What a lab runs, and the Debian package that has it. util-linux and perl-base are on every Debian.
    private static readonly (string Tool, string Package)[] Tools =
    [
        ("ip", "iproute2"),
        ("iptables-restore", "iptables"),
        ("nft", "nftables"),
        ("ipset", "ipset"),
        ("ovsdb-tool", "openvswitch-switch"),
        ("ovsdb-server", "openvswitch-switch"),
        ("ovs-vswitchd", "openvswitch-switch"),
        ("ovs-vsctl", "openvswitch-switch"),
        ("ovs-ofctl", "openvswitch-switch"),
        ("dnsmasq", "dnsmasq-base"),
        ("perl", "perl-base"),
        ("nsenter", "util-linux"),
        ("unshare", "util-linux"),
        ("setsid", "util-linux"),
        ("mount", "mount"),
    ];

    /// <summary>There once br_netfilter is; of the network namespace that reads it.</summary>
    private const string BridgeSettings = "/proc/sys/net/bridge";

    /// <summary>Names of faults, to put in and to take out.</summary>
    public static IReadOnlyList<LabFault> Faults => LabFaults.All.ConvertAll(f => f.ToNoun());

    /// <summary>Whoever enters a lab's namespaces must be root; nsenter would say so in words of its own.</summary>
    private static void RequireRoot(string lab)
    {
        if (!IsRoot)
            throw NotRoot(lab);
    }

    /// <summary>Throws what stands in the way of making labs here.</summary>
    public static void CheckMachine(string? lab = null)
    {
        if (Obstacle(IsRoot, tool => LabProcess.Find(tool) is not null, File.Exists("/dev/net/tun"), lab) is { } obstacle)
            throw obstacle;
    }

    private static bool IsRoot => OperatingSystem.IsLinux() && Environment.IsPrivilegedProcess;

    private static LabException NotRoot(string? lab) =>
        new(LabFailure.NotRoot, "A lab needs root: it makes namespaces and devices (in namespaces of its own).", lab);

    internal static LabException? Obstacle(bool isRoot, Func<string, bool> has, bool hasTun, string? lab)
    {
        if (!isRoot)
            return NotRoot(lab);
        string[] packages = [.. Tools.Where(t => !has(t.Tool)).Select(t => t.Package).Distinct()];
        if (packages.Length > 0)
            return new(
                LabFailure.MissingPackage,
                $"A lab needs packages that are not installed: apt-get install {string.Join(' ', packages)}",
                lab
            )
            {
                Missing = packages,
            };
        return hasTun
            ? null
            : new(LabFailure.MissingPackage, "A lab needs /dev/net/tun (kernel module tun).", lab) { Missing = ["/dev/net/tun"] };
    }

    /// <summary>Makes a lab; nothing is left when it fails or is cancelled.</summary>
    public static async Task<Lab> CreateAsync(LabOptions options, CancellationToken token)
    {
        if (options.Name is { } wanted)
            CheckName(wanted);
        if (options.InstanceCount is < 1 or > LabPlan.LargestCount)
            throw new LabException(LabFailure.InvalidArgument, $"A lab has 1 to {LabPlan.LargestCount} instances.", options.Name);
        foreach (string fault in options.Faults)
            LabFaults.Find(fault, options.Layout, options.InstanceCount, options.Name);
        CheckMachine(options.Name);
        LabRecord record = Claim(options);
        string name = record.Name;
        bool filtersBridges = Directory.Exists(BridgeSettings);
        try
        {
            LabBuilder builder = new(new LabPlan(name, options.Layout, options.InstanceCount), LabStore.Folder(name), token);
            LabNode node = await builder.StartAsync().ConfigureAwait(false);
            record = record with { Pid = node.Pid, Start = LabScan.StartOf(node.Pid) ?? 0 };
            LabStore.Save(record);
            await builder.FillAsync(node).ConfigureAwait(false);
            if (!filtersBridges)
                KeepBridgesUnfiltered();
            LabStore.Save(record with { Finished = true });
            foreach (string fault in options.Faults)
                await AddFaultAsync(name, fault, token).ConfigureAwait(false);
        }
        catch
        {
            await RemoveAsync(name, CancellationToken.None).ConfigureAwait(false);
            throw;
        }
        return Get(name)[0];
    }

    /// <summary>
    /// The lab's rules (physdev) load br_netfilter, which begins with 1 in every namespace (br_netfilter_hooks.c, brnf_init_net): the
    /// bridges of this machine would meet its rules all of a sudden. They go on as before.
    /// </summary>
    private static void KeepBridgesUnfiltered()
    {
        foreach (string key in (string[])["bridge-nf-call-iptables", "bridge-nf-call-ip6tables", "bridge-nf-call-arptables"])
        {
            string path = Path.Join(BridgeSettings, key);
            if (File.Exists(path))
                File.WriteAllText(path, "0");
        }
    }

    /// <summary>The labs whose names fit the pattern (* and ?).</summary>
    public static IReadOnlyList<Lab> Get(string pattern = "*") =>
        [.. LabStore.Names().Where(n => FileSystemName.MatchesSimpleExpression(pattern, n, ignoreCase: true)).Select(Describe)];

    /// <summary>Removes a lab or what is left of one; false: there was nothing of that name.</summary>
    public static async Task<bool> RemoveAsync(string name, CancellationToken token)
    {
        RequireRoot(name);
        CheckName(name);
        LabRecord? record = LabStore.Load(name);
        bool any = Directory.Exists(LabStore.Folder(name));
        // Process 1 takes everything in the node with it: processes, then namespaces, mounts and devices, which nobody holds any more.
        if (record is { Pid: > 0 } && LabScan.StartOf(record.Pid) == record.Start)
            LabScan.Kill(record.Pid);
        for (int tries = 0; tries < 200; tries++)
        {
            List<int> left = LabScan.Marked(name);
            if (left.Count == 0)
            {
                LabStore.Delete(name);
                return any || tries > 0;
            }
            any = true;
            if (tries > 0 || record is not { Pid: > 0 })
                left.ForEach(LabScan.Kill);
            await Task.Delay(tries < 10 ? 10 : 50, token).ConfigureAwait(false);
        }
        throw new LabException(LabFailure.Failed, $"Processes of the lab '{name}' do not end.", name);
    }

    /// <summary>Reads the node of a lab as a real one is read.</summary>
    public static Task<NodeFacts> ReadAsync(string name, CancellationToken token) =>
        LiveReader.ReadAsync(new LiveOptions { NodePid = Open(name).Node.Pid }, token);

    private static (LabNode Node, LabRecord Record) Open(string name)
    {
        RequireRoot(name);
        CheckName(name);
        LabRecord? record = LabStore.Load(name);
        if (record is null || !IsRunning(record))
            throw new LabException(LabFailure.NotFound, $"There is no running lab named '{name}'.", name);
        return (new LabNode(new LabPlan(record.Name, record.Layout, record.InstanceCount), record.Pid), record);
    }

    private static bool IsRunning(LabRecord record) => record.Pid > 0 && LabScan.StartOf(record.Pid) == record.Start;

    private static Lab Describe(string name)
    {
        LabRecord? record = LabStore.Load(name);
        if (record is null)
            return new Lab
            {
                Name = name,
                Layout = LabLayout.Hybrid,
                State = LabState.Leftover,
            };
        LabPlan plan = new(record.Name, record.Layout, record.InstanceCount);
        LabNode? node = record.Finished && IsRunning(record) ? new LabNode(plan, record.Pid) : null;
        return new Lab
        {
            Name = name,
            Layout = plan.Layout,
            State = node is null ? LabState.Leftover : LabState.Running,
            NodePid = node?.Pid,
            NamespacePath = node?.NamespacePath(""),
            Instance = [.. plan.Instances.Select(g => Describe(plan, g, node))],
            InternetAddress = System.Net.IPAddress.Parse(LabPlan.InternetAddress),
            ExternalGateway = System.Net.IPAddress.Parse(plan.ExternalGateway),
            RouterNamespace = plan.IsHybrid ? plan.RouterNamespace : null,
            NamespaceFile = node is null
                ? []
                :
                [
                    .. plan.IsHybrid ? new[] { "router=" + node.NamespacePath(plan.RouterNamespace) } : [],
                    "dhcp=" + node.NamespacePath(plan.DhcpNamespace),
                    "upstream=" + node.NamespacePath(LabPlan.Upstream),
                    "internet=" + node.NamespacePath(LabPlan.Internet),
                ],
            Fault = record.Faults,
        };
    }

    private static LabInstance Describe(LabPlan plan, LabGuest guest, LabNode? node) =>
        new()
        {
            Name = guest.Name,
            InstanceId = guest.InstanceId,
            PortId = guest.Port.Id,
            Address = guest.Address,
            MacAddress = guest.Port.Mac,
            TapDevice = guest.Tap,
            FloatingAddress = plan.IsHybrid && guest.Index == 0 ? System.Net.IPAddress.Parse(plan.FloatingAddress) : null,
            NamespacePath = node?.NamespacePath(guest.Name),
        };

    /// <summary>Takes the name that is asked for, or the first that is free.</summary>
    private static LabRecord Claim(LabOptions options)
    {
        LabRecord record = new()
        {
            Name = options.Name ?? "lab1",
            Layout = options.Layout,
            InstanceCount = options.InstanceCount,
        };
        for (int number = 2; ; number++)
        {
            try
            {
                LabStore.Claim(record);
                return record;
            }
            catch (LabException taken) when (options.Name is null && taken.Reason == LabFailure.AlreadyExists)
            {
                record = record with { Name = "lab" + number.ToString(System.Globalization.CultureInfo.InvariantCulture) };
            }
        }
    }

    private static void CheckName(string name)
    {
        bool good =
            name.Length is > 0 and <= 40
            && char.IsAsciiLetterOrDigit(name[0])
            && name.All(c => char.IsAsciiLetterOrDigit(c) || c is '-' or '_');
        if (!good)
            throw new LabException(
                LabFailure.InvalidName,
                "The name of a lab has letters, digits, dashes and underscores, at most 40, and begins with a letter or digit."
            );
    }
}
