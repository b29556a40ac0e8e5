using System.Globalization;
using StackNet.Engine.Facts;

namespace StackNet.Engine.Topology;

/// <summary>
/// A plain destination lookup for drawing paths: rules by source, longest prefix, lowest metric. Verdicts come from the walk, which
/// knows marks, next hops that are dead and everything else.
/// </summary>
internal static class RouteLookup
{
    /// <summary>Where a namespace sends packets from <paramref name="source"/> to <paramref name="destination"/>; null when nowhere or not read.</summary>
    public static RouteFacts? Find(NamespaceFacts ns, Ip source, Ip destination)
    {
        IReadOnlyList<RuleFacts> rules = ns.Rules is { Count: > 0 } read
            ? read
            : [new RuleFacts { Priority = 32766, Table = "main" }, new RuleFacts { Priority = 32767, Table = "default" }];
        foreach (RuleFacts rule in rules.OrderBy(r => r.Priority))
        {
            if (rule.Action != "lookup" || rule.Table is null or "local" || rule.Mark is not null || rule.Not)
                continue;
            if (
                (rule.From is { Length: > 0 } from && !from.Contains(source))
                || (rule.To is { Length: > 0 } to && !to.Contains(destination))
            )
                continue;
            if (Best(ns, rule.Table, destination) is { } route)
                return route;
        }
        return null;
    }

    private static RouteFacts? Best(NamespaceFacts ns, string table, Ip destination)
    {
        RouteFacts? best = null;
        foreach (RouteFacts route in ns.Routes ?? [])
        {
            if (!SameTable(route.Table, table) || !route.Destination.Contains(destination) || route.Type is "broadcast" or "multicast")
                continue;
            if (
                best is null
                || route.Destination.Length > best.Destination.Length
                || route.Destination.Length == best.Destination.Length && route.Metric < best.Metric
            )
                best = route;
        }
        return best;
    }

    private static bool SameTable(string a, string b) => a == b || Number(a) is { } n && n == Number(b);

    private static uint? Number(string table) =>
        table switch
        {
            "main" => 254,
            "local" => 255,
            "default" => 253,
            _ => uint.TryParse(table, CultureInfo.InvariantCulture, out uint n) ? n : null,
        };
}
