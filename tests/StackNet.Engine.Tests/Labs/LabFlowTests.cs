using System.Globalization;
using System.Net;
using StackNet.Engine.Causes;
using StackNet.Engine.Facts;
using StackNet.Engine.Labs;
using StackNet.Engine.Topology;
using Xunit;

namespace StackNet.Engine.Tests.Labs;

/// <summary>Many kinds of flows through healthy labs: to each other, to routers, by name of another, of every protocol and size.</summary>
[Collection(LabCollection.Name)]
public sealed class LabFlowTests
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    private sealed record Flow(LabInstance From, IPAddress To, ProbeProtocol Protocol, int? Port, int Size, bool DontFragment)
    {
        public override string ToString() =>
            string.Create(CultureInfo.InvariantCulture, $"{From.Name} > {To} {Protocol} {Port} {Size} bytes{(DontFragment ? " DF" : "")}");
    }

    [Theory]
    [InlineData(LabLayout.Hybrid)]
    [InlineData(LabLayout.HostNat)]
    public async Task RealPacketsAreTheVerdicts(LabLayout layout)
    {
        LabSkip.UnlessPossible();
        await using LabFixture lab = await LabFixture.CreateAsync(layout, 3);
        ComputeNode node = ComputeNodes.Create(await LabManager.ReadAsync(lab.Name, Token), "lab", NodeSourceKind.Lab);
        List<string> wrong = [];
        int replies = 0;
        foreach (Flow[] flows in Flows(lab.Lab).Chunk(40))
        {
            foreach ((Flow flow, bool real, EgressResult said) in await Task.WhenAll(flows.Select(f => TryAsync(lab, node, f))))
            {
                replies += real ? 1 : 0;
                if (said.Verdict != (real ? Verdict.Pass : Verdict.Fail))
                    wrong.Add(
                        $"{flow}: real {real}, said {said.Verdict} {said.CauseId} at {said.Device}: {said.UnknownBecause ?? said.Evidence}"
                    );
            }
        }
        Assert.True(wrong.Count == 0, $"{wrong.Count} disagreements\n{string.Join('\n', wrong)}");
        Assert.True(replies > 20, $"only {replies} flows were answered");
    }

    private static IEnumerable<Flow> Flows(Lab lab)
    {
        LabPlan plan = new(lab.Name, lab.Layout, lab.Instance.Length);
        IPAddress[] targets =
        [
            IPAddress.Parse(LabPlan.InternetAddress),
            IPAddress.Parse(LabPlan.InternetGateway),
            IPAddress.Parse(plan.ExternalGateway),
            IPAddress.Parse(plan.Gateway),
            IPAddress.Parse(plan.Dhcp.Address),
            .. lab.Instance.Select(i => i.Address!),
            .. lab.Instance.Where(i => i.FloatingAddress is not null).Select(i => i.FloatingAddress!),
            .. plan.IsHybrid
                ? [IPAddress.Parse(plan.External.Address)]
                : new[] { IPAddress.Parse(plan.UplinkAddress), IPAddress.Parse(plan.SecondUplinkAddress) },
            IPAddress.Parse(plan.Prefix + ".250"),
        ];
        foreach (LabInstance from in lab.Instance)
        {
            foreach (IPAddress to in targets)
                yield return new(from, to, ProbeProtocol.Icmp, null, 56, false);
        }
        foreach (LabInstance to in lab.Instance)
        {
            foreach (int port in (int[])[22, 80, 443, 3306])
                yield return new(lab.Instance[^1], to.Address!, ProbeProtocol.Tcp, port, 56, false);
            foreach (int port in (int[])[80, 3306])
                yield return new(lab.Instance[0], to.Address!, ProbeProtocol.Tcp, port, 56, false);
            yield return new(lab.Instance[1], to.Address!, ProbeProtocol.Udp, 53, 56, false);
        }
        IPAddress internet = targets[0];
        foreach (LabInstance from in lab.Instance)
        {
            int largest = plan.Mtu - 28;
            yield return new(from, internet, ProbeProtocol.Tcp, 8080, 56, false);
            yield return new(from, internet, ProbeProtocol.Udp, 500, 56, false);
            yield return new(from, internet, ProbeProtocol.Udp, 500, largest, true);
            foreach (int size in (int[])[0, largest, largest + 1, 1473])
                yield return new(from, internet, ProbeProtocol.Icmp, null, size, true);
            yield return new(from, internet, ProbeProtocol.Icmp, null, 4000, false);
            yield return new(from, lab.Instance[0].Address!, ProbeProtocol.Icmp, null, largest, true);
        }
    }

    private static async Task<(Flow, bool, EgressResult)> TryAsync(LabFixture lab, ComputeNode node, Flow flow)
    {
        EgressResult said = Assert.Single(
            EgressTest.Run(
                node,
                new EgressRequest
                {
                    Instances = [flow.From.Name],
                    Destinations = [Ip.Parse(flow.To.ToString())],
                    Protocol = flow.Protocol,
                    Port = flow.Port,
                    Size = flow.Size,
                    DontFragment = flow.DontFragment,
                },
                Token
            )
        );
        bool real = false;
        // On a busy machine an answer may be late: silence where one is expected is measured again.
        for (int tries = 0; !real && tries < (said.Verdict == Verdict.Pass ? 4 : 1); tries++)
            real = (
                await lab.PingAsync(flow.From.Name, flow.To, flow.Protocol.ToString(), flow.Port, flow.Size, flow.DontFragment)
            ).Replied;
        return (flow, real, said);
    }
}
