using System.Globalization;
using System.Text;

namespace StackNet.Benchmarks;

/// <summary>Rules of the big node in the form of iptables-restore, laid out as neutron's agents do.</summary>
internal sealed class BigNodeRules(BigNodePlan plan)
{
    public string SecurityGroups()
    {
        StringBuilder chains = new();
        StringBuilder forward = new();
        StringBuilder input = new();
        StringBuilder own = new();
        StringBuilder jumps = new();
        StringBuilder raw = new();
        for (int i = 0; i < plan.Instances; i++)
        {
            string port = BigNodePlan.Port(i);
            string tap = "tap" + port;
            string c = port[..10];
            chains.Append(Invariant($":neutron-openvswi-i{c} - [0:0]\n:neutron-openvswi-o{c} - [0:0]\n:neutron-openvswi-s{c} - [0:0]\n"));
            const string direct =
                "-m comment --comment \"Direct traffic from the VM interface to the security group chain.\" -j neutron-openvswi-sg-chain\n";
            forward.Append(Invariant($"-A neutron-openvswi-FORWARD -m physdev --physdev-out {tap} --physdev-is-bridged {direct}"));
            forward.Append(Invariant($"-A neutron-openvswi-FORWARD -m physdev --physdev-in {tap} --physdev-is-bridged {direct}"));
            input.Append(
                Invariant(
                    $"-A neutron-openvswi-INPUT -m physdev --physdev-in {tap} --physdev-is-bridged -m comment --comment \"Direct incoming traffic from VM to the security group chain.\" -j neutron-openvswi-o{c}\n"
                )
            );
            Chains(own, i, c);
            const string jump = "-m comment --comment \"Jump to the VM specific chain.\" -j";
            jumps.Append(
                Invariant(
                    $"-A neutron-openvswi-sg-chain -m physdev --physdev-out {tap} --physdev-is-bridged {jump} neutron-openvswi-i{c}\n"
                )
            );
            jumps.Append(
                Invariant($"-A neutron-openvswi-sg-chain -m physdev --physdev-in {tap} --physdev-is-bridged {jump} neutron-openvswi-o{c}\n")
            );
            string zone = Invariant($"-m comment --comment \"Set zone for {BigNodePlan.Uuid(0, i)}\" -j CT --zone {4097 + (i % 60000)}\n");
            raw.Append(Invariant($"-A neutron-openvswi-PREROUTING -m physdev --physdev-in qvb{port} {zone}"));
            raw.Append(Invariant($"-A neutron-openvswi-PREROUTING -i qvb{port} {zone}"));
            raw.Append(Invariant($"-A neutron-openvswi-PREROUTING -m physdev --physdev-in {tap} {zone}"));
        }
        return Invariant(
            $"""
            *raw
            :PREROUTING ACCEPT [0:0]
            :OUTPUT ACCEPT [0:0]
            :neutron-openvswi-OUTPUT - [0:0]
            :neutron-openvswi-PREROUTING - [0:0]
            -A PREROUTING -j neutron-openvswi-PREROUTING
            -A OUTPUT -j neutron-openvswi-OUTPUT
            {raw}COMMIT
            *filter
            :INPUT ACCEPT [0:0]
            :FORWARD ACCEPT [0:0]
            :OUTPUT ACCEPT [0:0]
            :neutron-filter-top - [0:0]
            :neutron-openvswi-FORWARD - [0:0]
            :neutron-openvswi-INPUT - [0:0]
            :neutron-openvswi-OUTPUT - [0:0]
            :neutron-openvswi-local - [0:0]
            :neutron-openvswi-sg-chain - [0:0]
            :neutron-openvswi-sg-fallback - [0:0]
            {chains}-A INPUT -j neutron-openvswi-INPUT
            -A FORWARD -j neutron-filter-top
            -A FORWARD -j neutron-openvswi-FORWARD
            -A OUTPUT -j neutron-filter-top
            -A OUTPUT -j neutron-openvswi-OUTPUT
            -A neutron-filter-top -j neutron-openvswi-local
            {forward}{input}{own}{jumps}-A neutron-openvswi-sg-chain -j ACCEPT
            -A neutron-openvswi-sg-fallback -m comment --comment "Default drop rule for unmatched traffic." -j DROP
            COMMIT

            """
        );
    }

    private void Chains(StringBuilder text, int i, string c)
    {
        const string known =
            "-m state --state RELATED,ESTABLISHED -m comment --comment \"Direct packets associated with a known session to the RETURN chain.\" -j RETURN\n";
        const string invalid =
            "-m state --state INVALID -m comment --comment \"Drop packets that appear related to an existing connection (e.g. TCP ACK/FIN) but do not have an entry in conntrack.\" -j DROP\n";
        const string rest = "-m comment --comment \"Send unmatched traffic to the fallback chain.\" -j neutron-openvswi-sg-fallback\n";
        const string client = "-m comment --comment \"Allow DHCP client traffic.\" -j RETURN\n";
        string address = plan.Address(i);
        string a = "-A neutron-openvswi-i" + c + " ";
        text.Append(a).Append(known);
        text.Append(Invariant($"{a}-d {address}/32 -p udp -m udp --sport 67 --dport 68 -j RETURN\n"));
        text.Append(Invariant($"{a}-d 255.255.255.255/32 -p udp -m udp --sport 67 --dport 68 -j RETURN\n"));
        text.Append(Invariant($"{a}-p tcp -m tcp --dport 22 -j RETURN\n"));
        text.Append(Invariant($"{a}-p icmp -m set --match-set {BigNodePlan.Set(plan.Network(i))} src -j RETURN\n"));
        text.Append(a).Append(invalid).Append(a).Append(rest);
        string o = "-A neutron-openvswi-o" + c + " ";
        text.Append(o).Append("-s 0.0.0.0/32 -d 255.255.255.255/32 -p udp -m udp --sport 68 --dport 67 ").Append(client);
        text.Append(Invariant($"{o}-j neutron-openvswi-s{c}\n"));
        text.Append(o).Append("-p udp -m udp --sport 68 --dport 67 ").Append(client);
        text.Append(o).Append("-p udp -m udp --sport 67 --dport 68 -m comment --comment \"Prevent DHCP Spoofing by VM.\" -j DROP\n");
        text.Append(o).Append(known).Append(o).Append("-j RETURN\n").Append(o).Append(invalid).Append(o).Append(rest);
        string s = "-A neutron-openvswi-s" + c + " ";
        text.Append(
            Invariant(
                $"{s}-s {address}/32 -m mac --mac-source {BigNodePlan.Mac(0, i)} -m comment --comment \"Allow traffic from defined IP/MAC pairs.\" -j RETURN\n"
            )
        );
        text.Append(s).Append("-m comment --comment \"Drop traffic without an IP/MAC allow rule.\" -j DROP\n");
    }

    public static string Router(int n)
    {
        string qr = "qr-" + BigNodePlan.Uuid(1, n)[..11];
        string qg = "qg-" + BigNodePlan.Uuid(2, n)[..11];
        string external = BigNodePlan.External(n);
        return Invariant(
            $"""
            *mangle
            :neutron-l3-agent-FORWARD - [0:0]
            :neutron-l3-agent-INPUT - [0:0]
            :neutron-l3-agent-OUTPUT - [0:0]
            :neutron-l3-agent-POSTROUTING - [0:0]
            :neutron-l3-agent-PREROUTING - [0:0]
            :neutron-l3-agent-float-snat - [0:0]
            :neutron-l3-agent-floatingip - [0:0]
            :neutron-l3-agent-mark - [0:0]
            :neutron-l3-agent-scope - [0:0]
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
            :neutron-l3-agent-OUTPUT - [0:0]
            :neutron-l3-agent-PREROUTING - [0:0]
            -A PREROUTING -j neutron-l3-agent-PREROUTING
            -A OUTPUT -j neutron-l3-agent-OUTPUT
            COMMIT
            *filter
            :neutron-filter-top - [0:0]
            :neutron-l3-agent-FORWARD - [0:0]
            :neutron-l3-agent-INPUT - [0:0]
            :neutron-l3-agent-OUTPUT - [0:0]
            :neutron-l3-agent-local - [0:0]
            :neutron-l3-agent-scope - [0:0]
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
            :neutron-l3-agent-OUTPUT - [0:0]
            :neutron-l3-agent-POSTROUTING - [0:0]
            :neutron-l3-agent-PREROUTING - [0:0]
            :neutron-l3-agent-float-snat - [0:0]
            :neutron-l3-agent-snat - [0:0]
            :neutron-postrouting-bottom - [0:0]
            -A PREROUTING -j neutron-l3-agent-PREROUTING
            -A OUTPUT -j neutron-l3-agent-OUTPUT
            -A POSTROUTING -j neutron-l3-agent-POSTROUTING
            -A POSTROUTING -j neutron-postrouting-bottom
            -A neutron-l3-agent-POSTROUTING ! -o {qg} -m conntrack ! --ctstate DNAT -j ACCEPT
            -A neutron-l3-agent-PREROUTING -d 169.254.169.254/32 -i qr-+ -p tcp -m tcp --dport 80 -j REDIRECT --to-ports 9697
            -A neutron-l3-agent-snat -j neutron-l3-agent-float-snat
            -A neutron-l3-agent-snat -o {qg} -j SNAT --to-source {external} --random-fully
            -A neutron-l3-agent-snat -m mark ! --mark 0x2/0xffff -m conntrack --ctstate DNAT -j SNAT --to-source {external} --random-fully
            -A neutron-postrouting-bottom -m comment --comment "Perform source NAT on outgoing traffic." -j neutron-l3-agent-snat
            COMMIT

            """
        );
    }

    /// <summary>The dhcp agent's rules are the same in every namespace.</summary>
    public static string Dhcp(bool v6) =>
        Invariant(
            $"""
            *mangle
            :neutron-dhcp-age-FORWARD - [0:0]
            :neutron-dhcp-age-INPUT - [0:0]
            :neutron-dhcp-age-OUTPUT - [0:0]
            :neutron-dhcp-age-POSTROUTING - [0:0]
            :neutron-dhcp-age-PREROUTING - [0:0]
            -A PREROUTING -j neutron-dhcp-age-PREROUTING
            -A INPUT -j neutron-dhcp-age-INPUT
            -A FORWARD -j neutron-dhcp-age-FORWARD
            -A OUTPUT -j neutron-dhcp-age-OUTPUT
            -A POSTROUTING -j neutron-dhcp-age-POSTROUTING
            -A neutron-dhcp-age-POSTROUTING -p udp -m udp --dport {(v6 ? 546 : 68)} -j CHECKSUM --checksum-fill
            COMMIT
            *raw
            :neutron-dhcp-age-OUTPUT - [0:0]
            :neutron-dhcp-age-PREROUTING - [0:0]
            -A PREROUTING -j neutron-dhcp-age-PREROUTING
            -A OUTPUT -j neutron-dhcp-age-OUTPUT
            COMMIT
            *filter
            :neutron-dhcp-age-FORWARD - [0:0]
            :neutron-dhcp-age-INPUT - [0:0]
            :neutron-dhcp-age-OUTPUT - [0:0]
            :neutron-dhcp-age-local - [0:0]
            :neutron-filter-top - [0:0]
            -A INPUT -j neutron-dhcp-age-INPUT
            -A FORWARD -j neutron-filter-top
            -A FORWARD -j neutron-dhcp-age-FORWARD
            -A OUTPUT -j neutron-filter-top
            -A OUTPUT -j neutron-dhcp-age-OUTPUT
            -A neutron-filter-top -j neutron-dhcp-age-local
            COMMIT

            """
        );

    private static string Invariant(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
