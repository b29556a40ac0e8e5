using System.IO.Compression;
using System.Text;
using StackNet.Engine.Facts;
using StackNet.Engine.Sources.Text;
using Xunit;

namespace StackNet.Engine.Tests.Sources;

/// <summary>Public dumps of every age, when they are there: each is read, or refused for a reason that a person would give too.</summary>
public sealed class CorpusTextTests(ITestOutputHelper output)
{
    private static string Corpus(string folder)
    {
        string? root = TestData.Shared("corpus");
        Assert.SkipUnless(root is not null, "the public corpus is not beside the repository");
        return Path.Combine(root, folder);
    }

    private static string TextOf(string path)
    {
        using Stream file = File.OpenRead(path);
        using Stream unpacked = path.EndsWith(".gz", StringComparison.Ordinal) ? new GZipStream(file, CompressionMode.Decompress) : file;
        using StreamReader reader = new(unpacked, Encoding.UTF8);
        return reader.ReadToEnd();
    }

    [Fact]
    public void Every_line_of_every_saved_ruleset_is_kept()
    {
        int files = 0;
        List<string> refused = [];
        List<string> wrong = [];
        foreach (string path in Directory.EnumerateFiles(Corpus("iptables-save")).Order(StringComparer.Ordinal))
        {
            string text = TextOf(path);
            if (!text.Contains("\n*", StringComparison.Ordinal) && !text.StartsWith('*'))
                continue;
            files++;
            try
            {
                IptablesRuleset rules = IptablesSaveText.Parse(text);
                int expected = text.Split('\n').Count(l => l.Contains("-A ", StringComparison.Ordinal) && !l.StartsWith('#'));
                int actual = rules.Tables.Sum(t => t.Chains.Sum(c => c.Rules.Count));
                if (actual != expected)
                    wrong.Add($"{Path.GetFileName(path)}: {actual} rules of {expected}");
            }
            catch (TextFormatException e)
            {
                refused.Add($"{Path.GetFileName(path)}, line {e.Line}: {e.Message}");
            }
        }
        output.WriteLine($"{files} files\n{string.Join('\n', refused)}");
        Assert.True(wrong.Count == 0, string.Join('\n', wrong));
    }

    [Fact]
    public void Every_nft_listing_is_read()
    {
        int rules = 0;
        foreach (string path in Directory.EnumerateFiles(Corpus("nftables-dumps"), "*.json-nft*").Order(StringComparer.Ordinal))
        {
            NftRuleset ruleset = NftJson.Parse(Encoding.UTF8.GetBytes(TextOf(path)));
            rules += ruleset.Tables.Sum(t => t.Chains.Sum(c => c.Rules.Count));
        }
        Assert.True(rules > 500, $"{rules} rules");
    }

    [Fact]
    public void The_texts_of_a_production_node_are_read()
    {
        string folder = Corpus("sosreport/openstack");
        string Read(string name) => File.ReadAllText(Path.Combine(folder, name));
        foreach (string path in Directory.EnumerateFiles(folder, "*tables-save"))
            Assert.NotEmpty(IptablesSaveText.Parse(File.ReadAllText(path)).Tables);
        Assert.NotEmpty(SysctlText.Parse(Read("sos_commands__kernel__sysctl_-a")));
        Assert.NotEmpty(NodeTexts.ParseNetns(Read("sos_commands__networking__ip_netns")));
        foreach (string path in Directory.EnumerateFiles(folder, "*ovs-ofctl*dump-flows_br-*"))
        {
            string text = File.ReadAllText(path);
            Assert.Equal(text.Split('\n').Count(l => l.Contains("actions=", StringComparison.Ordinal)), OvsFlowText.Parse(text).Count);
        }
        foreach (string path in Directory.EnumerateFiles(folder, "*ovs-ofctl*_show_br-*"))
        {
            string text = File.ReadAllText(path);
            Assert.Equal(text.Split('\n').Count(l => l.Contains("): addr:", StringComparison.Ordinal)), OvsOfctlShowText.Parse(text).Count);
        }
        foreach (string path in Directory.EnumerateFiles(folder, "*fdb.show_br-*"))
            Assert.Equal(File.ReadAllLines(path).Length - 1, OvsFdbText.Parse(File.ReadAllText(path)).Count);
        OvsFacts shown = OvsVsctlShowText.Parse(Read("sos_commands__openvswitch__ovs-vsctl_-t_5_show"));
        Assert.Contains(shown.Bridges, b => b.Name == "br-int" && b.Ports.Count > 3);
        Assert.Contains(shown.Bridges.SelectMany(b => b.Ports).SelectMany(p => p.Interfaces), i => i.Options.ContainsKey("remote_ip"));
    }
}
