namespace StackNet.Engine.Sources.Capture.Redaction;

/// <summary>Where in the capture's JSON a value stands: the names of the properties above it.</summary>
internal sealed class RedactionPath
{
    private readonly List<string> _names = [];
    private string _current = "";

    /// <summary>The property that holds the value, also through arrays.</summary>
    public string Name => _current;

    public void Property(string name) => _current = name;

    public void Open() => _names.Add(_current);

    public void Close()
    {
        _current = _names[^1];
        _names.RemoveAt(_names.Count - 1);
    }

    public bool Within(string name) => _names.Contains(name);
}
