using StackNet.Engine.Causes;
using StackNet.Engine.Facts;
using StackNet.Engine.Sources.Capture;
using StackNet.Engine.Topology;
using Xunit;

namespace StackNet.Engine.Tests.Causes;

/// <summary>Destinations for which no packet crosses the node, or for which many would answer.</summary>
public sealed class SpecialAddressTests
{
    private static readonly ComputeNode Node = ComputeNodes.Create(Samples.Open("hybrid-healthy"), "sample", NodeSourceKind.Sample);

    [Fact]
    public void An_instance_reaches_its_own_address()
    {
        foreach (ComputeInstance instance in NodeNouns.Instances(Node))
        {
            EgressResult result = Ask(instance.Instance, instance.Address[0].ToString());
            Assert.Equal(Verdict.Pass, result.Verdict);
            Assert.Contains("own address", result.Evidence, StringComparison.Ordinal);
        }
    }

    [Theory]
    [InlineData("127.0.0.1")]
    [InlineData("0.0.0.0")]
    [InlineData("224.0.0.1")]
    [InlineData("255.255.255.255")]
    [InlineData("10.10.1.255")]
    public void Nothing_is_said_of_addresses_of_many_and_of_the_guest(string destination)
    {
        EgressResult result = Ask("web-1", destination);
        Assert.Equal(Verdict.Unknown, result.Verdict);
        Assert.Contains(destination, result.UnknownBecause, StringComparison.Ordinal);
    }

    [Fact]
    public void An_address_beside_the_broadcast_address_is_walked()
    {
        EgressResult result = Ask("web-1", "10.10.1.254");
        Assert.Equal("SN801", result.CauseId);
    }

    private static EgressResult Ask(string instance, string destination) =>
        Assert.Single(
            EgressTest.Run(
                Node,
                new EgressRequest { Instances = [instance], Destinations = [Ip.Parse(destination)] },
                CancellationToken.None
            )
        );
}
