using System.Runtime.InteropServices;
using StackNet.Engine.Facts;

namespace StackNet.Engine.Sources.Live.Netlink;

/// <summary>VLANs of bridge ports: RTM_GETLINK of family AF_BRIDGE with RTEXT_FILTER_BRVLAN_COMPRESSED (linux/if_bridge.h).</summary>
internal static class BridgeVlanMessage
{
    public static unsafe void Parse(ReadOnlySpan<byte> payload, LinkNames links, List<BridgeVlan> vlans)
    {
        if (payload.Length < sizeof(InterfaceHeader))
            return;
        InterfaceHeader header = MemoryMarshal.Read<InterfaceHeader>(payload);
        NetlinkAttributes attribute = new(payload[sizeof(InterfaceHeader)..]);
        while (attribute.MoveNext())
        {
            if (attribute.Type == 26) // IFLA_AF_SPEC
                ParsePort(attribute.Value, links[header.Index], vlans);
        }
    }

    private static void ParsePort(ReadOnlySpan<byte> value, string device, List<BridgeVlan> vlans)
    {
        const int pvid = 2;
        const int untagged = 4;
        const int rangeBegin = 8;
        const int rangeEnd = 16;
        int begin = 0;
        NetlinkAttributes part = new(value);
        while (part.MoveNext())
        {
            if (part.Type != 2 || part.Value.Length < 4) // IFLA_BRIDGE_VLAN_INFO: struct bridge_vlan_info
                continue;
            int flags = part.U16;
            int id = MemoryMarshal.Read<ushort>(part.Value[2..]);
            if ((flags & rangeBegin) != 0)
            {
                begin = id;
                continue;
            }
            int first = (flags & rangeEnd) != 0 ? begin : id;
            vlans.Add(new BridgeVlan(device, first, id, (flags & pvid) != 0, (flags & untagged) != 0));
        }
    }
}
