using System.Management.Automation;
using StackNet.Binding;
using StackNet.Engine.Labs;

namespace StackNet.Commands;

/// <summary>Lists the faults that a lab can have.</summary>
[Cmdlet(VerbsCommon.Get, "StackNetLabFault")]
[OutputType(typeof(LabFault))]
public sealed class GetStackNetLabFaultCommand : LabCommand
{
    /// <summary>Names, with wildcards.</summary>
    [Parameter(Position = 0, ValueFromPipeline = true)]
    [SupportsWildcards]
    [ArgumentCompleter(typeof(LabFaultCompleter))]
    public string[]? Name { get; set; }

    /// <summary>Only those that fit a layout.</summary>
    [Parameter(ValueFromPipelineByPropertyName = true)]
    public LabLayout? Layout { get; set; }

    /// <inheritdoc />
    protected override void ProcessRecord()
    {
        NameFilter filter = new(Name);
        foreach (LabFault fault in LabManager.Faults)
        {
            if (filter.Matches(fault.Name) && (Layout is not { } layout || fault.Layout.Contains(layout)))
                WriteObject(fault);
        }
        foreach (string name in filter.Missing)
            WriteError(Errors.LabFaultNotFound(name));
    }
}
