using System.Collections.Frozen;

namespace StackNet.Engine.Causes;

/// <summary>The causes that a walk can name, by id.</summary>
internal static partial class Catalogue
{
    private static readonly FrozenDictionary<string, Cause> ById = new[]
    {
        InstanceCauses,
        BridgeCauses,
        SwitchCauses,
        FirewallCauses,
        RoutingCauses,
        NatCauses,
        OtherCauses,
    }
        .SelectMany(c => c)
        .ToFrozenDictionary(c => c.Id, StringComparer.Ordinal);

    public static IEnumerable<Cause> All => ById.Values.OrderBy(c => c.Id, StringComparer.Ordinal);

    public static Cause? Find(string? id) => id is null ? null : ById.GetValueOrDefault(id);

    private static Cause Blocking(string id, string title, RepairClass repair, string mend) =>
        new(id, title, CauseSeverity.Blocking, repair, mend);

    private static Cause Degrading(string id, string title, RepairClass repair, string mend) =>
        new(id, title, CauseSeverity.Degrading, repair, mend);

    private static IEnumerable<Cause> InstanceCauses =>
        [
            Blocking("SN101", "The instance is not running", RepairClass.Report, "start, resume or reset {instance} through nova"),
            Blocking(
                "SN102",
                "The tap named by the domain does not exist",
                RepairClass.Owner,
                "hard reboot {instance}: nova plugs its interface again"
            ),
            Blocking("SN103", "The tap is administratively down", RepairClass.Safe, "ip link set {device} up"),
            Blocking(
                "SN104",
                "The virtual cable is unplugged",
                RepairClass.Guided,
                "virsh domif-setlink {instance} {device} up (somebody may have unplugged it on purpose)"
            ),
            Blocking(
                "SN105",
                "The tap is attached to nothing, or to the wrong thing",
                RepairClass.Guided,
                "attach {device} to the bridge of its port again, then look for what detached it"
            ),
            Blocking("SN106", "Port identity does not match", RepairClass.Owner, "plug {instance} again through nova"),
            Degrading("SN109", "A rate limit drops the traffic", RepairClass.Owner, "change the QoS policy of the port at the API"),
        ];

    private static IEnumerable<Cause> BridgeCauses =>
        [
            Blocking("SN201", "The qbr bridge is missing", RepairClass.Owner, "hard reboot {instance}: nova plugs its interface again"),
            Blocking("SN202", "A link of the chain is down", RepairClass.Safe, "ip link set {device} up"),
            Blocking("SN203", "The veth pair is broken", RepairClass.Owner, "hard reboot {instance}: nova plugs its interface again"),
            Blocking("SN204", "qvb is not a port of qbr", RepairClass.Safe, "ip link set {device} master its qbr bridge"),
            Blocking(
                "SN205",
                "qvo is not a port of br-int",
                RepairClass.Guided,
                "add {device} to br-int with the external_ids that os-vif sets (iface-id, attached-mac, vm-uuid)"
            ),
            Blocking(
                "SN206",
                "A bridge port is not forwarding",
                RepairClass.Guided,
                "wait for the forward delay; else switch STP off on a bridge with one uplink"
            ),
            Degrading("SN207", "Layer-2 loop", RepairClass.Guided, "cut one edge of the loop"),
            Blocking(
                "SN209",
                "Host rules meet bridged frames",
                RepairClass.Guided,
                "insert one accept for this bridge (-m physdev --physdev-is-bridged) before the rule that drops"
            ),
            Degrading(
                "SN210",
                "NAT rewrites bridged frames",
                RepairClass.Guided,
                "give the rule its out-device (-o), or keep bridged frames out (-m physdev ! --physdev-is-bridged)"
            ),
            Blocking(
                "SN211",
                "Bridge-family rules drop",
                RepairClass.Owner,
                "ask the owner of the chain (agent or libvirt) to set its rules again, or remove the site's own rule"
            ),
            Blocking("SN212", "Port flags forbid the frame", RepairClass.Guided, "set the flag of {device} back (bridge link set)"),
            Blocking(
                "SN214",
                "VLAN filtering bridge without a PVID for the port",
                RepairClass.Guided,
                "bridge vlan add dev {device} vid N pvid untagged"
            ),
            Degrading("SN215", "Missing hairpin", RepairClass.Safe, "bridge link set dev {device} hairpin on"),
            Degrading("SN216", "MTU differs inside the chain", RepairClass.Guided, "raise the MTU of {device} to the network's"),
        ];

    private static IEnumerable<Cause> OtherCauses =>
        [
            Blocking(
                "SN801",
                "Next hop does not answer ARP",
                RepairClass.Report,
                "correct or remove the neighbour entry (ip neigh del), or ask why the next hop is silent"
            ),
            Degrading(
                "SN831",
                "Network MTU larger than the path",
                RepairClass.Owner,
                "set the network's MTU at the API, or raise the MTU of {device}"
            ),
            Blocking("SN921", "ovn-controller not connected", RepairClass.Owner, "start ovn-controller"),
            Blocking(
                "SN925",
                "OVN localnet is not wired",
                RepairClass.Guided,
                "set external_ids:ovn-bridge-mappings to the physical network's bridge"
            ),
            Blocking("SN928", "OVN flows incomplete", RepairClass.Owner, "ovn-appctl -t ovn-controller inc-engine/recompute"),
            Blocking("SN929", "OVN ACL drop", RepairClass.Owner, "change the security group at the API"),
        ];
}
