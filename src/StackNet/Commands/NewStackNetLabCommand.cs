using System.Management.Automation;
using StackNet.Binding;
using StackNet.Engine.Labs;

namespace StackNet.Commands;

/// <summary>Makes a disposable node out of network namespaces.</summary>
[Cmdlet(VerbsCommon.New, "StackNetLab", SupportsShouldProcess = true, ConfirmImpact = ConfirmImpact.Medium)]
[OutputType(typeof(Lab))]
public sealed class NewStackNetLabCommand : LabCommand
{
    /// <summary>Name of the lab; a free one when left out.</summary>
    [Parameter(Position = 0)]
    [ValidateNotNullOrEmpty]
    public string? Name { get; set; }

    /// <summary>Hybrid or HostNat.</summary>
    [Parameter]
    public LabLayout Layout { get; set; }

    /// <summary>Number of guests.</summary>
    [Parameter]
    [ValidateRange(1, 64)]
    public int InstanceCount { get; set; } = 2;

    /// <summary>Faults that it has from the start.</summary>
    [Parameter]
    [ArgumentCompleter(typeof(LabFaultCompleter))]
    public string[] Fault { get; set; } = [];

    /// <inheritdoc />
    protected override void BeginProcessing() => RequireFaults(Fault);

    /// <inheritdoc />
    protected override void ProcessRecord()
    {
        if (!ShouldProcess(Name ?? "a new lab", $"Make a {Layout} lab with {InstanceCount} instances"))
            return;
        LabOptions options = new()
        {
            Name = Name,
            Layout = Layout,
            InstanceCount = InstanceCount,
            Faults = Fault,
        };
        if (Try("Making a lab", Name ?? "", token => LabManager.CreateAsync(options, token), out Lab? lab))
            WriteObject(lab);
    }
}
