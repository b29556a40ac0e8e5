using System.Globalization;
using System.Text;

namespace StackNet.Engine.Labs;

/// <summary>Devices, addresses and routes as input of <c>ip -batch</c>, one text a namespace.</summary>
internal static class LabDevices
{
    public static string Node(LabPlan plan)
    {
        StringBuilder text = new();
        string upstream = plan.NamespaceFile(LabPlan.Upstream);
        string mtu = plan.Mtu.ToString(CultureInfo.InvariantCulture);
        text.Append($"link add {plan.Uplink} type veth peer name up0 netns {upstream}\nlink set {plan.Uplink} up\n");
        foreach (LabGuest guest in plan.Instances)
        {
            // As os-vif makes a hybrid plug: no delay, nothing is learned for long, no snooping.
            text.Append($"link add {guest.Qbr} type bridge forward_delay 0 ageing_time 0 stp_state 0 mcast_snooping 0\n");
            text.Append($"link set {guest.Qbr} mtu {mtu}\n");
            text.Append($"link add {guest.Qvb} mtu {mtu} type veth peer name {guest.Qvo} mtu {mtu}\n");
            text.Append($"link set {guest.Qvb} master {guest.Qbr}\n");
            text.Append($"link set {guest.Tap} address {guest.TapMac} mtu {mtu}\nlink set {guest.Tap} master {guest.Qbr}\n");
            foreach (string device in (string[])[guest.Qvb, guest.Qvo, guest.Tap, guest.Qbr])
                text.Append($"link set {device} up\n");
            // A new bridge tells UNKNOWN until its carrier changes for the first time, and UP for ever after: as on a node that has run for a while.
            text.Append($"link set {guest.Qbr} state up\n");
            text.Append($"link set {guest.Cable} netns {plan.NamespaceFile(guest.Name)}\n");
        }
        return text.ToString();
    }

    /// <summary>
    /// os-vif keeps a qbr from answering ARP for the node's addresses. Where the datapath is the kernel's, qvo never sees a frame as a
    /// host; the userspace datapath leaves it its copy, so it is kept from answering in the same way.
    /// </summary>
    public static string NodeSettings(LabPlan plan) =>
        string.Concat(
            plan.Instances.SelectMany(g => new[] { g.Qbr, g.Qvb, g.Qvo, g.Tap })
                .Select(d => $"net/ipv4/conf/{d}/arp_ignore=1\nnet/ipv4/conf/{d}/arp_announce=2\n")
        );

    /// <summary>What needs Open vSwitch's internal ports to be there.</summary>
    public static string NodeAfterSwitch(LabPlan plan)
    {
        string text = $"link set {plan.DhcpDevice} netns {plan.DhcpNamespace}\n";
        if (plan.IsHybrid)
            return text
                + $"link set {plan.InsideDevice} netns {plan.RouterNamespace}\nlink set {plan.OutsideDevice} netns {plan.RouterNamespace}\n";
        return text
            + $"""
                link set br-ex up
                addr add {plan.Gateway}/24 dev br-ex
                link add eth1 type veth peer name up1 netns {plan.NamespaceFile(LabPlan.Upstream)}
                link set eth1 up
                addr add {plan.UplinkAddress}/24 dev {plan.Uplink}
                addr add {plan.SecondUplinkAddress}/24 dev eth1
                route add default via {plan.ExternalGateway} dev {plan.Uplink}

                """.ReplaceLineEndings("\n");
    }

    public static string Guest(LabPlan plan, LabGuest guest) =>
        string.Create(
            CultureInfo.InvariantCulture,
            $"link set lo up\nlink set {guest.Cable} name eth0\nlink set eth0 address {guest.Port.Mac} mtu {plan.Mtu}\nlink set eth0 up\n"
                + $"addr add {guest.Port.Address}/24 dev eth0\nroute add default via {plan.Gateway} dev eth0\n"
        );

    public static string Router(LabPlan plan) =>
        string.Create(
            CultureInfo.InvariantCulture,
            $"""
            link set lo up
            link set {plan.InsideDevice} address {plan.Router.Mac} mtu {plan.Mtu}
            link set {plan.InsideDevice} up
            addr add {plan.Gateway}/24 brd + dev {plan.InsideDevice}
            link set {plan.OutsideDevice} address {plan.External.Mac}
            link set {plan.OutsideDevice} up
            addr add {plan.External.Address}/24 brd + dev {plan.OutsideDevice}
            addr add {plan.FloatingAddress}/32 brd {plan.FloatingAddress} dev {plan.OutsideDevice}
            route add default via {plan.ExternalGateway} dev {plan.OutsideDevice} proto static

            """
        );

    public static string Dhcp(LabPlan plan) =>
        string.Create(
            CultureInfo.InvariantCulture,
            $"""
            link set lo up
            link set {plan.DhcpDevice} address {plan.Dhcp.Mac} mtu {plan.Mtu}
            link set {plan.DhcpDevice} up
            addr add {plan.Dhcp.Address}/24 brd + dev {plan.DhcpDevice}
            route add default via {plan.Gateway} dev {plan.DhcpDevice} proto static

            """
        );

    public static string Upstream(LabPlan plan) =>
        $"""
            link set lo up
            link set up0 up
            addr add {plan.ExternalGateway}/24 dev up0
            link add in0 type veth peer name eth0 netns {plan.NamespaceFile(LabPlan.Internet)}
            link set in0 up
            addr add {LabPlan.InternetGateway}/24 dev in0

            """.ReplaceLineEndings("\n");

    public static string UpstreamSecond(LabPlan plan) => $"link set up1 up\naddr add {plan.SecondGateway}/24 dev up1\n";

    public static string Internet() =>
        $"link set lo up\nlink set eth0 up\naddr add {LabPlan.InternetAddress}/24 dev eth0\nroute add default via {LabPlan.InternetGateway} dev eth0\n";
}
