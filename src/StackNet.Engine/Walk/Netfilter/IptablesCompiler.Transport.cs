using StackNet.Engine.Facts;
using StackNet.Engine.Facts.Netfilter;
using StackNet.Engine.Walk.Conntrack;

namespace StackNet.Engine.Walk.Netfilter;

internal sealed partial class IptablesCompiler
{
    private void AddPorts(IptablesModule module, List<Matcher> matchers)
    {
        // A later fragment has no ports: the whole match fails, negated or not. The nft back end has turned it into plain loads that
        // read whatever stands there.
        bool reads = table.Family.EndsWith("-nft", StringComparison.Ordinal) && module.Options.Count > 0;
        if (reads)
            matchers.Add(static run => run.Packet.FragmentOffset == 0 ? Answer.Yes : Answer.Maybe);
        else
            matchers.Add(static run => Is(run.Packet.FragmentOffset == 0));
        foreach (IptablesOption option in module.Options)
        {
            switch (option.Name)
            {
                case "dport" or "destination-port":
                    matchers.Add(Port(option, static packet => packet.DestinationPort));
                    break;
                case "sport" or "source-port":
                    matchers.Add(Port(option, static packet => packet.SourcePort));
                    break;
                case "syn":
                    matchers.Add(TcpFlagsMatch(TcpFlags.Fin | TcpFlags.Syn | TcpFlags.Rst | TcpFlags.Ack, TcpFlags.Syn, option.Negated));
                    break;
                case "tcp-flags" when option.Values.Count == 2 && Flags(option.Values[0]) is { } mask && Flags(option.Values[1]) is { } set:
                    matchers.Add(TcpFlagsMatch(mask, set, option.Negated));
                    break;
                case "tcp-option":
                    bool not = option.Negated;
                    // Only the MSS option (kind 2) is held.
                    matchers.Add(option.First == "2" ? run => Is(run.Packet.TcpMss is not null != not) : Undecided);
                    break;
                default:
                    matchers.Add(Undecided);
                    break;
            }
        }
    }

    private static Matcher TcpFlagsMatch(TcpFlags mask, TcpFlags set, bool not) => run => Is((run.Packet.TcpFlags & mask) == set != not);

    private static TcpFlags? Flags(string text)
    {
        TcpFlags flags = TcpFlags.None;
        foreach (string name in text.Split(',', StringSplitOptions.RemoveEmptyEntries))
        {
            TcpFlags? flag = name.ToUpperInvariant() switch
            {
                "FIN" => TcpFlags.Fin,
                "SYN" => TcpFlags.Syn,
                "RST" => TcpFlags.Rst,
                "PSH" => TcpFlags.Psh,
                "ACK" => TcpFlags.Ack,
                "URG" => TcpFlags.Urg,
                "ALL" => TcpFlags.Fin | TcpFlags.Syn | TcpFlags.Rst | TcpFlags.Psh | TcpFlags.Ack | TcpFlags.Urg,
                "NONE" => TcpFlags.None,
                _ => null,
            };
            if (flag is null)
                return null;
            flags |= flag.Value;
        }
        return flags;
    }

    private static Matcher Port(IptablesOption option, Func<Packet, ushort> field)
    {
        bool not = option.Negated;
        if (!PortNames.TryParseRange(option.First, out ushort low, out ushort high))
            return Undecided;
        return run =>
        {
            ushort port = field(run.Packet);
            return Is((port >= low && port <= high) != not);
        };
    }

    private static Matcher Multiport(IptablesOption option, bool not)
    {
        List<(ushort Low, ushort High)> ranges = [];
        foreach (string part in option.First.Split(','))
        {
            if (!PortNames.TryParseRange(part, out ushort low, out ushort high))
                return Undecided;
            ranges.Add((low, high));
        }
        (ushort Low, ushort High)[] wanted = [.. ranges];
        bool source = option.Name is "sports" or "source-ports" or "ports";
        bool destination = option.Name is "dports" or "destination-ports" or "ports";
        return run =>
        {
            Packet packet = run.Packet;
            if (packet.FragmentOffset != 0)
                return Answer.No;
            bool found = false;
            foreach ((ushort low, ushort high) in wanted)
            {
                found |= source && packet.SourcePort >= low && packet.SourcePort <= high;
                found |= destination && packet.DestinationPort >= low && packet.DestinationPort <= high;
            }
            return Is(found != not);
        };
    }

    private static Matcher Icmp(IcmpMatch? wanted, byte protocol, bool not)
    {
        if (wanted is not { } match)
            return Undecided;
        return run =>
        {
            if (run.Packet.FragmentOffset != 0 || run.Packet.Protocol != protocol)
                return Answer.No;
            return Is(match.Covers(run.Packet.IcmpType, run.Packet.IcmpCode) != not);
        };
    }

    private static Matcher States(string text, bool not)
    {
        if (StateBits(text) is not { } wanted)
            return Undecided;
        return run => Is((wanted & StateOf(run.Packet)) != StateBit.None != not);
    }

    [Flags]
    private enum StateBit
    {
        None = 0,
        Invalid = 1,
        New = 2,
        Established = 4,
        Related = 8,
        Untracked = 16,
        SourceNat = 32,
        DestinationNat = 64,
    }

    private static StateBit StateOf(Packet packet)
    {
        StateBit bit = packet.Conntrack.Info switch
        {
            ConntrackInfo.New => StateBit.New,
            ConntrackInfo.Established or ConntrackInfo.EstablishedReply => StateBit.Established,
            ConntrackInfo.Related or ConntrackInfo.RelatedReply => StateBit.Related,
            ConntrackInfo.Untracked => StateBit.Untracked,
            // A packet that conntrack has not looked at has no connection either, which is what INVALID means; a template looks like a new one.
            _ => packet.HasTemplate ? StateBit.New : StateBit.Invalid,
        };
        if (packet.Conntrack.Entry is { } entry)
        {
            if (entry.SourceNat)
                bit |= StateBit.SourceNat;
            if (entry.DestinationNat)
                bit |= StateBit.DestinationNat;
        }
        return bit;
    }

    private static StateBit? StateBits(string text)
    {
        StateBit bits = StateBit.None;
        foreach (string name in text.Split(','))
        {
            StateBit? bit = name.ToUpperInvariant() switch
            {
                "INVALID" => StateBit.Invalid,
                "NEW" => StateBit.New,
                "ESTABLISHED" => StateBit.Established,
                "RELATED" => StateBit.Related,
                "UNTRACKED" => StateBit.Untracked,
                "SNAT" => StateBit.SourceNat,
                "DNAT" => StateBit.DestinationNat,
                _ => null,
            };
            if (bit is null)
                return null;
            bits |= bit.Value;
        }
        return bits;
    }

    // conntrack_mt: the state first; without a connection nothing else can be asked.
    private static Matcher ConntrackMatch(IptablesModule module)
    {
        Matcher? state = null;
        List<Matcher> others = [];
        foreach (IptablesOption option in module.Options)
        {
            if (option.Name == "ctstate")
                state = States(option.First, option.Negated);
            else
                others.Add(ConntrackField(option));
        }
        Matcher[] rest = [.. others];
        bool hasState = state is not null;
        return run =>
        {
            Answer answer = state?.Invoke(run) ?? Answer.Yes;
            if (answer == Answer.No)
                return Answer.No;
            if (run.Packet.Conntrack.Entry is null && !run.Packet.HasTemplate)
                return hasState ? answer : Answer.No;
            foreach (Matcher matcher in rest)
            {
                Answer next = matcher(run);
                if (next == Answer.No)
                    return Answer.No;
                if (next == Answer.Maybe)
                    answer = Answer.Maybe;
            }
            return answer;
        };
    }

    /// <summary>What a CT target has hung on the packet is asked as if it were a connection: everything in it is 0.</summary>
    private static readonly ConntrackEntry BlankConnection = new() { Confirmed = true };

    private static ConntrackEntry Asked(HookRun run) => run.Packet.Conntrack.Entry ?? BlankConnection;

    private static Matcher ConntrackField(IptablesOption option)
    {
        bool not = option.Negated;
        switch (option.Name)
        {
            case "ctproto":
                return IptablesRuleSpec.ProtocolNumber(option.First) is { } protocol
                    ? run => Is(Asked(run).Protocol == protocol != not)
                    : Undecided;
            case "ctdir":
                bool reply = string.Equals(option.First, "REPLY", StringComparison.OrdinalIgnoreCase);
                return run => Is(run.Packet.Conntrack.IsReply == reply != not);
            case "ctorigsrc":
                return ConntrackAddress(option, static entry => entry.Original.Source);
            case "ctorigdst":
                return ConntrackAddress(option, static entry => entry.Original.Destination);
            case "ctreplsrc":
                return ConntrackAddress(option, static entry => entry.Reply.Source);
            case "ctrepldst":
                return ConntrackAddress(option, static entry => entry.Reply.Destination);
            case "ctorigsrcport":
                return ConntrackPort(option, static entry => entry.Original.SourcePort);
            case "ctorigdstport":
                return ConntrackPort(option, static entry => OwnDestination(entry.Protocol, entry.Original));
            case "ctreplsrcport":
                return ConntrackPort(option, static entry => entry.Reply.SourcePort);
            case "ctrepldstport":
                return ConntrackPort(option, static entry => OwnDestination(entry.Protocol, entry.Reply));
            case "ctstatus":
                return ConntrackStatus(option);
            default:
                // ctexpire: how long the entry lives is not held.
                return Undecided;
        }
    }

    // The tuple's destination half of ICMP is type and code, in that order of bytes.
    private static ushort OwnDestination(byte protocol, ConntrackTuple tuple) =>
        protocol is IpProtocols.Icmp or IpProtocols.Icmp6 ? (ushort)(tuple.IcmpType << 8 | tuple.IcmpCode) : tuple.DestinationPort;

    private static Matcher ConntrackAddress(IptablesOption option, Func<ConntrackEntry, Ip> field)
    {
        bool not = option.Negated;
        return IptablesAddress.TryParse(option.First, negated: false, out IptablesAddress address)
            ? run => Is(address.Contains(field(Asked(run))) != not)
            : Undecided;
    }

    private static Matcher ConntrackPort(IptablesOption option, Func<ConntrackEntry, ushort> field)
    {
        bool not = option.Negated;
        if (!PortNames.TryParseRange(option.First, out ushort low, out ushort high))
            return Undecided;
        return run =>
        {
            ushort port = field(Asked(run));
            return Is((port >= low && port <= high) != not);
        };
    }

    private static Matcher ConntrackStatus(IptablesOption option)
    {
        bool not = option.Negated;
        string[] wanted = option.First.ToUpperInvariant().Split(',');
        return run =>
        {
            ConntrackEntry entry = Asked(run);
            bool holds = false;
            foreach (string status in wanted)
            {
                holds |= status switch
                {
                    "EXPECTED" => entry.IsExpected,
                    "SEEN_REPLY" => entry.SeenReply,
                    "ASSURED" => entry.Assured,
                    "CONFIRMED" => entry.Confirmed,
                    _ => false,
                };
            }
            return Is(holds != not);
        };
    }
}
