namespace StackNet.Engine.Causes;

internal static partial class Catalogue
{
    private static IEnumerable<Cause> SwitchCauses =>
        [
            Blocking(
                "SN301",
                "ovs-vswitchd does not do what OVSDB says",
                RepairClass.Guided,
                "restart Open vSwitch; its flows may be lost"
            ),
            Blocking(
                "SN302",
                "Interface error: could not open network device",
                RepairClass.Guided,
                "plug the instance again, or delete the dead port {device}"
            ),
            Blocking(
                "SN303",
                "Port parked on the dead VLAN",
                RepairClass.Owner,
                "find why the agent does not bind the port, then restart neutron-openvswitch-agent"
            ),
            Blocking("SN304", "Port without a tag on br-int", RepairClass.Owner, "restart neutron-openvswitch-agent"),
            Blocking("SN305", "Wrong local VLAN", RepairClass.Owner, "restart neutron-openvswitch-agent"),
            Blocking(
                "SN306",
                "Flows were not rebuilt after an Open vSwitch restart",
                RepairClass.Owner,
                "restart neutron-openvswitch-agent"
            ),
            Blocking("SN307", "Secure bridge without a controller", RepairClass.Owner, "start or restart neutron-openvswitch-agent"),
            Blocking("SN308", "Flow outputs to a port that does not exist", RepairClass.Owner, "restart neutron-openvswitch-agent"),
            Blocking(
                "SN310",
                "Provider VLAN is not translated",
                RepairClass.Owner,
                "restart neutron-openvswitch-agent and check its bridge_mappings"
            ),
            Blocking("SN311", "Broken patch pair", RepairClass.Guided, "ovs-vsctl set Interface {device} options:peer=<the other end>"),
            Blocking(
                "SN313",
                "The external bridge has no uplink",
                RepairClass.Guided,
                "add the NIC to the bridge; not when it carries the node's own management address"
            ),
            Blocking(
                "SN314",
                "The uplink is down",
                RepairClass.Report,
                "ip link set {device} up; without carrier look at the cable and the switch"
            ),
            Blocking("SN316", "Bridge LOCAL port down although it is the gateway", RepairClass.Safe, "ip link set {device} up"),
            Blocking(
                "SN322",
                "Spanning tree of Open vSwitch blocks the port",
                RepairClass.Guided,
                "switch stp/rstp off on a bridge without a physical loop"
            ),
            Blocking(
                "SN328",
                "Uplink port carries a tag or a trunk list",
                RepairClass.Guided,
                "ovs-vsctl clear Port {device} tag trunks vlan_mode"
            ),
            Blocking(
                "SN329",
                "Bridge mapping names the wrong bridge",
                RepairClass.Owner,
                "correct bridge_mappings of the agent and restart it"
            ),
            Blocking("SN401", "Tunnel local address is not on this node", RepairClass.Owner, "correct local_ip of the agent"),
            Blocking("SN402", "No tunnel or no flow toward the peer", RepairClass.Owner, "restart neutron-openvswitch-agent"),
            Blocking("SN403", "No way to the tunnel end", RepairClass.Report, "correct the underlay's routing"),
            Blocking("SN404", "Host firewall drops the tunnel", RepairClass.Guided, "accept the tunnel's UDP port on the underlay device"),
            Blocking("SN405", "Tunnel key is not mapped", RepairClass.Owner, "restart neutron-openvswitch-agent"),
            Blocking("SN406", "Tunnel port cannot be created", RepairClass.Guided, "remove the device that holds the tunnel's UDP port"),
        ];
}
