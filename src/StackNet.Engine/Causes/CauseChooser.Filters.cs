using System.Globalization;
using StackNet.Engine.Facts;
using StackNet.Engine.Facts.Netfilter;
using StackNet.Engine.Topology;
using StackNet.Engine.Walk;

namespace StackNet.Engine.Causes;

internal sealed partial class CauseChooser
{
    /// <summary>What of connection tracking makes a reply look like something else: an untracked way out, or another zone.</summary>
    private Finding? Tracking(Ending ending, WalkDrop drop)
    {
        if (ending.Direction != PacketDirection.Back || Topology.Devices.Namespace(drop.Namespace) is not { } ns)
            return null;
        string device = TapOf(drop) ?? drop.Device;
        if (Untracked(ns) is { } line)
            return new("SN520", line, device, drop.Namespace);
        if (guest.Port.Plug != PortPlug.Hybrid)
            return null;
        (string? Zone, string? Line) tap = ZoneOf(ns, guest.Tap);
        (string? Zone, string? Line) veth = ZoneOf(ns, guest.Port.QvbName);
        return tap.Zone == veth.Zone
            ? null
            : new(
                "SN719",
                $"{tap.Line ?? $"no rule of raw sets a zone for {guest.Tap}"}; {veth.Line ?? $"no rule sets one for {guest.Port.QvbName}, --zone 0"}",
                device,
                drop.Namespace
            );
    }

    /// <summary>The rule of raw PREROUTING that takes what the guest sends out of connection tracking.</summary>
    private string? Untracked(NamespaceFacts ns)
    {
        foreach ((IptablesRule raw, IptablesRuleSpec spec) in RawRules(ns))
        {
            bool notrack =
                spec.Target?.Name == "NOTRACK" || (spec.Target?.Name == "CT" && raw.Text.Contains("--notrack", StringComparison.Ordinal));
            if (!notrack || (spec.Source is { } s && s.Contains(guest.Address) == s.Negated))
                continue;
            if (spec.Destination is { } d && d.Contains(destination) == d.Negated)
                continue;
            return QuoteRaw(raw);
        }
        return null;
    }

    private static (string? Zone, string? Line) ZoneOf(NamespaceFacts ns, string device)
    {
        foreach ((IptablesRule raw, IptablesRuleSpec spec) in RawRules(ns))
        {
            if (spec.Target?.Name == "CT" && spec.PhysIn == device && RuleText.Option(raw.Text, "--zone") is { } zone)
                return (zone, QuoteRaw(raw));
        }
        return (null, null);
    }

    private static IEnumerable<(IptablesRule Raw, IptablesRuleSpec Spec)> RawRules(NamespaceFacts ns)
    {
        foreach (IptablesRuleset? rules in (IptablesRuleset?[])[ns.IptablesNft, ns.IptablesLegacy])
        foreach (IptablesChain chain in rules?.Tables.FirstOrDefault(t => t.Name == "raw")?.Chains ?? [])
        foreach (IptablesRule raw in chain.Rules)
        {
            if (raw.Text.Contains("CT", StringComparison.Ordinal) || raw.Text.Contains("NOTRACK", StringComparison.Ordinal))
                yield return (raw, IptablesRuleParser.Parse(raw.Text));
        }
    }

    private static string QuoteRaw(IptablesRule rule) =>
        string.Create(CultureInfo.InvariantCulture, $"raw: [{rule.Packets}:{rule.Bytes}] {rule.Text}");

    /// <summary>The tap whose security group dropped the packet.</summary>
    private string? TapOf(WalkDrop drop)
    {
        if (
            drop.Rule is { } rule
            && SecurityChain.TryParse(rule.Chain, out _, out string tail)
            && Topology.Ports.FirstOrDefault(p => SecurityChain.IsOf(tail, p.Tail)) is { } owner
        )
            return owner.TapName;
        return Topology.PortOfDevice(drop.Device)?.TapName;
    }

    /// <summary>Chains of several ports that hold nothing but their end: what iptables-restore leaves when it fails half way.</summary>
    private bool OnlyFallbacks(WalkDrop drop)
    {
        if (
            Topology.Devices.Namespace(drop.Namespace) is not { } ns
            || TapOf(drop) is not { } tap
            || Topology.PortOfDevice(tap) is not { } port
        )
            return false;
        int bare = 0;
        bool own = false;
        foreach (IptablesChain chain in FilterChains(ns))
        {
            if (!SecurityChain.TryParse(chain.Name, out char kind, out string tail) || kind == 's')
                continue;
            if (
                chain.Rules.Any(r =>
                    !r.Text.EndsWith("sg-fallback", StringComparison.Ordinal) && !r.Text.EndsWith("-j DROP", StringComparison.Ordinal)
                )
            )
                continue;
            bare++;
            own |= SecurityChain.IsOf(tail, port.Tail);
        }
        return own && bare > 2;
    }

    private static IEnumerable<IptablesChain> FilterChains(NamespaceFacts ns)
    {
        foreach (IptablesRuleset? rules in (IptablesRuleset?[])[ns.IptablesNft, ns.IptablesLegacy])
        foreach (IptablesChain chain in rules?.Tables.FirstOrDefault(t => t.Name == "filter")?.Chains ?? [])
            yield return chain;
    }

    /// <summary>
    /// Bridged frames fell to the host's own rules: because the agent's chains are all gone, because this port alone has no jump into
    /// them, or for no fault of the agent's.
    /// </summary>
    private string BridgedCause(WalkDrop drop)
    {
        if (Topology.Devices.Namespace(drop.Namespace) is not { } ns || guest.Port.Tail is null || guest.Port.Plug == PortPlug.Direct)
            return "SN209";
        TopologyPort port = Topology.PortOfDevice(drop.Device) ?? guest.Port;
        if (port.TapName is not { } tap)
            return "SN209";
        bool chains = false;
        bool jump = false;
        bool others = false;
        foreach (IptablesChain chain in FilterChains(ns))
        {
            chains |= SecurityChain.TryParse(chain.Name, out _, out _);
            if (!chain.Name.EndsWith("FORWARD", StringComparison.Ordinal))
                continue;
            foreach (IptablesRule rule in chain.Rules)
            {
                if (
                    !rule.Text.Contains("--physdev-", StringComparison.Ordinal) || !rule.Text.Contains("sg-chain", StringComparison.Ordinal)
                )
                    continue;
                jump |= rule.Text.Contains(tap, StringComparison.Ordinal);
                others = true;
            }
        }
        bool foreignRule = drop.Rule is { } r && !r.Text.StartsWith("policy", StringComparison.Ordinal);
        return !chains ? "SN515"
            : !jump && (others || !foreignRule) ? "SN505"
            : "SN209";
    }

    private bool HasUfw(WalkDrop drop) =>
        Topology.Devices.Namespace(drop.Namespace) is { } ns
        && FilterChains(ns).Any(c => c.Name == "FORWARD" && c.Rules.Any(r => r.Text.Contains("-j ufw-", StringComparison.Ordinal)));

    /// <summary>
    /// A translation without an out-device that fits meets bridged frames as well: the instance's frame leaves its bridge with an address
    /// of the node, which the next stack takes for a martian, or whose reply goes to the node.
    /// </summary>
    private Finding? BridgedNat(Ending ending)
    {
        if (
            guest.Port.Plug is not (PortPlug.Hybrid or PortPlug.Bridge)
            || (ending.Drop?.Packet ?? ending.Packet) is not { IsIp: true } packet
        )
            return null;
        if (
            ending.Drop is not { Reason: PacketReason.Martian }
            && ending.Purpose != Purpose.NoWayBack
            && ending.Direction != PacketDirection.Back
        )
            return null;
        if (Topology.Devices.Namespace("") is not { } root)
            return null;
        Ip odd = ending.Direction == PacketDirection.Out || ending.Purpose == Purpose.NoWayBack ? packet.Source : packet.Destination;
        if (odd == guest.Address || root.Addresses?.Any(a => a.Address == odd) != true)
            return null;
        string bridge = guest.Port.Plug == PortPlug.Hybrid ? guest.Port.QbrName : guest.Port.Tap?.Link.Master ?? "";
        NatRule? rule = NatRules
            .Of(root)
            .FirstOrDefault(r =>
                r.Kind is "Masquerade" or "Snat" && r.Chain == "POSTROUTING" && SourceFits(r) && DeviceFits(r, bridge) && DestinationFits(r)
            );
        return rule is null ? null : new("SN210", $"{Quote(rule)} meets the frame on {bridge}: it goes on with source {odd}", bridge, "");
    }

    /// <summary>
    /// On a node that routes itself the bridged pass and the routed one are one connection unless a zone keeps them apart; the first pass
    /// found nothing to translate, and translation is decided once (nf_nat_inet_fn).
    /// </summary>
    private Finding? ZoneMissing(NamespaceFacts ns, NatRule rule, string device) =>
        guest.Port.Plug == PortPlug.Hybrid && ns.Name.Length == 0 && ZoneOf(ns, guest.Tap).Zone is null
            ? new(
                "SN509",
                $"no rule of raw PREROUTING sets a zone for {guest.Tap}, so its connections are settled on {guest.Port.QbrName} before {Quote(rule)} is reached",
                device,
                ns.Name
            )
            : null;
}
