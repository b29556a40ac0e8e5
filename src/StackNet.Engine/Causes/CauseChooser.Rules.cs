using StackNet.Engine.Facts;
using StackNet.Engine.Topology;
using StackNet.Engine.Walk;

namespace StackNet.Engine.Causes;

internal sealed partial class CauseChooser
{
    private Finding Rule(Ending ending, WalkDrop drop)
    {
        if (drop.Rule is not { } rule)
            return At("SN512", drop);
        string id = RuleCause(ending, drop, rule);
        if (id is "SN501" or "SN502" or "SN503" or "SN504" or "SN510" && Tracking(ending, drop) is { } tracking)
            return tracking;
        Finding found = At(id, drop);
        // Security groups are the port's: its tap is where the packet was last seen, or never came to.
        return id is "SN501" or "SN502" or "SN503" or "SN504" or "SN506" or "SN510" && TapOf(drop) is { } tap
            ? found with
            {
                Device = tap,
            }
            : found;
    }

    private string RuleCause(Ending ending, WalkDrop drop, TraceRule rule)
    {
        string chain = rule.Chain;
        bool iptables = rule.Family.StartsWith("ip", StringComparison.Ordinal) && rule.Family.Contains("tables", StringComparison.Ordinal);
        if (rule.Family is "ebtables" or "bridge" || (rule.Family == "arp" && !iptables))
            return rule.Text.Contains("libvirt-", StringComparison.Ordinal) ? "SN522" : "SN211";
        if (SecurityChain.TryParse(chain, out char kind, out _))
        {
            return kind == 's' ? "SN504"
                : rule.Text.Contains("INVALID", StringComparison.Ordinal) ? "SN510"
                : kind == 'o' ? "SN501"
                : IngressCause(drop);
        }
        if (chain.EndsWith("sg-fallback", StringComparison.Ordinal) && OnlyFallbacks(drop))
            return "SN506";
        if (chain.EndsWith("sg-fallback", StringComparison.Ordinal))
            return IsFromItsGuest(drop) ? "SN501" : IngressCause(drop);
        if (chain.StartsWith("LIBVIRT_", StringComparison.Ordinal))
            return "SN513";
        if (chain.StartsWith("ufw-", StringComparison.Ordinal))
            return "SN518";
        if (rule.Table.Contains("firewalld", StringComparison.Ordinal))
            return "SN514";
        if (rule.Text.Contains("rpfilter", StringComparison.Ordinal))
            return "SN519";
        if (rule.Text.Contains("INVALID", StringComparison.Ordinal))
            return "SN510";
        if (!iptables)
            return "SN517";
        if (chain.StartsWith("nova-", StringComparison.Ordinal) && !rule.Text.StartsWith("policy", StringComparison.Ordinal))
            return ending.Direction == PacketDirection.Out && IsFromItsGuest(drop) ? "SN501" : "SN502";
        NamespaceFacts? ns = Topology.Devices.Namespace(drop.Namespace);
        if (
            rule.Family.Contains("legacy", StringComparison.Ordinal) && HasRules(ns?.IptablesNft)
            || !rule.Family.Contains("legacy", StringComparison.Ordinal) && HasRules(ns?.IptablesLegacy)
        )
            return "SN516";
        // A frame that the bridge passes on never leaves its bridge: the drop is at a bridge port or at the bridge.
        if (IsBridged(drop))
            return BridgedCause(drop);
        return rule.Text.StartsWith("policy", StringComparison.Ordinal) && HasUfw(drop) ? "SN518" : "SN512";
    }

    private static bool HasRules(IptablesRuleset? rules) =>
        rules?.Tables.Any(t => t.Chains.Any(c => c.Rules.Count > 0 || c.Policy == "DROP")) == true;

    private bool IsBridged(WalkDrop drop) =>
        drop.Namespace.Length == 0
        && (
            DeviceRoles.Of(Topology, drop.Namespace, drop.Device) is DeviceRole.Tap or DeviceRole.Chain
            || Topology.Devices.Find(drop.Namespace, drop.Device)?.Link is { } link
                && (link.Kind == "bridge" || link.BridgePort is not null)
                && !IsRouted(drop)
        );

    /// <summary>A packet whose destination MAC is the bridge's own goes up to the IP stack.</summary>
    private bool IsRouted(WalkDrop drop)
    {
        LinkFacts? link = Topology.Devices.Find(drop.Namespace, drop.Device)?.Link;
        string bridge = link?.Kind == "bridge" ? link.Name : link?.Master ?? "";
        return Topology.Devices.AddressesOf(drop.Namespace, bridge).Any(a => a.PrefixLength < a.Address.Bits && !a.Address.IsV6)
            && Topology.Devices.Find(drop.Namespace, bridge)?.Link.Mac is { } own
            && (drop.Packet.DestinationMac == own || drop.Packet.SourceMac == own || drop.Packet.Ttl < 64);
    }

    /// <summary>The packet was sent by the guest at whose port it died.</summary>
    private bool IsFromItsGuest(WalkDrop drop)
    {
        TopologyPort? port = Topology.PortOfDevice(drop.Device);
        if (port is null)
            return drop.Packet.SourceMac == guest.Mac;
        return drop.Packet.SourceMac == port.Mac;
    }

    /// <summary>A rule that would have let it in but for a set or conjunction that lacks the sender; else nothing allows it.</summary>
    private string IngressCause(WalkDrop drop)
    {
        TopologyPort? port = Topology.PortOfDevice(drop.Device) ?? Topology.PortOfAddress(drop.Packet.Destination, guest.Port);
        NamespaceFacts? root = Topology.Devices.Namespace("");
        if (port is null || root is null)
            return "SN502";
        return SetMisses.Of(root, port, drop.Packet) ? "SN503" : "SN502";
    }

    private Finding Flow(Ending ending, WalkDrop drop)
    {
        Finding found = FlowCause(ending, drop);
        // No flow is for a VLAN that is nobody's: what put the frame into it is the cause.
        return found.CauseId is "SN306" or "SN310" or "SN402" or "SN405" && guest.Port.SwitchPort is { } own && OddTag(own)
            ? new(
                "SN305",
                $"Port {own.Name} has tag {own.Port.Tag}, its other_config:tag is {own.Port.OtherConfig["tag"]}; {found.Evidence}",
                own.Name,
                ""
            )
            : found;
    }

    private Finding FlowCause(Ending ending, WalkDrop drop)
    {
        string text = drop.Rule?.Text ?? "";
        string bridge = BridgeOf(drop);
        int? table = TableOf(drop.Rule);
        OvsBridgeFacts? facts = diagnosis.Facts.Ovs?.Bridges.FirstOrDefault(b => b.Name == bridge);
        if (facts is { Flows: { Count: 0 }, FailMode: "secure" })
            return NoFlows(facts);
        if (LayoutNames.IsOvn(diagnosis.Facts))
            return At(LacksMapping() ? "SN925" : "SN929", drop);
        bool integration = guest.Port.SwitchPort?.Bridge.Name == bridge || bridge == "br-int";
        if (integration)
        {
            if (table is 24 or 25 or 71)
                return At("SN504", drop);
            if (table is 72)
                return At("SN501", drop);
            if (table is 93)
                return At(MayLeaveItsPort(drop, facts) ? "SN502" : "SN501", drop);
            if (table is 81 or 82 or 83)
                return At("SN502", drop);
            if (table is 0 && text.Contains("priority=2,in_port=", StringComparison.Ordinal))
                return At(IsFromExternal(drop, text, facts) ? "SN310" : "SN303", drop);
            return At("SN306", drop);
        }
        if (facts?.Ports.Any(p => p.Interfaces.Any(i => i.Type is "vxlan" or "gre" or "geneve")) == true || bridge == "br-tun")
            return At(table is 2 or 3 or 4 or 6 ? "SN405" : "SN402", drop);
        return At("SN310", drop);
    }

    /// <summary>
    /// Table 93 (DROPPED_TRAFFIC_TABLE of neutron's openvswitch firewall) ends packets of both directions: what no instance of this node
    /// sent dies on its way in, and so does what the rules of its sender (table 72, reg5 = its port) let out.
    /// </summary>
    private bool MayLeaveItsPort(WalkDrop drop, OvsBridgeFacts? bridge)
    {
        if (Topology.Ports.FirstOrDefault(p => p.Mac == drop.Packet.SourceMac) is not { } sender)
            return true;
        if (sender.SwitchPort?.Interface.OfPort is not { } number || Topology.PortOfAddress(drop.Packet.Destination, sender) is null)
            return false;
        string own = $"reg5=0x{number:x}";
        return (bridge?.Flows ?? []).Any(f =>
            RuleText.Field(f, "table") == "72"
            && f.Contains("+new", StringComparison.Ordinal)
            && f.Contains("resubmit(,73)", StringComparison.Ordinal)
            && f.Split([',', ' ']).Contains(own)
        );
    }

    private static bool IsFromExternal(WalkDrop drop, string flow, OvsBridgeFacts? bridge)
    {
        string? number = RuleText.Field(flow, "in_port");
        OvsInterfaceFacts? port = bridge
            ?.Ports.SelectMany(p => p.Interfaces)
            .FirstOrDefault(i =>
                i.Name == number?.Trim('"') || i.OfPort?.ToString(System.Globalization.CultureInfo.InvariantCulture) == number
            );
        return port?.Type == "patch" || drop.Device.StartsWith("int-", StringComparison.Ordinal);
    }

    private string BridgeOf(WalkDrop drop)
    {
        if (diagnosis.Facts.Ovs?.Bridges.FirstOrDefault(b => b.Name == drop.Rule?.Table || b.Name == drop.Rule?.Chain) is { } named)
            return named.Name;
        return Topology.SwitchPorts.Find(drop.Device)?.Bridge.Name ?? drop.Device;
    }

    private static int? TableOf(TraceRule? rule)
    {
        if (rule is null)
            return null;
        if (
            RuleText.Field(rule.Text, "table") is { } text
            && int.TryParse(text, System.Globalization.CultureInfo.InvariantCulture, out int table)
        )
            return table;
        foreach (string part in (string[])[rule.Chain, rule.Table])
        {
            ReadOnlySpan<char> digits = part.AsSpan(part.LastIndexOf(' ') + 1);
            if (int.TryParse(digits, System.Globalization.CultureInfo.InvariantCulture, out int number))
                return number;
        }
        return rule.Family == "openflow" ? 0 : null;
    }

    private bool LacksMapping()
    {
        // bridge mappings make the patch ports to the provider bridge: without them there is none.
        return diagnosis.Facts.Ovs?.Bridges.SelectMany(b => b.Ports).SelectMany(p => p.Interfaces).Any(i => i.Type == "patch") != true;
    }
}
