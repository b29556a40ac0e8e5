using StackNet.Engine.Causes;
using StackNet.Engine.Facts;
using StackNet.Engine.Sources.Capture;
using StackNet.Engine.Topology;
using Xunit;

namespace StackNet.Engine.Tests.Causes;

/// <summary>What a guest's MTU does not carry goes in fragments; with DF set it does not go.</summary>
public sealed class FragmentTests
{
    private const int GuestMtu = 1450;
    private static readonly ComputeNode Node = ComputeNodes.Create(Samples.Open("hybrid-healthy"), "sample", NodeSourceKind.Sample);

    [Theory]
    [InlineData(GuestMtu - 28, true, Verdict.Pass)]
    [InlineData(GuestMtu - 27, true, Verdict.Fail)]
    [InlineData(GuestMtu - 27, false, Verdict.Pass)]
    [InlineData(3000, false, Verdict.Pass)]
    [InlineData(65507, false, Verdict.Pass)]
    public void Only_a_packet_that_must_stay_whole_is_too_large(int size, bool whole, Verdict verdict)
    {
        EgressResult result = Assert.Single(
            EgressTest.Run(
                Node,
                new EgressRequest
                {
                    Instances = ["web-1"],
                    Size = size,
                    DontFragment = whole,
                },
                CancellationToken.None
            )
        );
        Assert.Equal(verdict, result.Verdict);
        Assert.Equal(verdict == Verdict.Fail ? "SN831" : null, result.CauseId);
    }

    [Fact]
    public void The_asker_outside_gets_its_large_answer()
    {
        IngressResult result = Assert.Single(
            IngressTest.Run(Node, new IngressRequest { Instances = ["web-1"], Size = 3000 }, CancellationToken.None)
        );
        Assert.Equal(Verdict.Pass, result.Verdict);
    }
}
