using System.Diagnostics;
using System.Globalization;
using System.Text;
using StackNet.Engine.Facts;
using StackNet.Engine.Sources.Capture;
using StackNet.Engine.Sources.Text;
using Xunit;

namespace StackNet.Engine.Tests.Sources;

/// <summary>
/// Every parser gets damaged output of its own tool: it answers or throws its own exception, and quickly. STACKNET_FUZZ sets how many inputs
/// each gets (a few hundred when it is not set).
/// </summary>
public sealed class ParserFuzzTests(ITestOutputHelper output)
{
    private static readonly Dictionary<string, (string[] Files, Action<byte[]> Parse)> Parsers = new()
    {
        ["ip link"] = (["ip-d-j-link.json"], b => IpLinkJson.Parse(b)),
        ["ip addr"] = (["ip-j-addr.json"], b => IpAddrJson.Parse(b)),
        ["ip route"] = (["ip-j-route-all.json"], b => IpRouteJson.Parse(b)),
        ["ip rule"] = (["ip-j-rule.json"], b => IpRuleJson.Parse(b)),
        ["ip neigh"] = (["ip-j-neigh.json"], b => IpNeighJson.Parse(b)),
        ["netns ids"] = (["ip-j-netns-list-id.json"], b => IpNeighJson.ParseNetnsIds(b)),
        ["bridge link"] = (["bridge-d-j-link.json"], b => BridgeJson.ParseLink(b)),
        ["bridge fdb"] = (["bridge-j-fdb.json"], b => BridgeJson.ParseFdb(b)),
        ["tc"] = (["tc-qdisc.json"], b => TcJson.ParseQdiscs(b)),
        ["nft json"] = (["nft-j-list-ruleset.json"], b => NftJson.Parse(b)),
        ["ovsdb"] = (["ovsdb-client-dump.json"], b => OvsdbRows.ParseDump(b).ToFacts()),
        ["ovs-vsctl show"] = (["ovs-vsctl-show.txt"], b => OvsVsctlShowText.Parse(Text(b))),
        ["flows"] = (["ovs-ofctl-dump-flows-br-int.txt"], b => OvsFlowText.ParseFlows(Text(b))),
        ["ofctl show"] = (["ovs-ofctl-show-br-int.txt"], b => OvsOfctlShowText.Parse(Text(b))),
        ["fdb/show"] = (["ovs-appctl-fdb-show-br-int.txt"], b => OvsFdbText.Parse(Text(b))),
        ["iptables-save"] = (["iptables-save-c.txt"], b => IptablesSaveText.Parse(Text(b))),
        ["ebtables-save"] = (["iptables-save-c.txt"], b => IptablesSaveText.Parse(Text(b), isEbtables: true)),
        ["iptables header"] = (
            ["iptables-save-c.txt"],
            b =>
            {
                IptablesSaveText.Backend(Text(b));
                IptablesSaveText.IncompatibleTables(Text(b));
            }
        ),
        ["nft text"] = (["nft-list-ruleset.txt"], b => NftText.Attach(new NftRuleset(), Text(b))),
        ["ipset"] = (["ipset-save.txt"], b => IpsetSaveText.Parse(Text(b))),
        ["conntrack"] = (["conntrack-L-extended.txt"], b => ConntrackText.Parse(Text(b))),
        ["sysctl"] = (["sysctl-net.txt"], b => SysctlText.Parse(Text(b))),
        ["ss"] = (["ss-lnup.txt"], b => SsText.Parse(Text(b))),
        ["libvirt"] = (["libvirt/instance-00000001.xml"], b => LibvirtXml.Parse(new StringReader(Text(b)))),
        ["virsh list"] = (["libvirt/virsh-list-all.txt"], b => LibvirtXml.ParseList(Text(b))),
        ["netns"] = (["ip-netns.txt"], b => NodeTexts.ParseNetns(Text(b))),
        ["processes"] = (["processes.txt"], b => NodeTexts.ParseProcesses(Text(b))),
        ["ethtool"] = (["ethtool-k.txt"], b => NodeTexts.ParseEthtool(Text(b))),
        ["os-release"] = (["os-release.txt"], b => NodeTexts.ParseOsRelease(Text(b))),
        ["dhcp"] = (
            ["processes.txt", "libvirt/virsh-list-all.txt"],
            b =>
            {
                DnsmasqFiles.ParseHosts(Text(b));
                DnsmasqFiles.ParseLeases(Text(b));
            }
        ),
        ["redact"] = (["iptables-save-c.txt", "ovs-ofctl-dump-flows-br-int.txt"], Redact),
    };

    private static int Inputs =>
        int.TryParse(Environment.GetEnvironmentVariable("STACKNET_FUZZ"), NumberStyles.None, CultureInfo.InvariantCulture, out int n)
            ? n
            : 150;

    public static TheoryData<string> Names => [.. Parsers.Keys];

    private static string Text(byte[] bytes) => Encoding.UTF8.GetString(bytes);

    private static void Redact(byte[] bytes) =>
        Redactor.Redact(new NodeFacts { ConfigFiles = new Dictionary<string, string> { ["any"] = Text(bytes) } });

    [Theory]
    [MemberData(nameof(Names))]
    public void A_parser_answers_or_throws_its_own_exception(string name)
    {
        (string[] files, Action<byte[]> parse) = Parsers[name];
        Random random = new(name.Length * 7919 + 11);
        int refused = 0;
        double slowest = 0;
        byte[][] seeds = [.. files.Select(f => Small(File.ReadAllBytes(Path.Combine(TestData.RealNodes, "hybrid-healthy", "node", f))))];
        for (int i = 0; i < Inputs; i++)
        {
            byte[] input = Mutate(seeds[i % seeds.Length], random);
            Stopwatch watch = Stopwatch.StartNew();
            try
            {
                parse(input);
            }
            catch (TextFormatException)
            {
                refused++;
            }
            catch (Exception e)
            {
                Assert.Fail($"{e.GetType().Name}: {e.Message}\n{e.StackTrace}\non: {Text(input)}");
            }
            slowest = Math.Max(slowest, watch.Elapsed.TotalMilliseconds);
        }
        output.WriteLine($"{name}: {Inputs} inputs, {refused} refused, slowest {slowest:F0} ms");
        Assert.True(slowest < 5000, $"{slowest} ms");
    }

    // Some kilobytes say what a format is; more only makes each input slower.
    private static byte[] Small(byte[] whole) =>
        whole.Length <= 24_000 || whole[0] is (byte)'[' or (byte)'{' or (byte)'<' ? whole : whole[..24_000];

    private static byte[] Mutate(byte[] seed, Random random)
    {
        List<byte> bytes = [.. seed];
        for (int n = random.Next(1, 5); n > 0 && bytes.Count > 2; n--)
        {
            int at = random.Next(bytes.Count);
            int length = Math.Min(random.Next(1, 40), bytes.Count - at);
            switch (random.Next(8))
            {
                case 0:
                    bytes[at] = (byte)random.Next(256);
                    break;
                case 1:
                    bytes.RemoveRange(at, length);
                    break;
                case 2:
                    bytes.InsertRange(at, bytes.GetRange(random.Next(bytes.Count - length + 1), length));
                    break;
                case 3:
                    bytes.RemoveRange(at, bytes.Count - at);
                    break;
                case 4:
                    bytes.InsertRange(at, Words[random.Next(Words.Length)]);
                    break;
                case 5:
                    Turn(bytes, at, length);
                    break;
                case 6:
                    bytes[at] = (byte)" \n\t\"'[]{},:=/-0"[random.Next(15)];
                    break;
                default:
                    Retype(bytes, at, random);
                    break;
            }
        }
        return [.. bytes];
    }

    private static readonly byte[][] Words =
    [
        .. new[]
        {
            "-1",
            "99999999999999999999",
            "null",
            "\"\"",
            "[]",
            "{}",
            "true",
            "1e400",
            "\\ud800",
            "\u0000",
            "\r\n",
            "\u2028",
            "0x",
            "::",
            "/",
            "[[",
            "set",
            "*nat",
            ":",
            "uuid",
        }.Select(Encoding.UTF8.GetBytes),
    ];

    private static void Turn(List<byte> bytes, int at, int length)
    {
        List<byte> part = bytes.GetRange(at, length);
        part.Reverse();
        bytes.RemoveRange(at, length);
        bytes.InsertRange(at, part);
    }

    // Takes one JSON value or word and puts another kind in its place: what a wrong type does.
    private static void Retype(List<byte> bytes, int at, Random random)
    {
        int start = bytes.IndexOf((byte)':', at);
        if (start < 0)
            return;
        int end = start + 1;
        while (end < bytes.Count && bytes[end] is not ((byte)',' or (byte)'}' or (byte)']' or (byte)'\n'))
            end++;
        bytes.RemoveRange(start + 1, end - start - 1);
        bytes.InsertRange(start + 1, Words[random.Next(8)]);
    }
}
