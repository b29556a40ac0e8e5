using System.Management.Automation;
using StackNet.Engine.Causes;
using StackNet.Engine.Facts;

namespace StackNet.Commands;

/// <summary>Tests whether instances reach a destination and the reply comes back.</summary>
[Cmdlet(VerbsDiagnostic.Test, "InstanceEgress")]
[OutputType(typeof(EgressResult))]
public sealed class TestInstanceEgressCommand : ProbeCommand
{
    private protected override void Probe(ComputeNode node, IReadOnlyList<string> instances, IReadOnlyList<Ip> destinations) =>
        WriteEach($"Testing {node.ComputerName}", EgressTest.Run(node, Outgoing(instances, destinations), Token), r => r.Instance);
}
