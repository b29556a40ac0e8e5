using System.Text.RegularExpressions;
using StackNet.Engine.Labs;
using Xunit;

namespace StackNet.Engine.Tests.Labs;

/// <summary>Every fault harms the flow that it says, and goes without a trace.</summary>
[Collection(LabCollection.Name)]
public sealed partial class LabFaultTests
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(LabLayout.Hybrid)]
    [InlineData(LabLayout.HostNat)]
    public async Task EachFaultBitesAndIsTakenBackExactly(LabLayout layout)
    {
        LabSkip.UnlessPossible();
        List<string> wrong = await LabCrew.RunAsync(layout, (lab, _) => DumpAsync(lab), TryAsync);
        Assert.True(wrong.Count == 0, string.Join('\n', wrong));
    }

    private static async Task TryAsync(LabFixture lab, LabFaultSpec fault, string before, List<string> wrong)
    {
        await LabManager.AddFaultAsync(lab.Name, fault.Name, Token);
        if (!LabManager.Get(lab.Name)[0].Fault.Contains(fault.Name))
            wrong.Add($"{fault.Name}: the lab does not tell that it has it");
        if (await WorksAsync(lab, fault.Sign))
            wrong.Add($"{fault.Name}: the flow that it should break works");
        await LabManager.RemoveFaultAsync(lab.Name, fault.Name, Token);
        string after = await DumpAsync(lab);
        // The kernel tells a carrier up to a second late (linkwatch), on a busy machine later still.
        for (int tries = 0; after != before && tries < 30; tries++)
        {
            await Task.Delay(300, Token);
            after = await DumpAsync(lab);
        }
        if (after != before)
            wrong.Add($"{fault.Name}: left {Difference(before, after)}");
        bool works = false;
        for (int tries = 0; !works && tries < 5; tries++)
            works = await WorksAsync(lab, fault.Sign);
        if (!works)
            wrong.Add($"{fault.Name}: the flow does not work again");
    }

    [Fact]
    public async Task AFaultIsThereOnce()
    {
        LabSkip.UnlessPossible();
        await using LabFixture lab = await LabFixture.CreateAsync(LabLayout.Hybrid, 1);
        await LabManager.AddFaultAsync(lab.Name, "tap-down", Token);
        LabException twice = await Assert.ThrowsAsync<LabException>(() => LabManager.AddFaultAsync(lab.Name, "tap-down", Token));
        Assert.Equal(LabFailure.FaultState, twice.Reason);
        LabException absent = await Assert.ThrowsAsync<LabException>(() => LabManager.RemoveFaultAsync(lab.Name, "qvo-down", Token));
        Assert.Equal(LabFailure.FaultState, absent.Reason);
        LabException alone = await Assert.ThrowsAsync<LabException>(() =>
            LabManager.AddFaultAsync(lab.Name, "group-member-missing", Token)
        );
        Assert.Equal(LabFailure.InvalidArgument, alone.Reason);
    }

    [Fact]
    public async Task AFaultThatFindsNothingToBreakIsNotThere()
    {
        LabSkip.UnlessPossible();
        await using LabFixture lab = await LabFixture.CreateAsync(LabLayout.Hybrid, 1);
        await LabManager.AddFaultAsync(lab.Name, "masquerade-missing", Token);
        LabException gone = await Assert.ThrowsAsync<LabException>(() => LabManager.AddFaultAsync(lab.Name, "snat-unowned-address", Token));
        Assert.Equal(LabFailure.Failed, gone.Reason);
        Assert.Equal(["masquerade-missing"], LabManager.Get(lab.Name)[0].Fault);
        await LabManager.RemoveFaultAsync(lab.Name, "masquerade-missing", Token);
        await LabManager.AddFaultAsync(lab.Name, "snat-unowned-address", Token);
        Assert.Equal(["snat-unowned-address"], LabManager.Get(lab.Name)[0].Fault);
    }

    private static async Task<bool> WorksAsync(LabFixture lab, LabFaultSign sign)
    {
        LabInstance first = lab.Lab.Instance[0];
        LabInstance last = lab.Lab.Instance[^1];
        LabPing ping = sign switch
        {
            LabFaultSign.Large => await lab.PingAsync(last.Name, null, "Icmp", null, 1380, true),
            LabFaultSign.Neighbour => await lab.PingAsync(first.Name, last.Address),
            LabFaultSign.Floating => await LabManager.PingFromAsync(lab.Name, LabPlan.Upstream, first.FloatingAddress!, "Tcp", Token),
            _ => await lab.PingAsync(last.Name, null),
        };
        return ping.Replied;
    }

    /// <summary>Everything that a fault may touch, without what changes by itself (counters, timers, rows' identities).</summary>
    private static async Task<string> DumpAsync(LabFixture lab)
    {
        LabNode node = new(new LabPlan(lab.Name, lab.Lab.Layout, lab.Lab.Instance.Length), lab.Lab.NodePid!.Value);
        List<Task<string>> parts = [];
        foreach (string ns in (string[])["", .. node.Plan.NamedNamespaces])
        {
            parts.Add(node.RunAsync(ns, "iptables-save", Token));
            parts.Add(node.RunAsync(ns, "nft", Token, "list", "tables"));
            parts.Add(node.RunAsync(ns, "ip", Token, "-d", "link"));
            parts.Add(node.RunAsync(ns, "ip", Token, "addr"));
            parts.Add(node.RunAsync(ns, "ip", Token, "route", "show", "table", "all"));
            parts.Add(node.RunAsync(ns, "ip", Token, "rule"));
            parts.Add(node.RunAsync(ns, "grep", Token, "-rs", "", "/proc/sys/net/ipv4/conf", "/proc/sys/net/ipv4/ip_forward"));
        }
        parts.Add(node.RunAsync("", "ipset", Token, "save"));
        parts.Add(node.RunAsync("", "ovs-vsctl", Token, "show"));
        parts.Add(node.RunAsync("", "ovs-vsctl", Token, "--columns=name,tag,other_config,trunks", "list", "Port"));
        parts.Add(node.RunAsync("", "ovs-vsctl", Token, "--columns=name,type,ofport,options,external_ids,error", "list", "Interface"));
        foreach (string bridge in LabSwitch.Bridges(node.Plan))
            parts.Add(FlowsAsync(node, bridge));
        string[] texts = await Task.WhenAll(parts);
        return Moving().Replace(string.Join("\n----\n", texts.Select(Sorted)), "");
    }

    private static async Task<string> FlowsAsync(LabNode node, string bridge) =>
        await node.RunAsync("", "ovs-ofctl", Token, "-O", "OpenFlow13", "--no-stats", "dump-flows", bridge);

    // Rows of OVSDB and flows come in no order of their own; a rule set does, and its lines are numbered before they are sorted.
    private static string Sorted(string text) =>
        text.Contains("*filter", StringComparison.Ordinal)
            ? text
            : string.Join(
                '\n',
                text.Trim() // else the row that happens to be the last one differs from itself by its line feed
                    .Split("\n\n")
                    .SelectMany(p =>
                        p.Contains("_uuid", StringComparison.Ordinal) || p.Contains("name ", StringComparison.Ordinal) ? [p] : p.Split('\n')
                    )
                    .Order(StringComparer.Ordinal)
            );

    private static string Difference(string before, string after)
    {
        HashSet<string> old = [.. before.Split('\n')];
        HashSet<string> now = [.. after.Split('\n')];
        return string.Join(" | ", old.Except(now).Select(l => "-" + l).Concat(now.Except(old).Select(l => "+" + l)).Take(12));
    }

    [GeneratedRegex(
        @"# (Generated|Completed).*|\[\d+:\d+\]|_timer +[0-9.]+|hello_timer.*?gc_timer +[0-9.]+|topology_change(_detected|_ack)? \d"
    )]
    private static partial Regex Moving();
}
