using System.Globalization;
using StackNet.Engine.Facts;

namespace StackNet.Engine.Topology;

/// <summary>
/// Security group rules of the native firewall as flows of the integration bridge: table 72 holds what a port may send, 82 what it may get
/// (neutron openvswitch_firewall constants: RULES_EGRESS_TABLE, RULES_INGRESS_TABLE); register 5 is the port's OpenFlow number.
/// </summary>
internal static class SecurityFlows
{
    public static IEnumerable<SecurityGroupRule> Of(ComputeNode node, TopologyPort port)
    {
        if (port.Plug != PortPlug.Direct || port.SwitchPort is not { Interface.OfPort: > 0 and var number } own)
            yield break;
        string register = string.Create(CultureInfo.InvariantCulture, $"reg5=0x{number:x}");
        foreach (string flow in own.Bridge.Flows ?? [])
        {
            string? direction =
                flow.Contains("table=72,", StringComparison.Ordinal) ? "Egress"
                : flow.Contains("table=82,", StringComparison.Ordinal) ? "Ingress"
                : null;
            if (direction is null || !Holds(flow, register))
                continue;
            yield return Rule(node, port, direction, flow);
        }
    }

    private static bool Holds(string flow, string register)
    {
        int at = flow.IndexOf(register, StringComparison.Ordinal);
        return at >= 0
            && at < flow.IndexOf("actions=", StringComparison.Ordinal)
            && !char.IsAsciiHexDigit(flow[Math.Min(at + register.Length, flow.Length - 1)]);
    }

    private static SecurityGroupRule Rule(ComputeNode node, TopologyPort port, string direction, string flow)
    {
        int at = flow.IndexOf("actions=", StringComparison.Ordinal);
        string actions = flow[(at + 8)..];
        string[] match = flow[..at].Split([',', ' '], StringSplitOptions.RemoveEmptyEntries);
        string protocol =
            match.FirstOrDefault(m => m is "tcp" or "udp" or "icmp" or "sctp" or "tcp6" or "udp6" or "icmp6" or "sctp6") ?? "any";
        bool six = protocol.EndsWith('6') || match.Contains("ipv6");
        string? state = RuleText.Field(flow, "ct_state");
        bool drop = actions.StartsWith("drop", StringComparison.Ordinal) || actions.Contains("resubmit(,93)", StringComparison.Ordinal);
        return new SecurityGroupRule
        {
            Node = node,
            Instance = port.Instance.Name,
            InstanceId = port.Instance.Uuid,
            PortId = port.PortId ?? port.Tail,
            Direction = direction,
            EtherType = six ? "IPv6" : "IPv4",
            Protocol = protocol.TrimEnd('6'),
            PortRange =
                RuleText.Field(flow, "tp_dst")
                ?? RuleText.Field(flow, "tcp_dst")
                ?? RuleText.Field(flow, "udp_dst")
                ?? (RuleText.Field(flow, "icmp_type") is { } type ? "type " + type : "any"),
            Remote =
                (
                    direction == "Ingress"
                        ? RuleText.Field(flow, "nw_src") ?? RuleText.Field(flow, "ipv6_src")
                        : RuleText.Field(flow, "nw_dst") ?? RuleText.Field(flow, "ipv6_dst")
                ) ?? (RuleText.Field(flow, "conj_id") is { } conjunction ? "group:conj_id=" + conjunction : "any"),
            Action = drop ? "Drop" : "Accept",
            Role =
                state is null ? "Rule"
                : state.Contains("+inv", StringComparison.Ordinal) || state.Contains("-trk", StringComparison.Ordinal) ? "Invalid"
                : state.Contains("+new", StringComparison.Ordinal) ? "Rule"
                : state.Contains("+est", StringComparison.Ordinal)
                || state.Contains("+rel", StringComparison.Ordinal)
                || state.Contains("+rpl", StringComparison.Ordinal)
                    ? (RuleText.Field(flow, "ct_mark") == "0x1" ? "Invalid" : "Established")
                : "Rule",
            Source = "openflow",
            Chain = direction == "Egress" ? "table 72" : "table 82",
            Packets = long.TryParse(RuleText.Field(flow, "n_packets"), CultureInfo.InvariantCulture, out long packets) ? packets : null,
            Text = flow.Trim(),
        };
    }
}
