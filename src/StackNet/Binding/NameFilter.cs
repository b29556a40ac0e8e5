using System.Management.Automation;

namespace StackNet.Binding;

/// <summary>Names with wildcards, matched without regard to case; remembers which of them met nothing.</summary>
internal sealed class NameFilter
{
    private readonly List<(string Text, bool IsName, WildcardPattern Pattern)> _patterns = [];
    private readonly HashSet<string> _met = new(StringComparer.OrdinalIgnoreCase);

    /// <summary>Makes a filter of what a parameter was given.</summary>
    /// <param name="names">Null: everything matches.</param>
    /// <param name="literal">Names that came from an object: [, * and ? mean themselves.</param>
    public NameFilter(IEnumerable<string?>? names, bool literal = false)
    {
        IsAny = names is null;
        foreach (string? name in names ?? [])
        {
            if (name is null)
                continue;
            bool isPattern = !literal && IsPattern(name);
            bool isName = !isPattern || !WildcardPattern.ContainsWildcardCharacters(name);
            string text = isPattern ? name : WildcardPattern.Escape(name);
            _patterns.Add((name, isName, WildcardPattern.Get(text, WildcardOptions.IgnoreCase)));
        }
    }

    /// <summary>No name was given.</summary>
    public bool IsAny { get; }

    /// <summary>One of the names (name, uuid, port id …) matches.</summary>
    public bool Matches(params ReadOnlySpan<string?> candidates)
    {
        if (IsAny)
            return true;
        bool matches = false;
        foreach ((string text, _, WildcardPattern pattern) in _patterns)
        {
            foreach (string? candidate in candidates)
            {
                if (candidate is null || !pattern.IsMatch(candidate))
                    continue;
                matches = true;
                _met.Add(text);
                break;
            }
        }
        return matches;
    }

    /// <summary>Names without wildcards that met nothing: for those a user expects an error, for a pattern nothing.</summary>
    public IEnumerable<string> Missing => _patterns.Where(p => p.IsName && !_met.Contains(p.Text)).Select(p => p.Text);

    /// <summary>False for "a[": such a text can only be a name that has a bracket in it.</summary>
    private static bool IsPattern(string text)
    {
        try
        {
            WildcardPattern.Get(text, WildcardOptions.IgnoreCase).IsMatch("");
            return true;
        }
        catch (WildcardPatternException)
        {
            return false;
        }
    }
}
