using System.Management.Automation;
using StackNet.Engine.Sources.Capture;

namespace StackNet;

/// <summary>All errors of the module: the member's name is the ErrorId.</summary>
internal static class Errors
{
    public static ErrorRecord PathNotFound(string path, Exception cause) =>
        Make(nameof(PathNotFound), ErrorCategory.ObjectNotFound, path, $"There is no capture at '{path}': {cause.Message}", cause);

    public static ErrorRecord PathNotOnDisk(string path) =>
        Make(nameof(PathNotOnDisk), ErrorCategory.InvalidArgument, path, $"'{path}' is not a path of the file system.");

    /// <summary>A capture that could not be read; the id says what is wrong with it.</summary>
    public static ErrorRecord Capture(CaptureException cause) =>
        cause.Error switch
        {
            CaptureError.NotFound => CaptureNotFound(cause),
            CaptureError.Foreign => CaptureForeign(cause),
            CaptureError.TooLarge => CaptureTooLarge(cause),
            CaptureError.NewerVersion => CaptureNewerVersion(cause),
            _ => CaptureCorrupt(cause),
        };

    public static ErrorRecord CaptureNotFound(CaptureException cause) =>
        Make(
            nameof(CaptureNotFound),
            cause.InnerException is UnauthorizedAccessException ? ErrorCategory.PermissionDenied : ErrorCategory.ObjectNotFound,
            cause.File,
            cause.Message,
            cause
        );

    public static ErrorRecord CaptureForeign(CaptureException cause) =>
        Make(
            nameof(CaptureForeign),
            ErrorCategory.InvalidData,
            cause.File,
            cause.Message,
            cause,
            "A capture is a folder of command output, a folder that holds such folders, or a file made by Export-ComputeNode."
        );

    public static ErrorRecord CaptureCorrupt(CaptureException cause) =>
        Make(nameof(CaptureCorrupt), ErrorCategory.InvalidData, cause.File, cause.Message, cause);

    public static ErrorRecord CaptureTooLarge(CaptureException cause) =>
        Make(nameof(CaptureTooLarge), ErrorCategory.LimitsExceeded, cause.File, cause.Message, cause);

    public static ErrorRecord CaptureNewerVersion(CaptureException cause) =>
        Make(nameof(CaptureNewerVersion), ErrorCategory.InvalidData, cause.File, cause.Message, cause, "Update StackNet to read it.");

    public static ErrorRecord ItemNotFound(string parameter, string name) =>
        Make(nameof(ItemNotFound), ErrorCategory.ObjectNotFound, name, $"Nothing has the {parameter.ToLowerInvariant()} '{name}'.");

    public static ErrorRecord SampleNotFound(string name, IEnumerable<string> names) =>
        Make(
            nameof(SampleNotFound),
            ErrorCategory.ObjectNotFound,
            name,
            $"There is no sample '{name}'. The samples are {string.Join(", ", names)}."
        );

    public static ErrorRecord InstanceNotFound(string name) =>
        Make(nameof(InstanceNotFound), ErrorCategory.ObjectNotFound, name, $"No instance is called '{name}'.");

    public static ErrorRecord NoInstance(object target) =>
        Make(nameof(NoInstance), ErrorCategory.InvalidArgument, target, $"'{target}' belongs to no instance.");

    public static ErrorRecord InvalidAddress(string text) =>
        Make(nameof(InvalidAddress), ErrorCategory.InvalidArgument, text, $"'{text}' is not an IPv4 or IPv6 address.");

    public static ErrorRecord PortWithoutProtocol(int port) =>
        Make(nameof(PortWithoutProtocol), ErrorCategory.InvalidArgument, port, "-Port needs -Protocol Tcp or Udp: ICMP has no ports.");

    public static ErrorRecord PacketInvalid(object target, ArgumentException cause) =>
        Make(nameof(PacketInvalid), ErrorCategory.InvalidArgument, target, cause.Message, cause);

    public static ErrorRecord TraceOfOtherNode(ComputeNode node, ComputeNode earlier) =>
        Make(
            nameof(TraceOfOtherNode),
            ErrorCategory.InvalidArgument,
            node,
            $"The packet before was traced on {earlier.ComputerName}, this one is asked of {node.ComputerName}."
        );

    public static ErrorRecord FileExists(string path) =>
        Make(nameof(FileExists), ErrorCategory.ResourceExists, path, $"'{path}' exists already.", null, "Use -Force to overwrite it.");

    public static ErrorRecord FolderNotFound(string path) =>
        Make(nameof(FolderNotFound), ErrorCategory.ObjectNotFound, path, $"There is no folder '{path}'.");

    public static ErrorRecord ExportFailed(string path, Exception cause) =>
        Make(
            nameof(ExportFailed),
            cause is UnauthorizedAccessException ? ErrorCategory.PermissionDenied : ErrorCategory.WriteError,
            path,
            $"'{path}' could not be written: {cause.Message}",
            cause
        );

    public static ErrorRecord NodeUnreadable(string node, Exception cause) =>
        Make(
            nameof(NodeUnreadable),
            cause is UnauthorizedAccessException ? ErrorCategory.PermissionDenied : ErrorCategory.ReadError,
            node,
            $"{node}: {cause.Message}",
            cause
        );

    /// <summary>Something about a lab; the id says what.</summary>
    public static ErrorRecord Lab(LabException cause) =>
        cause.Reason switch
        {
            LabFailure.NotRoot => LabNeedsRoot(cause),
            LabFailure.MissingPackage => LabPackageMissing(cause),
            LabFailure.InvalidName => LabNameInvalid(cause),
            LabFailure.AlreadyExists => LabExists(cause),
            LabFailure.NotFound => LabNotFound(cause.Lab ?? "", cause),
            LabFailure.InvalidArgument => LabArgumentInvalid(cause),
            LabFailure.FaultState => LabFaultState(cause),
            _ => LabFailed(cause.Lab ?? "", cause),
        };

    public static ErrorRecord LabNeedsRoot(LabException cause) =>
        Make(nameof(LabNeedsRoot), ErrorCategory.PermissionDenied, cause.Lab ?? "", cause.Message, cause);

    public static ErrorRecord LabPackageMissing(LabException cause) =>
        Make(nameof(LabPackageMissing), ErrorCategory.NotInstalled, cause.Missing, cause.Message, cause);

    public static ErrorRecord LabNameInvalid(LabException cause) =>
        Make(nameof(LabNameInvalid), ErrorCategory.InvalidArgument, cause.Lab ?? "", cause.Message, cause);

    public static ErrorRecord LabExists(LabException cause) =>
        Make(nameof(LabExists), ErrorCategory.ResourceExists, cause.Lab ?? "", cause.Message, cause);

    public static ErrorRecord LabArgumentInvalid(LabException cause) =>
        Make(nameof(LabArgumentInvalid), ErrorCategory.InvalidArgument, cause.Lab ?? "", cause.Message, cause);

    public static ErrorRecord LabFaultState(LabException cause) =>
        Make(nameof(LabFaultState), ErrorCategory.InvalidOperation, cause.Lab ?? "", cause.Message, cause);

    public static ErrorRecord LabNotFound(string name, Exception? cause = null) =>
        Make(
            nameof(LabNotFound),
            ErrorCategory.ObjectNotFound,
            name,
            cause?.Message ?? $"There is no lab '{name}'.",
            cause,
            "Get-StackNetLab lists the labs."
        );

    public static ErrorRecord LabFaultNotFound(string name) =>
        Make(
            nameof(LabFaultNotFound),
            ErrorCategory.ObjectNotFound,
            name,
            $"There is no fault '{name}'.",
            null,
            "Get-StackNetLabFault lists the faults."
        );

    public static ErrorRecord LabFailed(string name, Exception cause) =>
        Make(nameof(LabFailed), ErrorCategory.InvalidResult, name, cause.Message, cause);

    private static ErrorRecord Make(
        string id,
        ErrorCategory category,
        object target,
        string message,
        Exception? cause = null,
        string? advice = null
    )
    {
        // The message may quote what was read from a node.
        string text = Output.Cell.Text(message);
        ErrorRecord record = new(cause ?? new InvalidOperationException(text), id, category, target)
        {
            ErrorDetails = new ErrorDetails(text),
        };
        if (advice is not null)
            record.ErrorDetails.RecommendedAction = advice;
        return record;
    }
}
