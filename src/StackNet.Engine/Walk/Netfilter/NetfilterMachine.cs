using StackNet.Engine.Facts;
using StackNet.Engine.Walk.Conntrack;

namespace StackNet.Engine.Walk.Netfilter;

/// <summary>
/// The netfilter hooks of one network namespace: everything that iptables (both back ends), native nftables and connection tracking have
/// registered, in the order in which the kernel calls it. Compiled once from the facts, then a pure function of packet, surroundings and
/// connection table. Safe for use by several threads (each with its own packet and table).
/// </summary>
internal sealed partial class NetfilterMachine
{
    private NetfilterMachine(NamespaceFacts facts) => Facts = facts;

    public NamespaceFacts Facts { get; }

    /// <summary>Some rule needs connection tracking, so it is switched on in this namespace (nf_ct_netns_get).</summary>
    public bool TracksConnections { get; private init; }

    /// <summary>Compiles a namespace's rules; the parts are parsed when a hook first meets them.</summary>
    public static NetfilterMachine Compile(NamespaceFacts facts) => new(facts) { TracksConnections = true };

    /// <summary>A table with the namespace's connections and settings.</summary>
    public ConntrackTable NewTable()
    {
        ConntrackTable table = ConntrackTable.Load(Facts.Conntrack);
        table.TcpLoose = Facts.Sysctls?.GetValueOrDefault("net.netfilter.nf_conntrack_tcp_loose") != "0";
        table.TcpBeLiberal = Facts.Sysctls?.GetValueOrDefault("net.netfilter.nf_conntrack_tcp_be_liberal") == "1";
        table.VerifyChecksums = Facts.Sysctls?.GetValueOrDefault("net.netfilter.nf_conntrack_checksum") != "0";
        return table;
    }

    /// <summary>Runs one hook over the packet: it is changed in place when the result is Accept.</summary>
    public NetfilterResult Run(Packet packet, NetfilterContext context, ConntrackTable table)
    {
        if (TracksConnections && context.Family is NetfilterFamily.Ip4 or NetfilterFamily.Ip6)
        {
            if (context.Hook is NetfilterHook.Prerouting or NetfilterHook.Output)
                table.Track(packet, new TrackRequest(new ConntrackZone(packet.TemplateZone), context.Hook == NetfilterHook.Prerouting));
        }
        return new NetfilterResult(NetfilterVerdict.Unknown) { Unknown = "the rules of this namespace are not compiled" };
    }
}
