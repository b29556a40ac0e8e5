using StackNet.Engine.Facts;
using StackNet.Engine.Facts.Netfilter;
using StackNet.Engine.Walk.Conntrack;

namespace StackNet.Engine.Walk.Netfilter;

internal sealed partial class IptablesCompiler
{
    // Chance, time, history or content that the walk does not hold.
    private static readonly Matcher Undecided = static _ => Answer.Maybe;

    private void AddMatch(IptablesModule module, IptablesRuleSpec spec, List<Matcher> matchers)
    {
        switch (module.Name)
        {
            case "comment":
                return;
            case "tcp" or "udp" or "udplite" or "sctp" or "dccp":
                AddPorts(module, matchers);
                return;
            case "conntrack":
                matchers.Add(ConntrackMatch(module));
                return;
            case "physdev":
                matchers.Add(Physdev(module));
                return;
            case "policy":
                // No transformation policy is modelled, so packets are plain: only "none" holds (xt_policy without a secpath).
                matchers.Add(module.Value("pol") == "none" ? static _ => Answer.Yes : static _ => Answer.No);
                return;
            case "addrtype":
                AddAddrtype(module, matchers);
                return;
            case "rpfilter":
                matchers.Add(ReversePathMatch(module));
                return;
            case "statistic":
                matchers.Add(Statistic(module));
                return;
            case "recent":
                // --set always matches, whatever it writes down; the other kinds ask the past.
                bool sets = module.Has("set");
                bool turned = module.Options.Any(static option => option.Negated);
                matchers.Add(sets ? _ => Is(!turned) : Undecided);
                return;
            case "nfacct":
                return;
            case "eui64":
                matchers.Add(Eui64);
                return;
            case "frag":
                // The fragment header of IPv6: a whole packet has none.
                matchers.Add(static run => run.Packet.IsFragment ? Answer.Maybe : Answer.No);
                return;
            case "dst" or "hbh" or "rt" or "srh" or "mh":
                // Extension headers: the packets that are walked have none.
                byte header = module.Name == "mh" ? (byte)135 : (byte)0;
                matchers.Add(run => header != 0 && run.Packet.Protocol == header ? Answer.Maybe : Answer.No);
                return;
            case "unclean":
                matchers.Add(Undecided);
                return;
            case "string":
                matchers.Add(ByteTests.Text(module));
                return;
            case "connbytes":
                matchers.Add(ConnectionBytes(module));
                return;
            case "connlimit":
                matchers.Add(ConnectionLimit(module));
                return;
            case "quota":
                // What is left of a quota is not printed; one of nothing is always used up.
                bool isLeft = module.Value("quota") != "0";
                bool isTurned = module.Option("quota")?.Negated == true;
                matchers.Add(isLeft ? Undecided : _ => Is(isTurned));
                return;
            case "devgroup":
                AddDeviceGroups(module, matchers);
                return;
            case "owner" or "cgroup":
                AddOwner(module, matchers);
                return;
        }
        int before = matchers.Count;
        foreach (IptablesOption option in module.Options)
        {
            if (Simple(module, option, spec) is { } matcher)
                matchers.Add(matcher);
        }
        // A module that is known by name only (limit, hashlimit, u32, bpf …).
        if (matchers.Count == before && NeedsAnswer(module.Name))
            matchers.Add(Undecided);
    }

    private static bool NeedsAnswer(string module) =>
        module
            is "bpf"
                or "cluster"
                or "cpu"
                or "hashlimit"
                or "ipvs"
                or "limit"
                or "osf"
                or "rateest"
                or "time"
                or "socket"
                or "esp"
                or "ah"
                or "ipcomp"
                or "ipv6header";

    private Matcher? Simple(IptablesModule module, IptablesOption option, IptablesRuleSpec spec)
    {
        bool not = option.Negated;
        switch (module.Name, option.Name)
        {
            case ("state", "state"):
                return States(option.First, not);
            case ("icmp", "icmp-type"):
                return Icmp(IcmpTypes.Find4(option.First), IpProtocols.Icmp, not);
            case ("icmp6", "icmpv6-type"):
                return Icmp(IcmpTypes.Find6(option.First), IpProtocols.Icmp6, not);
            case ("mac", "mac-source"):
                return Mac.TryParse(option.First, out Mac mac) ? run => MacMatch(run, mac, not) : Undecided;
            case ("mark", "mark"):
                return Numbers.TryParseMasked(option.First, out uint mark, out uint mask)
                    ? run => Is((run.Packet.Mark & mask) == mark != not)
                    : Undecided;
            case ("connmark", "mark"):
                return Numbers.TryParseMasked(option.First, out uint value, out uint bits)
                    ? run =>
                        run.Packet.Conntrack.Entry is not null || run.Packet.HasTemplate
                            ? Is((Asked(run).Mark & bits) == value != not)
                            : Answer.No
                    : Undecided;
            case ("connlabel", "label"):
                return ConnectionLabel(option.First, not);
            case ("multiport", _):
                return Multiport(option, not);
            case ("set", "match-set" or "set"):
                return SetMatch(module, option);
            case ("set", _):
                return null;
            case ("iprange", "src-range" or "dst-range"):
                return AddressRange(option, not);
            case ("length", "length"):
                return Range(option, 65535, static run => (uint)run.Packet.Length);
            case ("ttl" or "hl", _):
                return Lifetime(option);
            case ("tos", "tos"):
                return Numbers.TryParseMasked(TosNames.Find(option.First), out uint tos, out uint tosMask)
                    ? run => Is((run.Packet.Tos & (byte)tosMask) == (byte)tos != not)
                    : Undecided;
            case ("dscp", "dscp"):
                return Numbers.TryParse(option.First, out uint dscp) ? run => Is(run.Packet.Tos >> 2 == dscp != not) : Undecided;
            case ("dscp", "dscp-class"):
                return TosNames.FindClass(option.First) is { } code ? run => Is(run.Packet.Tos >> 2 == code != not) : Undecided;
            case ("ecn", "ecn-ip-ect"):
                return Numbers.TryParse(option.First, out uint ect) ? run => Is((run.Packet.Tos & 3) == ect != not) : Undecided;
            case ("ecn", "ecn-tcp-cwr"):
                return run => Is(run.Packet.TcpFlags.HasFlag(TcpFlags.Cwr) != not);
            case ("ecn", "ecn-tcp-ece"):
                return run => Is(run.Packet.TcpFlags.HasFlag(TcpFlags.Ece) != not);
            case ("tcpmss", "mss"):
                return Mss(option);
            case ("pkttype", "pkt-type"):
                return PacketTypeMatch(option.First, not);
            case ("helper", "helper"):
                return Helper(option.First, not);
            case ("u32", "u32"):
                return ByteTests.U32(option.First, not);
            case ("realm", "realm"):
                return Realm(option.First, not);
            case ("osf", _):
                // Only the first segment of a connection shows who sent it.
                return option.Name == "genre" ? static run => run.Packet.TcpFlags.HasFlag(TcpFlags.Syn) ? Answer.Maybe : Answer.No : null;
            case ("esp", "espspi"):
                return run => run.Packet.Protocol == IpProtocols.Esp ? Answer.Maybe : Answer.No;
            case ("ah", _):
                return run => run.Packet.Protocol == IpProtocols.Ah ? Answer.Maybe : Answer.No;
            case ("ipcomp", _):
                return run => run.Packet.Protocol == 108 ? Answer.Maybe : Answer.No;
            case ("limit" or "time" or "hashlimit", _):
                return null;
            default:
                _ = spec;
                return Undecided;
        }
    }

    private static Answer MacMatch(HookRun run, Mac mac, bool not)
    {
        // Only a packet that came in over Ethernet has a source address to look at.
        if (run.Context.IsLocalOut || run.Context.InDevice is { LinkType: not "ether" })
            return Answer.No;
        return Is(run.Packet.SourceMac == mac != not);
    }

    private static Answer Eui64(HookRun run)
    {
        Packet packet = run.Packet;
        if (!packet.Source.IsV6)
            return Answer.No;
        ulong mac = packet.SourceMac.Value;
        ulong expected = ((mac >> 24 ^ 0x02_00_00) << 40) | 0xff_fe00_0000 | (mac & 0xff_ffff);
        return Is((ulong)packet.Source.Value == expected);
    }

    private static Matcher Statistic(IptablesModule module)
    {
        if (
            module.Value("probability") is { } text
            && double.TryParse(text, System.Globalization.CultureInfo.InvariantCulture, out double p)
        )
        {
            bool not = module.Option("probability")!.Negated;
            if (p <= 0)
                return _ => Is(not);
            if (p >= 1)
                return _ => Is(!not);
        }
        // Every first packet of one.
        if (module.Value("every") == "1")
            return static _ => Answer.Yes;
        return Undecided;
    }

    private static void AddOwner(IptablesModule module, List<Matcher> matchers)
    {
        bool allNegated = module.Options.All(static option => option.Negated);
        bool isCgroup = module.Name == "cgroup";
        // Without a socket no option holds, so only a rule that negates each of its options matches (owner_mt); cgroup never does.
        matchers.Add(run => run.Context.IsLocalOut ? Answer.Maybe : Is(allNegated && !isCgroup));
    }

    private static Matcher Range(IptablesOption option, uint top, Func<HookRun, uint> field)
    {
        bool not = option.Negated;
        return Numbers.TryParseRange(option.First, top, out uint low, out uint high)
            ? run => Is((field(run) >= low && field(run) <= high) != not)
            : Undecided;
    }

    private static Matcher Mss(IptablesOption option)
    {
        bool not = option.Negated;
        if (!Numbers.TryParseRange(option.First, 65535, out uint low, out uint high))
            return Undecided;
        return run =>
            run.Packet.FragmentOffset != 0 ? Answer.Maybe
            : run.Packet.TcpMss is { } mss ? Is((mss >= low && mss <= high) != not)
            : Is(not);
    }

    private static Matcher Lifetime(IptablesOption option)
    {
        bool not = option.Negated;
        if (!Numbers.TryParse(option.First, out uint value))
            return Undecided;
        return option.Name switch
        {
            "ttl-lt" or "hl-lt" => run => Is(run.Packet.Ttl < value),
            "ttl-gt" or "hl-gt" => run => Is(run.Packet.Ttl > value),
            _ => run => Is(run.Packet.Ttl == value != not),
        };
    }

    private static Matcher Helper(string name, bool not) =>
        run =>
        {
            // xt_helper looks at the helper of the connection that expected this one.
            if (run.Packet.Conntrack.Entry is not { Master: { } master })
                return Is(not);
            return Is((name.Length == 0 || master.Helper == name) != not);
        };

    private static Matcher ConnectionLabel(string text, bool not)
    {
        if (!Numbers.TryParse(text, out uint bit) || bit > 127)
            return Undecided;
        return run => Is((run.Packet.Conntrack.Entry is { } entry && (entry.Label >> (int)bit & 1) == 1) != not);
    }

    private static Matcher PacketTypeMatch(string text, bool not)
    {
        PacketType? type = text.ToLowerInvariant() switch
        {
            "unicast" or "host" or "0" => PacketType.Host,
            "broadcast" or "1" => PacketType.Broadcast,
            "multicast" or "2" => PacketType.Multicast,
            "otherhost" or "3" => PacketType.OtherHost,
            _ => null,
        };
        return type is { } wanted ? run => Is(run.Packet.Type == wanted != not) : Undecided;
    }
}
