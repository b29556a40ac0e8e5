using System.Runtime.InteropServices;
using StackNet.Engine.Facts;

namespace StackNet.Engine.Sources.Live.Netlink;

/// <summary>struct ifaddrmsg of linux/if_addr.h.</summary>
[StructLayout(LayoutKind.Sequential)]
internal readonly record struct AddressHeader(byte Family, byte PrefixLength, byte Flags, byte Scope, int Index);

/// <summary>RTM_NEWADDR of a dump (rtnetlink(7)).</summary>
internal static class AddressMessage
{
    // IFA_F_* with the words of iproute2; bit 0 means secondary for IPv4 and temporary for IPv6.
    private static readonly (uint Bit, string Name)[] Names =
    [
        (0x20, "deprecated"),
        (0x40, "tentative"),
        (0x02, "nodad"),
        (0x04, "optimistic"),
        (0x08, "dadfailed"),
        (0x10, "homeaddress"),
        (0x100, "mngtmpaddr"),
        (0x200, "noprefixroute"),
        (0x400, "autojoin"),
        (0x800, "stable-privacy"),
    ];

    public static unsafe AddressFacts? Parse(ReadOnlySpan<byte> payload, LinkNames links, RtNames names)
    {
        if (payload.Length < sizeof(AddressHeader))
            return null;
        AddressHeader header = MemoryMarshal.Read<AddressHeader>(payload);
        if (header.Family is not (2 or 10))
            return null;
        Ip? address = null;
        Ip? local = null;
        Ip? broadcast = null;
        string? label = null;
        uint flags = header.Flags;
        NetlinkAttributes attribute = new(payload[sizeof(AddressHeader)..]);
        while (attribute.MoveNext())
        {
            switch (attribute.Type)
            {
                case 1:
                    address = attribute.Address;
                    break;
                case 2:
                    local = attribute.Address;
                    break;
                case 3:
                    label = links.Same(header.Index, attribute.Text);
                    break;
                case 4:
                    broadcast = attribute.Address;
                    break;
                case 8:
                    flags = attribute.U32;
                    break;
            }
        }
        if ((local ?? address) is not { } own)
            return null;
        return new AddressFacts
        {
            Device = links[header.Index],
            Address = own,
            PrefixLength = header.PrefixLength,
            Broadcast = broadcast,
            Peer = local is not null && address is { } far && far != own ? far : null,
            Scope = names.Scope(header.Scope),
            Flags = FlagNames(flags, header.Family == 10),
            Label = label,
        };
    }

    private static IReadOnlyList<string> FlagNames(uint flags, bool v6)
    {
        if ((flags & ~0x80u) == 0 && (flags & 0x80) != 0)
            return [];
        List<string> list = [];
        if ((flags & 1) != 0)
            list.Add(v6 ? "temporary" : "secondary");
        foreach ((uint bit, string name) in Names)
        {
            if ((flags & bit) != 0)
                list.Add(name);
        }
        if ((flags & 0x80) == 0)
            list.Add("dynamic"); // not IFA_F_PERMANENT
        return list;
    }
}
