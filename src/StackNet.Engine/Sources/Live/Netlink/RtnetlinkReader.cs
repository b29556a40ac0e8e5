using System.Runtime.InteropServices;
using StackNet.Engine.Facts;

namespace StackNet.Engine.Sources.Live.Netlink;

/// <summary>Reads the tables of one network namespace through rtnetlink(7), each in one dump.</summary>
internal sealed class RtnetlinkReader(INetlinkTransport transport, RtNames names, CancellationToken token) : IDisposable
{
    private const int NewLink = 16;
    private const int GetLink = 18;
    private const int GetAddress = 22;
    private const int GetRoute = 26;
    private const int GetNeighbour = 30;
    private const int GetRule = 34;
    private const int GetQdisc = 38;
    private const int GetNetConf = 82;
    private const int GetNsid = 90;
    private const byte Inet = 2;
    private const byte Bridge = 7;
    private const byte Inet6 = 10;
    private const int ExtendedMask = 29; // IFLA_EXT_MASK
    private const uint SkipStatistics = 8;
    private const uint BridgeVlansCompressed = 4;

    private readonly NetlinkChannel _channel = new(transport, token);

    // Thousands of devices share a handful of flag words.
    private readonly Dictionary<uint, string[]> _flags = [];

    /// <summary>Names by index; filled by <see cref="ReadLinks"/>, which therefore comes first.</summary>
    public LinkNames Links { get; } = new();

    public (IReadOnlyList<LinkFacts> Links, IReadOnlyList<LinkMessage> Raw) ReadLinks(bool counters)
    {
        List<LinkMessage> messages = [];
        Dictionary<int, uint> up = [];
        Span<byte> body = stackalloc byte[24];
        body.Clear();
        WriteAttribute(body[16..], ExtendedMask, counters ? 0 : SkipStatistics);
        _channel.DumpAll(
            "RTM_GETLINK",
            GetLink,
            body,
            () =>
            {
                messages.Clear();
                up.Clear();
                Links.Clear();
            },
            (type, payload) =>
            {
                if (type != NewLink || LinkMessage.Parse(payload) is not { } link)
                    return;
                messages.Add(link);
                Links.Add(link.Link.Index, link.Link.Name);
                up[link.Link.Index] = link.Flags;
            }
        );
        List<LinkFacts> links = new(messages.Count);
        foreach (LinkMessage message in messages)
            links.Add(Finish(message, up));
        return (links, messages);
    }

    public IReadOnlyList<AddressFacts> ReadAddresses()
    {
        List<AddressFacts> list = [];
        Span<byte> body = stackalloc byte[8];
        body.Clear();
        _channel.DumpAll(
            "RTM_GETADDR",
            GetAddress,
            body,
            list.Clear,
            (_, payload) => Add(list, AddressMessage.Parse(payload, Links, names))
        );
        return list;
    }

    public IReadOnlyList<RouteFacts> ReadRoutes(bool v6)
    {
        List<RouteFacts> list = [];
        Span<byte> body = stackalloc byte[12];
        body.Clear();
        body[0] = v6 ? Inet6 : Inet;
        _channel.DumpAll("RTM_GETROUTE", GetRoute, body, list.Clear, (_, payload) => Add(list, RouteMessage.Parse(payload, Links, names)));
        return list;
    }

    public IReadOnlyList<RuleFacts> ReadRules(bool v6)
    {
        List<RuleFacts> list = [];
        Span<byte> body = stackalloc byte[12];
        body.Clear();
        body[0] = v6 ? Inet6 : Inet;
        _channel.DumpAll("RTM_GETRULE", GetRule, body, list.Clear, (_, payload) => Add(list, RuleMessage.Parse(payload, names)));
        return list;
    }

    /// <summary>Neighbours of both families, the proxy entries after them (they live in a table of their own).</summary>
    public IReadOnlyList<NeighbourFacts> ReadNeighbours()
    {
        List<NeighbourFacts> all = [];
        Span<byte> body = stackalloc byte[12];
        foreach (byte flags in (ReadOnlySpan<byte>)[0, 8]) // NTF_PROXY
        {
            List<NeighbourFacts> list = [];
            body.Clear();
            body[10] = flags;
            _channel.DumpAll(
                "RTM_GETNEIGH",
                GetNeighbour,
                body,
                list.Clear,
                (_, payload) => Add(list, NeighbourMessage.Parse(payload, Links))
            );
            all.AddRange(list);
        }
        return all;
    }

    public IReadOnlyList<FdbEntry> ReadFdb()
    {
        List<FdbEntry> list = [];
        Span<byte> body = stackalloc byte[12];
        body.Clear();
        body[0] = Bridge;
        _channel.DumpAll(
            "RTM_GETNEIGH (AF_BRIDGE)",
            GetNeighbour,
            body,
            list.Clear,
            (_, payload) => Add(list, NeighbourMessage.ParseFdb(payload, Links))
        );
        return list;
    }

    public IReadOnlyList<BridgeVlan> ReadBridgeVlans()
    {
        List<BridgeVlan> list = [];
        Span<byte> body = stackalloc byte[24];
        body.Clear();
        body[0] = Bridge;
        WriteAttribute(body[16..], ExtendedMask, BridgeVlansCompressed);
        _channel.DumpAll(
            "RTM_GETLINK (AF_BRIDGE)",
            GetLink,
            body,
            list.Clear,
            (_, payload) => BridgeVlanMessage.Parse(payload, Links, list)
        );
        return list;
    }

    /// <summary>Queueing disciplines: device index, kind, handle and parent; those that a device has by default are told too.</summary>
    public IReadOnlyList<QdiscMessage> ReadQdiscs()
    {
        List<QdiscMessage> list = [];
        Span<byte> body = stackalloc byte[20];
        body.Clear();
        _channel.DumpAll("RTM_GETQDISC", GetQdisc, body, list.Clear, (_, payload) => Add(list, QdiscMessage.Parse(payload)));
        return list;
    }

    /// <summary>The "all" (-1) or "default" (-2) settings as far as RTM_GETNETCONF tells them; null when this kernel does not.</summary>
    public NetConfMessage? ReadNetConf(bool v6, int index)
    {
        Span<byte> body = stackalloc byte[12];
        body.Clear();
        body[0] = v6 ? Inet6 : Inet;
        WriteAttribute(body[4..], 1, unchecked((uint)index)); // NETCONFA_IFINDEX
        byte[]? answer = _channel.Ask(GetNetConf, body, out _);
        return answer is null ? null : NetConfMessage.Parse(answer);
    }

    /// <summary>Numbers that this namespace has for others (RTM_GETNSID dump).</summary>
    public IReadOnlyList<int> ReadNamespaceIds()
    {
        List<int> ids = [];
        Span<byte> body = stackalloc byte[4];
        body.Clear();
        _channel.DumpAll("RTM_GETNSID", GetNsid, body, ids.Clear, (_, payload) => AddId(ids, payload));
        return ids;
    }

    /// <summary>The number that this namespace has for the one behind the descriptor; null when it has none.</summary>
    public int? FindNamespaceId(SafeHandle other)
    {
        Span<byte> body = stackalloc byte[12];
        body.Clear();
        WriteAttribute(body[4..], 3, (uint)(int)other.DangerousGetHandle()); // NETNSA_FD
        byte[]? answer = _channel.Ask(GetNsid, body, out _);
        if (answer is null)
            return null;
        List<int> ids = [];
        AddId(ids, answer);
        return ids.Count == 1 && ids[0] >= 0 ? ids[0] : null;
    }

    public void Dispose() => _channel.Dispose();

    private LinkFacts Finish(LinkMessage message, Dictionary<int, uint> up)
    {
        LinkFacts link = message.Link;
        // iproute2 adds M-DOWN when the lower device or the peer is in this namespace and is not up.
        bool lowerDown =
            message.Lower is > 0 and int lower && link.LinkNetnsId is null && up.TryGetValue(lower, out uint flags) && (flags & 1) == 0;
        return link with
        {
            Flags = Flags(message.Flags, lowerDown),
            Master = message.Master == 0 ? null : Links[message.Master],
            LinkName = link.LinkIndex is int peer && link.LinkNetnsId is null ? Links.Find(peer) : null,
        };
    }

    private string[] Flags(uint flags, bool lowerDown)
    {
        // IFF_RUNNING (0x40) stays in the key: without it NO-CARRIER is shown. Bit 31 is free in struct ifinfomsg.
        uint key = flags | (lowerDown ? 0x80000000 : 0);
        if (!_flags.TryGetValue(key, out string[]? words))
        {
            words = RtNames.Flags(flags, lowerDown);
            _flags.Add(key, words);
        }
        return words;
    }

    private static void AddId(List<int> ids, ReadOnlySpan<byte> payload)
    {
        if (payload.Length < 4)
            return;
        NetlinkAttributes attribute = new(payload[4..]); // struct rtgenmsg, padded
        while (attribute.MoveNext())
        {
            if (attribute.Type == 1) // NETNSA_NSID
                ids.Add(attribute.S32);
        }
    }

    private static void Add<T>(List<T> list, T? item)
        where T : class
    {
        if (item is not null)
            list.Add(item);
    }

    private static void WriteAttribute(Span<byte> place, ushort type, uint value)
    {
        ushort length = 8;
        MemoryMarshal.Write(place, in length);
        MemoryMarshal.Write(place[2..], in type);
        MemoryMarshal.Write(place[4..], in value);
    }
}
