using System.Text;
using Xunit;

namespace StackNet.Engine.Tests.Labs;

/// <summary>What a lab could leave behind on the machine: devices, named namespaces, mounts, files, processes.</summary>
internal sealed record LabTraces(string Devices, string Namespaces, string Mounts)
{
    public static LabTraces Read() =>
        new(
            string.Join('\n', Directory.GetFileSystemEntries("/sys/class/net").Order(StringComparer.Ordinal)),
            Directory.Exists("/run/netns") ? string.Join('\n', Directory.GetFiles("/run/netns").Order(StringComparer.Ordinal)) : "",
            File.ReadAllText("/proc/self/mounts")
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
}
