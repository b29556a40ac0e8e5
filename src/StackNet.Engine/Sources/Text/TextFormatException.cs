namespace StackNet.Engine.Sources.Text;

/// <summary>Text that its tool cannot have printed: cut off, mixed up or of another tool. Line counts from 1, offset from 0.</summary>
internal sealed class TextFormatException(string message, long? line = null, long? offset = null, Exception? cause = null)
    : Exception(message, cause)
{
    public long? Line { get; } = line;

    public long? Offset { get; } = offset;
}
