namespace StackNet;

/// <summary>Why something about a lab did not work.</summary>
public enum LabFailure
{
    /// <summary>A step of making or changing it failed.</summary>
    Failed,

    /// <summary>Root is needed.</summary>
    NotRoot,

    /// <summary>A Debian package or a device of the kernel is missing.</summary>
    MissingPackage,

    /// <summary>The name is not one: letters, digits, dash and underscore, at most 40, beginning with a letter or digit.</summary>
    InvalidName,

    /// <summary>A lab of that name is there already.</summary>
    AlreadyExists,

    /// <summary>There is no such lab, or it does not run.</summary>
    NotFound,

    /// <summary>There is no such fault, instance or protocol, or it does not fit this lab.</summary>
    InvalidArgument,

    /// <summary>The fault is in force already, or is not.</summary>
    FaultState,
}

/// <summary>Something about a lab did not work.</summary>
public sealed class LabException : Exception
{
    internal LabException(LabFailure reason, string message, string? lab = null, Exception? cause = null)
        : base(message, cause)
    {
        Reason = reason;
        Lab = lab;
    }

    /// <summary>Why, as a word.</summary>
    public LabFailure Reason { get; }

    /// <summary>Name of the lab.</summary>
    public string? Lab { get; }

    /// <summary>What is missing: names of Debian packages or devices.</summary>
    public string[] Missing { get; internal init; } = [];
}
