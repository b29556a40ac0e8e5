using Xunit;

namespace StackNet.Tests;

/// <summary>Places in the repository, and checked-in texts that a test compares with.</summary>
internal static class Repository
{
    /// <summary>Set to 1, a test writes its text anew instead of comparing: the change is then seen in review.</summary>
    private const string UpdateVariable = "STACKNET_UPDATE_SNAPSHOTS";

    public static string Root { get; } = Find();

    public static string Manifest => Path.Combine(Root, "StackNet.psd1");

    public static void AssertSnapshot(string name, string actual)
    {
        string path = Path.Combine(Root, "tests", "StackNet.Tests", "Snapshots", name + ".txt");
        if (Environment.GetEnvironmentVariable(UpdateVariable) == "1")
        {
            Directory.CreateDirectory(Path.GetDirectoryName(path)!);
            File.WriteAllText(path, actual);
            return;
        }
        Assert.True(File.Exists(path), $"{path} is missing: run the tests once with {UpdateVariable}=1 and look at what they wrote.");
        string expected = File.ReadAllText(path);
        if (expected == actual)
            return;
        string[] was = expected.Split('\n');
        string[] now = actual.Split('\n');
        int line = 0;
        while (line < was.Length && line < now.Length && was[line] == now[line])
            line++;
        Assert.Fail(
            $"{name} differs from line {line + 1} on ({UpdateVariable}=1 writes it anew):\n- {string.Join("\n- ", was.Skip(line).Take(8))}\n+ {string.Join("\n+ ", now.Skip(line).Take(8))}"
        );
    }

    private static string Find()
    {
        for (DirectoryInfo? folder = new(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
        {
            if (File.Exists(Path.Combine(folder.FullName, "StackNet.sln")))
                return folder.FullName;
        }
        throw new DirectoryNotFoundException("No folder above the tests holds StackNet.sln.");
    }
}
