using System.Globalization;
using Xunit;

namespace StackNet.Engine.Tests.RealNodesTests;

/// <summary>Every measured row of every captured node against the verdict.</summary>
public sealed class RealTruthTests(ITestOutputHelper output)
{
    // What the scenario injected, by the catalogue; folders that are not here have no fault (or one of the guest's own).
    private static readonly Dictionary<string, string> Injected = new(StringComparer.Ordinal)
    {
        ["dvr-snat-namespace-forwarding-0"] = "SN601",
        ["hostnat-ip-forward-0"] = "SN601",
        ["hostnat-masquerade-shadowed"] = "SN704",
        ["hostnat2-br-ex-down"] = "SN316",
        ["hostnat2-forward-policy-drop"] = "SN512",
        ["hostnat2-gateway-address-missing"] = "SN612",
        ["hostnat2-masquerade-missing"] = "SN701",
        ["hybrid-floating-dnat-missing"] = "SN709",
        ["hybrid-router-ip-forward-0"] = "SN601",
        ["hybrid-snat-wrong-out-interface"] = "SN702",
        ["hybrid-tap-down"] = "SN103",
        ["hybrid2-egress-accept-rule-missing"] = "SN501",
        ["hybrid2-few-commands-qvo-down"] = "SN202",
        ["hybrid2-ipset-member-missing"] = "SN503",
        ["hybrid2-patch-peer-wrong"] = "SN311",
        ["hybrid2-qvb-not-in-bridge"] = "SN204",
        ["hybrid2-router-neighbour-permanent-wrong"] = "SN801",
        ["hybrid2-router-unreachable-route"] = "SN609",
        ["lb-nic-not-in-external-bridge"] = "SN313",
        ["lb-qg-veth-down"] = "SN202",
        ["legacy-nft-table-drops-besides"] = "SN517",
        ["novanet-ip-forward-0"] = "SN601",
        ["novanet-masquerade-missing"] = "SN701",
        ["novanet-nic-not-in-br-ex"] = "SN313",
        ["novanet-tap-not-in-br100"] = "SN105",
        ["overlap-second-tenant-default-route-missing"] = "SN606",
        ["ovn-bridge-mappings-wrong"] = "SN925",
        ["ovn-egress-acl-missing"] = "SN929",
        ["ovsfw-egress-rules-removed"] = "SN501",
        ["ovsfw-qg-mtu-1400"] = "SN831",
        ["ovsfw-uplink-down"] = "SN314",
        ["provider-uplink-down"] = "SN314",
        ["provider-vlan-trunk-without-it"] = "SN328",
    };

    // A security group that forbids what a row asks is no fault: the same rows fail on the healthy sibling.
    private static readonly string[] ByDesign = ["SN501", "SN502", "SN503"];

    [Fact]
    public void Verdicts_agree_with_what_real_packets_did()
    {
        List<string> wrong = [];
        List<string> unknown = [];
        int rows = 0;
        int agree = 0;
        foreach (string folder in RealNode.Folders())
        {
            RealNode real = RealNode.Open(folder);
            Tally tally = new();
            HashSet<string> explained = HealthyFailures(real, folder);
            foreach (RealRow row in real.Truth.Rows)
            {
                rows++;
                tally.Rows++;
                ConnectivityResult? result = RealVerdicts.Of(real, row);
                string line =
                    $"{real.Name}: {row.From} {row.FromIp} > {row.To} {row.Kind} works={row.Works} verdict={result?.Verdict.ToString() ?? "none"} {result?.CauseId} {result?.Direction} at {result?.Device} [{result?.Namespace}]: {result?.Evidence ?? result?.UnknownBecause}";
                bool guestDiffers = GuestDiffers(real, row);
                if (result is null or { Verdict: Verdict.Unknown })
                {
                    tally.Unknown++;
                    if (MustBeKnown(real.Name) && !guestDiffers)
                        unknown.Add(line);
                    else
                        output.WriteLine("  unknown " + line);
                    continue;
                }
                if ((result.Verdict == Verdict.Pass) != row.Works)
                {
                    if (guestDiffers)
                    {
                        tally.GuestOnly++;
                        continue;
                    }
                    tally.Wrong++;
                    wrong.Add(line);
                    continue;
                }
                agree++;
                tally.Agree++;
                if (result.Verdict == Verdict.Fail)
                {
                    tally.Causes[result.CauseId ?? "none"] = tally.Causes.GetValueOrDefault(result.CauseId ?? "none") + 1;
                    bool expected =
                        result.CauseId is { } id
                        && (Injected.GetValueOrDefault(real.Name) == id || (ByDesign.Contains(id) && explained.Contains(Key(row))));
                    if (!expected && MustBeKnown(real.Name))
                        wrong.Add("cause: " + line);
                    else if (!expected)
                        output.WriteLine("  cause " + line);
                }
            }
            output.WriteLine(tally.Line(real.Name));
        }
        output.WriteLine($"{rows} rows, {agree} agree, {wrong.Count} wrong, {unknown.Count} unknown that must be known");
        foreach (string line in unknown)
            output.WriteLine("UNKNOWN " + line);
        foreach (string line in wrong)
            output.WriteLine("WRONG " + line);
        Assert.True(wrong.Count == 0 && unknown.Count == 0, string.Join(Environment.NewLine, wrong.Concat(unknown)));
    }

    private static string Key(RealRow row) => $"{row.From}>{row.ToInstance ?? row.To}:{row.Kind}";

    /// <summary>Rows that fail on every node of the layout without a fault too, by roles; all failing rows of a folder without one.</summary>
    private static HashSet<string> HealthyFailures(RealNode real, string folder)
    {
        string healthy = Path.Combine(Path.GetDirectoryName(folder)!, real.Name.Split('-')[0] + "-healthy");
        IEnumerable<RealRow> rows =
            !Injected.ContainsKey(real.Name) ? real.Truth.Rows
            : Directory.Exists(healthy) ? RealNode.Open(healthy).Truth.Rows
            : [];
        return [.. rows.Where(r => !r.Works).Select(Key)];
    }

    /// <summary>Layouts that have to be decided, unless the capture itself lacks what decides.</summary>
    private static bool MustBeKnown(string name) =>
        name.Split('-')[0].TrimEnd('2', '3') is "hybrid" or "hostnat" or "novanet" or "legacy"
        && !name.Contains("without-root", StringComparison.Ordinal)
        && !name.Contains("few-commands", StringComparison.Ordinal);

    /// <summary>The guest uses an address or gateway that its port does not have: no reading of the node can know.</summary>
    private static bool GuestDiffers(RealNode real, RealRow row) =>
        real.Name.Contains("guest-", StringComparison.Ordinal) && row.Kind.Length > 0;

    private sealed class Tally
    {
        public int Rows { get; set; }
        public int Agree { get; set; }
        public int Unknown { get; set; }
        public int Wrong { get; set; }
        public int GuestOnly { get; set; }
        public SortedDictionary<string, int> Causes { get; } = new(StringComparer.Ordinal);

        public string Line(string name) =>
            string.Create(
                CultureInfo.InvariantCulture,
                $"{name, -48} rows {Rows, 2} agree {Agree, 2} unknown {Unknown, 2} wrong {Wrong, 2} guest {GuestOnly} causes {string.Join(" ", Causes.Select(c => $"{c.Key}x{c.Value}"))}"
            );
    }
}
