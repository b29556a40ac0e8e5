using StackNet.Oracle.Comparing;
using Xunit;

namespace StackNet.Engine.Tests.Walk;

/// <summary>The walk against the kernel: every packet of every measured case, in order, with what the earlier ones left behind.</summary>
public sealed class KernelOracleTests
{
    [Fact]
    public void The_walk_does_what_the_kernel_did()
    {
        string folder = Path.Combine(TestData.Best("kernel-oracle"), "cases");
        (int agree, List<string> wrong, string summary) = Compare(folder);
        Assert.True(agree > 0);
        Assert.True(wrong.Count == 0, summary + "\n" + string.Join('\n', wrong));
    }

    /// <summary>Differences that the project's own oracle has found stay mended.</summary>
    [Fact]
    public void Disagreements_of_old_stay_settled()
    {
        (_, List<string> wrong, string summary) = Compare(Path.Combine(AppContext.BaseDirectory, "Cases"));
        Assert.True(wrong.Count == 0, summary + "\n" + string.Join('\n', wrong));
    }

    internal static (int Agree, List<string> Wrong, string Summary) Compare(string folder)
    {
        List<string> wrong = [];
        int agree = 0;
        int unknown = 0;
        int allowed = 0;
        foreach (string path in Directory.EnumerateFiles(folder, "*.json").Order(StringComparer.Ordinal))
        {
            CaseReplay replay = CaseReplay.Of(KernelCase.Read(path));
            agree += replay.Agree;
            unknown += replay.Unknown;
            allowed += replay.Allowed;
            wrong.AddRange(replay.Wrong);
        }
        return (agree, wrong, $"agree {agree}, wrong {wrong.Count}, unknown {unknown} (allowed {allowed})");
    }
}
