using System.IO.Compression;
using System.Text;
using StackNet.Engine.Facts;
using StackNet.Engine.Sources.Capture;
using Xunit;

namespace StackNet.Engine.Tests.Sources;

/// <summary>A capture comes from somebody else: whatever it holds, it is read or refused with its own error, quickly and without effect.</summary>
public sealed class HostileCaptureTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("stacknet-hostile-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    private string Put(string file, string text) => Put(file, Encoding.UTF8.GetBytes(text));

    private string Put(string file, byte[] bytes)
    {
        string path = Path.Combine(_folder, file);
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        File.WriteAllBytes(path, bytes);
        return path;
    }

    private NodeFacts ReadFolder() => Assert.Single(CaptureReader.Read(_folder, CancellationToken.None));

    private CaptureException Refused(string? path = null) =>
        Assert.Throws<CaptureException>(() => CaptureReader.Read(path ?? _folder, CancellationToken.None));

    [Fact]
    public void An_empty_folder_and_a_folder_of_another_tool_are_foreign()
    {
        Assert.Equal(CaptureError.Foreign, Refused().Error);
        Put("sos_commands/networking/ip_addr", "1: lo: <LOOPBACK,UP>");
        Put("package.json", "{}");
        Assert.Equal(CaptureError.Foreign, Refused().Error);
    }

    [Fact]
    public void What_is_not_there_is_not_found() =>
        Assert.Equal(CaptureError.NotFound, Refused(Path.Combine(_folder, "no-such-capture")).Error);

    [Theory]
    [InlineData("ip-d-j-link.json", "[{\"ifindex\":1,", 1)]
    [InlineData("ip-j-addr.json", "[\n{\"ifname\":\"lo\",\n\"addr_info\":[{\"family\":\"inet\",\"local\":\"127.0", 3)]
    [InlineData("iptables-save-c.txt", "*filter\n:INPUT ACCEPT [0:0]\n[0:0] -A INPUT -j ACC", 3)]
    [InlineData("iptables-save-c.txt", "*filter\n:INPUT ACCEPT [0:", 2)]
    [InlineData("iptables-save-c.txt", "*filter\n:INPUT ACCEPT", 2)]
    [InlineData("iptables-save-c.txt", "Chain INPUT (policy ACCEPT)\n", 1)]
    [InlineData("ipset-save.txt", "create a hash:ip family inet\nadd b 10.0.0.1\n", 2)]
    [InlineData("conntrack-L-extended.txt", "ipv4     2 tcp      6 115 TIME_WAIT src=1.2.3.4 dst=1.2.3", 1)]
    [InlineData("nft-j-list-ruleset.json", "{\"nftables\": [{\"table\": {\"family\"", 1)]
    [InlineData("nft-j-list-ruleset.json", "[]", 1)]
    [InlineData("sysctl-net.txt", "net.ipv4.ip_forward = 1\n\u0001\u0002garbage\n", 2)]
    [InlineData("ovsdb-client-dump.json", "{\"caption\":\"Bridge table\",\"headings\":[\"_uuid\"],\"data\":[]}\n{\"capt", 2)]
    [InlineData("libvirt/instance-00000001.xml", "<domain type='kvm'>\n<name>x</name", 2)]
    [InlineData("libvirt/instance-00000001.xml", "<!DOCTYPE d [<!ENTITY a \"aaaa\">]>\n<domain>&a;</domain>", 1)]
    [InlineData("COMMANDS.tsv", "ip-j-addr.json\tzero\tip -j addr\n", 1)]
    [InlineData("COMMANDS.tsv", "../../etc/shadow\t0\tcat\n", 1)]
    public void A_broken_file_is_named_with_its_line(string file, string text, int line)
    {
        Put("iptables-save-c.txt", "");
        string path = Put(file, text);
        CaptureException e = Refused();
        Assert.Equal(path, e.File);
        Assert.Equal(line, e.Line);
        Assert.Contains(path, e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Odd_names_are_kept_as_they_are_and_nothing_is_run()
    {
        string mark = Path.Combine(_folder, "ran");
        string name = $"a\"b;$(touch {mark})`touch {mark}`\u001b[31m\n'";
        string json = System.Text.Json.JsonSerializer.Serialize(name);
        Put("ip-d-j-link.json", $"[{{\"ifindex\":2,\"ifname\":{json},\"flags\":[\"UP\"],\"mtu\":1500,\"address\":\"fa:16:3e:00:00:01\"}}]");
        Put("iptables-save-c.txt", "*filter\n:X - [0:0]\n[1:2] -A X -m comment --comment \"a\\\"b; $(reboot)\" -j ACCEPT\nCOMMIT\n");
        Put("ip-netns.txt", "q;$(touch ran)\n");
        NodeFacts node = ReadFolder();
        Assert.Equal(name, Assert.Single(node.Namespaces[0].Links!).Name);
        Assert.Equal(
            "-A X -m comment --comment \"a\\\"b; $(reboot)\" -j ACCEPT",
            node.Namespaces[0].IptablesNft!.Tables[0].Chains[0].Rules[0].Text
        );
        Assert.Equal("q;$(touch ran)", node.Namespaces[1].Name);
        Assert.Null(node.Namespaces[1].Links);
        Assert.False(File.Exists(mark));
        byte[] written = NodeFactsJson.ToBytes(node);
        Assert.Equal(written, NodeFactsJson.ToBytes(NodeFactsJson.Read(written, "odd")));
        _ = Redactor.Redact(node);
    }

    [Fact]
    public void A_namespace_that_was_only_listed_has_nothing_and_says_so()
    {
        Put("ip-d-j-link.json", "[]");
        Put("ip-netns.txt", "qrouter-1 (id: 3)\n");
        NodeFacts node = ReadFolder();
        Assert.Equal("qrouter-1", node.Namespaces[1].Name);
        Assert.Null(node.Namespaces[1].Routes);
        Assert.Contains(node.Unread, u => u is { Source: "iptables", Namespace: "qrouter-1", Kind: UnreadKind.NotCaptured });
        Assert.Contains(node.Namespaces[0].NetnsIds!, i => i is { Id: 3, Name: "qrouter-1" });
    }

    [Fact]
    public void An_empty_answer_counts_as_empty_only_when_it_is_known_to_be_one()
    {
        Put("ip-d-j-link.json", "[]");
        Put("iptables-save-c.txt", "");
        // No exit status, no complaint, and nothing shows rights: it may have been refused.
        Assert.Null(ReadFolder().Namespaces[0].IptablesNft);
        Put("COMMANDS.tsv", "iptables-save-c.txt\t0\tiptables-save -c\n");
        Assert.Empty(ReadFolder().Namespaces[0].IptablesNft!.Tables);
        Put(
            "iptables-save-c.txt.stderr",
            "iptables-save v1.8.9 (nf_tables): Could not fetch rule set generation id: Permission denied (you must be root)\n"
        );
        NodeFacts node = ReadFolder();
        Assert.Null(node.Namespaces[0].IptablesNft);
        Assert.Contains(node.Unread, u => u is { Source: "iptables", Kind: UnreadKind.PermissionDenied });
    }

    [Theory]
    [InlineData(124, "", UnreadKind.TimedOut)]
    [InlineData(127, "bash: iptables-save: command not found", UnreadKind.ToolMissing)]
    [InlineData(1, "Operation not permitted", UnreadKind.PermissionDenied)]
    [InlineData(1, "something else", UnreadKind.Failed)]
    public void A_status_tells_why(int status, string errors, UnreadKind kind)
    {
        Put("iptables-save-c.txt", "*filter\nhalf");
        Put("iptables-save-c.txt.stderr", errors);
        Put("COMMANDS.tsv", $"iptables-save-c.txt\t{status}\tiptables-save -c\n");
        Assert.Contains(ReadFolder().Unread, u => u.Source == "iptables" && u.Kind == kind);
    }

    [Fact]
    public void A_huge_file_is_refused_before_it_is_read()
    {
        string path = Put("iptables-save-c.txt", "*filter\n");
        using (FileStream file = File.OpenWrite(path))
            file.SetLength(1L << 30);
        long before = GC.GetTotalAllocatedBytes();
        Assert.Equal(CaptureError.TooLarge, Refused().Error);
        Assert.True(GC.GetTotalAllocatedBytes() - before < 16 * 1024 * 1024);
    }

    [Fact]
    public void A_pipe_without_a_writer_does_not_hang()
    {
        Put("ip-d-j-link.json", "[]");
        using (System.Diagnostics.Process? maker = System.Diagnostics.Process.Start("mkfifo", [Path.Combine(_folder, "ip-j-addr.json")]))
            maker!.WaitForExit();
        Assert.NotNull(ReadFolder().Namespaces[0].Addresses);
    }

    [Fact]
    public void A_bomb_is_refused()
    {
        using MemoryStream packed = new();
        using (GZipStream gzip = new(packed, CompressionLevel.Fastest, leaveOpen: true))
        {
            byte[] block = new byte[1 << 20];
            Array.Fill(block, (byte)' ');
            for (int i = 0; i < 300; i++)
                gzip.Write(block);
        }
        Assert.Equal(CaptureError.TooLarge, Refused(Put("bomb.json.gz", packed.ToArray())).Error);
    }

    [Theory]
    [InlineData("")]
    [InlineData("   \n")]
    [InlineData("{}")]
    [InlineData("[1,2")]
    [InlineData("{\"format\":\"stacknet-capture/1\"}")]
    [InlineData("{\"format\":\"stacknet-capture/1\",\"facts\":null}")]
    [InlineData("{\"format\":\"stacknet-capture/1\",\"facts\":{\"namespaces\":[null]}}")]
    [InlineData("{\"format\":\"stacknet-capture/1\",\"facts\":{\"hostName\":\"a\",\"hostName\":\"b\"}}")]
    [InlineData("{\"format\":\"stacknet-capture/1\",\"facts\":{\"namespaces\":[{\"links\":[{\"mac\":\"zz\"}]}]}}")]
    [InlineData("{\"format\":\"stacknet-capture/1\",\"facts\":{}}x")]
    [InlineData("{\"format\":\"stacknet-capture/zero\",\"facts\":{}}")]
    [InlineData("\0\0\0\0")]
    public void A_broken_file_of_ours_is_refused(string text)
    {
        string path = Put("broken.json", text);
        CaptureException e = Refused(path);
        Assert.Equal(path, e.File);
        Assert.True(e.Error is CaptureError.Corrupt or CaptureError.Foreign);
    }

    [Fact]
    public void Deep_nesting_is_refused()
    {
        string deep = string.Concat(Enumerable.Repeat("{\"a\":[", 50_000));
        Refused(Put("deep.json", deep));
        Refused(Put("deep2.json", "{\"format\":\"stacknet-capture/1\",\"facts\":" + deep));
        Put("nft-j-list-ruleset.json", "{\"nftables\":[{\"rule\":" + deep);
        Put("ip-d-j-link.json", "[]");
        Refused();
    }

    [Fact]
    public void A_newer_version_says_so()
    {
        CaptureException e = Refused(Put("newer.json", "{\"format\":\"stacknet-capture/2\",\"facts\":{}}"));
        Assert.Equal(CaptureError.NewerVersion, e.Error);
    }

    [Fact]
    public void An_older_file_without_a_member_gets_its_default()
    {
        NodeFacts facts = Assert.Single(
            CaptureReader.Read(
                Put("old.json", "{\"format\":\"stacknet-capture/1\",\"facts\":{\"namespaces\":[{\"links\":[{\"index\":3}]}]}}"),
                CancellationToken.None
            )
        );
        LinkFacts link = Assert.Single(facts.Namespaces[0].Links!);
        Assert.Equal("", facts.HostName);
        Assert.Empty(facts.Unread);
        Assert.Equal("", link.Name);
        Assert.Empty(link.Flags);
        Assert.Equal("UNKNOWN", link.OperState);
    }

    [Fact]
    public void A_file_cut_anywhere_is_refused()
    {
        byte[] whole = NodeFactsJson.ToBytes(Samples.Open(Samples.Names[0]));
        for (int length = 1; length < whole.Length - 1; length += Math.Max(1, whole.Length / 200))
            Refused(Put("cut.json", whole[..length]));
        using MemoryStream packed = new();
        NodeFactsJson.WriteCompressed(packed, Samples.Open(Samples.Names[0]));
        byte[] gz = packed.ToArray();
        for (int length = 1; length < gz.Length; length += Math.Max(1, gz.Length / 60))
            Refused(Put("cut.json.gz", gz[..length]));
    }

    [Fact]
    public void Random_damage_is_read_or_refused_and_nothing_else()
    {
        Random random = new(20261123);
        byte[] whole = NodeFactsJson.ToBytes(Samples.Open(Samples.Names[0]));
        for (int i = 0; i < 60; i++)
        {
            byte[] damaged = (byte[])whole.Clone();
            for (int n = random.Next(1, 6); n > 0; n--)
                damaged[random.Next(damaged.Length)] = (byte)random.Next(256);
            ReadsOrRefuses(Put("damaged.json", damaged));
        }
    }

    [Fact]
    public void Random_damage_of_a_folder_is_read_or_refused_and_nothing_else()
    {
        Random random = new(7);
        string source = Path.Combine(TestData.RealNodes, "hybrid-healthy", "node");
        string[] files = [.. Directory.EnumerateFiles(source, "*", SearchOption.AllDirectories).Order(StringComparer.Ordinal)];
        foreach (string file in files)
            Put(Path.GetRelativePath(source, file), File.ReadAllBytes(file));
        foreach (string file in files)
        {
            byte[] whole = File.ReadAllBytes(file);
            string target = Path.Combine(_folder, Path.GetRelativePath(source, file));
            for (int i = 0; i < 2 && whole.Length > 0; i++)
            {
                byte[] damaged = (byte[])whole.Clone();
                damaged[random.Next(damaged.Length)] = (byte)random.Next(256);
                File.WriteAllBytes(target, i == 0 ? damaged : damaged[..random.Next(damaged.Length)]);
                ReadsOrRefuses(_folder);
            }
            File.WriteAllBytes(target, whole);
        }
    }

    private static void ReadsOrRefuses(string path)
    {
        try
        {
            foreach (NodeFacts facts in CaptureReader.Read(path, CancellationToken.None))
                _ = NodeFactsJson.ToBytes(facts);
        }
        catch (CaptureException e)
        {
            Assert.NotEmpty(e.File);
        }
    }
}
