using System.Management.Automation;
using StackNet.Binding;
using StackNet.Engine.Topology;

namespace StackNet.Commands;

/// <summary>Lists the floating IPs that a node translates.</summary>
[Cmdlet(VerbsCommon.Get, "FloatingIp")]
[OutputType(typeof(FloatingIp))]
public sealed class GetFloatingIpCommand : NamespacedItemCommand
{
    /// <summary>Floating addresses.</summary>
    [Parameter(Position = 0, ValueFromPipelineByPropertyName = true)]
    [SupportsWildcards]
    [ArgumentCompleter(typeof(FloatingAddressCompleter))]
    public string?[]? FloatingAddress { get; set; }

    /// <summary>Instances: name, uuid or port id.</summary>
    [Parameter(ValueFromPipelineByPropertyName = true)]
    [SupportsWildcards]
    [ArgumentCompleter(typeof(InstanceCompleter))]
    [Alias("InstanceName", "Uuid")]
    public string?[]? Instance { get; set; }

    private protected override IEnumerable<NodeItem> Items(ComputeNode node) =>
        NodeNouns
            .FloatingIps(node)
            .Where(x =>
                Wanted(nameof(FloatingAddress), FloatingAddress, x.FloatingAddress.ToString())
                && Wanted(nameof(Instance), Instance, x.Instance, x.InstanceId)
                && InNamespace(x.Namespace)
            );
}
