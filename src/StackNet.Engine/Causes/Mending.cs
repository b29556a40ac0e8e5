using System.Globalization;
using StackNet.Engine.Facts;

namespace StackNet.Engine.Causes;

/// <summary>
/// The same node with one fault put right on paper, so that the walk can go on to the next: only where the change is a single plain one.
/// </summary>
internal static class Mending
{
    public static Diagnosis? Of(Diagnosis diagnosis, Ending ending, Finding finding)
    {
        _ = ending;
        string ns = finding.Namespace;
        string device = finding.Device;
        return finding.CauseId switch
        {
            "SN601" or "SN602" => diagnosis.Mended(
                $"forwarding {ns}",
                facts => Change(facts, ns, n => n with { Sysctls = WithForwarding(n) })
            ),
            "SN604" => diagnosis.Mended(
                $"rp_filter {ns} {device}",
                facts => Change(facts, ns, n => n with { Sysctls = WithLooseFilter(n, device) })
            ),
            "SN103" or "SN202" or "SN314" or "SN316" => diagnosis.Mended(
                $"up {ns} {device}",
                facts => Change(facts, ns, n => n with { Links = Up(n, device) })
            ),
            "SN512" or "SN209" => diagnosis.Mended($"forward {ns}", facts => Change(facts, ns, AcceptForward)),
            _ => null,
        };
    }

    private static NodeFacts Change(NodeFacts facts, string ns, Func<NamespaceFacts, NamespaceFacts> change) =>
        facts with
        {
            Namespaces = [.. facts.Namespaces.Select(n => n.Name == ns ? change(n) : n)],
        };

    private static Dictionary<string, string> WithForwarding(NamespaceFacts ns)
    {
        Dictionary<string, string> all = new(ns.Sysctls ?? new Dictionary<string, string>(), StringComparer.Ordinal)
        {
            ["net.ipv4.ip_forward"] = "1",
        };
        // Writing ip_forward sets every device's value (devinet_sysctl_forward).
        foreach (
            string key in all
                .Keys.Where(k =>
                    k.StartsWith("net.ipv4.conf.", StringComparison.Ordinal) && k.EndsWith(".forwarding", StringComparison.Ordinal)
                )
                .ToArray()
        )
            all[key] = "1";
        return all;
    }

    private static Dictionary<string, string> WithLooseFilter(NamespaceFacts ns, string device) =>
        new(ns.Sysctls ?? new Dictionary<string, string>(), StringComparer.Ordinal)
        {
            [string.Create(CultureInfo.InvariantCulture, $"net.ipv4.conf.{device.Replace('.', '/')}.rp_filter")] = "2",
        };

    private static LinkFacts[] Up(NamespaceFacts ns, string device) =>
        [
            .. (ns.Links ?? []).Select(l =>
                l.Name != device && l.LinkName != device
                    ? l
                    : l with
                    {
                        Flags = [.. l.Flags.Where(f => f is not ("NO-CARRIER" or "UP" or "LOWER_UP")), "UP", "LOWER_UP"],
                        OperState = "UP",
                        BridgePort = l.BridgePort is { State: "disabled" } port ? port with { State = "forwarding" } : l.BridgePort,
                    }
            ),
        ];

    private static NamespaceFacts AcceptForward(NamespaceFacts ns) =>
        ns with
        {
            IptablesNft = AcceptForward(ns.IptablesNft),
            IptablesLegacy = AcceptForward(ns.IptablesLegacy),
        };

    private static IptablesRuleset? AcceptForward(IptablesRuleset? rules) =>
        rules is null
            ? null
            : rules with
            {
                Tables =
                [
                    .. rules.Tables.Select(t =>
                        t.Name != "filter"
                            ? t
                            : t with
                            {
                                Chains =
                                [
                                    .. t.Chains.Select(c => c is { Name: "FORWARD", Policy: "DROP" } ? c with { Policy = "ACCEPT" } : c),
                                ],
                            }
                    ),
                ],
            };
}
