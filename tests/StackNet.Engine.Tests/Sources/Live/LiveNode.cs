using System.Diagnostics;
using Xunit;

namespace StackNet.Engine.Tests.Sources.Live;

/// <summary>
/// A small node of its own for a test: network, mount, pid and host name namespaces under one init, gone when that is killed.
/// Nothing of the machine's own network is touched.
/// </summary>
internal sealed class LiveNode : IDisposable
{
    private readonly Process _init;

    private LiveNode(Process init, int pid)
    {
        _init = init;
        Pid = pid;
    }

    /// <summary>The init of the node, as the machine numbers it.</summary>
    public int Pid { get; }

    /// <summary>Why no node can be made here; null when it can.</summary>
    public static string? Missing(params string[] tools)
    {
        if (Environment.UserName != "root")
            return "needs root";
        return Array.Find(tools, t => Tool(t) is null) is { } tool ? $"{tool} is not installed" : null;
    }

    public static LiveNode Start()
    {
        // The init reaps orphans (a plain sleep would leave zombies) and says when it is ready.
        const string script = """
            mount -t sysfs sysfs /sys
            mount -t tmpfs tmpfs /run
            mount -t tmpfs tmpfs /var/lib
            mount -t tmpfs tmpfs /etc/openvswitch 2>/dev/null
            mkdir -p /run/netns
            ip link set lo up
            echo ready
            while :; do sleep 1000 & wait; done
            """;
        ProcessStartInfo start = new(Tool("unshare")!)
        {
            RedirectStandardOutput = true,
            RedirectStandardInput = true,
            UseShellExecute = false,
        };
        foreach (string word in (string[])["-n", "-m", "-p", "-u", "--fork", "--kill-child", "--mount-proc", "sh", "-c", script])
            start.ArgumentList.Add(word);
        Process init = Process.Start(start)!;
        string? line = init.StandardOutput.ReadLine();
        Assert.Equal("ready", line);
        string children = File.ReadAllText($"/proc/{init.Id}/task/{init.Id}/children").Trim();
        return new LiveNode(init, int.Parse(children.Split(' ')[0]));
    }

    /// <summary>Runs a script of the test (never text from elsewhere) inside the node; its output.</summary>
    public string Run(string script, bool check = true)
    {
        ProcessStartInfo start = new(Tool("nsenter")!)
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            RedirectStandardInput = true,
            UseShellExecute = false,
        };
        foreach (string word in (string[])["-t", $"{Pid}", "-n", "-m", "-u", "-p", "sh", "-ec", script])
            start.ArgumentList.Add(word);
        using Process process = Process.Start(start)!;
        process.StandardInput.Close();
        Task<string> errors = process.StandardError.ReadToEndAsync();
        string output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        if (check && process.ExitCode != 0)
            Assert.Fail($"exit code {process.ExitCode} of:\n{script}\n{errors.Result}");
        return output;
    }

    public ReadOnlyMemory<byte> Bytes(string script) => System.Text.Encoding.UTF8.GetBytes(Run(script));

    public void Dispose()
    {
        // The kernel ends everything in the pid namespace with its init, and the init with unshare (--kill-child). The other way round
        // unshare would want to end by the same signal and complain that SIGKILL cannot be given a handler.
        using Process child = Process.GetProcessById(Pid);
        _init.Kill();
        _init.WaitForExit();
        _init.Dispose();
        child.Kill();
    }

    private static string? Tool(string name) =>
        ((string[])["/usr/sbin", "/usr/bin", "/sbin", "/bin"]).Select(f => Path.Join(f, name)).FirstOrDefault(File.Exists);
}
