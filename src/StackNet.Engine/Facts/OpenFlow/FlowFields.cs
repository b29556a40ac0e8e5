using System.Collections.Frozen;

namespace StackNet.Engine.Facts.OpenFlow;

/// <summary>Every field by each of its names: ovs-ofctl's, the older spelling, and the NXM and OXM names (ovs-fields(7)).</summary>
internal static class FlowFields
{
    private static readonly FrozenDictionary<string, FlowField> ByName = Build().ToFrozenDictionary(StringComparer.OrdinalIgnoreCase);

    public static FlowField InPort { get; } = ByName["in_port"];
    public static FlowField ConjId { get; } = ByName["conj_id"];
    public static FlowField CtMark { get; } = ByName["ct_mark"];
    public static FlowField CtLabel { get; } = ByName["ct_label"];
    public static FlowField EthSource { get; } = ByName["eth_src"];
    public static FlowField EthDestination { get; } = ByName["eth_dst"];
    public static FlowField EthType { get; } = ByName["eth_type"];
    public static FlowField Protocol { get; } = ByName["nw_proto"];
    public static FlowField TunId { get; } = ByName["tun_id"];

    public static FlowField? Find(string name) => ByName.GetValueOrDefault(name);

    public static FlowField? Find(ReadOnlySpan<char> name) =>
        ByName.GetAlternateLookup<ReadOnlySpan<char>>().TryGetValue(name, out FlowField? field) ? field : null;

    /// <summary>Names that belong to Open vSwitch but are not modelled (NSH and tunnel options beyond the ones kept): never an ordinary packet's.</summary>
    public static bool IsNsh(ReadOnlySpan<char> name) =>
        name.StartsWith("nsh_") || name.StartsWith("nshc") || name is "nsp" or "nsi" || name.StartsWith("NXOXM_NSH_");

    private static Dictionary<string, FlowField> Build()
    {
        Dictionary<string, FlowField> fields = new(StringComparer.OrdinalIgnoreCase);
        Tunnel(fields);
        Pipeline(fields);
        Connection(fields);
        Link(fields);
        Network(fields);
        Transport(fields);
        return fields;
    }

    private static void Add(
        Dictionary<string, FlowField> fields,
        int word,
        int shift,
        int bits,
        FlowPrerequisite prerequisite,
        FlowForm form,
        params ReadOnlySpan<string> names
    )
    {
        FlowField field = new(names[0], word, shift, bits, prerequisite, form);
        foreach (string name in names)
            fields[name] = field;
    }

    private static void Tunnel(Dictionary<string, FlowField> f)
    {
        const FlowPrerequisite none = FlowPrerequisite.None;
        Add(f, FlowKey.TunId, 0, 64, none, FlowForm.Number, "tun_id", "tunnel_id", "NXM_NX_TUN_ID", "OXM_OF_TUNNEL_ID");
        Add(f, FlowKey.TunIp4, 32, 32, none, FlowForm.Ip4, "tun_src", "NXM_NX_TUN_IPV4_SRC");
        Add(f, FlowKey.TunIp4, 0, 32, none, FlowForm.Ip4, "tun_dst", "NXM_NX_TUN_IPV4_DST");
        Add(f, FlowKey.TunIp6Source, 0, 128, none, FlowForm.Ip6, "tun_ipv6_src", "NXM_NX_TUN_IPV6_SRC");
        Add(f, FlowKey.TunIp6Destination, 0, 128, none, FlowForm.Ip6, "tun_ipv6_dst", "NXM_NX_TUN_IPV6_DST");
        Add(f, FlowKey.TunFlags, 48, 16, none, FlowForm.TunFlags, "tun_flags", "NXM_NX_TUN_FLAGS");
        Add(f, FlowKey.TunFlags, 32, 16, none, FlowForm.Number, "tun_gbp_id", "NXM_NX_TUN_GBP_ID");
        Add(f, FlowKey.TunFlags, 24, 8, none, FlowForm.Number, "tun_gbp_flags", "NXM_NX_TUN_GBP_FLAGS");
        Add(f, FlowKey.TunFlags, 16, 8, none, FlowForm.Number, "tun_tos");
        Add(f, FlowKey.TunFlags, 8, 8, none, FlowForm.Number, "tun_ttl");
        Add(f, FlowKey.TunOther, 40, 20, none, FlowForm.Number, "tun_erspan_idx", "NXOXM_ET_ERSPAN_IDX");
        Add(f, FlowKey.TunOther, 36, 4, none, FlowForm.Number, "tun_erspan_ver", "NXOXM_ET_ERSPAN_VER");
        Add(f, FlowKey.TunOther, 35, 1, none, FlowForm.Number, "tun_erspan_dir", "NXOXM_ET_ERSPAN_DIR");
        Add(f, FlowKey.TunOther, 24, 6, none, FlowForm.Number, "tun_erspan_hwid", "NXOXM_ET_ERSPAN_HWID");
        Add(f, FlowKey.TunOther, 8, 8, none, FlowForm.Number, "tun_gtpu_flags", "NXOXM_ET_GTPU_FLAGS");
        Add(f, FlowKey.TunOther, 0, 8, none, FlowForm.Number, "tun_gtpu_msgtype", "NXOXM_ET_GTPU_MSGTYPE");
        for (int i = 0; i < FlowKey.TunMetadataCount; i++)
            Add(f, FlowKey.TunMetadata + (2 * i), 0, 128, none, FlowForm.Number, $"tun_metadata{i}", $"NXM_NX_TUN_METADATA{i}");
    }

    private static void Pipeline(Dictionary<string, FlowField> f)
    {
        const FlowPrerequisite none = FlowPrerequisite.None;
        Add(f, FlowKey.Metadata, 0, 64, none, FlowForm.Number, "metadata", "OXM_OF_METADATA");
        // OpenFlow 1.1 numbers ports in 32 bits, but the reserved ones differ from the 16-bit numbers only in the upper half.
        Add(f, FlowKey.Ports, 48, 16, none, FlowForm.Port, "in_port", "in_port_oxm", "NXM_OF_IN_PORT", "OXM_OF_IN_PORT");
        Add(f, FlowKey.Ports, 32, 16, none, FlowForm.Port, "actset_output", "ONFOXM_ET_ACTSET_OUTPUT", "OXM_OF_ACTSET_OUTPUT");
        Add(f, FlowKey.Ports, 0, 32, none, FlowForm.Number, "pkt_mark", "NXM_NX_PKT_MARK");
        Add(f, FlowKey.Hash, 32, 32, none, FlowForm.Number, "skb_priority");
        Add(f, FlowKey.Hash, 0, 32, none, FlowForm.Number, "dp_hash", "NXM_NX_DP_HASH", "NXOXM_ET_DP_HASH");
        Add(f, FlowKey.Recirculation, 32, 32, none, FlowForm.Number, "recirc_id", "NXM_NX_RECIRC_ID");
        Add(f, FlowKey.Recirculation, 0, 32, none, FlowForm.Number, "conj_id", "NXM_NX_CONJ_ID");
        for (int i = 0; i < 32; i++)
        {
            int shift = i % 2 == 0 ? 32 : 0;
            string name = i < 16 ? $"NXM_NX_REG{i}" : $"NXOXM_ET_REG{i}";
            Add(f, FlowKey.Registers + (i / 2), shift, 32, none, FlowForm.Number, $"reg{i}", name);
        }
        for (int i = 0; i < 16; i++)
            Add(f, FlowKey.Registers + i, 0, 64, none, FlowForm.Number, $"xreg{i}", $"OXM_OF_PKT_REG{i}");
        for (int i = 0; i < 8; i++)
            Add(f, FlowKey.Registers + (2 * i), 0, 128, none, FlowForm.Number, $"xxreg{i}", $"NXM_NX_XXREG{i}", $"NXOXM_ET_XXREG{i}");
    }

    private static void Connection(Dictionary<string, FlowField> f)
    {
        const FlowPrerequisite ct = FlowPrerequisite.Ct;
        Add(f, FlowKey.CtState, 32, 32, FlowPrerequisite.None, FlowForm.CtState, "ct_state", "NXM_NX_CT_STATE");
        Add(f, FlowKey.CtState, 0, 32, FlowPrerequisite.None, FlowForm.Number, "ct_mark", "NXM_NX_CT_MARK");
        Add(f, FlowKey.CtTuple, 48, 16, FlowPrerequisite.None, FlowForm.Number, "ct_zone", "NXM_NX_CT_ZONE");
        Add(f, FlowKey.CtTuple, 40, 8, ct, FlowForm.Number, "ct_nw_proto", "NXM_NX_CT_NW_PROTO");
        Add(f, FlowKey.CtTuple, 16, 16, ct, FlowForm.Number, "ct_tp_src", "NXM_NX_CT_TP_SRC");
        Add(f, FlowKey.CtTuple, 0, 16, ct, FlowForm.Number, "ct_tp_dst", "NXM_NX_CT_TP_DST");
        Add(f, FlowKey.CtLabel, 0, 128, FlowPrerequisite.None, FlowForm.Number, "ct_label", "NXM_NX_CT_LABEL");
        Add(f, FlowKey.CtIp4, 32, 32, ct, FlowForm.Ip4, "ct_nw_src", "NXM_NX_CT_NW_SRC");
        Add(f, FlowKey.CtIp4, 0, 32, ct, FlowForm.Ip4, "ct_nw_dst", "NXM_NX_CT_NW_DST");
        Add(f, FlowKey.CtIp6Source, 0, 128, ct, FlowForm.Ip6, "ct_ipv6_src", "NXM_NX_CT_IPV6_SRC");
        Add(f, FlowKey.CtIp6Destination, 0, 128, ct, FlowForm.Ip6, "ct_ipv6_dst", "NXM_NX_CT_IPV6_DST");
    }

    private static void Link(Dictionary<string, FlowField> f)
    {
        const FlowPrerequisite none = FlowPrerequisite.None;
        Add(f, FlowKey.Types, 32, 32, none, FlowForm.PacketType, "packet_type", "OXM_OF_PACKET_TYPE");
        Add(f, FlowKey.Types, 0, 16, none, FlowForm.Number, "eth_type", "dl_type", "NXM_OF_ETH_TYPE", "OXM_OF_ETH_TYPE");
        Add(f, FlowKey.EthSource, 0, 48, none, FlowForm.Mac, "eth_src", "dl_src", "NXM_OF_ETH_SRC", "OXM_OF_ETH_SRC");
        Add(f, FlowKey.EthDestination, 0, 48, none, FlowForm.Mac, "eth_dst", "dl_dst", "NXM_OF_ETH_DST", "OXM_OF_ETH_DST");
        Add(f, FlowKey.Vlans, 32, 16, none, FlowForm.VlanTci, "vlan_tci", "vlan_tci0", "NXM_OF_VLAN_TCI");
        Add(f, FlowKey.Vlans, 0, 16, none, FlowForm.VlanTci, "vlan_tci1");
        Add(f, FlowKey.Vlans, 32, 12, none, FlowForm.DlVlan, "dl_vlan");
        Add(f, FlowKey.Vlans, 0, 12, none, FlowForm.DlVlan, "dl_vlan1");
        Add(f, FlowKey.Vlans, 32, 13, FlowPrerequisite.Vlan, FlowForm.VlanVid, "vlan_vid", "OXM_OF_VLAN_VID");
        Add(f, FlowKey.Vlans, 45, 3, none, FlowForm.VlanPcp, "dl_vlan_pcp");
        Add(f, FlowKey.Vlans, 13, 3, none, FlowForm.VlanPcp, "dl_vlan_pcp1");
        Add(f, FlowKey.Vlans, 45, 3, FlowPrerequisite.Vlan, FlowForm.VlanPcp, "vlan_pcp", "OXM_OF_VLAN_PCP");
        const FlowPrerequisite mpls = FlowPrerequisite.Mpls;
        Add(f, FlowKey.Mpls, 44, 20, mpls, FlowForm.Number, "mpls_label", "OXM_OF_MPLS_LABEL");
        Add(f, FlowKey.Mpls, 41, 3, mpls, FlowForm.Number, "mpls_tc", "OXM_OF_MPLS_TC");
        Add(f, FlowKey.Mpls, 40, 1, mpls, FlowForm.Number, "mpls_bos", "OXM_OF_MPLS_BOS");
        Add(f, FlowKey.Mpls, 32, 8, mpls, FlowForm.Number, "mpls_ttl", "NXM_NX_MPLS_TTL");
        Add(f, FlowKey.Mpls, 0, 32, mpls, FlowForm.Number, "mpls_lse1");
        Add(f, FlowKey.Other, 32, 32, mpls, FlowForm.Number, "mpls_lse2");
        const FlowPrerequisite arp = FlowPrerequisite.Arp;
        Add(f, FlowKey.IpHeader, 32, 8, arp, FlowForm.Number, "arp_op", "NXM_OF_ARP_OP", "OXM_OF_ARP_OP");
        Add(f, FlowKey.Ip4, 32, 32, arp, FlowForm.Ip4, "arp_spa", "NXM_OF_ARP_SPA", "OXM_OF_ARP_SPA");
        Add(f, FlowKey.Ip4, 0, 32, arp, FlowForm.Ip4, "arp_tpa", "NXM_OF_ARP_TPA", "OXM_OF_ARP_TPA");
        Add(f, FlowKey.ArpSha, 0, 48, arp, FlowForm.Mac, "arp_sha", "NXM_NX_ARP_SHA", "OXM_OF_ARP_SHA");
        Add(f, FlowKey.ArpTha, 0, 48, arp, FlowForm.Mac, "arp_tha", "NXM_NX_ARP_THA", "OXM_OF_ARP_THA");
    }

    private static void Network(Dictionary<string, FlowField> f)
    {
        const FlowPrerequisite ip = FlowPrerequisite.Ip;
        Add(f, FlowKey.Ip4, 32, 32, FlowPrerequisite.Ip4, FlowForm.Ip4, "ip_src", "nw_src", "NXM_OF_IP_SRC", "OXM_OF_IPV4_SRC");
        Add(f, FlowKey.Ip4, 0, 32, FlowPrerequisite.Ip4, FlowForm.Ip4, "ip_dst", "nw_dst", "NXM_OF_IP_DST", "OXM_OF_IPV4_DST");
        const FlowPrerequisite ip6 = FlowPrerequisite.Ip6;
        Add(f, FlowKey.Ip6Source, 0, 128, ip6, FlowForm.Ip6, "ipv6_src", "NXM_NX_IPV6_SRC", "OXM_OF_IPV6_SRC");
        Add(f, FlowKey.Ip6Destination, 0, 128, ip6, FlowForm.Ip6, "ipv6_dst", "NXM_NX_IPV6_DST", "OXM_OF_IPV6_DST");
        Add(f, FlowKey.IpHeader, 40, 20, ip6, FlowForm.Number, "ipv6_label", "NXM_NX_IPV6_LABEL", "OXM_OF_IPV6_FLABEL");
        Add(f, FlowKey.IpHeader, 32, 8, ip, FlowForm.Number, "nw_proto", "ip_proto", "NXM_OF_IP_PROTO", "OXM_OF_IP_PROTO");
        Add(f, FlowKey.IpHeader, 24, 8, ip, FlowForm.Tos, "nw_tos", "NXM_OF_IP_TOS");
        Add(f, FlowKey.IpHeader, 26, 6, ip, FlowForm.Number, "ip_dscp", "OXM_OF_IP_DSCP");
        Add(f, FlowKey.IpHeader, 24, 2, ip, FlowForm.Number, "nw_ecn", "ip_ecn", "NXM_NX_IP_ECN", "OXM_OF_IP_ECN");
        Add(f, FlowKey.IpHeader, 16, 8, ip, FlowForm.Number, "nw_ttl", "ip_ttl", "NXM_NX_IP_TTL");
        Add(f, FlowKey.IpHeader, 8, 2, ip, FlowForm.Fragment, "ip_frag", "nw_frag", "NXM_NX_IP_FRAG");
        Add(f, FlowKey.NdTarget, 0, 128, FlowPrerequisite.Nd, FlowForm.Ip6, "nd_target", "NXM_NX_ND_TARGET", "OXM_OF_IPV6_ND_TARGET");
        Add(f, FlowKey.ArpSha, 0, 48, FlowPrerequisite.NdSolicit, FlowForm.Mac, "nd_sll", "NXM_NX_ND_SLL", "OXM_OF_IPV6_ND_SLL");
        Add(f, FlowKey.ArpTha, 0, 48, FlowPrerequisite.NdAdvert, FlowForm.Mac, "nd_tll", "NXM_NX_ND_TLL", "OXM_OF_IPV6_ND_TLL");
        Add(f, FlowKey.Other, 0, 32, FlowPrerequisite.Nd, FlowForm.Number, "nd_reserved", "ERICOXM_OF_ICMPV6_ND_RESERVED");
        Add(f, FlowKey.Transport, 16, 8, FlowPrerequisite.Nd, FlowForm.Number, "nd_options_type", "ERICOXM_OF_ICMPV6_ND_OPTIONS_TYPE");
    }

    private static void Transport(Dictionary<string, FlowField> f)
    {
        Add(f, FlowKey.Transport, 48, 16, FlowPrerequisite.Tcp, FlowForm.Number, "tcp_src", "NXM_OF_TCP_SRC", "OXM_OF_TCP_SRC");
        Add(f, FlowKey.Transport, 32, 16, FlowPrerequisite.Tcp, FlowForm.Number, "tcp_dst", "NXM_OF_TCP_DST", "OXM_OF_TCP_DST");
        Add(
            f,
            FlowKey.Transport,
            16,
            12,
            FlowPrerequisite.Tcp,
            FlowForm.TcpFlags,
            "tcp_flags",
            "NXM_NX_TCP_FLAGS",
            "ONFOXM_ET_TCP_FLAGS",
            "OXM_OF_TCP_FLAGS"
        );
        Add(f, FlowKey.Transport, 48, 16, FlowPrerequisite.Udp, FlowForm.Number, "udp_src", "NXM_OF_UDP_SRC", "OXM_OF_UDP_SRC");
        Add(f, FlowKey.Transport, 32, 16, FlowPrerequisite.Udp, FlowForm.Number, "udp_dst", "NXM_OF_UDP_DST", "OXM_OF_UDP_DST");
        Add(f, FlowKey.Transport, 48, 16, FlowPrerequisite.Sctp, FlowForm.Number, "sctp_src", "OXM_OF_SCTP_SRC");
        Add(f, FlowKey.Transport, 32, 16, FlowPrerequisite.Sctp, FlowForm.Number, "sctp_dst", "OXM_OF_SCTP_DST");
        // "tp_src" and "tp_dst" stand for whichever the match's protocol is.
        Add(f, FlowKey.Transport, 48, 16, FlowPrerequisite.Ip, FlowForm.Number, "tp_src");
        Add(f, FlowKey.Transport, 32, 16, FlowPrerequisite.Ip, FlowForm.Number, "tp_dst");
        // ICMP type and code live where the ports are; ovs-ofctl prints icmp_type for both versions.
        Add(f, FlowKey.Transport, 48, 8, FlowPrerequisite.Icmp4, FlowForm.Number, "icmp_type", "NXM_OF_ICMP_TYPE", "OXM_OF_ICMPV4_TYPE");
        Add(f, FlowKey.Transport, 32, 8, FlowPrerequisite.Icmp4, FlowForm.Number, "icmp_code", "NXM_OF_ICMP_CODE", "OXM_OF_ICMPV4_CODE");
        Add(
            f,
            FlowKey.Transport,
            48,
            8,
            FlowPrerequisite.Icmp6,
            FlowForm.Number,
            "icmpv6_type",
            "NXM_NX_ICMPV6_TYPE",
            "OXM_OF_ICMPV6_TYPE"
        );
        Add(
            f,
            FlowKey.Transport,
            32,
            8,
            FlowPrerequisite.Icmp6,
            FlowForm.Number,
            "icmpv6_code",
            "NXM_NX_ICMPV6_CODE",
            "OXM_OF_ICMPV6_CODE"
        );
    }
}
