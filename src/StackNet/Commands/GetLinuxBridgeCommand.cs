using System.Management.Automation;
using StackNet.Binding;
using StackNet.Engine.Topology;

namespace StackNet.Commands;

/// <summary>Lists the Linux bridges of a node.</summary>
[Cmdlet(VerbsCommon.Get, "LinuxBridge")]
[OutputType(typeof(LinuxBridge))]
public sealed class GetLinuxBridgeCommand : NamespacedItemCommand
{
    /// <summary>Names of bridges.</summary>
    [Parameter(Position = 0, ValueFromPipelineByPropertyName = true)]
    [SupportsWildcards]
    [ArgumentCompleter(typeof(LinuxBridgeCompleter))]
    public string?[]? Bridge { get; set; }

    /// <summary>Instances: name, uuid or port id.</summary>
    [Parameter(ValueFromPipelineByPropertyName = true)]
    [SupportsWildcards]
    [ArgumentCompleter(typeof(InstanceCompleter))]
    [Alias("InstanceName", "Uuid")]
    public string?[]? Instance { get; set; }

    private protected override IEnumerable<NodeItem> Items(ComputeNode node) =>
        NodeNouns
            .LinuxBridges(node)
            .Where(x =>
                Wanted(nameof(Bridge), Bridge, x.Bridge) && Wanted(nameof(Instance), Instance, x.Instance) && InNamespace(x.Namespace)
            );
}
