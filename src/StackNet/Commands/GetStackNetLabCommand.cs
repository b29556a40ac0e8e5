using System.Management.Automation;
using StackNet.Binding;
using StackNet.Engine.Labs;

namespace StackNet.Commands;

/// <summary>Lists the labs of this machine.</summary>
[Cmdlet(VerbsCommon.Get, "StackNetLab")]
[OutputType(typeof(Lab))]
public sealed class GetStackNetLabCommand : LabCommand
{
    /// <summary>Names, with wildcards.</summary>
    [Parameter(Position = 0, ValueFromPipeline = true, ValueFromPipelineByPropertyName = true)]
    [SupportsWildcards]
    [ArgumentCompleter(typeof(LabCompleter))]
    public string[]? Name { get; set; }

    /// <inheritdoc />
    protected override void ProcessRecord() => WriteObject(LabNames.Find(this, Name), enumerateCollection: true);
}
