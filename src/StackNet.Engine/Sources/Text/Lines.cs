namespace StackNet.Engine.Sources.Text;

/// <summary>Walks the lines of a text without copying it; line numbers count from 1 and a carriage return at the end is cut.</summary>
internal ref struct Lines(ReadOnlySpan<char> text)
{
    private ReadOnlySpan<char> _rest = text;
    private bool _more = text.Length > 0;

    public ReadOnlySpan<char> Current { get; private set; }

    public int Number { get; private set; }

    public bool Next()
    {
        if (!_more)
            return false;
        int end = _rest.IndexOf('\n');
        if (end < 0)
        {
            Current = _rest;
            _more = false;
        }
        else
        {
            Current = _rest[..end];
            _rest = _rest[(end + 1)..];
            _more = _rest.Length > 0;
        }
        if (Current.EndsWith("\r"))
            Current = Current[..^1];
        Number++;
        return true;
    }

    /// <summary>The next line that is not blank.</summary>
    public bool NextFilled()
    {
        while (Next())
        {
            if (!Current.IsWhiteSpace())
                return true;
        }
        return false;
    }
}
