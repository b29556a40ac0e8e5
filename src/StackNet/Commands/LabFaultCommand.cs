using System.Management.Automation;
using StackNet.Binding;
using StackNet.Engine.Labs;

namespace StackNet.Commands;

/// <summary>A cmdlet that puts faults into labs or takes them out.</summary>
public abstract class LabFaultCommand : LabCommand
{
    /// <summary>Labs, with wildcards.</summary>
    [Parameter(Mandatory = true, Position = 0, ValueFromPipelineByPropertyName = true)]
    [SupportsWildcards]
    [Alias("Lab")]
    [ArgumentCompleter(typeof(LabCompleter))]
    public string[] Name { get; set; } = [];

    /// <summary>Names of faults.</summary>
    [Parameter(Mandatory = true, Position = 1)]
    [ArgumentCompleter(typeof(LabFaultCompleter))]
    public string[] Fault { get; set; } = [];

    /// <summary>Write the lab.</summary>
    [Parameter]
    public SwitchParameter PassThru { get; set; }

    private protected abstract string Action { get; }

    /// <inheritdoc />
    protected override void BeginProcessing() => RequireFaults(Fault);

    /// <inheritdoc />
    protected override void ProcessRecord()
    {
        foreach (Lab lab in LabNames.Find(this, Name))
        {
            foreach (string fault in Fault)
            {
                if (ShouldProcess(lab.Name, $"{Action} the fault {fault}"))
                    Try($"{Action} a fault", lab.Name, token => ChangeAsync(lab.Name, fault, token));
            }
            if (PassThru)
                WriteObject(LabManager.Get(lab.Name), enumerateCollection: true);
        }
    }

    private protected abstract Task ChangeAsync(string lab, string fault, CancellationToken token);
}
