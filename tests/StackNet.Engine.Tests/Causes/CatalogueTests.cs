using System.Text.RegularExpressions;
using StackNet.Engine.Causes;
using StackNet.Engine.Sources.Capture;
using StackNet.Engine.Topology;
using Xunit;

namespace StackNet.Engine.Tests.Causes;

public sealed partial class CatalogueTests
{
    [GeneratedRegex("^SN[0-9]{3}$")]
    private static partial Regex Id { get; }

    [Fact]
    public void Every_cause_has_an_id_a_title_and_a_repair()
    {
        Assert.All(Catalogue.All, c => Assert.Matches(Id, c.Id));
        Assert.All(Catalogue.All, c => Assert.False(string.IsNullOrWhiteSpace(c.Title) || string.IsNullOrWhiteSpace(c.Mend), c.Id));
        Assert.Equal(Catalogue.All.Count(), Catalogue.All.Select(c => c.Title).Distinct().Count());
    }

    [Fact]
    public void A_failure_says_where_which_way_why_and_what_would_mend_it()
    {
        ComputeNode node = ComputeNodes.Create(Samples.Open("hybrid-router-forwarding-off"), "sample", NodeSourceKind.Sample);
        EgressResult[] results = [.. EgressTest.Run(node, new EgressRequest { Trace = TraceKeeping.OnDemand }, CancellationToken.None)];
        Assert.NotEmpty(results);
        Assert.All(
            results,
            r =>
            {
                Assert.Equal(Verdict.Fail, r.Verdict);
                Assert.Equal("SN601", r.CauseId);
                Assert.Equal(PacketDirection.Out, r.Direction);
                Assert.StartsWith("qrouter-", r.Namespace, StringComparison.Ordinal);
                Assert.Contains("forward", r.Evidence, StringComparison.Ordinal);
                Assert.Contains("ip_forward=1", r.Repair, StringComparison.Ordinal);
                Assert.NotEmpty(r.Path!.Hop);
                Assert.Contains(r.Trace!.Steps, s => s.Fatal);
            }
        );
    }

    [Fact]
    public void Healthy_instances_pass_by_default_and_wildcards_choose()
    {
        ComputeNode node = ComputeNodes.Create(Samples.Open("hybrid-healthy"), "sample", NodeSourceKind.Sample);
        EgressResult[] all = [.. EgressTest.Run(node, new EgressRequest(), CancellationToken.None)];
        Assert.True(all.Length > 1);
        Assert.All(all, r => Assert.Equal(Verdict.Pass, r.Verdict));
        string name = all[0].Instance;
        Assert.All(
            EgressTest.Run(node, new EgressRequest { Instances = [name[..^1] + "?"] }, CancellationToken.None),
            r => Assert.StartsWith(name[..^1], r.Instance, StringComparison.Ordinal)
        );
        Assert.Empty(EgressTest.Run(node, new EgressRequest { Instances = ["no-such-instance"] }, CancellationToken.None));
    }

    [Fact]
    public void A_cause_that_hides_behind_another_is_named_too()
    {
        StackNet.Engine.Facts.NodeFacts facts = Samples.Open("hybrid-snat-missing");
        facts = facts with
        {
            Namespaces =
            [
                .. facts.Namespaces.Select(n =>
                    n.Name.StartsWith("qrouter-", StringComparison.Ordinal)
                        ? n with
                        {
                            Sysctls = n.Sysctls!.ToDictionary(
                                s => s.Key,
                                s =>
                                    s.Key == "net.ipv4.ip_forward"
                                    || s.Key.EndsWith(".forwarding", StringComparison.Ordinal)
                                        && s.Key.Contains("ipv4", StringComparison.Ordinal)
                                        ? "0"
                                        : s.Value
                            ),
                        }
                        : n
                ),
            ],
        };
        ComputeNode node = ComputeNodes.Create(facts, "test", NodeSourceKind.Capture);
        EgressResult[] results = [.. EgressTest.Run(node, new EgressRequest(), CancellationToken.None)];
        Assert.All(results, r => Assert.Equal("SN601", r.CauseId));
        Assert.Contains(results, r => r.WouldAlsoFailAt.Any(w => w.StartsWith("SN70", StringComparison.Ordinal)));
    }
}
