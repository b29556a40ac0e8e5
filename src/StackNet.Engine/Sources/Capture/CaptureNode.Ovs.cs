using StackNet.Engine.Facts;
using StackNet.Engine.Sources.Text;

namespace StackNet.Engine.Sources.Capture;

/// <summary>Open vSwitch: the database from its dump, else from ovs-vsctl; flows, ports and addresses from the switch.</summary>
internal sealed partial class CaptureNode
{
    private static readonly string[] ListedTables = ["Open_vSwitch", "Bridge", "Port", "Interface", "Controller"];

    private OvsFacts? Ovs(NamespaceFacts root, IReadOnlyList<ProcessFacts>? processes)
    {
        OvsFacts? database = Database(root, processes);
        if (database is null)
            return null;
        List<OvsBridgeFacts> bridges = [.. database.Bridges.Select(Bridge)];
        return database with
        {
            Bridges = bridges,
            SwitchAnswered =
                bridges.Count == 0 || bridges.Exists(b => b.Flows is not null || b.OpenFlowPorts is not null || b.Fdb is not null),
            DatapathConntrack = Optional("datapath-conntrack", CaptureNames.DatapathConntrack, miss: true),
            TunnelRoutes = Optional("tunnel-routes", CaptureNames.TunnelRoutes, miss: false),
            TunnelNeighbours = Optional("tunnel-neighbours", CaptureNames.TunnelNeighbours, miss: false),
        };
    }

    private OvsFacts? Database(NamespaceFacts root, IReadOnlyList<ProcessFacts>? processes)
    {
        CaptureEntry? dump = _source.Find("", CaptureNames.OvsdbDump);
        CaptureEntry? show = _source.Find("", CaptureNames.VsctlShow);
        if (dump is { Content: not null, Status: null or 0 })
            return Read("", "ovsdb", CaptureNames.OvsdbDump, bytes => OvsdbRows.ParseDump(bytes).ToFacts(), node: true);
        if (Listed() is { } listed)
            return listed;
        if (show is { Content: not null, Status: null or 0 })
        {
            OvsFacts? shown = ReadText("", "ovsdb", CaptureNames.VsctlShow, OvsVsctlShowText.Parse, node: true);
            Miss(
                "ovsdb",
                null,
                UnreadKind.NotCaptured,
                "the capture holds 'ovs-vsctl show' only: OpenFlow numbers, external_ids and the state of interfaces are not known"
            );
            return shown;
        }
        if (dump is null && show is null && (_source.IsCase || LacksOvs(root, processes)))
            return null;
        return Read<OvsFacts>(
            "",
            "ovsdb",
            dump is null && show is not null ? CaptureNames.VsctlShow : CaptureNames.OvsdbDump,
            _ => null,
            node: true
        );
    }

    private OvsFacts? Listed()
    {
        OvsdbRows rows = new();
        foreach (string table in ListedTables)
        {
            string file = $"{CaptureNames.VsctlList}{table}.json";
            if (_source.Find("", file) is not { Content: not null, Status: null or 0 })
                continue;
            Read(
                "",
                "ovsdb:" + table,
                file,
                bytes =>
                {
                    rows.AddListing(bytes, table);
                    return rows;
                },
                node: true
            );
        }
        return rows.Has("Bridge") && rows.Has("Port") && rows.Has("Interface") ? rows.ToFacts() : null;
    }

    // No process of it runs and no device is of its kind: this node has none, which is an answer and no gap.
    private static bool LacksOvs(NamespaceFacts root, IReadOnlyList<ProcessFacts>? processes) =>
        processes is not null
        && root.Links is not null
        && !processes.Any(p =>
            p.CommandLine.Contains("ovs-vswitchd", StringComparison.Ordinal)
            || p.CommandLine.Contains("ovsdb-server", StringComparison.Ordinal)
        )
        && !root.Links.Any(l => l.Kind == "openvswitch" || l.SlaveKind == "openvswitch" || l.Name is "ovs-system" or "ovs-netdev");

    private OvsBridgeFacts Bridge(OvsBridgeFacts bridge)
    {
        string name = bridge.Name;
        string flows = $"{CaptureNames.Flows}{name}.txt";
        string named = $"{CaptureNames.FlowsWithNames}{name}.txt";
        return bridge with
        {
            Flows = ForBridge(
                "flows",
                name,
                _source.Find("", flows) is null && _source.Find("", named) is not null ? named : flows,
                OvsFlowText.ParseFlows
            ),
            Groups = ForBridge("groups", name, $"{CaptureNames.Groups}{name}.txt", OvsFlowText.Parse),
            OpenFlowPorts = ForBridge("ofports", name, $"{CaptureNames.OfctlShow}{name}.txt", OvsOfctlShowText.Parse),
            Fdb = ForBridge("ovs-fdb", name, $"{CaptureNames.OvsFdb}{name}.txt", OvsFdbText.Parse),
        };
    }

    // These commands always print a header: an empty file is an answer that was never given.
    private IReadOnlyList<T>? ForBridge<T>(string word, string bridge, string file, TextParser<IReadOnlyList<T>> parse)
    {
        string source = $"{word}:{bridge}";
        string command = word switch
        {
            "flows" => "ovs-ofctl dump-flows",
            "groups" => "ovs-ofctl dump-groups",
            "ofports" => "ovs-ofctl show",
            _ => "ovs-appctl fdb/show",
        };
        if (_source.Find("", file) is not { } entry)
        {
            Miss(source, null, UnreadKind.NotCaptured, $"the capture holds no output of '{command} {bridge}' ({file})");
            return null;
        }
        return ReadEntry(
            source,
            null,
            entry,
            false,
            false,
            bytes =>
            {
                if (!JsonText.IsBlank(bytes))
                    return parse(Decode(bytes));
                Miss(source, null, UnreadKind.Failed, $"'{entry.Command}' printed nothing, not even its header");
                return null;
            }
        );
    }

    private IReadOnlyList<string>? Optional(string source, string file, bool miss) =>
        miss || _source.Find("", file) is not null ? ReadText("", source, file, OvsFlowText.Parse, node: true) : null;
}
