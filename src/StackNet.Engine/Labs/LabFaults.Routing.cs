namespace StackNet.Engine.Labs;

// Where the instances' packets are routed: the router namespace, or the node's root one.
internal static partial class LabFaults
{
    private static IEnumerable<LabFaultSpec> Routing()
    {
        yield return new(
            "ip-forward-off",
            "SN601",
            null,
            "net.ipv4.ip_forward is 0 where the instances' packets are routed.",
            p => Steps(Sysctl(p.RoutingNamespace, "net/ipv4/ip_forward=0"), Sysctl(p.RoutingNamespace, "net/ipv4/ip_forward=1"))
        );
        yield return new(
            "device-forwarding-off",
            "SN602",
            null,
            "Forwarding is off on the device by which the instances' packets come in.",
            p =>
                Steps(
                    Sysctl(p.RoutingNamespace, $"net/ipv4/conf/{p.InsideDevice}/forwarding=0"),
                    Sysctl(p.RoutingNamespace, $"net/ipv4/conf/{p.InsideDevice}/forwarding=1")
                )
        );
        yield return new(
            "rp-filter-asymmetric",
            "SN604",
            null,
            "rp_filter is strict on the outside device, and by the main table the internet host lies behind the inside device "
                + "(what comes from the instances is routed by a table of its own).",
            Asymmetric
        );
        yield return new(
            "default-route-missing",
            "SN606",
            null,
            "There is no default route where the instances' packets are routed.",
            p =>
                Steps(
                    Ip(p.RoutingNamespace, ["route", "del", .. DefaultRoute(p)]),
                    Ip(p.RoutingNamespace, ["route", "add", .. DefaultRoute(p)])
                )
        );
        yield return new(
            "default-route-dead-device",
            "SN607",
            LabLayout.HostNat,
            "The default route leaves by eth1, whose far end is down.",
            p =>
                new(
                    [
                        Ip(LabPlan.Upstream, "link", "set", "up1", "down"),
                        Ip("", ["route", "del", .. DefaultRoute(p)]),
                        Ip("", "route", "add", "default", "via", p.SecondGateway, "dev", "eth1"),
                    ],
                    [
                        Ip("", "route", "del", "default", "via", p.SecondGateway, "dev", "eth1"),
                        Ip("", ["route", "add", .. DefaultRoute(p)]),
                        Ip(LabPlan.Upstream, "link", "set", "up1", "up"),
                    ]
                )
        );
        yield return new(
            "policy-rule-diverts",
            "SN608",
            null,
            "A policy rule refuses what comes from the instances' network.",
            p =>
                Steps(
                    Ip(p.RoutingNamespace, "rule", "add", "from", p.Network, "pref", "100", "prohibit"),
                    Ip(p.RoutingNamespace, "rule", "del", "from", p.Network, "pref", "100", "prohibit")
                )
        );
        foreach (string type in (string[])["unreachable", "blackhole"])
        {
            yield return new(
                type + "-route",
                "SN609",
                null,
                $"There is a route of type {type} for the network of the internet host.",
                p =>
                    Steps(
                        Ip(p.RoutingNamespace, "route", "add", type, LabPlan.InternetNetwork),
                        Ip(p.RoutingNamespace, "route", "del", type, LabPlan.InternetNetwork)
                    )
            );
        }
        yield return new(
            "no-route-back",
            "SN611",
            null,
            "The connected route of the instances' network is gone: what comes back leaves by the default route.",
            p =>
                Steps(
                    Ip(p.RoutingNamespace, ["route", "del", .. InsideRoute(p)]),
                    Ip(p.RoutingNamespace, ["route", "add", .. InsideRoute(p)])
                )
        );
        yield return new(
            "gateway-address-missing",
            "SN612",
            null,
            "The instances' gateway address is on no device.",
            p =>
                Steps(
                    Ip(p.RoutingNamespace, ["addr", "del", .. GatewayAddress(p)]),
                    Ip(p.RoutingNamespace, ["addr", "add", .. GatewayAddress(p)])
                )
        );
    }

    private static LabFaultSteps Asymmetric(LabPlan p)
    {
        string ns = p.RoutingNamespace;
        // A rule by incoming device or source would save the reply: the kernel looks its source up as if it came from where it goes to.
        // A mark that only the way out carries does not (unless src_valid_mark is on).
        string[] rule = ["fwmark", "0x64/0xffff", "pref", "200", "lookup", "200"];
        string[] mark = ["-i", p.InsideDevice, "-j", "MARK", "--set-xmark", "0x64/0xffff"];
        string[] own = ["default", "via", p.ExternalGateway, "dev", p.OutsideDevice, "table", "200"];
        string[] wrong = [LabPlan.InternetNetwork, "via", p.Dhcp.Address, "dev", p.InsideDevice];
        string key = $"net/ipv4/conf/{p.OutsideDevice}/rp_filter=";
        return new(
            [
                Ip(ns, ["route", "add", .. own]),
                Iptables(ns, ["-t", "mangle", "-A", "PREROUTING", .. mark]),
                Ip(ns, ["rule", "add", .. rule]),
                Ip(ns, ["route", "add", .. wrong]),
                Sysctl(ns, key + "1"),
            ],
            [
                Sysctl(ns, key + "0"),
                Ip(ns, ["route", "del", .. wrong]),
                Ip(ns, ["rule", "del", .. rule]),
                Iptables(ns, ["-t", "mangle", "-D", "PREROUTING", .. mark]),
                Ip(ns, ["route", "del", .. own]),
            ]
        );
    }

    private static string[] DefaultRoute(LabPlan p) =>
        ["default", "via", p.ExternalGateway, "dev", p.OutsideDevice, .. p.IsHybrid ? new[] { "proto", "static" } : []];

    private static string[] InsideRoute(LabPlan p) =>
        [p.Network, "dev", p.InsideDevice, "proto", "kernel", "scope", "link", "src", p.Gateway];

    private static string[] GatewayAddress(LabPlan p) =>
        [p.Gateway + "/24", .. p.IsHybrid ? new[] { "brd", "+" } : [], "dev", p.InsideDevice];
}
