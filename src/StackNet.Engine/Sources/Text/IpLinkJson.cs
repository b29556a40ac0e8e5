using System.Text.Json;
using StackNet.Engine.Facts;

namespace StackNet.Engine.Sources.Text;

/// <summary><c>ip -d -j link</c>, with or without <c>-s</c> (iproute2 ip/ipaddress.c print_linkinfo).</summary>
internal static class IpLinkJson
{
    public static IReadOnlyList<LinkFacts> Parse(ReadOnlyMemory<byte> json)
    {
        List<LinkFacts> links = [];
        JsonText.ForEachObject(
            json,
            "ip -d -j link",
            item =>
            {
                // Old iproute2 prints an empty object for what its filter left out.
                if (item.Text("ifname") is { } name)
                    links.Add(Link(item, name));
            }
        );
        return ResolveNames(links);
    }

    private static LinkFacts Link(JsonElement item, string name)
    {
        LinkFacts link = new()
        {
            Index = item.Integer("ifindex") ?? 0,
            Name = name,
            Flags = item.Strings("flags"),
            OperState = item.Text("operstate") ?? "UNKNOWN",
            Mtu = item.Integer("mtu") ?? 0,
            // Tunnels have an address that is no MAC (an IP, or nothing).
            Mac = Mac.TryParse(item.Text("address"), out Mac mac) ? mac : default,
            LinkType = item.Text("link_type") ?? "ether",
            Master = item.Text("master"),
            LinkIndex = item.Integer("link_index"),
            LinkName = item.Text("link"),
            LinkNetnsId = item.Integer("link_netnsid"),
            HasXdp = item.TryGetProperty("xdp", out JsonElement xdp) && xdp.ValueKind is JsonValueKind.Object or JsonValueKind.Array,
            DeviceGroup = item.Text("group") is { } group ? (group == "default" ? "0" : group) : null,
            Counters = Counters(item),
        };
        if (!item.TryGetProperty("linkinfo", out JsonElement info) || info.ValueKind != JsonValueKind.Object)
            return link;
        link = link with { Kind = info.Text("info_kind") ?? "", SlaveKind = info.Text("info_slave_kind") };
        if (info.TryGetProperty("info_data", out JsonElement data) && data.ValueKind == JsonValueKind.Object)
            link = WithKind(link, data);
        if (
            link.SlaveKind == "bridge"
            && info.TryGetProperty("info_slave_data", out JsonElement slave)
            && slave.ValueKind == JsonValueKind.Object
        )
            link = link with { BridgePort = Port(slave) };
        return link;
    }

    private static LinkFacts WithKind(LinkFacts link, JsonElement data) =>
        link.Kind switch
        {
            "tun" => link with { TunType = data.Text("type") },
            "vlan" => link with { VlanId = data.Integer("id"), VlanProtocol = data.Text("protocol") },
            "bridge" => link with { Bridge = Bridge(data) },
            "vxlan" => link with { Vxlan = Vxlan(data) },
            "veth" => link,
            _ => link with { Details = Details(data) },
        };

    private static BridgeFacts Bridge(JsonElement data) =>
        new()
        {
            StpOn = data.Flag("stp_state"),
            ForwardDelay = data.Integer("forward_delay") ?? 0,
            AgeingTime = data.Number("ageing_time") ?? 30000,
            VlanFiltering = data.Flag("vlan_filtering"),
            DefaultPvid = data.Integer("vlan_default_pvid") ?? 1,
            MulticastSnooping = data.Flag("mcast_snooping"),
            MulticastQuerier = data.Flag("mcast_querier"),
            NfCallIptables = data.Flag("nf_call_iptables"),
            NfCallIp6tables = data.Flag("nf_call_ip6tables"),
            NfCallArptables = data.Flag("nf_call_arptables"),
            GroupForwardMask = data.Integer("group_fwd_mask") ?? 0,
        };

    /// <summary>Port attributes; <c>ip -d link</c> and <c>bridge -d link</c> use the same names for them.</summary>
    internal static BridgePortFacts Port(JsonElement data) =>
        new()
        {
            State = data.Text("state") ?? "forwarding",
            Hairpin = data.Flag("hairpin"),
            Learning = data.FlagOr("learning", absent: true),
            Flood = data.FlagOr("flood", absent: true),
            MulticastFlood = data.FlagOr("mcast_flood", absent: true),
            BroadcastFlood = data.FlagOr("bcast_flood", absent: true),
            Isolated = data.Flag("isolated"),
            Locked = data.Flag("locked"),
            ProxyArp = data.Flag("proxy_arp"),
            NeighSuppress = data.Flag("neigh_suppress"),
            VlanTunnel = data.Flag("vlan_tunnel"),
            Guard = data.Flag("guard"),
        };

    private static VxlanFacts Vxlan(JsonElement data) =>
        new()
        {
            Id = data.Integer("id") ?? 0,
            Remote = data.Address("remote") ?? data.Address("remote6"),
            Group = data.Address("group") ?? data.Address("group6"),
            Local = data.Address("local") ?? data.Address("local6"),
            Port = data.Integer("port") ?? 0,
            Learning = data.Flag("learning"),
            Proxy = data.Flag("proxy"),
            External = data.Flag("external"),
        };

    private static Dictionary<string, string>? Details(JsonElement data)
    {
        Dictionary<string, string> details = [];
        foreach (JsonProperty property in data.EnumerateObject())
            details[property.Name] = JsonText.AsText(property.Value) ?? property.Value.GetRawText();
        return details.Count == 0 ? null : details;
    }

    private static LinkCounters? Counters(JsonElement item)
    {
        if (!item.TryGetProperty("stats64", out JsonElement stats) && !item.TryGetProperty("stats", out stats))
            return null;
        if (stats.ValueKind != JsonValueKind.Object)
            return null;
        (long rx, long rxDropped) = Side(stats, "rx");
        (long tx, long txDropped) = Side(stats, "tx");
        return new LinkCounters(rx, rxDropped, tx, txDropped);
    }

    private static (long Packets, long Dropped) Side(JsonElement stats, string name) =>
        stats.TryGetProperty(name, out JsonElement side) && side.ValueKind == JsonValueKind.Object
            ? (side.Number("packets") ?? 0, side.Number("dropped") ?? 0)
            : (0, 0);

    // iproute2 prints the name of a peer in the same namespace and its index otherwise: give both where the name decides.
    private static List<LinkFacts> ResolveNames(List<LinkFacts> links)
    {
        Dictionary<string, int> indexes = [];
        Dictionary<int, string> names = [];
        foreach (LinkFacts link in links)
        {
            indexes.TryAdd(link.Name, link.Index);
            names.TryAdd(link.Index, link.Name);
        }
        for (int i = 0; i < links.Count; i++)
        {
            LinkFacts link = links[i];
            if (link.LinkNetnsId is not null)
                continue;
            if (link.LinkIndex is null && link.LinkName is { } name && indexes.TryGetValue(name, out int index))
                links[i] = link with { LinkIndex = index };
            else if (link.LinkName is null && link.LinkIndex is int known && names.TryGetValue(known, out string? found))
                links[i] = link with { LinkName = found };
        }
        return links;
    }
}
