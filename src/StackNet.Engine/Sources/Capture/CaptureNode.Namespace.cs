using StackNet.Engine.Facts;
using StackNet.Engine.Sources.Text;

namespace StackNet.Engine.Sources.Capture;

/// <summary>Links, addresses, routes, neighbours, switches of one namespace.</summary>
internal sealed partial class CaptureNode
{
    private NamespaceFacts Namespace(string ns, IptablesBackend backend)
    {
        (IReadOnlyList<RouteFacts>? routes, IReadOnlyList<RouteFacts>? routes6) = Routes(ns);
        NamespaceFacts facts = new()
        {
            Name = ns,
            NetnsIds = ReadJson(ns, "netns-ids", CaptureNames.NetnsIds, IpNeighJson.ParseNetnsIds),
            Links = Links(ns),
            Addresses = ReadJson(ns, "addresses", CaptureNames.Address, IpAddrJson.Parse),
            Routes = routes,
            Routes6 = routes6,
            Rules = ReadJson(ns, "rules", CaptureNames.Rule, json => IpRuleJson.Parse(json)),
            Rules6 = _source.Find(ns, CaptureNames.Rule6) is null
                ? null
                : ReadJson(ns, "rules6", CaptureNames.Rule6, json => IpRuleJson.Parse(json, isV6: true)),
            Neighbours = ReadJson(ns, "neighbours", CaptureNames.Neighbour, IpNeighJson.Parse),
            Fdb = ReadJson(ns, "fdb", CaptureNames.BridgeFdb, BridgeJson.ParseFdb),
            BridgeVlans = ReadJson(ns, "bridge-vlans", CaptureNames.BridgeVlan, BridgeJson.ParseVlan),
            Sysctls = ReadText(ns, "sysctls", CaptureNames.Sysctl, SysctlText.Parse, partial: true),
            IpSets = ReadText(ns, "ipsets", CaptureNames.Ipset, IpsetSaveText.Parse),
            Conntrack = ReadText(ns, "conntrack", CaptureNames.Conntrack, ConntrackText.Parse),
            TrafficControl = TrafficControl(ns),
            Listening = ReadText(ns, "listening", CaptureNames.Sockets, SsText.Parse),
            Ebtables = ReadText(ns, "ebtables", CaptureNames.Ebtables, t => IptablesSaveText.Parse(t, isEbtables: true)),
        };
        return WithRules(facts, backend);
    }

    private IReadOnlyList<LinkFacts>? Links(string ns)
    {
        bool hasPlain = _source.Find(ns, CaptureNames.Link) is { Content: not null, Status: null or 0 };
        CaptureEntry? counted = _source.Find(ns, CaptureNames.LinkStatistics);
        IReadOnlyList<LinkFacts>? links = ReadJson(
            ns,
            "links",
            hasPlain || counted?.Content is null ? CaptureNames.Link : CaptureNames.LinkStatistics,
            IpLinkJson.Parse
        );
        if (links is null)
            return null;
        if (hasPlain && counted is { Content: not null, Status: null or 0 })
            links = WithCounters(links, ReadJson(ns, "links", CaptureNames.LinkStatistics, IpLinkJson.Parse) ?? []);
        if (_source.Find(ns, CaptureNames.BridgeLink) is { Content: not null, Status: null or 0 })
        {
            IReadOnlyDictionary<string, BridgePortFacts>? ports = ReadJson(
                ns,
                "bridge-ports",
                CaptureNames.BridgeLink,
                BridgeJson.ParseLink
            );
            // "ip -d link" knows the ports already; without -d only "bridge link" does.
            links =
            [
                .. links.Select(l =>
                    l.BridgePort is null && ports is not null && ports.TryGetValue(l.Name, out BridgePortFacts? port)
                        ? l with
                        {
                            BridgePort = port,
                            SlaveKind = l.SlaveKind ?? "bridge",
                        }
                        : l
                ),
            ];
        }
        return ns.Length == 0 ? WithOffloads(links) : links;
    }

    private static List<LinkFacts> WithCounters(IReadOnlyList<LinkFacts> links, IReadOnlyList<LinkFacts> counted)
    {
        Dictionary<(int, string), LinkCounters?> counters = [];
        foreach (LinkFacts link in counted)
            counters.TryAdd((link.Index, link.Name), link.Counters);
        return [.. links.Select(l => counters.TryGetValue((l.Index, l.Name), out LinkCounters? c) ? l with { Counters = c } : l)];
    }

    private IReadOnlyList<LinkFacts> WithOffloads(IReadOnlyList<LinkFacts> links)
    {
        if (_source.Find("", CaptureNames.Ethtool) is null)
            return links;
        IReadOnlyDictionary<string, bool>? tx = ReadText("", "offloads", CaptureNames.Ethtool, NodeTexts.ParseEthtool, partial: true);
        return tx is null ? links : [.. links.Select(l => tx.TryGetValue(l.Name, out bool on) ? l with { TxChecksum = on } : l)];
    }

    private (IReadOnlyList<RouteFacts>? V4, IReadOnlyList<RouteFacts>? V6) Routes(string ns)
    {
        string file =
            _source.Find(ns, CaptureNames.Route) is null && _source.Find(ns, CaptureNames.RouteDetailed) is not null
                ? CaptureNames.RouteDetailed
                : CaptureNames.Route;
        IReadOnlyList<RouteFacts>? v6 = null;
        IReadOnlyList<RouteFacts>? v4 = ReadJson(
            ns,
            "routes",
            file,
            json =>
            {
                (IReadOnlyList<RouteFacts> four, v6) = IpRouteJson.Parse(json);
                return four;
            }
        );
        if (_source.Find(ns, CaptureNames.Route6) is not null || v4 is null)
            v6 = ReadJson(ns, "routes6", CaptureNames.Route6, json => IpRouteJson.Parse(json, onlyV6: true).V6) ?? v6;
        return (v4, v6);
    }

    private IReadOnlyList<TrafficControlFacts>? TrafficControl(string ns)
    {
        IReadOnlyList<TrafficControlFacts>? list = ReadJson(ns, "tc", CaptureNames.Qdisc, TcJson.ParseQdiscs);
        foreach (TrafficControlFacts qdisc in list ?? [])
        {
            if (qdisc.Kind is "ingress" or "clsact")
                Miss(
                    "tc-filters",
                    ns,
                    UnreadKind.NotCaptured,
                    $"{qdisc.Device} has a qdisc {qdisc.Kind}, and the capture holds no output of 'tc -j filter show dev {qdisc.Device} ingress'"
                );
        }
        return list;
    }
}
