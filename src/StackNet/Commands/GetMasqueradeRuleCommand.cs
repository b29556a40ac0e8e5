using System.Management.Automation;
using StackNet.Binding;
using StackNet.Engine.Topology;

namespace StackNet.Commands;

/// <summary>Lists the address translation rules that can touch an instance.</summary>
[Cmdlet(VerbsCommon.Get, "MasqueradeRule")]
[OutputType(typeof(MasqueradeRule))]
public sealed class GetMasqueradeRuleCommand : NamespacedItemCommand
{
    /// <summary>Instances by name.</summary>
    [Parameter(Position = 0, ValueFromPipelineByPropertyName = true)]
    [SupportsWildcards]
    [ArgumentCompleter(typeof(InstanceCompleter))]
    [Alias("InstanceName")]
    public string?[]? Instance { get; set; }

    private protected override IEnumerable<NodeItem> Items(ComputeNode node) =>
        NodeNouns.MasqueradeRules(node).Where(x => Wanted(nameof(Instance), Instance, [.. x.Instance]) && InNamespace(x.Namespace));
}
