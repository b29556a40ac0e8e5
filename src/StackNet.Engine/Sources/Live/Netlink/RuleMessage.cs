using System.Globalization;
using System.Runtime.InteropServices;
using StackNet.Engine.Facts;

namespace StackNet.Engine.Sources.Live.Netlink;

/// <summary>struct fib_rule_hdr of linux/fib_rules.h.</summary>
[StructLayout(LayoutKind.Sequential)]
internal readonly record struct RuleHeader(
    byte Family,
    byte DestinationLength,
    byte SourceLength,
    byte Tos,
    byte Table,
    byte Reserved1,
    byte Reserved2,
    byte Action,
    uint Flags
);

/// <summary>RTM_NEWRULE of a dump (linux/fib_rules.h, ip-rule(8)).</summary>
internal static class RuleMessage
{
    private const uint Inverted = 2; // FIB_RULE_INVERT

    public static unsafe RuleFacts? Parse(ReadOnlySpan<byte> payload, RtNames names)
    {
        if (payload.Length < sizeof(RuleHeader))
            return null;
        RuleHeader header = MemoryMarshal.Read<RuleHeader>(payload);
        bool v6 = header.Family == 10;
        Ip any = v6 ? Ip.V6(0) : Ip.V4(0);
        // "from all" has no attribute; a length without an address is a prefix of zeros.
        IpPrefix? from = header.SourceLength > 0 ? new IpPrefix(any, header.SourceLength) : null;
        IpPrefix? to = header.DestinationLength > 0 ? new IpPrefix(any, header.DestinationLength) : null;
        RuleFacts rule = new() { Not = (header.Flags & Inverted) != 0, Tos = header.Tos == 0 ? null : header.Tos };
        uint table = header.Table;
        uint? mark = null;
        uint mask = uint.MaxValue;
        NetlinkAttributes attribute = new(payload[sizeof(RuleHeader)..]);
        while (attribute.MoveNext())
        {
            switch (attribute.Type)
            {
                case 1:
                    to = new IpPrefix(attribute.Address, header.DestinationLength);
                    break;
                case 2:
                    from = new IpPrefix(attribute.Address, header.SourceLength);
                    break;
                case 6:
                    rule = rule with { Priority = attribute.U32 };
                    break;
                case 10:
                    mark = attribute.U32;
                    break;
                case 15:
                    table = attribute.U32;
                    break;
                case 16:
                    mask = attribute.U32;
                    break;
                case 18 or 21: // padding; the protocol only says who installed the rule
                    break;
                default:
                    rule = Other(rule, attribute);
                    break;
            }
        }
        // The kernel writes mask 0 with mark 0 for a rule without a mark match (fib_nl_fill_rule()).
        bool marked = mark is > 0 || (mark == 0 && mask is not (0 or uint.MaxValue));
        return rule with
        {
            From = from,
            To = to,
            Mark = marked ? mark : null,
            MarkMask = marked ? mask : uint.MaxValue,
            Action = Action(header.Action),
            Table = header.Action == 1 && !rule.L3Mdev && table != 0 ? names.Table(table) : null,
        };
    }

    private static RuleFacts Other(RuleFacts rule, NetlinkAttributes attribute)
    {
        switch (attribute.Type)
        {
            case 3:
                return rule with { InDevice = attribute.Text };
            case 4:
                return rule with { Goto = attribute.U32 };
            case 11: // realms set by a rule never change which route is taken
                return rule;
            case 13:
                return attribute.U32 == uint.MaxValue ? rule : rule with { SuppressGroup = Number(attribute.U32) };
            case 14:
                return attribute.U32 == uint.MaxValue ? rule : rule with { SuppressPrefixLength = attribute.S32 };
            case 17:
                return rule with { OutDevice = attribute.Text };
            case 19:
                return attribute.U8 == 0 ? rule : rule with { L3Mdev = true };
            case 20 when attribute.Value.Length >= 8:
                return rule with { Uids = (attribute.U32, MemoryMarshal.Read<uint>(attribute.Value[4..])) };
            case 22:
                return attribute.U8 == 0 ? rule : rule with { Protocol = Protocol(attribute.U8) };
            case 23:
                return rule with { SourcePorts = Ports(attribute) };
            case 24:
                return rule with { DestinationPorts = Ports(attribute) };
            case 25:
                return rule with { Dscp = attribute.U8 };
            case 28 or 29 when attribute.U16 == ushort.MaxValue: // FRA_SPORT_MASK, FRA_DPORT_MASK: all bits, as without
                return rule;
            case 30 when attribute.U8 == 0x3f: // FRA_DSCP_MASK
                return rule;
            case 12:
                return attribute.Value.IndexOfAnyExcept((byte)0) < 0 ? rule : rule with { Unmodelled = "tun_id" };
            default:
                return rule with { Unmodelled = $"attribute {attribute.Type}" };
        }
    }

    private static PortRange Ports(NetlinkAttributes attribute) =>
        new(attribute.U16, attribute.Value.Length >= 4 ? MemoryMarshal.Read<ushort>(attribute.Value[2..]) : attribute.U16);

    private static string Action(byte action) =>
        action switch
        {
            1 => "lookup",
            2 => "goto",
            3 => "nop",
            6 => "blackhole",
            7 => "unreachable",
            8 => "prohibit",
            _ => Number(action),
        };

    private static string Protocol(byte number) =>
        number switch
        {
            1 => "icmp",
            6 => "tcp",
            17 => "udp",
            33 => "dccp",
            47 => "gre",
            50 => "esp",
            51 => "ah",
            58 => "ipv6-icmp",
            132 => "sctp",
            _ => Number(number),
        };

    private static string Number(uint number) => number.ToString(CultureInfo.InvariantCulture);
}
