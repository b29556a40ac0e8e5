using System.Collections;
using System.Management.Automation;
using StackNet.Engine.Labs;

namespace StackNet.Binding;

/// <summary>Completes names of labs.</summary>
public sealed class LabCompleter : NameCompleter
{
    private protected override IEnumerable<(string Name, string? Tip)> Names(IDictionary bound) =>
        LabManager.Get().Select(l => (l.Name, (string?)$"{l.Layout}, {l.State}"));
}

/// <summary>Completes names of guests of the labs that were named, or of all.</summary>
public sealed class LabInstanceCompleter : NameCompleter
{
    private protected override IEnumerable<(string Name, string? Tip)> Names(IDictionary bound)
    {
        NameFilter wanted = new(bound["Name"] is { } name ? LanguagePrimitives.ConvertTo<string[]>(name) : null);
        return LabManager
            .Get()
            .Where(l => wanted.Matches(l.Name))
            .SelectMany(l => l.Instance)
            .Select(i => (i.Name, (string?)$"{i.Address} {i.InstanceId}"));
    }
}

/// <summary>Completes names of faults that a lab can have.</summary>
public sealed class LabFaultCompleter : NameCompleter
{
    private protected override IEnumerable<(string Name, string? Tip)> Names(IDictionary bound) =>
        LabManager.Faults.Select(f => (f.Name, (string?)$"{f.CauseId}: {f.What}"));
}
