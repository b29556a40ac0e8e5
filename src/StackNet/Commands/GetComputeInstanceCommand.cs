using System.Management.Automation;
using StackNet.Binding;
using StackNet.Engine.Topology;

namespace StackNet.Commands;

/// <summary>Lists the instances of a node.</summary>
[Cmdlet(VerbsCommon.Get, "ComputeInstance")]
[OutputType(typeof(ComputeInstance))]
public sealed class GetComputeInstanceCommand : NamespacedItemCommand
{
    /// <summary>Instances: name, uuid or port id.</summary>
    [Parameter(Position = 0, ValueFromPipelineByPropertyName = true)]
    [SupportsWildcards]
    [ArgumentCompleter(typeof(InstanceCompleter))]
    [Alias("InstanceName", "Uuid")]
    public string?[]? Instance { get; set; }

    private protected override IEnumerable<NodeItem> Items(ComputeNode node) =>
        NodeNouns
            .Instances(node)
            .Where(x =>
                Wanted(nameof(Instance), Instance, [x.Instance, x.InstanceId, x.DomainName, .. x.Port.Select(p => p.PortId)])
                && (Namespace is null || NodeNouns.InstanceNamespaces(x).Any(InNamespace))
            );
}
