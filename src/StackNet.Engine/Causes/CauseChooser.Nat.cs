using System.Globalization;
using StackNet.Engine.Facts;
using StackNet.Engine.Facts.Netfilter;
using StackNet.Engine.Topology;
using StackNet.Engine.Walk;

namespace StackNet.Engine.Causes;

internal sealed partial class CauseChooser
{
    /// <summary>The packet left with a source that nobody outside has a way to: what of the translation is missing or wrong.</summary>
    private Finding NoWayBack(Ending ending)
    {
        string ns = ending.Namespace;
        string device = ending.Device;
        Ip source = ending.Packet!.Source;
        NamespaceFacts? facts = Topology.Devices.Namespace(ns);
        if (ending.Evidence is { } said)
            return new("SN709", said, device, ns);
        List<NatRule> rules = facts is null ? [] : [.. NatRules.Of(facts).Where(r => r.Kind is "Masquerade" or "Snat")];
        if (source != guest.Address)
        {
            NatRule? used = rules.Find(r => r.Kind == "Snat" ? r.ToAddress == source : Fits(r, device));
            string quote = used is null ? "" : $": {Quote(used)}";
            return new(
                used?.Kind == "Snat" ? "SN705" : "SN706",
                $"the packet leaves {device} with source {source}, which is not on-link there{quote}",
                device,
                ns
            );
        }
        if (facts is not null && Untracked(facts) is { } untracked)
            return new("SN520", $"{untracked}: what is not tracked is not translated", device, ns);
        if (facts is not null && Diverted(facts, device) is { } diverted)
            return new("SN608", diverted, device, ns);
        // An address for its own floating IP only is no masquerade for others.
        List<NatRule> wide =
        [
            .. rules.Where(r => r.Source is not { } s || s.Length < s.Address.Bits || s.Address == guest.Address || r.SourceNegated),
        ];
        if (
            wide.Find(r => SourceFits(r) && DeviceFits(r, device) && DestinationFits(r)) is { } shadowed
            && Shadow(facts!, shadowed, device) is { } line
        )
            return new("SN704", $"{line} stands before {Quote(shadowed)}", device, ns);
        if (
            facts is not null
            && wide.Find(r => SourceFits(r) && DeviceFits(r, device) && DestinationFits(r)) is { } settled
            && ZoneMissing(facts, settled, device) is { } zone
        )
            return zone;
        // The translation stands for another way out that is there too but loses to this one.
        if (
            wide.Find(r => SourceFits(r) && !DeviceFits(r, device)) is { OutDevice: { } other } loser
            && facts!.Routes?.FirstOrDefault(r => r.Destination.Length == 0 && r.Table == "main" && r.Device == other) is { } second
        )
            return new(
                "SN607",
                $"the route by {device} wins over default via {second.Gateway} dev {other} metric {second.Metric}, which {Quote(loser)} is for",
                device,
                ns
            );
        if (wide.Find(r => SourceFits(r) && !DeviceFits(r, device)) is { } wrongDevice)
            return new("SN702", $"{Quote(wrongDevice)}; the route leaves by {device}", device, ns);
        if (wide.Find(r => !SourceFits(r) && DeviceFits(r, device)) is { } wrongSource)
            return new("SN703", $"{Quote(wrongSource)}; the instance is {guest.Address}", device, ns);
        string chain = facts is null || (facts.IptablesNft is null && facts.IptablesLegacy is null) ? "its rules" : "nat POSTROUTING";
        return new(
            "SN701",
            $"no rule of {chain} in {(ns.Length == 0 ? "the root namespace" : ns)} translates {guest.Address}: the packet leaves {device} with source {source}",
            device,
            ns
        );
    }

    /// <summary>A policy rule took the packet to a table that leads elsewhere than the main one would.</summary>
    private string? Diverted(NamespaceFacts ns, string device)
    {
        if (
            RouteLookup.Find(ns with { Rules = [] }, guest.Address, destination) is not { } main
            || main.Device is null
            || main.Device == device
        )
            return null;
        RuleFacts? rule = ns.Rules?.FirstOrDefault(r =>
            r is { Priority: > 0 and < 32766, Action: "lookup" } && (r.From is not { } from || from.Contains(guest.Address))
        );
        return rule is null
            ? null
            : string.Create(
                CultureInfo.InvariantCulture,
                $"{rule.Priority}: from {rule.From?.ToString() ?? "all"} lookup {rule.Table} leads out of {device}; the main table leads out of {main.Device}"
            );
    }

    private bool Fits(NatRule rule, string device) => SourceFits(rule) && DeviceFits(rule, device);

    private bool SourceFits(NatRule rule) => rule.Source is not { } source || source.Contains(guest.Address) != rule.SourceNegated;

    private bool DestinationFits(NatRule rule) => rule.Destination is not { } d || d.Contains(destination) != rule.DestinationNegated;

    private static bool DeviceFits(NatRule rule, string device)
    {
        if (rule.OutDevice is not { } name)
            return true;
        bool negated = name[0] == '!';
        return new IptablesDevice(negated ? name[1..] : name, negated).Covers(device) != negated;
    }

    private static string Quote(NatRule rule) =>
        rule.Packets is { } packets
            ? string.Create(CultureInfo.InvariantCulture, $"nat: [{packets}:{rule.Bytes}] {rule.Text}")
            : $"{rule.Table}: {rule.Text}";

    /// <summary>An ACCEPT or RETURN of POSTROUTING (or of a chain before) that takes the packet before the rule is reached.</summary>
    private string? Shadow(NamespaceFacts ns, NatRule rule, string device)
    {
        foreach (IptablesRuleset? rules in (IptablesRuleset?[])[ns.IptablesNft, ns.IptablesLegacy])
        {
            if (rules?.Tables.FirstOrDefault(t => t.Name == "nat") is not { } nat)
                continue;
            if (Ender(nat, "POSTROUTING", rule, device, 0) is { } line)
                return line;
        }
        return null;
    }

    private string? Ender(IptablesTable nat, string chainName, NatRule rule, string device, int depth)
    {
        if (depth > 16 || nat.Chains.FirstOrDefault(c => c.Name == chainName) is not { } chain)
            return null;
        for (int i = 0; i < chain.Rules.Count; i++)
        {
            if (chain.Name == rule.Chain && i + 1 >= rule.Position)
                return null;
            IptablesRule raw = chain.Rules[i];
            IptablesRuleSpec spec = IptablesRuleParser.Parse(raw.Text);
            if (!Matches(spec, device))
                continue;
            if (spec.Target?.Name is "ACCEPT" or "RETURN")
                return string.Create(CultureInfo.InvariantCulture, $"nat: [{raw.Packets}:{raw.Bytes}] {raw.Text}");
            if (spec.Target is { IsBuiltIn: false } jump && Ender(nat, jump.Name, rule, device, depth + 1) is { } inner)
                return inner;
        }
        return null;
    }

    private bool Matches(IptablesRuleSpec spec, string device)
    {
        if (spec.Source is { } s && s.Contains(guest.Address) == s.Negated)
            return false;
        if (spec.Destination is { } d && d.Contains(destination) == d.Negated)
            return false;
        if (spec.OutDevice is { } o && o.Covers(device) == o.Negated)
            return false;
        // Rules about packets that were translated before (neutron's "! --ctstate DNAT" too) are judged by the walk; here they count as met.
        return spec.Protocol is null or 0;
    }
}
