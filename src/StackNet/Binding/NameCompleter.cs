using System.Collections;
using System.Management.Automation;
using System.Management.Automation.Language;
using StackNet.Output;

namespace StackNet.Binding;

/// <summary>Completes names from what is at hand; never throws and reads nothing from a machine.</summary>
public abstract class NameCompleter : IArgumentCompleter
{
    /// <inheritdoc />
    public IEnumerable<CompletionResult> CompleteArgument(
        string commandName,
        string parameterName,
        string wordToComplete,
        CommandAst commandAst,
        IDictionary fakeBoundParameters
    )
    {
        try
        {
            string word = (wordToComplete ?? "").Trim('\'', '"');
            return
            [
                .. Names(fakeBoundParameters)
                    .Where(n => n.Name.Length > 0 && n.Name.StartsWith(word, StringComparison.OrdinalIgnoreCase))
                    .DistinctBy(n => n.Name, StringComparer.Ordinal)
                    .OrderBy(n => n.Name, StringComparer.OrdinalIgnoreCase)
                    .Select(n => new CompletionResult(
                        Quoted(n.Name),
                        Cell.Text(n.Name),
                        CompletionResultType.ParameterValue,
                        Cell.Text(n.Tip) is { Length: > 0 } tip ? tip : Cell.Text(n.Name)
                    )),
            ];
        }
        catch (Exception)
        {
            // Completion that fails is completion that offers nothing.
            return [];
        }
    }

    /// <summary>All names with a tooltip.</summary>
    private protected abstract IEnumerable<(string Name, string? Tip)> Names(IDictionary bound);

    /// <summary>A name as it must be typed: quoted when a letter in it means something to PowerShell.</summary>
    internal static string Quoted(string name)
    {
        bool plain = name.All(c => char.IsAsciiLetterOrDigit(c) || c is '-' or '_' or '.' or ':' or '/') && name[0] != '-';
        return plain ? name : "'" + CodeGeneration.EscapeSingleQuotedStringContent(name) + "'";
    }
}

/// <summary>Completes names of things of the nodes that were typed or read last.</summary>
public abstract class NodeNameCompleter : NameCompleter
{
    /// <summary>The names that a node has.</summary>
    private protected abstract IEnumerable<(string Name, string? Tip)> Names(ComputeNode node);

    private protected sealed override IEnumerable<(string Name, string? Tip)> Names(IDictionary bound) => Nodes(bound).SelectMany(Names);

    private static IEnumerable<ComputeNode> Nodes(IDictionary bound)
    {
        object? given = bound["Node"] is PSObject wrapped ? wrapped.BaseObject : bound["Node"];
        List<ComputeNode> nodes = given switch
        {
            ComputeNode node => [node],
            NodeItem { Node: { } node } => [node],
            IEnumerable many and not string =>
            [
                .. many.Cast<object?>().Select(o => o is PSObject p ? p.BaseObject : o).OfType<ComputeNode>(),
            ],
            _ => [],
        };
        return nodes.Count > 0 ? nodes : KnownNodes.All();
    }
}
