using System.Net.Sockets;
using StackNet.Engine.Facts;
using StackNet.Engine.Sources.Live;
using StackNet.Engine.Sources.Text;
using Xunit;

namespace StackNet.Engine.Tests.Sources.Live;

/// <summary>Open vSwitch with the userspace datapath, private to a test's node; and daemons that do not answer.</summary>
public sealed class LiveOvsTests
{
    private const string Start = """
        mkdir -p /run/openvswitch /var/lib/openvswitch /var/log/openvswitch
        ovsdb-tool create /var/lib/openvswitch/conf.db /usr/share/openvswitch/vswitch.ovsschema
        ovsdb-server /var/lib/openvswitch/conf.db --remote=punix:/run/openvswitch/db.sock --remote=db:Open_vSwitch,Open_vSwitch,manager_options \
            --pidfile=/run/openvswitch/ovsdb-server.pid --detach --no-chdir --log-file=/var/log/openvswitch/s.log 2>/dev/null
        ovs-vsctl --no-wait init
        ovs-vswitchd unix:/run/openvswitch/db.sock --pidfile=/run/openvswitch/ovs-vswitchd.pid --detach --no-chdir \
            --log-file=/var/log/openvswitch/v.log 2>/dev/null
        """;

    private const string Bridges = """
        ovs-vsctl add-br br-int -- set bridge br-int datapath_type=netdev fail_mode=secure protocols=OpenFlow10,OpenFlow13,OpenFlow14 \
            -- add-br br-ex -- set bridge br-ex datapath_type=netdev
        ip link add qvb1 type veth peer name qvo1
        ovs-vsctl add-port br-int qvo1 tag=3 -- set Interface qvo1 external_ids:iface-id=11111111-aaaa external_ids:attached-mac=fa:16:3e:00:00:01 \
            -- add-port br-int int-br-ex -- set Interface int-br-ex type=patch options:peer=phy-br-ex \
            -- add-port br-ex phy-br-ex -- set Interface phy-br-ex type=patch options:peer=int-br-ex \
            -- add-port br-int gone0
        ip link set qvb1 up; ip link set qvo1 up; ip link set br-ex up
        ovs-ofctl -O OpenFlow13 add-group br-int group_id=7,type=all,bucket=output:1
        ovs-ofctl -O OpenFlow13 add-flow br-int 'table=0,priority=5,in_port=1,dl_vlan=9,actions=mod_vlan_vid:3,NORMAL'
        ovs-ofctl -O OpenFlow13 add-flow br-int 'table=0,priority=6,icmp,actions=group:7'
        ovs-appctl fdb/add br-int qvo1 3 02:00:00:00:00:42
        """;

    [Fact]
    public async Task Open_vSwitch_equals_what_its_tools_print()
    {
        string? missing = LiveNode.Missing("ip", "ovsdb-server", "ovs-vswitchd");
        Assert.SkipWhen(missing is not null, missing ?? "");
        using LiveNode node = LiveNode.Start();
        node.Run(Start);
        node.Run(Bridges, check: false);
        NodeFacts facts = await LiveReader.ReadAsync(new LiveOptions { NodePid = node.Pid }, TestContext.Current.CancellationToken);

        Assert.Empty(facts.Unread);
        OvsFacts ovs = Assert.IsType<OvsFacts>(facts.Ovs);
        Assert.True(ovs.SwitchAnswered);
        OvsFacts told = OvsdbRows
            .ParseDump(node.Bytes("ovsdb-client dump --format=json unix:/run/openvswitch/db.sock Open_vSwitch"))
            .ToFacts();
        List<string> differences = [];
        FactsDiff.Add(differences, "database", told.Bridges.Select(Database), ovs.Bridges.Select(Database));
        foreach (OvsBridgeFacts bridge in ovs.Bridges)
        {
            FactsDiff.Add(
                differences,
                "flows",
                OvsFlowText.Parse(node.Run($"ovs-ofctl -O OpenFlow13 dump-flows {bridge.Name}")).Select(WithoutTime),
                bridge.Flows!.Select(WithoutTime)
            );
            FactsDiff.Add(
                differences,
                "ports",
                OvsOfctlShowText.Parse(node.Run($"ovs-ofctl -O OpenFlow10 show {bridge.Name}")),
                bridge.OpenFlowPorts!
            );
            FactsDiff.Add(
                differences,
                "groups",
                OvsFlowText.Parse(node.Run($"ovs-ofctl -O OpenFlow13 dump-groups {bridge.Name}")),
                bridge.Groups!
            );
        }
        Assert.True(differences.Count == 0, string.Join('\n', differences));
        OvsBridgeFacts integration = ovs.Bridges.Single(b => b.Name == "br-int");
        Assert.Equal("02:00:00:00:00:42", Assert.Single(integration.Fdb!, e => e.Vlan == 3).Mac.ToString());
        Assert.NotEmpty(integration.Groups!);
        Assert.NotNull(integration.Ports.Single(p => p.Name == "gone0").Interfaces[0].Error);
        Assert.Contains(facts.Processes!, p => p.CommandLine.StartsWith("ovs-vswitchd", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_switch_that_hangs_costs_its_limit_and_the_rest_is_there()
    {
        string? missing = LiveNode.Missing("ip", "ovsdb-server", "ovs-vswitchd");
        Assert.SkipWhen(missing is not null, missing ?? "");
        using LiveNode node = LiveNode.Start();
        node.Run(Start);
        node.Run(Bridges, check: false);
        node.Run("kill -STOP $(cat /run/openvswitch/ovs-vswitchd.pid)");
        LiveOptions options = new() { NodePid = node.Pid, SourceLimit = TimeSpan.FromSeconds(1) };
        long begin = Environment.TickCount64;
        NodeFacts facts = await LiveReader.ReadAsync(options, TestContext.Current.CancellationToken);

        Assert.InRange(Environment.TickCount64 - begin, 900, 3000);
        UnreadFact unread = Assert.Single(facts.Unread);
        Assert.Equal(("ovs-vswitchd", UnreadKind.TimedOut), (unread.Source, unread.Kind));
        Assert.False(facts.Ovs!.SwitchAnswered);
        Assert.Equal(2, facts.Ovs.Bridges.Count);
        Assert.All(facts.Ovs.Bridges, b => Assert.Null(b.Flows));
        Assert.Contains(facts.Namespaces[0].Links!, l => l.Name == "qvo1");
        node.Run("kill -CONT $(cat /run/openvswitch/ovs-vswitchd.pid)");
    }

    [Fact]
    public async Task A_database_that_accepts_and_never_answers_is_cancelled_at_once_and_times_out()
    {
        string folder = Directory.CreateTempSubdirectory("stacknet-").FullName;
        try
        {
            string path = Path.Join(folder, "db.sock");
            using Socket listener = new(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
            listener.Bind(new UnixDomainSocketEndPoint(path));
            listener.Listen();
            LiveOptions options = new()
            {
                OvsRunDirectory = folder,
                SourceLimit = TimeSpan.FromSeconds(1),
                Only = new HashSet<string> { "" },
            };
            NodeFacts facts = await LiveReader.ReadAsync(options, TestContext.Current.CancellationToken);
            Assert.Null(facts.Ovs);
            Assert.Equal(UnreadKind.TimedOut, Assert.Single(facts.Unread, u => u.Source == "ovsdb").Kind);

            using CancellationTokenSource source = new(TimeSpan.FromMilliseconds(300));
            long begin = Environment.TickCount64;
            options = options with { SourceLimit = TimeSpan.FromMinutes(1) };
            await Assert.ThrowsAnyAsync<OperationCanceledException>(() => LiveReader.ReadAsync(options, source.Token));
            Assert.InRange(Environment.TickCount64 - begin, 250, 2000);
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    private static OvsBridgeFacts Database(OvsBridgeFacts bridge) =>
        bridge with
        {
            Flows = null,
            Groups = null,
            OpenFlowPorts = null,
            Fdb = null,
        };

    private static string WithoutTime(string flow) =>
        System.Text.RegularExpressions.Regex.Replace(flow, @"duration=[\d.]+s|n_packets=\d+|n_bytes=\d+", "");
}
