namespace StackNet.Engine.Labs;

/// <summary>The commands of a fault and of its exact inverse.</summary>
internal sealed record LabFaultSteps(IReadOnlyList<LabCommand> Add, IReadOnlyList<LabCommand> Remove);

/// <summary>A fault that a lab can have. Null layout: both.</summary>
internal sealed record LabFaultSpec(string Name, string CauseId, LabLayout? Layout, string What, Func<LabPlan, LabFaultSteps> Make)
{
    /// <summary>Instances that it takes to have it.</summary>
    public int Instances { get; init; } = 1;

    /// <summary>The flow that shows it.</summary>
    public LabFaultSign Sign { get; init; } = LabFaultSign.Internet;

    public LabFault ToNoun() =>
        new()
        {
            Name = Name,
            CauseId = CauseId,
            Layout = Layout is { } one ? [one] : [LabLayout.Hybrid, LabLayout.HostNat],
            What = What,
        };
}

/// <summary>Which flow suffers.</summary>
internal enum LabFaultSign
{
    /// <summary>An instance to the internet host.</summary>
    Internet,

    /// <summary>The same with a large packet that must not be fragmented.</summary>
    Large,

    /// <summary>The first instance to the last.</summary>
    Neighbour,

    /// <summary>The outside to the floating address.</summary>
    Floating,
}
