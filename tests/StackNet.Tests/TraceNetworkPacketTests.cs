using System.Management.Automation;
using System.Text.Json;
using Xunit;

namespace StackNet.Tests;

/// <summary>Trace-NetworkPacket: any packet on any device, one after another.</summary>
[Collection(ModuleTests.Name)]
public sealed class TraceNetworkPacketTests : IDisposable
{
    private readonly ModuleFixture _module;
    private readonly string _folder = Directory.CreateTempSubdirectory("stacknet-cases").FullName;

    /// <summary>A router that hides 10.0.0.0/24 behind its outer address and lets nothing in that nobody asked for.</summary>
    private const string Rules = """
        *nat
        :PREROUTING ACCEPT [0:0]
        :INPUT ACCEPT [0:0]
        :OUTPUT ACCEPT [0:0]
        :POSTROUTING ACCEPT [0:0]
        [0:0] -A POSTROUTING -s 10.0.0.0/24 -o eth1 -j SNAT --to-source 192.0.2.1
        COMMIT
        *filter
        :INPUT ACCEPT [0:0]
        :FORWARD DROP [0:0]
        :OUTPUT ACCEPT [0:0]
        [0:0] -A FORWARD -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
        [0:0] -A FORWARD -i eth0 -p tcp -m tcp --dport 25 -j REJECT --reject-with icmp-port-unreachable
        [0:0] -A FORWARD -i eth0 -j ACCEPT
        COMMIT

        """;

    public TraceNetworkPacketTests(ModuleFixture module)
    {
        _module = module;
        File.WriteAllText(Path.Combine(_folder, "router-1.json"), Case("router-1"));
        File.WriteAllText(Path.Combine(_folder, "router-2.json"), Case("router-2"));
        _module.Invoke("$global:router = Get-ComputeNode -Path $path", ("path", Path.Combine(_folder, "router-1.json"))).Clean();
    }

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    private PacketTrace Trace(string arguments) =>
        Assert.Single(_module.Invoke("$router | Trace-NetworkPacket " + arguments).All<PacketTrace>());

    [Fact]
    public void A_packet_is_forwarded_and_translated()
    {
        PacketTrace trace = Trace(
            "-Device eth0 -SourceAddress 10.0.0.9 -DestinationAddress 198.51.100.7 -Protocol Udp -SourcePort 4000 -DestinationPort 53"
        );
        Assert.Equal(PacketFate.Forwarded, trace.Fate);
        Assert.Equal(("eth1", ""), (trace.OutputDevice, trace.OutputNamespace));
        Assert.Equal("192.0.2.1", trace.Packet!.SourceAddress!.ToString());
        Assert.Equal(63, trace.Packet.Ttl);
        Assert.Equal("02:00:00:00:01:fe", trace.Packet.DestinationMac);
        Assert.Equal("eth1", Assert.Single(trace.Outputs).Device);
        Assert.Equal("02:00:00:00:00:09", trace.Sent!.SourceMac);
        Assert.Equal("02:00:00:00:00:01", trace.Sent.DestinationMac);
    }

    [Fact]
    public void After_goes_on_with_all_that_was_left()
    {
        ScriptResult result = _module.Invoke(
            """
            $out = @{ Device = 'eth0'; SourceAddress = '10.0.0.9'; DestinationAddress = '198.51.100.7'; Protocol = 'Tcp'; SourcePort = 4000; DestinationPort = 443 }
            $back = @{ Device = 'eth1'; SourceAddress = '198.51.100.7'; DestinationAddress = '192.0.2.1'; Protocol = 'Tcp'; SourcePort = 443; DestinationPort = 4000 }
            $router | Trace-NetworkPacket @back -TcpFlags SA -After $null
            $syn = $router | Trace-NetworkPacket @out -TcpSequence 7
            $router | Trace-NetworkPacket @back -TcpFlags SA -TcpAcknowledgment 8 -After $syn
            $other = $router | Trace-NetworkPacket -Device eth0 -SourceAddress 10.0.0.9 -DestinationAddress 198.51.100.7 -After $syn
            $router | Trace-NetworkPacket @back -TcpFlags SA -TcpAcknowledgment 8 -After $other
            $inner = @{ SourceAddress = '192.0.2.1'; DestinationAddress = '198.51.100.7'; Protocol = 'Tcp'; SourcePort = 4000; DestinationPort = 443 }
            $router | Trace-NetworkPacket -Device eth1 -SourceAddress 192.0.2.254 -DestinationAddress 192.0.2.1 -Protocol Icmp -Inner $inner -After $other
            """
        );
        PacketTrace[] traces = [.. result.All<PacketTrace>()];
        Assert.Equal([PacketFate.Delivered, PacketFate.Forwarded, PacketFate.Forwarded, PacketFate.Forwarded], traces.Select(t => t.Fate));
        Assert.All(traces.Skip(1), t => Assert.Equal(("eth0", "10.0.0.9"), (t.OutputDevice, t.Packet!.DestinationAddress!.ToString())));
        Assert.Equal("10.0.0.9", traces[3].Packet!.Inner!.SourceAddress!.ToString());
    }

    [Fact]
    public void What_stops_a_packet_is_named()
    {
        PacketTrace policy = Trace("-Device eth1 -SourceAddress 198.51.100.7 -DestinationAddress 10.0.0.9");
        Assert.Equal((PacketFate.Dropped, PacketReason.RuleDrop), (policy.Fate, policy.Reason));
        Assert.Equal(("filter", "FORWARD"), (policy.Rule!.Table, policy.Rule.Chain));
        Assert.Null(policy.OutputDevice);
        Assert.True(policy.Steps[^1].Fatal);
        PacketTrace reject = Trace("-Device eth0 -SourceAddress 10.0.0.9 -DestinationAddress 198.51.100.7 -Protocol 6 -DestinationPort 25");
        Assert.Equal((PacketReason.RuleReject, 2), (reject.Reason, reject.Rule!.Number));
        Assert.Equal(("eth0", 3), (Assert.Single(reject.Answers).Device, reject.Answers[0].Packet.IcmpType));
        PacketTrace expired = Trace("-Device eth0 -SourceAddress 10.0.0.9 -DestinationAddress 198.51.100.7 -Ttl 1");
        Assert.Equal(PacketReason.TtlExpired, expired.Reason);
    }

    [Fact]
    public void The_node_sends_too()
    {
        PacketTrace trace = Trace("-Local -DestinationAddress 198.51.100.7");
        Assert.Equal((PacketFate.Forwarded, "eth1"), (trace.Fate, trace.OutputDevice));
        Assert.Equal("192.0.2.1", trace.Packet!.SourceAddress!.ToString());
        Assert.Null(trace.InputDevice);
        Assert.Equal(PacketFate.Delivered, Trace("-Local -DestinationAddress 10.0.0.1").Fate);
    }

    [Fact]
    public void Left_out_fields_may_be_given_empty()
    {
        PacketTrace trace = Trace(
            "-Device eth0 -Namespace '' -SourceAddress 10.0.0.9 -DestinationAddress 198.51.100.7 -SourcePort $null -TcpMss $null -SourceMac $null -IcmpType $null -Inner $null"
        );
        Assert.Equal((PacketFate.Forwarded, 8), (trace.Fate, trace.Sent!.IcmpType));
    }

    [Theory]
    [InlineData("-Device eth0 -SourceAddress 10.0.0.300 -DestinationAddress 10.0.0.1")]
    [InlineData("-Device eth0 -SourceAddress fd00::1 -DestinationAddress 10.0.0.1")]
    [InlineData("-Device eth0 -SourceMac 02:00 -DestinationAddress 10.0.0.1")]
    [InlineData("-Device eth0 -Protocol nonsense -DestinationAddress 10.0.0.1")]
    [InlineData("-Device eth0 -Protocol Tcp -TcpFlags SX -DestinationAddress 10.0.0.1")]
    [InlineData("-Device eth0 -DestinationAddress 10.0.0.1 -Inner @{ DestinationAddress = '10.0.0.1'; Colour = 'red' }")]
    [InlineData("-Device eth7 -DestinationAddress 10.0.0.1")]
    [InlineData("-Device eth0 -Namespace nowhere -DestinationAddress 10.0.0.1")]
    public void What_is_no_packet_is_an_error(string arguments)
    {
        ScriptResult result = _module.Invoke("$router | Trace-NetworkPacket " + arguments);
        Assert.Empty(result.Output);
        result.OnlyError("PacketInvalid", ErrorCategory.InvalidArgument);
    }

    [Fact]
    public void A_trace_of_another_node_is_refused()
    {
        ScriptResult result = _module.Invoke(
            "$other = Get-ComputeNode -Path $path | Trace-NetworkPacket -Device eth0 -DestinationAddress 10.0.0.1; $router | Trace-NetworkPacket -Device eth0 -DestinationAddress 10.0.0.1 -After $other",
            ("path", Path.Combine(_folder, "router-2.json"))
        );
        result.OnlyError("TraceOfOtherNode", ErrorCategory.InvalidArgument);
    }

    [Fact]
    public void Cases_are_read_by_file_folder_and_wildcard()
    {
        foreach (string path in new[] { _folder, Path.Combine(_folder, "router-*.json"), Path.Combine(_folder, "*") })
        {
            ComputeNode[] nodes = [.. _module.Invoke("Get-ComputeNode -Path $path", ("path", path)).All<ComputeNode>()];
            Assert.Equal(["router-1", "router-2"], nodes.Select(n => n.ComputerName).Order());
        }
    }

    [Theory]
    [InlineData("$router | Trace-NetworkPacket -Device e", "eth0")]
    [InlineData("Trace-NetworkPacket -Node $router -Protocol t", "Tcp")]
    public void Tab_completes(string line, string first) =>
        Assert.Contains(_module.Complete(line), m => m.CompletionText.StartsWith(first, StringComparison.Ordinal));

    [Fact]
    public void The_view_is_one_indented_line_a_step_and_the_fatal_one_is_last()
    {
        string text = _module.Render(
            """
            $syn = $router | Trace-NetworkPacket -Device eth0 -SourceAddress 10.0.0.9 -DestinationAddress 198.51.100.7 -Protocol Tcp
            $syn
            $router | Trace-NetworkPacket -Device eth0 -SourceAddress 10.0.0.9 -DestinationAddress 198.51.100.7 -Protocol Tcp -DestinationPort 25 -After $syn
            $router | Trace-NetworkPacket -Device eth0 -SourceAddress 10.0.0.9 -DestinationAddress 10.0.0.1
            """
        );
        Assert.All(text.Split('\n'), line => Assert.True(line.Length <= 120, line));
        Repository.AssertSnapshot(Path.Combine("Views", "PacketTrace.Kernel"), text);
    }

    private static string Case(string name)
    {
        Dictionary<string, string> node = new()
        {
            ["ip -d -j link"] = """
                [{"ifindex":1,"ifname":"lo","flags":["LOOPBACK","UP","LOWER_UP"],"mtu":65536,"operstate":"UNKNOWN","link_type":"loopback","address":"00:00:00:00:00:00"},
                 {"ifindex":2,"ifname":"eth0","flags":["BROADCAST","MULTICAST","UP","LOWER_UP"],"mtu":1500,"operstate":"UP","link_type":"ether","address":"02:00:00:00:00:01"},
                 {"ifindex":3,"ifname":"eth1","flags":["BROADCAST","MULTICAST","UP","LOWER_UP"],"mtu":1500,"operstate":"UP","link_type":"ether","address":"02:00:00:00:01:01"}]
                """,
            ["ip -j addr"] = """
                [{"ifindex":1,"ifname":"lo","addr_info":[{"family":"inet","local":"127.0.0.1","prefixlen":8,"scope":"host","label":"lo"}]},
                 {"ifindex":2,"ifname":"eth0","addr_info":[{"family":"inet","local":"10.0.0.1","prefixlen":24,"scope":"global","label":"eth0"}]},
                 {"ifindex":3,"ifname":"eth1","addr_info":[{"family":"inet","local":"192.0.2.1","prefixlen":24,"scope":"global","label":"eth1"}]}]
                """,
            ["ip -j route show table all"] = """
                [{"dst":"default","gateway":"192.0.2.254","dev":"eth1","flags":[]},
                 {"dst":"10.0.0.0/24","dev":"eth0","protocol":"kernel","scope":"link","prefsrc":"10.0.0.1","flags":[]},
                 {"dst":"192.0.2.0/24","dev":"eth1","protocol":"kernel","scope":"link","prefsrc":"192.0.2.1","flags":[]},
                 {"type":"local","dst":"10.0.0.1","dev":"eth0","table":"local","protocol":"kernel","scope":"host","prefsrc":"10.0.0.1","flags":[]},
                 {"type":"local","dst":"192.0.2.1","dev":"eth1","table":"local","protocol":"kernel","scope":"host","prefsrc":"192.0.2.1","flags":[]}]
                """,
            ["ip -j rule"] = """
                [{"priority":0,"src":"all","table":"local"},{"priority":32766,"src":"all","table":"main"},{"priority":32767,"src":"all","table":"default"}]
                """,
            ["ip -j neigh"] = """
                [{"dst":"10.0.0.9","dev":"eth0","lladdr":"02:00:00:00:00:09","state":["PERMANENT"]},
                 {"dst":"192.0.2.254","dev":"eth1","lladdr":"02:00:00:00:01:fe","state":["PERMANENT"]}]
                """,
            ["iptables-save -c"] = "",
            ["iptables-legacy-save -c"] = Rules,
            ["nft -j list ruleset"] = """{"nftables": [{"metainfo": {"version": "1.0.6", "json_schema_version": 1}}]}""",
            ["nft list ruleset"] = "",
            ["ipset save"] = "",
            ["conntrack -L -o extended"] = "",
            ["sysctl -a -r 'net'"] =
                "net.ipv4.ip_forward = 1\nnet.ipv4.conf.all.forwarding = 1\nnet.ipv4.conf.eth0.forwarding = 1\nnet.ipv4.conf.eth1.forwarding = 1\n"
                + "net.ipv4.conf.all.rp_filter = 0\nnet.ipv4.conf.eth0.rp_filter = 0\nnet.ipv4.conf.eth1.rp_filter = 0\nnet.ipv4.ip_default_ttl = 64\n"
                + "net.ipv4.conf.all.accept_local = 0\nnet.ipv4.conf.eth0.accept_local = 0\nnet.ipv4.conf.eth1.accept_local = 0\n"
                + "net.netfilter.nf_conntrack_tcp_loose = 1\nnet.netfilter.nf_conntrack_tcp_be_liberal = 0\nnet.netfilter.nf_conntrack_checksum = 1\n",
        };
        return JsonSerializer.Serialize(
            new
            {
                format = 1,
                name,
                node,
                packets = Array.Empty<object>(),
            }
        );
    }
}
