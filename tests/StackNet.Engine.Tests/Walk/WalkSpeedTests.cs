using System.Diagnostics;
using StackNet.Engine.Facts;
using StackNet.Engine.Sources.Capture;
using StackNet.Engine.Walk;
using Xunit;

namespace StackNet.Engine.Tests.Walk;

/// <summary>Many instances on one network of one node: ARP (which floods to all of them), out and back for each.</summary>
public sealed class WalkSpeedTests
{
    private sealed class Internet : IOutside
    {
        public OutsideAnswer GuestAnswers(string ns, string device, Packet request) =>
            _guests.TryGetValue(device, out ManyInstances.Guest? guest) && guest.Address == request.ArpTargetIp
                ? OutsideAnswer.From(guest.Mac)
                : OutsideAnswer.Silence;

        public OutsideAnswer WireAnswers(string ns, string device, Packet request) => OutsideAnswer.From(new Mac(0x020000000001));

        private readonly Dictionary<string, ManyInstances.Guest> _guests;

        public Internet(List<ManyInstances.Guest> guests) => _guests = guests.ToDictionary(g => g.Tap);
    }

    [Fact]
    public void Many_instances_go_out_and_back()
    {
        NodeFacts small = CaptureReader.Read(Path.Combine(TestData.Best("real-nodes"), "hybrid2-healthy"), CancellationToken.None)[0];
        (NodeFacts facts, List<ManyInstances.Guest> guests) = ManyInstances.Make(
            small,
            "b376e738-04",
            Mac.Parse("fa:16:3e:25:ea:96"),
            Ip.Parse("10.77.0.31"),
            150
        );
        Stopwatch clock = Stopwatch.StartNew();
        NodeMachine machine = NodeMachine.Compile(facts);
        Internet outside = new(guests);
        List<string> wrong = [];
        foreach (ManyInstances.Guest guest in guests)
        {
            if (GoesOutAndBack(machine, guest, new WalkState(outside) { UsesReadConnections = false }) is { } failure)
                wrong.Add($"{guest.Tap}: {failure}");
        }
        TestContext.Current.TestOutputHelper?.WriteLine($"compiled and walked in {clock.ElapsedMilliseconds} ms");
        Assert.True(wrong.Count == 0, string.Join('\n', wrong.Take(10)));
        // Measured well under a second in a warm release build; the limit leaves room for a loaded machine and a debug build.
        Assert.True(clock.Elapsed < TimeSpan.FromSeconds(15), $"{clock.ElapsedMilliseconds} ms");
    }

    private static string? GoesOutAndBack(NodeMachine machine, ManyInstances.Guest guest, WalkState state)
    {
        Ip gateway = Ip.Parse("10.77.0.1");
        Packet question = new()
        {
            EtherType = EtherTypes.Arp,
            SourceMac = guest.Mac,
            DestinationMac = Mac.Broadcast,
            ArpOperation = 1,
            ArpSenderMac = guest.Mac,
            ArpSenderIp = guest.Address,
            ArpTargetIp = gateway,
        };
        WalkOutcome arp = machine.Arrive("", guest.Tap, question, state, trace: false);
        if (arp.Outputs.Find(o => o.Device == guest.Tap && o.Packet.ArpOperation == 2) is not { } answer)
            return $"no answer for the gateway: {arp.Fate} {arp.Reason} {arp.Because} {arp.Unknown}";
        Packet echo = new()
        {
            SourceMac = guest.Mac,
            DestinationMac = answer.Packet.ArpSenderMac,
            Source = guest.Address,
            Destination = Ip.Parse("198.51.100.99"),
            Protocol = IpProtocols.Icmp,
            IcmpType = 8,
            IcmpId = 7,
        };
        WalkOutcome sent = machine.Arrive("", guest.Tap, echo, state, trace: false);
        if (sent.Outputs.Find(o => o.Kind == WalkOutputKind.Wire && o.Routed) is not { } left)
            return $"not out: {sent.Fate} {sent.Reason} {sent.Because} {sent.Rule} {sent.Unknown}";
        Packet reply = new()
        {
            SourceMac = left.Packet.DestinationMac,
            DestinationMac = left.Packet.SourceMac,
            Source = left.Packet.Destination,
            Destination = left.Packet.Source,
            Protocol = IpProtocols.Icmp,
            IcmpType = 0,
            IcmpId = left.Packet.IcmpId,
        };
        WalkOutcome back = machine.Arrive(left.Namespace, left.Device, reply, state, trace: false);
        return back.Outputs.Exists(o => o.Device == guest.Tap && o.Packet.Destination == guest.Address)
            ? null
            : $"not back: {back.Fate} {back.Reason} {back.Because} {back.Rule} {back.Unknown}";
    }
}
