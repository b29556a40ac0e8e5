using System.Text.Json;
using StackNet.Engine.Facts;

namespace StackNet.Engine.Sources.Text;

/// <summary>
/// <c>ip -j route show table all</c> (iproute2 ip/iproute.c print_route). What is left out is the default: table main, type unicast,
/// scope global, protocol boot. Without -4 the listing holds the IPv6 routes too.
/// </summary>
internal static class IpRouteJson
{
    public static (IReadOnlyList<RouteFacts> V4, IReadOnlyList<RouteFacts> V6) Parse(ReadOnlyMemory<byte> json, bool onlyV6 = false)
    {
        List<RouteFacts> v4 = [];
        List<RouteFacts> v6 = [];
        JsonText.ForEachObject(
            json,
            "ip -j route",
            item =>
            {
                if (item.Text("dst") is not { } destination)
                    return;
                bool isV6 = onlyV6 || IsV6(item, destination);
                (isV6 ? v6 : v4).Add(Route(item, destination, isV6));
            }
        );
        return (v4, v6);
    }

    // "default" does not tell its family; the kernel gives every IPv6 route, and no other, a router preference (RTA_PREF).
    private static bool IsV6(JsonElement item, string destination) =>
        destination.Contains(':')
        || item.TryGetProperty("pref", out _)
        || (item.Text("gateway")?.Contains(':') ?? false)
        || (item.Text("prefsrc")?.Contains(':') ?? false)
        || (item.Text("from")?.Contains(':') ?? false);

    private static RouteFacts Route(JsonElement item, string destination, bool isV6)
    {
        RouteFacts route = new()
        {
            Destination = Prefix(destination, isV6),
            Type = item.Text("type") ?? "unicast",
            Table = item.Text("table") ?? "main",
            Device = item.Text("dev"),
            Gateway = item.Address("gateway"),
            PreferredSource = item.Address("prefsrc"),
            Metric = checked((uint)(item.Number("metric") ?? 0)),
            Tos = item.Text("tos") is { } tos ? Tos(tos) ?? 0 : (byte)0,
            Scope = item.Text("scope") ?? "global",
            Protocol = item.Text("protocol") ?? "boot",
            Flags = item.Strings("flags"),
            NextHops = NextHops(item, out string? foreign),
            From = item.Text("from") is { } from ? Prefix(from, isV6) : null,
            Realm = Realm(item),
        };
        foreign ??= Unmodelled(item, route);
        route = route with { Unmodelled = foreign };
        return item.TryGetProperty("metrics", out JsonElement metrics) ? WithMetrics(route, metrics) : route;
    }

    internal static IpPrefix Prefix(string text, bool isV6) =>
        text is "default" or "all" or "any" ? (isV6 ? IpPrefix.AnyV6 : IpPrefix.AnyV4) : IpPrefix.Parse(text);

    // rtnl_dsfield_n2a: a name of /etc/iproute2/rt_dsfield, else the number in hexadecimal.
    internal static byte? Tos(string text) =>
        text switch
        {
            "default" or "CS0" => 0,
            "lowdelay" => 0x10,
            "throughput" => 0x08,
            "reliability" => 0x04,
            "lowcost" or "mincost" => 0x02,
            "EF" => 0xb8,
            ['C', 'S', >= '1' and <= '7'] => (byte)((text[2] - '0') << 5),
            ['A', 'F', >= '1' and <= '4', >= '1' and <= '3'] => (byte)((text[2] - '0') << 5 | (text[3] - '0') << 3),
            _ => byte.TryParse(
                text.StartsWith("0x", StringComparison.Ordinal) ? text.AsSpan(2) : text,
                System.Globalization.NumberStyles.AllowHexSpecifier,
                null,
                out byte value
            )
                ? value
                : null,
        };

    private static List<NextHopFacts> NextHops(JsonElement item, out string? foreign)
    {
        foreign = null;
        List<NextHopFacts> hops = [];
        if (!item.TryGetProperty("nexthops", out JsonElement list) || list.ValueKind != JsonValueKind.Array)
            return hops;
        foreach (JsonElement hop in list.EnumerateArray())
        {
            if (hop.TryGetProperty("via", out JsonElement via) || hop.TryGetProperty("encap", out via))
                foreign ??= "nexthop " + via.GetRawText();
            hops.Add(new NextHopFacts(hop.Text("dev"), hop.Address("gateway"), hop.Integer("weight") ?? 1, hop.Strings("flags")));
        }
        return hops;
    }

    private static string? Unmodelled(JsonElement item, RouteFacts route)
    {
        if (item.TryGetProperty("encap", out JsonElement encap))
            return "encap " + encap.GetRawText();
        if (item.TryGetProperty("via", out JsonElement via))
            return "via " + via.GetRawText();
        if (item.Text("tos") is { } tos && Tos(tos) is null)
            return "tos " + tos;
        bool needsHop = route.Type is "unicast" or "local";
        return needsHop && route.Device is null && route.NextHops.Count == 0 && item.Text("nhid") is { } id ? "nhid " + id : null;
    }

    private static string? Realm(JsonElement item)
    {
        // iproute2 nests it: "flow": { "from": …, "to": … }.
        if (item.TryGetProperty("flow", out JsonElement flow) && flow.ValueKind == JsonValueKind.Object)
            return flow.Text("from") is { } source ? $"{source}/{flow.Text("to")}" : flow.Text("to");
        string? to = item.Text("flow_to") ?? item.Text("realm") ?? item.Text("realms");
        return item.Text("flow_from") is { } from ? $"{from}/{to}" : to;
    }

    private static RouteFacts WithMetrics(RouteFacts route, JsonElement metrics)
    {
        IEnumerable<JsonElement> items = metrics.ValueKind switch
        {
            JsonValueKind.Array => metrics.EnumerateArray(),
            JsonValueKind.Object => [metrics],
            _ => [],
        };
        foreach (JsonElement item in items)
        {
            if (item.ValueKind != JsonValueKind.Object)
                continue;
            route = route with
            {
                Mtu = item.Integer("mtu") ?? route.Mtu,
                AdvMss = item.Integer("advmss") ?? route.AdvMss,
                MtuLock = route.MtuLock || item.Strings("lock").Contains("mtu"),
            };
        }
        return route;
    }
}
