using System.Diagnostics;
using System.Globalization;

namespace StackNet.Engine.Labs;

/// <summary>Makes a node: its namespaces first, then everything that does not wait for another thing side by side.</summary>
internal sealed class LabBuilder(LabPlan plan, string stateFolder, CancellationToken token)
{
    // What a router with a faulty route redirects would stay in a guest's route cache when the fault is gone (300 s, ip-sysctl.txt).
    private const string NoRedirects = "net/ipv4/conf/all/accept_redirects=0\nnet/ipv4/conf/default/accept_redirects=0\n";
    private const string NoIpv6 = "-net/ipv6/conf/all/disable_ipv6=1\n-net/ipv6/conf/default/disable_ipv6=1\n";

    /// <summary>Starts the node's process 1 and gives its number on this machine.</summary>
    public async Task<LabNode> StartAsync()
    {
        string script = Path.Join(stateFolder, "lab.pl");
        await File.WriteAllTextAsync(script, Script(), token).ConfigureAwait(false);
        // A session of its own: the end of the maker's terminal or its Ctrl+C is not the node's.
        using Process outer = LabProcess.Start(
            plan.Name,
            "setsid",
            [
                "unshare",
                "--net",
                "--mount",
                "--pid",
                "--uts",
                "--ipc",
                "--fork",
                "--mount-proc",
                "--",
                "perl",
                script,
                "init",
                plan.Name,
                LabPlan.Folder,
                string.Join(',', plan.NamedNamespaces),
                string.Join(',', plan.HiddenNamespaces),
            ]
        );
        using CancellationTokenRegistration kill = token.Register(() => LabProcess.Kill(outer));
        string? word = await outer.StandardOutput.ReadLineAsync(CancellationToken.None).ConfigureAwait(false);
        token.ThrowIfCancellationRequested();
        if (word != "ready")
        {
            string reason = await outer.StandardError.ReadToEndAsync(CancellationToken.None).ConfigureAwait(false);
            throw new LabException(LabFailure.Failed, $"The node did not start: {reason.Trim().ReplaceLineEndings("; ")}", plan.Name);
        }
        int pid =
            LabScan.ChildOf(outer.Id)
            ?? throw new LabException(LabFailure.Failed, "The node's first process was not found in /proc.", plan.Name);
        LabNode node = new(plan, pid);
        node.Write(LabPlan.Folder + "/lab.pl", Script());
        return node;
    }

    public async Task FillAsync(LabNode node)
    {
        WriteFiles(node);
        Task database = StartDatabaseAsync(node);
        Task rules = node.ScriptAsync("", token, "setup", Setup("rules"));
        Task outside = Task.CompletedTask;
        List<Task> all = [];
        try
        {
            await node.ScriptAsync("", token, ["pump", .. plan.Instances.SelectMany(g => new[] { g.Tap, g.Cable })]).ConfigureAwait(false);
            await node.ScriptAsync("", token, "setup", Setup("node")).ConfigureAwait(false);
            outside = OutsideAsync(node);
            all.AddRange(plan.Instances.Select(g => SetUpAsync(node, g.Name)));
            await database.ConfigureAwait(false);
            await StartSwitchAsync(node).ConfigureAwait(false);
            all.AddRange(LabSwitch.Bridges(plan).Select(b => AddFlowsAsync(node, b)));
            await node.ScriptAsync("", token, "setup", Setup("after")).ConfigureAwait(false);
            if (plan.IsHybrid)
                all.Add(SetUpAsync(node, plan.RouterNamespace));
            all.Add(StartDhcpAsync(node));
            await outside.ConfigureAwait(false);
            if (!plan.IsHybrid)
                all.Add(node.ScriptAsync(LabPlan.Upstream, token, "setup", Setup("second")));
        }
        finally
        {
            // Nothing may go on in the background when this ends, whichever step failed.
            await Task.WhenAll([database, rules, outside, .. all]).ConfigureAwait(false);
        }
        await ProveAsync(node).ConfigureAwait(false);
    }

    private async Task OutsideAsync(LabNode node)
    {
        await SetUpAsync(node, LabPlan.Upstream).ConfigureAwait(false);
        await SetUpAsync(node, LabPlan.Internet).ConfigureAwait(false);
    }

    private Task SetUpAsync(LabNode node, string ns) => node.ScriptAsync(ns, token, "setup", Setup(ns));

    private static string Setup(string name) => $"{LabPlan.Folder}/setup/{name}";

    private void WriteFiles(LabNode node)
    {
        void Put(string name, string file, string text) => node.Write($"{Setup(name)}/{file}", text);
        void Answering(string name, string devices)
        {
            Put(name, "sysctl", NoIpv6 + NoRedirects);
            Put(name, "ip", devices);
            Put(name, "iptables", LabRules.Answering());
            Put(name, "serve", "");
        }
        foreach ((string path, string text) in LabFiles.Dhcp(plan))
            node.Write(path, text);
        foreach (LabGuest guest in plan.Instances)
        {
            node.Write($"/run/libvirt/qemu/{guest.Domain}.xml", LabFiles.DomainStatus(plan, guest));
            Answering(guest.Name, LabDevices.Guest(plan, guest));
        }
        Answering(LabPlan.Internet, LabDevices.Internet());
        Put("rules", "ipset", LabRules.IpSets(plan));
        Put("rules", "iptables", LabRules.Node(plan));
        Put("node", "ip", LabDevices.Node(plan));
        Put("node", "after", LabDevices.NodeSettings(plan));
        Put("after", "ip", LabDevices.NodeAfterSwitch(plan));
        Put(LabPlan.Upstream, "sysctl", NoIpv6 + "net/ipv4/ip_forward=1");
        Put(LabPlan.Upstream, "ip", LabDevices.Upstream(plan));
        Put(LabPlan.Upstream, "offload", "up0");
        Put(LabPlan.Upstream, "serve", "");
        Put(plan.DhcpNamespace, "sysctl", NoIpv6);
        Put(plan.DhcpNamespace, "ip", LabDevices.Dhcp(plan));
        Put(plan.DhcpNamespace, "iptables", LabRules.Dhcp());
        if (plan.IsHybrid)
        {
            Put(
                plan.RouterNamespace,
                "sysctl",
                NoIpv6 + "net/ipv4/ip_forward=1\nnet/ipv4/conf/all/arp_ignore=1\nnet/ipv4/conf/all/arp_announce=2"
            );
            Put(plan.RouterNamespace, "ip", LabDevices.Router(plan));
            Put(plan.RouterNamespace, "iptables", LabRules.Router(plan));
        }
        else
        {
            // The write gives every device its value: it comes when all of them are there.
            Put("after", "after", "net/ipv4/ip_forward=1");
            Put("second", "ip", LabDevices.UpstreamSecond(plan));
        }
    }

    private async Task StartDatabaseAsync(LabNode node)
    {
        const string database = "/var/lib/openvswitch/conf.db";
        await node.RunAsync("", "ovsdb-tool", token, "create", database, "/usr/share/openvswitch/vswitch.ovsschema").ConfigureAwait(false);
        await node.RunAsync(
                "",
                "ovsdb-server",
                token,
                database,
                "--remote=punix:/run/openvswitch/db.sock",
                "--remote=db:Open_vSwitch,Open_vSwitch,manager_options",
                "--pidfile=/run/openvswitch/ovsdb-server.pid",
                "--log-file=/var/log/openvswitch/ovsdb-server.log",
                "--detach",
                "--no-chdir"
            )
            .ConfigureAwait(false);
        await node.RunAsync("", "ovs-vsctl", token, [.. LabSwitch.Transaction(plan)]).ConfigureAwait(false);
    }

    // With --detach it answers once the whole of the database is in force: every port is there then.
    private Task StartSwitchAsync(LabNode node) =>
        node.RunAsync(
            "",
            "ovs-vswitchd",
            token,
            "unix:/run/openvswitch/db.sock",
            "--pidfile=/run/openvswitch/ovs-vswitchd.pid",
            "--log-file=/var/log/openvswitch/ovs-vswitchd.log",
            "--detach",
            "--no-chdir"
        );

    private Task AddFlowsAsync(LabNode node, string bridge) =>
        node.RunAsync(
            new LabCommand("", "ovs-ofctl", "-O", "OpenFlow13", "add-flows", bridge, "-") { Input = LabSwitch.Flows(plan, bridge) },
            token
        );

    private async Task StartDhcpAsync(LabNode node)
    {
        await SetUpAsync(node, plan.DhcpNamespace).ConfigureAwait(false);
        await node.RunAsync(plan.DhcpNamespace, "dnsmasq", token, LabFiles.DnsmasqArguments(plan)).ConfigureAwait(false);
    }

    /// <summary>A lab is handed out when a packet has gone the whole way and back.</summary>
    private async Task ProveAsync(LabNode node)
    {
        string text = await node.ScriptAsync(
                plan.Instances[^1].Name,
                token,
                "probe",
                "icmp",
                LabPlan.InternetAddress,
                "0",
                "56",
                "0",
                "20",
                "3"
            )
            .ConfigureAwait(false);
        if (!text.Contains("received=1", StringComparison.Ordinal))
            throw new LabException(
                LabFailure.Failed,
                string.Create(CultureInfo.InvariantCulture, $"The new lab does not carry packets: {text.ReplaceLineEndings(" ")}"),
                plan.Name
            );
    }

    private static string Script()
    {
        using Stream stream = typeof(LabBuilder).Assembly.GetManifestResourceStream("StackNet.Engine.Lab.lab.pl")!;
        using StreamReader reader = new(stream);
        return reader.ReadToEnd();
    }
}
