using System.Management.Automation;
using StackNet.Binding;
using StackNet.Engine.Topology;

namespace StackNet.Commands;

/// <summary>Lists the ports of the Open vSwitch bridges of a node.</summary>
[Cmdlet(VerbsCommon.Get, "OvsPort")]
[OutputType(typeof(OvsPort))]
public sealed class GetOvsPortCommand : NamespacedItemCommand
{
    /// <summary>Names of ports.</summary>
    [Parameter(Position = 0, ValueFromPipelineByPropertyName = true)]
    [SupportsWildcards]
    [ArgumentCompleter(typeof(OvsPortCompleter))]
    public string?[]? Device { get; set; }

    /// <summary>Bridges that they are in.</summary>
    [Parameter(ValueFromPipelineByPropertyName = true)]
    [SupportsWildcards]
    [ArgumentCompleter(typeof(OvsBridgeCompleter))]
    public string?[]? Bridge { get; set; }

    /// <summary>Instances: name, uuid or port id.</summary>
    [Parameter(ValueFromPipelineByPropertyName = true)]
    [SupportsWildcards]
    [ArgumentCompleter(typeof(InstanceCompleter))]
    [Alias("InstanceName", "Uuid")]
    public string?[]? Instance { get; set; }

    private protected override IEnumerable<NodeItem> Items(ComputeNode node) =>
        NodeNouns
            .OvsPorts(node)
            .Where(x =>
                Wanted(nameof(Device), Device, x.Device)
                && Wanted(nameof(Bridge), Bridge, x.Bridge)
                && Wanted(nameof(Instance), Instance, x.Instance, x.InterfaceId)
                && InNamespace(x.Namespace)
            );
}
