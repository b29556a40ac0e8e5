using StackNet.Engine.Facts;
using StackNet.Engine.Sources.Text;
using StackNet.Engine.Walk;
using StackNet.Engine.Walk.Conntrack;
using StackNet.Engine.Walk.Netfilter;
using Xunit;

namespace StackNet.Engine.Tests.Walk.Netfilter;

/// <summary>ebtables as the linuxbridge agent, libvirt and site scripts write it.</summary>
public sealed class EbtablesTests
{
    private const string Agent = """
        *nat
        :PREROUTING ACCEPT
        :OUTPUT ACCEPT
        :POSTROUTING ACCEPT
        :neutronARP-tap1 DROP
        :neutronMAC-tap1 DROP
        -A PREROUTING -i tap1 -j neutronMAC-tap1
        -A PREROUTING -p ARP -i tap1 -j neutronARP-tap1
        -A neutronARP-tap1 -p ARP --arp-ip-src 10.0.0.5 -j ACCEPT
        -A neutronMAC-tap1 -i tap1 --among-src fa:16:3e:00:00:05,fa:16:3e:00:00:06=10.0.0.6 -j RETURN
        """;

    [Theory]
    [InlineData("tap1", "fa:16:3e:00:00:05", "10.0.0.5", null)]
    [InlineData("tap1", "fa:16:3e:00:00:05", "10.0.0.9", "policy DROP")]
    [InlineData("tap1", "fa:16:3e:00:00:07", "10.0.0.5", "policy DROP")]
    [InlineData("tap1", "fa:16:3e:00:00:06", "10.0.0.5", "policy DROP")]
    [InlineData("tap2", "fa:16:3e:00:00:99", "10.0.0.99", null)]
    public void Anti_spoofing_of_the_agent(string device, string mac, string address, string? rule)
    {
        NetfilterResult result = Run(Agent, NetfilterHook.Prerouting, device, Arp(mac, address));
        Assert.Equal(rule is null ? NetfilterVerdict.Accept : NetfilterVerdict.Drop, result.Verdict);
        Assert.Equal(rule, result.Rule?.Text);
    }

    [Fact]
    public void A_pair_of_among_compares_the_address_of_ip_packets_too()
    {
        Packet packet = Ip4("fa:16:3e:00:00:06", "10.0.0.6", "10.0.0.1");
        Assert.Equal(NetfilterVerdict.Accept, Run(Agent, NetfilterHook.Prerouting, "tap1", packet).Verdict);
        packet.Source = Ip.Parse("10.0.0.7");
        Assert.Equal(NetfilterVerdict.Drop, Run(Agent, NetfilterHook.Prerouting, "tap1", packet).Verdict);
    }

    [Theory]
    [InlineData("-p IPv4 --ip-src 10.0.0.0/24 --ip-proto tcp --ip-dport 22:23 -j DROP", "Accept")]
    [InlineData("-p IPv4 --ip-src 10.0.0.0/24 --ip-proto icmp -j DROP", "Drop")]
    [InlineData("-p IPv4 --ip-src ! 10.0.0.0/24 -j DROP", "Accept")]
    [InlineData("-p ! ARP -j DROP", "Drop")]
    [InlineData("-p IPv6 -j DROP", "Accept")]
    [InlineData("-s fa:16:3e:00:00:00/ff:ff:ff:00:00:00 -j DROP", "Drop")]
    [InlineData("-d Broadcast -j DROP", "Accept")]
    [InlineData("-d Multicast -j DROP", "Accept")]
    [InlineData("-i tap+ -j DROP", "Drop")]
    [InlineData("--logical-in br9 -j DROP", "Accept")]
    [InlineData("--logical-in br0 -j DROP", "Drop")]
    [InlineData("-p IPv4 -j CONTINUE", "Accept")]
    [InlineData("-j mark --mark-set 0x7 --mark-target ACCEPT", "Accept")]
    [InlineData("-p IPv4 --limit 1/sec --limit-burst 5 -j DROP", "Unknown")]
    [InlineData("-p 802_1Q --vlan-id 7 -j DROP", "Accept")]
    [InlineData("-j nosuchtarget", "Unknown")]
    public void Matches_and_targets(string rule, string verdict)
    {
        string text = $"*filter\n:INPUT ACCEPT\n:FORWARD ACCEPT\n:OUTPUT ACCEPT\n-A FORWARD {rule}\n";
        Assert.Equal(
            verdict,
            Run(text, NetfilterHook.Forward, "tap1", Ip4("fa:16:3e:00:00:05", "10.0.0.5", "10.0.0.1")).Verdict.ToString()
        );
    }

    [Fact]
    public void A_return_from_a_base_chain_takes_its_policy()
    {
        const string text = "*filter\n:INPUT ACCEPT\n:FORWARD DROP\n:OUTPUT ACCEPT\n-A FORWARD -p IPv4 -j RETURN\n";
        NetfilterResult result = Run(text, NetfilterHook.Forward, "tap1", Ip4("fa:16:3e:00:00:05", "10.0.0.5", "10.0.0.1"));
        Assert.Equal(NetfilterVerdict.Drop, result.Verdict);
        Assert.Equal("ebtables", result.Rule!.Family);
    }

    private static NetfilterResult Run(string text, NetfilterHook hook, string device, Packet packet)
    {
        NamespaceFacts facts = new() { Nft = new NftRuleset(), Ebtables = IptablesSaveText.Parse(text, isEbtables: true) };
        LinkFacts link = new() { Name = device, Master = "br0" };
        NetfilterContext context = new()
        {
            Hook = hook,
            Family = NetfilterFamily.Bridge,
            InDevice = link,
            OutDevice = hook == NetfilterHook.Forward ? new LinkFacts { Name = "eth0", Master = "br0" } : null,
            IsBridged = true,
        };
        NetfilterMachine machine = NetfilterMachine.Compile(facts);
        return machine.Run(packet, context, machine.NewTable());
    }

    private static Packet Arp(string mac, string address) =>
        new()
        {
            EtherType = EtherTypes.Arp,
            SourceMac = Mac.Parse(mac),
            DestinationMac = Mac.Broadcast,
            ArpOperation = 1,
            ArpSenderMac = Mac.Parse(mac),
            ArpSenderIp = Ip.Parse(address),
            ArpTargetIp = Ip.Parse("10.0.0.1"),
        };

    private static Packet Ip4(string mac, string from, string to) =>
        new()
        {
            SourceMac = Mac.Parse(mac),
            DestinationMac = Mac.Parse("fa:16:3e:00:00:01"),
            Source = Ip.Parse(from),
            Destination = Ip.Parse(to),
            Protocol = IpProtocols.Icmp,
            IcmpType = 8,
        };
}
