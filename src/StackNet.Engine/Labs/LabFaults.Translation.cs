namespace StackNet.Engine.Labs;

// Address translation: masquerade of the node, SNAT and the floating address of the router.
internal static partial class LabFaults
{
    private const string SnatChain = "neutron-l3-agent-snat";
    private const string FloatChain = "neutron-l3-agent-float-snat";

    private static IEnumerable<LabFaultSpec> Translation()
    {
        yield return new(
            "masquerade-missing",
            "SN701",
            null,
            "The rule that translates what the instances send to the outside is gone.",
            p =>
                p.IsHybrid
                    ? Steps(
                        Nat(p, ["-D", SnatChain, .. Snat(p, p.OutsideDevice, p.External.Address)]),
                        Nat(p, ["-I", SnatChain, Text(LabRules.SnatRuleNumber), .. Snat(p, p.OutsideDevice, p.External.Address)])
                    )
                    : Steps(
                        Nat(p, ["-D", "POSTROUTING", .. Masquerade(p.Network, p.Uplink)]),
                        Nat(p, ["-A", "POSTROUTING", .. Masquerade(p.Network, p.Uplink)])
                    )
        );
        yield return new(
            "masquerade-wrong-device",
            "SN702",
            null,
            "The rule that translates names another out-device than the one that packets leave by.",
            p =>
                p.IsHybrid
                    ? ReplacedSnat(p, Snat(p, p.InsideDevice, p.External.Address))
                    : ReplacedMasquerade(p, Masquerade(p.Network, "eth1"))
        );
        yield return new(
            "masquerade-wrong-source",
            "SN703",
            LabLayout.HostNat,
            "The masquerade rule is for another network than the instances'.",
            p => ReplacedMasquerade(p, Masquerade("192.168.122.0/24", p.Uplink))
        );
        yield return new(
            "masquerade-shadowed",
            "SN704",
            null,
            "An ACCEPT for the instances' network stands before the rule that translates.",
            p =>
                Steps(
                    Nat(p, "-I", "POSTROUTING", "1", "-s", p.Network, "-j", "ACCEPT"),
                    Nat(p, "-D", "POSTROUTING", "-s", p.Network, "-j", "ACCEPT")
                )
        );
        yield return new(
            "snat-unowned-address",
            "SN705",
            LabLayout.Hybrid,
            "The router translates to an address that is on none of its devices.",
            p => ReplacedSnat(p, Snat(p, p.OutsideDevice, "203.0.113.222"))
        );
        yield return new(
            "masquerade-without-address",
            "SN706",
            LabLayout.HostNat,
            "The out-device has no address: masquerade takes the inside gateway's.",
            p =>
                new(
                    [
                        Ip("", "addr", "del", p.SecondUplinkAddress + "/24", "dev", "eth1"),
                        Ip("", "addr", "del", p.UplinkAddress + "/24", "dev", p.Uplink),
                        Ip("", "route", "add", "default", "via", p.ExternalGateway, "dev", p.Uplink, "onlink"),
                    ],
                    [
                        Ip("", "route", "del", "default", "via", p.ExternalGateway, "dev", p.Uplink, "onlink"),
                        Ip("", "addr", "add", p.UplinkAddress + "/24", "dev", p.Uplink),
                        Ip("", "addr", "add", p.SecondUplinkAddress + "/24", "dev", "eth1"),
                        Ip("", ["route", "add", .. DefaultRoute(p)]),
                    ]
                )
        );
        yield return new(
            "floating-dnat-missing",
            "SN709",
            LabLayout.Hybrid,
            "The floating address has its SNAT but not its DNAT in PREROUTING: out works, in does not.",
            p =>
            {
                string[] rule = ["-d", p.FloatingAddress + "/32", "-j", "DNAT", "--to-destination", p.Instances[0].Port.Address];
                const string chain = "neutron-l3-agent-PREROUTING";
                return Steps(Nat(p, ["-D", chain, .. rule]), Nat(p, ["-A", chain, .. rule]));
            }
        )
        {
            Sign = LabFaultSign.Floating,
        };
        yield return new(
            "floating-address-missing",
            "SN710",
            LabLayout.Hybrid,
            "The rules of the floating address are there, the address is not on the router's outside device.",
            p =>
                Steps(
                    Ip(p.RouterNamespace, "addr", "del", p.FloatingAddress + "/32", "dev", p.OutsideDevice),
                    Ip(p.RouterNamespace, "addr", "add", p.FloatingAddress + "/32", "brd", p.FloatingAddress, "dev", p.OutsideDevice)
                )
        )
        {
            Sign = LabFaultSign.Floating,
        };
    }

    private static LabCommand Nat(LabPlan p, params string[] words) => Iptables(p.RoutingNamespace, ["-t", "nat", .. words]);

    private static string[] Snat(LabPlan p, string device, string address) =>
        ["-o", device, "-j", "SNAT", "--to-source", address, "--random-fully"];

    private static string[] Masquerade(string network, string device) => ["-s", network, "-o", device, "-j", "MASQUERADE"];

    private static LabFaultSteps ReplacedSnat(LabPlan p, string[] wrong) =>
        Replaced(p, [SnatChain, Text(LabRules.SnatRuleNumber)], Snat(p, p.OutsideDevice, p.External.Address), wrong);

    private static LabFaultSteps ReplacedMasquerade(LabPlan p, string[] wrong) =>
        Replaced(p, ["POSTROUTING"], Masquerade(p.Network, p.Uplink), wrong);

    // Not by -R and a number: with another fault in, that may be the number of another rule. A place without a number is the end.
    private static LabFaultSteps Replaced(LabPlan p, string[] place, string[] right, string[] wrong)
    {
        string put = place.Length > 1 ? "-I" : "-A";
        return new(
            [Nat(p, ["-D", place[0], .. right]), Nat(p, [put, .. place, .. wrong])],
            [Nat(p, ["-D", place[0], .. wrong]), Nat(p, [put, .. place, .. right])]
        );
    }
}
