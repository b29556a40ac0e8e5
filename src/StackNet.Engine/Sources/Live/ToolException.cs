using StackNet.Engine.Facts;

namespace StackNet.Engine.Sources.Live;

/// <summary>A tool could not be run, failed, took too long or printed too much.</summary>
internal sealed class ToolException(UnreadKind kind, string message) : Exception(message)
{
    public UnreadKind Kind { get; } = kind;
}
