using System.Management.Automation;
using StackNet.Binding;
using StackNet.Engine.Topology;

namespace StackNet.Commands;

/// <summary>Lists the taps of the instances of a node.</summary>
[Cmdlet(VerbsCommon.Get, "TapDevice")]
[OutputType(typeof(TapDevice))]
public sealed class GetTapDeviceCommand : NamespacedItemCommand
{
    /// <summary>Names of taps.</summary>
    [Parameter(Position = 0, ValueFromPipelineByPropertyName = true)]
    [SupportsWildcards]
    [ArgumentCompleter(typeof(TapCompleter))]
    public string?[]? Device { get; set; }

    /// <summary>Instances: name, uuid or port id.</summary>
    [Parameter(ValueFromPipelineByPropertyName = true)]
    [SupportsWildcards]
    [ArgumentCompleter(typeof(InstanceCompleter))]
    [Alias("InstanceName", "Uuid")]
    public string?[]? Instance { get; set; }

    /// <summary>Bridges that they are in.</summary>
    [Parameter(ValueFromPipelineByPropertyName = true)]
    [SupportsWildcards]
    [ArgumentCompleter(typeof(TapBridgeCompleter))]
    public string?[]? Bridge { get; set; }

    private protected override IEnumerable<NodeItem> Items(ComputeNode node) =>
        NodeNouns
            .TapDevices(node)
            .Where(x =>
                Wanted(nameof(Device), Device, x.Device)
                && Wanted(nameof(Instance), Instance, x.Instance, x.InstanceId, x.PortId)
                && Wanted(nameof(Bridge), Bridge, x.Bridge)
                && InNamespace(x.Namespace)
            );
}
