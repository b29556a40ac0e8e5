using System.Globalization;
using StackNet.Engine.Facts;
using StackNet.Engine.Sources.Text;

namespace StackNet.Engine.Sources.Live;

/// <summary>
/// dnsmasq's servers and files: those of the DHCP agent (a folder a network) and those that a running dnsmasq names in its arguments
/// (nova-network, another state path).
/// </summary>
internal sealed class DhcpReader(IReadOnlyList<ProcessScan.Entry> processes, IReadOnlyList<ProcessFacts> facts, UnreadLog unread)
{
    private static readonly string[] AgentFolders = ["/var/lib/neutron/dhcp", "/var/lib/quantum/dhcp"];

    /// <summary>Null: nothing of the kind is here, or it could not be read (then that is noted).</summary>
    public IReadOnlyList<DhcpNetworkFacts>? Read()
    {
        Dictionary<string, DhcpNetworkFacts> networks = new(StringComparer.Ordinal);
        bool any = false;
        foreach (string folder in AgentFolders)
        {
            if (!Directory.Exists(folder))
                continue;
            any = true;
            foreach (string network in unread.Try("dhcp", null, () => Directory.GetDirectories(folder)) ?? [])
                networks.TryAdd(Path.GetFileName(network), ReadFolder(network));
        }
        for (int i = 0; i < processes.Count; i++)
        {
            if (Path.GetFileName(processes[i].Arguments[0]) != "dnsmasq")
                continue;
            any = true;
            AddServer(networks, processes[i], facts[i]);
        }
        return any ? [.. networks.Values.OrderBy(n => n.NetworkId, StringComparer.Ordinal)] : null;
    }

    private DhcpNetworkFacts ReadFolder(string folder)
    {
        string? pid = HostFiles.ReadText(Path.Join(folder, "pid"));
        return new DhcpNetworkFacts
        {
            NetworkId = Path.GetFileName(folder),
            Interface = HostFiles.ReadText(Path.Join(folder, "interface"))?.Trim(),
            Pid =
                int.TryParse(pid?.Trim(), NumberStyles.None, CultureInfo.InvariantCulture, out int number) && IsDnsmasq(number)
                    ? number
                    : null,
            Hosts = DnsmasqFiles.ParseHosts(Text(Path.Join(folder, "host"))),
            Leases = DnsmasqFiles.ParseLeases(Text(Path.Join(folder, "leases"))),
            Options = DnsmasqFiles.ParseOptions(Text(Path.Join(folder, "opts"))),
        };
    }

    private void AddServer(Dictionary<string, DhcpNetworkFacts> networks, ProcessScan.Entry process, ProcessFacts known)
    {
        string? hosts = Argument(process, "--dhcp-hostsfile");
        string? leases = Argument(process, "--dhcp-leasefile");
        string? options = Argument(process, "--dhcp-optsfile");
        if (hosts is null && leases is null)
            return; // a resolver, not a DHCP server of instances
        // The agent: DHCP/NETWORK/host; nova-network: /var/lib/nova/networks/nova-BRIDGE.conf.
        string file = hosts ?? leases!;
        bool agent = Path.GetFileName(file) is "host" or "leases";
        string id = agent ? Path.GetFileName(Path.GetDirectoryName(file)) ?? file : Path.GetFileNameWithoutExtension(file);
        if (!agent && id.StartsWith("nova-", StringComparison.Ordinal))
            id = id[5..];
        DhcpNetworkFacts network = networks.TryGetValue(id, out DhcpNetworkFacts? read)
            ? read
            : new DhcpNetworkFacts
            {
                NetworkId = id,
                Hosts = hosts is null ? [] : DnsmasqFiles.ParseHosts(Text(hosts)),
                Leases = leases is null ? [] : DnsmasqFiles.ParseLeases(Text(leases)),
                Options = options is null ? [] : DnsmasqFiles.ParseOptions(Text(options)),
            };
        networks[id] = network with
        {
            Namespace = known.Namespace,
            Interface = Argument(process, "--interface") ?? network.Interface ?? (agent ? null : id),
            Pid = process.Pid,
        };
    }

    private bool IsDnsmasq(int pid) => processes.Any(p => p.Pid == pid && Path.GetFileName(p.Arguments[0]) == "dnsmasq");

    private static string? Argument(ProcessScan.Entry process, string name)
    {
        foreach (string argument in process.Arguments)
        {
            if (argument.Length > name.Length && argument[name.Length] == '=' && argument.StartsWith(name, StringComparison.Ordinal))
                return argument[(name.Length + 1)..];
        }
        return null;
    }

    private string Text(string path)
    {
        if (HostFiles.ReadText(path) is { } text)
            return text;
        if (File.Exists(path))
            unread.Add("dhcp", null, UnreadKind.PermissionDenied, $"{path} may not be read");
        return "";
    }
}
