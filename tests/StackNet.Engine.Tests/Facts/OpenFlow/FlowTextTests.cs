using StackNet.Engine.Facts;
using StackNet.Engine.Facts.OpenFlow;
using Xunit;

namespace StackNet.Engine.Tests.Facts.OpenFlow;

public sealed class FlowTextTests
{
    [Fact]
    public void TakesALineApart()
    {
        Flow flow = FlowText.Parse(
            " cookie=0xd5, duration=49.2s, table=71, n_packets=12, n_bytes=0, idle_age=3, reset_counts priority=110,ct_state=+trk,ip,in_port=6,dl_vlan=5 actions=ct_clear,resubmit(,71)"
        );
        Assert.False(flow.Broken);
        Assert.Equal(71, flow.Table);
        Assert.Equal(110, flow.Priority);
        Assert.Equal(0xd5u, flow.Cookie);
        Assert.Equal(12, flow.Packets);
        Assert.Empty(flow.Match.Unknown);
        Assert.True(flow.Match.TryGet(FlowFields.InPort, out UInt128 port, out _));
        Assert.Equal((UInt128)6, port);
        Assert.Collection(
            flow.Actions,
            action => Assert.IsType<CtClearAction>(action),
            action => Assert.Equal((byte?)71, Assert.IsType<ResubmitAction>(action).Table)
        );
    }

    [Fact]
    public void PriorityThatIsNotPrintedIsTheDefault() => Assert.Equal(32768, FlowText.Parse(" table=0, ip actions=drop").Priority);

    [Theory]
    [InlineData("nw_src=10.0.0.0/8", "ip_src=10.0.0.0/255.0.0.0")]
    [InlineData("dl_dst=01:00:00:00:00:00/01:00:00:00:00:00", "eth_dst=01:00:00:00:00:00/01:00:00:00:00:00")]
    [InlineData("dl_vlan=5", "vlan_tci=0x1005/0x1fff")]
    [InlineData("dl_vlan=0xffff", "vlan_tci=0")]
    [InlineData("vlan_vid=0x1005", "vlan_tci=0x1005/0x1fff")]
    [InlineData("dl_vlan_pcp=3", "vlan_tci=0x7000/0xf000")]
    [InlineData("vlan_pcp=3", "vlan_tci=0x7000/0xf000")]
    [InlineData("tcp_flags=+syn-ack", "tcp_flags=0x2/0x12")]
    [InlineData("ct_state=+new-est+trk", "ct_state=0x21/0x23")]
    [InlineData("ct_state=est|trk", "ct_state=0x22")]
    [InlineData("ip_frag=not_later", "nw_frag=0/2")]
    [InlineData("ip_frag=later", "nw_frag=3/3")]
    [InlineData("tcp,tcp_dst=80", "dl_type=0x800,nw_proto=6,tp_dst=80")]
    [InlineData("icmp6,icmp_type=135", "eth_type=0x86dd,ip_proto=58,icmpv6_type=135")]
    [InlineData("arp,arp_op=1", "dl_type=0x0806,nw_proto=1")]
    [InlineData("xreg1=0x0000000500000006", "reg2=5,reg3=6")]
    [InlineData("xxreg0=0x1", "reg0=0,reg1=0,reg2=0,reg3=1")]
    [InlineData("reg0[0..7]=1", "reg0=1/0xff")]
    [InlineData("ipv6_src=2001:db8::/32", "ipv6_src=2001:db8::/ffff:ffff::")]
    [InlineData("tun_id=0x5", "tunnel_id=5")]
    [InlineData("in_port=LOCAL", "in_port=65534")]
    [InlineData("in_port=\"eth 0\"", "in_port=7")]
    [InlineData("in_port=tap1", "in_port=8")]
    public void SpellingsOfOneMatchAreEqual(string one, string other)
    {
        Dictionary<string, int> ports = new() { ["eth 0"] = 7, ["tap1"] = 8 };
        FlowMatch first = FlowMatchText.Parse(FlowSyntax.Split(one), ports);
        FlowMatch second = FlowMatchText.Parse(FlowSyntax.Split(other), ports);
        Assert.Empty(first.Unknown);
        Assert.Empty(second.Unknown);
        Assert.Equal(second.Words.AsSpan().ToArray(), first.Words.AsSpan().ToArray());
    }

    [Fact]
    public void WhatIsNotUnderstoodKeepsItsText()
    {
        Flow flow = FlowText.Parse(" table=0, priority=5,ip,future_field=3/4 actions=output:1,teleport(mars),output:2");
        Assert.Equal(["future_field=3/4"], flow.Match.Unknown);
        Assert.Equal("teleport(mars)", Assert.IsType<UnknownAction>(flow.Actions[1]).Text);
    }

    [Fact]
    public void ConnectionTrackingActions()
    {
        CtAction ct = Assert.IsType<CtAction>(
            FlowText
                .Parse(
                    "actions=ct(commit,force,table=7,zone=NXM_NX_REG6[0..15],nat(src=10.0.0.1-10.0.0.9:100-200,random),exec(load:0x1->NXM_NX_CT_MARK[],set_field:0x2/0xf->ct_label),alg=ftp)"
                )
                .Actions[0]
        );
        Assert.True(ct.Commit);
        Assert.True(ct.Force);
        Assert.Equal((byte?)7, ct.Table);
        Assert.Equal(16, ct.ZoneSource!.Value.Bits);
        Assert.Equal("ftp", ct.Helper);
        Assert.Equal(2, ct.Execute.Length);
        NatAction nat = ct.Nat!;
        Assert.True(nat.Source);
        Assert.Equal(Ip.Parse("10.0.0.9"), nat.Last);
        Assert.Equal(200, nat.LastPort);
        NatAction six = Assert.IsType<CtAction>(FlowText.Parse("actions=ct(commit,nat(dst=[fe80::1]:80))").Actions[0]).Nat!;
        Assert.Equal(Ip.Parse("fe80::1"), six.First);
        Assert.Equal(80, six.FirstPort);
    }

    [Fact]
    public void LearnedFlowsOfTheAgent()
    {
        LearnAction learn = Assert.IsType<LearnAction>(
            FlowText
                .Parse(
                    "actions=learn(table=20,hard_timeout=300,priority=1,cookie=0x77,NXM_OF_VLAN_TCI[0..11],NXM_OF_ETH_DST[]=NXM_OF_ETH_SRC[],load:0->NXM_OF_VLAN_TCI[],load:NXM_NX_TUN_ID[]->NXM_NX_TUN_ID[],output:OXM_OF_IN_PORT[]),output:1"
                )
                .Actions[0]
        );
        Assert.Empty(learn.Unknown);
        Assert.Equal(20, learn.Table);
        Assert.Equal(5, learn.Specs.Length);
        Assert.Equal(LearnKind.Output, learn.Specs[4].Kind);
    }

    [Fact]
    public void GroupsOfEveryVersion()
    {
        FlowGroup newer = GroupText.Parse(
            " group_id=3,type=ff,bucket=bucket_id:0,watch_port:2,actions=output:2,bucket=bucket_id:1,watch_group:4,actions=mod_nw_dst:192.0.2.77,output:3"
        )!;
        Assert.Equal("ff", newer.Type);
        Assert.Equal((ushort?)2, newer.Buckets[0].WatchPort);
        Assert.Equal((uint?)4, newer.Buckets[1].WatchGroup);
        Assert.Equal(2, newer.Buckets[1].Actions.Length);
        FlowGroup older = GroupText.Parse("group_id=1234,type=all,bucket=output:10,bucket=weight:4,output:11,output:12")!;
        Assert.Equal(2, older.Buckets.Length);
        Assert.Equal(4, older.Buckets[1].Weight);
        Assert.Equal(2, older.Buckets[1].Actions.Length);
        FlowGroup select = GroupText.Parse(
            "group_id=5,type=select,selection_method=hash,fields(ip_src,nw_proto),bucket=bucket_id:0,actions=ct(commit,table=5,nat(dst=1.2.3.4))"
        )!;
        Assert.Equal("hash", select.SelectionMethod);
        Assert.IsType<CtAction>(select.Buckets[0].Actions[0]);
    }

    [Fact]
    public void HostileTextNeverThrows()
    {
        string[] seeds =
        [
            " cookie=0x0, duration=0.017s, table=0, n_packets=0, n_bytes=0, priority=60,tcp,tp_dst=0x400/0xfc00,ct_state=+new-est actions=move:NXM_OF_TCP_DST[0..7]->NXM_NX_REG1[8..15],resubmit(,2)",
            " table=1, priority=10,ip,in_port=\"a,b\",nw_src=10.0.0.0/8 actions=ct(commit,zone=NXM_NX_REG6[0..15],nat(src=[fe80::1]-[fe80::9]:1-2),exec(load:0x1->NXM_NX_CT_MARK[])),output:NXM_NX_REG0[]",
            " table=1, actions=learn(table=20,NXM_OF_ETH_DST[]=NXM_OF_ETH_SRC[],load:0->NXM_OF_VLAN_TCI[],output:OXM_OF_IN_PORT[]),write_actions(set_field:4101->vlan_vid,group:1),bundle_load(eth_src,0,hrw,ofport,NXM_NX_REG0[],members:1,2)",
            " group_id=3,type=ff,bucket=bucket_id:0,watch_port:2,actions=output:2,bucket=bucket_id:1,watch_port:3,actions=conjunction(1,2/3),clone(output:3)",
            " table=3, packet_type=(1,0x800),ipv6_label=0x12345,tun_metadata0=0x1/0xff actions=check_pkt_larger(1500)->NXM_NX_REG0[0],multipath(symmetric_l4,1024,hrw,4,0,NXM_NX_REG0[0..1]),encap(nsh)",
        ];
        Random random = new(20240611);
        const string letters = "()[]{},:=->/.0x1f\" '|+-%\\\0\u00e9abcNXM_";
        for (int round = 0; round < 60_000; round++)
        {
            char[] text = seeds[random.Next(seeds.Length)].ToCharArray();
            int changes = random.Next(1, 8);
            for (int i = 0; i < changes; i++)
                text[random.Next(text.Length)] = letters[random.Next(letters.Length)];
            string line = new(text, 0, random.Next(text.Length + 1));
            _ = FlowText.Parse(line);
            _ = GroupText.Parse(line);
        }
        _ = FlowText.Parse("actions=" + string.Concat(Enumerable.Repeat("clone(", 100_000)));
        _ = FlowText.Parse("actions=" + new string('(', 100_000) + new string(')', 100_000));
        _ = FlowText.Parse(new string(',', 1_000_000) + " actions=" + new string('[', 1_000_000));
    }
}
