using System.Runtime.InteropServices;
using StackNet.Engine.Facts;

namespace StackNet.Engine.Sources.Live.Netlink;

/// <summary>struct ndmsg of linux/neighbour.h.</summary>
[StructLayout(LayoutKind.Sequential)]
internal readonly record struct NeighbourHeader(byte Family, byte Pad1, ushort Pad2, int Index, ushort State, byte Flags, byte Type);

/// <summary>RTM_NEWNEIGH of a dump: the neighbour tables (ip-neighbour(8)) and the forwarding databases (bridge(8)).</summary>
internal static class NeighbourMessage
{
    private const int NoArp = 0x40;
    private const int Permanent = 0x80;
    private const int Proxy = 8;
    private const int Router = 0x80;

    /// <summary>A neighbour; entries that need no resolution (multicast, loopback) and empty ones are left out as ip-neighbour does.</summary>
    public static unsafe NeighbourFacts? Parse(ReadOnlySpan<byte> payload, LinkNames links)
    {
        if (payload.Length < sizeof(NeighbourHeader))
            return null;
        NeighbourHeader header = MemoryMarshal.Read<NeighbourHeader>(payload);
        bool proxy = (header.Flags & Proxy) != 0;
        if (header.Family is not (2 or 10) || (!proxy && (header.State & ~NoArp) == 0))
            return null;
        Ip? address = null;
        Mac? mac = null;
        NetlinkAttributes attribute = new(payload[sizeof(NeighbourHeader)..]);
        while (attribute.MoveNext())
        {
            if (attribute.Type == 1)
                address = attribute.Address;
            else if (attribute.Type == 2 && attribute.Value.Length == 6)
                mac = Mac.FromBytes(attribute.Value);
        }
        if (address is not { } own)
            return null;
        return new NeighbourFacts
        {
            Device = header.Index == 0 ? "" : links[header.Index],
            Address = own,
            Mac = mac,
            State = State(header.State),
            IsProxy = proxy,
            IsRouter = (header.Flags & Router) != 0,
        };
    }

    /// <summary>An entry of a bridge's, vxlan's or device's forwarding database.</summary>
    public static unsafe FdbEntry? ParseFdb(ReadOnlySpan<byte> payload, LinkNames links)
    {
        if (payload.Length < sizeof(NeighbourHeader))
            return null;
        NeighbourHeader header = MemoryMarshal.Read<NeighbourHeader>(payload);
        if (header.Family != 7)
            return null;
        Mac? mac = null;
        int? vlan = null;
        string? master = null;
        Ip? destination = null;
        NetlinkAttributes attribute = new(payload[sizeof(NeighbourHeader)..]);
        while (attribute.MoveNext())
        {
            switch (attribute.Type)
            {
                case 1 when attribute.Value.Length is 4 or 16:
                    destination = attribute.Address;
                    break;
                case 2 when attribute.Value.Length == 6:
                    mac = Mac.FromBytes(attribute.Value);
                    break;
                case 5:
                    vlan = attribute.U16;
                    break;
                case 9:
                    master = links[attribute.S32];
                    break;
            }
        }
        if (mac is not { } own)
            return null;
        return new FdbEntry
        {
            Mac = own,
            Device = links[header.Index],
            Master = master,
            Vlan = vlan,
            State = FdbState(header.State),
            Flags = FdbFlags(header.Flags),
            Destination = destination,
        };
    }

    private static string State(int state) =>
        state switch
        {
            1 => "INCOMPLETE",
            2 => "REACHABLE",
            4 => "STALE",
            8 => "DELAY",
            0x10 => "PROBE",
            0x20 => "FAILED",
            NoArp => "NOARP",
            Permanent => "PERMANENT",
            0 => "NONE",
            // The kernel keeps one state at a time; NOARP may stand beside another.
            _ when (state & Permanent) != 0 => "PERMANENT",
            _ when (state & 2) != 0 => "REACHABLE",
            _ => "NONE",
        };

    /// <summary>state_n2a() of iproute2's bridge/fdb.c.</summary>
    private static string FdbState(int state) =>
        state switch
        {
            _ when (state & Permanent) != 0 => "permanent",
            _ when (state & NoArp) != 0 => "static",
            _ when (state & 4) != 0 => "stale",
            _ when (state & 2) != 0 => "",
            _ => $"state=0x{state:x}",
        };

    private static IReadOnlyList<string> FdbFlags(int flags)
    {
        if (flags == 0)
            return [];
        if (flags == 2)
            return SelfOnly;
        List<string> list = [];
        foreach ((int bit, string name) in FdbFlagNames)
        {
            if ((flags & bit) != 0)
                list.Add(name);
        }
        return list;
    }

    private static readonly string[] SelfOnly = ["self"];

    private static readonly (int Bit, string Name)[] FdbFlagNames =
    [
        (2, "self"),
        (Router, "router"),
        (0x10, "extern_learn"),
        (0x20, "offload"),
        (4, "master"),
        (0x40, "sticky"),
    ];
}
