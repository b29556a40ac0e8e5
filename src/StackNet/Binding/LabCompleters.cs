using System.Collections;
using StackNet.Engine.Labs;

namespace StackNet.Binding;

/// <summary>Completes names of labs.</summary>
public sealed class LabCompleter : NameCompleter
{
    private protected override IEnumerable<(string Name, string? Tip)> Names(IDictionary bound) =>
        LabManager.Get().Select(l => (l.Name, (string?)$"{l.Layout}, {l.State}"));
}

/// <summary>Completes names of faults that a lab can have.</summary>
public sealed class LabFaultCompleter : NameCompleter
{
    private protected override IEnumerable<(string Name, string? Tip)> Names(IDictionary bound) =>
        LabManager.Faults.Select(f => (f.Name, (string?)$"{f.CauseId}: {f.What}"));
}
