using StackNet.Engine.Facts;

namespace StackNet.Engine.Tests.Causes.Faults;

internal static partial class FaultRows
{
    /// <summary>Traffic control as <c>tc -j</c> prints it.</summary>
    private static NodeFacts Tc(this NodeFacts facts, string device, string kind, string direction, string? action, string text) =>
        facts.Namespace(
            "",
            n => n with { TrafficControl = [.. n.TrafficControl ?? [], new TrafficControlFacts(device, kind, direction, action, text)] }
        );

    private static IEnumerable<FaultRow> Traffic =>
        [
            .. On(
                Chained,
                f =>
                    new(
                        "blackhole-qdisc-on-qvb",
                        f,
                        "SN109",
                        s =>
                            s.Facts.Tc(
                                s.Qvb,
                                "blackhole",
                                "root",
                                null,
                                """{"kind":"blackhole","handle":"8002:","root":true,"options":{}}"""
                            )
                    )
                    {
                        Direction = PacketDirection.Out,
                        Device = s => s.Qvb,
                        Evidence = _ => "blackhole",
                    }
            ),
            .. On(
                Everywhere,
                f =>
                    new(
                        "netem-loses-all-on-tap",
                        f,
                        "SN109",
                        s =>
                            s.Facts.Tc(
                                s.Tap,
                                "netem",
                                "root",
                                null,
                                """{"kind":"netem","handle":"1:","root":true,"options":{"limit":1000,"loss-random":{"loss":1,"correlation":0},"ecn":false}}"""
                            )
                    )
                    {
                        Device = s => s.Tap,
                    }
            ),
            .. On(
                Everywhere,
                f =>
                    new(
                        "netem-loses-some-on-tap",
                        f,
                        null,
                        s =>
                            s.Facts.Tc(
                                s.Tap,
                                "netem",
                                "root",
                                null,
                                """{"kind":"netem","handle":"1:","root":true,"options":{"limit":1000,"loss-random":{"loss":0.3,"correlation":0}}}"""
                            )
                    )
                    {
                        Unknown = true,
                    }
            ),
            .. On(
                Everywhere,
                f =>
                    new("tc-filter-drops-icmp", f, "SN523", s => s.Facts.Tc(s.Tap, "u32", "ingress", "gact drop", IcmpWord))
                    {
                        Device = s => s.Tap,
                        Direction = PacketDirection.Out,
                    }
            ),
            .. On(
                Everywhere,
                f =>
                    new("tc-filter-drops-icmp-tcp-passes", f, null, s => s.Facts.Tc(s.Tap, "u32", "ingress", "gact drop", IcmpWord))
                    {
                        Question = Question.OutTcp,
                    }
            ),
        ];

    /// <summary>match ip protocol 1, as iproute2 6.1 prints it.</summary>
    private const string IcmpWord =
        """{"protocol":"ip","pref":49152,"kind":"u32","chain":0,"options":{"fh":"800::800","match":{"value":"10000","mask":"ff0000","offmask":"","off":8},"actions":[{"kind":"gact"}]}}""";
}
