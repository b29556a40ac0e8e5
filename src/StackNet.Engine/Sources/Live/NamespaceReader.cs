using System.Runtime.InteropServices;
using StackNet.Engine.Facts;
using StackNet.Engine.Sources.Live.Netlink;

namespace StackNet.Engine.Sources.Live;

/// <summary>Reads one network namespace; runs on a dedicated thread that has entered the node.</summary>
internal sealed partial class NamespaceReader(LiveOptions options, NodeEntry node, RtNames names, UnreadLog unread, CancellationToken token)
{
    private readonly Tool _tool = new(options, token);

    /// <summary>The namespaces of the node, for the numbers that they have for each other.</summary>
    public required IReadOnlyList<NamespaceHandle> All { get; init; }

    public NamespaceFacts Read(NamespaceHandle ns)
    {
        token.ThrowIfCancellationRequested();
        if (ns.Descriptor is null)
            return new NamespaceFacts { Name = ns.Name }; // already noted
        // The thread of this machine's own root namespace is in it already: no rights are needed to stay.
        int errno = ns.Name.Length == 0 && !_moved ? 0 : NodeEntry.TryEnterNetwork(ns.Descriptor);
        if (errno != 0)
        {
            unread.Add("namespace", ns.Name, UnreadLog.KindOf(errno), $"setns: {Libc.Describe(errno)}");
            return new NamespaceFacts { Name = ns.Name };
        }
        _moved |= ns.Name.Length != 0;
        NamespaceFacts facts = ReadTables(ns.Name);
        if (!options.Parts.HasFlag(LiveParts.Filters))
            return facts;
        facts = ReadRules(facts);
        token.ThrowIfCancellationRequested();
        return facts with { Conntrack = ReadConntrack(facts) };
    }

    // A worker that has been elsewhere has to come back with setns(2).
    private bool _moved;

    private NamespaceFacts ReadTables(string name)
    {
        using RtnetlinkReader? reader = unread.Try("links", name, OpenRoute);
        if (reader is null)
        {
            foreach (string source in (ReadOnlySpan<string>)["addresses", "routes", "rules", "neighbours", "fdb"])
                unread.Add(source, name, UnreadKind.Failed, "no netlink socket");
            return new NamespaceFacts { Name = name };
        }
        IReadOnlyList<LinkMessage> raw = [];
        IReadOnlyList<LinkFacts>? links = unread.Try(
            "links",
            name,
            () =>
            {
                (IReadOnlyList<LinkFacts> read, raw) = reader.ReadLinks(options.LinkCounters);
                return read;
            }
        );
        NamespaceFacts facts = new() { Name = name };
        if (links is null)
        {
            // Everything else names its device by an index that only the links resolve.
            foreach (string source in (ReadOnlySpan<string>)["addresses", "routes", "neighbours", "fdb"])
                unread.Add(source, name, UnreadKind.Failed, "the links could not be read, and with them the names of devices");
            return facts;
        }
        facts = facts with
        {
            Addresses = unread.Try("addresses", name, reader.ReadAddresses),
            Routes = unread.Try("routes", name, () => reader.ReadRoutes(v6: false)),
            Routes6 = HasInet6 ? unread.Try("routes6", name, () => reader.ReadRoutes(v6: true)) : [],
            Rules = unread.Try("rules", name, () => reader.ReadRules(v6: false)),
            Rules6 = HasInet6 ? unread.Try("rules6", name, () => reader.ReadRules(v6: true)) : [],
            Neighbours = unread.Try("neighbours", name, reader.ReadNeighbours),
        };
        if (!options.Parts.HasFlag(LiveParts.Details))
            return facts with { Links = links };
        bool bridges = links.Any(l => l.Bridge is not null);
        facts = facts with
        {
            Fdb = unread.Try("fdb", name, reader.ReadFdb),
            BridgeVlans = bridges ? unread.Try("bridge-vlans", name, reader.ReadBridgeVlans) : [],
            NetnsIds = unread.Try("netns-ids", name, () => ReadNamespaceIds(reader)),
            Sysctls = unread.Try("sysctls", name, () => ReadSysctls(reader, raw)),
            TrafficControl = unread.Try("tc", name, () => ReadTrafficControl(reader)),
            Listening = unread.Try("listening", name, ReadListening),
        };
        return facts with { Links = WithOffloads(links) };
    }

    private RtnetlinkReader OpenRoute() => new(new NetlinkSocket(Libc.NetlinkRoute, options.SourceLimit), names, token);

    // Without IPv6 in the kernel the family's dumps answer with those of "unspec" or an error.
    private static bool HasInet6 { get; } = Directory.Exists("/proc/sys/net/ipv6");

    private List<NetnsId> ReadNamespaceIds(RtnetlinkReader reader)
    {
        IReadOnlyList<int> ids = reader.ReadNamespaceIds();
        if (ids.Count == 0)
            return [];
        // Only numbers that exist are looked for, and the search ends with the last: a router's namespace mostly knows the root one only.
        HashSet<int> open = [.. ids];
        Dictionary<int, string> found = [];
        foreach (NamespaceHandle other in All)
        {
            if (open.Count == 0)
                break;
            if (other.Descriptor is not null && reader.FindNamespaceId(other.Descriptor) is { } id && open.Remove(id))
                found[id] = other.Name;
        }
        return [.. ids.Select(id => new NetnsId(id, found.GetValueOrDefault(id)))];
    }

    /// <summary>tx-checksumming by ETHTOOL_GTXCSUM: needs no rights and no table.</summary>
    private static unsafe IReadOnlyList<LinkFacts> WithOffloads(IReadOnlyList<LinkFacts> links)
    {
        const nuint ethtool = 0x8946; // SIOCETHTOOL
        const uint getTxChecksum = 0x16;
        int socket = Libc.Socket(Libc.AddressFamilyInet, Libc.SocketDatagram | Libc.CloseOnExec, 0);
        if (socket < 0)
            return links;
        try
        {
            LinkFacts[] list = new LinkFacts[links.Count];
            EthtoolValue value = default;
            InterfaceRequest request = default;
            for (int i = 0; i < list.Length; i++)
            {
                LinkFacts link = links[i];
                value = new EthtoolValue { Command = getTxChecksum };
                request.SetName(link.Name);
                request.Data = &value;
                list[i] = Libc.Ioctl(socket, ethtool, &request) == 0 ? link with { TxChecksum = value.Data != 0 } : link;
            }
            return list;
        }
        finally
        {
            _ = Libc.Close(socket);
        }
    }

    /// <summary>struct ethtool_value.</summary>
    [StructLayout(LayoutKind.Sequential)]
    internal struct EthtoolValue
    {
        public uint Command;
        public uint Data;
    }

    /// <summary>struct ifreq with its data pointer.</summary>
    [StructLayout(LayoutKind.Sequential, Size = 40)]
    internal unsafe struct InterfaceRequest
    {
        public fixed byte Name[16];
        public void* Data;

        public void SetName(string name)
        {
            fixed (byte* place = Name)
            {
                Span<byte> bytes = new(place, 16);
                bytes.Clear();
                System.Text.Encoding.UTF8.TryGetBytes(name, bytes[..15], out _);
            }
        }
    }
}
