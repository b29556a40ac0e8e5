using System.Management.Automation;
using StackNet.Binding;
using StackNet.Engine.Labs;

namespace StackNet.Commands;

/// <summary>Removes labs, and what is left of broken ones.</summary>
[Cmdlet(VerbsCommon.Remove, "StackNetLab", SupportsShouldProcess = true, ConfirmImpact = ConfirmImpact.Medium)]
public sealed class RemoveStackNetLabCommand : LabCommand
{
    /// <summary>Names, with wildcards.</summary>
    [Parameter(Mandatory = true, Position = 0, ValueFromPipeline = true, ValueFromPipelineByPropertyName = true)]
    [SupportsWildcards]
    [ArgumentCompleter(typeof(LabCompleter))]
    public string[] Name { get; set; } = [];

    /// <inheritdoc />
    protected override void ProcessRecord()
    {
        foreach (Lab lab in LabNames.Find(this, Name))
        {
            if (ShouldProcess(lab.Name, "Remove the lab"))
                Try("Removing a lab", lab.Name, token => LabManager.RemoveAsync(lab.Name, token));
        }
    }
}
