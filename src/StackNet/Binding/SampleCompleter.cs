using System.Collections;
using StackNet.Engine.Sources.Capture;

namespace StackNet.Binding;

/// <summary>Completes names of the embedded samples.</summary>
public sealed class SampleCompleter : NameCompleter
{
    private protected override IEnumerable<(string Name, string? Tip)> Names(IDictionary bound) =>
        Samples.Names.Select(n => (n, (string?)Samples.Describe(n)));
}
