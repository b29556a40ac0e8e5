using Xunit;

namespace StackNet.Engine.Tests.Labs;

/// <summary>Tests that make labs run one after the other: each of them makes enough of them to keep a small machine busy.</summary>
[CollectionDefinition(Name)]
public sealed class LabCollection
{
    internal const string Name = "Labs";
}
