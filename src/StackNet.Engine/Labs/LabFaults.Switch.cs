namespace StackNet.Engine.Labs;

// Open vSwitch: ports, tags, patches, the uplink.
internal static partial class LabFaults
{
    private static IEnumerable<LabFaultSpec> Switch()
    {
        yield return new(
            "qvo-not-in-switch",
            "SN205",
            null,
            "The switch end of the last instance's veth pair is not a port of br-int.",
            p => Steps(Vsctl("del-port", "br-int", Victim(p).Qvo), Vsctl([.. LabSwitch.AddInstance(p, Victim(p)).Skip(1)]))
        );
        yield return new(
            "dead-vlan",
            "SN303",
            null,
            "The port of the last instance is parked on the dead VLAN 4095.",
            p => Tagged(Victim(p).Qvo, LabPlan.DeadVlan)
        );
        yield return new(
            "wrong-vlan",
            "SN305",
            null,
            "The port of the last instance has local VLAN 9 instead of its network's.",
            p => Tagged(Victim(p).Qvo, 9)
        );
        yield return new(
            "provider-vlan-flow-missing",
            "SN310",
            null,
            "br-ex lacks the flow that translates the local VLAN to the physical network.",
            p =>
                Steps(
                    new LabCommand("", "ovs-ofctl", "-O", "OpenFlow13", "--strict", "del-flows", "br-ex", LabSwitch.ProviderMatch(p)),
                    new LabCommand("", "ovs-ofctl", "-O", "OpenFlow13", "add-flow", "br-ex", LabSwitch.ProviderFlow(p))
                )
        );
        yield return new(
            "patch-peer-wrong",
            "SN311",
            null,
            "The patch port phy-br-ex names a peer that does not exist.",
            _ =>
                Steps(
                    Vsctl("set", "Interface", "phy-br-ex", "options:peer=nonexistent-peer"),
                    Vsctl("set", "Interface", "phy-br-ex", "options:peer=int-br-ex")
                )
        );
        yield return new(
            "uplink-not-in-bridge",
            "SN313",
            LabLayout.Hybrid,
            "The NIC is not a port of br-ex.",
            p => Steps(Vsctl("del-port", "br-ex", p.Uplink), Vsctl([.. LabSwitch.AddUplink(p).Skip(1)]))
        );
        yield return new("uplink-down", "SN314", LabLayout.Hybrid, "The NIC of br-ex is administratively down.", p => Down(p.Uplink));
        yield return new(
            "bridge-local-down",
            "SN316",
            LabLayout.HostNat,
            "The internal port br-ex, which has the gateway address, is down.",
            _ => Down("br-ex")
        );
        yield return new(
            "uplink-tagged",
            "SN328",
            LabLayout.Hybrid,
            "The NIC's port of br-ex has VLAN tag 77.",
            p => Steps(Vsctl("set", "Port", p.Uplink, "tag=77"), Vsctl("clear", "Port", p.Uplink, "tag"))
        );
    }

    private static LabFaultSteps Tagged(string port, int vlan) =>
        Steps(Vsctl("set", "Port", port, "tag=" + Text(vlan)), Vsctl("set", "Port", port, "tag=" + Text(LabPlan.InnerVlan)));
}
