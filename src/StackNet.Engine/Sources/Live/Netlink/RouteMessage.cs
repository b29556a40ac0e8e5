using System.Runtime.InteropServices;
using StackNet.Engine.Facts;

namespace StackNet.Engine.Sources.Live.Netlink;

/// <summary>struct rtmsg of linux/rtnetlink.h.</summary>
[StructLayout(LayoutKind.Sequential)]
internal readonly record struct RouteHeader(
    byte Family,
    byte DestinationLength,
    byte SourceLength,
    byte Tos,
    byte Table,
    byte Protocol,
    byte Scope,
    byte Type,
    uint Flags
);

/// <summary>struct rtnexthop of linux/rtnetlink.h.</summary>
[StructLayout(LayoutKind.Sequential)]
internal readonly record struct NextHopHeader(ushort Length, byte Flags, byte Hops, int Index);

/// <summary>RTM_NEWROUTE of a dump (rtnetlink(7)).</summary>
internal static class RouteMessage
{
    private const uint Cloned = 0x200; // RTM_F_CLONED: a cache entry (an exception such as a learned MTU), not a route

    // print_rt_flags() of iproute2's ip/iproute.c.
    private static readonly (uint Bit, string Name)[] Names =
    [
        (1, "dead"),
        (4, "onlink"),
        (2, "pervasive"),
        (8, "offload"),
        (64, "trap"),
        (0x100, "notify"),
        (16, "linkdown"),
        (32, "unresolved"),
        (0x4000, "rt_offload"),
        (0x8000, "rt_trap"),
        (0x20000000, "rt_offload_failed"),
    ];

    public static unsafe RouteFacts? Parse(ReadOnlySpan<byte> payload, LinkNames links, RtNames names)
    {
        if (payload.Length < sizeof(RouteHeader))
            return null;
        RouteHeader header = MemoryMarshal.Read<RouteHeader>(payload);
        if ((header.Flags & Cloned) != 0 || header.Family is not (2 or 10))
            return null;
        bool v6 = header.Family == 10;
        Ip any = v6 ? Ip.V6(0) : Ip.V4(0);
        Ip destination = any;
        IpPrefix? from = null;
        Ip? gateway = null;
        Ip? source = null;
        string? device = null;
        uint table = header.Table;
        uint metric = 0;
        Metrics metrics = default;
        string? realm = null;
        string? unmodelled = null;
        IReadOnlyList<NextHopFacts> hops = [];
        NetlinkAttributes attribute = new(payload[sizeof(RouteHeader)..]);
        while (attribute.MoveNext())
        {
            switch (attribute.Type)
            {
                case 1:
                    destination = attribute.Address;
                    break;
                case 2:
                    from = new IpPrefix(attribute.Address, header.SourceLength);
                    break;
                case 4:
                    device = links[attribute.S32];
                    break;
                case 5:
                    gateway = attribute.Address;
                    break;
                case 6:
                    metric = attribute.U32;
                    break;
                case 7:
                    source = attribute.Address;
                    break;
                case 8:
                    metrics = Metrics.Parse(attribute.Value);
                    break;
                case 9:
                    hops = ParseHops(attribute.Value, links, ref unmodelled);
                    break;
                case 11:
                    realm = Realm(attribute.U32);
                    break;
                case 15:
                    table = attribute.U32;
                    break;
                case 18:
                    unmodelled = "via " + Via(attribute.Value);
                    break;
                case 21 or 22:
                    unmodelled = "encap";
                    break;
            }
        }
        return new RouteFacts
        {
            Destination = new IpPrefix(destination, header.DestinationLength),
            Type = RtNames.RouteType(header.Type),
            Table = names.Table(table),
            Device = device,
            Gateway = gateway,
            PreferredSource = source,
            Metric = metric,
            Tos = header.Tos,
            Scope = names.Scope(header.Scope),
            Protocol = names.Protocol(header.Protocol),
            Flags = FlagNames(header.Flags),
            NextHops = hops,
            Mtu = metrics.Mtu,
            MtuLock = metrics.MtuLock,
            AdvMss = metrics.AdvMss,
            Realm = realm,
            From = from,
            Unmodelled = unmodelled,
        };
    }

    private static IReadOnlyList<string> FlagNames(uint flags)
    {
        if (flags == 0)
            return [];
        List<string> list = [];
        foreach ((uint bit, string name) in Names)
        {
            if ((flags & bit) != 0)
                list.Add(name);
        }
        return list;
    }

    private static unsafe List<NextHopFacts> ParseHops(ReadOnlySpan<byte> value, LinkNames links, ref string? unmodelled)
    {
        List<NextHopFacts> hops = [];
        while (value.Length >= sizeof(NextHopHeader))
        {
            NextHopHeader header = MemoryMarshal.Read<NextHopHeader>(value);
            if (header.Length < sizeof(NextHopHeader) || header.Length > value.Length)
                break;
            Ip? gateway = null;
            NetlinkAttributes attribute = new(value[sizeof(NextHopHeader)..header.Length]);
            while (attribute.MoveNext())
            {
                if (attribute.Type == 5)
                    gateway = attribute.Address;
                else if (attribute.Type == 18)
                    unmodelled = "nexthop via " + Via(attribute.Value);
                else if (attribute.Type is 21 or 22)
                    unmodelled = "nexthop encap";
            }
            hops.Add(new NextHopFacts(header.Index == 0 ? null : links[header.Index], gateway, header.Hops + 1, FlagNames(header.Flags)));
            int step = (header.Length + 3) & ~3;
            value = step >= value.Length ? default : value[step..];
        }
        return hops;
    }

    /// <summary>struct rtvia: a gateway of the other family (RFC 5549).</summary>
    private static string Via(ReadOnlySpan<byte> value) =>
        value.Length switch
        {
            18 => "inet6 " + Ip.FromBytes(value[2..]),
            6 => "inet " + Ip.FromBytes(value[2..]),
            _ => Convert.ToHexString(value),
        };

    private static string Realm(uint value) => value >> 16 == 0 ? $"{value & 0xffff}" : $"{value >> 16}/{value & 0xffff}";

    /// <summary>RTA_METRICS: RTAX_LOCK, RTAX_MTU, RTAX_ADVMSS.</summary>
    private readonly record struct Metrics(int? Mtu, bool MtuLock, int? AdvMss)
    {
        public static Metrics Parse(ReadOnlySpan<byte> value)
        {
            Metrics metrics = default;
            NetlinkAttributes attribute = new(value);
            while (attribute.MoveNext())
            {
                metrics = attribute.Type switch
                {
                    1 => metrics with { MtuLock = (attribute.U32 & 4) != 0 },
                    2 => metrics with { Mtu = attribute.S32 },
                    8 => metrics with { AdvMss = attribute.S32 },
                    _ => metrics,
                };
            }
            return metrics;
        }
    }
}
