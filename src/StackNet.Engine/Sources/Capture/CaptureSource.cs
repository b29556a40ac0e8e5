namespace StackNet.Engine.Sources.Capture;

/// <summary>What is known of one command: what it printed, how it ended, what it complained about.</summary>
/// <param name="Label">File path, or the key inside a case file: where an error message points to.</param>
/// <param name="Command">The command line as the capture names it.</param>
/// <param name="Status">Exit status, null when the capture does not tell.</param>
/// <param name="Content">Standard output; null when it was promised and is not there.</param>
/// <param name="Errors">Standard error, null when there was none.</param>
internal sealed record CaptureEntry(string Label, string Command, int? Status, Func<byte[]>? Content, string? Errors);

/// <summary>
/// A capture as entries by file name of the convention ("ip-j-addr.json"), for each namespace ("" is the root one). Folders and case
/// files both come to this form; <see cref="CaptureNode"/> makes Facts of it.
/// </summary>
internal sealed class CaptureSource(string path)
{
    private readonly Dictionary<string, Dictionary<string, CaptureEntry>> _entries = [];

    /// <summary>The folder or file.</summary>
    public string Path { get; } = path;

    /// <summary>A name for the node when the capture does not hold its host name.</summary>
    public string FallbackName { get; init; } = System.IO.Path.GetFileName(path.TrimEnd('/'));

    /// <summary>True when the exit status of commands is known.</summary>
    public bool HasStatus { get; set; }

    /// <summary>True for a measured case: the root namespace is all that there is.</summary>
    public bool IsCase { get; init; }

    public IEnumerable<string> Namespaces => _entries.Keys.Where(n => n.Length > 0);

    public void Add(string ns, string file, CaptureEntry entry)
    {
        if (!_entries.TryGetValue(ns, out Dictionary<string, CaptureEntry>? files))
            _entries[ns] = files = [];
        files[file] = entry;
    }

    public CaptureEntry? Find(string ns, string file) =>
        _entries.TryGetValue(ns, out Dictionary<string, CaptureEntry>? files) ? files.GetValueOrDefault(file) : null;

    /// <summary>Entries of a namespace whose file name begins and ends so, with what stands between.</summary>
    public IEnumerable<(string Middle, CaptureEntry Entry)> Matching(string ns, string prefix, string suffix)
    {
        if (!_entries.TryGetValue(ns, out Dictionary<string, CaptureEntry>? files))
            yield break;
        foreach ((string file, CaptureEntry entry) in files.OrderBy(f => f.Key, StringComparer.Ordinal))
        {
            if (
                file.Length > prefix.Length + suffix.Length
                && file.StartsWith(prefix, StringComparison.Ordinal)
                && file.EndsWith(suffix, StringComparison.Ordinal)
            )
                yield return (file[prefix.Length..^suffix.Length], entry);
        }
    }

    /// <summary>
    /// True when some command that needs rights brought something: then an empty file of another one is really empty. Decides only where
    /// the capture does not keep exit statuses.
    /// </summary>
    public bool ShowsRights => _showsRights ??= ComputeRights();

    private bool? _showsRights;

    private bool ComputeRights()
    {
        foreach (Dictionary<string, CaptureEntry> files in _entries.Values)
        {
            foreach (string file in CaptureNames.Privileged)
            {
                if (files.TryGetValue(file, out CaptureEntry? entry) && entry.Content is { } read && !Text.JsonText.IsBlank(read()))
                    return true;
            }
        }
        return false;
    }
}
