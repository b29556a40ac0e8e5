using System.Diagnostics;
using System.Runtime.InteropServices;
using StackNet.Engine.Facts;
using StackNet.Engine.Sources.Live;
using StackNet.Engine.Sources.Live.Netlink;

namespace StackNet.Benchmarks;

/// <summary>The big node, built in namespaces of its own under one init; it goes when it is disposed of.</summary>
internal sealed class BigNode : IDisposable
{
    private readonly Process _init;
    private readonly ManualResetEventSlim _end = new();
    private readonly BigNodePlan _plan;

    private BigNode(Process init, int pid, BigNodePlan plan)
    {
        _init = init;
        Pid = pid;
        _plan = plan;
    }

    public int Pid { get; }

    public static BigNode Build(BigNodePlan plan, Action<string> say)
    {
        const string script = """
            mount -t sysfs sysfs /sys
            for d in /run /tmp /var/lib /var/log /etc/openvswitch; do mount -t tmpfs tmpfs $d; done
            mkdir -p /run/netns /run/openvswitch /run/libvirt/qemu /var/lib/openvswitch /var/lib/neutron/dhcp /var/log/openvswitch
            ip link set lo up
            echo ready
            while :; do sleep 1000 & wait; done
            """;
        ProcessStartInfo start = new("unshare")
        {
            RedirectStandardOutput = true,
            RedirectStandardInput = true,
            UseShellExecute = false,
        };
        foreach (string word in (string[])["-n", "-m", "-p", "-u", "--fork", "--kill-child", "--mount-proc", "sh", "-c", script])
            start.ArgumentList.Add(word);
        Process init = Process.Start(start)!;
        if (init.StandardOutput.ReadLine() != "ready")
            throw new InvalidOperationException("The node could not be made (root is needed).");
        int pid = int.Parse(File.ReadAllText($"/proc/{init.Id}/task/{init.Id}/children").Split(' ')[0]);
        BigNode node = new(init, pid, plan);
        try
        {
            node.Fill(say);
            return node;
        }
        catch
        {
            node.Dispose();
            throw;
        }
    }

    /// <summary>Runs a command inside; its output.</summary>
    public string Run(IEnumerable<string> command, string? input = null)
    {
        ProcessStartInfo start = new("nsenter")
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            RedirectStandardInput = true,
            UseShellExecute = false,
        };
        foreach (string word in (string[])["-t", $"{Pid}", "-n", "-m", "-u", "-p", "--"])
            start.ArgumentList.Add(word);
        foreach (string word in command)
            start.ArgumentList.Add(word);
        using Process process = Process.Start(start)!;
        Task<string> output = process.StandardOutput.ReadToEndAsync();
        Task<string> errors = process.StandardError.ReadToEndAsync();
        process.StandardInput.Write(input);
        process.StandardInput.Close();
        process.WaitForExit();
        return process.ExitCode == 0
            ? output.Result
            : throw new InvalidOperationException($"{string.Join(' ', command.Take(6))}: {errors.Result}");
    }

    public void Dispose()
    {
        _end.Set();
        // unshare first (--kill-child): when its child is killed it complains that SIGKILL cannot be given a handler.
        using Process child = Process.GetProcessById(Pid);
        _init.Kill();
        _init.WaitForExit();
        _init.Dispose();
        child.Kill();
    }

    private void Fill(Action<string> say)
    {
        say("taps");
        HoldTaps();
        Run(["ip", "netns", "add", "upstream"]);
        say("links");
        Run(["ip", "-batch", "-"], _plan.Links());
        say("namespaces");
        foreach (string name in _plan.NamespaceNames)
            Run(["ip", "netns", "add", name]);
        say("Open vSwitch");
        StartSwitch();
        foreach (List<string> call in _plan.OvsCalls())
            Run(["ovs-vsctl", .. call]);
        Run(["ip", "-batch", "-"], _plan.Ports());
        Run(["ovs-ofctl", "-O", "OpenFlow13", "add-flows", "br-int", "-"], _plan.IntegrationFlows(PortNumbers("br-int")));
        Run(["ovs-ofctl", "-O", "OpenFlow13", "add-flows", "br-ex", "-"], BigNodePlan.ExternalFlows(PortNumbers("br-ex")));
        say("rules");
        Run(["ipset", "restore"], _plan.Sets());
        Run(["iptables-nft-restore"], _plan.SecurityGroups());
        say("routers");
        Run(["ip", "-n", "upstream", "-batch", "-"], $"link set lo up\nlink set up1 up\naddr add {BigNodePlan.Upstream}/16 dev up1\n");
        for (int n = 0; n < _plan.Networks; n++)
        {
            string router = BigNodePlan.Router(n);
            string dhcp = BigNodePlan.Dhcp(n);
            Run(["ip", "-n", router, "-batch", "-"], BigNodePlan.RouterAddresses(n));
            Run(["ip", "netns", "exec", router, "iptables-nft-restore"], BigNodePlan.RouterRules(n));
            Run(["ip", "netns", "exec", router, "sysctl", "-qw", "net.ipv4.ip_forward=1"]);
            Run(["ip", "-n", dhcp, "-batch", "-"], BigNodePlan.DhcpAddresses(n));
            Run(["ip", "netns", "exec", dhcp, "iptables-nft-restore"], BigNodePlan.DhcpRules(v6: false));
            Run(["ip", "netns", "exec", dhcp, "ip6tables-nft-restore"], BigNodePlan.DhcpRules(v6: true));
        }
        // The upstream router is no part of the node: without its name only a process holds it, one that no reader looks for.
        Run(["sh", "-c", "ip netns exec upstream sleep 1000000 >/dev/null 2>&1 </dev/null & sleep 0.3; ip netns delete upstream"]);
        say("files");
        WriteFiles();
    }

    private void StartSwitch()
    {
        Run(["ovsdb-tool", "create", "/var/lib/openvswitch/conf.db", "/usr/share/openvswitch/vswitch.ovsschema"]);
        Run([
            "ovsdb-server",
            "/var/lib/openvswitch/conf.db",
            "--remote=punix:/run/openvswitch/db.sock",
            "--pidfile=/run/openvswitch/ovsdb-server.pid",
            "--detach",
            "--no-chdir",
            "--log-file=/var/log/openvswitch/s.log",
        ]);
        Run(["ovs-vsctl", "--no-wait", "init"]);
        Run([
            "ovs-vswitchd",
            "unix:/run/openvswitch/db.sock",
            "--pidfile=/run/openvswitch/ovs-vswitchd.pid",
            "--detach",
            "--no-chdir",
            "--log-file=/var/log/openvswitch/v.log",
        ]);
    }

    private Dictionary<string, int> PortNumbers(string bridge)
    {
        Dictionary<string, int> numbers = [];
        foreach (OpenFlowPort port in Engine.Sources.Text.OvsOfctlShowText.Parse(Run(["ovs-ofctl", "-O", "OpenFlow13", "show", bridge])))
            numbers[port.Name] = port.Number;
        return numbers;
    }

    // A folder of /proc/PID/root is the node's own file tree.
    private void WriteFiles()
    {
        string root = $"/proc/{Pid}/root";
        for (int n = 0; n < _plan.Networks; n++)
        {
            string folder = $"{root}/var/lib/neutron/dhcp/{BigNodePlan.NetworkId(n)}";
            Directory.CreateDirectory(folder);
            File.WriteAllText(folder + "/host", _plan.Hosts(n));
            File.WriteAllText(folder + "/opts", BigNodePlan.Options(n));
            File.WriteAllText(folder + "/leases", "");
            File.WriteAllText(folder + "/interface", "tap" + BigNodePlan.Uuid(3, n)[..11]);
        }
        for (int i = 0; i < _plan.Instances; i++)
            File.WriteAllText($"{root}/run/libvirt/qemu/instance-{i:x8}.xml", _plan.Domain(i));
    }

    /// <summary>Opens every tap as QEMU would and keeps it open: a tap that nobody holds has no carrier.</summary>
    private void HoldTaps()
    {
        using ManualResetEventSlim ready = new();
        Exception? failure = null;
        Thread thread = new(() =>
        {
            List<int> held = [];
            try
            {
                using NodeEntry entry = NodeEntry.Open(Pid);
                entry.Enter();
                foreach (string tap in _plan.Taps)
                    held.Add(OpenTap(tap));
            }
            catch (Exception error)
            {
                failure = error;
            }
            ready.Set();
            _end.Wait();
            held.ForEach(fd => _ = Libc.Close(fd));
        })
        {
            IsBackground = true,
        };
        thread.Start();
        ready.Wait();
        if (failure is not null)
            throw failure;
    }

    private static unsafe int OpenTap(string name)
    {
        const int readWrite = 2;
        const nuint setInterface = 0x400454ca; // TUNSETIFF
        int fd = Libc.OpenAt(-100, "/dev/net/tun", readWrite | Libc.CloseOnExec, 0);
        byte* request = stackalloc byte[40];
        new Span<byte>(request, 40).Clear();
        System.Text.Encoding.ASCII.GetBytes(name, new Span<byte>(request, 16));
        *(short*)(request + 16) = 0x1002; // IFF_TAP | IFF_NO_PI
        if (fd < 0 || Libc.Ioctl(fd, setInterface, request) != 0)
            throw new IOException($"{name}: {Libc.Describe(Marshal.GetLastPInvokeError())}");
        return fd;
    }
}
