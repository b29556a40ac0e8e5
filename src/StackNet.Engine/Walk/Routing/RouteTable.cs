using StackNet.Engine.Facts;

namespace StackNet.Engine.Walk.Routing;

/// <summary>One routing table: longest prefix first, then TOS, then metric, as fib_table_lookup walks it (net/ipv4/fib_trie.c).</summary>
internal sealed class RouteTable(string name)
{
    private readonly Dictionary<UInt128, List<RouteFacts>>?[] _byLength = new Dictionary<UInt128, List<RouteFacts>>?[129];
    private int[] _lengths = [];

    public string Name { get; } = name;

    public void Add(RouteFacts route)
    {
        int length = route.Destination.Length;
        Dictionary<UInt128, List<RouteFacts>> bucket = _byLength[length] ??= [];
        UInt128 key = route.Destination.Network.Value;
        if (!bucket.TryGetValue(key, out List<RouteFacts>? aliases))
            bucket[key] = aliases = [];
        aliases.Add(route);
    }

    public void Freeze()
    {
        List<int> lengths = [];
        for (int length = 128; length >= 0; length--)
        {
            if (_byLength[length] is not { } bucket)
                continue;
            lengths.Add(length);
            foreach (List<RouteFacts> aliases in bucket.Values)
            {
                if (aliases.Count > 1)
                {
                    // Stable: of equal tos and metric the kernel keeps the order in which it prints them.
                    List<RouteFacts> sorted = [.. aliases.OrderByDescending(r => r.Tos).ThenBy(r => r.Metric)];
                    aliases.Clear();
                    aliases.AddRange(sorted);
                }
            }
        }
        _lengths = [.. lengths];
    }

    /// <summary>Calls <paramref name="accept"/> for each route that covers the address, most specific first, until it says yes.</summary>
    public RouteFacts? Find(Ip destination, Func<RouteFacts, bool> accept)
    {
        foreach (int length in _lengths)
        {
            if (length > destination.Bits)
                continue;
            UInt128 key = new IpPrefix(destination, length).Network.Value;
            if (!_byLength[length]!.TryGetValue(key, out List<RouteFacts>? aliases))
                continue;
            foreach (RouteFacts route in aliases)
            {
                if (accept(route))
                    return route;
            }
        }
        return null;
    }
}

/// <summary>How a lookup ended.</summary>
internal enum FibKind
{
    /// <summary>No rule and table knows a way (ENETUNREACH).</summary>
    None,
    Unicast,
    Local,
    Broadcast,
    Multicast,
    Blackhole,
    Unreachable,
    Prohibit,

    /// <summary>What was read does not tell.</summary>
    Unknown,
}

/// <summary>What is looked up (struct flowi4).</summary>
internal readonly struct FibQuery
{
    public Ip Destination { get; init; }
    public Ip Source { get; init; }
    public string? InDevice { get; init; }
    public string? OutDevice { get; init; }
    public uint Mark { get; init; }
    public byte Tos { get; init; }
    public byte Protocol { get; init; }
    public ushort SourcePort { get; init; }
    public ushort DestinationPort { get; init; }

    /// <summary>Legs on a device without carrier count (FIB_LOOKUP_IGNORE_LINKSTATE).</summary>
    public bool IgnoreLinkState { get; init; }

    /// <summary>Ports are known (a fragment or a foreign protocol has none).</summary>
    public bool HasPorts { get; init; }
}

/// <summary>A leg of the route that was found.</summary>
internal readonly record struct FibLeg(string Device, Ip? Gateway, int Weight, bool OnLink);

/// <summary>Answer of a lookup.</summary>
internal readonly record struct FibResult(FibKind Kind)
{
    public RouteFacts? Route { get; init; }

    /// <summary>Legs that may be used, one for an ordinary route.</summary>
    public IReadOnlyList<FibLeg> Legs { get; init; } = [];

    /// <summary>The rule that gave the answer by itself (unreachable, prohibit, blackhole).</summary>
    public RuleFacts? Rule { get; init; }
    public string? Unknown { get; init; }

    public string Device => Legs.Count > 0 ? Legs[0].Device : Route?.Device ?? "";
    public Ip? Gateway => Legs.Count > 0 ? Legs[0].Gateway : null;
}
