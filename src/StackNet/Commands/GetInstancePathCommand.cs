using System.Management.Automation;
using StackNet.Binding;
using StackNet.Engine.Topology;

namespace StackNet.Commands;

/// <summary>Gives the ordered hops between an instance and the outside, in both directions where they differ.</summary>
[Cmdlet(VerbsCommon.Get, "InstancePath")]
[OutputType(typeof(InstancePath))]
public sealed class GetInstancePathCommand : NamespacedItemCommand
{
    /// <summary>Instances: name, uuid or port id.</summary>
    [Parameter(Position = 0, ValueFromPipelineByPropertyName = true)]
    [SupportsWildcards]
    [ArgumentCompleter(typeof(InstanceCompleter))]
    [Alias("InstanceName", "Uuid")]
    public string?[]? Instance { get; set; }

    private protected override IEnumerable<NodeItem> Items(ComputeNode node) =>
        NodeNouns
            .Paths(node)
            .Where(x =>
                Wanted(nameof(Instance), Instance, x.Instance, x.InstanceId)
                && (Namespace is null || x.Hop.Any(h => InNamespace(h.Namespace)))
            );
}
