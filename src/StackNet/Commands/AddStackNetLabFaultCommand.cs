using System.Management.Automation;
using StackNet.Engine.Labs;

namespace StackNet.Commands;

/// <summary>Puts faults into labs.</summary>
[Cmdlet(VerbsCommon.Add, "StackNetLabFault", SupportsShouldProcess = true, ConfirmImpact = ConfirmImpact.Medium)]
[OutputType(typeof(Lab))]
public sealed class AddStackNetLabFaultCommand : LabFaultCommand
{
    private protected override string Action => "Add";

    private protected override Task ChangeAsync(string lab, string fault, CancellationToken token) =>
        LabManager.AddFaultAsync(lab, fault, token);
}
