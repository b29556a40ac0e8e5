using StackNet.Engine.Facts;
using StackNet.Engine.Tests.RealNodesTests;
using StackNet.Engine.Topology;
using Xunit;

namespace StackNet.Engine.Tests.Topology;

/// <summary>What OVN's flows tell of a guest's network.</summary>
public sealed class OvnDhcpTests
{
    [Fact]
    public void The_offer_in_the_flows_is_what_the_guest_was_given()
    {
        NodeFacts facts = RealNode.Open(Path.Combine(TestData.RealNodes, "ovn-healthy")).Nodes[0].Facts;
        OvnDhcpOffer offer = OvnDhcp.Of(facts.Ovs)[Mac.Parse("fa:16:3e:0a:5a:d1")];
        Assert.Equal(new OvnDhcpOffer(Ip.Parse("10.0.5.11"), IpPrefix.Parse("10.0.5.0/24"), Ip.Parse("10.0.5.1"), 1442), offer);
        Assert.Contains(IpPrefix.Parse("203.0.113.0/24"), OvnNetworks.Of(facts.Ovs));
    }

    [Theory]
    [InlineData("controller(userdata=00.00.00.02,pause)")]
    [InlineData("controller(userdata=00.00.00.02.00.00.00.00.00.01.de.10.00.00.00.63.0a.00.05,pause)")]
    [InlineData("controller(userdata=00.00.00.02.zz,pause)")]
    public void A_cut_or_foreign_offer_is_none(string action) =>
        Assert.Empty(OvnDhcp.Of(With($" table=28, priority=100,udp,dl_src=fa:16:3e:0a:5a:d1 actions={action},resubmit(,29)")));

    [Fact]
    public void Classless_routes_outrank_the_router_option()
    {
        OvnDhcpOffer offer = OvnDhcp
            .Of(
                With(
                    " table=28, priority=100,udp,dl_src=fa:16:3e:0a:5a:d1 actions=controller(userdata=00.00.00.02.00.00.00.00.00.01.de.10.00.00.00.63.0a.00.05.0b."
                        + "01.04.ff.ff.ff.00.03.04.0a.00.05.01.79.0d.18.0a.09.09.0a.00.05.07.00.0a.00.05.fe,pause),resubmit(,29)"
                )
            )
            .Values.Single();
        Assert.Equal(Ip.Parse("10.0.5.254"), offer.Router);
    }

    private static OvsFacts With(string flow) => new() { Bridges = [new OvsBridgeFacts { Name = "br-int", Flows = [flow] }] };
}
