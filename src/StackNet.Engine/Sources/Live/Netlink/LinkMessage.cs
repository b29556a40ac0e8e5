using System.Runtime.InteropServices;
using StackNet.Engine.Facts;

namespace StackNet.Engine.Sources.Live.Netlink;

/// <summary>struct ifinfomsg of linux/rtnetlink.h.</summary>
[StructLayout(LayoutKind.Sequential)]
internal readonly record struct InterfaceHeader(byte Family, byte Pad, ushort Type, int Index, uint Flags, uint Change);

/// <summary>One device of an RTM_GETLINK dump, before indexes became names.</summary>
internal sealed class LinkMessage
{
    public required LinkFacts Link { get; init; }
    public uint Flags { get; init; }
    public int Master { get; init; }

    /// <summary>IFLA_LINK was there; 0 means that there is no such device any more.</summary>
    public int? Lower { get; init; }
    public string Queueing { get; init; } = "";
    public string?[]? Inet { get; init; }
    public string?[]? Inet6 { get; init; }

    /// <summary>Reads struct ifinfomsg and its attributes (rtnetlink(7), linux/if_link.h).</summary>
    public static unsafe LinkMessage? Parse(ReadOnlySpan<byte> payload)
    {
        if (payload.Length < sizeof(InterfaceHeader))
            return null;
        InterfaceHeader header = MemoryMarshal.Read<InterfaceHeader>(payload);
        LinkDetails details = default;
        string name = "";
        string queueing = "";
        byte state = 0;
        int mtu = 0;
        int master = 0;
        int? lower = null;
        int? netns = null;
        Mac mac = default;
        bool xdp = false;
        uint? group = null;
        LinkCounters? counters = null;
        string?[]? inet = null;
        string?[]? inet6 = null;
        NetlinkAttributes attribute = new(payload[sizeof(InterfaceHeader)..]);
        while (attribute.MoveNext())
        {
            switch (attribute.Type)
            {
                case 1 when attribute.Value.Length == 6:
                    mac = Mac.FromBytes(attribute.Value);
                    break;
                case 3:
                    name = attribute.Text;
                    break;
                case 4:
                    mtu = attribute.S32;
                    break;
                case 5:
                    lower = attribute.S32;
                    break;
                case 6:
                    queueing = KnownWords.Find(attribute.Value);
                    break;
                case 10:
                    master = attribute.S32;
                    break;
                case 16:
                    state = attribute.U8;
                    break;
                case 18:
                    details = LinkDetails.Parse(attribute.Value);
                    break;
                case 23:
                    counters = ParseCounters(attribute.Value);
                    break;
                case 26:
                    ParseFamilies(attribute.Value, ref inet, ref inet6);
                    break;
                case 27:
                    group = (uint)attribute.S32;
                    break;
                case 37:
                    netns = attribute.S32;
                    break;
                case 43:
                    xdp = HasXdp(attribute.Value);
                    break;
            }
        }
        return new LinkMessage
        {
            Link = new LinkFacts
            {
                Index = header.Index,
                Name = name,
                Kind = details.Kind ?? "",
                OperState = RtNames.OperState(state),
                Mtu = mtu,
                Mac = mac,
                LinkType = RtNames.LinkType(header.Type),
                LinkIndex = lower is > 0 ? lower : null,
                LinkNetnsId = netns,
                TunType = details.TunType,
                VlanId = details.VlanId,
                VlanProtocol = details.VlanProtocol,
                Bridge = details.Bridge,
                BridgePort = details.Port,
                Vxlan = details.Vxlan,
                SlaveKind = details.SlaveKind,
                HasXdp = xdp,
                Details = details.Others,
                // Nearly all devices are in group 0: that text is shared.
                DeviceGroup =
                    group == 0 ? "0"
                    : group is { } number ? number.ToString(System.Globalization.CultureInfo.InvariantCulture)
                    : null,
                Counters = counters,
            },
            Flags = header.Flags,
            Master = master,
            Lower = lower,
            Queueing = queueing,
            Inet = inet,
            Inet6 = inet6,
        };
    }

    private static void ParseFamilies(ReadOnlySpan<byte> value, ref string?[]? inet, ref string?[]? inet6)
    {
        const int configuration4 = 1; // IFLA_INET_CONF
        const int configuration6 = 2; // IFLA_INET6_CONF
        NetlinkAttributes family = new(value);
        while (family.MoveNext())
        {
            NetlinkAttributes part = new(family.Value);
            while (part.MoveNext())
            {
                if (family.Type == 2 && part.Type == configuration4)
                    inet = DeviceConfig.Pick(part.Value, DeviceConfig.Inet);
                else if (family.Type == 10 && part.Type == configuration6)
                    inet6 = DeviceConfig.Pick(part.Value, DeviceConfig.Inet6);
            }
        }
    }

    /// <summary>struct rtnl_link_stats64: rx_packets, tx_packets, rx_bytes, tx_bytes, rx_errors, tx_errors, rx_dropped, tx_dropped ….</summary>
    private static LinkCounters? ParseCounters(ReadOnlySpan<byte> value)
    {
        if (value.Length < 64)
            return null;
        // The attribute is only aligned to 4 bytes, so no cast to long.
        return new(Long(value, 0), Long(value, 6), Long(value, 1), Long(value, 7));
    }

    private static long Long(ReadOnlySpan<byte> value, int index) => MemoryMarshal.Read<long>(value[(index * 8)..]);

    private static bool HasXdp(ReadOnlySpan<byte> value)
    {
        NetlinkAttributes part = new(value);
        while (part.MoveNext())
        {
            if (part.Type == 2) // IFLA_XDP_ATTACHED
                return part.U8 != 0;
        }
        return false;
    }
}
