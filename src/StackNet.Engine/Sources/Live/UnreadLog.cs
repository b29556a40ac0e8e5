using System.Collections.Concurrent;
using StackNet.Engine.Facts;
using StackNet.Engine.Sources.Live.Netlink;

namespace StackNet.Engine.Sources.Live;

/// <summary>Collects what could not be read, from all threads.</summary>
internal sealed class UnreadLog
{
    private readonly ConcurrentBag<UnreadFact> _facts = [];

    public void Add(string source, string? ns, UnreadKind kind, string reason) => _facts.Add(new UnreadFact(source, ns, kind, reason));

    /// <summary>Runs one reading; when it fails, notes why and gives null (never an empty answer).</summary>
    public T? Try<T>(string source, string? ns, Func<T> read)
        where T : class?
    {
        try
        {
            return read();
        }
        catch (Exception error) when (error is not OperationCanceledException)
        {
            Add(source, ns, KindOf(error), error.Message);
            return null;
        }
    }

    public static UnreadKind KindOf(Exception error) =>
        error switch
        {
            NetlinkException netlink => KindOf(netlink.Errno),
            ToolException tool => tool.Kind,
            UnauthorizedAccessException => UnreadKind.PermissionDenied,
            TimeoutException => UnreadKind.TimedOut,
            System.Net.Sockets.SocketException { SocketErrorCode: System.Net.Sockets.SocketError.AccessDenied } =>
                UnreadKind.PermissionDenied,
            System.Net.Sockets.SocketException { SocketErrorCode: System.Net.Sockets.SocketError.TimedOut } => UnreadKind.TimedOut,
            System.Net.Sockets.SocketException => UnreadKind.DaemonDown,
            FormatException or System.Text.Json.JsonException => UnreadKind.Malformed,
            _ => UnreadKind.Failed,
        };

    public static UnreadKind KindOf(int errno) =>
        errno switch
        {
            Libc.Eperm or Libc.Eacces => UnreadKind.PermissionDenied,
            Libc.Eagain => UnreadKind.TimedOut,
            Libc.Enoent or Libc.Eopnotsupp or Libc.Eprotonosupport => UnreadKind.ToolMissing,
            _ => UnreadKind.Failed,
        };

    /// <summary>Everything, in an order that does not depend on the threads.</summary>
    public IReadOnlyList<UnreadFact> ToList() =>
        [
            .. _facts
                .OrderBy(f => f.Namespace ?? "", StringComparer.Ordinal)
                .ThenBy(f => f.Source, StringComparer.Ordinal)
                .ThenBy(f => f.Reason, StringComparer.Ordinal),
        ];
}
