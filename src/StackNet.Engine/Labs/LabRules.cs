using System.Text;

namespace StackNet.Engine.Labs;

/// <summary>The rules of iptables and ipset, laid out as neutron's iptables_hybrid driver, L3 and DHCP agents write them.</summary>
internal static class LabRules
{
    private const string Established =
        "-m state --state RELATED,ESTABLISHED -m comment --comment \"Direct packets associated with a known session to the RETURN chain.\" -j RETURN";
    private const string Invalid =
        "-m state --state INVALID -m comment --comment \"Drop packets that appear related to an existing connection (e.g. TCP ACK/FIN) but do not have an entry in conntrack.\" -j DROP";
    private const string Fallback =
        "-m comment --comment \"Send unmatched traffic to the fallback chain.\" -j neutron-openvswi-sg-fallback";

    /// <summary>Place of the egress rule in a port's o-chain, and of the rule that names the remote group in its i-chain.</summary>
    public const int EgressRuleNumber = 6;

    /// <summary>Place of the router's default SNAT in neutron-l3-agent-snat.</summary>
    public const int SnatRuleNumber = 2;

    public static string IpSets(LabPlan plan) =>
        $"create {plan.GroupSet} hash:net family inet hashsize 1024 maxelem 65536\n"
        + $"add {plan.GroupSet} {plan.Instances[0].Port.Address}\n";

    public static string Node(LabPlan plan)
    {
        StringBuilder text = new();
        Raw(plan, text);
        Filter(plan, text);
        if (!plan.IsHybrid)
            text.Append("*mangle\n:PREROUTING ACCEPT\n:INPUT ACCEPT\n:FORWARD ACCEPT\n:OUTPUT ACCEPT\n:POSTROUTING ACCEPT\nCOMMIT\n")
                .Append("*nat\n:PREROUTING ACCEPT\n:INPUT ACCEPT\n:OUTPUT ACCEPT\n:POSTROUTING ACCEPT\n")
                .Append($"-A POSTROUTING -s {plan.Network} -o {plan.Uplink} -j MASQUERADE\nCOMMIT\n");
        return text.ToString();
    }

    private static void Raw(LabPlan plan, StringBuilder text)
    {
        text.Append("*raw\n:PREROUTING ACCEPT\n:OUTPUT ACCEPT\n:neutron-openvswi-OUTPUT -\n:neutron-openvswi-PREROUTING -\n");
        text.Append("-A PREROUTING -j neutron-openvswi-PREROUTING\n-A OUTPUT -j neutron-openvswi-OUTPUT\n");
        foreach (LabGuest guest in plan.Instances)
        {
            string end = $"-m comment --comment \"Set zone for {guest.Port.Id}\" -j CT --zone {guest.Zone}\n";
            text.Append($"-A neutron-openvswi-PREROUTING -m physdev --physdev-in {guest.Qvb} ").Append(end);
            text.Append($"-A neutron-openvswi-PREROUTING -i {guest.Qvb} ").Append(end);
            text.Append($"-A neutron-openvswi-PREROUTING -m physdev --physdev-in {guest.Tap} ").Append(end);
        }
        text.Append("COMMIT\n");
    }

    private static void Filter(LabPlan plan, StringBuilder text)
    {
        text.Append("*filter\n:INPUT ACCEPT\n:FORWARD ACCEPT\n:OUTPUT ACCEPT\n:neutron-filter-top -\n");
        foreach (string chain in (string[])["FORWARD", "INPUT", "OUTPUT", "local", "sg-chain", "sg-fallback"])
            text.Append($":neutron-openvswi-{chain} -\n");
        foreach (LabGuest guest in plan.Instances)
            text.Append(
                $":neutron-openvswi-i{guest.Port.Chain} -\n:neutron-openvswi-o{guest.Port.Chain} -\n:neutron-openvswi-s{guest.Port.Chain} -\n"
            );
        text.Append("-A INPUT -j neutron-openvswi-INPUT\n-A FORWARD -j neutron-filter-top\n-A FORWARD -j neutron-openvswi-FORWARD\n");
        text.Append(
            "-A OUTPUT -j neutron-filter-top\n-A OUTPUT -j neutron-openvswi-OUTPUT\n-A neutron-filter-top -j neutron-openvswi-local\n"
        );
        foreach (LabGuest guest in plan.Instances)
            Jumps(
                text,
                "FORWARD",
                guest.Tap,
                "Direct traffic from the VM interface to the security group chain.",
                "neutron-openvswi-sg-chain",
                "neutron-openvswi-sg-chain"
            );
        foreach (LabPort port in plan.IsHybrid ? new[] { plan.Dhcp, plan.External, plan.Router } : [plan.Dhcp])
            Jumps(text, "FORWARD", "tap" + port.Tail, "Accept all packets when port is trusted.", "ACCEPT", "ACCEPT");
        foreach (LabGuest guest in plan.Instances)
            text.Append(
                $"-A neutron-openvswi-INPUT -m physdev --physdev-in {guest.Tap} --physdev-is-bridged -m comment --comment \"Direct incoming traffic from VM to the security group chain.\" -j neutron-openvswi-o{guest.Port.Chain}\n"
            );
        foreach (LabGuest guest in plan.Instances)
            Port(plan, guest, text);
        foreach (LabGuest guest in plan.Instances)
            Jumps(
                text,
                "sg-chain",
                guest.Tap,
                "Jump to the VM specific chain.",
                "neutron-openvswi-i" + guest.Port.Chain,
                "neutron-openvswi-o" + guest.Port.Chain
            );
        text.Append("-A neutron-openvswi-sg-chain -j ACCEPT\n");
        text.Append("-A neutron-openvswi-sg-fallback -m comment --comment \"Default drop rule for unmatched traffic.\" -j DROP\nCOMMIT\n");
    }

    private static void Jumps(StringBuilder text, string chain, string tap, string comment, string outTarget, string inTarget)
    {
        string start = $"-A neutron-openvswi-{chain} -m physdev --physdev-";
        string end = $" {tap} --physdev-is-bridged -m comment --comment \"{comment}\" -j ";
        text.Append($"{start}out{end}{outTarget}\n{start}in{end}{inTarget}\n");
    }

    private static void Port(LabPlan plan, LabGuest guest, StringBuilder text)
    {
        string i = "-A neutron-openvswi-i" + guest.Port.Chain;
        text.Append($"{i} {Established}\n");
        text.Append($"{i} -d {guest.Port.Address}/32 -p udp -m udp --sport 67 --dport 68 -j RETURN\n");
        text.Append($"{i} -d 255.255.255.255/32 -p udp -m udp --sport 67 --dport 68 -j RETURN\n");
        // The first instance is open to pings and the web; the others to pings and databases from members of its group only.
        if (guest.Index == 0)
            text.Append($"{i} -p icmp -j RETURN\n{i} -p tcp -m tcp --dport 80 -j RETURN\n{i} -p tcp -m tcp --dport 443 -j RETURN\n");
        else
            text.Append($"{i} -p tcp -m tcp --dport 3306 -m set --match-set {plan.GroupSet} src -j RETURN\n")
                .Append($"{i} -p icmp -m set --match-set {plan.GroupSet} src -j RETURN\n");
        text.Append($"{i} {Invalid}\n{i} {Fallback}\n");

        string o = "-A neutron-openvswi-o" + guest.Port.Chain;
        text.Append(
            $"{o} -s 0.0.0.0/32 -d 255.255.255.255/32 -p udp -m udp --sport 68 --dport 67 -m comment --comment \"Allow DHCP client traffic.\" -j RETURN\n"
        );
        text.Append($"{o} -j neutron-openvswi-s{guest.Port.Chain}\n");
        text.Append($"{o} -p udp -m udp --sport 68 --dport 67 -m comment --comment \"Allow DHCP client traffic.\" -j RETURN\n");
        text.Append($"{o} -p udp -m udp --sport 67 --dport 68 -m comment --comment \"Prevent DHCP Spoofing by VM.\" -j DROP\n");
        text.Append($"{o} {Established}\n{o} -j RETURN\n{o} {Invalid}\n{o} {Fallback}\n");

        string s = "-A neutron-openvswi-s" + guest.Port.Chain;
        text.Append(
            $"{s} {string.Join(' ', AntiSpoof(guest, guest.Port.Address))}\n".Replace(
                AllowComment,
                $"\"{AllowComment}\"",
                StringComparison.Ordinal
            )
        );
        text.Append($"{s} -m comment --comment \"Drop traffic without an IP/MAC allow rule.\" -j DROP\n");
    }

    private const string AllowComment = "Allow traffic from defined IP/MAC pairs.";

    /// <summary>The rule that lets a port's own address through, as arguments.</summary>
    public static string[] AntiSpoof(LabGuest guest, string address) =>
        ["-s", address + "/32", "-m", "mac", "--mac-source", guest.Port.Mac, "-m", "comment", "--comment", AllowComment, "-j", "RETURN"];

    public static string Dhcp() =>
        """
            *mangle
            :PREROUTING ACCEPT
            :INPUT ACCEPT
            :FORWARD ACCEPT
            :OUTPUT ACCEPT
            :POSTROUTING ACCEPT
            :neutron-dhcp-age-POSTROUTING -
            -A POSTROUTING -j neutron-dhcp-age-POSTROUTING
            -A neutron-dhcp-age-POSTROUTING -p udp -m udp --dport 68 -j CHECKSUM --checksum-fill
            COMMIT

            """.ReplaceLineEndings("\n");

    /// <summary>Every port leads to the two that answer: a guest and the internet host are to be reached by any, also by themselves.</summary>
    public static string Answering() =>
        """
            *nat
            :PREROUTING ACCEPT
            :INPUT ACCEPT
            :OUTPUT ACCEPT
            :POSTROUTING ACCEPT
            -A PREROUTING -p tcp -j REDIRECT --to-ports 80
            -A PREROUTING -p udp -j REDIRECT --to-ports 7
            -A OUTPUT -o lo -p tcp -j DNAT --to-destination :80
            -A OUTPUT -o lo -p udp -j DNAT --to-destination :7
            COMMIT

            """.ReplaceLineEndings("\n");

    public static string Router(LabPlan plan)
    {
        string qr = plan.InsideDevice;
        string qg = plan.OutsideDevice;
        string inside = plan.Instances[0].Port.Address;
        string floating = plan.FloatingAddress;
        return $"""
            *mangle
            :PREROUTING ACCEPT
            :INPUT ACCEPT
            :FORWARD ACCEPT
            :OUTPUT ACCEPT
            :POSTROUTING ACCEPT
            :neutron-l3-agent-FORWARD -
            :neutron-l3-agent-INPUT -
            :neutron-l3-agent-OUTPUT -
            :neutron-l3-agent-POSTROUTING -
            :neutron-l3-agent-PREROUTING -
            :neutron-l3-agent-float-snat -
            :neutron-l3-agent-floatingip -
            :neutron-l3-agent-mark -
            :neutron-l3-agent-scope -
            -A PREROUTING -j neutron-l3-agent-PREROUTING
            -A INPUT -j neutron-l3-agent-INPUT
            -A FORWARD -j neutron-l3-agent-FORWARD
            -A OUTPUT -j neutron-l3-agent-OUTPUT
            -A POSTROUTING -j neutron-l3-agent-POSTROUTING
            -A neutron-l3-agent-POSTROUTING -o {qg} -m connmark --mark 0x0/0xffff0000 -j CONNMARK --save-mark --nfmask 0xffff0000 --ctmask 0xffff0000
            -A neutron-l3-agent-PREROUTING -j neutron-l3-agent-mark
            -A neutron-l3-agent-PREROUTING -j neutron-l3-agent-scope
            -A neutron-l3-agent-PREROUTING -m connmark ! --mark 0x0/0xffff0000 -j CONNMARK --restore-mark --nfmask 0xffff0000 --ctmask 0xffff0000
            -A neutron-l3-agent-PREROUTING -j neutron-l3-agent-floatingip
            -A neutron-l3-agent-PREROUTING -d 169.254.169.254/32 -i qr-+ -p tcp -m tcp --dport 80 -j MARK --set-xmark 0x1/0xffff
            -A neutron-l3-agent-float-snat -m connmark --mark 0x0/0xffff0000 -j CONNMARK --save-mark --nfmask 0xffff0000 --ctmask 0xffff0000
            -A neutron-l3-agent-mark -i {qg} -j MARK --set-xmark 0x2/0xffff
            -A neutron-l3-agent-scope -i {qr} -j MARK --set-xmark 0x4000000/0xffff0000
            -A neutron-l3-agent-scope -i {qg} -j MARK --set-xmark 0x4000000/0xffff0000
            COMMIT
            *raw
            :PREROUTING ACCEPT
            :OUTPUT ACCEPT
            :neutron-l3-agent-OUTPUT -
            :neutron-l3-agent-PREROUTING -
            -A PREROUTING -j neutron-l3-agent-PREROUTING
            -A OUTPUT -j neutron-l3-agent-OUTPUT
            COMMIT
            *filter
            :INPUT ACCEPT
            :FORWARD ACCEPT
            :OUTPUT ACCEPT
            :neutron-filter-top -
            :neutron-l3-agent-FORWARD -
            :neutron-l3-agent-INPUT -
            :neutron-l3-agent-OUTPUT -
            :neutron-l3-agent-local -
            :neutron-l3-agent-scope -
            -A INPUT -j neutron-l3-agent-INPUT
            -A FORWARD -j neutron-filter-top
            -A FORWARD -j neutron-l3-agent-FORWARD
            -A OUTPUT -j neutron-filter-top
            -A OUTPUT -j neutron-l3-agent-OUTPUT
            -A neutron-filter-top -j neutron-l3-agent-local
            -A neutron-l3-agent-FORWARD -j neutron-l3-agent-scope
            -A neutron-l3-agent-INPUT -m mark --mark 0x1/0xffff -j ACCEPT
            -A neutron-l3-agent-INPUT -p tcp -m tcp --dport 9697 -j DROP
            -A neutron-l3-agent-scope -o {qr} -m mark ! --mark 0x4000000/0xffff0000 -j DROP
            COMMIT
            *nat
            :PREROUTING ACCEPT
            :INPUT ACCEPT
            :OUTPUT ACCEPT
            :POSTROUTING ACCEPT
            :neutron-l3-agent-OUTPUT -
            :neutron-l3-agent-POSTROUTING -
            :neutron-l3-agent-PREROUTING -
            :neutron-l3-agent-float-snat -
            :neutron-l3-agent-snat -
            :neutron-postrouting-bottom -
            -A PREROUTING -j neutron-l3-agent-PREROUTING
            -A OUTPUT -j neutron-l3-agent-OUTPUT
            -A POSTROUTING -j neutron-l3-agent-POSTROUTING
            -A POSTROUTING -j neutron-postrouting-bottom
            -A neutron-l3-agent-OUTPUT -d {floating}/32 -j DNAT --to-destination {inside}
            -A neutron-l3-agent-POSTROUTING ! -o {qg} -m conntrack ! --ctstate DNAT -j ACCEPT
            -A neutron-l3-agent-PREROUTING -d 169.254.169.254/32 -i qr-+ -p tcp -m tcp --dport 80 -j REDIRECT --to-ports 9697
            -A neutron-l3-agent-PREROUTING -d {floating}/32 -j DNAT --to-destination {inside}
            -A neutron-l3-agent-float-snat -s {inside}/32 -j SNAT --to-source {floating} --random-fully
            -A neutron-l3-agent-snat -j neutron-l3-agent-float-snat
            -A neutron-l3-agent-snat -o {qg} -j SNAT --to-source {plan.External.Address} --random-fully
            -A neutron-l3-agent-snat -m mark ! --mark 0x2/0xffff -m conntrack --ctstate DNAT -j SNAT --to-source {plan.External.Address} --random-fully
            -A neutron-postrouting-bottom -m comment --comment "Perform source NAT on outgoing traffic." -j neutron-l3-agent-snat
            COMMIT

            """.ReplaceLineEndings("\n");
    }
}
