using StackNet.Engine.Facts;

namespace StackNet.Engine.Sources.Text;

/// <summary>The rows joined: a bridge holds its ports, a port its interfaces. Lists are sorted by name: a set of OVSDB has no order.</summary>
internal sealed partial class OvsdbRows
{
    public OvsFacts ToFacts()
    {
        try
        {
            return Join();
        }
        catch (InvalidOperationException e)
        {
            throw new TextFormatException("a value of the Open vSwitch database cannot be read: " + e.Message, null, null, e);
        }
    }

    private OvsFacts Join()
    {
        OvsdbRow? root = _tables.TryGetValue("Open_vSwitch", out Dictionary<string, OvsdbRow>? roots)
            ? roots.Values.FirstOrDefault()
            : null;
        IEnumerable<OvsdbRow> bridges =
            root is not null && root.References("bridges").Any()
                ? root.References("bridges").Select(id => Row("Bridge", id)).OfType<OvsdbRow>()
                : Rows("Bridge");
        return new OvsFacts
        {
            Version = root?.FilledText("ovs_version"),
            NextConfig = root?.Number("next_cfg"),
            CurrentConfig = root?.Number("cur_cfg"),
            ExternalIds = root?.Map("external_ids") ?? new Dictionary<string, string>(),
            OtherConfig = root?.Map("other_config") ?? new Dictionary<string, string>(),
            Bridges = [.. bridges.Select(Bridge).OrderBy(b => b.Name, StringComparer.Ordinal)],
        };
    }

    private IEnumerable<OvsdbRow> Rows(string table) =>
        _tables.TryGetValue(table, out Dictionary<string, OvsdbRow>? rows) ? rows.Values : [];

    private OvsBridgeFacts Bridge(OvsdbRow row) =>
        new()
        {
            Name = row.Text("name") ?? "",
            DatapathType = row.Text("datapath_type") ?? "",
            DatapathId = row.FilledText("datapath_id"),
            FailMode = row.FilledText("fail_mode"),
            StpEnabled = row.Flag("stp_enable"),
            RstpEnabled = row.Flag("rstp_enable"),
            McastSnooping = row.Flag("mcast_snooping_enable"),
            Protocols = row.Texts("protocols"),
            OtherConfig = row.Map("other_config"),
            ExternalIds = row.Map("external_ids"),
            Controllers =
            [
                .. row.References("controller")
                    .Select(id => Row("Controller", id))
                    .OfType<OvsdbRow>()
                    .Select(c => new OvsController(c.Text("target") ?? "", c.OptionalFlag("is_connected")))
                    .OrderBy(c => c.Target, StringComparer.Ordinal),
            ],
            Ports =
            [
                .. row.References("ports")
                    .Select(id => Row("Port", id))
                    .OfType<OvsdbRow>()
                    .Select(Port)
                    .OrderBy(p => p.Name, StringComparer.Ordinal),
            ],
            HasMirrors = row.References("mirrors").Any(),
        };

    private OvsPortFacts Port(OvsdbRow row) =>
        new()
        {
            Name = row.Text("name") ?? "",
            Tag = row.Integer("tag"),
            Trunks = row.Integers("trunks"),
            VlanMode = row.FilledText("vlan_mode"),
            Cvlans = row.Integers("cvlans"),
            BondMode = row.FilledText("bond_mode"),
            Protected = row.Flag("protected"),
            HasQos = row.References("qos").Any(),
            OtherConfig = row.Map("other_config"),
            ExternalIds = row.Map("external_ids"),
            Status = Status(row),
            Interfaces =
            [
                .. row.References("interfaces")
                    .Select(id => Row("Interface", id))
                    .OfType<OvsdbRow>()
                    .Select(Interface)
                    .OrderBy(i => i.Name, StringComparer.Ordinal),
            ],
        };

    // Spanning tree states stand in two columns, by protocol.
    private static IReadOnlyDictionary<string, string> Status(OvsdbRow row)
    {
        IReadOnlyDictionary<string, string> plain = row.Map("status");
        IReadOnlyDictionary<string, string> rapid = row.Map("rstp_status");
        if (rapid.Count == 0)
            return plain;
        Dictionary<string, string> status = new(plain);
        foreach ((string key, string value) in rapid)
            status.TryAdd(key, value);
        return status;
    }

    private static OvsInterfaceFacts Interface(OvsdbRow row) =>
        new()
        {
            Name = row.Text("name") ?? "",
            Type = row.Text("type") ?? "",
            OfPort = row.Integer("ofport"),
            Error = row.FilledText("error"),
            AdminState = row.FilledText("admin_state"),
            LinkState = row.FilledText("link_state"),
            MacInUse = Mac.TryParse(row.Text("mac_in_use"), out Mac mac) ? mac : null,
            Mtu = row.Integer("mtu"),
            IfIndex = row.Integer("ifindex"),
            IngressPolicingRate = row.Number("ingress_policing_rate") ?? 0,
            Options = row.Map("options"),
            ExternalIds = row.Map("external_ids"),
            OtherConfig = row.Map("other_config"),
            Status = row.Map("status"),
        };
}
