using System.Collections;
using System.Runtime.InteropServices;
using System.Text;
using StackNet.Engine.Sources.Live.Netlink;

namespace StackNet.Engine.Sources.Live;

/// <summary>
/// A child of the calling thread, started with posix_spawn(3) and waited for with poll(2). <see cref="System.Diagnostics.Process"/> hands
/// its waiting to the thread pool, and a pool thread that is born on a thread inside another namespace stays in that namespace for good:
/// whoever works on it later would read the wrong node. So nothing here starts a thread or queues work.
/// </summary>
internal sealed unsafe partial class ChildProcess : IDisposable
{
    private const int Kill = 9;
    private const int BrokenPipe = 13;
    private const short ProcessGroup = 2; // POSIX_SPAWN_SETPGROUP
    private const short DefaultSignals = 4; // POSIX_SPAWN_SETSIGDEF
    private const short SignalMask = 8; // POSIX_SPAWN_SETSIGMASK

    // posix_spawn_file_actions_t, posix_spawnattr_t and sigset_t have 80, 336 and 128 bytes with glibc and musl.
    private const int Opaque = 1024;

    private readonly Lock _lock = new();
    private readonly int _pid;
    private int _output;
    private int _errors;
    private bool _ended;

    private ChildProcess(int pid, int output, int errors)
    {
        _pid = pid;
        _output = output;
        _errors = errors;
    }

    /// <summary>Read end of its standard output.</summary>
    public int Output => _output;

    /// <summary>Read end of its standard error.</summary>
    public int Errors => _errors;

    /// <summary>Starts a program with the environment of this process and <paramref name="variables"/>; null with the errno.</summary>
    public static ChildProcess? TryStart(
        string path,
        ReadOnlySpan<string> arguments,
        IEnumerable<KeyValuePair<string, string>> variables,
        out int errno
    )
    {
        int* output = stackalloc int[2];
        int* errors = stackalloc int[2];
        if (Pipe(output, Libc.CloseOnExec) != 0)
        {
            errno = Marshal.GetLastPInvokeError();
            return null;
        }
        if (Pipe(errors, Libc.CloseOnExec) != 0)
        {
            errno = Marshal.GetLastPInvokeError();
            _ = Libc.Close(output[0]);
            _ = Libc.Close(output[1]);
            return null;
        }
        errno = Spawn(path, arguments, variables, output[1], errors[1], out int pid);
        _ = Libc.Close(output[1]);
        _ = Libc.Close(errors[1]);
        if (errno == 0)
            return new ChildProcess(pid, output[0], errors[0]);
        _ = Libc.Close(output[0]);
        _ = Libc.Close(errors[0]);
        return null;
    }

    /// <summary>Waits until one of the two pipes has something or ended; false when the time is over.</summary>
    public bool Poll(TimeSpan time, out bool output, out bool errors)
    {
        PollEntry* entries = stackalloc PollEntry[2];
        entries[0] = new PollEntry { Descriptor = _output, Events = 1 };
        entries[1] = new PollEntry { Descriptor = _errors, Events = 1 };
        int ready = PollDescriptors(entries, 2, (int)Math.Clamp(time.TotalMilliseconds, 0, int.MaxValue));
        output = entries[0].Returned != 0;
        errors = entries[1].Returned != 0;
        return ready > 0;
    }

    /// <summary>What a pipe has; empty at its end, which also closes it.</summary>
    public int Read(bool errors, Span<byte> place)
    {
        ref int descriptor = ref errors ? ref _errors : ref _output;
        fixed (byte* data = place)
        {
            nint got = Libc.Read(descriptor, data, place.Length);
            if (got > 0)
                return (int)got;
        }
        _ = Libc.Close(descriptor);
        descriptor = -1; // poll(2) leaves a negative descriptor out
        return 0;
    }

    /// <summary>The exit code (128 + N when signal N ended it), null when it has not ended in time.</summary>
    public int? Wait(TimeSpan time)
    {
        long end = Environment.TickCount64 + (long)time.TotalMilliseconds;
        // With its pipes closed a tool is about to end: the first looks are quick.
        for (int pause = 0; ; pause = Math.Min(pause + 1, 20))
        {
            int status;
            lock (_lock)
            {
                int got = WaitFor(_pid, &status, 1); // WNOHANG
                if (got != 0)
                {
                    _ended = true;
                    if (got != _pid)
                        return 255; // somebody else has reaped it
                    return (status & 0x7f) == 0 ? (status >> 8) & 0xff : 128 + (status & 0x7f);
                }
            }
            if (Environment.TickCount64 >= end)
                return null;
            if (pause == 0)
                Thread.Yield();
            else
                Thread.Sleep(pause);
        }
    }

    /// <summary>Kills it and what it started. May be called from any thread.</summary>
    public void Stop()
    {
        lock (_lock)
        {
            if (!_ended)
                _ = Signal(-_pid, Kill);
        }
    }

    public void Dispose()
    {
        if (!_ended)
        {
            Stop();
            // One that hangs inside the kernel is left to itself.
            _ = Wait(TimeSpan.FromSeconds(1));
        }
        if (_output >= 0)
            _ = Libc.Close(_output);
        if (_errors >= 0)
            _ = Libc.Close(_errors);
        _output = _errors = -1;
    }

    private static int Spawn(
        string path,
        ReadOnlySpan<string> arguments,
        IEnumerable<KeyValuePair<string, string>> variables,
        int output,
        int errors,
        out int pid
    )
    {
        byte* actions = stackalloc byte[Opaque];
        byte* attributes = stackalloc byte[Opaque];
        byte* signals = stackalloc byte[Opaque];
        List<nint> texts = [];
        _ = InitActions(actions);
        _ = InitAttributes(attributes);
        try
        {
            _ = AddOpen(actions, 0, "/dev/null", Libc.OpenReadOnly, 0);
            _ = AddDuplicate(actions, output, 1);
            _ = AddDuplicate(actions, errors, 2);
            _ = SetFlags(attributes, ProcessGroup | DefaultSignals | SignalMask);
            _ = EmptySet(signals);
            _ = SetMask(attributes, signals);
            // The runtime ignores SIGPIPE, and what is ignored stays so in a child.
            _ = AddToSet(signals, BrokenPipe);
            _ = SetDefaults(attributes, signals);
            byte** words = stackalloc byte*[arguments.Length + 2];
            words[0] = Text(texts, path);
            for (int i = 0; i < arguments.Length; i++)
                words[i + 1] = Text(texts, arguments[i]);
            words[arguments.Length + 1] = null;
            List<string> environment = Variables(variables);
            byte** settings = stackalloc byte*[environment.Count + 1];
            for (int i = 0; i < environment.Count; i++)
                settings[i] = Text(texts, environment[i]);
            settings[environment.Count] = null;
            int child;
            int errno = PosixSpawn(&child, path, actions, attributes, words, settings);
            pid = child;
            return errno;
        }
        finally
        {
            _ = DestroyActions(actions);
            _ = DestroyAttributes(attributes);
            texts.ForEach(Marshal.FreeCoTaskMem);
        }
    }

    private static List<string> Variables(IEnumerable<KeyValuePair<string, string>> variables)
    {
        Dictionary<string, string> all = [];
        foreach (DictionaryEntry entry in Environment.GetEnvironmentVariables())
            all[(string)entry.Key] = (string?)entry.Value ?? "";
        foreach ((string key, string value) in variables)
            all[key] = value;
        return [.. all.Select(v => $"{v.Key}={v.Value}")];
    }

    private static byte* Text(List<nint> texts, string text)
    {
        nint place = Marshal.StringToCoTaskMemUTF8(text);
        texts.Add(place);
        return (byte*)place;
    }

    /// <summary>struct pollfd.</summary>
    [StructLayout(LayoutKind.Sequential)]
    internal struct PollEntry
    {
        public int Descriptor;
        public short Events;
        public short Returned;
    }

    [LibraryImport("libc", EntryPoint = "pipe2", SetLastError = true)]
    private static partial int Pipe(int* ends, int flags);

    [LibraryImport("libc", EntryPoint = "poll", SetLastError = true)]
    private static partial int PollDescriptors(PollEntry* entries, nuint count, int milliseconds);

    [LibraryImport("libc", EntryPoint = "waitpid", SetLastError = true)]
    private static partial int WaitFor(int pid, int* status, int options);

    [LibraryImport("libc", EntryPoint = "kill", SetLastError = true)]
    private static partial int Signal(int pid, int signal);

    [LibraryImport("libc", EntryPoint = "posix_spawn", StringMarshalling = StringMarshalling.Utf8)]
    private static partial int PosixSpawn(int* pid, string path, void* actions, void* attributes, byte** arguments, byte** environment);

    [LibraryImport("libc", EntryPoint = "posix_spawn_file_actions_init")]
    private static partial int InitActions(void* actions);

    [LibraryImport("libc", EntryPoint = "posix_spawn_file_actions_destroy")]
    private static partial int DestroyActions(void* actions);

    [LibraryImport("libc", EntryPoint = "posix_spawn_file_actions_adddup2")]
    private static partial int AddDuplicate(void* actions, int from, int to);

    [LibraryImport("libc", EntryPoint = "posix_spawn_file_actions_addopen", StringMarshalling = StringMarshalling.Utf8)]
    private static partial int AddOpen(void* actions, int descriptor, string path, int flags, uint mode);

    [LibraryImport("libc", EntryPoint = "posix_spawnattr_init")]
    private static partial int InitAttributes(void* attributes);

    [LibraryImport("libc", EntryPoint = "posix_spawnattr_destroy")]
    private static partial int DestroyAttributes(void* attributes);

    [LibraryImport("libc", EntryPoint = "posix_spawnattr_setflags")]
    private static partial int SetFlags(void* attributes, short flags);

    [LibraryImport("libc", EntryPoint = "posix_spawnattr_setsigdefault")]
    private static partial int SetDefaults(void* attributes, void* signals);

    [LibraryImport("libc", EntryPoint = "posix_spawnattr_setsigmask")]
    private static partial int SetMask(void* attributes, void* signals);

    [LibraryImport("libc", EntryPoint = "sigemptyset")]
    private static partial int EmptySet(void* signals);

    [LibraryImport("libc", EntryPoint = "sigaddset")]
    private static partial int AddToSet(void* signals, int signal);
}
