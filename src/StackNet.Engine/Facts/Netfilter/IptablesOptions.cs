using System.Collections.Frozen;

namespace StackNet.Engine.Facts.Netfilter;

/// <summary>
/// The options of every match and target of iptables 1.8 with the number of values each takes (iptables-extensions(8)). What is not
/// here is kept as raw text by the parser.
/// </summary>
internal static class IptablesOptions
{
    private static readonly FrozenDictionary<string, FrozenDictionary<string, int>> Matches = Read(
        """
        addrtype: src-type dst-type limit-iface-in:0 limit-iface-out:0
        ah: ahspi ahlen ahres:0
        bpf: bytecode object-pinned
        cgroup: cgroup path
        cluster: cluster-total-nodes cluster-local-node cluster-local-nodemask cluster-hash-seed
        comment: comment
        connbytes: connbytes connbytes-dir connbytes-mode
        connlabel: label set:0
        connlimit: connlimit-upto connlimit-above connlimit-mask connlimit-saddr:0 connlimit-daddr:0
        connmark: mark
        conntrack: ctstate ctproto ctorigsrc ctorigdst ctreplsrc ctrepldst ctorigsrcport ctorigdstport ctreplsrcport ctrepldstport ctstatus ctexpire ctdir
        cpu: cpu
        dccp: sport dport source-port destination-port dccp-types dccp-option
        devgroup: src-group dst-group
        dscp: dscp dscp-class
        dst: dst-len dst-opts
        ecn: ecn-tcp-cwr:0 ecn-tcp-ece:0 ecn-ip-ect
        esp: espspi
        eui64:
        frag: fragid fraglen fragres:0 fragfirst:0 fragmore:0 fraglast:0
        hashlimit: hashlimit-upto hashlimit-above hashlimit hashlimit-burst hashlimit-mode hashlimit-name hashlimit-htable-size hashlimit-htable-max hashlimit-htable-expire hashlimit-htable-gcinterval hashlimit-srcmask hashlimit-dstmask hashlimit-rate-match:0 hashlimit-rate-interval
        hbh: hbh-len hbh-opts
        helper: helper
        hl: hl-eq hl-lt hl-gt
        icmp: icmp-type
        icmp6: icmpv6-type
        iprange: src-range dst-range
        ipcomp: ipcompspi compres:0
        ipv6header: header soft:0
        ipvs: ipvs:0 vproto vaddr vport vdir vmethod vportctl
        length: length
        limit: limit limit-burst
        mac: mac-source
        mark: mark
        mh: mh-type
        multiport: sports dports ports source-ports destination-ports
        nfacct: nfacct-name
        osf: genre ttl log
        owner: uid-owner gid-owner pid-owner sid-owner cmd-owner socket-exists:0 suppl-groups:0
        physdev: physdev-in physdev-out physdev-is-in:0 physdev-is-out:0 physdev-is-bridged:0
        pkttype: pkt-type
        policy: dir pol strict:0 reqid spi proto mode tunnel-src tunnel-dst next:0
        quota: quota
        rateest: rateest rateest-delta:0 rateest1 rateest2 rateest-bps1 rateest-bps2 rateest-pps1 rateest-pps2 rateest-bps rateest-pps rateest-lt:0 rateest-gt:0 rateest-eq:0
        realm: realm
        recent: set:0 rcheck:0 update:0 remove:0 seconds reap:0 hitcount rttl:0 name rsource:0 rdest:0 mask
        rpfilter: loose:0 validmark:0 accept-local:0 invert:0
        rt: rt-type rt-segsleft rt-len rt-0-res:0 rt-0-addrs rt-0-not-strict:0
        sctp: sport dport source-port destination-port chunk-types:2
        set: match-set:2 set:2 return-nomatch:0 update-counters:0 update-subcounters:0 packets-eq packets-lt packets-gt bytes-eq bytes-lt bytes-gt
        socket: transparent:0 nowildcard:0 restore-skmark:0
        srh: srh-next-hdr srh-hdr-len-eq srh-hdr-len-gt srh-hdr-len-lt srh-segs-left-eq srh-segs-left-gt srh-segs-left-lt srh-last-entry-eq srh-last-entry-gt srh-last-entry-lt srh-tag srh-psid srh-nsid srh-lsid
        state: state
        statistic: mode probability every packet
        string: algo from to string hex-string icase:0
        tcp: sport dport source-port destination-port tcp-flags:2 syn:0 tcp-option
        tcpmss: mss
        time: timestart timestop datestart datestop monthdays weekdays utc:0 kerneltz:0 localtz:0 contiguous:0
        tos: tos
        ttl: ttl-eq ttl-lt ttl-gt ttl
        u32: u32
        udp: sport dport source-port destination-port
        unclean:
        """
    );

    private static readonly FrozenDictionary<string, FrozenDictionary<string, int>> Targets = Read(
        """
        ACCEPT:
        AUDIT: type
        CHECKSUM: checksum-fill:0
        CLASSIFY: set-class
        CLUSTERIP: new:0 hashmode clustermac total-nodes local-node hash-init
        CONNMARK: set-xmark set-mark and-mark or-mark xor-mark save-mark:0 restore-mark:0 nfmask ctmask mask left-shift-mark right-shift-mark
        CONNSECMARK: save:0 restore:0
        CT: notrack:0 helper ctevents expevents zone zone-orig zone-reply timeout
        DNAT: to-destination random:0 persistent:0
        DNPT: src-pfx dst-pfx
        DROP:
        DSCP: set-dscp set-dscp-class
        ECN: ecn-tcp-remove:0 ecn-tcp-cwr ecn-tcp-ece ecn-ip-ect
        HL: hl-set hl-dec hl-inc
        HMARK: hmark-tuple hmark-mod hmark-offset hmark-src-prefix hmark-dst-prefix hmark-sport-mask hmark-dport-mask hmark-spi-mask hmark-rnd hmark-proto-mask hmark-sport hmark-dport hmark-spi
        IDLETIMER: timeout label alarm:0 send_nl_msg:0
        LED: led-trigger-id led-delay led-always-blink:0
        LOG: log-level log-prefix log-tcp-sequence:0 log-tcp-options:0 log-ip-options:0 log-uid:0 log-macdecode:0
        MARK: set-xmark set-mark and-mark or-mark xor-mark
        MASQUERADE: to-ports random:0 random-fully:0
        MIRROR:
        NETMAP: to
        NFLOG: nflog-group nflog-prefix nflog-range nflog-size nflog-threshold
        NFQUEUE: queue-num queue-balance queue-bypass:0 queue-cpu-fanout:0
        NOTRACK:
        QUEUE:
        RATEEST: rateest-name rateest-interval rateest-ewmalog
        REDIRECT: to-ports to-port random:0 random-fully:0
        REJECT: reject-with
        RETURN:
        SECMARK: selctx
        SET: add-set:2 del-set:2 map-set:2 timeout exist:0 map-mark:0 map-prio:0 map-queue:0
        SNAT: to-source random:0 random-fully:0 persistent:0
        SNPT: src-pfx dst-pfx
        SYNPROXY: mss wscale sack-perm:0 timestamp:0 ecn:0
        TCPMSS: set-mss clamp-mss-to-pmtu:0
        TCPOPTSTRIP: strip-options
        TEE: gateway oif
        TOS: set-tos and-tos or-tos xor-tos
        TPROXY: on-port on-ip tproxy-mark
        TRACE:
        TTL: ttl-set ttl-dec ttl-inc
        ULOG: ulog-nlgroup ulog-prefix ulog-cprange ulog-qthreshold
        """
    );

    /// <summary>True for a match module whose options are known.</summary>
    public static bool IsMatch(string module) => Matches.ContainsKey(Canonical(module));

    /// <summary>True for a target that is not a user chain.</summary>
    public static bool IsTarget(string name) => Targets.ContainsKey(name);

    /// <summary>Number of values of a match's option, -1 when the module has no such option.</summary>
    public static int MatchArity(string module, string option) =>
        Matches.TryGetValue(Canonical(module), out FrozenDictionary<string, int>? options) && options.TryGetValue(option, out int count)
            ? count
            : -1;

    /// <summary>Number of values of a target's option, -1 when it has no such option.</summary>
    public static int TargetArity(string target, string option) =>
        Targets.TryGetValue(target, out FrozenDictionary<string, int>? options) && options.TryGetValue(option, out int count) ? count : -1;

    /// <summary>The name a module is known by, e.g. icmp6 for ipv6-icmp.</summary>
    public static string Canonical(string module) =>
        module switch
        {
            "ipv6-icmp" or "icmpv6" => "icmp6",
            "mobility-header" or "ipv6-mh" => "mh",
            _ => module,
        };

    private static FrozenDictionary<string, FrozenDictionary<string, int>> Read(string text)
    {
        Dictionary<string, FrozenDictionary<string, int>> modules = [];
        foreach (string line in text.Split('\n', StringSplitOptions.RemoveEmptyEntries))
        {
            int colon = line.IndexOf(':', StringComparison.Ordinal);
            Dictionary<string, int> options = [];
            foreach (string word in line[(colon + 1)..].Split(' ', StringSplitOptions.RemoveEmptyEntries))
            {
                int mark = word.IndexOf(':', StringComparison.Ordinal);
                options[mark < 0 ? word : word[..mark]] = mark < 0 ? 1 : word[mark + 1] - '0';
            }
            modules[line[..colon]] = options.ToFrozenDictionary(StringComparer.Ordinal);
        }
        return modules.ToFrozenDictionary(StringComparer.Ordinal);
    }
}
