using System.Management.Automation;
using StackNet.Binding;

namespace StackNet.Commands;

/// <summary>A cmdlet that lists things which lie in network namespaces.</summary>
public abstract class NamespacedItemCommand : NodeItemCommand
{
    /// <summary>Network namespaces; "" or (root) is the node's own.</summary>
    [Parameter(ValueFromPipelineByPropertyName = true)]
    [SupportsWildcards]
    [AllowEmptyString]
    [ArgumentCompleter(typeof(NamespaceCompleter))]
    public string?[]? Namespace { get; set; }

    /// <summary>True when the namespace is wanted.</summary>
    private protected bool InNamespace(string? name) => InNamespace(Namespace, name);
}
