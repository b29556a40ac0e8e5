using System.Management.Automation;
using StackNet.Engine.Labs;

namespace StackNet.Commands;

/// <summary>Takes faults out of labs, exactly as they were put in.</summary>
[Cmdlet(VerbsCommon.Remove, "StackNetLabFault", SupportsShouldProcess = true, ConfirmImpact = ConfirmImpact.Medium)]
[OutputType(typeof(Lab))]
public sealed class RemoveStackNetLabFaultCommand : LabFaultCommand
{
    private protected override string Action => "Remove";

    private protected override Task ChangeAsync(string lab, string fault, CancellationToken token) =>
        LabManager.RemoveFaultAsync(lab, fault, token);
}
