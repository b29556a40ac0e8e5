using StackNet.Engine.Sources.Live;

namespace StackNet.Commands;

/// <summary>A cmdlet about nodes: those that are piped or named, else this machine.</summary>
public abstract class NodeCommand : StackNetCommand
{
    /// <summary>The names that were typed, not those that a piped object brought.</summary>
    private protected bool IsTyped(string parameter) => _typed.Contains(parameter);

    private HashSet<string> _typed = [];

    /// <inheritdoc />
    protected override void BeginProcessing() => _typed = new(MyInvocation.BoundParameters.Keys, StringComparer.OrdinalIgnoreCase);

    /// <inheritdoc />
    protected sealed override void ProcessRecord()
    {
        foreach (ComputeNode node in Nodes ?? ThisMachine())
        {
            Token.ThrowIfCancellationRequested();
            Process(node);
        }
    }

    /// <summary>The nodes that were given; null: this machine.</summary>
    private protected abstract ComputeNode[]? Nodes { get; }

    /// <summary>Does the cmdlet's work on one node.</summary>
    private protected abstract void Process(ComputeNode node);

    private ComputeNode[] ThisMachine()
    {
        if (NodeReading.Live(this, new LiveOptions()) is not { } node)
            return [];
        NodeReading.Warn(this, node);
        return [node];
    }
}
