namespace StackNet;

/// <summary>A fault that can be put into a lab and taken out again exactly.</summary>
public sealed class LabFault
{
    /// <summary>Its name.</summary>
    public required string Name { get; init; }

    /// <summary>Id of the cause catalogue, e.g. SN701.</summary>
    public required string CauseId { get; init; }

    /// <summary>Layouts that it fits.</summary>
    public required LabLayout[] Layout { get; init; }

    /// <summary>What is changed on the node, and which packets suffer.</summary>
    public required string What { get; init; }

    /// <inheritdoc />
    public override string ToString() => Name;
}
