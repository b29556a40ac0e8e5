using System.ComponentModel;
using System.Diagnostics;
using System.Globalization;
using System.Text;

namespace StackNet.Engine.Labs;

/// <summary>What /proc tells about the processes of a lab.</summary>
internal static class LabScan
{
    /// <summary>The (only) child of a process.</summary>
    public static int? ChildOf(int parent)
    {
        foreach (int pid in Processes())
        {
            if (Stat(pid) is { } stat && stat.Parent == parent)
                return pid;
        }
        return null;
    }

    /// <summary>When a process began, in the kernel's ticks: tells it from a later one of the same number. Null: it is gone or a zombie.</summary>
    public static long? StartOf(int pid) => Stat(pid) is { State: not 'Z' and not 'X' } stat ? stat.Start : null;

    /// <summary>Processes that carry the lab's mark in their environment, this one left out.</summary>
    public static List<int> Marked(string lab)
    {
        byte[] mark = Encoding.UTF8.GetBytes($"{LabProcess.Mark}={lab}\0");
        List<int> found = [];
        foreach (int pid in Processes())
        {
            if (pid == Environment.ProcessId || Stat(pid) is not { State: not 'Z' and not 'X' })
                continue;
            try
            {
                byte[] environment = File.ReadAllBytes($"/proc/{pid}/environ");
                int at = environment.AsSpan().IndexOf(mark);
                if (at == 0 || (at > 0 && environment[at - 1] == 0))
                    found.Add(pid);
            }
            catch (Exception error) when (error is IOException or UnauthorizedAccessException)
            {
                // It ended meanwhile, or is the kernel's own.
            }
        }
        return found;
    }

    public static void Kill(int pid)
    {
        try
        {
            using Process process = Process.GetProcessById(pid);
            process.Kill();
        }
        catch (Exception error) when (error is ArgumentException or InvalidOperationException or Win32Exception)
        {
            // It ended meanwhile.
        }
    }

    private static IEnumerable<int> Processes()
    {
        foreach (string folder in Directory.EnumerateDirectories("/proc"))
        {
            if (int.TryParse(Path.GetFileName(folder.AsSpan()), NumberStyles.None, CultureInfo.InvariantCulture, out int pid))
                yield return pid;
        }
    }

    private static (char State, int Parent, long Start)? Stat(int pid)
    {
        try
        {
            string text = File.ReadAllText($"/proc/{pid}/stat");
            // The name in parentheses may hold anything, also blanks and parentheses: fields are counted from its end (proc(5)).
            string[] fields = text[(text.LastIndexOf(')') + 2)..].Split(' ');
            return (fields[0][0], int.Parse(fields[1], CultureInfo.InvariantCulture), long.Parse(fields[19], CultureInfo.InvariantCulture));
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }
}
