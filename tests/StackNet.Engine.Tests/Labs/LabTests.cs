using System.Diagnostics;
using System.Net;
using StackNet.Engine.Causes;
using StackNet.Engine.Facts;
using StackNet.Engine.Labs;
using StackNet.Engine.Topology;
using Xunit;

namespace StackNet.Engine.Tests.Labs;

/// <summary>Making, using and removing labs. Needs root and Debian's packages; all in namespaces of the labs' own.</summary>
[Collection(LabCollection.Name)]
public sealed class LabTests
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(LabLayout.Hybrid)]
    [InlineData(LabLayout.HostNat)]
    public async Task PacketsGoTheWholeWay(LabLayout layout)
    {
        LabSkip.UnlessPossible();
        await using LabFixture lab = await LabFixture.CreateAsync(layout, 2);
        Assert.Equal(LabState.Running, lab.Lab.State);
        Assert.Equal(2, lab.Lab.Instance.Length);
        foreach (LabInstance instance in lab.Lab.Instance)
        {
            Assert.True((await lab.PingAsync(instance.Name, null)).Replied, "internet");
            Assert.True((await lab.PingAsync(instance.Name, lab.Lab.ExternalGateway)).Replied, "upstream");
            Assert.True((await lab.PingAsync(instance.Name, null, "Tcp", 80)).Replied, "tcp 80");
            Assert.True((await lab.PingAsync(instance.Name, null, "Tcp", 8443)).Replied, "tcp 8443");
            Assert.True((await lab.PingAsync(instance.Name, null, "Udp", 5000)).Replied, "udp 5000");
            Assert.True((await lab.PingAsync(instance.Name, null, "Icmp", null, 1400, true)).Replied, "1400 DF");
            Assert.False((await lab.PingAsync(instance.Name, null, "Icmp", null, 1600, true)).Replied, "1600 DF");
            Assert.True((await lab.PingAsync(instance.Name, null, "Icmp", null, 3000)).Replied, "3000 in fragments");
            Assert.False((await lab.PingAsync(instance.Name, IPAddress.Parse("192.0.2.9"))).Replied, "nobody");
        }
        string first = lab.Lab.Instance[0].Name;
        string last = lab.Lab.Instance[1].Name;
        Assert.True((await lab.PingAsync(first, lab.Lab.Instance[1].Address)).Replied, "a member of the group");
        Assert.True((await lab.PingAsync(last, lab.Lab.Instance[0].Address, "Tcp", 80)).Replied, "an open port");
        Assert.False((await lab.PingAsync(last, lab.Lab.Instance[0].Address, "Tcp", 22)).Replied, "a closed port");
        Assert.False((await lab.PingAsync(first, lab.Lab.Instance[1].Address, "Tcp", 80)).Replied, "a closed port");
        if (lab.Lab.Instance[0].FloatingAddress is { } floating)
        {
            Assert.True((await LabManager.PingFromAsync(lab.Name, LabPlan.Upstream, floating, "Icmp", Token)).Replied, "floating");
            Assert.True((await LabManager.PingFromAsync(lab.Name, LabPlan.Upstream, floating, "Tcp", Token)).Replied, "floating tcp");
        }
    }

    [Fact]
    public async Task SeveralAtOnceAndNothingIsLeft()
    {
        LabSkip.UnlessPossible();
        LabTraces before = LabTraces.Read();
        string[] names = [LabFixture.NewName(), LabFixture.NewName(), LabFixture.NewName()];
        try
        {
            await Task.WhenAll(
                names.Select(
                    (n, i) =>
                        LabManager.CreateAsync(
                            new LabOptions
                            {
                                Name = n,
                                Layout = (LabLayout)(i % 2),
                                InstanceCount = 1,
                            },
                            Token
                        )
                )
            );
            Assert.Equal(names.Order(), LabManager.Get("labtest-*").Select(l => l.Name).Where(names.Contains).Order());
            LabException twice = await Assert.ThrowsAsync<LabException>(() =>
                LabManager.CreateAsync(new LabOptions { Name = names[0] }, Token)
            );
            Assert.Equal(LabFailure.AlreadyExists, twice.Reason);
            Assert.True((await LabManager.PingAsync(names[0], "vm-1", null, "Icmp", null, 56, false, Token)).Replied);
        }
        finally
        {
            Assert.All(await Task.WhenAll(names.Select(n => LabManager.RemoveAsync(n, CancellationToken.None))), Assert.True);
        }
        Assert.False(await LabManager.RemoveAsync(names[0], Token));
        await LabTraces.AssertSameAsync(before, names);
    }

    [Fact]
    public async Task WhatADeadMakerLeftIsRemoved()
    {
        LabSkip.UnlessPossible();
        LabTraces before = LabTraces.Read();
        string name = LabFixture.NewName();
        using CancellationTokenSource stop = CancellationTokenSource.CreateLinkedTokenSource(Token);
        LabPlan plan = new(name, LabLayout.Hybrid, 2);
        // As far as a maker comes that is killed before it wrote down the node's first process, and further.
        LabStore.Claim(
            new LabRecord
            {
                Name = name,
                Layout = LabLayout.Hybrid,
                InstanceCount = 2,
            }
        );
        LabNode node = await new LabBuilder(plan, LabStore.Folder(name), stop.Token).StartAsync();
        await node.ScriptAsync("", stop.Token, "pump", plan.Instances[0].Tap, plan.Instances[0].Cable);
        Assert.Equal(LabState.Leftover, Assert.Single(LabManager.Get(name)).State);
        Assert.NotEmpty(LabScan.Marked(name));
        Assert.True(await LabManager.RemoveAsync(name, Token));
        await LabTraces.AssertSameAsync(before, [name]);
    }

    [Fact]
    public async Task ACancelledOneLeavesNothing()
    {
        LabSkip.UnlessPossible();
        LabTraces before = LabTraces.Read();
        string name = LabFixture.NewName();
        using CancellationTokenSource stop = new(TimeSpan.FromMilliseconds(350));
        await Assert.ThrowsAnyAsync<Exception>(() => LabManager.CreateAsync(new LabOptions { Name = name }, stop.Token));
        await LabTraces.AssertSameAsync(before, [name]);
    }

    [Fact]
    public async Task WithoutANameEachGetsAFreeOne()
    {
        LabSkip.UnlessPossible();
        Lab[] labs = await Task.WhenAll(
            Enumerable.Range(0, 2).Select(_ => LabManager.CreateAsync(new LabOptions { InstanceCount = 1 }, Token))
        );
        foreach (Lab lab in labs)
            Assert.True(await LabManager.RemoveAsync(lab.Name, Token));
        Assert.NotEqual(labs[0].Name, labs[1].Name);
    }

    [Theory]
    [InlineData(LabLayout.Hybrid)]
    [InlineData(LabLayout.HostNat)]
    public async Task ManyInstancesAreAllReachedAndJudged(LabLayout layout)
    {
        LabSkip.UnlessPossible();
        await using LabFixture lab = await LabFixture.CreateAsync(layout, 20);
        LabPing[] pings = await Task.WhenAll(lab.Lab.Instance.Select(i => lab.PingAsync(i.Name, null)));
        Assert.All(pings, p => Assert.True(p.Replied, p.Instance));
        ComputeNode node = ComputeNodes.Create(await LabManager.ReadAsync(lab.Name, Token), "lab", NodeSourceKind.Lab);
        EgressResult[] said =
        [
            .. EgressTest.Run(node, new EgressRequest { Destinations = [Ip.Parse(lab.Lab.InternetAddress!.ToString())] }, Token),
        ];
        Assert.Equal(20, said.Length);
        Assert.All(said, s => Assert.Equal(Verdict.Pass, s.Verdict));
    }

    [Fact]
    public void WhatIsMissingIsNamed()
    {
        Assert.Null(LabManager.Obstacle(isRoot: true, _ => true, hasTun: true, "x"));
        Assert.Equal(LabFailure.NotRoot, LabManager.Obstacle(isRoot: false, _ => true, hasTun: true, "x")!.Reason);
        LabException tun = LabManager.Obstacle(isRoot: true, _ => true, hasTun: false, "x")!;
        Assert.Equal(LabFailure.MissingPackage, tun.Reason);
        LabException packages = LabManager.Obstacle(isRoot: true, tool => !tool.StartsWith("ovs", StringComparison.Ordinal), true, "x")!;
        Assert.Equal(LabFailure.MissingPackage, packages.Reason);
        Assert.Equal(["openvswitch-switch"], packages.Missing);
        Assert.Contains("openvswitch-switch", packages.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("")]
    [InlineData("a b")]
    [InlineData("../x")]
    [InlineData("$(id)")]
    [InlineData("-n")]
    [InlineData("a\nb")]
    [InlineData("it's")]
    [InlineData("a;b")]
    [InlineData("\u001b[31m")]
    [InlineData("übung")]
    [InlineData("a/b")]
    [InlineData(".hidden")]
    public async Task BadNamesAreRefused(string name)
    {
        LabException error = await Assert.ThrowsAsync<LabException>(() => LabManager.CreateAsync(new LabOptions { Name = name }, Token));
        Assert.Equal(LabFailure.InvalidName, error.Reason);
    }

    [Fact]
    public async Task FaultsThatDoNotFitAreRefused()
    {
        LabException unknown = await Assert.ThrowsAsync<LabException>(() =>
            LabManager.CreateAsync(new LabOptions { Name = "labtest-x", Faults = ["nonsense"] }, Token)
        );
        Assert.Equal(LabFailure.InvalidArgument, unknown.Reason);
        LabException layout = await Assert.ThrowsAsync<LabException>(() =>
            LabManager.CreateAsync(new LabOptions { Name = "labtest-x", Faults = ["bridge-local-down"] }, Token)
        );
        Assert.Equal(LabFailure.InvalidArgument, layout.Reason);
    }

    [Fact]
    public void EnoughFaultsOfTheCatalogue()
    {
        Assert.True(LabManager.Faults.Count >= 24);
        Assert.Equal(LabManager.Faults.Count, LabManager.Faults.Select(f => f.Name).Distinct().Count());
        Assert.All(LabManager.Faults, f => Assert.Matches("^SN[0-9]{3}$", f.CauseId));
    }

    [Fact]
    public async Task MakingOneIsQuick()
    {
        LabSkip.UnlessPossible();
        Stopwatch watch = Stopwatch.StartNew();
        await using LabFixture lab = await LabFixture.CreateAsync(LabLayout.Hybrid, 2);
        TestContext.Current.TestOutputHelper?.WriteLine($"made in {watch.ElapsedMilliseconds} ms");
        Assert.True(watch.Elapsed < TimeSpan.FromSeconds(15), $"{watch.ElapsedMilliseconds} ms"); // 3 s on a machine that is not busy
    }
}
