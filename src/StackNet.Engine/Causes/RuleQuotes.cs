using System.Globalization;
using StackNet.Engine.Facts;

namespace StackNet.Engine.Causes;

/// <summary>Quotes a rule with its counters, as iptables-save -c prints it.</summary>
internal static class RuleQuotes
{
    public static string Of(NodeFacts facts, string ns, TraceRule rule)
    {
        string where = ns.Length == 0 ? "" : $" (in {ns})";
        NamespaceFacts? found = facts.Namespaces.FirstOrDefault(n => n.Name == ns);
        bool legacy = rule.Family.Contains("legacy", StringComparison.Ordinal);
        IptablesRuleset? own = rule.Family.Contains("eb", StringComparison.Ordinal) || rule.Family == "bridge" ? found?.Ebtables : null;
        IptablesRuleset? first = legacy ? found?.IptablesLegacy : found?.IptablesNft;
        IptablesRuleset? second = legacy ? found?.IptablesNft : found?.IptablesLegacy;
        foreach (IptablesRuleset? rules in (IptablesRuleset?[])[own, first, second])
        {
            if (rules?.Tables.FirstOrDefault(t => t.Name == rule.Table)?.Chains.FirstOrDefault(c => c.Name == rule.Chain) is not { } chain)
                continue;
            if (rule.Text.StartsWith("policy", StringComparison.Ordinal))
                return string.Create(
                    CultureInfo.InvariantCulture,
                    $"{rule.Table}: :{chain.Name} {chain.Policy} [{chain.Packets}:{chain.Bytes}]{where}"
                );
            if (
                rule.Number is > 0 and { } number
                && number <= chain.Rules.Count
                && chain.Rules[number - 1] is { Packets: { } packets } line
                && line.Text == rule.Text
            )
                return string.Create(CultureInfo.InvariantCulture, $"{rule.Table}: [{packets}:{line.Bytes}] {line.Text}{where}");
        }
        string table = rule.Family == "openflow" || rule.Table.Length == 0 ? "" : $"{rule.Family} {rule.Table} {rule.Chain}: ";
        return $"{table}{rule.Text}{where}";
    }
}
