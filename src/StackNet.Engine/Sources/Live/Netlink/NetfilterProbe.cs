using System.Runtime.InteropServices;
using StackNet.Engine.Facts;

namespace StackNet.Engine.Sources.Live.Netlink;

/// <summary>Cheap questions to nfnetlink: which tables does nf_tables hold in this namespace, are there any ipsets.</summary>
internal sealed class NetfilterProbe(INetlinkTransport transport, CancellationToken token) : IDisposable
{
    private const int NftGetTable = (10 << 8) | 1; // NFNL_SUBSYS_NFTABLES, NFT_MSG_GETTABLE
    private const int IpsetList = (6 << 8) | 7; // NFNL_SUBSYS_IPSET, IPSET_CMD_LIST

    private readonly NetlinkChannel _channel = new(transport, token);

    public NetlinkChannel Channel => _channel;

    /// <summary>Family and name of every table.</summary>
    public IReadOnlyList<NftTable> ReadTables()
    {
        List<NftTable> tables = [];
        Span<byte> body = stackalloc byte[4]; // struct nfgenmsg: family unspec
        body.Clear();
        _channel.DumpAll("NFT_MSG_GETTABLE", NftGetTable, body, tables.Clear, (_, payload) => AddTable(tables, payload));
        return tables;
    }

    /// <summary>The ipsets by the number that rules name them with; a number below zero stands for "not told" (kernels before 4.20).</summary>
    public IReadOnlyList<(int Index, string Name)> ReadSetNames()
    {
        try
        {
            // Protocol 7 tells the index of a set in its header; LIST_HEADER (4) leaves the elements out.
            return ListSets(protocol: 7, flags: 4);
        }
        catch (NetlinkException error) when (error.Errno is not (Libc.Eperm or Libc.Eacces or Libc.Einval or Libc.Eopnotsupp))
        {
            return ListSets(protocol: 6, flags: 2);
        }
    }

    private List<(int Index, string Name)> ListSets(byte protocol, byte flags)
    {
        List<(int, string)> sets = [];
        Span<byte> body = stackalloc byte[20];
        body.Clear();
        // IPSET_ATTR_PROTOCOL (1), IPSET_ATTR_FLAGS (6, network order).
        Write(body[4..], 5, 1);
        body[8] = protocol;
        Write(body[12..], 8, 6 | 0x4000);
        body[19] = flags;
        _channel.DumpAll("IPSET_CMD_LIST", IpsetList, body, sets.Clear, (_, payload) => AddSet(sets, payload));
        return sets;
    }

    private static void AddSet(List<(int, string)> sets, ReadOnlySpan<byte> payload)
    {
        if (payload.Length < 4)
            return;
        int index = -1;
        string? name = null;
        NetlinkAttributes attribute = new(payload[4..]);
        while (attribute.MoveNext())
        {
            if (attribute.Type == 2)
                name = attribute.Text;
            else if (attribute.Type == 11)
                index = attribute.U16Network;
        }
        if (name is not null)
            sets.Add((index, name));
    }

    public void Dispose() => _channel.Dispose();

    public static string? Family(byte number) =>
        number switch
        {
            1 => "inet",
            2 => "ip",
            3 => "arp",
            5 => "netdev",
            7 => "bridge",
            10 => "ip6",
            _ => null,
        };

    private static void AddTable(List<NftTable> tables, ReadOnlySpan<byte> payload)
    {
        if (payload.Length < 4 || Family(payload[0]) is not { } family)
            return;
        string name = "";
        List<string> flags = [];
        NetlinkAttributes attribute = new(payload[4..]);
        while (attribute.MoveNext())
        {
            if (attribute.Type == 1)
                name = attribute.Text;
            else if (attribute.Type == 2)
            {
                if ((attribute.U32Network & 1) != 0)
                    flags.Add("dormant");
                if ((attribute.U32Network & 2) != 0)
                    flags.Add("owner");
            }
        }
        tables.Add(
            new NftTable
            {
                Family = family,
                Name = name,
                Flags = flags,
            }
        );
    }

    private static void Write(Span<byte> place, ushort length, ushort type)
    {
        MemoryMarshal.Write(place, in length);
        MemoryMarshal.Write(place[2..], in type);
    }
}
