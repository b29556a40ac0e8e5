using StackNet.Engine.Facts;
using StackNet.Engine.Facts.Netfilter;
using StackNet.Engine.Topology;
using StackNet.Engine.Walk;

namespace StackNet.Engine.Causes;

/// <summary>
/// Whether a rule of a port's ingress chain would have let a packet in, had its remote group's set held the sender; only then the set is
/// to blame, and only when the sender is one of the network's own (an outside address is no member of any group).
/// </summary>
internal static class SetMisses
{
    public static bool Of(NamespaceFacts root, TopologyPort port, Packet packet)
    {
        foreach (IptablesRuleset? rules in (IptablesRuleset?[])[root.IptablesNft, root.IptablesLegacy])
        foreach (IptablesChain chain in rules?.Tables.FirstOrDefault(t => t.Name == "filter")?.Chains ?? [])
        {
            if (!SecurityChain.TryParse(chain.Name, out char kind, out string tail) || kind != 'i' || !SecurityChain.IsOf(tail, port.Tail))
                continue;
            foreach (IptablesRule rule in chain.Rules)
            {
                IptablesRuleSpec spec = IptablesRuleParser.Parse(rule.Text);
                if (spec.Target?.Name is not ("RETURN" or "ACCEPT") || !spec.SetMatches.Any(s => !s.Negated))
                    continue;
                if (spec.Protocol is { } protocol && protocol != 0 && protocol != packet.Protocol)
                    continue;
                if (spec.DestinationPorts is { } ports && !PortsHold(ports, packet.DestinationPort))
                    continue;
                if (port.Subnet?.Contains(packet.Source) == true && !IsRouterAddress(port, packet.Source))
                    return true;
            }
        }
        return false;
    }

    private static bool IsRouterAddress(TopologyPort port, Ip source) => port.Gateway == source;

    private static bool PortsHold(string text, ushort port)
    {
        foreach (string part in text.Split(','))
        {
            string[] ends = part.Split(':');
            if (ushort.TryParse(ends[0], out ushort low) && ushort.TryParse(ends[^1], out ushort high) && port >= low && port <= high)
                return true;
        }
        return false;
    }
}
