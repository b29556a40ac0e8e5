using Microsoft.Win32.SafeHandles;
using StackNet.Engine.Facts;
using StackNet.Engine.Sources.Live.Netlink;

namespace StackNet.Engine.Sources.Live;

/// <summary>A network namespace of the node and the descriptor by which a thread enters it.</summary>
internal sealed class NamespaceHandle(string name, SafeFileHandle? descriptor, string? identity) : IDisposable
{
    /// <summary>"" for the root one, the name in /run/netns, or "pid:N".</summary>
    public string Name { get; } = name;

    /// <summary>Null: it could not be opened.</summary>
    public SafeFileHandle? Descriptor { get; } = descriptor;

    /// <summary>"net:[4026531840]" where it could be told.</summary>
    public string? Identity { get; } = identity;

    public void Dispose() => Descriptor?.Dispose();
}

/// <summary>Finds the network namespaces: the root one, those of ip-netns(8), and those that only a process of interest holds.</summary>
internal static class NamespaceList
{
    private static readonly string[] Folders = ["/run/netns", "/var/run/netns"];

    /// <summary>Called on a thread that is inside the node. The root namespace is the first.</summary>
    public static List<NamespaceHandle> Open(NodeEntry node, IReadOnlyList<ProcessScan.Entry> processes, UnreadLog unread)
    {
        NamespaceHandle root = new("", node.Network, IdentityOf(node.Network));
        List<NamespaceHandle> list = [root];
        HashSet<string> seen = root.Identity is null ? [] : [root.Identity];
        foreach (string path in Names())
        {
            string name = Path.GetFileName(path);
            SafeFileHandle? descriptor = Libc.TryOpen(path, out int errno);
            if (descriptor is null)
            {
                unread.Add("namespace", name, UnreadLog.KindOf(errno), $"open {path}: {Libc.Describe(errno)}");
                list.Add(new NamespaceHandle(name, null, null));
                continue;
            }
            string? identity = IdentityOf(descriptor);
            // A name whose mount is gone (a crash, a reboot with a persistent /run) is an ordinary file: nothing to enter.
            if (identity is null)
            {
                descriptor.Dispose();
                unread.Add("namespace", name, UnreadKind.Failed, $"{path} is no network namespace (its mount is gone)");
                continue;
            }
            if (seen.Add(identity))
                list.Add(new NamespaceHandle(name, descriptor, identity));
            else
                descriptor.Dispose();
        }
        foreach (ProcessScan.Entry process in processes)
        {
            if (process.NetworkIdentity is not { } identity || !process.HoldsNamespace || seen.Contains(identity))
                continue;
            SafeFileHandle? descriptor = Libc.TryOpen($"/proc/{process.Pid}/ns/net", out int errno);
            if (descriptor is not null)
                seen.Add(identity);
            else if (errno == Libc.Enoent)
                continue; // it ended meanwhile
            else
                unread.Add(
                    "namespace",
                    $"pid:{process.Pid}",
                    UnreadLog.KindOf(errno),
                    $"open /proc/{process.Pid}/ns/net: {Libc.Describe(errno)}"
                );
            list.Add(new NamespaceHandle($"pid:{process.Pid}", descriptor, identity));
        }
        return list;
    }

    private static IEnumerable<string> Names()
    {
        foreach (string folder in Folders)
        {
            string[] files;
            try
            {
                if (!Directory.Exists(folder))
                    continue;
                files = Directory.GetFiles(folder);
            }
            catch (Exception error) when (error is IOException or UnauthorizedAccessException)
            {
                continue;
            }
            Array.Sort(files, StringComparer.Ordinal);
            return files;
        }
        return [];
    }

    /// <summary>The identity as /proc/PID/ns/net shows it: the inode. Null when the descriptor is no network namespace.</summary>
    private static string? IdentityOf(SafeFileHandle descriptor) =>
        Libc.NamespaceKind(descriptor) == Libc.CloneNewNet && Libc.Inode(descriptor) is { } inode ? $"net:[{inode}]" : null;
}
