using System.Management.Automation;
using StackNet.Binding;
using StackNet.Engine.Topology;

namespace StackNet.Commands;

/// <summary>Lists forwarding and reverse path settings as the kernel takes them.</summary>
[Cmdlet(VerbsCommon.Get, "SysctlForwarding")]
[OutputType(typeof(ForwardingSysctl))]
public sealed class GetSysctlForwardingCommand : NamespacedItemCommand
{
    /// <summary>Names of devices, "all" or "default".</summary>
    [Parameter(Position = 0, ValueFromPipelineByPropertyName = true)]
    [SupportsWildcards]
    [ArgumentCompleter(typeof(DeviceCompleter))]
    public string?[]? Device { get; set; }

    private protected override IEnumerable<NodeItem> Items(ComputeNode node) =>
        NodeNouns.ForwardingSysctls(node).Where(x => Wanted(nameof(Device), Device, x.Device) && InNamespace(x.Namespace));
}
