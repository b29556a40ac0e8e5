using System.Text;
using StackNet.Engine.Facts;
using StackNet.Engine.Sources.Text;

namespace StackNet.Engine.Sources.Capture;

/// <summary>One entry to one fact, or to the reason why there is none.</summary>
internal sealed partial class CaptureNode
{
    private delegate T TextParser<out T>(ReadOnlySpan<char> text);

    private T? ReadText<T>(string ns, string source, string file, TextParser<T?> parse, bool partial = false, bool node = false)
        where T : class => Read(ns, source, file, bytes => parse(Decode(bytes)), partial, node);

    private T? ReadJson<T>(string ns, string source, string file, Func<ReadOnlyMemory<byte>, T?> parse)
        where T : class => Read(ns, source, file, bytes => parse(bytes));

    private T? Read<T>(string ns, string source, string file, Func<byte[], T?> parse, bool partial = false, bool node = false)
        where T : class
    {
        string? about = node ? null : ns;
        if (_source.Find(ns, file) is not { } entry)
        {
            Miss(source, about, UnreadKind.NotCaptured, $"the capture holds no output of '{CaptureNames.CommandOf(file)}' ({file})");
            return null;
        }
        return ReadEntry(source, about, entry, Array.IndexOf(CaptureNames.Privileged, file) >= 0, partial, parse);
    }

    private T? ReadEntry<T>(string source, string? ns, CaptureEntry entry, bool privileged, bool partial, Func<byte[], T?> parse)
        where T : class
    {
        _token.ThrowIfCancellationRequested();
        if (entry.Content is not { } content)
        {
            Miss(source, ns, UnreadKind.NotCaptured, $"'{entry.Command}' is listed, and its output is not in the capture");
            return null;
        }
        bool failed = entry.Status is not (null or 0);
        if (failed && !partial)
        {
            Miss(source, ns, KindOf(entry), $"'{entry.Command}' ended with status {entry.Status}{Complaint(entry)}");
            return null;
        }
        byte[] bytes = content();
        if (JsonText.IsBlank(bytes))
        {
            if (failed || IsDenied(entry.Errors))
            {
                Miss(source, ns, KindOf(entry), $"'{entry.Command}' printed nothing{Complaint(entry)}");
                return null;
            }
            if (privileged && entry.Status is null && !_source.ShowsRights)
            {
                Miss(
                    source,
                    ns,
                    UnreadKind.PermissionDenied,
                    $"'{entry.Command}' printed nothing, its exit status was not kept, and nothing shows that the capture was made with rights"
                );
                return null;
            }
        }
        try
        {
            return parse(bytes);
        }
        catch (TextFormatException e)
        {
            throw new CaptureException(CaptureError.Corrupt, entry.Label, e.Message, e.Line, e.Offset, e);
        }
        catch (Exception e) when (e is FormatException or InvalidOperationException or OverflowException or ArgumentException)
        {
            throw new CaptureException(CaptureError.Corrupt, entry.Label, e.Message, null, null, e);
        }
    }

    private void Miss(string source, string? ns, UnreadKind kind, string reason)
    {
        lock (_gate)
            _unread.Add(new UnreadFact(source, ns, kind, reason));
    }

    private static string Decode(byte[] bytes) => Encoding.UTF8.GetString(bytes);

    private static string Complaint(CaptureEntry entry)
    {
        if (string.IsNullOrWhiteSpace(entry.Errors))
            return "";
        ReadOnlySpan<char> text = entry.Errors.AsSpan().Trim();
        int end = text.IndexOf('\n');
        ReadOnlySpan<char> line = end < 0 ? text : text[..end].TrimEnd();
        return line.Length > 200 ? $": {line[..200]}…" : $": {line}";
    }

    private static bool IsDenied(string? errors) =>
        errors is not null
        && (
            errors.Contains("ermission denied", StringComparison.Ordinal)
            || errors.Contains("peration not permitted", StringComparison.Ordinal)
            || errors.Contains("must be root", StringComparison.Ordinal)
            || errors.Contains("CAP_NET_ADMIN", StringComparison.Ordinal)
        );

    private static UnreadKind KindOf(CaptureEntry entry)
    {
        string errors = entry.Errors ?? "";
        if (IsDenied(errors))
            return UnreadKind.PermissionDenied;
        // Statuses of a shell (127, 126), of timeout(1) (124) and of a process ended by SIGKILL (137).
        if (entry.Status == 127 || errors.Contains("command not found", StringComparison.Ordinal))
            return UnreadKind.ToolMissing;
        if (entry.Status is 124 or 137 || errors.Contains("timed out", StringComparison.OrdinalIgnoreCase))
            return UnreadKind.TimedOut;
        bool noDaemon =
            errors.Contains("connection failed", StringComparison.Ordinal)
            || errors.Contains("Connection refused", StringComparison.Ordinal)
            || errors.Contains("failed to connect", StringComparison.Ordinal)
            || errors.Contains("cannot read pidfile", StringComparison.Ordinal);
        return noDaemon ? UnreadKind.DaemonDown : UnreadKind.Failed;
    }
}
