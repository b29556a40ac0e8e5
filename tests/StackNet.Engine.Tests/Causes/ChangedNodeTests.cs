using StackNet.Engine.Causes;
using StackNet.Engine.Facts;
using StackNet.Engine.Sources.Capture;
using StackNet.Engine.Topology;
using Xunit;

namespace StackNet.Engine.Tests.Causes;

/// <summary>One thing is changed in a node that works, and that is what is named.</summary>
public sealed class ChangedNodeTests
{
    private const string Outside = "198.51.100.10";

    [Fact]
    public void The_nodes_work_before_they_are_changed()
    {
        Assert.All(Test(Hybrid()), r => Assert.Equal(Verdict.Pass, r.Verdict));
        Assert.All(Test(HostNat()), r => Assert.Equal(Verdict.Pass, r.Verdict));
    }

    /// <summary>
    /// The question for the gateway is flooded; a copy gets to other guests, the one to the bridge that routes dies there. It has no
    /// NIC, but its own device has the gateway's address.
    /// </summary>
    [Fact]
    public void A_copy_that_died_at_the_bridge_that_routes_tells_more_than_copies_that_lived()
    {
        NodeFacts node = Switch(
            HostNat(),
            bridge =>
                bridge.Name == "br-ex"
                    ? bridge with
                    {
                        Flows = [.. bridge.Flows!.Where(f => !f.Contains("dl_vlan=", StringComparison.Ordinal))],
                    }
                    : bridge
        );
        Assert.All(Test(node), r => Assert.Equal((Verdict.Fail, "SN310", "br-ex"), (r.Verdict, r.CauseId, r.Device)));
    }

    /// <summary>Where a router stands between, the same flow is for others: a tenant's network is not translated to the outside.</summary>
    [Fact]
    public void A_copy_that_died_beyond_the_router_is_not_why_the_router_is_silent()
    {
        NodeFacts node = Hybrid();
        NodeFacts down = Space(
            node,
            ns => ns.Name.StartsWith("qrouter-", StringComparison.Ordinal),
            ns =>
                ns with
                {
                    Links =
                    [
                        .. ns.Links!.Select(l =>
                            l.Name.StartsWith("qr-", StringComparison.Ordinal)
                                ? l with
                                {
                                    Flags = [.. l.Flags.Where(f => f is not ("UP" or "LOWER_UP"))],
                                    OperState = "DOWN",
                                }
                                : l
                        ),
                    ],
                }
        );
        Assert.All(Test(down), r => Assert.Equal((Verdict.Fail, "SN202"), (r.Verdict, r.CauseId)));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void A_tag_that_is_not_the_agents_is_the_cause_and_not_the_flows_that_lack_it(bool hostNat)
    {
        NodeFacts healthy = hostNat ? HostNat() : Hybrid();
        string victim = Test(healthy)[0].Path!.Hop.First(h => h.Device.StartsWith("qvo", StringComparison.Ordinal)).Device;
        NodeFacts node = Switch(
            healthy,
            bridge => bridge with { Ports = [.. bridge.Ports.Select(p => p.Name == victim ? p with { Tag = 9 } : p)] }
        );
        Assert.Equal(("SN305", victim), (Test(node)[0].CauseId, Test(node)[0].Device));
        Assert.All(Test(node).Skip(1), r => Assert.Equal(Verdict.Pass, r.Verdict));
    }

    [Theory]
    [InlineData("prohibit")]
    [InlineData("unreachable")]
    [InlineData("blackhole")]
    public void A_rule_that_refuses_is_told_from_a_route_that_does(string type)
    {
        IpPrefix inside = IpPrefix.Parse("192.168.100.0/24");
        NodeFacts healthy = HostNat();
        RuleFacts rule = new()
        {
            Priority = 100,
            From = inside,
            Action = type,
        };
        NodeFacts ruled = Space(healthy, ns => ns.Name.Length == 0, ns => ns with { Rules = [rule, .. Rules(ns)] });
        RuleFacts other = rule with { From = IpPrefix.Parse("192.0.2.0/24") };
        RouteFacts route = new() { Destination = IpPrefix.Parse("198.51.100.0/24"), Type = type };
        NodeFacts routed = Space(
            healthy,
            ns => ns.Name.Length == 0,
            ns => ns with { Rules = [other, other with { From = null, InDevice = "lo" }, .. Rules(ns)], Routes = [.. ns.Routes!, route] }
        );
        EgressResult[] said = Test(ruled);
        Assert.NotEmpty(said);
        Assert.All(said, r => Assert.Equal((Verdict.Fail, "SN608"), (r.Verdict, r.CauseId)));
        Assert.All(Test(routed), r => Assert.Equal((Verdict.Fail, "SN609"), (r.Verdict, r.CauseId)));
    }

    /// <summary>Where the translation is for another device, which lives, the route is wrong; where it is for this one, the device is.</summary>
    [Theory]
    [InlineData(true, "SN607")]
    [InlineData(false, "SN314")]
    public void A_dead_device_of_the_default_route(bool another, string cause)
    {
        NodeFacts node = Space(
            HostNat(),
            ns => ns.Name.Length == 0,
            ns =>
            {
                LinkFacts eth0 = ns.Links!.First(l => l.Name == "eth0");
                LinkFacts dead = eth0 with { Flags = ["NO-CARRIER", .. eth0.Flags.Where(f => f != "LOWER_UP")], OperState = "DOWN" };
                LinkFacts second = eth0 with { Name = "eth7", Index = 700 };
                return ns with
                {
                    Links = [.. ns.Links!.Where(l => l.Name != "eth0"), dead, second],
                    Addresses =
                    [
                        .. ns.Addresses!,
                        ns.Addresses!.First(a => a.Device == "eth0") with
                        {
                            Device = "eth7",
                            Address = Ip.Parse("192.0.2.7"),
                        },
                    ],
                    IptablesNft = another ? Renamed(ns.IptablesNft!, "-o eth0", "-o eth7") : ns.IptablesNft,
                };
            }
        );
        Assert.All(Test(node), r => Assert.Equal((Verdict.Fail, cause, "eth0"), (r.Verdict, r.CauseId, r.Device)));
    }

    private static IptablesRuleset Renamed(IptablesRuleset rules, string old, string text) =>
        rules with
        {
            Tables =
            [
                .. rules.Tables.Select(t =>
                    t with
                    {
                        Chains =
                        [
                            .. t.Chains.Select(c =>
                                c with
                                {
                                    Rules = [.. c.Rules.Select(r => r with { Text = r.Text.Replace(old, text, StringComparison.Ordinal) })],
                                }
                            ),
                        ],
                    }
                ),
            ],
        };

    private static IEnumerable<RuleFacts> Rules(NamespaceFacts ns) => ns.Rules ?? [];

    private static NodeFacts Hybrid() => Samples.Open("hybrid-healthy");

    /// <summary>
    /// The sample's trouble is mended: it forwards. Only the device that has the gateway's address answers for it (the ends of the
    /// veth pairs do too on the node as it was: its switch runs in user space).
    /// </summary>
    private static NodeFacts HostNat() =>
        Space(
            Samples.Open(Samples.Names.First(n => n.StartsWith("hostnat", StringComparison.Ordinal))),
            ns => ns.Name.Length == 0,
            ns =>
                ns with
                {
                    Sysctls = ns.Sysctls!.ToDictionary(
                        s => s.Key,
                        s =>
                            s.Key == "net.ipv4.conf.all.arp_ignore"
                            || s.Key.EndsWith("ip_forward", StringComparison.Ordinal)
                            || s.Key.EndsWith(".forwarding", StringComparison.Ordinal)
                                ? "1"
                                : s.Value
                    ),
                }
        );

    private static NodeFacts Space(NodeFacts node, Func<NamespaceFacts, bool> which, Func<NamespaceFacts, NamespaceFacts> change) =>
        node with
        {
            Namespaces = [.. node.Namespaces.Select(n => which(n) ? change(n) : n)],
        };

    private static NodeFacts Switch(NodeFacts node, Func<OvsBridgeFacts, OvsBridgeFacts> change) =>
        node with
        {
            Ovs = node.Ovs! with { Bridges = [.. node.Ovs.Bridges.Select(change)] },
        };

    private static EgressResult[] Test(NodeFacts facts) =>
        [
            .. EgressTest.Run(
                ComputeNodes.Create(facts, "test", NodeSourceKind.Capture),
                new EgressRequest { Destinations = [Ip.Parse(Outside)] },
                CancellationToken.None
            ),
        ];
}
