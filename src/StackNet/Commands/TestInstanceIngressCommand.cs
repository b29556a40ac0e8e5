using System.Management.Automation;
using StackNet.Binding;
using StackNet.Engine.Causes;
using StackNet.Engine.Facts;

namespace StackNet.Commands;

/// <summary>Tests whether instances can be reached and their answer gets back.</summary>
[Cmdlet(VerbsDiagnostic.Test, "InstanceIngress")]
[OutputType(typeof(IngressResult))]
public sealed class TestInstanceIngressCommand : ProbeCommand
{
    /// <summary>Who asks: an outside host, another instance, the node or a router.</summary>
    [Parameter]
    [ArgumentCompleter(typeof(DestinationCompleter))]
    public string? Source { get; set; }

    /// <inheritdoc />
    protected override void BeginProcessing()
    {
        base.BeginProcessing();
        RequireAddress(Source);
    }

    private protected override void Probe(ComputeNode node, IReadOnlyList<string> instances, IReadOnlyList<Ip> destinations) =>
        WriteEach($"Testing {node.ComputerName}", IngressTest.Run(node, Incoming(instances, destinations, Source), Token), r => r.Instance);
}
