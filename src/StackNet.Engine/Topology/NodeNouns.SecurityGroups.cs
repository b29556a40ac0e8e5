using StackNet.Engine.Facts;
using StackNet.Engine.Facts.Netfilter;

namespace StackNet.Engine.Topology;

internal static partial class NodeNouns
{
    /// <summary>The rules that hold for each port, in neutron's terms: of its iptables chains and, with the native firewall, of its flows.</summary>
    public static IEnumerable<SecurityGroupRule> SecurityGroupRules(ComputeNode node)
    {
        NodeTopology topology = NodeTopology.For(node);
        NamespaceFacts? root = topology.Devices.Namespace("");
        foreach (
            (IptablesRuleset? rules, string source, string ether) in ((IptablesRuleset?, string, string)[])
                [
                    (root?.IptablesNft, "iptables", "IPv4"),
                    (root?.IptablesLegacy, "iptables", "IPv4"),
                    (root?.Ip6tablesNft, "ip6tables", "IPv6"),
                    (root?.Ip6tablesLegacy, "ip6tables", "IPv6"),
                ]
        )
        {
            foreach (IptablesChain chain in rules?.Tables.FirstOrDefault(t => t.Name == "filter")?.Chains ?? [])
            {
                if (PortOfChain(topology, chain.Name, out string direction) is not { } port)
                    continue;
                foreach (IptablesRule rule in chain.Rules)
                    yield return FromChain(node, root!, port, direction, chain.Name, rule, source, ether);
            }
        }
        foreach (TopologyPort port in topology.Ports)
        {
            foreach (SecurityGroupRule rule in SecurityFlows.Of(node, port))
                yield return rule;
        }
    }

    private static TopologyPort? PortOfChain(NodeTopology topology, string chain, out string direction)
    {
        direction = "";
        if (SecurityChain.TryParse(chain, out char kind, out string tail))
        {
            direction = kind == 'i' ? "Ingress" : "Egress";
            return topology.Ports.FirstOrDefault(p => SecurityChain.IsOf(tail, p.Tail));
        }
        // nova-compute-inst-7 belongs to domain instance-00000007 (the number is the instance's id in hexadecimal there).
        const string nova = "nova-compute-inst-";
        if (!chain.StartsWith(nova, StringComparison.Ordinal) || !long.TryParse(chain.AsSpan(nova.Length), out long id))
            return null;
        direction = "Ingress";
        string domain = $"instance-{id:x8}";
        return topology.Ports.FirstOrDefault(p => p.Instance.Domain?.Name == domain);
    }

    private static SecurityGroupRule FromChain(
        ComputeNode node,
        NamespaceFacts ns,
        TopologyPort port,
        string direction,
        string chain,
        IptablesRule rule,
        string source,
        string ether
    )
    {
        IptablesRuleSpec spec = IptablesRuleParser.Parse(rule.Text);
        (string remote, string[] members) = Remote(spec, ns, direction);
        return new SecurityGroupRule
        {
            Node = node,
            Instance = port.Instance.Name,
            InstanceId = port.Instance.Uuid,
            PortId = port.PortId ?? port.Tail,
            Direction = direction,
            EtherType = ether,
            Protocol = spec.ProtocolText is { } p ? (spec.ProtocolNegated ? "!" + p : p) : "any",
            PortRange = spec.DestinationPorts ?? (spec.IcmpType is { } icmp and not "any" ? "type " + icmp : "any"),
            Remote = remote,
            RemoteMember = members,
            Action =
                spec.Target?.Name is "DROP" or "REJECT" || spec.Target?.Name.EndsWith("sg-fallback", StringComparison.Ordinal) == true
                    ? "Drop"
                : spec.Target?.Name is "RETURN" or "ACCEPT" ? "Accept"
                : "Jump",
            Role = RoleOf(spec, chain),
            Source = source,
            Chain = chain,
            Packets = rule.Packets,
            Text = rule.Text,
        };
    }

    private static (string Remote, string[] Members) Remote(IptablesRuleSpec spec, NamespaceFacts ns, string direction)
    {
        foreach ((string name, _, bool negated) in spec.SetMatches)
        {
            IpSetFacts? set = ns.IpSets?.FirstOrDefault(s => s.Name == name);
            return ((negated ? "!" : "") + "group:" + name, [.. set?.Elements ?? []]);
        }
        IptablesAddress? peer = direction == "Ingress" ? spec.Source : spec.Destination;
        return peer?.Prefix is { } prefix ? ((peer.Value.Negated ? "!" : "") + prefix, []) : ("any", []);
    }

    private static string RoleOf(IptablesRuleSpec spec, string chain)
    {
        string target = spec.Target?.Name ?? "";
        if (
            SecurityChain.TryParse(chain, out char kind, out _) && kind == 's'
            || (target.Length > 0 && SecurityChain.TryParse(target, out char to, out _) && to == 's')
        )
            return "AntiSpoof";
        if (target.EndsWith("sg-fallback", StringComparison.Ordinal))
            return "Fallback";
        if (spec.States is { } states)
        {
            if (states.Contains("ESTABLISHED", StringComparison.Ordinal))
                return "Established";
            if (states.Contains("INVALID", StringComparison.Ordinal))
                return "Invalid";
        }
        bool dhcp =
            spec.ProtocolText == "udp"
            && spec is { SourcePorts: "67" or "68" or "546" or "547", DestinationPorts: "67" or "68" or "546" or "547" };
        return dhcp ? "Dhcp" : "Rule";
    }
}
