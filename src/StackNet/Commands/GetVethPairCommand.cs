using System.Management.Automation;
using StackNet.Binding;
using StackNet.Engine.Topology;

namespace StackNet.Commands;

/// <summary>Lists the veth pairs of a node, each once, with both ends.</summary>
[Cmdlet(VerbsCommon.Get, "VethPair")]
[OutputType(typeof(VethPair))]
public sealed class GetVethPairCommand : NamespacedItemCommand
{
    /// <summary>Names of either end.</summary>
    [Parameter(Position = 0, ValueFromPipelineByPropertyName = true)]
    [SupportsWildcards]
    [ArgumentCompleter(typeof(VethCompleter))]
    public string?[]? Device { get; set; }

    private protected override IEnumerable<NodeItem> Items(ComputeNode node) =>
        NodeNouns
            .VethPairs(node)
            .Where(x =>
                Wanted(nameof(Device), Device, x.Device, x.PeerDevice) && (InNamespace(x.Namespace) || InNamespace(x.PeerNamespace))
            );
}
