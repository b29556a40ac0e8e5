using System.Management.Automation;
using StackNet.Binding;
using StackNet.Engine.Topology;

namespace StackNet.Commands;

/// <summary>Lists the rules that hold for the ports of instances, in neutron's terms.</summary>
[Cmdlet(VerbsCommon.Get, "SecurityGroupRule")]
[OutputType(typeof(SecurityGroupRule))]
public sealed class GetSecurityGroupRuleCommand : NamespacedItemCommand
{
    /// <summary>Instances: name, uuid or port id.</summary>
    [Parameter(Position = 0, ValueFromPipelineByPropertyName = true)]
    [SupportsWildcards]
    [ArgumentCompleter(typeof(InstanceCompleter))]
    [Alias("InstanceName", "Uuid")]
    public string?[]? Instance { get; set; }

    /// <summary>Ingress or Egress; both when it is left out.</summary>
    [Parameter]
    [ValidateSet("Ingress", "Egress")]
    public string? Direction { get; set; }

    private protected override IEnumerable<NodeItem> Items(ComputeNode node) =>
        NodeNouns
            .SecurityGroupRules(node)
            .Where(x =>
                Wanted(nameof(Instance), Instance, x.Instance, x.InstanceId, x.PortId)
                && (Direction is null || x.Direction.Equals(Direction, StringComparison.OrdinalIgnoreCase))
                && InNamespace("")
            )
            // By instance; within a direction as the chains have them.
            .OrderBy(x => x.Instance, StringComparer.OrdinalIgnoreCase)
            .ThenBy(x => x.PortId, StringComparer.Ordinal)
            .ThenBy(x => x.Direction == "Egress")
            .ThenBy(x => x.EtherType, StringComparer.Ordinal);
}
