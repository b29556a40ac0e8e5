using System.Globalization;
using System.Text.Json;
using StackNet.Engine.Facts;
using StackNet.Engine.Sources.Capture;
using StackNet.Engine.Walk;
using StackNet.Engine.Walk.OpenFlow;
using Xunit;

namespace StackNet.Engine.Tests.Walk.OpenFlow;

/// <summary>Every packet of the Open vSwitch oracle: outputs and fate are those of ofproto/trace.</summary>
public sealed class OvsOracleTests
{
    [Fact]
    public void EveryPacketGoesWhereTheSwitchSaysItGoes()
    {
        string? folder = Environment.GetEnvironmentVariable("STACKNET_OVS_CASES");
        string cases = folder ?? Path.Combine(TestData.Best("ovs-oracle"), "cases");
        int agree = 0;
        int allowed = 0;
        List<string> wrong = [];
        List<string> unknown = [];
        foreach (string path in Directory.EnumerateFiles(cases, "*.json").Order())
        {
            NodeFacts node = CaptureReader.Read(path, TestContext.Current.CancellationToken)[0];
            Assert.NotNull(node.Ovs);
            SwitchMachine machine = SwitchMachine.Compile(node.Ovs);
            using JsonDocument document = JsonDocument.Parse(File.ReadAllBytes(path));
            foreach (JsonElement packet in document.RootElement.GetProperty("packets").EnumerateArray())
            {
                string id = $"{Path.GetFileNameWithoutExtension(path)} {packet.GetProperty("id").GetString()}";
                bool mayBeUnknown = packet.GetProperty("expect_unknown_ok").GetBoolean();
                SwitchResult result = OvsCase.Run(machine, packet, trace: null);
                string expected = OvsCase.Expected(packet);
                string got = OvsCase.Got(packet, result);
                if (result.Unknown is not null)
                {
                    if (mayBeUnknown)
                        allowed++;
                    else
                        unknown.Add($"{id}: {result.Unknown}");
                }
                else if (expected == got)
                {
                    agree++;
                }
                else if (mayBeUnknown)
                {
                    // The tracer stopped at a hash or gave both branches; there is nothing to compare with.
                    allowed++;
                }
                else
                {
                    wrong.Add($"{id}: {packet.GetProperty("flow").GetString()}\n  expected {expected}\n  got      {got}");
                }
            }
        }
        TestContext.Current.TestOutputHelper?.WriteLine(
            $"agree {agree}, wrong {wrong.Count}, unknown {unknown.Count + allowed} (allowed {allowed})"
        );
        Assert.True(wrong.Count == 0 && unknown.Count == 0, string.Join('\n', [.. wrong, .. unknown]));
        Assert.True(agree > 300);
    }
}

/// <summary>One packet of a case, and both answers in one form.</summary>
internal static class OvsCase
{
    public static SwitchResult Run(SwitchMachine machine, JsonElement packet, StackNet.Engine.Walk.Netfilter.ITraceSink? trace)
    {
        string bridge = packet.GetProperty("bridge").GetString()!;
        TraceFlow flow = TraceFlowText.Parse(packet.GetProperty("flow").GetString()!, machine.Bridges[bridge]);
        Assert.Empty(flow.Unknown);
        Assert.NotNull(flow.InPort);
        uint[] states =
        [
            .. packet.GetProperty("ct_next").EnumerateArray().Select(state => TraceFlowText.ParseState(state.GetString()!)!.Value),
        ];
        SwitchOptions options = new() { CtNext = states, Metadata = flow.Metadata };
        return machine.Process(bridge, flow.InPort, flow.Packet, new SwitchState(), new AllUp(), trace, options);
    }

    public static string Expected(JsonElement packet)
    {
        List<string> copies = [];
        Dictionary<string, string> given = Given(packet);
        foreach (JsonElement copy in packet.GetProperty("outputs").EnumerateArray())
        {
            SortedDictionary<string, string> changed = new(StringComparer.Ordinal);
            foreach (JsonProperty change in copy.GetProperty("changed").EnumerateObject())
            {
                // The reader of traces knows the original of these only.
                if (change.Name is "ipv4.tos")
                    Tos(given, change.Value.GetString()!, changed);
                else if (change.Name.Split('.')[0] is "eth" or "ipv4" or "arp" or "tcp" or "udp")
                    Masked(given, change.Name, change.Value.GetString()!, changed);
            }
            copies.Add(
                Describe(
                    copy.GetProperty("bridge").GetString()!,
                    copy.GetProperty("port").GetString()!,
                    Number(copy.GetProperty("vlan")),
                    Number(copy.GetProperty("tun_id")),
                    copy.GetProperty("tunnel_remote").GetString(),
                    changed
                )
            );
        }
        return Fate(packet.GetProperty("fate").GetString()!, copies);
    }

    public static string Got(JsonElement packet, SwitchResult result)
    {
        Dictionary<string, string> given = Given(packet);
        List<string> copies = [];
        foreach (SwitchOutput output in result.Outputs)
        {
            Packet outer = output.Packet;
            Packet inner = outer.Tunnel?.Frame ?? outer;
            copies.Add(
                Describe(
                    output.Bridge,
                    output.Port,
                    (outer.OuterVlanId ?? inner.OuterVlanId) is { } vlan ? vlan : null,
                    (long?)output.TunnelId,
                    output.TunnelRemote?.ToString(),
                    Changes(given, inner)
                )
            );
        }
        bool localOnly = copies.Count > 0 && result.Outputs.All(output => output.OfPort == 65534);
        string fate =
            localOnly ? "local"
            : copies.Count > 0 ? "forwarded"
            : result.ToController ? "controller"
            : "dropped";
        return Fate(fate, copies);
    }

    private static Dictionary<string, string> Given(JsonElement packet)
    {
        Dictionary<string, string> given = [];
        foreach (string part in packet.GetProperty("flow").GetString()!.Split(','))
        {
            int equals = part.IndexOf('=');
            if (equals > 0)
                given[part[..equals]] = part[(equals + 1)..];
        }
        return given;
    }

    private static int GivenTos(Dictionary<string, string> given) =>
        int.Parse(given.GetValueOrDefault("nw_tos", "0")) | int.Parse(given.GetValueOrDefault("nw_ecn", "0"));

    // "10.9.0.0/255.255.0.0", "00:00:00:00:00:05/00:00:00:00:00:ff": the bits that were set.
    private static void Masked(Dictionary<string, string> given, string name, string text, SortedDictionary<string, string> changed)
    {
        int slash = text.IndexOf('/');
        if (slash < 0)
        {
            changed[name] = text;
            return;
        }
        (string value, string mask) = (text[..slash], text[(slash + 1)..]);
        if (Mac.TryParse(value, out Mac mac))
        {
            Mac before = Mac.Parse(given[name == "eth.src" ? "dl_src" : "dl_dst"]);
            Mac after = new((before.Value & ~Mac.Parse(mask).Value) | mac.Value);
            if (after != before)
                changed[name] = after.ToString();
        }
        else if (Ip.TryParse(value, out Ip ip))
        {
            Ip before = Ip.Parse(given[name == "ipv4.src" ? "nw_src" : "nw_dst"]);
            Ip after = Ip.V4((uint)(before.Value & ~Ip.Parse(mask).Value) | (uint)ip.Value);
            if (after != before)
                changed[name] = after.ToString();
        }
        else
        {
            changed[name] = text;
        }
    }

    // "0xb8/0xfc": the bits that were set.
    private static void Tos(Dictionary<string, string> given, string text, SortedDictionary<string, string> changed)
    {
        string[] parts = text.Split('/');
        int value = Convert.ToInt32(parts[0], parts[0].StartsWith("0x", StringComparison.Ordinal) ? 16 : 10);
        int mask = parts.Length > 1 ? Convert.ToInt32(parts[1], 16) : 0xff;
        int before = GivenTos(given);
        int after = (before & ~mask) | (value & mask);
        if (after != before)
            changed["ipv4.tos"] = $"0x{after:x}";
    }

    private static long? Number(JsonElement element) => element.ValueKind == JsonValueKind.Null ? null : element.GetInt64();

    private static string Fate(string fate, List<string> copies) => $"{fate}: {string.Join(" ; ", copies.Order(StringComparer.Ordinal))}";

    private static string Describe(
        string bridge,
        string port,
        long? vlan,
        long? tunnel,
        string? remote,
        SortedDictionary<string, string> changed
    ) =>
        string.Create(
            CultureInfo.InvariantCulture,
            $"{bridge}/{port} vlan={vlan} tun={tunnel} remote={remote} {string.Join(',', changed.Select(pair => $"{pair.Key}={pair.Value}"))}"
        );

    private static SortedDictionary<string, string> Changes(Dictionary<string, string> given, Packet packet)
    {
        SortedDictionary<string, string> changed = new(StringComparer.Ordinal);
        Compare("eth.src", "dl_src", packet.SourceMac.ToString());
        Compare("eth.dst", "dl_dst", packet.DestinationMac.ToString());
        if (packet.EtherType == EtherTypes.Arp)
        {
            Compare("arp.sip", "arp_spa", packet.ArpSenderIp.ToString());
            Compare("arp.tip", "arp_tpa", packet.ArpTargetIp.ToString());
            Compare("arp.op", "arp_op", packet.ArpOperation.ToString(CultureInfo.InvariantCulture));
            Compare("arp.sha", "arp_sha", packet.ArpSenderMac.ToString());
            Compare("arp.tha", "arp_tha", packet.ArpTargetMac.ToString(), "00:00:00:00:00:00");
            return changed;
        }
        if (packet.EtherType != EtherTypes.Ip4)
            return changed;
        Compare("ipv4.src", "nw_src", packet.Source.ToString());
        Compare("ipv4.dst", "nw_dst", packet.Destination.ToString());
        Compare("ipv4.ttl", "nw_ttl", packet.Ttl.ToString(CultureInfo.InvariantCulture));
        if (packet.Tos != GivenTos(given))
            changed["ipv4.tos"] = $"0x{packet.Tos:x}";
        string name = packet.Protocol == IpProtocols.Tcp ? "tcp" : "udp";
        Compare($"{name}.src", $"{name}_src", packet.SourcePort.ToString(CultureInfo.InvariantCulture));
        Compare($"{name}.dst", $"{name}_dst", packet.DestinationPort.ToString(CultureInfo.InvariantCulture));
        return changed;

        void Compare(string field, string key, string value, string? absent = null)
        {
            if (given.TryGetValue(key, out string? before) || (before = absent) is not null)
            {
                if (before != value)
                    changed[field] = value;
            }
        }
    }

    internal sealed class AllUp : ISwitchDevices
    {
        public LinkState StateOf(string bridge, string port) => LinkState.Up;

        public int? MtuOf(string bridge, string port) => null;
    }
}
