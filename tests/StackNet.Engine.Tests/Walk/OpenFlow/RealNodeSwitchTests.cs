using System.Text.Json;
using StackNet.Engine.Facts;
using StackNet.Engine.Sources.Capture;
using StackNet.Engine.Walk;
using StackNet.Engine.Walk.OpenFlow;
using Xunit;

namespace StackNet.Engine.Tests.Walk.OpenFlow;

/// <summary>Measured rows of captured nodes whose whole way lies inside of Open vSwitch: from tap to tap, and out of the uplink and back with OVN or a provider network.</summary>
public sealed class RealNodeSwitchTests
{
    [Fact]
    public void RowsInsideTheSwitchAgreeWithTheTruth()
    {
        int agree = 0;
        List<string> wrong = [];
        foreach (string folder in Directory.EnumerateDirectories(TestData.Best("real-nodes")).Order())
        {
            string name = Path.GetFileName(folder);
            bool ovn = name.StartsWith("ovn-", StringComparison.Ordinal);
            bool provider = name.StartsWith("provider-", StringComparison.Ordinal);
            bool native = name.StartsWith("ovsfw-", StringComparison.Ordinal);
            if (!ovn && !provider && !native)
                continue;
            // A guest that uses another address than its port's is not what the port describes.
            if (name.Contains("guest-", StringComparison.Ordinal))
                continue;
            using JsonDocument truth = JsonDocument.Parse(File.ReadAllBytes(Path.Combine(folder, "truth.json")));
            NodeMachine node = NodeMachine.Compile(CaptureReader.Read(folder, TestContext.Current.CancellationToken)[0]);
            foreach (JsonElement row in truth.RootElement.GetProperty("truth").EnumerateArray())
            {
                if (Row.Of(truth.RootElement, row, ovn) is not { } question || !question.IsInSwitch(node))
                    continue;
                (bool? works, string why) = question.Ask(node);
                if (works == row.GetProperty("works").GetBoolean())
                    agree++;
                else
                    wrong.Add(
                        $"{name}: {row.GetProperty("from")} > {row.GetProperty("to")} {row.GetProperty("kind")} works={row.GetProperty("works")}: {why}"
                    );
            }
        }
        TestContext.Current.TestOutputHelper?.WriteLine($"{agree} rows agree");
        Assert.True(wrong.Count == 0, string.Join('\n', wrong));
        Assert.True(agree > 20, $"{agree}");
    }

    /// <summary>A request and the ways in and out; null = the uplink.</summary>
    private sealed record Row(string? Tap, string? TargetTap, Packet Request, Ip? Gateway)
    {
        private const string Wire = "eth1";

        public static Row? Of(JsonElement truth, JsonElement row, bool ovn)
        {
            string kind = row.GetProperty("kind").GetString()!;
            if (kind.Contains("1400", StringComparison.Ordinal))
                return null;
            JsonElement instances = truth.GetProperty("instances");
            string from = row.GetProperty("from").GetString()!;
            Ip to = Ip.Parse(row.GetProperty("to").GetString()!);
            JsonElement? source = instances.TryGetProperty(from, out JsonElement found) ? found : null;
            JsonElement? target = null;
            bool floating = false;
            foreach (JsonProperty instance in instances.EnumerateObject())
            {
                bool byFip = instance.Value.GetProperty("fip").GetString() is { } fip && Ip.Parse(fip) == to;
                if (!byFip && Ip.Parse(instance.Value.GetProperty("ip").GetString()!) != to)
                    continue;
                target = instance.Value;
                floating = byFip;
            }
            // Only OVN routes inside of the switch.
            if (!ovn && (source is null || target is null || floating))
                return null;
            if (source is null && from != "outside")
                return null;
            Ip? gateway = null;
            if (target is null)
                gateway = FirstHost(source!.Value.GetProperty("ip").GetString()!);
            else if (floating)
                gateway = source is null ? to : FirstHost(source.Value.GetProperty("ip").GetString()!);
            Packet request = new()
            {
                SourceMac = source is null ? new Mac(0x02000000aa01) : Mac.Parse(source.Value.GetProperty("mac").GetString()!),
                DestinationMac = target is null ? default : Mac.Parse(target.Value.GetProperty("mac").GetString()!),
                Source = Ip.Parse(
                    source is null ? truth.GetProperty("external_gateway").GetString()! : source.Value.GetProperty("ip").GetString()!
                ),
                Destination = to,
                Protocol = kind == "icmp" ? IpProtocols.Icmp : IpProtocols.Tcp,
                IcmpType = 8,
                IcmpId = 4711,
                SourcePort = 40_000,
                DestinationPort = 80,
                TcpFlags = TcpFlags.Syn,
            };
            return new Row(source is null ? null : TapOf(source.Value), target is null ? null : TapOf(target.Value), request, gateway);
        }

        private static string TapOf(JsonElement instance) => "tap" + instance.GetProperty("id").GetString()![..11];

        private static Ip FirstHost(string address) => Ip.Parse(address[..address.LastIndexOf('.')] + ".1");

        /// <summary>Both taps are ports of br-int (with the hybrid plug they are not).</summary>
        public bool IsInSwitch(NodeMachine node) =>
            (Tap is null || node.Switch!.Bridges["br-int"].PortsByName.ContainsKey(Tap))
            && (TargetTap is null || node.Switch!.Bridges["br-int"].PortsByName.ContainsKey(TargetTap));

        public (bool? Works, string Why) Ask(NodeMachine node)
        {
            SwitchState state = new() { Conntrack = new SwitchConntrack() };
            if (Gateway is { } gateway)
            {
                if (Resolve(node, gateway, state) is not { } mac)
                    return (false, $"nobody answers for {gateway}");
                Request.DestinationMac = mac;
            }
            SwitchResult there = Send(node, Tap, Request, state);
            if (there.Unknown is not null)
                return (null, there.Unknown);
            // OVN's router answers by itself.
            if (
                TargetTap is null
                && there.Outputs.Any(output => output.Port == Tap && output.Packet is { IcmpType: 0, Protocol: IpProtocols.Icmp })
            )
                return (true, "");
            SwitchOutput? arrived = there.Outputs.FirstOrDefault(output => output.Port == (TargetTap ?? Wire));
            if (arrived is null)
                return (false, $"out: {there.Reason} {there.Rule}, controller {there.ToController}");
            Packet request = arrived.Packet;
            Packet answer = request.Clone();
            (answer.SourceMac, answer.DestinationMac) = (request.DestinationMac, request.SourceMac);
            (answer.Source, answer.Destination) = (request.Destination, request.Source);
            (answer.SourcePort, answer.DestinationPort) = (request.DestinationPort, request.SourcePort);
            answer.IcmpType = 0;
            answer.TcpFlags = TcpFlags.Syn | TcpFlags.Ack;
            // The upstream router knows no way to the instances' own network.
            if (TargetTap is null && request.Source == Request.Source)
                return (false, $"leaves with its own source {request.Source}");
            SwitchResult back = Send(node, TargetTap, answer, state);
            if (back.Unknown is not null)
                return (null, back.Unknown);
            return (back.Outputs.Any(output => output.Port == (Tap ?? Wire)), $"back: {back.Reason} {back.Rule}");
        }

        private Mac? Resolve(NodeMachine node, Ip address, SwitchState state)
        {
            Packet question = new()
            {
                SourceMac = Request.SourceMac,
                DestinationMac = Mac.Broadcast,
                EtherType = EtherTypes.Arp,
                ArpOperation = 1,
                ArpSenderMac = Request.SourceMac,
                ArpSenderIp = Request.Source,
                ArpTargetIp = address,
            };
            SwitchResult result = Send(node, Tap, question, state);
            SwitchOutput? answer = result.Outputs.FirstOrDefault(output => output.Port == (Tap ?? Wire) && output.Packet.ArpOperation == 2);
            return answer?.Packet.ArpSenderMac;
        }

        private static SwitchResult Send(NodeMachine node, string? tap, Packet packet, SwitchState state) =>
            node.Switch!.Process(tap is null ? "br-ex" : "br-int", tap ?? Wire, packet, state, node.SwitchDevices);
    }
}
