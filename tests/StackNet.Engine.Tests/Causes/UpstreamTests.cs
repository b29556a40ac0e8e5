using StackNet.Engine.Causes;
using StackNet.Engine.Facts;
using StackNet.Engine.Sources.Capture;
using StackNet.Engine.Topology;
using Xunit;

namespace StackNet.Engine.Tests.Causes;

/// <summary>Who is beyond the uplink: the configured routers and whoever was heard; of anybody else nothing is said.</summary>
public sealed class UpstreamTests
{
    private static readonly NodeFacts Healthy = Samples.Open("hybrid-healthy");
    private static readonly Ip Internet = Ip.Parse("198.51.100.10");
    private static readonly Ip Stranger = Ip.Parse("203.0.113.250");

    [Fact]
    public void Nothing_is_said_of_a_next_hop_that_nobody_has_heard()
    {
        EgressResult result = Ask(Router(ns => ns with { Routes = [.. ns.Routes!, Via(Stranger)] }));
        Assert.Equal(Verdict.Unknown, result.Verdict);
        Assert.Contains("203.0.113.250", result.UnknownBecause, StringComparison.Ordinal);
    }

    [Fact]
    public void A_next_hop_that_was_heard_is_there()
    {
        EgressResult result = Ask(
            Router(ns =>
                ns with
                {
                    Routes = [.. ns.Routes!, Via(Stranger)],
                    Neighbours = [.. ns.Neighbours!, Entry(ns, "STALE", "02:00:00:00:00:07")],
                }
            )
        );
        Assert.Equal(Verdict.Pass, result.Verdict);
    }

    [Fact]
    public void A_next_hop_that_did_not_answer_is_why()
    {
        EgressResult result = Ask(
            Router(ns => ns with { Routes = [.. ns.Routes!, Via(Stranger)], Neighbours = [.. ns.Neighbours!, Entry(ns, "FAILED", null)] })
        );
        Assert.Equal(Verdict.Fail, result.Verdict);
        Assert.Equal("SN801", result.CauseId);
        Assert.Contains("203.0.113.250", result.Evidence, StringComparison.Ordinal);
    }

    [Fact]
    public void Legs_that_leave_by_different_devices_are_not_chosen_between()
    {
        EgressResult result = Ask(
            Router(ns =>
                ns with
                {
                    Routes =
                    [
                        .. ns.Routes!,
                        new RouteFacts
                        {
                            Destination = IpPrefix.Parse("198.51.100.0/24"),
                            NextHops =
                            [
                                new NextHopFacts(Outside(ns), Ip.Parse("203.0.113.1"), 1, []),
                                new NextHopFacts(Inside(ns), Ip.Parse("10.10.1.210"), 1, []),
                            ],
                        },
                    ],
                }
            )
        );
        Assert.Equal(Verdict.Unknown, result.Verdict);
        Assert.Contains("multipath", result.UnknownBecause, StringComparison.Ordinal);
    }

    [Fact]
    public void A_port_in_the_wrong_VLAN_is_not_reached_either()
    {
        NodeFacts facts = Healthy with
        {
            Ovs = Healthy.Ovs! with
            {
                Bridges =
                [
                    .. Healthy.Ovs.Bridges.Select(b =>
                        b with
                        {
                            Ports = [.. b.Ports.Select(p => p.Name == "qvoab75cb63-27" ? p with { Tag = 77 } : p)],
                        }
                    ),
                ],
            },
        };
        ComputeNode node = ComputeNodes.Create(facts, "test", NodeSourceKind.Capture);
        IngressResult result = Assert.Single(IngressTest.Run(node, new IngressRequest { Instances = ["web-1"] }, CancellationToken.None));
        Assert.Equal(Verdict.Fail, result.Verdict);
        Assert.Equal("SN305", result.CauseId);
    }

    private static RouteFacts Via(Ip gateway) =>
        new()
        {
            Destination = IpPrefix.Parse("198.51.100.0/24"),
            Gateway = gateway,
            Device = "qg-9241be01-7a",
        };

    private static NeighbourFacts Entry(NamespaceFacts ns, string state, string? mac) =>
        new()
        {
            Address = Stranger,
            Device = Outside(ns),
            State = state,
            Mac = mac is null ? null : Mac.Parse(mac),
        };

    private static string Outside(NamespaceFacts ns) => ns.Links!.First(l => l.Name.StartsWith("qg-", StringComparison.Ordinal)).Name;

    private static string Inside(NamespaceFacts ns) => ns.Links!.First(l => l.Name.StartsWith("qr-", StringComparison.Ordinal)).Name;

    private static NodeFacts Router(Func<NamespaceFacts, NamespaceFacts> change) =>
        Healthy with
        {
            Namespaces = [.. Healthy.Namespaces.Select(n => n.Name.StartsWith("qrouter-", StringComparison.Ordinal) ? change(n) : n)],
        };

    private static EgressResult Ask(NodeFacts facts)
    {
        ComputeNode node = ComputeNodes.Create(facts, "test", NodeSourceKind.Capture);
        return Assert.Single(
            EgressTest.Run(node, new EgressRequest { Instances = ["web-1"], Destinations = [Internet] }, CancellationToken.None)
        );
    }
}
