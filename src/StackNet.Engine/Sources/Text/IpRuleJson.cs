using System.Text.Json;
using StackNet.Engine.Facts;

namespace StackNet.Engine.Sources.Text;

/// <summary><c>ip -j rule</c> (iproute2 ip/iprule.c print_rule): switches such as "not" and "l3mdev" are keys with the value null.</summary>
internal static class IpRuleJson
{
    public static IReadOnlyList<RuleFacts> Parse(ReadOnlyMemory<byte> json, bool isV6 = false)
    {
        List<RuleFacts> rules = [];
        JsonText.ForEachObject(
            json,
            "ip -j rule",
            item =>
            {
                if (item.TryGetProperty("priority", out _))
                    rules.Add(Rule(item, isV6));
            }
        );
        return rules;
    }

    private static RuleFacts Rule(JsonElement item, bool isV6) =>
        new()
        {
            Priority = checked((uint)item.Number("priority")!.Value),
            Not = item.TryGetProperty("not", out _),
            From = Selector(item, "src", "srclen", isV6),
            To = Selector(item, "dst", "dstlen", isV6),
            InDevice = item.Text("iif"),
            OutDevice = item.Text("oif"),
            Mark = item.Number("fwmark") is long mark ? checked((uint)mark) : null,
            MarkMask = item.Number("fwmask") is long mask ? checked((uint)mask) : uint.MaxValue,
            Tos = item.Text("tos") is { } tos ? IpRouteJson.Tos(tos) : null,
            Dscp = item.Text("dscp") is { } dscp ? checked((byte)JsonText.ParseNumber(dscp)) : null,
            Protocol = item.Text("ipproto"),
            SourcePorts = Ports(item, "sport"),
            DestinationPorts = Ports(item, "dport"),
            Uids =
                item.Number("uid_start") is long low && item.Number("uid_end") is long high
                    ? (checked((uint)low), checked((uint)high))
                    : null,
            Action = Action(item),
            Table = item.Text("table"),
            Goto =
                item.TryGetProperty("goto", out JsonElement target) && target.ValueKind == JsonValueKind.Number ? target.GetUInt32() : null,
            SuppressPrefixLength = item.Integer("suppress_prefixlen") ?? item.Integer("suppress_prefixlength"),
            SuppressGroup = item.Text("suppress_ifgroup"),
            L3Mdev = item.TryGetProperty("l3mdev", out _),
            Unmodelled = Unmodelled(item),
        };

    private static IpPrefix? Selector(JsonElement item, string name, string length, bool isV6)
    {
        if (item.Text(name) is not { } text || text is "all" or "any" or "default")
            return null;
        // A zero address with a length is printed as plain 0.
        Ip address = text == "0" ? (isV6 ? Ip.V6(0) : Ip.V4(0)) : Ip.Parse(text);
        return new IpPrefix(address, item.Integer(length) ?? address.Bits);
    }

    private static PortRange? Ports(JsonElement item, string name)
    {
        if (item.Number(name) is long one)
            return new PortRange(checked((ushort)one), checked((ushort)one));
        return item.Number(name + "_start") is long low && item.Number(name + "_end") is long high
            ? new PortRange(checked((ushort)low), checked((ushort)high))
            : null;
    }

    private static string Action(JsonElement item)
    {
        if (item.TryGetProperty("goto", out _))
            return "goto";
        if (item.TryGetProperty("nop", out _))
            return "nop";
        return item.Text("action") ?? "lookup";
    }

    private static string? Unmodelled(JsonElement item)
    {
        string? rest = item.Text("tos") is { } tos && IpRouteJson.Tos(tos) is null ? "tos " + tos : null;
        foreach (JsonProperty property in item.EnumerateObject())
        {
            if (
                property.Name
                is not (
                    "priority"
                    or "not"
                    or "src"
                    or "srclen"
                    or "dst"
                    or "dstlen"
                    or "iif"
                    or "iif_detached"
                    or "oif"
                    or "oif_detached"
                    or "fwmark"
                    or "fwmask"
                    or "tos"
                    or "dscp"
                    or "ipproto"
                    or "sport"
                    or "sport_start"
                    or "sport_end"
                    or "dport"
                    or "dport_start"
                    or "dport_end"
                    or "uid_start"
                    or "uid_end"
                    or "action"
                    or "goto"
                    or "nop"
                    or "unresolved"
                    or "table"
                    or "suppress_prefixlen"
                    or "suppress_prefixlength"
                    or "suppress_ifgroup"
                    or "l3mdev"
                    or "protocol"
                    // Realms set by a rule never change which route is taken.
                    or "flow_from"
                    or "flow_to"
                )
            )
                rest = (rest is null ? "" : rest + " ") + property.Name + " " + property.Value.GetRawText();
        }
        return rest;
    }
}
