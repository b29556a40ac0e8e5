using System.Formats.Tar;
using System.IO.Compression;

namespace StackNet.Engine.Tests;

/// <summary>Where the measured data is: the copies in the repository, and the larger sets beside it when they are there.</summary>
internal static class TestData
{
    private static readonly Lock Gate = new();

    /// <summary>The repository: the folder that holds StackNet.sln.</summary>
    public static string Root { get; } = FindUp(AppContext.BaseDirectory, "StackNet.sln");

    /// <summary>Folders of captured nodes with measured truth, one a scenario (META and guest views left out).</summary>
    public static string RealNodes => Extracted("real-nodes");

    /// <summary>Case files of the kernel oracle.</summary>
    public static string KernelOracle => Path.Combine(Extracted("kernel-oracle"), "cases");

    /// <summary>Case files of the Open vSwitch oracle.</summary>
    public static string OvsOracle => Path.Combine(Extracted("ovs-oracle"), "cases");

    /// <summary>Single features of netfilter, measured one by one.</summary>
    public static string NetfilterProbes => Path.Combine(Extracted("netfilter-probes"), "cases");

    /// <summary>A set of the same data kept outside the repository, which may hold more (folder "shared" beside or above it); null when absent.</summary>
    public static string? Shared(string name)
    {
        for (DirectoryInfo? folder = new(Root); folder is not null; folder = folder.Parent)
        {
            string path = Path.Combine(folder.FullName, "shared", name);
            if (Directory.Exists(path))
                return path;
        }
        return null;
    }

    /// <summary>The larger set when it is there, else the copy of the repository.</summary>
    public static string Best(string name) => Shared(name) ?? Extracted(name);

    private static string Extracted(string name)
    {
        lock (Gate)
        {
            string archive = Path.Combine(Root, "tests", "Fixtures", name + ".tar.gz");
            string stamp = File.GetLastWriteTimeUtc(archive).Ticks.ToString("x", System.Globalization.CultureInfo.InvariantCulture);
            string target = Path.Combine(AppContext.BaseDirectory, "fixtures-" + stamp);
            string folder = Path.Combine(target, name);
            string done = Path.Combine(target, name + ".done");
            if (!File.Exists(done))
            {
                Directory.CreateDirectory(target);
                using FileStream file = File.OpenRead(archive);
                using GZipStream unzipped = new(file, CompressionMode.Decompress);
                TarFile.ExtractToDirectory(unzipped, target, overwriteFiles: true);
                File.WriteAllText(done, "");
            }
            return folder;
        }
    }

    private static string FindUp(string start, string name)
    {
        for (DirectoryInfo? folder = new(start); folder is not null; folder = folder.Parent)
        {
            if (File.Exists(Path.Combine(folder.FullName, name)))
                return folder.FullName;
        }
        throw new DirectoryNotFoundException($"No folder above {start} holds {name}.");
    }
}
