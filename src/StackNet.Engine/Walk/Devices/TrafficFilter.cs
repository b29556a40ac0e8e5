using System.Globalization;
using System.Text.Json;
using StackNet.Engine.Facts;

namespace StackNet.Engine.Walk.Devices;

/// <summary>A filter of tc, ready to be asked about a packet (tc-u32(8), tc-flower(8), tc-matchall(8)).</summary>
internal sealed class TrafficFilter
{
    private readonly List<(uint Value, uint Mask, int Offset)> _words = [];
    private readonly List<Func<Packet, bool?>> _keys = [];
    private readonly ushort? _protocol;
    private readonly bool _known;

    public TrafficFilter(TrafficControlFacts facts)
    {
        Facts = facts;
        Actions = [.. (facts.Action ?? "").Split(';', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries)];
        try
        {
            using JsonDocument json = JsonDocument.Parse(facts.Text);
            _protocol = ProtocolOf(json.RootElement);
            _known = facts.Kind switch
            {
                "matchall" => true,
                "u32" => json.RootElement.TryGetProperty("options", out JsonElement u32) && ReadWords(u32),
                "flower" => json.RootElement.TryGetProperty("options", out JsonElement flower) && ReadKeys(flower),
                _ => false,
            };
        }
        catch (JsonException)
        {
            // The text form, as a live reading has it: only the filter that every packet meets is told from others.
            _known =
                facts.Kind == "matchall"
                || facts.Kind == "u32"
                    && facts.Text.Contains("match 00000000/00000000", StringComparison.Ordinal)
                    && !HasOtherMatches(facts.Text);
        }
    }

    public TrafficControlFacts Facts { get; }

    /// <summary>What it does, one action after the other, each "kind … control".</summary>
    public IReadOnlyList<string> Actions { get; }

    /// <summary>Whether the packet meets it; null when bytes decide that the walk does not know.</summary>
    public bool? Meets(Packet packet)
    {
        if (_protocol is { } protocol && protocol != (packet.Vlans.Count > 0 ? EtherTypes.Vlan : packet.EtherType))
            return false;
        if (!_known)
            return null;
        bool? all = true;
        foreach ((uint value, uint mask, int offset) in _words)
        {
            if (mask == 0)
                continue;
            bool? meets = WordAt(packet, offset) is (uint word, uint known) && (mask & ~known) == 0 ? (word & mask) == value : null;
            if (meets == false)
                return false;
            all = meets is null ? null : all;
        }
        foreach (Func<Packet, bool?> key in _keys)
        {
            bool? meets = key(packet);
            if (meets == false)
                return false;
            all = meets is null ? null : all;
        }
        return all;
    }

    private static bool HasOtherMatches(string text) =>
        text.Split("match ", StringSplitOptions.None).Skip(1).Any(m => !m.StartsWith("00000000/00000000", StringComparison.Ordinal));

    private static ushort? ProtocolOf(JsonElement filter) =>
        filter.TryGetProperty("protocol", out JsonElement name)
            ? name.GetString() switch
            {
                "ip" => EtherTypes.Ip4,
                "ipv6" => EtherTypes.Ip6,
                "arp" => EtherTypes.Arp,
                "802.1Q" => EtherTypes.Vlan,
                _ => null,
            }
            : null;

    /// <summary>iproute2 prints one "match" member for each word, all of the same name; offsets that depend on the header are left out.</summary>
    private bool ReadWords(JsonElement options)
    {
        bool any = false;
        foreach (JsonProperty member in options.EnumerateObject())
        {
            if (member.Name is "link" or "mark")
                return false;
            if (member.Name != "match")
                continue;
            any = true;
            if (
                !member.Value.TryGetProperty("value", out JsonElement value)
                || !member.Value.TryGetProperty("mask", out JsonElement mask)
                || !member.Value.TryGetProperty("off", out JsonElement offset)
                || (member.Value.TryGetProperty("offmask", out JsonElement relative) && relative.ToString() is not ("" or "0"))
                || !uint.TryParse(value.ToString(), NumberStyles.HexNumber, CultureInfo.InvariantCulture, out uint v)
                || !uint.TryParse(mask.ToString(), NumberStyles.HexNumber, CultureInfo.InvariantCulture, out uint m)
                || !offset.TryGetInt32(out int at)
            )
                return false;
            _words.Add((v, m, at));
        }
        return any;
    }

    /// <summary>Four bytes counted from the IP header, in network order, and which of their bits the walk knows (not id, checksum, payload).</summary>
    private static (uint Word, uint Known)? WordAt(Packet packet, int offset)
    {
        if (packet.EtherType != EtherTypes.Ip4)
            return null;
        bool first = packet.FragmentOffset == 0;
        return offset switch
        {
            0 => (0x4500_0000u | (uint)packet.Tos << 16 | (ushort)packet.Length, uint.MaxValue),
            4 => (
                (packet.DontFragment ? 0x4000u : 0) | (packet.MoreFragments ? 0x2000u : 0) | (uint)(packet.FragmentOffset / 8),
                0x0000_ffffu
            ),
            8 => ((uint)packet.Ttl << 24 | (uint)packet.Protocol << 16, 0xffff_0000u),
            12 => ((uint)packet.Source.Value, uint.MaxValue),
            16 => ((uint)packet.Destination.Value, uint.MaxValue),
            20 when first && packet.Protocol is IpProtocols.Tcp or IpProtocols.Udp => (
                (uint)packet.SourcePort << 16 | packet.DestinationPort,
                uint.MaxValue
            ),
            20 when first && packet.Protocol == IpProtocols.Icmp => (
                (uint)packet.IcmpType << 24 | (uint)packet.IcmpCode << 16,
                0xffff_0000u
            ),
            _ => null,
        };
    }

    private bool ReadKeys(JsonElement options)
    {
        if (!options.TryGetProperty("keys", out JsonElement keys) || keys.ValueKind != JsonValueKind.Object)
            return true;
        foreach (JsonProperty key in keys.EnumerateObject())
            _keys.Add(Key(key.Name, key.Value.ToString()));
        return true;
    }

    private static Func<Packet, bool?> Key(string name, string value)
    {
        switch (name)
        {
            case "eth_type":
                ushort? type = value switch
                {
                    "ipv4" => EtherTypes.Ip4,
                    "ipv6" => EtherTypes.Ip6,
                    "arp" => EtherTypes.Arp,
                    _ => null,
                };
                return type is { } wanted ? p => p.EtherType == wanted : static _ => null;
            case "ip_proto":
                byte? protocol = value switch
                {
                    "icmp" => IpProtocols.Icmp,
                    "tcp" => IpProtocols.Tcp,
                    "udp" => IpProtocols.Udp,
                    "sctp" => IpProtocols.Sctp,
                    _ => byte.TryParse(value, CultureInfo.InvariantCulture, out byte number) ? number : null,
                };
                return protocol is { } proto ? p => p.IsIp && p.Protocol == proto : static _ => null;
            case "src_ip" or "dst_ip" when IpPrefix.TryParse(value, out IpPrefix prefix):
                return name[0] == 's' ? p => p.IsIp && prefix.Contains(p.Source) : p => p.IsIp && prefix.Contains(p.Destination);
            case "src_port" or "dst_port" when ushort.TryParse(value, CultureInfo.InvariantCulture, out ushort port):
                return name[0] == 's'
                    ? p => p is { IsIp: true, FragmentOffset: 0 } && p.SourcePort == port
                    : p => p is { IsIp: true, FragmentOffset: 0 } && p.DestinationPort == port;
            case "src_mac" or "dst_mac" when Mac.TryParse(value, out Mac mac):
                return name[0] == 's' ? p => p.SourceMac == mac : p => p.DestinationMac == mac;
            case "vlan_id" when int.TryParse(value, CultureInfo.InvariantCulture, out int vlan):
                return p => p.OuterVlanId == vlan;
            default:
                return static _ => null;
        }
    }
}
