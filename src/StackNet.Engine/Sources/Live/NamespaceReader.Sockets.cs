using System.Globalization;
using StackNet.Engine.Facts;
using StackNet.Engine.Sources.Live.Netlink;

namespace StackNet.Engine.Sources.Live;

/// <summary>
/// Listening sockets. The kernel keeps those of all namespaces in one table and searches all of it for each question, so two small files
/// are asked first which kinds this namespace has.
/// </summary>
internal sealed partial class NamespaceReader
{
    private List<ListeningSocket> ReadListening()
    {
        List<ListeningSocket> sockets = [];
        SocketReader? reader = null;
        try
        {
            foreach (bool v6 in (ReadOnlySpan<bool>)[false, true])
            {
                string file = v6 ? "thread-self/net/sockstat6" : "thread-self/net/sockstat";
                string? counts = KernelFiles.TryRead(file, out int errno, node.HostProcesses, whole: true);
                if (counts is null && v6 && errno == Libc.Enoent)
                    continue; // the kernel has no IPv6
                foreach (byte protocol in (ReadOnlySpan<byte>)[SocketReader.Tcp, SocketReader.Udp])
                {
                    string name = (protocol == SocketReader.Tcp ? "TCP" : "UDP") + (v6 ? "6:" : ":");
                    if (counts is not null && InUse(counts, name) == 0)
                        continue;
                    reader ??= new SocketReader(new NetlinkSocket(Libc.NetlinkSocketDiagnosis, options.SourceLimit), token);
                    reader.Read(sockets, protocol, v6);
                }
            }
        }
        finally
        {
            reader?.Dispose();
        }
        return sockets;
    }

    /// <summary>"TCP: inuse 5 orphan 0 …": the number of sockets; null when the line is not there.</summary>
    internal static int? InUse(ReadOnlySpan<char> counts, ReadOnlySpan<char> name)
    {
        const string word = " inuse ";
        foreach (ReadOnlySpan<char> line in counts.EnumerateLines())
        {
            if (!line.StartsWith(name) || !line[name.Length..].StartsWith(word))
                continue;
            ReadOnlySpan<char> number = line[(name.Length + word.Length)..];
            int end = number.IndexOf(' ');
            return int.TryParse(end < 0 ? number : number[..end], NumberStyles.None, CultureInfo.InvariantCulture, out int count)
                ? count
                : null;
        }
        return null;
    }
}
