using System.Text.Json;
using StackNet.Engine.Facts;
using StackNet.Engine.Sources.Capture;
using StackNet.Engine.Walk;
using StackNet.Oracle.Comparing;
using Xunit;

namespace StackNet.Engine.Tests.Walk;

/// <summary>Redaction changes names and addresses and nothing else: a redacted packet meets on the redacted node what the original met.</summary>
public sealed class RedactedOracleTests
{
    [Fact]
    public void A_redacted_node_does_with_a_redacted_packet_what_the_node_did()
    {
        List<string> wrong = [];
        int packets = 0;
        string folder = Path.Combine(TestData.Best("kernel-oracle"), "cases");
        foreach (string path in Directory.EnumerateFiles(folder, "*.json").Order(StringComparer.Ordinal))
        {
            KernelCase kernelCase = KernelCase.Read(path);
            NodeMachine plain = NodeMachine.Compile(kernelCase.Node);
            NodeMachine redacted = NodeMachine.Compile(Redactor.Redact(kernelCase.Node, out Func<Ip, Ip> ip, out Func<Mac, Mac> mac));
            WalkState plainState = new();
            WalkState redactedState = new();
            foreach (JsonElement sent in kernelCase.Packets)
            {
                packets++;
                string device = sent.GetProperty("in").GetProperty("device").GetString()!;
                WalkOutcome one = plain.Arrive("", device, KernelCase.PacketOf(sent), plainState, trace: false);
                WalkOutcome two = redacted.Arrive("", device, Redacted(KernelCase.PacketOf(sent), ip, mac), redactedState, trace: false);
                string expected = Print(one, p => Redacted(p, ip, mac));
                string actual = Print(two, p => p);
                if (expected != actual)
                    wrong.Add($"{kernelCase.Name} {sent.GetProperty("id")}: {actual}, not redacted: {expected}");
            }
        }
        Assert.True(packets > 0);
        Assert.True(wrong.Count == 0, $"{wrong.Count} of {packets}\n" + string.Join('\n', wrong));
    }

    private static Packet Redacted(Packet packet, Func<Ip, Ip> ip, Func<Mac, Mac> mac)
    {
        Packet copy = packet.Clone();
        copy.Source = ip(packet.Source);
        copy.Destination = ip(packet.Destination);
        copy.SourceMac = mac(packet.SourceMac);
        copy.DestinationMac = mac(packet.DestinationMac);
        if (packet.Inner is not null)
            copy.Inner = Redacted(packet.Inner, ip, mac);
        return copy;
    }

    private static string Print(WalkOutcome outcome, Func<Packet, Packet> map) =>
        $"{outcome.Fate} {outcome.Reason} {outcome.Device} {outcome.Rule?.Table} {outcome.Rule?.Chain} "
        + string.Join(", ", outcome.Outputs.Select(o => $"{o.Kind} {o.Device} {Header(map(o.Packet))}").Order(StringComparer.Ordinal));

    private static string Header(Packet p) =>
        $"{p.SourceMac}>{p.DestinationMac} {p.Source}>{p.Destination} {p.SourcePort}>{p.DestinationPort} {p.Ttl} {p.Mark}";
}
