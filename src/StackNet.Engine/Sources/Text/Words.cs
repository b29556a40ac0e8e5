namespace StackNet.Engine.Sources.Text;

/// <summary>Walks the blank-separated words of a line.</summary>
internal ref struct Words(ReadOnlySpan<char> line)
{
    private ReadOnlySpan<char> _rest = line.Trim();

    public ReadOnlySpan<char> Current { get; private set; }

    /// <summary>What stands after the current word, blanks cut.</summary>
    public readonly ReadOnlySpan<char> Rest => _rest;

    public bool Next()
    {
        if (_rest.IsEmpty)
            return false;
        int end = _rest.IndexOfAny(' ', '\t');
        Current = end < 0 ? _rest : _rest[..end];
        _rest = end < 0 ? [] : _rest[end..].TrimStart();
        return true;
    }
}
