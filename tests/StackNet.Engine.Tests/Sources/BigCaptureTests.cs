using System.Diagnostics;
using StackNet.Engine.Facts;
using StackNet.Engine.Sources.Capture;
using StackNet.Engine.Sources.Text;
using Xunit;

namespace StackNet.Engine.Tests.Sources;

/// <summary>A thousand instances, two hundred namespaces: read back within a second, warm (generous limits: the machine may be busy).</summary>
public sealed class BigCaptureTests(ITestOutputHelper output)
{
    [Fact]
    public void The_capture_of_a_thousand_instances_is_read_quickly()
    {
        string folder = Directory.CreateTempSubdirectory("stacknet-big-").FullName;
        try
        {
            BigCapture.Write(folder, 1000, 100);
            NodeFacts facts = Read(folder);
            (NodeFacts again, double folderTime) = Timed(() => Read(folder));
            Assert.Equal(20_000, again.Namespaces[0].IptablesNft!.Tables[0].Chains.Sum(c => c.Rules.Count));
            Assert.Equal(4000, again.Namespaces[0].Links!.Count);
            Assert.Equal(201, again.Namespaces.Count);
            Assert.Equal(1000, again.Ovs!.Bridges[0].Ports.Count);
            string file = Path.Combine(folder, "node.json.gz");
            using (FileStream stream = File.Create(file))
                NodeFactsJson.WriteCompressed(stream, facts);
            Read(file);
            (NodeFacts back, double fileTime) = Timed(() => Read(file));
            Assert.Equal(201, back.Namespaces.Count);
            (_, double redactTime) = Timed(() => Redactor.Redact(facts));
            string rules = File.ReadAllText(Path.Combine(folder, "iptables-save-c.txt"));
            IptablesSaveText.Parse(rules);
            (_, double parseTime) = Timed(() => IptablesSaveText.Parse(rules));
            output.WriteLine(
                $"folder {folderTime:F0} ms, file {fileTime:F0} ms, redact {redactTime:F0} ms, "
                    + $"iptables-save {rules.Length / 1e6 / (parseTime / 1000):F0} MB/s, file {new FileInfo(file).Length / 1024} KB"
            );
            Assert.True(folderTime < 3000, $"folder {folderTime} ms");
            Assert.True(fileTime < 3000, $"file {fileTime} ms");
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    private static NodeFacts Read(string path) => Assert.Single(CaptureReader.Read(path, CancellationToken.None));

    private static (T Value, double Milliseconds) Timed<T>(Func<T> work)
    {
        Stopwatch watch = Stopwatch.StartNew();
        T value = work();
        return (value, watch.Elapsed.TotalMilliseconds);
    }
}
