namespace StackNet.Engine.Labs;

// Security groups of the last instance and what else drops.
internal static partial class LabFaults
{
    private static IEnumerable<LabFaultSpec> Firewall()
    {
        yield return new(
            "egress-rule-missing",
            "SN501",
            null,
            "The rule that lets the last instance open anything is gone from its egress chain.",
            p =>
            {
                string chain = "neutron-openvswi-o" + Victim(p).Port.Chain;
                return Steps(
                    Iptables("", "-D", chain, "-j", "RETURN"),
                    Iptables("", "-I", chain, Text(LabRules.EgressRuleNumber), "-j", "RETURN")
                );
            }
        );
        yield return new(
            "group-member-missing",
            "SN503",
            null,
            "The set of the first instance's group lacks it: the last instance, which admits members only, does not answer it.",
            p =>
                Steps(
                    new LabCommand("", "ipset", "del", p.GroupSet, p.Instances[0].Port.Address),
                    new LabCommand("", "ipset", "add", p.GroupSet, p.Instances[0].Port.Address)
                )
        )
        {
            Instances = 2,
            Sign = LabFaultSign.Neighbour,
        };
        yield return new(
            "anti-spoof-wrong",
            "SN504",
            null,
            "The anti-spoofing chain of the last instance lets another address through than its own.",
            p =>
            {
                LabGuest guest = Victim(p);
                string chain = "neutron-openvswi-s" + guest.Port.Chain;
                string[] right = LabRules.AntiSpoof(guest, guest.Port.Address);
                string[] wrong = LabRules.AntiSpoof(guest, p.Prefix + ".99");
                return new(
                    [Iptables("", ["-D", chain, .. right]), Iptables("", ["-I", chain, "1", .. wrong])],
                    [Iptables("", ["-D", chain, .. wrong]), Iptables("", ["-I", chain, "1", .. right])]
                );
            }
        );
        yield return new(
            "forward-policy-drop",
            "SN512",
            null,
            "The policy of FORWARD is DROP where the instances' packets are routed.",
            p => Steps(Iptables(p.RoutingNamespace, "-P", "FORWARD", "DROP"), Iptables(p.RoutingNamespace, "-P", "FORWARD", "ACCEPT"))
        );
        yield return new(
            "nft-table-drops",
            "SN517",
            null,
            "Besides the rules of iptables, a later table of nftables drops what is forwarded to the outside.",
            p =>
                Steps(
                    Nft(
                        p.RoutingNamespace,
                        Table("inet", $"type filter hook forward priority 10; policy accept; oifname \"{p.OutsideDevice}\" drop")
                    ),
                    Nft(p.RoutingNamespace, "delete table inet site\n")
                )
        );
    }
}
