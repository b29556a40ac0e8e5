using System.Management.Automation;
using StackNet.Binding;
using StackNet.Engine.Topology;

namespace StackNet.Commands;

/// <summary>Lists the network namespaces of a node.</summary>
[Cmdlet(VerbsCommon.Get, "NetworkNamespace")]
[OutputType(typeof(NetworkNamespace))]
public sealed class GetNetworkNamespaceCommand : NodeItemCommand
{
    /// <summary>Names of namespaces; "" or (root) is the node's own.</summary>
    [Parameter(Position = 0, ValueFromPipelineByPropertyName = true)]
    [SupportsWildcards]
    [AllowEmptyString]
    [ArgumentCompleter(typeof(NamespaceCompleter))]
    public string?[]? Namespace { get; set; }

    /// <summary>root, router, dhcp, snat, fip, ovnmeta or other.</summary>
    [Parameter]
    [SupportsWildcards]
    [ArgumentCompleter(typeof(RoleCompleter))]
    public string?[]? Role { get; set; }

    private protected override IEnumerable<NodeItem> Items(ComputeNode node) =>
        NodeNouns.NetworkNamespaces(node).Where(x => InNamespace(Namespace, x.Namespace) && Wanted(nameof(Role), Role, x.Role));
}
