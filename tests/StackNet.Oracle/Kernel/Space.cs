using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;
using StackNet.Engine.Sources.Live;
using StackNet.Engine.Sources.Live.Netlink;

namespace StackNet.Oracle.Kernel;

/// <summary>A throw-away network namespace. It lives as long as this object: nothing is mounted anywhere.</summary>
internal sealed class Space : IDisposable
{
    private static readonly LiveOptions Limits = new() { SourceLimit = TimeSpan.FromSeconds(60) };
    private static int _files;
    private readonly SafeFileHandle _handle;

    /// <summary>Makes it and leaves the calling thread (one made for this work) inside.</summary>
    public Space()
    {
        if (Libc.Unshare(Libc.CloneNewNet) != 0)
            throw new IOException($"unshare: {Libc.Describe(Marshal.GetLastPInvokeError())}");
        _handle = Libc.TryOpen("/proc/thread-self/ns/net", out int errno) ?? throw new IOException(Libc.Describe(errno));
    }

    /// <summary>A path that ip(8) takes for the namespace.</summary>
    public string Path => $"/proc/{Environment.ProcessId}/fd/{_handle.DangerousGetHandle()}";

    /// <summary>Moves the calling thread in.</summary>
    public void Enter()
    {
        if (Libc.SetNamespace((int)_handle.DangerousGetHandle(), Libc.CloneNewNet) != 0)
            throw new IOException($"setns: {Libc.Describe(Marshal.GetLastPInvokeError())}");
    }

    /// <summary>Runs a tool inside.</summary>
    public string Run(string tool, params ReadOnlySpan<string> arguments)
    {
        Enter();
        return new Tool(Limits, CancellationToken.None).RunText(tool, arguments);
    }

    /// <summary>Runs a tool that reads a text from a file, whose name is put last.</summary>
    public void Feed(string text, string tool, params ReadOnlySpan<string> arguments)
    {
        string file = $"/dev/shm/stacknet-oracle-{Environment.ProcessId}-{Interlocked.Increment(ref _files)}";
        File.WriteAllText(file, text);
        try
        {
            Run(tool, [.. arguments, file]);
        }
        finally
        {
            File.Delete(file);
        }
    }

    /// <summary>Writes a kernel setting of the namespace; false when there is none of that name.</summary>
    public bool Set(string key, string value)
    {
        Enter();
        try
        {
            File.WriteAllText("/proc/sys/" + SettingPath(key), value);
            return true;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return false;
        }
    }

    /// <summary>Dots become folders; a dot inside of a device name stands as '/' in the key, as sysctl(8) has it.</summary>
    private static string SettingPath(string key) =>
        string.Create(
            key.Length,
            key,
            static (path, k) =>
            {
                for (int i = 0; i < k.Length; i++)
                    path[i] = k[i] switch
                    {
                        '.' => '/',
                        '/' => '.',
                        char c => c,
                    };
            }
        );

    public void Dispose() => _handle.Dispose();
}
