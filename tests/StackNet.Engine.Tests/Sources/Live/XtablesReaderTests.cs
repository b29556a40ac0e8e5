using StackNet.Engine.Facts;
using StackNet.Engine.Sources.Live;
using StackNet.Engine.Sources.Live.Netlink;
using StackNet.Engine.Sources.Live.Xtables;
using StackNet.Engine.Sources.Text;
using Xunit;

namespace StackNet.Engine.Tests.Sources.Live;

/// <summary>Rules read from nf_tables and printed by us are, word for word, what iptables-nft-save prints.</summary>
public sealed class XtablesReaderTests
{
    private const string Known = """
        ipset create s1 hash:net family inet; ipset create 's-2' hash:ip,port family inet; ipset create six hash:net family inet6
        iptables-nft -A FORWARD -s 10.0.0.0/25 ! -d 10.1.0.0/16 -i eth0 ! -o qr-+ -p tcp --dport 80 -j ACCEPT
        iptables-nft -A FORWARD -s 10.0.0.0/8 -p udp --sport 67 ! --dport 68:70 -j RETURN
        iptables-nft -A FORWARD -s 0.0.0.0/32 -d 255.255.255.255 -p udp -m udp --sport 68 --dport 67 -m comment --comment "Allow DHCP client traffic." -j RETURN
        iptables-nft -A FORWARD ! -p icmp -m comment --comment x_1-y -j DROP
        iptables-nft -A FORWARD -m comment --comment 'it is a "quote", a \ and a '"'"'tick'"'"' and $(x); `y`' -j DROP
        iptables-nft -A FORWARD -m physdev --physdev-out tap1 --physdev-is-bridged -j ACCEPT
        iptables-nft -A FORWARD -m physdev ! --physdev-in tap+ -j ACCEPT
        iptables-nft -A FORWARD -m state --state RELATED,ESTABLISHED -j ACCEPT
        iptables-nft -A FORWARD -m state ! --state INVALID -j ACCEPT
        iptables-nft -A FORWARD -m conntrack ! --ctstate DNAT,NEW,UNTRACKED -j ACCEPT
        iptables-nft -A FORWARD -p tcp -m set --match-set s1 src -m tcp --dport 22 -j ACCEPT
        iptables-nft -A FORWARD -m set ! --match-set s-2 dst,src -j ACCEPT
        iptables-nft -A FORWARD -m mac --mac-source FA:16:3E:00:11:22 -j RETURN
        iptables-nft -A FORWARD -m mac ! --mac-source fa:16:3e:00:11:22 -j RETURN
        iptables-nft -A FORWARD -m mark --mark 1 -j ACCEPT
        iptables-nft -A FORWARD -m mark ! --mark 0x4000000/0xffff0000 -j DROP
        iptables-nft -A FORWARD -m connmark ! --mark 0x0/0xffff0000 -j DROP
        iptables-nft -A FORWARD -p icmp --icmp-type 8 -j REJECT
        iptables-nft -A FORWARD -p icmp ! --icmp-type 3/4 -j REJECT --reject-with icmp-admin-prohibited
        iptables-nft -A FORWARD -p tcp -m multiport --dports 22,80:90,443 -j REJECT --reject-with tcp-reset
        iptables-nft -A FORWARD -p udp -m multiport ! --sports 1,2 -j DROP
        iptables-nft -A FORWARD -p tcp --syn --sport 1024: -j DROP
        iptables-nft -A FORWARD -p tcp ! --syn -j DROP
        iptables-nft -A FORWARD -p tcp --tcp-flags ALL NONE -j DROP
        iptables-nft -A FORWARD -p sctp -j DROP
        iptables-nft -A FORWARD -p 112 -j DROP
        iptables-nft -A FORWARD -p gre
        iptables-nft -N user.chain; iptables-nft -A FORWARD -j user.chain; iptables-nft -A FORWARD -g user.chain
        iptables-nft -A user.chain -m comment --comment "Perform source NAT on outgoing traffic." -j RETURN
        iptables-nft -P FORWARD DROP
        iptables-nft -t raw -A PREROUTING -m physdev --physdev-in tap1 -j CT --zone 4097
        iptables-nft -t raw -A PREROUTING -i eth9 -j CT --notrack
        iptables-nft -t mangle -A PREROUTING -d 169.254.169.254 -i qr-+ -p tcp --dport 80 -j MARK --set-xmark 0x1/0xffff
        iptables-nft -t mangle -A POSTROUTING -o qg-1 -m connmark --mark 0x0/0xffff0000 -j CONNMARK --save-mark --nfmask 0xffff0000 --ctmask 0xffff0000
        iptables-nft -t mangle -A PREROUTING -j CONNMARK --restore-mark --nfmask 0xffff0000 --ctmask 0xffff0000
        iptables-nft -t mangle -A PREROUTING -j CONNMARK --set-mark 7
        iptables-nft -t mangle -A POSTROUTING -p udp --dport 68 -j CHECKSUM --checksum-fill
        iptables-nft -t nat -A POSTROUTING -o qg -j SNAT --to-source 1.2.3.4 --random-fully
        iptables-nft -t nat -A POSTROUTING -p tcp -j SNAT --to-source 1.2.3.4-1.2.3.9:1000-2000 --persistent
        iptables-nft -t nat -A POSTROUTING ! -d 10.0.0.0/8 -j MASQUERADE
        iptables-nft -t nat -A POSTROUTING -p tcp -j MASQUERADE --to-ports 1000-2000 --random
        iptables-nft -t nat -A PREROUTING -d 203.0.113.148/32 -j DNAT --to-destination 10.10.1.125
        iptables-nft -t nat -A PREROUTING -p tcp -m tcp --dport 80 -j DNAT --to-destination 10.10.1.125:8080
        iptables-nft -t nat -A PREROUTING -p tcp -m tcp --dport 81 -j REDIRECT --to-ports 9697
        iptables-nft -t security -A OUTPUT -j ACCEPT
        ip6tables-nft -A FORWARD -s 2001:db8::/33 -d fe80::1/128 -p tcp --dport 80 -j ACCEPT
        ip6tables-nft -A FORWARD -p ipv6-icmp --icmpv6-type 134 -j DROP
        ip6tables-nft -A FORWARD -m set --match-set six src -j REJECT --reject-with icmp6-adm-prohibited
        ip6tables-nft -t nat -A PREROUTING -p tcp --dport 80 -j DNAT --to-destination [2001:db8::5]:8080
        """;

    [Fact]
    public void Rules_of_agents_are_printed_as_the_tool_prints_them()
    {
        string? missing = LiveNode.Missing("ip", "ipset", "iptables-nft", "ip6tables-nft");
        Assert.SkipWhen(missing is not null, missing ?? "");
        using LiveNode node = LiveNode.Start();
        node.Run(Known);
        (IptablesRuleset? v4, IptablesRuleset? v6, string? refused) = Read(node);
        Assert.Null(refused);
        Assert.NotNull(v4);
        Assert.NotNull(v6);
        Assert.Equal(Lines(IptablesSaveText.Parse(node.Run("iptables-nft-save -c"))), Lines(v4));
        Assert.Equal(Lines(IptablesSaveText.Parse(node.Run("ip6tables-nft-save -c"))), Lines(v6));
    }

    [Theory]
    [InlineData("iptables-nft -A FORWARD -m limit --limit 3/s -j ACCEPT")]
    [InlineData("iptables-nft -A FORWARD -m conntrack --ctstate NEW --ctproto 6 -j ACCEPT")]
    [InlineData("iptables-nft -A FORWARD -j LOG --log-prefix x")]
    [InlineData("iptables-nft -A FORWARD -p icmp --icmp-type any -j DROP")]
    [InlineData("iptables-nft -A FORWARD -f -j DROP")]
    [InlineData("iptables-nft -A FORWARD -s 10.0.0.5/255.0.0.255 -j DROP")]
    [InlineData("iptables-nft -A FORWARD -m addrtype --dst-type LOCAL -j DROP")]
    [InlineData("iptables-nft -t raw -A PREROUTING -j CT --zone-orig 5")]
    [InlineData("iptables-nft -A FORWARD -j ACCEPT; nft add rule ip filter FORWARD ip ttl 5 drop")]
    [InlineData("nft add table ip filter; nft add chain ip filter FORWARD '{ type filter hook forward priority 5; }'")]
    [InlineData("nft add table ip nat; nft add chain ip nat X '{ type nat hook postrouting priority 100; }'")]
    public void What_is_not_known_to_the_last_bit_is_left_to_the_tool(string command)
    {
        string? missing = LiveNode.Missing("ip", "nft", "iptables-nft");
        Assert.SkipWhen(missing is not null, missing ?? "");
        using LiveNode node = LiveNode.Start();
        node.Run(command);
        Assert.Null(Read(node).V4);
    }

    private static (IptablesRuleset? V4, IptablesRuleset? V6, string? Refused) Read(LiveNode node) =>
        DedicatedThread
            .Run(
                "test",
                () =>
                {
                    using NodeEntry entry = NodeEntry.Open(node.Pid);
                    entry.Enter();
                    using NetfilterProbe probe = new(
                        new NetlinkSocket(Libc.NetlinkNetfilter, TimeSpan.FromSeconds(5)),
                        TestContext.Current.CancellationToken
                    );
                    Dictionary<int, string> sets = probe.ReadSetNames().ToDictionary(s => s.Index, s => s.Name);
                    XtablesReader reader = new(probe.Channel, sets.GetValueOrDefault);
                    Assert.True(reader.TryLoad(probe.ReadTables()));
                    return (reader.Ruleset(v6: false), reader.Ruleset(v6: true), reader.Refused);
                }
            )
            .GetAwaiter()
            .GetResult();

    private static List<string> Lines(IptablesRuleset ruleset)
    {
        List<string> lines = [];
        foreach (IptablesTable table in ruleset.Tables)
        {
            lines.Add("*" + table.Name);
            lines.AddRange(table.Chains.Select(c => $":{c.Name} {c.Policy ?? "-"} [{c.Packets}:{c.Bytes}]"));
            lines.AddRange(table.Chains.SelectMany(c => c.Rules).Select(r => $"[{r.Packets}:{r.Bytes}] {r.Text}"));
        }
        return lines;
    }
}
