using StackNet.Engine.Facts;
using StackNet.Engine.Tests.Causes.Faults;
using Xunit;

namespace StackNet.Engine.Tests.Causes;

public sealed partial class CatalogueTests
{
    /// <summary>The fault that a packet meets first, the one that it would meet next, and both at once.</summary>
    private static IEnumerable<(string Name, string Folder, string First, string Then, Func<Scene, NodeFacts> Change)> Pairs =>
        [
            ("tap down, no route", "hybrid-healthy", "SN103", "SN606", s => Default(s.Facts.Down("", s.Tap), s)),
            (
                "paused, tap down",
                "hybrid-healthy",
                "SN101",
                "SN103",
                s => s.Facts.Domain(s.Tap, d => d with { State = "paused" }).Down("", s.Tap)
            ),
            (
                "cable, forwarding",
                "hostnat2-healthy",
                "SN104",
                "SN601",
                s =>
                    s.Facts.Domain(s.Tap, d => d with { Interfaces = [.. d.Interfaces.Select(i => i with { LinkState = "down" })] })
                        .ForwardingOff("")
            ),
            ("qvb out of qbr, forwarding", "hybrid-healthy", "SN204", "SN601", s => s.Facts.Master(s.Qvb, null).ForwardingOff(s.Router)),
            (
                "tap out of br100, masquerade",
                "novanet-healthy",
                "SN105",
                "SN701",
                s => s.Facts.Master(s.Tap, null).NoRule("", "nat", "-j MASQUERADE")
            ),
            (
                "dead vlan, unreachable",
                "hybrid-healthy",
                "SN303",
                "SN609",
                s =>
                    s.Facts.SwitchPort(s.Qvo, p => p with { Tag = 4095 })
                        .Route(s.Router, new RouteFacts { Destination = new IpPrefix(s.Internet, 32), Type = "unreachable" })
            ),
            (
                "egress, forwarding",
                "legacy-healthy",
                "SN501",
                "SN601",
                s => s.Facts.NoRule("", "filter", $"-A {s.Chain('o')} -j RETURN").ForwardingOff(s.Router)
            ),
            (
                "forwarding, masquerade",
                "hostnat2-healthy",
                "SN601",
                "SN701",
                s => s.Facts.ForwardingOff("").NoRule("", "nat", "-j MASQUERADE")
            ),
            (
                "policy rule, translation",
                "hybrid-healthy",
                "SN608",
                "SN701",
                s =>
                    s.Facts.Rule(
                            s.Router,
                            new RuleFacts
                            {
                                Priority = 50,
                                From = s.Victim.Subnet,
                                Action = "prohibit",
                            }
                        )
                        .NoRule(s.Router, "nat", $"-o {s.Outside} -j SNAT")
            ),
            (
                "forward policy, uplink down",
                "hybrid-healthy",
                "SN512",
                "SN314",
                s => s.Facts.Policy(s.Router, "FORWARD", "DROP").Down("", "eth1")
            ),
            (
                "qr down, forward policy",
                "hybrid-healthy",
                "SN202",
                "SN512",
                s => s.Facts.Down(s.Router, s.Inside).Policy(s.Router, "FORWARD", "DROP")
            ),
        ];

    private static NodeFacts Default(NodeFacts facts, Scene s) => facts.Routes(s.Router, r => r.Where(x => x.Destination.Length > 0));

    [Fact]
    public void What_would_stop_the_packet_next_is_said_too()
    {
        List<string> wrong = [];
        foreach (var (name, folder, first, then, change) in Pairs)
        {
            Scene scene = Scene.Of(folder);
            ConnectivityResult result = scene.Ask(change(scene), Question.Out);
            string said = $"{name}: {result.CauseId} then {string.Join(" | ", result.WouldAlsoFailAt)}";
            output.WriteLine(said);
            if (result.CauseId != first || !result.WouldAlsoFailAt.Any(w => w.StartsWith(then, StringComparison.Ordinal)))
                wrong.Add($"{said}  <- expected {first} then {then}");
        }
        Assert.True(wrong.Count == 0, string.Join(Environment.NewLine, wrong));
    }
}
