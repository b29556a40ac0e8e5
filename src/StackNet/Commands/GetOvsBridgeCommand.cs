using System.Management.Automation;
using StackNet.Binding;
using StackNet.Engine.Topology;

namespace StackNet.Commands;

/// <summary>Lists the Open vSwitch bridges of a node.</summary>
[Cmdlet(VerbsCommon.Get, "OvsBridge")]
[OutputType(typeof(OvsBridge))]
public sealed class GetOvsBridgeCommand : NamespacedItemCommand
{
    /// <summary>Names of bridges.</summary>
    [Parameter(Position = 0, ValueFromPipelineByPropertyName = true)]
    [SupportsWildcards]
    [ArgumentCompleter(typeof(OvsBridgeCompleter))]
    public string?[]? Bridge { get; set; }

    private protected override IEnumerable<NodeItem> Items(ComputeNode node) =>
        NodeNouns.OvsBridges(node).Where(x => Wanted(nameof(Bridge), Bridge, x.Bridge) && InNamespace(""));
}
