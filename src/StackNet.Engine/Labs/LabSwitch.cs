using System.Globalization;
using System.Text;

namespace StackNet.Engine.Labs;

/// <summary>Open vSwitch as the openvswitch agent leaves it: ports, external_ids, flows.</summary>
internal static class LabSwitch
{
    private const string IntegrationCookie = "0x8641f6d2e3733ef7";
    private const string ExternalCookie = "0xb9aad9367c65b0b9";
    private const string TunnelCookie = "0xf3f8fe6a72f0db4c";

    public static IEnumerable<string> Bridges(LabPlan plan) => plan.IsHybrid ? ["br-int", "br-ex", "br-tun"] : ["br-int", "br-ex"];

    /// <summary>One transaction for ovs-vsctl.</summary>
    public static List<string> Transaction(LabPlan plan)
    {
        List<string> words =
        [
            "--no-wait",
            "--",
            "init",
            "--",
            "set",
            "Open_vSwitch",
            ".",
            "external_ids:hostname=" + plan.Name,
            "external_ids:system-id=" + plan.NetworkId,
        ];
        foreach (string bridge in Bridges(plan))
        {
            words.AddRange(["--", "add-br", bridge, "--", "set", "Bridge", bridge, "datapath_type=netdev", "fail_mode=secure"]);
            words.AddRange(["protocols=OpenFlow10,OpenFlow13,OpenFlow14", "other_config:mac-table-size=50000"]);
        }
        words.AddRange(AddPatch("br-int", "int-br-ex", 1, "phy-br-ex"));
        words.AddRange(AddPatch("br-ex", "phy-br-ex", plan.PatchPort, "int-br-ex"));
        words.AddRange(AddInternal(plan.DhcpDevice, plan.Dhcp, 4, LabPlan.InnerVlan, plan, plan.NetworkId));
        if (plan.IsHybrid)
        {
            words.AddRange(AddPatch("br-int", "patch-tun", 2, "patch-int"));
            words.AddRange(AddPatch("br-tun", "patch-int", 1, "patch-tun"));
            words.AddRange(AddInternal(plan.OutsideDevice, plan.External, 3, LabPlan.OuterVlan, plan, plan.ExternalNetworkId));
            words.AddRange(AddInternal(plan.InsideDevice, plan.Router, 5, LabPlan.InnerVlan, plan, plan.NetworkId));
            words.AddRange(AddUplink(plan));
        }
        foreach (LabGuest guest in plan.Instances)
            words.AddRange(AddInstance(plan, guest));
        return words;
    }

    public static IEnumerable<string> AddUplink(LabPlan plan) =>
        ["--", "add-port", "br-ex", plan.Uplink, "--", "set", "Interface", plan.Uplink, "ofport_request=1"];

    public static IEnumerable<string> AddInstance(LabPlan plan, LabGuest guest) =>
        [
            .. Add("br-int", guest.Qvo, guest.OfPort),
            "external_ids:iface-status=active",
            .. Identities(guest.Port),
            "external_ids:vm-uuid=" + guest.InstanceId,
            .. Tag(guest.Qvo, LabPlan.InnerVlan, plan, plan.NetworkId),
        ];

    private static IEnumerable<string> AddInternal(string device, LabPort port, int number, int vlan, LabPlan plan, string network) =>
        [
            .. Add("br-int", device, number),
            "type=internal",
            "external_ids:iface-status=active",
            .. Identities(port),
            .. Tag(device, vlan, plan, network),
        ];

    private static string[] AddPatch(string bridge, string device, int number, string peer) =>
        [.. Add(bridge, device, number), "type=patch", "options:peer=" + peer];

    private static string[] Add(string bridge, string device, int number) =>
        [
            "--",
            "add-port",
            bridge,
            device,
            "--",
            "set",
            "Interface",
            device,
            "ofport_request=" + number.ToString(CultureInfo.InvariantCulture),
        ];

    // In ovs-vsctl's syntax a value with colons has to be quoted.
    private static string[] Identities(LabPort port) => ["external_ids:iface-id=" + port.Id, $"external_ids:attached-mac=\"{port.Mac}\""];

    // What the agent keeps of its local VLANs, for when it starts again.
    private static string[] Tag(string device, int vlan, LabPlan plan, string network)
    {
        string tag = vlan.ToString(CultureInfo.InvariantCulture);
        bool flat = !plan.IsHybrid || network == plan.ExternalNetworkId;
        return
        [
            "--",
            "set",
            "Port",
            device,
            "tag=" + tag,
            "other_config:net_uuid=" + network,
            "other_config:network_type=" + (flat ? "flat" : "vxlan"),
            "other_config:physical_network=" + (flat ? "physnet1" : "None"),
            .. flat ? Array.Empty<string>() : ["other_config:segmentation_id=748"],
            "other_config:tag=" + tag,
        ];
    }

    public static string Flows(LabPlan plan, string bridge) =>
        bridge switch
        {
            "br-int" => Integration(plan),
            "br-ex" => External(plan),
            _ => Tunnel(),
        };

    /// <summary>The flow of br-ex that turns the local VLAN into the (flat) physical network.</summary>
    public static string ProviderMatch(LabPlan plan) =>
        string.Create(CultureInfo.InvariantCulture, $"table=0,priority=4,in_port={plan.PatchPort},dl_vlan={plan.ProviderVlan}");

    public static string ProviderFlow(LabPlan plan) => $"cookie={ExternalCookie},{ProviderMatch(plan)},actions=pop_vlan,NORMAL";

    private static string External(LabPlan plan) =>
        ProviderFlow(plan)
        + string.Create(
            CultureInfo.InvariantCulture,
            $"\ncookie={ExternalCookie},table=0,priority=2,in_port={plan.PatchPort},actions=drop\n"
        )
        + $"cookie={ExternalCookie},table=0,priority=0,actions=NORMAL\n";

    private static string Integration(LabPlan plan)
    {
        StringBuilder text = new();
        void Flow(string flow) => text.Append($"cookie={IntegrationCookie},{flow}\n");
        Flow("table=0,priority=65535,dl_vlan=4095,actions=drop");
        Flow("table=0,priority=2,in_port=1,actions=drop");
        Flow(
            string.Create(
                CultureInfo.InvariantCulture,
                $"table=0,priority=3,in_port=1,vlan_tci=0x0000/0x1fff,actions=push_vlan:0x8100,set_field:{4096 + plan.ProviderVlan}->vlan_vid,goto_table:59"
            )
        );
        foreach (LabGuest guest in plan.Instances)
        {
            string port = "in_port=" + guest.OfPort.ToString(CultureInfo.InvariantCulture);
            Flow($"table=0,priority=10,icmp6,{port},icmp_type=136,actions=goto_table:24");
            Flow($"table=0,priority=10,arp,{port},actions=goto_table:24");
            Flow($"table=0,priority=9,{port},actions=goto_table:25");
            Flow($"table=24,priority=2,icmp6,{port},icmp_type=136,nd_target={LinkLocal(guest.Port.Mac)},actions=goto_table:59");
            Flow($"table=24,priority=2,arp,{port},arp_spa={guest.Port.Address},actions=goto_table:25");
            Flow($"table=25,priority=2,{port},dl_src={guest.Port.Mac},actions=goto_table:30");
        }
        Flow("table=0,priority=0,actions=goto_table:59");
        Flow("table=23,priority=0,actions=drop");
        Flow("table=24,priority=0,actions=drop");
        Flow("table=30,priority=0,actions=goto_table:59");
        Flow("table=31,priority=0,actions=goto_table:59");
        Flow("table=59,priority=0,actions=goto_table:60");
        Flow("table=60,priority=3,actions=NORMAL");
        Flow("table=62,priority=3,actions=NORMAL");
        return text.ToString();
    }

    // EUI-64 (RFC 4291, appendix A): the bit for "globally unique" turned, ff:fe in the middle.
    private static string LinkLocal(string mac)
    {
        byte[] b = [.. mac.Split(':').Select(p => byte.Parse(p, NumberStyles.HexNumber, CultureInfo.InvariantCulture))];
        byte[] address = [0xfe, 0x80, 0, 0, 0, 0, 0, 0, (byte)(b[0] ^ 2), b[1], b[2], 0xff, 0xfe, b[3], b[4], b[5]];
        return new System.Net.IPAddress(address).ToString();
    }

    private static string Tunnel()
    {
        string[] flows =
        [
            "table=0,priority=1,in_port=1,actions=goto_table:2",
            "table=0,priority=0,actions=drop",
            "table=2,priority=0,dl_dst=00:00:00:00:00:00/01:00:00:00:00:00,actions=goto_table:20",
            "table=2,priority=0,dl_dst=01:00:00:00:00:00/01:00:00:00:00:00,actions=goto_table:22",
            "table=3,priority=0,actions=drop",
            "table=4,priority=1,tun_id=0x2ec,actions=push_vlan:0x8100,set_field:4097->vlan_vid,goto_table:10",
            "table=4,priority=0,actions=drop",
            "table=6,priority=0,actions=drop",
            $"table=10,priority=1,actions=learn(table=20,hard_timeout=300,priority=1,cookie={TunnelCookie},NXM_OF_VLAN_TCI[0..11],NXM_OF_ETH_DST[]=NXM_OF_ETH_SRC[],load:0->NXM_OF_VLAN_TCI[],load:NXM_NX_TUN_ID[]->NXM_NX_TUN_ID[],output:OXM_OF_IN_PORT[]),output:1",
            "table=20,priority=0,actions=goto_table:22",
            "table=22,priority=0,actions=drop",
        ];
        return string.Concat(flows.Select(f => $"cookie={TunnelCookie},{f}\n"));
    }
}
