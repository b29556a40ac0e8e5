using System.Globalization;
using StackNet.Engine.Facts;
using StackNet.Engine.Facts.Netfilter;

namespace StackNet.Engine.Walk.Netfilter;

internal sealed partial class EbtablesCompiler
{
    private static Matcher Match(string option, string value, bool not)
    {
        switch (option)
        {
            case "-p" or "--protocol" or "--proto":
                return Protocol(value) is { } type ? run => Is((TypeOf(run.Packet) == type) != not) : Undecided;
            case "-i" or "--in-interface" or "--in-if":
                return Device(value, not, static run => run.Context.InDevice?.Name);
            case "-o" or "--out-interface" or "--out-if":
                return Device(value, not, static run => run.Context.OutDevice?.Name);
            case "--logical-in":
                return Device(value, not, static run => run.Context.InDevice?.Master);
            case "--logical-out":
                return Device(value, not, static run => run.Context.OutDevice?.Master);
            case "-s" or "--source" or "--src":
                return Address(value, not, static run => run.Packet.SourceMac);
            case "-d" or "--destination" or "--dst":
                return Address(value, not, static run => run.Packet.DestinationMac);
            case "--among-src":
                return Among(value, not, source: true);
            case "--among-dst":
                return Among(value, not, source: false);
            case "--pkttype-type":
                return PacketTypeOf(value, not);
            case "--mark":
                return Numbers.TryParseMasked(value, out uint mark, out uint mask)
                    ? run => Is(((run.Packet.Mark & mask) == mark) != not)
                    : Undecided;
            default:
                return option.StartsWith("--arp-", StringComparison.Ordinal) ? Arp(option, value, not)
                    : option.StartsWith("--ip-", StringComparison.Ordinal) ? Ip4(option, value, not)
                    : option.StartsWith("--vlan-", StringComparison.Ordinal) ? Vlan(option, value, not)
                    : Undecided;
        }
    }

    /// <summary>/etc/ethertypes has the names; LENGTH is 802.3, which no frame of a walk is.</summary>
    private static ushort? Protocol(string name) =>
        name.ToUpperInvariant() switch
        {
            "IPV4" or "IP" => EtherTypes.Ip4,
            "ARP" => EtherTypes.Arp,
            "IPV6" => EtherTypes.Ip6,
            "RARP" => 0x8035,
            "802_1Q" or "8021Q" => EtherTypes.Vlan,
            "802_1AD" => EtherTypes.QinQ,
            _ => name.StartsWith("0x", StringComparison.OrdinalIgnoreCase)
            && ushort.TryParse(name.AsSpan(2), NumberStyles.HexNumber, CultureInfo.InvariantCulture, out ushort number)
                ? number
                : null,
        };

    /// <summary>ebt_do_table: a tagged frame is of type 802.1Q whatever it carries.</summary>
    private static ushort TypeOf(Packet packet) => packet.Vlans.Count > 0 ? EtherTypes.Vlan : packet.EtherType;

    private static Matcher Device(string name, bool not, Func<HookRun, string?> which)
    {
        IptablesDevice device = new(name, not);
        return run => Is(device.Covers(which(run)) != not);
    }

    private static Matcher Address(string text, bool not, Func<HookRun, Mac> which)
    {
        (ulong Value, ulong Mask)? wanted = text.ToUpperInvariant() switch
        {
            "UNICAST" => (0, 0x0100_0000_0000),
            "MULTICAST" => (0x0100_0000_0000, 0x0100_0000_0000),
            "BROADCAST" => (Mac.Broadcast.Value, ulong.MaxValue),
            "BGA" => (0x0180_c200_0000, ulong.MaxValue),
            _ => Masked(text),
        };
        return wanted is (ulong value, ulong mask) ? run => Is(((which(run).Value & mask) == (value & mask)) != not) : Undecided;
    }

    private static (ulong Value, ulong Mask)? Masked(string text)
    {
        string[] parts = text.Split('/');
        return !Mac.TryParse(parts[0], out Mac mac) ? null
            : parts.Length == 1 ? (mac.Value, ulong.MaxValue)
            : Mac.TryParse(parts[1], out Mac mask) ? (mac.Value, mask.Value)
            : null;
    }

    /// <summary>ebt_among: a list of MAC or MAC=address; an address compares with IPv4's or ARP's, and other frames never match it.</summary>
    private static Matcher Among(string text, bool not, bool source)
    {
        Dictionary<Mac, List<Ip?>> members = [];
        foreach (string entry in text.Split(',', StringSplitOptions.RemoveEmptyEntries))
        {
            string[] pair = entry.Split('=');
            if (!Mac.TryParse(pair[0], out Mac mac))
                return Undecided;
            Ip? address = null;
            if (pair.Length > 1)
            {
                if (!Ip.TryParse(pair[1], out Ip ip))
                    return Undecided;
                address = ip;
            }
            if (!members.TryGetValue(mac, out List<Ip?>? list))
                members[mac] = list = [];
            list.Add(address);
        }
        return run =>
        {
            Packet packet = run.Packet;
            Ip? own =
                packet.EtherType == EtherTypes.Ip4 ? (source ? packet.Source : packet.Destination)
                : packet.EtherType == EtherTypes.Arp ? (source ? packet.ArpSenderIp : packet.ArpTargetIp)
                : null;
            bool found =
                members.TryGetValue(source ? packet.SourceMac : packet.DestinationMac, out List<Ip?>? list)
                && list.Exists(wanted => wanted is null || wanted == own);
            return Is(found != not);
        };
    }

    private static Matcher PacketTypeOf(string text, bool not)
    {
        PacketType? type = text.ToLowerInvariant() switch
        {
            "host" => PacketType.Host,
            "broadcast" => PacketType.Broadcast,
            "multicast" => PacketType.Multicast,
            "otherhost" => PacketType.OtherHost,
            "outgoing" => PacketType.Outgoing,
            _ => null,
        };
        return type is { } wanted ? run => Is((run.Packet.Type == wanted) != not) : Undecided;
    }

    private static Matcher Arp(string option, string value, bool not)
    {
        switch (option)
        {
            case "--arp-op" or "--arp-opcode":
                int? operation = value.ToUpperInvariant() switch
                {
                    "REQUEST" or "1" => 1,
                    "REPLY" or "2" => 2,
                    _ => int.TryParse(value, CultureInfo.InvariantCulture, out int number) ? number : null,
                };
                return operation is { } wanted ? run => Is((run.Packet.ArpOperation == wanted) != not) : Undecided;
            case "--arp-ip-src":
                return Prefix(value, not, static run => run.Packet.ArpSenderIp);
            case "--arp-ip-dst":
                return Prefix(value, not, static run => run.Packet.ArpTargetIp);
            case "--arp-mac-src":
                return Address(value, not, static run => run.Packet.ArpSenderMac);
            case "--arp-mac-dst":
                return Address(value, not, static run => run.Packet.ArpTargetMac);
            case "--arp-gratuitous":
                return run => Is((run.Packet.ArpSenderIp == run.Packet.ArpTargetIp) != not);
            case "--arp-htype":
                return value is "1" or "Ethernet" ? _ => Is(!not) : Undecided;
            case "--arp-ptype":
                return Protocol(value) is { } type ? _ => Is((type == EtherTypes.Ip4) != not) : Undecided;
            default:
                return Undecided;
        }
    }

    private static Matcher Ip4(string option, string value, bool not)
    {
        switch (option)
        {
            case "--ip-src" or "--ip-source":
                return Prefix(value, not, static run => run.Packet.Source);
            case "--ip-dst" or "--ip-destination":
                return Prefix(value, not, static run => run.Packet.Destination);
            case "--ip-proto" or "--ip-protocol":
                byte? protocol = value.ToLowerInvariant() switch
                {
                    "icmp" => IpProtocols.Icmp,
                    "tcp" => IpProtocols.Tcp,
                    "udp" => IpProtocols.Udp,
                    "sctp" => IpProtocols.Sctp,
                    _ => byte.TryParse(value, CultureInfo.InvariantCulture, out byte number) ? number : null,
                };
                return protocol is { } wanted ? run => Is((run.Packet.Protocol == wanted) != not) : Undecided;
            case "--ip-sport" or "--ip-source-port":
                return Ports(value, not, static run => run.Packet.SourcePort);
            case "--ip-dport" or "--ip-destination-port":
                return Ports(value, not, static run => run.Packet.DestinationPort);
            case "--ip-tos":
                return Numbers.TryParse(value, out uint tos) ? run => Is((run.Packet.Tos == tos) != not) : Undecided;
            default:
                return Undecided;
        }
    }

    private static Matcher Ports(string text, bool not, Func<HookRun, ushort> which)
    {
        string[] ends = text.Split(':');
        if (!ushort.TryParse(ends[0], out ushort low) || !ushort.TryParse(ends[^1], out ushort high))
            return Undecided;
        return run => Is(run.Packet.FragmentOffset == 0 && (which(run) >= low && which(run) <= high) != not);
    }

    private static Matcher Prefix(string text, bool not, Func<HookRun, Ip> which)
    {
        string[] parts = text.Split('/');
        if (!Ip.TryParse(parts[0], out Ip address) || address.IsV6)
            return Undecided;
        uint mask = uint.MaxValue;
        if (parts.Length > 1)
        {
            if (int.TryParse(parts[1], CultureInfo.InvariantCulture, out int length) && length is >= 0 and <= 32)
                mask = length == 0 ? 0 : uint.MaxValue << (32 - length);
            else if (Ip.TryParse(parts[1], out Ip dotted))
                mask = (uint)dotted.Value;
            else
                return Undecided;
        }
        uint wanted = (uint)address.Value & mask;
        return run => Is((((uint)which(run).Value & mask) == wanted) != not);
    }

    private static Matcher Vlan(string option, string value, bool not)
    {
        switch (option)
        {
            case "--vlan-id":
                return int.TryParse(value, CultureInfo.InvariantCulture, out int id)
                    ? run => Is((run.Packet.OuterVlanId == id) != not)
                    : Undecided;
            case "--vlan-encap":
                return Protocol(value) is { } type ? run => Is((run.Packet.EtherType == type) != not) : Undecided;
            default:
                return Undecided;
        }
    }
}
