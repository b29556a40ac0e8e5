using StackNet.Engine.Facts;

namespace StackNet.Engine.Tests.Causes.Faults;

/// <summary>One fault on one healthy node and what has to be said of it.</summary>
/// <param name="Name">Short name, unique.</param>
/// <param name="Folder">The healthy capture.</param>
/// <param name="CauseId">What is expected; null: the packet passes all the same.</param>
/// <param name="Change">What the fault changes.</param>
internal sealed record FaultRow(string Name, string Folder, string? CauseId, Func<Scene, NodeFacts> Change)
{
    public Question Question { get; init; } = Question.Out;
    public PacketDirection? Direction { get; init; }

    /// <summary>Device that has to be named.</summary>
    public Func<Scene, string>? Device { get; init; }

    /// <summary>What the evidence has to quote.</summary>
    public Func<Scene, string>? Evidence { get; init; }

    /// <summary>The reading does not decide it: the answer has to be Unknown.</summary>
    public bool Unknown { get; init; }

    public override string ToString() => $"{Name} on {Folder}";
}
