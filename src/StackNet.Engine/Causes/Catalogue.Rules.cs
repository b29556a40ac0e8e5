namespace StackNet.Engine.Causes;

internal static partial class Catalogue
{
    private static IEnumerable<Cause> FirewallCauses =>
        [
            Blocking(
                "SN501",
                "Egress is not allowed",
                RepairClass.Owner,
                "openstack security group rule create --egress --protocol {protocol} GROUP"
            ),
            Blocking(
                "SN502",
                "Ingress is not allowed",
                RepairClass.Owner,
                "openstack security group rule create --ingress --protocol {protocol} GROUP"
            ),
            Blocking(
                "SN503",
                "Remote-group set lacks the member",
                RepairClass.Owner,
                "restart the L2 agent when the API says that the peer is a member of the group"
            ),
            Blocking(
                "SN504",
                "Anti-spoofing drops the guest",
                RepairClass.Owner,
                "openstack port set --allowed-address (this source), or no port security (then nothing is filtered)"
            ),
            Blocking(
                "SN505",
                "The port has no jump in FORWARD",
                RepairClass.Owner,
                "restart the L2 agent: it writes the jumps of {device} again"
            ),
            Blocking(
                "SN506",
                "Rules failed to load",
                RepairClass.Owner,
                "restart the L2 agent and look for iptables-restore errors in its log"
            ),
            Degrading(
                "SN509",
                "Conntrack zone rule missing",
                RepairClass.Owner,
                "restart the L2 agent: it writes the zone rules of {instance} again"
            ),
            Degrading(
                "SN510",
                "Packets judged INVALID",
                RepairClass.Guided,
                "make both directions pass this node, or net.netfilter.nf_conntrack_tcp_be_liberal=1 there"
            ),
            Blocking(
                "SN512",
                "FORWARD policy or a foreign chain drops routed traffic",
                RepairClass.Guided,
                "accept the instances' network before the rule (both directions), in DOCKER-USER when that chain exists"
            ),
            Blocking(
                "SN513",
                "libvirt's own network rules reject it",
                RepairClass.Guided,
                "renumber or remove the libvirt network that coincides"
            ),
            Blocking(
                "SN514",
                "firewalld rejects forwarding",
                RepairClass.Guided,
                "put the device into a trusted zone or add a policy in firewalld"
            ),
            Blocking(
                "SN515",
                "A firewall reload wiped the agent's chains",
                RepairClass.Owner,
                "restart the L2 agent; keep the firewall's reload from flushing what is not its own"
            ),
            Blocking("SN516", "Two iptables back ends are loaded", RepairClass.Guided, "keep one back end; never merge by itself"),
            Blocking(
                "SN517",
                "A later nft base chain drops what an earlier one accepted",
                RepairClass.Guided,
                "insert the accept into the chain that drops: an accept elsewhere cannot overrule it"
            ),
            Blocking("SN518", "ufw forwards nothing", RepairClass.Guided, "ufw route allow for the instances' network"),
            Blocking(
                "SN519",
                "A reverse-path match in the firewall",
                RepairClass.Guided,
                "exempt the arrival device from the rpfilter rule"
            ),
            Blocking(
                "SN520",
                "Untracked traffic meets a stateful rule",
                RepairClass.Guided,
                "track that traffic again (remove the rule of raw), or accept its way back explicitly"
            ),
            Blocking(
                "SN523",
                "A filter of traffic control sits on the path",
                RepairClass.Report,
                "look who attached it: tc filter show dev {device} ingress (and egress)"
            ),
            Blocking("SN522", "libvirt nwfilter on the interface", RepairClass.Guided, "change the filterref in the domain"),
        ];

    private static IEnumerable<Cause> RoutingCauses =>
        [
            Blocking(
                "SN601",
                "Forwarding is off",
                RepairClass.Safe,
                "sysctl -w net.ipv4.ip_forward=1 in {namespace}, and in a sysctl.d file of the node"
            ),
            Blocking(
                "SN602",
                "Forwarding is off on one device",
                RepairClass.Safe,
                "sysctl -w net.ipv4.conf.{device}.forwarding=1 in {namespace}"
            ),
            Blocking(
                "SN604",
                "Strict reverse path drops the reply",
                RepairClass.Safe,
                "sysctl -w net.ipv4.conf.{device}.rp_filter=2 in {namespace} (0 does not help while conf.all is 1)"
            ),
            Blocking(
                "SN605",
                "Martian source or destination",
                RepairClass.Guided,
                "sysctl -w net.ipv4.conf.{device}.accept_local=1, or no hairpin NAT"
            ),
            Blocking(
                "SN606",
                "No default route where it is needed",
                RepairClass.Guided,
                "ip route add default via <gateway of the subnet> in {namespace}"
            ),
            Blocking(
                "SN607",
                "Default route by the wrong or dead device",
                RepairClass.Guided,
                "correct the metric or device of that route in {namespace}"
            ),
            Blocking(
                "SN608",
                "A policy rule diverts the packet",
                RepairClass.Guided,
                "correct the ip rule or fill its table in {namespace}"
            ),
            Blocking(
                "SN609",
                "Blackhole, unreachable or prohibit route",
                RepairClass.Guided,
                "delete that one route in {namespace}; ask why it stands there first"
            ),
            Blocking("SN610", "A local network overlaps", RepairClass.Guided, "renumber the local network"),
            Blocking(
                "SN611",
                "No route back to the instance network",
                RepairClass.Guided,
                "add the connected address or the route of the instances' network in {namespace}"
            ),
            Blocking(
                "SN612",
                "Gateway address missing",
                RepairClass.Owner,
                "put the gateway address back on its device, or ask the L3 agent to"
            ),
            Blocking("SN614", "Router namespace missing", RepairClass.Owner, "restart the L3 agent"),
            Blocking("SN615", "Router or DHCP port is in no namespace", RepairClass.Owner, "restart the owning agent"),
            Blocking("SN622", "Proxy ARP missing or misplaced", RepairClass.Owner, "restart the L3 agent (proxy_arp 1 on the fg- device)"),
        ];

    private static IEnumerable<Cause> NatCauses =>
        [
            Blocking(
                "SN701",
                "No masquerade for the instance's network",
                RepairClass.Safe,
                "add one MASQUERADE or SNAT rule for the instances' network and the out-device in {namespace}"
            ),
            Blocking(
                "SN702",
                "Masquerade on the wrong out-device",
                RepairClass.Safe,
                "add the rule with the out-device {device} in {namespace}, then remove the wrong one"
            ),
            Blocking(
                "SN703",
                "Masquerade source range misses the instance",
                RepairClass.Safe,
                "add a rule with the right prefix beside it in {namespace}"
            ),
            Blocking(
                "SN704",
                "An earlier rule ends the chain",
                RepairClass.Guided,
                "move the translation before the rule that ends the chain in {namespace}"
            ),
            Blocking(
                "SN705",
                "SNAT to an address that nobody answers for",
                RepairClass.Guided,
                "put the address on the out-device, or change the SNAT target"
            ),
            Blocking(
                "SN706",
                "Masquerade takes an unfit source address",
                RepairClass.Guided,
                "give the out-device {device} its address, or SNAT to the right one"
            ),
            Blocking("SN707", "No address anywhere to masquerade with", RepairClass.Guided, "give the out-device its address"),
            Blocking("SN709", "Floating IP half done", RepairClass.Owner, "restart the L3 agent, or set the floating IP again"),
            Blocking("SN710", "Floating IP is not on the gateway device", RepairClass.Owner, "restart the L3 agent"),
            Blocking("SN712", "DVR floating IP path incomplete", RepairClass.Owner, "restart the L3 agent"),
            Blocking("SN713", "DVR SNAT path incomplete", RepairClass.Owner, "restart the L3 agent"),
            Blocking("SN714", "DVR permanent neighbours missing", RepairClass.Owner, "restart the L3 agent"),
            Blocking(
                "SN722",
                "The instance has no floating IP",
                RepairClass.Owner,
                "openstack server add floating ip {instance} ADDRESS (where the outside has a route to the instances' network: -RoutedSource)"
            ),
            Blocking(
                "SN719",
                "Reply arrives in another zone",
                RepairClass.Owner,
                "restart the L2 agent: it writes the zone rules of {instance} again"
            ),
            Degrading("SN715", "Conntrack table full", RepairClass.Safe, "raise net.netfilter.nf_conntrack_max"),
        ];
}
