using StackNet.Engine.Facts;

namespace StackNet.Engine.Causes;

/// <summary>An address beyond every default route: public, and covered by no other route or subnet of the node.</summary>
internal static class DefaultDestination
{
    private static readonly Ip[] Candidates = [Ip.Parse("9.9.9.9"), Ip.Parse("1.1.1.1"), Ip.Parse("8.8.8.8"), Ip.Parse("208.67.222.222")];

    public static Ip Of(NodeFacts facts)
    {
        foreach (Ip candidate in Candidates)
        {
            bool covered = facts.Namespaces.Any(n =>
                (n.Routes ?? []).Any(r => r.Destination.Length > 1 && r.Destination.Contains(candidate))
                || (n.Addresses ?? []).Any(a => new IpPrefix(a.Address, a.PrefixLength).Contains(candidate))
            );
            if (!covered)
                return candidate;
        }
        return Candidates[0];
    }
}
