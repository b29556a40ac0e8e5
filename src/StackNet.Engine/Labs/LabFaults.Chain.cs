namespace StackNet.Engine.Labs;

// Tap, qbr, qvb and qvo of the last instance.
internal static partial class LabFaults
{
    private static IEnumerable<LabFaultSpec> Chain()
    {
        yield return new("tap-down", "SN103", null, "The tap of the last instance is administratively down.", p => Down(Victim(p).Tap));
        yield return new(
            "tap-not-in-bridge",
            "SN105",
            null,
            "The tap of the last instance is in no bridge.",
            p => Unplugged(Victim(p).Tap, Victim(p).Qbr)
        );
        yield return new("qbr-down", "SN202", null, "The Linux bridge of the last instance is down.", p => Down(Victim(p).Qbr));
        yield return new("qvb-down", "SN202", null, "The bridge end of the last instance's veth pair is down.", p => Down(Victim(p).Qvb));
        yield return new("qvo-down", "SN202", null, "The switch end of the last instance's veth pair is down.", p => Down(Victim(p).Qvo));
        yield return new(
            "qvb-not-in-bridge",
            "SN204",
            null,
            "The bridge end of the last instance's veth pair is in no bridge.",
            p => Unplugged(Victim(p).Qvb, Victim(p).Qbr)
        );
        yield return new(
            "bridge-rules-drop",
            "SN211",
            null,
            "A bridge-family table of nftables drops what the last instance sends.",
            p =>
                Steps(
                    Nft("", Table("bridge", $"type filter hook forward priority 0; policy accept; iifname \"{Victim(p).Tap}\" drop")),
                    Nft("", "delete table bridge site\n")
                )
        );
        yield return new(
            "chain-mtu-small",
            "SN216",
            null,
            "The MTU of the last instance's qvb is 1300: larger packets vanish without a word.",
            p => Steps(Ip("", "link", "set", Victim(p).Qvb, "mtu", "1300"), Ip("", "link", "set", Victim(p).Qvb, "mtu", Text(p.Mtu)))
        )
        {
            Sign = LabFaultSign.Large,
        };
    }

    private static LabFaultSteps Down(string device) => Steps(Ip("", "link", "set", device, "down"), Ip("", "link", "set", device, "up"));

    private static LabFaultSteps Unplugged(string device, string bridge) =>
        Steps(Ip("", "link", "set", device, "nomaster"), Ip("", "link", "set", device, "master", bridge));
}
