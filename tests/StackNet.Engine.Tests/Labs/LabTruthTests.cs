using System.Net;
using StackNet.Engine.Causes;
using StackNet.Engine.Facts;
using StackNet.Engine.Labs;
using StackNet.Engine.Topology;
using Xunit;

namespace StackNet.Engine.Tests.Labs;

/// <summary>
/// What real packets do in a lab is what is said of it: for each layout, healthy and with each fault, for every instance; and where the
/// fault is what stops them, its cause is the one that is named.
/// </summary>
[Collection(LabCollection.Name)]
public sealed class LabTruthTests
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(LabLayout.Hybrid)]
    [InlineData(LabLayout.HostNat)]
    public async Task RealPingsAreTheVerdicts(LabLayout layout)
    {
        LabSkip.UnlessPossible();
        List<string> wrong = await LabCrew.RunAsync(
            layout,
            (lab, found) => CompareAsync(lab, null, [], found),
            async (lab, fault, healthy, found) =>
            {
                await LabManager.AddFaultAsync(lab.Name, fault.Name, Token);
                await CompareAsync(lab, fault, healthy, found);
                await LabManager.RemoveFaultAsync(lab.Name, fault.Name, Token);
            }
        );
        Assert.True(wrong.Count == 0, $"{wrong.Count} disagreements\n{string.Join('\n', wrong)}");
    }

    /// <summary>Sends and judges every flow; gives those that work.</summary>
    private static async Task<HashSet<string>> CompareAsync(
        LabFixture lab,
        LabFaultSpec? fault,
        HashSet<string> healthy,
        List<string> wrong
    )
    {
        NodeFacts facts = await LabManager.ReadAsync(lab.Name, Token);
        ComputeNode node = ComputeNodes.Create(facts, "lab:" + lab.Name, NodeSourceKind.Lab);
        LabInstance[] instances = lab.Lab.Instance;
        IPAddress internet = lab.Lab.InternetAddress!;
        List<Task<(string Flow, bool Real, ConnectivityResult Said)>> flows = [];
        foreach (LabInstance instance in instances)
            flows.Add(EgressAsync(lab, node, instance, internet, 56, false));
        if (fault?.Sign is null or LabFaultSign.Large)
            flows.Add(EgressAsync(lab, node, instances[^1], internet, 1380, true));
        if (fault?.Sign is null or LabFaultSign.Neighbour)
            flows.Add(EgressAsync(lab, node, instances[0], instances[^1].Address, 56, false));
        if (instances[0].FloatingAddress is { } floating && fault?.Sign is null or LabFaultSign.Floating)
            flows.Add(IngressAsync(lab, node, instances[0], instances[0].FloatingAddress!));
        HashSet<string> works = [];
        string label = fault?.Name ?? "healthy";
        bool bites = false;
        foreach ((string flow, bool real, ConnectivityResult said) in await Task.WhenAll(flows))
        {
            if (real)
                works.Add(flow);
            string line =
                $"{label}: {flow}: real {real}, said {said.Verdict} {said.CauseId} at {said.Namespace}/{said.Device} {said.Direction}";
            string more = $" | {said.UnknownBecause ?? said.Evidence} | also {string.Join(',', said.WouldAlsoFailAt)}";
            if (said.Verdict != (real ? Verdict.Pass : Verdict.Fail))
                wrong.Add(line + more);
            else if (fault is not null && !real && healthy.Contains(flow) && said.CauseId != fault.CauseId)
                wrong.Add($"{line}, expected {fault.CauseId}{more}");
            bites |= !real && healthy.Contains(flow);
        }
        if (fault is not null && !bites)
            wrong.Add($"{label}: no flow suffers");
        return works;
    }

    private static async Task<(string, bool, ConnectivityResult)> EgressAsync(
        LabFixture lab,
        ComputeNode node,
        LabInstance instance,
        IPAddress to,
        int size,
        bool df
    )
    {
        EgressResult said = Assert.Single(
            EgressTest.Run(
                node,
                new EgressRequest
                {
                    Instances = [instance.Name],
                    Destinations = [Ip.Parse(to.ToString())],
                    Size = size,
                    DontFragment = df,
                },
                Token
            )
        );
        bool replied = await MeasureAsync(() => lab.PingAsync(instance.Name, to, "Icmp", null, size, df), said);
        return ($"{instance.Name} > {to} {size}{(df ? " DF" : "")}", replied, said);
    }

    private static async Task<(string, bool, ConnectivityResult)> IngressAsync(
        LabFixture lab,
        ComputeNode node,
        LabInstance instance,
        IPAddress floating
    )
    {
        IngressResult said = Assert.Single(
            IngressTest.Run(
                node,
                new IngressRequest
                {
                    Instances = [instance.Name],
                    Source = Ip.Parse(lab.Lab.ExternalGateway!.ToString()),
                    Destinations = [Ip.Parse(floating.ToString())],
                    Protocol = ProbeProtocol.Tcp,
                    Port = 80,
                },
                Token
            )
        );
        bool replied = await MeasureAsync(() => LabManager.PingFromAsync(lab.Name, LabPlan.Upstream, floating, "Tcp", Token), said);
        return ($"outside > {floating} tcp", replied, said);
    }

    /// <summary>
    /// On a machine that is busy with other things an answer may be late: silence where an answer is expected is measured again before
    /// it counts. An answer where silence is expected counts at once.
    /// </summary>
    private static async Task<bool> MeasureAsync(Func<Task<LabPing>> ping, ConnectivityResult said)
    {
        for (int tries = 0; tries < 4; tries++)
        {
            if ((await ping()).Replied)
                return true;
            if (said.Verdict != Verdict.Pass)
                return false;
        }
        return false;
    }
}
