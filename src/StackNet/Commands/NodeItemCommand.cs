using System.Management.Automation;
using StackNet.Binding;

namespace StackNet.Commands;

/// <summary>A cmdlet that lists things of nodes: filters by name and namespace, and says which name met nothing.</summary>
public abstract class NodeItemCommand : NodeCommand
{
    private readonly Dictionary<string, NameFilter> _typedFilters = new(StringComparer.Ordinal);
    private readonly Dictionary<string, NameFilter> _filters = new(StringComparer.Ordinal);

    /// <summary>Nodes, objects read from one, or paths of captures.</summary>
    [Parameter(ValueFromPipeline = true, ValueFromPipelineByPropertyName = true)]
    [NodeTransformation]
    public ComputeNode[]? Node { get; set; }

    private protected sealed override ComputeNode[]? Nodes => Node;

    /// <summary>The items of a node, and whether they are wanted.</summary>
    private protected abstract IEnumerable<NodeItem> Items(ComputeNode node);

    private protected sealed override void Process(ComputeNode node)
    {
        _filters.Clear();
        WriteEach($"Looking through {node.ComputerName}", Items(node), item => item.ToString() ?? "");
    }

    /// <inheritdoc />
    protected override void EndProcessing()
    {
        foreach ((string parameter, NameFilter filter) in _typedFilters)
        {
            foreach (string name in filter.Missing)
                WriteError(Errors.ItemNotFound(parameter, name));
        }
    }

    /// <summary>True when one of the candidates matches what the parameter was given.</summary>
    private protected bool Wanted(string parameter, string?[]? names, params ReadOnlySpan<string?> candidates)
    {
        if (names is null)
            return true;
        // Typed names stay the same for all nodes, so that a name that is on one of them is not reported missing.
        bool typed = IsTyped(parameter);
        Dictionary<string, NameFilter> filters = typed ? _typedFilters : _filters;
        if (!filters.TryGetValue(parameter, out NameFilter? filter))
            filters[parameter] = filter = new NameFilter(typed || names.Any(n => n is not null) ? names : null, literal: !typed);
        return filter.Matches(candidates);
    }

    /// <summary>True when the namespace is wanted; the root one has the name "" and is shown as (root).</summary>
    private protected bool InNamespace(string?[]? wanted, string? name) =>
        wanted is null || (name is not null && Wanted("Namespace", wanted, name, name.Length == 0 ? "(root)" : null));
}
