using StackNet.Engine.Facts;
using StackNet.Engine.Facts.Netfilter;
using StackNet.Engine.Walk;
using StackNet.Engine.Walk.Conntrack;
using StackNet.Engine.Walk.Netfilter;
using Xunit;

namespace StackNet.Engine.Tests.Walk.Netfilter;

/// <summary>Single matches and targets, from iptables-extensions(8), ipset(8) and the kernel's match functions.</summary>
public sealed class NetfilterMachineTests
{
    private static NetfilterResult Forward(string rules, Action<Packet>? change = null, bool legacyRead = true, string policy = "ACCEPT")
    {
        IptablesRule[] all =
        [
            .. rules.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(static text => new IptablesRule(text, null, null)),
        ];
        NamespaceFacts facts = new()
        {
            IptablesNft = new()
            {
                Tables =
                [
                    new(
                        "filter",
                        [
                            new()
                            {
                                Name = "FORWARD",
                                Policy = policy,
                                Rules = all,
                            },
                            new() { Name = "user" },
                        ]
                    ),
                ],
            },
            IptablesLegacy = legacyRead ? new() : null,
            Nft = new(),
            IpSets =
            [
                new()
                {
                    Name = "nets",
                    Type = "hash:net",
                    Family = "inet",
                    Elements = ["10.0.0.0/24", "10.0.0.6 nomatch"],
                },
            ],
            Addresses = [],
        };
        Packet packet = new()
        {
            Source = Ip.Parse("10.0.0.5"),
            Destination = Ip.Parse("8.8.8.8"),
            Protocol = IpProtocols.Tcp,
            SourcePort = 1000,
            DestinationPort = 80,
            TcpFlags = TcpFlags.Syn,
        };
        change?.Invoke(packet);
        NetfilterMachine machine = NetfilterMachine.Compile(facts);
        return machine.Run(
            packet,
            new()
            {
                Hook = NetfilterHook.Forward,
                Family = NetfilterFamily.Ip4,
                InDevice = new() { Name = "eth1" },
                OutDevice = new() { Name = "eth0" },
            },
            machine.NewTable()
        );
    }

    [Theory]
    [InlineData("-A FORWARD -p tcp -m tcp --dport 80 -j DROP", true)]
    [InlineData("-A FORWARD -p tcp -m tcp ! --dport 80 -j DROP", false)]
    [InlineData("-A FORWARD -p udp -j DROP", false)]
    [InlineData("-A FORWARD ! -p udp -j DROP", true)]
    [InlineData("-A FORWARD -s ! 10.0.0.0/24 -j DROP", false)]
    [InlineData("-A FORWARD -s 10.0.0.0/255.255.255.0 -i eth+ ! -o eth1 -j DROP", true)]
    [InlineData("-A FORWARD -m physdev --physdev-is-bridged -j DROP", false)]
    [InlineData("-A FORWARD -m physdev ! --physdev-is-bridged -j DROP", true)]
    [InlineData("-A FORWARD -m physdev --physdev-out eth0 -j DROP", false)]
    [InlineData("-A FORWARD -m set --match-set nets src -j DROP", true)]
    [InlineData("-A FORWARD -m set ! --match-set nets src -j DROP", false)]
    [InlineData("-A FORWARD -m owner --uid-owner 0 -j DROP", false)]
    [InlineData("-A FORWARD -m mark --mark 0x0/0xff -m comment --comment \"a -j b\" -j DROP", true)]
    public void A_match_holds_or_not(string rule, bool drops) =>
        Assert.Equal(drops ? NetfilterVerdict.Drop : NetfilterVerdict.Accept, Forward(rule).Verdict);

    [Fact]
    public void A_nomatch_element_is_not_in_the_set() =>
        Assert.Equal(
            NetfilterVerdict.Accept,
            Forward("-A FORWARD -m set --match-set nets src -j DROP", static packet => packet.Source = Ip.Parse("10.0.0.6")).Verdict
        );

    [Fact]
    public void Where_the_ports_of_a_later_fragment_would_be_the_nft_back_end_reads_payload() =>
        Assert.Equal(
            NetfilterVerdict.Unknown,
            Forward("-A FORWARD -p tcp -m tcp ! --dport 81 -j DROP", static packet => packet.FragmentOffset = 8).Verdict
        );

    [Fact]
    public void Chance_is_unknown_only_where_it_decides()
    {
        const string chance = "-A FORWARD -m statistic --mode random --probability 0.5 ";
        Assert.Equal(NetfilterVerdict.Unknown, Forward(chance + "-j DROP").Verdict);
        Assert.Equal(NetfilterVerdict.Drop, Forward(chance + "-j DROP\n-A FORWARD -j DROP").Verdict);
        Assert.Equal(NetfilterVerdict.Accept, Forward(chance + "-j LOG").Verdict);
        Assert.Equal(NetfilterVerdict.Unknown, Forward("-A FORWARD -m vendor --thing 1 -j DROP").Verdict);
        Assert.Equal("-A FORWARD -m vendor --thing 1 -j DROP", Forward("-A FORWARD -m vendor --thing 1 -j DROP").Unknown);
    }

    [Fact]
    public void An_unread_source_spoils_an_accept_but_not_a_drop()
    {
        Assert.Equal(NetfilterVerdict.Unknown, Forward("", legacyRead: false).Verdict);
        NetfilterResult drop = Forward("", legacyRead: false, policy: "DROP");
        Assert.Equal(NetfilterVerdict.Drop, drop.Verdict);
        Assert.Equal("policy DROP", drop.Rule!.Text);
    }

    [Fact]
    public void A_reply_is_translated_back()
    {
        ConntrackTable table = new();
        Packet packet = new()
        {
            Source = Ip.Parse("10.0.0.5"),
            Destination = Ip.Parse("8.8.8.8"),
            Protocol = IpProtocols.Udp,
            SourcePort = 1000,
            DestinationPort = 53,
        };
        table.Track(packet, new(new(7)));
        Assert.Equal(ConntrackInfo.New, packet.Conntrack.Info);
        table.SetupNat(packet.Conntrack.Entry!, NatRange.Of(Ip.Parse("198.51.100.2")), NatManip.Source);
        ConntrackTable.Translate(packet, NatManip.Source);
        Assert.Equal("198.51.100.2", packet.Source.ToString());
        Assert.True(table.Confirm(packet));
        Packet reply = new()
        {
            Source = packet.Destination,
            Destination = packet.Source,
            Protocol = IpProtocols.Udp,
            SourcePort = 53,
            DestinationPort = packet.SourcePort,
        };
        Packet elsewhere = reply.Clone();
        table.Track(elsewhere, new(new(8)));
        Assert.Equal(ConntrackInfo.New, elsewhere.Conntrack.Info);
        table.Track(reply, new(new(7)));
        Assert.Equal(ConntrackInfo.EstablishedReply, reply.Conntrack.Info);
        ConntrackTable.Translate(reply, NatManip.Destination);
        Assert.Equal("10.0.0.5", reply.Destination.ToString());
    }

    [Fact]
    public void A_spec_tells_what_neutron_asks()
    {
        IptablesRuleSpec spec = IptablesRuleParser.Parse(
            "-A sg -s 10.0.0.5/32 -p tcp -m tcp --dport 22 -m physdev --physdev-in tap1 --physdev-is-bridged -m set --match-set g src -m comment --comment \"say \\\"hi\\\"\" -j user"
        );
        Assert.Equal("22", spec.DestinationPorts);
        Assert.Equal("tap1", spec.PhysIn);
        Assert.Equal(("g", "src", false), Assert.Single(spec.SetMatches));
        Assert.Equal("say \"hi\"", spec.Comment);
        Assert.Equal("10.0.0.5/32", spec.Source!.Value.Prefix.ToString());
        Assert.False(spec.Target!.IsBuiltIn);
    }
}
