using StackNet.Engine.Facts;

namespace StackNet.Engine.Walk.Netfilter;

/// <summary>What a packet shows to a set: one value for each dimension of the set's type.</summary>
internal readonly record struct SetProbe
{
    public Ip First { get; init; }
    public Ip Second { get; init; }
    public byte Protocol { get; init; }
    public ushort Port { get; init; }
    public Mac Mac { get; init; }
    public string? Device { get; init; }
    public uint Mark { get; init; }

    /// <summary>Null: the packet lacks what the type needs (ports of a fragment, a device on the wrong hook), so it is in no such set.</summary>
    public static SetProbe? Of(CompiledSet set, string[] directions, HookRun run)
    {
        Packet packet = run.Packet;
        SetProbe probe = new() { Protocol = packet.Protocol, Mark = packet.Mark & set.MarkMask };
        bool hasFirst = false;
        for (int i = 0; i < set.Kinds.Length; i++)
        {
            bool source = directions[i] == "src";
            switch (set.Kinds[i])
            {
                case "ip" or "net":
                    Ip address = source ? packet.Source : packet.Destination;
                    probe = hasFirst ? probe with { Second = address } : probe with { First = address };
                    hasFirst = true;
                    break;
                case "port":
                    if (PortOf(packet, source) is not { } port)
                        return null;
                    probe = probe with { Port = port };
                    break;
                case "mac":
                    probe = probe with { Mac = source ? packet.SourceMac : packet.DestinationMac };
                    break;
                case "iface":
                    string? device = (source ? run.Context.InDevice : run.Context.OutDevice)?.Name;
                    probe = probe with { Device = device };
                    break;
            }
        }
        return probe;
    }

    // ip_set_get_ip4_port: ICMP has type and code in place of a port; a later fragment has none at all.
    private static ushort? PortOf(Packet packet, bool source)
    {
        switch (packet.Protocol)
        {
            case IpProtocols.Tcp or IpProtocols.Udp or IpProtocols.UdpLite or IpProtocols.Sctp:
                if (packet.FragmentOffset != 0)
                    return null;
                return source ? packet.SourcePort : packet.DestinationPort;
            case IpProtocols.Icmp or IpProtocols.Icmp6:
                return packet.FragmentOffset != 0 ? null : (ushort)(packet.IcmpType << 8 | packet.IcmpCode);
            default:
                return 0;
        }
    }

    /// <summary>The element that the packet is, for remembering what a SET target added.</summary>
    public string Text(CompiledSet set) =>
        string.Join(
            ',',
            First.IsAny ? "" : set.Masked(First).ToString(),
            Second.IsAny ? "" : Second.ToString(),
            set.HasPort ? $"{Protocol}:{Port}" : "",
            Mac.IsZero ? "" : Mac.ToString(),
            set.HasDevice ? Device : "",
            set.HasMark ? Mark.ToString(System.Globalization.CultureInfo.InvariantCulture) : ""
        );
}
