using System.Diagnostics;
using StackNet.Engine.Facts;
using StackNet.Engine.Walk;
using StackNet.Engine.Walk.OpenFlow;
using Xunit;

namespace StackNet.Engine.Tests.Walk.OpenFlow;

/// <summary>br-int of a node with a thousand ports, as the agent fills it.</summary>
public sealed class SwitchSpeedTests
{
    private const int Ports = 1000;

    [Fact]
    public void HybridBridge() => Measure("hybrid", Hybrid(), flowsAtLeast: 4 * Ports, limit: 400);

    [Fact]
    public void NativeFirewall() => Measure("native firewall", Native(), flowsAtLeast: 50 * Ports, limit: 800);

    private static void Measure(string name, List<string> flows, int flowsAtLeast, double limit)
    {
        Assert.True(flows.Count >= flowsAtLeast, $"{flows.Count}");
        Stopwatch watch = Stopwatch.StartNew();
        SwitchMachine machine = SwitchMachine.Compile(Node(flows));
        _ = machine.Bridges["br-int"].HasFlows;
        double compiled = watch.Elapsed.TotalMilliseconds;
        Packet packet = Guest(7, 8);
        OvsCase.AllUp up = new();
        for (int i = 0; i < 200; i++)
            machine.Process("br-int", "tap7", packet, new SwitchState(), up);
        SwitchResult result = machine.Process("br-int", "tap7", packet, new SwitchState(), up);
        Assert.Null(result.Unknown);
        Assert.Equal("tap8", Assert.Single(result.Outputs).Port);
        const int rounds = 2000;
        watch.Restart();
        for (int i = 0; i < rounds; i++)
            machine.Process("br-int", "tap7", packet, new SwitchState(), up);
        double each = watch.Elapsed.TotalMicroseconds / rounds;
        TestContext.Current.TestOutputHelper?.WriteLine(
            $"{name}: {flows.Count} flows compiled in {compiled:F0} ms, one frame {each:F1} us"
        );
        // A loaded build machine is many times slower than a quiet one; what must not happen is a cost that grows with the ports.
        Assert.True(each < limit, $"{each} us");
    }

    private static Packet Guest(int from, int to) =>
        new()
        {
            SourceMac = new Mac(0xfa163e000000 + (ulong)from),
            DestinationMac = new Mac(0xfa163e000000 + (ulong)to),
            Source = Address(from),
            Destination = Address(to),
            Protocol = IpProtocols.Icmp,
            IcmpType = 8,
            IcmpId = 77,
        };

    private static Ip Address(int number) => Ip.V4(0x0a000000 + (uint)number);

    private static OvsFacts Node(List<string> flows) =>
        new()
        {
            Bridges =
            [
                new OvsBridgeFacts
                {
                    Name = "br-int",
                    DatapathType = "netdev",
                    FailMode = "secure",
                    Flows = flows,
                    Groups = [],
                    Fdb = [.. Enumerable.Range(1, Ports).Select(n => new OvsFdbEntry(n, 1, new Mac(0xfa163e000000 + (ulong)n), 3))],
                    Ports =
                    [
                        .. Enumerable
                            .Range(1, Ports)
                            .Select(n => new OvsPortFacts
                            {
                                Name = $"tap{n}",
                                Tag = 1,
                                Interfaces = [new OvsInterfaceFacts { Name = $"tap{n}", OfPort = n }],
                            }),
                    ],
                },
            ],
        };

    private static List<string> Hybrid()
    {
        List<string> flows =
        [
            "table=0, priority=65535,dl_vlan=4095 actions=drop",
            "table=0, priority=0 actions=resubmit(,59)",
            "table=24, priority=0 actions=drop",
            "table=30, priority=0 actions=resubmit(,59)",
            "table=59, priority=0 actions=resubmit(,60)",
            "table=60, priority=3 actions=NORMAL",
        ];
        for (int n = 1; n <= Ports; n++)
        {
            flows.Add($"table=0, priority=10,arp,in_port={n} actions=resubmit(,24)");
            flows.Add($"table=0, priority=9,in_port={n} actions=resubmit(,25)");
            flows.Add($"table=24, priority=2,arp,in_port={n},arp_spa={Address(n)} actions=resubmit(,25)");
            flows.Add($"table=25, priority=2,in_port={n},dl_src={new Mac(0xfa163e000000 + (ulong)n)} actions=resubmit(,30)");
        }
        return flows;
    }

    private static List<string> Native()
    {
        List<string> flows =
        [
            "table=0, priority=0 actions=resubmit(,59)",
            "table=59, priority=0 actions=resubmit(,60)",
            "table=60, priority=3 actions=NORMAL",
            "table=71, priority=110,ct_state=+trk actions=ct_clear,resubmit(,71)",
            "table=72, priority=50,ct_state=+inv+trk actions=resubmit(,93)",
            "table=82, priority=50,ct_state=+inv+trk actions=resubmit(,93)",
            "table=91, priority=1 actions=resubmit(,94)",
            "table=93, priority=0 actions=drop",
            "table=94, priority=1 actions=NORMAL",
        ];
        for (int n = 1; n <= Ports; n++)
        {
            string mac = new Mac(0xfa163e000000 + (ulong)n).ToString();
            string reg = $"reg5=0x{n:x}";
            flows.Add($"table=60, priority=100,in_port={n} actions=set_field:0x{n:x}->reg5,set_field:0x1->reg6,resubmit(,71)");
            flows.Add($"table=71, priority=95,arp,{reg},in_port={n},dl_src={mac},arp_spa={Address(n)} actions=resubmit(,94)");
            flows.Add(
                $"table=71, priority=65,ip,{reg},in_port={n},dl_src={mac},nw_src={Address(n)} actions=ct(table=72,zone=NXM_NX_REG6[0..15])"
            );
            flows.Add($"table=71, priority=10,{reg},in_port={n} actions=ct_clear,resubmit(,93)");
            flows.Add($"table=72, priority=74,ct_state=+est-rel-rpl,ip,{reg} actions=resubmit(,73)");
            flows.Add($"table=72, priority=74,ct_state=+new-est,ip,{reg} actions=resubmit(,73)");
            flows.Add($"table=72, priority=50,ct_state=+est-rel+rpl,ct_zone=1,ct_mark=0,{reg} actions=resubmit(,94)");
            flows.Add($"table=72, priority=40,ct_state=-est,{reg} actions=resubmit(,93)");
            flows.Add($"table=73, priority=100,reg6=0x1,dl_dst={mac} actions=set_field:0x{n:x}->reg5,resubmit(,81)");
            flows.Add($"table=73, priority=90,ct_state=+new-est,ip,{reg} actions=ct(commit,zone=NXM_NX_REG6[0..15]),resubmit(,91)");
            flows.Add($"table=73, priority=80,{reg} actions=resubmit(,94)");
            flows.Add($"table=81, priority=100,arp,{reg} actions=output:{n}");
            flows.Add($"table=81, priority=90,ct_state=-trk,ip,{reg} actions=ct(table=82,zone=NXM_NX_REG6[0..15])");
            flows.Add($"table=81, priority=80,ct_state=+trk,{reg} actions=resubmit(,82)");
            flows.Add($"table=82, priority=40,ct_state=-est,{reg} actions=resubmit(,93)");
            flows.Add($"table=82, priority=50,ct_state=+est-rel+rpl,ct_zone=1,ct_mark=0,{reg} actions=output:{n}");
            flows.Add($"table=82, priority=75,ct_state=+est-rel-rpl,icmp,{reg} actions=output:{n}");
            flows.Add(
                $"table=82, priority=75,ct_state=+new-est,icmp,{reg} actions=ct(commit,zone=NXM_NX_REG6[0..15]),output:{n},resubmit(,92)"
            );
            for (int port = 0; port < 20; port++)
            {
                flows.Add($"table=82, priority=77,ct_state=+est-rel-rpl,tcp,{reg},tp_dst={1000 + port} actions=output:{n}");
                flows.Add(
                    $"table=82, priority=77,ct_state=+new-est,tcp,{reg},tp_dst={1000 + port} actions=ct(commit,zone=NXM_NX_REG6[0..15]),output:{n},resubmit(,92)"
                );
            }
        }
        return flows;
    }
}
