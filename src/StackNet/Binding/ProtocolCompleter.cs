using System.Collections;

namespace StackNet.Binding;

/// <summary>Completes names of IP protocols.</summary>
public sealed class ProtocolCompleter : NameCompleter
{
    private protected override IEnumerable<(string Name, string? Tip)> Names(IDictionary bound) =>
        PacketFields.Protocols.Select(p => (p.Key, (string?)$"IP protocol {p.Value}"));
}
