using System.Diagnostics;
using System.Text;
using System.Text.RegularExpressions;
using Xunit;

namespace StackNet.Engine.Tests.Labs;

/// <summary>What a lab could leave behind on the machine: devices, named namespaces, mounts, files, processes; and what it could change.</summary>
internal sealed partial record LabTraces(string Devices, string Namespaces, string Mounts, string Network)
{
    private static readonly string[][] Questions =
    [
        ["ip", "-d", "addr"],
        ["ip", "route", "show", "table", "all"],
        ["ip", "rule"],
        ["ip", "netns"],
        ["iptables-save"],
        ["nft", "list", "ruleset"],
        ["ipset", "save"],
    ];

    public static LabTraces Read() =>
        new(
            string.Join('\n', Directory.GetFileSystemEntries("/sys/class/net").Order(StringComparer.Ordinal)),
            Directory.Exists("/run/netns") ? string.Join('\n', Directory.GetFiles("/run/netns").Order(StringComparer.Ordinal)) : "",
            File.ReadAllText("/proc/self/mounts"),
            string.Join('\n', Questions.Select(Ask)) + Settings()
        );

    public static async Task AssertSameAsync(LabTraces before, string[] labs)
    {
        Assert.Equal(before, Read());
        foreach (string lab in labs)
        {
            Assert.False(Directory.Exists("/run/stacknet/labs/" + lab));
            // The kernel takes a moment to bury what was killed.
            for (int tries = 0; Processes(lab).Count > 0 && tries < 40; tries++)
                await Task.Delay(50);
            Assert.Empty(Processes(lab));
        }
    }

    private static string Ask(string[] command)
    {
        ProcessStartInfo start = new(command[0], command[1..])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            UseShellExecute = false,
        };
        using Process process = Process.Start(start)!;
        Task<string> errors = process.StandardError.ReadToEndAsync();
        string text = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        return $"$ {string.Join(' ', command)}\n{Moving().Replace(text, "")}{errors.Result}";
    }

    /// <summary>Every setting of the machine's own network that is not a count.</summary>
    private static string Settings()
    {
        StringBuilder text = new();
        foreach (string family in (string[])["bridge", "core", "ipv4", "ipv6", "netfilter", "unix"])
        {
            string folder = "/proc/sys/net/" + family;
            if (!Directory.Exists(folder))
                continue;
            foreach (string file in Directory.EnumerateFiles(folder, "*", SearchOption.AllDirectories).Order(StringComparer.Ordinal))
            {
                if (file.EndsWith("_count", StringComparison.Ordinal))
                    continue; // moves by itself
                try
                {
                    text.Append(file).Append(' ').AppendLine(File.ReadAllText(file));
                }
                catch (Exception error) when (error is IOException or UnauthorizedAccessException)
                {
                    // Write-only, or of a device that just went.
                }
            }
        }
        return text.ToString();
    }

    private static List<string> Processes(string lab)
    {
        List<string> found = [];
        foreach (string folder in Directory.GetDirectories("/proc").Where(f => char.IsAsciiDigit(Path.GetFileName(f)[0])))
        {
            try
            {
                string environment = Encoding.UTF8.GetString(File.ReadAllBytes(folder + "/environ"));
                string command = Encoding.UTF8.GetString(File.ReadAllBytes(folder + "/cmdline"));
                if (environment.Contains(lab, StringComparison.Ordinal) || command.Contains(lab, StringComparison.Ordinal))
                    found.Add(command);
            }
            catch (Exception error) when (error is IOException or UnauthorizedAccessException)
            {
                // Ended meanwhile.
            }
        }
        return found;
    }

    // Counters of rules, dates, remaining lifetimes of addresses and routes.
    [GeneratedRegex(
        @"\[\d+:\d+\]|# (Generated|Completed).*|packets \d+ bytes \d+|valid_lft \S+|preferred_lft \S+|expires \d+sec|\S*_timer +[0-9.]+"
    )]
    private static partial Regex Moving();
}
