namespace StackNet.Engine.Labs;

/// <summary>What lab is wanted.</summary>
internal sealed record LabOptions
{
    /// <summary>Null: a free name is chosen.</summary>
    public string? Name { get; init; }

    public LabLayout Layout { get; init; } = LabLayout.Hybrid;

    public int InstanceCount { get; init; } = 2;

    /// <summary>Names of faults that are put in once it runs.</summary>
    public IReadOnlyList<string> Faults { get; init; } = [];
}
