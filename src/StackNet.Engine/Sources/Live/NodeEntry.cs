using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;
using StackNet.Engine.Sources.Live.Netlink;

namespace StackNet.Engine.Sources.Live;

/// <summary>The way into the node: nothing for this machine, the namespaces of a process for a lab. Used on dedicated threads only.</summary>
internal sealed class NodeEntry : IDisposable
{
    private readonly SafeFileHandle? _mount;
    private readonly SafeFileHandle? _names;

    private NodeEntry(SafeFileHandle network, SafeFileHandle hostProcesses, SafeFileHandle? mount, SafeFileHandle? names)
    {
        Network = network;
        HostProcesses = hostProcesses;
        _mount = mount;
        _names = names;
    }

    /// <summary>The root network namespace of the node.</summary>
    public SafeFileHandle Network { get; }

    /// <summary>
    /// /proc as this process sees it. A thread that entered a lab sees the lab's /proc, where it has no entry of its own
    /// (another pid namespace), so "thread-self" is asked here.
    /// </summary>
    public SafeFileHandle HostProcesses { get; }

    /// <summary>True when threads are moved into another process's namespaces.</summary>
    public bool IsForeign => _mount is not null;

    public static NodeEntry Open(int? pid)
    {
        string own = pid is null ? "/proc/thread-self/ns/" : $"/proc/{pid}/ns/";
        SafeFileHandle processes = Need("/proc", Libc.OpenDirectory);
        SafeFileHandle network = Need(own + "net");
        return pid is null
            ? new NodeEntry(network, processes, null, null)
            : new NodeEntry(network, processes, Need(own + "mnt"), Need(own + "uts"));
    }

    /// <summary>Moves the calling thread into the node.</summary>
    public void Enter()
    {
        if (_mount is null)
            return;
        // A thread shares root and working directory with its process; a mount namespace can only be entered without that (setns(2)).
        Check(Libc.Unshare(Libc.CloneFs), "unshare(CLONE_FS)");
        Check(Libc.SetNamespace(Handle(_mount), Libc.CloneNewMount), "setns(mount namespace)");
        if (_names is not null)
            Check(Libc.SetNamespace(Handle(_names), Libc.CloneNewUts), "setns(host name namespace)");
        Check(Libc.SetNamespace(Handle(Network), Libc.CloneNewNet), "setns(network namespace)");
    }

    /// <summary>Moves the calling thread into a network namespace; 0 or the errno.</summary>
    public static int TryEnterNetwork(SafeFileHandle network) =>
        Libc.SetNamespace(Handle(network), Libc.CloneNewNet) == 0 ? 0 : Marshal.GetLastPInvokeError();

    public void Dispose()
    {
        Network.Dispose();
        HostProcesses.Dispose();
        _mount?.Dispose();
        _names?.Dispose();
    }

    private static int Handle(SafeFileHandle handle) => (int)handle.DangerousGetHandle();

    private static SafeFileHandle Need(string path, int flags = Libc.OpenReadOnly) =>
        Libc.TryOpen(path, out int errno, flags) ?? throw Failure($"open {path}", errno);

    private static void Check(int result, string what)
    {
        if (result != 0)
            throw Failure(what, Marshal.GetLastPInvokeError());
    }

    private static Exception Failure(string what, int errno)
    {
        string text = $"{what}: {Libc.Describe(errno)}";
        return errno is Libc.Eperm or Libc.Eacces ? new UnauthorizedAccessException(text) : new IOException(text);
    }
}
