using System.Collections.Concurrent;
using StackNet.Engine.Labs;
using Xunit;

namespace StackNet.Engine.Tests.Labs;

/// <summary>
/// Several labs of one layout that share out the faults among themselves: most of the time goes into waiting for answers that never
/// come, and labs wait side by side.
/// </summary>
internal static class LabCrew
{
    private const int Size = 4;

    /// <summary>Gives every fault of the layout to one of the labs; what the labs found wrong comes back together.</summary>
    /// <param name="layout">Of the labs.</param>
    /// <param name="begin">Done once in each lab before its first fault; what it gives is handed on.</param>
    /// <param name="each">One fault in one lab.</param>
    public static async Task<List<string>> RunAsync<T>(
        LabLayout layout,
        Func<LabFixture, List<string>, Task<T>> begin,
        Func<LabFixture, LabFaultSpec, T, List<string>, Task> each
    )
    {
        ConcurrentQueue<LabFaultSpec> faults = new(LabFaults.All.Where(f => f.Layout is null || f.Layout == layout));
        List<string>[] found = await Task.WhenAll(Enumerable.Range(0, Size).Select(_ => WorkAsync(layout, faults, begin, each)));
        return [.. found.SelectMany(f => f).Distinct().Order(StringComparer.Ordinal)];
    }

    private static async Task<List<string>> WorkAsync<T>(
        LabLayout layout,
        ConcurrentQueue<LabFaultSpec> faults,
        Func<LabFixture, List<string>, Task<T>> begin,
        Func<LabFixture, LabFaultSpec, T, List<string>, Task> each
    )
    {
        List<string> wrong = [];
        await using LabFixture lab = await LabFixture.CreateAsync(layout, 2);
        T known = await begin(lab, wrong);
        while (faults.TryDequeue(out LabFaultSpec? fault))
        {
            try
            {
                await each(lab, fault, known, wrong);
            }
            catch (LabException error)
            {
                wrong.Add($"{fault.Name}: {error.Message}");
            }
        }
        return wrong;
    }
}
