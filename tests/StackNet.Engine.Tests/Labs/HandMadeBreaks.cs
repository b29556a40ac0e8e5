namespace StackNet.Engine.Tests.Labs;

/// <summary>
/// What people do to nodes and the catalogue of faults does not: one line of commands each, and what takes it back. Commands are parted
/// by " && ", words by blanks. {R} is "ip netns exec" of the router, {QR} and {QG} its ports, {T1} {A1} {M1} the first instance's tap,
/// address and MAC, {P1} the tail of its device names, {INET} the host outside, {GW} the upstream router.
/// </summary>
internal static class HandMadeBreaks
{
    public static readonly (string Do, string Undo)[] Hybrid =
    [
        ("ip link set {T1} mtu 1300", "ip link set {T1} mtu 1450"),
        ("ip link set qbr{P1} mtu 1300", "ip link set qbr{P1} mtu 1450"),
        (
            "bridge link set dev {T1} isolated on && bridge link set dev qvb{P1} isolated on",
            "bridge link set dev {T1} isolated off && bridge link set dev qvb{P1} isolated off"
        ),
        ("bridge fdb add {M1} dev qvb{P1} master static", "bridge fdb del {M1} dev qvb{P1} master"),
        ("iptables -t raw -I PREROUTING -p tcp --syn -j DROP", "iptables -t raw -D PREROUTING -p tcp --syn -j DROP"),
        ("iptables -t raw -I PREROUTING -s {A1} -j NOTRACK", "iptables -t raw -D PREROUTING -s {A1} -j NOTRACK"),
        (
            "iptables -t nat -A POSTROUTING -s {A1} -j SNAT --to-source 10.10.1.200",
            "iptables -t nat -D POSTROUTING -s {A1} -j SNAT --to-source 10.10.1.200"
        ),
        ("iptables-legacy -I FORWARD -d {A1} -j DROP", "iptables-legacy -D FORWARD -d {A1} -j DROP"),
        ("sysctl -qw net.bridge.bridge-nf-call-iptables=0", "sysctl -qw net.bridge.bridge-nf-call-iptables=1"),
        (
            "ovs-vsctl clear port qvo{P1} tag && ovs-vsctl set port qvo{P1} trunks=1,2",
            "ovs-vsctl clear port qvo{P1} trunks && ovs-vsctl set port qvo{P1} tag=1"
        ),
        (
            "ovs-ofctl add-flow br-int priority=200,tcp,tp_dst=80,actions=drop",
            "ovs-ofctl --strict del-flows br-int priority=200,tcp,tp_dst=80"
        ),
        ("ovs-ofctl mod-port br-ex phy-br-ex no-forward", "ovs-ofctl mod-port br-ex phy-br-ex forward"),
        ("{R} sysctl -qw net.ipv4.conf.{QG}.forwarding=0", "{R} sysctl -qw net.ipv4.conf.{QG}.forwarding=1"),
        ("{R} ip link set {QR} mtu 1300", "{R} ip link set {QR} mtu 1450"),
        ("{R} ip route add default via {GW} metric 5 mtu lock 1300", "{R} ip route del default metric 5"),
        ("{R} ip rule add ipproto tcp dport 80 prio 100 blackhole", "{R} ip rule del prio 100"),
        (
            "{R} iptables -I FORWARD -i {QR} -p tcp -j REJECT --reject-with tcp-reset",
            "{R} iptables -D FORWARD -i {QR} -p tcp -j REJECT --reject-with tcp-reset"
        ),
        (
            "{R} iptables -t nat -I PREROUTING -d {INET} -p icmp -j DNAT --to-destination {GW}",
            "{R} iptables -t nat -D PREROUTING -d {INET} -p icmp -j DNAT --to-destination {GW}"
        ),
        (
            "{R} iptables -t mangle -I PREROUTING -i {QG} -j TTL --ttl-set 1",
            "{R} iptables -t mangle -D PREROUTING -i {QG} -j TTL --ttl-set 1"
        ),
        ("{R} iptables -t raw -I PREROUTING -i {QR} -j CT --zone 5", "{R} iptables -t raw -D PREROUTING -i {QR} -j CT --zone 5"),
        (
            "{R} iptables -I FORWARD -m conntrack --ctstate ESTABLISHED -j DROP",
            "{R} iptables -D FORWARD -m conntrack --ctstate ESTABLISHED -j DROP"
        ),
    ];

    public static readonly (string Do, string Undo)[] HostNat =
    [
        ("ip link set eth0 mtu 1300", "ip link set eth0 mtu 1500"),
        ("sysctl -qw net.ipv4.conf.eth0.forwarding=0", "sysctl -qw net.ipv4.conf.eth0.forwarding=1"),
        ("sysctl -qw net.ipv4.conf.all.rp_filter=1", "sysctl -qw net.ipv4.conf.all.rp_filter=0"),
        ("ip route add throw 198.51.100.0/24", "ip route del throw 198.51.100.0/24"),
        ("ip route add 198.51.100.0/24 via 172.24.4.1 src 192.168.100.1", "ip route del 198.51.100.0/24"),
        (
            "ip rule add iif br-ex prio 50 table 60 && ip route add default via 172.24.5.1 dev eth1 table 60",
            "ip rule del prio 50 && ip route flush table 60"
        ),
        (
            "ip rule add fwmark 0x5 prio 50 blackhole && iptables -t mangle -A PREROUTING -i br-ex -p tcp -j MARK --set-mark 5",
            "ip rule del prio 50 && iptables -t mangle -D PREROUTING -i br-ex -p tcp -j MARK --set-mark 5"
        ),
        ("iptables -A FORWARD -i br-ex ! -o eth0 -j DROP", "iptables -D FORWARD -i br-ex ! -o eth0 -j DROP"),
        (
            "iptables -I FORWARD -o br-ex -m conntrack ! --ctstate ESTABLISHED,RELATED -j DROP",
            "iptables -D FORWARD -o br-ex -m conntrack ! --ctstate ESTABLISHED,RELATED -j DROP"
        ),
        ("iptables -t nat -I POSTROUTING -d 198.51.100.0/24 -j RETURN", "iptables -t nat -D POSTROUTING -d 198.51.100.0/24 -j RETURN"),
        (
            "iptables -t nat -R POSTROUTING 1 -s 192.168.100.0/24 -o eth+ -j MASQUERADE",
            "iptables -t nat -R POSTROUTING 1 -s 192.168.100.0/24 -o eth0 -j MASQUERADE"
        ),
        (
            "iptables -t nat -R POSTROUTING 1 -s 192.168.100.0/24 -p icmp -j MASQUERADE",
            "iptables -t nat -R POSTROUTING 1 -s 192.168.100.0/24 -o eth0 -j MASQUERADE"
        ),
        ("iptables -t mangle -A POSTROUTING -o eth0 -j DROP", "iptables -t mangle -D POSTROUTING -o eth0 -j DROP"),
        (
            "iptables-legacy -t nat -A POSTROUTING -s 192.168.100.0/24 -o eth0 -j ACCEPT",
            "iptables-legacy -t nat -D POSTROUTING -s 192.168.100.0/24 -o eth0 -j ACCEPT"
        ),
        (
            "nft add table inet f && nft add chain inet f i { type filter hook forward priority -5 ; } && nft add rule inet f i iifname br-ex meta l4proto icmp counter drop",
            "nft delete table inet f"
        ),
        ("iptables -I FORWARD -m addrtype --dst-type LOCAL -j DROP", "iptables -D FORWARD -m addrtype --dst-type LOCAL -j DROP"),
        ("iptables -I FORWARD -m ttl --ttl-lt 64 -j DROP", "iptables -D FORWARD -m ttl --ttl-lt 64 -j DROP"),
        ("ovs-vsctl set port int-br-ex tag=1", "ovs-vsctl clear port int-br-ex tag"),
        ("ovs-ofctl mod-port br-int int-br-ex no-flood", "ovs-ofctl mod-port br-int int-br-ex flood"),
        (
            "ovs-ofctl add-flow br-ex priority=300,dl_dst={M1},actions=mod_dl_dst:02:00:00:00:00:07,NORMAL",
            "ovs-ofctl --strict del-flows br-ex priority=300,dl_dst={M1}"
        ),
    ];
}
