using StackNet.Engine.Tests.Causes.Faults;
using Xunit;

namespace StackNet.Engine.Tests.Causes;

public sealed partial class CatalogueTests(ITestOutputHelper output)
{
    [Fact]
    public void Every_fault_is_named_where_it_is()
    {
        List<string> wrong = [];
        int rows = 0;
        foreach (FaultRow row in FaultRows.All)
        {
            rows++;
            string said;
            try
            {
                Scene scene = Scene.Of(row.Folder);
                ConnectivityResult result = scene.Ask(row.Change(scene), row.Question);
                said =
                    $"{row}: {result.Verdict} {result.CauseId} {result.Direction} at {result.Device} [{result.Namespace}]: {result.Evidence ?? result.UnknownBecause}";
                Verdict expected =
                    row.Unknown ? Verdict.Unknown
                    : row.CauseId is null ? Verdict.Pass
                    : Verdict.Fail;
                bool right =
                    result.Verdict == expected
                    && (row.Unknown || result.CauseId == row.CauseId)
                    && (row.Direction is not { } way || result.Direction == way)
                    && (row.Device is not { } device || result.Device == device(scene))
                    && (row.Evidence is not { } quote || result.Evidence?.Contains(quote(scene), StringComparison.Ordinal) == true);
                if (right)
                {
                    output.WriteLine("  " + said);
                    continue;
                }
                said += $"  <- expected {expected} {row.CauseId} {row.Direction} {row.Device?.Invoke(scene)} {row.Evidence?.Invoke(scene)}";
            }
            catch (Exception e) when (e is InvalidOperationException or NullReferenceException)
            {
                said =
                    $"{row}: {e.GetType().Name} {e.Message} {e.StackTrace?.Split('\n').FirstOrDefault(l => l.Contains("Faults", StringComparison.Ordinal))}";
            }
            wrong.Add(said);
        }
        output.WriteLine($"{rows} faults, {wrong.Count} not as expected");
        Assert.True(wrong.Count == 0, string.Join(Environment.NewLine, wrong));
    }
}
