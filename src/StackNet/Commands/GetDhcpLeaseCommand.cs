using System.Management.Automation;
using StackNet.Binding;
using StackNet.Engine.Topology;

namespace StackNet.Commands;

/// <summary>Lists the addresses that DHCP gives or gave.</summary>
[Cmdlet(VerbsCommon.Get, "DhcpLease")]
[OutputType(typeof(DhcpLease))]
public sealed class GetDhcpLeaseCommand : NamespacedItemCommand
{
    /// <summary>Instances by name, MAC or address.</summary>
    [Parameter(Position = 0, ValueFromPipelineByPropertyName = true)]
    [SupportsWildcards]
    [ArgumentCompleter(typeof(InstanceCompleter))]
    [Alias("InstanceName")]
    public string?[]? Instance { get; set; }

    private protected override IEnumerable<NodeItem> Items(ComputeNode node) =>
        NodeNouns
            .DhcpLeases(node)
            .Where(x =>
                Wanted(nameof(Instance), Instance, x.Instance, x.MacAddress, x.Address?.ToString(), x.HostName) && InNamespace(x.Namespace)
            );
}
