using System.Globalization;
using StackNet.Engine.Facts;
using StackNet.Engine.Walk.Devices;

namespace StackNet.Engine.Walk.Routing;

/// <summary>Policy rules and routing tables of one namespace and family.</summary>
internal sealed partial class RoutingModel
{
    private readonly NamespaceMachine _net;
    private readonly Dictionary<string, RouteTable> _tables = new(StringComparer.Ordinal);
    private readonly List<RuleFacts> _rules;
    private readonly bool _hasVrf;

    public RoutingModel(NamespaceMachine net, bool isV6)
    {
        _net = net;
        IReadOnlyList<RouteFacts>? routes = isV6 ? net.Facts.Routes6 : net.Facts.Routes;
        IReadOnlyList<RuleFacts>? rules = isV6 ? net.Facts.Rules6 : net.Facts.Rules;
        WasRead = routes is not null;
        foreach (RouteFacts route in routes ?? [])
        {
            string table = TableName(route.Table);
            if (!_tables.TryGetValue(table, out RouteTable? found))
                _tables[table] = found = new RouteTable(table);
            found.Add(route);
        }
        foreach (RouteTable table in _tables.Values)
            table.Freeze();
        RulesRead = rules is not null;
        // Without a reading of the rules the three default ones are most likely; HasCustomRules is then not known and counts as no.
        _rules = [.. (rules ?? Defaults).OrderBy(r => r.Priority)];
        HasCustomRules = rules is not null && !IsDefault(rules);
        HasCustomLocalRoutes = (routes ?? []).Any(r =>
            r.Type == "local" && TableName(r.Table) != "local"
            || (TableName(r.Table) == "local" && r.Type == "local" && !IsKernelLocal(net, r))
        );
        HasRealms = (routes ?? []).Any(r => r.Realm is not null);
        _hasVrf = net.DevicesByIndex.Values.Any(d => d.Kind == DeviceKind.Vrf);
    }

    public bool WasRead { get; }
    public bool RulesRead { get; }

    /// <summary>fib4_has_custom_rules: anything beyond the three that every namespace starts with.</summary>
    public bool HasCustomRules { get; }

    /// <summary>net->ipv4.fib_has_custom_local_routes: a local route that no address brought.</summary>
    public bool HasCustomLocalRoutes { get; }

    /// <summary>Routes with realms make the kernel look a source up even with rp_filter 0 (fib_num_tclassid_users).</summary>
    public bool HasRealms { get; }

    private static IReadOnlyList<RuleFacts> Defaults { get; } =
    [
        new RuleFacts { Priority = 0, Table = "local" },
        new RuleFacts { Priority = 32766, Table = "main" },
        new RuleFacts { Priority = 32767, Table = "default" },
    ];

    public RouteTable? Table(string name) => _tables.GetValueOrDefault(TableName(name));

    public FibResult Lookup(in FibQuery query)
    {
        if (!WasRead)
            return new(FibKind.Unknown) { Unknown = $"the routes of {_net} were not read" };
        int at = 0;
        while (at < _rules.Count)
        {
            RuleFacts rule = _rules[at];
            bool? matches = Matches(rule, query, out string? unknown);
            if (matches is null)
                return new(FibKind.Unknown) { Unknown = unknown };
            if (matches == false)
            {
                at++;
                continue;
            }
            switch (rule.Action)
            {
                case "blackhole":
                    return new(FibKind.Blackhole) { Rule = rule };
                case "unreachable":
                    // FR_ACT_UNREACHABLE of IPv4 answers ENETUNREACH, unlike a route of that type.
                    return new(FibKind.None) { Rule = rule };
                case "prohibit":
                    return new(FibKind.Prohibit) { Rule = rule };
                case "nop":
                    at++;
                    continue;
                case "goto":
                    int next = rule.Goto is { } target ? _rules.FindIndex(at + 1, r => r.Priority == target) : -1;
                    at = next < 0 ? at + 1 : next;
                    continue;
            }
            if (rule.L3Mdev)
            {
                at++;
                continue;
            }
            FibResult? result = Look(rule, query);
            if (result is { } found)
                return found;
            at++;
        }
        return new(FibKind.None);
    }

    private FibResult? Look(RuleFacts rule, in FibQuery query)
    {
        if (rule.Table is not { } tableName || !_tables.TryGetValue(TableName(tableName), out RouteTable? table))
            return null;
        FibQuery asked = query;
        FibResult answer = default;
        RouteFacts? route = table.Find(
            query.Destination,
            candidate =>
            {
                if (Judge(candidate, asked) is not { } judged)
                    return false;
                answer = judged;
                return true;
            }
        );
        // "throw" ends the table, not the lookup: the next rule is asked.
        if (route is null || route.Type == "throw")
            return null;
        bool isError = answer.Kind is FibKind.Blackhole or FibKind.Unreachable or FibKind.Prohibit or FibKind.Unknown;
        if (!isError && rule.SuppressPrefixLength is { } suppress && route.Destination.Length <= suppress)
            return null;
        if (!isError && rule.SuppressGroup is not null)
            return new(FibKind.Unknown) { Unknown = $"ip rule {rule.Priority}: suppress_ifgroup {rule.SuppressGroup}", Rule = rule };
        return answer;
    }

    /// <summary>Whether a route serves this query, and with which legs; null = the next one is tried.</summary>
    private FibResult? Judge(RouteFacts route, in FibQuery query)
    {
        if (route.Tos != 0 && route.Tos != (query.Tos & 0xfc) && route.Tos != query.Tos)
            return null;
        switch (route.Type)
        {
            case "blackhole":
                return new(FibKind.Blackhole) { Route = route };
            case "unreachable":
                return new(FibKind.Unreachable) { Route = route };
            case "prohibit":
                return new(FibKind.Prohibit) { Route = route };
            case "throw":
                return new(FibKind.None) { Route = route };
        }
        if (route.Unmodelled is not null)
            return new(FibKind.Unknown) { Route = route, Unknown = $"route {RouteText.Of(route)}: {route.Unmodelled}" };
        if (route.Flags.Contains("dead"))
            return null;
        List<FibLeg> legs = [];
        if (route.NextHops.Count == 0)
            AddLeg(legs, route.Device, route.Gateway, 1, route.Flags, query);
        foreach (NextHopFacts hop in route.NextHops)
            AddLeg(legs, hop.Device, hop.Gateway, hop.Weight, hop.Flags, query);
        if (legs.Count == 0)
            return null;
        FibKind kind = route.Type switch
        {
            "local" => FibKind.Local,
            "broadcast" => FibKind.Broadcast,
            "multicast" => FibKind.Multicast,
            "unicast" => FibKind.Unicast,
            _ => FibKind.Unknown,
        };
        return new(kind)
        {
            Route = route,
            Legs = legs,
            Unknown = kind == FibKind.Unknown ? $"route {RouteText.Of(route)}" : null,
        };
    }

    private void AddLeg(List<FibLeg> legs, string? device, Ip? gateway, int weight, IReadOnlyList<string> flags, in FibQuery query)
    {
        if (device is null || flags.Contains("dead"))
            return;
        if (query.OutDevice is { } wanted && wanted != device)
            return;
        if (
            !query.IgnoreLinkState
            && flags.Contains("linkdown")
            && _net.Devices.TryGetValue(device, out Device? found)
            && found.Settings.IgnoreLinkdown.IsOn
        )
            return;
        legs.Add(new FibLeg(device, gateway, weight, flags.Contains("onlink")));
    }

    /// <summary>Tables go by name or number; these three have both (/etc/iproute2/rt_tables).</summary>
    private static string TableName(string table) =>
        table switch
        {
            "255" => "local",
            "254" => "main",
            "253" => "default",
            "all" or "" => "main",
            _ => table,
        };

    private static bool IsDefault(IReadOnlyList<RuleFacts> rules)
    {
        if (rules.Count != 3)
            return false;
        foreach (RuleFacts rule in rules)
        {
            bool plain =
                rule.Action == "lookup"
                && !rule.Not
                && rule.From is null or { Length: 0 }
                && rule.To is null or { Length: 0 }
                && rule.InDevice is null
                && rule.OutDevice is null
                && rule.Mark is null
                && rule.Table is not null
                && (TableName(rule.Table), rule.Priority) is ("local", 0) or ("main", 32766) or ("default", 32767);
            if (!plain)
                return false;
        }
        return true;
    }

    private static bool IsKernelLocal(NamespaceMachine net, RouteFacts route) =>
        route.Protocol == "kernel"
        || (route.Destination.Length == 32 && net.Addresses.OwnerOf(route.Destination.Address) is not null)
        || route.Destination.Address.IsLoopback;
}

/// <summary>Routes and rules as ip(8) writes them, for evidence.</summary>
internal static class RouteText
{
    public static string Of(RouteFacts route)
    {
        string text = route.Type == "unicast" ? "" : route.Type + " ";
        text += route.Destination.Length == 0 ? "default" : route.Destination.ToString();
        if (route.Gateway is { } gateway)
            text += $" via {gateway}";
        if (route.Device is { } device)
            text += $" dev {device}";
        foreach (NextHopFacts hop in route.NextHops)
            text += $" nexthop{(hop.Gateway is { } g ? $" via {g}" : "")} dev {hop.Device}";
        if (route.Table is not ("main" or "254" or ""))
            text += $" table {route.Table}";
        if (route.Metric != 0)
            text += string.Create(CultureInfo.InvariantCulture, $" metric {route.Metric}");
        if (route.Flags.Count > 0)
            text += " " + string.Join(' ', route.Flags);
        return text;
    }

    public static string Of(RuleFacts rule) =>
        string.Create(
            CultureInfo.InvariantCulture,
            $"ip rule {rule.Priority}: {(rule.Not ? "not " : "")}from {(rule.From is { Length: > 0 } f ? f.ToString() : "all")} {rule.Action}{(rule.Table is null ? "" : " " + rule.Table)}"
        );
}
