using System.Buffers;
using System.ComponentModel;
using System.Diagnostics;
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
        ProcessStartInfo start = new(path)
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            RedirectStandardInput = true,
            UseShellExecute = false,
            WorkingDirectory = "/",
        };
        foreach (string argument in arguments)
            start.ArgumentList.Add(argument);
        // Words and numbers as the parsers know them.
        start.Environment["LC_ALL"] = "C";
        foreach ((string key, string value) in Environment)
            start.Environment[key] = value;
        string command = arguments.IsEmpty ? name : $"{name} {string.Join(' ', arguments)}";
        return Run(start, command);
    }

    private ReadOnlyMemory<byte> Run(ProcessStartInfo start, string command)
    {
        Process process;
        try
        {
            process = Process.Start(start) ?? throw new ToolException(UnreadKind.Failed, $"{command}: could not be started");
        }
        catch (Win32Exception error)
        {
            throw new ToolException(UnreadLog.KindOf(error.NativeErrorCode), $"{command}: {error.Message}");
        }
        using (process)
        {
            process.StandardInput.Close();
            using CancellationTokenSource limit = CancellationTokenSource.CreateLinkedTokenSource(token);
            limit.CancelAfter(options.SourceLimit);
            // Killing is what ends the blocking reads below.
            using CancellationTokenRegistration kill = limit.Token.Register(() => Kill(process));
            Task<string> errors = Task.Run(() => ReadErrors(process.StandardError.BaseStream), CancellationToken.None);
            Task<ReadOnlyMemory<byte>?> output = Task.Run(() => ReadAll(process.StandardOutput.BaseStream), CancellationToken.None);
            bool ended = Wait(process, output, limit.Token);
            token.ThrowIfCancellationRequested();
            if (!ended || limit.IsCancellationRequested)
                throw new ToolException(
                    UnreadKind.TimedOut,
                    $"{command}: did not end within {options.SourceLimit.TotalSeconds:0.#} seconds"
                );
            if (output.Result is not { } bytes)
                throw new ToolException(UnreadKind.Failed, $"{command}: printed more than {options.OutputLimit} bytes");
            if (process.ExitCode == 0)
                return bytes;
            string reason = errors.Wait(TimeSpan.FromSeconds(1)) ? Shorten(errors.Result) : "";
            bool denied =
                reason.Contains("ermission denied", StringComparison.Ordinal)
                || reason.Contains("not permitted", StringComparison.Ordinal)
                || reason.Contains("must be root", StringComparison.Ordinal);
            throw new ToolException(
                denied ? UnreadKind.PermissionDenied : UnreadKind.Failed,
                $"{command}: exit code {process.ExitCode}{(reason.Length > 0 ? ": " + reason : "")}"
            );
        }
    }

    private static bool Wait(Process process, Task<ReadOnlyMemory<byte>?> output, CancellationToken limit)
    {
        try
        {
            output.Wait(limit);
            if (output.Result is null)
                Kill(process);
            process.WaitForExitAsync(limit).GetAwaiter().GetResult();
            return true;
        }
        catch (OperationCanceledException)
        {
            return false;
        }
    }

    private ReadOnlyMemory<byte>? ReadAll(Stream stream)
    {
        byte[] buffer = ArrayPool<byte>.Shared.Rent(64 * 1024);
        int length = 0;
        try
        {
            while (true)
            {
                if (length == buffer.Length)
                {
                    if (length >= options.OutputLimit)
                        return null;
                    byte[] larger = ArrayPool<byte>.Shared.Rent(buffer.Length * 2);
                    buffer.AsSpan(0, length).CopyTo(larger);
                    ArrayPool<byte>.Shared.Return(buffer);
                    buffer = larger;
                }
                int got = stream.Read(buffer, length, buffer.Length - length);
                if (got == 0)
                    return length > options.OutputLimit ? null : buffer.AsSpan(0, length).ToArray();
                length += got;
            }
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }

    // What a tool complains about is quoted in a reason; the rest of a flood is drained and dropped.
    private static string ReadErrors(Stream stream)
    {
        byte[] buffer = new byte[4096];
        int length = 0;
        while (true)
        {
            Span<byte> place = length < buffer.Length ? buffer.AsSpan(length) : new byte[1024];
            int got = stream.Read(place);
            if (got == 0)
                return Encoding.UTF8.GetString(buffer, 0, length);
            if (length < buffer.Length)
                length += got;
        }
    }

    private static string Shorten(string text)
    {
        string line = text.Trim().ReplaceLineEndings("; ");
        return line.Length <= 300 ? line : line[..300] + "…";
    }

    private static void Kill(Process process)
    {
        try
        {
            process.Kill(entireProcessTree: true);
        }
        catch (Exception error) when (error is InvalidOperationException or Win32Exception or NotSupportedException)
        {
            // It ended by itself meanwhile.
        }
    }
}
