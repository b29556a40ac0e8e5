namespace StackNet.Engine.Causes;

/// <summary>How bad a cause is.</summary>
internal enum CauseSeverity
{
    /// <summary>This packet dies here, always.</summary>
    Blocking,

    /// <summary>Some packets die.</summary>
    Degrading,

    /// <summary>All is well until the next reboot, restart or failover.</summary>
    Latent,

    /// <summary>Raises a suspicion.</summary>
    Hint,

    /// <summary>Traffic passes that should not.</summary>
    Security,
}

/// <summary>Who may mend it.</summary>
internal enum RepairClass
{
    /// <summary>Small, local, exactly reversible.</summary>
    Safe,

    /// <summary>May cut other traffic: ask.</summary>
    Guided,

    /// <summary>An agent owns the state: ask it to redo it, or change it at the API.</summary>
    Owner,

    /// <summary>Outside this node.</summary>
    Report,
}

/// <summary>One cause of the catalogue.</summary>
/// <param name="Id">SN and three digits; stable.</param>
/// <param name="Title">What is wrong, in a few words.</param>
/// <param name="Severity">How bad.</param>
/// <param name="Repair">Class of the repair.</param>
/// <param name="Mend">What would mend it; {device}, {namespace}, {instance} are filled in.</param>
internal sealed record Cause(string Id, string Title, CauseSeverity Severity, RepairClass Repair, string Mend);
