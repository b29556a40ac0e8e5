using System.Buffers;
using System.Text;
using StackNet.Engine.Facts;

namespace StackNet.Engine.Sources.Live;

/// <summary>
/// Runs other programs: arguments as a list (nothing goes through a shell), with a time limit and a limit for what they print.
/// A child inherits the namespaces of the thread that starts it, so a tool is started on the thread that entered its namespace.
/// </summary>
internal sealed class Tool(LiveOptions options, CancellationToken token)
{
    private static readonly string[] Folders = ["/usr/sbin", "/usr/bin", "/sbin", "/bin", "/usr/local/sbin", "/usr/local/bin"];

    /// <summary>Extra variables for the child, e.g. OVS_RUNDIR.</summary>
    public IReadOnlyDictionary<string, string> Environment { get; init; } = new Dictionary<string, string>();

    /// <summary>Full path of a tool, null when it is in none of the usual folders. (PATH of a user often lacks the sbin ones.)</summary>
    public static string? Find(string name)
    {
        foreach (string folder in Folders)
        {
            string path = Path.Join(folder, name);
            if (File.Exists(path))
                return path;
        }
        return null;
    }

    /// <summary>Standard output as text; anything but success is a <see cref="ToolException"/>.</summary>
    public string RunText(string name, params ReadOnlySpan<string> arguments) => Encoding.UTF8.GetString(Run(name, arguments).Span);

    /// <summary>Standard output; anything but success is a <see cref="ToolException"/>.</summary>
    public ReadOnlyMemory<byte> Run(string name, params ReadOnlySpan<string> arguments)
    {
        token.ThrowIfCancellationRequested();
        string path = Find(name) ?? throw new ToolException(UnreadKind.ToolMissing, $"{name} is not installed");
        string command = arguments.IsEmpty ? name : $"{name} {string.Join(' ', arguments)}";
        // Words and numbers as the parsers know them.
        IEnumerable<KeyValuePair<string, string>> variables = Environment.Append(new("LC_ALL", "C"));
        using ChildProcess child =
            ChildProcess.TryStart(path, arguments, variables, out int errno)
            ?? throw new ToolException(UnreadLog.KindOf(errno), $"{command}: {Netlink.Libc.Describe(errno)}");
        // Killing is what ends the waiting below.
        using CancellationTokenRegistration stop = token.Register(child.Stop);
        return Collect(child, command);
    }

    private ReadOnlyMemory<byte> Collect(ChildProcess child, string command)
    {
        long deadline = System.Environment.TickCount64 + (long)options.SourceLimit.TotalMilliseconds;
        Span<byte> complaints = stackalloc byte[4096];
        Span<byte> drain = stackalloc byte[512];
        byte[] buffer = ArrayPool<byte>.Shared.Rent(64 * 1024);
        int complained = 0;
        int length = 0;
        try
        {
            while (child.Output >= 0 || child.Errors >= 0)
            {
                if (!child.Poll(Left(deadline, command), out bool output, out bool errors))
                    continue;
                if (output)
                {
                    if (length == buffer.Length)
                        buffer = Larger(buffer, command);
                    length += child.Read(errors: false, buffer.AsSpan(length));
                }
                // What a tool complains about is quoted in a reason; the rest of a flood is drained and dropped.
                if (errors)
                {
                    Span<byte> place = complained < complaints.Length ? complaints[complained..] : drain;
                    int got = child.Read(errors: true, place);
                    complained += complained < complaints.Length ? got : 0;
                }
            }
            int? code;
            while ((code = child.Wait(Left(deadline, command))) is null) { }
            token.ThrowIfCancellationRequested();
            if (code == 0)
                return buffer.AsSpan(0, length).ToArray();
            throw Failure(command, code.Value, Shorten(Encoding.UTF8.GetString(complaints[..complained])));
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }

    private TimeSpan Left(long deadline, string command)
    {
        token.ThrowIfCancellationRequested();
        long left = deadline - System.Environment.TickCount64;
        return left > 0
            ? TimeSpan.FromMilliseconds(left)
            : throw new ToolException(UnreadKind.TimedOut, $"{command}: did not end within {options.SourceLimit.TotalSeconds:0.#} seconds");
    }

    private byte[] Larger(byte[] buffer, string command)
    {
        if (buffer.Length >= options.OutputLimit)
            throw new ToolException(UnreadKind.Failed, $"{command}: printed more than {options.OutputLimit} bytes");
        byte[] larger = ArrayPool<byte>.Shared.Rent(buffer.Length * 2);
        buffer.CopyTo(larger, 0);
        ArrayPool<byte>.Shared.Return(buffer);
        return larger;
    }

    private static ToolException Failure(string command, int code, string reason)
    {
        bool denied =
            reason.Contains("ermission denied", StringComparison.Ordinal)
            || reason.Contains("not permitted", StringComparison.Ordinal)
            || reason.Contains("must be root", StringComparison.Ordinal);
        return new ToolException(
            denied ? UnreadKind.PermissionDenied : UnreadKind.Failed,
            $"{command}: exit code {code}{(reason.Length > 0 ? ": " + reason : "")}"
        );
    }

    private static string Shorten(string text)
    {
        string line = text.Trim().ReplaceLineEndings("; ");
        return line.Length <= 300 ? line : line[..300] + "…";
    }
}
