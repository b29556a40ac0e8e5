using StackNet.Engine.Causes;
using StackNet.Engine.Facts;
using StackNet.Engine.Sources.Capture;
using StackNet.Engine.Tests.Sources;
using StackNet.Engine.Topology;
using Xunit;

namespace StackNet.Engine.Tests.Causes;

/// <summary>A node that went through a file, and one whose names and addresses were replaced, get the verdicts of the node itself.</summary>
public sealed class SameVerdictTests
{
    [Fact]
    public void A_redacted_node_and_one_from_a_file_get_the_same_verdicts()
    {
        List<string> wrong = [];
        int verdicts = 0;
        foreach (string folder in CaptureDataTests.RealFolders())
        {
            foreach (NodeFacts facts in CaptureReader.Read(folder, CancellationToken.None))
            {
                string[] plain = Verdicts(facts);
                verdicts += plain.Length;
                string[] stored = Verdicts(NodeFactsJson.Read(NodeFactsJson.ToBytes(facts), "stored"));
                string[] redacted = Verdicts(Redactor.Redact(facts));
                if (!plain.SequenceEqual(stored))
                    wrong.Add($"{Path.GetFileName(folder)}, stored: {string.Join(" | ", stored)}, was: {string.Join(" | ", plain)}");
                if (!plain.SequenceEqual(redacted))
                    wrong.Add($"{Path.GetFileName(folder)}, redacted: {string.Join(" | ", redacted)}, was: {string.Join(" | ", plain)}");
            }
        }
        Assert.True(verdicts > 0);
        Assert.True(wrong.Count == 0, string.Join('\n', wrong));
    }

    [Fact]
    public void The_default_sample_fails_for_its_missing_SNAT_and_nothing_else()
    {
        ComputeNode node = ComputeNodes.Create(Samples.Open(Samples.Names[0]), "sample", NodeSourceKind.Sample);
        EgressResult[] results = [.. EgressTest.Run(node, new EgressRequest(), CancellationToken.None)];
        Assert.Equal("SN701", Assert.Single(results, r => r.Verdict == Verdict.Fail).CauseId);
        Assert.Single(results, r => r.Verdict == Verdict.Pass);
        Assert.Equal(2, results.Length);
    }

    private static string[] Verdicts(NodeFacts facts)
    {
        ComputeNode node = ComputeNodes.Create(facts, "test", NodeSourceKind.Capture);
        IEnumerable<ConnectivityResult> outwards = EgressTest.Run(node, new EgressRequest(), CancellationToken.None);
        IEnumerable<ConnectivityResult> inwards = IngressTest.Run(node, new IngressRequest(), CancellationToken.None);
        return
        [
            .. outwards
                .Concat(inwards)
                .Select(r => $"{r.InstanceId} {r.GetType().Name} {r.Verdict} {r.Direction} {r.Device} {r.Namespace} {r.CauseId}")
                .Order(StringComparer.Ordinal),
        ];
    }
}
