using System.Net;
using StackNet.Engine.Causes;
using StackNet.Engine.Facts;
using StackNet.Engine.Labs;
using StackNet.Engine.Topology;
using Xunit;

namespace StackNet.Engine.Tests.Labs;

/// <summary>Packets that are cut in pieces and put together on their way, and an instance that asks for its own floating address.</summary>
public sealed class LabFragmentTests
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(LabLayout.Hybrid)]
    [InlineData(LabLayout.HostNat)]
    public async Task LargePingsAreTheVerdicts(LabLayout layout)
    {
        LabSkip.UnlessPossible();
        await using LabFixture lab = await LabFixture.CreateAsync(layout, 2);
        NodeFacts facts = await LabManager.ReadAsync(lab.Name, Token);
        ComputeNode node = ComputeNodes.Create(facts, "lab:" + lab.Name, NodeSourceKind.Lab);
        LabInstance first = lab.Lab.Instance[0];
        List<IPAddress> destinations = [lab.Lab.InternetAddress!, lab.Lab.Instance[1].Address];
        if (first.FloatingAddress is { } floating)
            destinations.Add(floating);
        List<string> wrong = [];
        foreach (IPAddress destination in destinations)
        foreach ((int size, bool whole) in new[] { (1423, false), (3000, false), (20000, false), (1422, true), (1480, true) })
        {
            LabPing ping = await lab.PingAsync(first.Name, destination, "Icmp", null, size, whole);
            EgressRequest request = new()
            {
                Instances = [first.Name],
                Destinations = [Ip.Parse(destination.ToString())],
                Size = size,
                DontFragment = whole,
            };
            EgressResult said = Assert.Single(EgressTest.Run(node, request, Token));
            if (said.Verdict != (ping.Replied ? Verdict.Pass : Verdict.Fail))
                wrong.Add($"{destination} {size}: real {ping.Replied}, said {said.Verdict} {said.Evidence} {said.UnknownBecause}");
        }
        Assert.True(wrong.Count == 0, string.Join('\n', wrong));
    }
}
