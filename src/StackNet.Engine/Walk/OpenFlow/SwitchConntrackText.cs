using System.Globalization;
using StackNet.Engine.Facts;
using StackNet.Engine.Facts.OpenFlow;

namespace StackNet.Engine.Walk.OpenFlow;

/// <summary>Lines of ovs-appctl dpctl/dump-conntrack.</summary>
internal static class SwitchConntrackText
{
    public static SwitchConntrack Load(IEnumerable<string> lines)
    {
        SwitchConntrack table = new();
        foreach (string line in lines)
        {
            if (Parse(line) is { } connection)
                table.Add(connection);
        }
        return table;
    }

    /// <summary>Null for a line that is no connection of a known kind.</summary>
    public static SwitchConnection? Parse(string line)
    {
        List<string> parts = FlowSyntax.Split(line.Trim());
        if (parts.Count == 0 || Protocol(parts[0]) is not { } protocol)
            return null;
        SwitchTuple? original = null;
        SwitchTuple? reply = null;
        ushort zone = 0;
        uint mark = 0;
        UInt128 label = 0;
        string state = "";
        foreach (string part in parts)
        {
            int equals = part.IndexOf('=');
            if (equals < 0)
                continue;
            string value = part[(equals + 1)..];
            switch (part[..equals])
            {
                case "orig":
                    original = Tuple(protocol, value);
                    break;
                case "reply":
                    reply = Tuple(protocol, value);
                    break;
                case "zone" when ushort.TryParse(value, NumberStyles.None, CultureInfo.InvariantCulture, out ushort number):
                    zone = number;
                    break;
                case "mark" when FlowValues.TryNumber(value, out UInt128 given) && given <= uint.MaxValue:
                    mark = (uint)given;
                    break;
                case "labels" when FlowValues.TryNumber(value, out UInt128 bits):
                    label = bits;
                    break;
                case "protoinfo":
                    state = value;
                    break;
            }
        }
        if (original is not { } forward || reply is not { } reverse)
            return null;
        forward = forward with { Zone = zone };
        reverse = reverse with { Zone = zone };
        return new SwitchConnection
        {
            Forward = forward,
            Reverse = reverse,
            NatSource = reverse.Destination != forward.Source || reverse.DestinationPort != forward.SourcePort,
            NatDestination = reverse.Source != forward.Destination || reverse.SourcePort != forward.DestinationPort,
            SeenReply = !state.Contains("SYN_SENT", StringComparison.Ordinal),
            Closing = state.Contains("TIME_WAIT", StringComparison.Ordinal) || state.Contains("CLOSED", StringComparison.Ordinal),
            Mark = mark,
            Label = label,
        };
    }

    private static SwitchTuple? Tuple(byte protocol, string text)
    {
        Ip source = default;
        Ip destination = default;
        ushort from = 0;
        ushort to = 0;
        byte type = 0;
        if (text.Length < 2 || text[0] != '(')
            return null;
        foreach (string part in text.Trim('(', ')').Split(','))
        {
            int equals = part.IndexOf('=');
            if (equals < 0)
                return null;
            ReadOnlySpan<char> value = part.AsSpan(equals + 1);
            bool good = part[..equals] switch
            {
                "src" => Ip.TryParse(value, out source),
                "dst" => Ip.TryParse(value, out destination),
                "sport" => ushort.TryParse(value, out from),
                "dport" => ushort.TryParse(value, out to),
                "id" => ushort.TryParse(value, out from) && ushort.TryParse(value, out to),
                "type" => byte.TryParse(value, out type),
                _ => true,
            };
            if (!good)
                return null;
        }
        return new SwitchTuple(protocol, source, destination, from, to, type, Zone: 0);
    }

    private static byte? Protocol(string name) =>
        name switch
        {
            "icmp" => IpProtocols.Icmp,
            "icmpv6" => IpProtocols.Icmp6,
            "tcp" => IpProtocols.Tcp,
            "udp" => IpProtocols.Udp,
            "sctp" => IpProtocols.Sctp,
            "dccp" => IpProtocols.Dccp,
            "igmp" => IpProtocols.Igmp,
            "udplite" => IpProtocols.UdpLite,
            _ => byte.TryParse(name, out byte number) ? number : null,
        };
}
