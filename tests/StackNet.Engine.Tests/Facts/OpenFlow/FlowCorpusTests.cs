using System.Diagnostics;
using System.IO.Compression;
using System.Text.Json;
using StackNet.Engine.Facts.OpenFlow;
using Xunit;

namespace StackNet.Engine.Tests.Facts.OpenFlow;

/// <summary>Flow dumps of real nodes and of Open vSwitch's own tests.</summary>
public sealed class FlowCorpusTests
{
    [Fact]
    public void FlowsOfRealNodesAreUnderstoodCompletely()
    {
        string folder = TestData.Best("real-nodes");
        Count count = new();
        foreach (string path in Directory.EnumerateFiles(folder, "ovs-ofctl-dump-flows-*.txt", SearchOption.AllDirectories))
            count.Add(File.ReadLines(path));
        count.Print("real nodes");
        Assert.True(count.Flows > 1000);
        Assert.True(count.Unknown.Count == 0, string.Join('\n', count.Unknown.Keys));
        Assert.Equal(0, count.Broken);
    }

    [Fact]
    public void FlowsOfTheOracleAreUnderstoodCompletely()
    {
        Count count = new();
        foreach (string path in Directory.EnumerateFiles(Path.Combine(TestData.Best("ovs-oracle"), "cases"), "*.json"))
        {
            using JsonDocument document = JsonDocument.Parse(File.ReadAllBytes(path));
            foreach (JsonProperty text in document.RootElement.GetProperty("node").EnumerateObject())
            {
                if (text.Name.Contains("--no-names dump-flows", StringComparison.Ordinal))
                    count.Add(text.Value.GetString()!.Split('\n'));
            }
        }
        count.Print("oracle");
        Assert.True(count.Unknown.Count == 0, string.Join('\n', count.Unknown.Keys));
    }

    [Fact]
    public void TheCorpusParsesWithoutAnException()
    {
        string? corpus = TestData.Shared("corpus");
        Assert.SkipUnless(corpus is not null, "the public corpus is not beside the repository");
        Count count = new();
        foreach (string kind in (string[])["ovs-flows", "ovn-flows"])
        {
            foreach (string path in Directory.EnumerateFiles(Path.Combine(corpus, kind), "*.gz"))
            {
                using StreamReader reader = new(new GZipStream(File.OpenRead(path), CompressionMode.Decompress));
                while (reader.ReadLine() is { } line)
                    count.Add(Texts(line));
            }
        }
        foreach (string path in Directory.EnumerateFiles(Path.Combine(corpus, "sosreport"), "*dump-flows*", SearchOption.AllDirectories))
            count.Add(File.ReadLines(path));
        foreach (string path in Directory.EnumerateFiles(Path.Combine(corpus, "ovs-flows"), "*.txt"))
            count.Add(File.ReadLines(path));
        count.Print("corpus");
        Assert.True(count.Flows > 1000);
    }

    private static List<string> Texts(string json)
    {
        List<string> lines = [];
        using JsonDocument document = JsonDocument.Parse(json);
        if (document.RootElement.TryGetProperty("steps", out JsonElement steps))
        {
            foreach (JsonElement step in steps.EnumerateArray())
            {
                if (step.TryGetProperty("stdout", out JsonElement output))
                    lines.AddRange(output.GetString()!.Split('\n').Where(IsFlow));
            }
        }
        if (document.RootElement.TryGetProperty("data", out JsonElement data))
        {
            foreach (JsonElement file in data.EnumerateArray())
                lines.AddRange(file.GetProperty("text").GetString()!.Split('\n').Where(IsFlow));
        }
        return lines;
    }

    private static bool IsFlow(string line) =>
        line.Contains("actions=", StringComparison.Ordinal)
        && !line.Contains("OFPST", StringComparison.Ordinal)
        && !line.TrimStart().StartsWith('#');

    private sealed class Count
    {
        private readonly Stopwatch _watch = Stopwatch.StartNew();

        public int Flows { get; private set; }
        public int Broken { get; private set; }
        public SortedDictionary<string, int> Unknown { get; } = new(StringComparer.Ordinal);

        public void Add(IEnumerable<string> lines)
        {
            foreach (string line in lines)
            {
                if (FlowText.IsHeader(line))
                    continue;
                Flow flow = FlowText.Parse(line);
                Flows++;
                if (flow.Broken)
                    Broken++;
                foreach (string part in flow.Match.Unknown)
                    Note($"match {part}");
                Walk(flow.Actions);
            }
        }

        public void Print(string what)
        {
            ITestOutputHelper? output = TestContext.Current.TestOutputHelper;
            output?.WriteLine(
                $"{what}: {Flows} flows, {Broken} broken, {Unknown.Count} kinds of unknown parts, {_watch.ElapsedMilliseconds} ms"
            );
            foreach ((string part, int times) in Unknown)
                output?.WriteLine($"  {times} x {part}");
        }

        private void Walk(IEnumerable<FlowAction> actions)
        {
            foreach (FlowAction action in actions)
            {
                switch (action)
                {
                    case UnknownAction:
                        Note($"action {action.Text}");
                        break;
                    case WriteActionsAction write:
                        Walk(write.Actions);
                        break;
                    case CloneAction clone:
                        Walk(clone.Actions);
                        break;
                    case LearnAction learn:
                        foreach (string part in learn.Unknown)
                            Note($"learn {part}");
                        break;
                }
            }
        }

        private void Note(string part) => Unknown[part] = Unknown.GetValueOrDefault(part) + 1;
    }
}
