using StackNet.Engine.Facts;

namespace StackNet.Engine.Walk.Routing;

/// <summary>Which policy rules hold for a query (fib_rule_match and fib4_rule_match).</summary>
internal sealed partial class RoutingModel
{
    private const string Loopback = "lo";

    private bool? Matches(RuleFacts rule, in FibQuery query, out string? unknown)
    {
        unknown = null;
        if (rule.Unmodelled is not null)
        {
            unknown = $"{RouteText.Of(rule)}: {rule.Unmodelled}";
            return null;
        }
        if (rule.L3Mdev && _hasVrf)
        {
            unknown = $"{RouteText.Of(rule)}: l3mdev with VRF devices";
            return null;
        }
        bool? matches = MatchesSelectors(rule, query);
        if (matches is null)
        {
            unknown = $"{RouteText.Of(rule)}: uidrange";
            return null;
        }
        return rule.Not ? !matches : matches;
    }

    private static bool? MatchesSelectors(RuleFacts rule, in FibQuery query)
    {
        if (rule.L3Mdev)
            return false;
        // A packet of the node's own comes in by "lo" (ip-rule(8)).
        if (rule.InDevice is { } input && input != (query.InDevice ?? Loopback))
            return false;
        if (rule.OutDevice is { } output && output != query.OutDevice)
            return false;
        if (rule.Mark is { } mark && ((mark ^ query.Mark) & rule.MarkMask) != 0)
            return false;
        if (rule.From is { Length: > 0 } from && !from.Contains(query.Source))
            return false;
        if (rule.To is { Length: > 0 } to && !to.Contains(query.Destination))
            return false;
        if (rule.Tos is { } tos && tos != 0 && tos != (query.Tos & 0x1c))
            return false;
        if (rule.Dscp is { } dscp && dscp != query.Tos >> 2)
            return false;
        if (rule.Protocol is { } protocol && ProtocolOf(protocol) != query.Protocol)
            return false;
        if (rule.SourcePorts is { } sports && !(query.HasPorts && sports.Contains(query.SourcePort)))
            return false;
        if (rule.DestinationPorts is { } dports && !(query.HasPorts && dports.Contains(query.DestinationPort)))
            return false;
        if (rule.Uids is { } uids)
        {
            // A packet that is not of a socket has uid 0 (flowi4_uid stays 0 on input).
            if (query.InDevice is not null)
                return uids.Low == 0;
            if (!(uids.Low == 0 && uids.High == uint.MaxValue))
                return null;
        }
        return true;
    }

    private static int ProtocolOf(string text) =>
        text switch
        {
            "tcp" => IpProtocols.Tcp,
            "udp" => IpProtocols.Udp,
            "icmp" => IpProtocols.Icmp,
            "ipv6-icmp" or "icmpv6" => IpProtocols.Icmp6,
            "sctp" => IpProtocols.Sctp,
            "gre" => IpProtocols.Gre,
            "esp" => IpProtocols.Esp,
            _ => int.TryParse(text, out int number) ? number : -1,
        };
}
