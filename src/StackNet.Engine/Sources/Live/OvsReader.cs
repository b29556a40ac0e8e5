using System.Text.Json;
using StackNet.Engine.Facts;
using StackNet.Engine.Sources.Text;

namespace StackNet.Engine.Sources.Live;

/// <summary>
/// Reads Open vSwitch: its database from ovsdb-server's socket (RFC 7047), flows and ports through ovs-ofctl, and what only the switch
/// knows from the control socket of ovs-vswitchd. Threads are started inside the node.
/// </summary>
internal sealed partial class OvsReader(
    LiveOptions options,
    NodeEntry node,
    IReadOnlyList<ProcessScan.Entry> processes,
    UnreadLog unread,
    CancellationToken token
)
{
    private readonly string _folder = FindFolder(options);

    // Enough to ask the switch.
    private static readonly (string Table, string[] Columns) Names = ("Bridge", ["_uuid", "name", "protocols"]);

    // Columns that become Facts. Statistics, which are most of the Interface table, stay out.
    private static readonly (string Table, string[] Columns)[] Wanted =
    [
        ("Open_vSwitch", ["_uuid", "bridges", "ovs_version", "next_cfg", "cur_cfg", "external_ids", "other_config"]),
        (
            "Bridge",
            [
                "_uuid",
                "name",
                "datapath_type",
                "datapath_id",
                "fail_mode",
                "stp_enable",
                "rstp_enable",
                "mcast_snooping_enable",
                "protocols",
                "other_config",
                "external_ids",
                "controller",
                "ports",
                "mirrors",
            ]
        ),
        (
            "Port",
            [
                "_uuid",
                "name",
                "tag",
                "trunks",
                "vlan_mode",
                "cvlans",
                "bond_mode",
                "protected",
                "qos",
                "other_config",
                "external_ids",
                "status",
                "rstp_status",
                "interfaces",
            ]
        ),
        (
            "Interface",
            [
                "_uuid",
                "name",
                "type",
                "ofport",
                "error",
                "admin_state",
                "link_state",
                "mac_in_use",
                "mtu",
                "ifindex",
                "ingress_policing_rate",
                "options",
                "external_ids",
                "other_config",
                "status",
            ]
        ),
        ("Controller", ["_uuid", "target", "is_connected"]),
    ];

    private Tool Tools => field ??= new Tool(options, token) { Environment = new Dictionary<string, string> { ["OVS_RUNDIR"] = _folder } };

    /// <summary>Null when there is no Open vSwitch, or when its database could not be read (then that is noted).</summary>
    public OvsFacts? Read()
    {
        string socket = options.OvsDatabase ?? Path.Join(_folder, "db.sock");
        bool runs = ProcessScan.Runs(processes, "ovsdb-server") || ProcessScan.Runs(processes, "ovs-vswitchd");
        if (!File.Exists(socket) && !runs)
        {
            // A database file without a server: Open vSwitch was used here and is down. Without one there never was any.
            if (options.OvsDatabase is not null || options.OvsRunDirectory is not null || File.Exists("/etc/openvswitch/conf.db"))
                unread.Add("ovsdb", null, UnreadKind.DaemonDown, $"there is no socket {socket}: ovsdb-server does not run");
            return null;
        }
        // The switch is slow to turn to a question (its main loop also looks after every port): it is asked while the database is read.
        Task<JsonRpcSocket?> control = LiveReader.Inside(node, "StackNet ovs-vswitchd", OpenControl);
        Task<SwitchAnswers?>? said = null;
        try
        {
            OvsFacts? facts = unread.Try(
                "ovsdb",
                null,
                () => ReadDatabase(socket, bridges => said = LiveReader.Inside(node, "StackNet switch", () => AskSwitch(bridges, control)))
            );
            SwitchAnswers? answers = said?.GetAwaiter().GetResult();
            return facts is null ? null : Join(facts, answers);
        }
        finally
        {
            LiveReader.Settle(said, control);
            if (control.IsCompletedSuccessfully)
                control.Result?.Dispose();
        }
    }

    private OvsFacts ReadDatabase(string path, Action<IReadOnlyList<OvsBridgeFacts>> known)
    {
        using JsonRpcSocket socket = new(path, options, token);
        known(ReadRows(socket, path, [Names]).Bridges);
        return ReadRows(socket, path, Wanted);
    }

    private static OvsFacts ReadRows(JsonRpcSocket socket, string path, (string Table, string[] Columns)[] wanted)
    {
        JsonDocument answer = socket.Call("transact", Select(wanted, withColumns: true));
        try
        {
            OvsdbRows rows = new();
            if (!AddRows(rows, answer.RootElement.GetProperty("result"), wanted, out _))
            {
                // An older schema lacks a column; then everything is asked for.
                answer.Dispose();
                answer = socket.Call("transact", Select(wanted, withColumns: false));
                rows = new OvsdbRows();
                if (!AddRows(rows, answer.RootElement.GetProperty("result"), wanted, out string? error))
                    throw new IOException($"{path}: {error}");
            }
            return rows.ToFacts();
        }
        finally
        {
            answer.Dispose();
        }
    }

    private static string Select(ReadOnlySpan<(string Table, string[] Columns)> wanted, bool withColumns)
    {
        using MemoryStream stream = new();
        using (Utf8JsonWriter writer = new(stream))
        {
            writer.WriteStartArray();
            writer.WriteStringValue("Open_vSwitch");
            foreach ((string table, string[] columns) in wanted)
            {
                writer.WriteStartObject();
                writer.WriteString("op", "select");
                writer.WriteString("table", table);
                writer.WriteStartArray("where");
                writer.WriteEndArray();
                if (withColumns)
                {
                    writer.WriteStartArray("columns");
                    foreach (string column in columns)
                        writer.WriteStringValue(column);
                    writer.WriteEndArray();
                }
                writer.WriteEndObject();
            }
            writer.WriteEndArray();
        }
        return System.Text.Encoding.UTF8.GetString(stream.GetBuffer(), 0, (int)stream.Length);
    }

    private static bool AddRows(
        OvsdbRows rows,
        JsonElement results,
        ReadOnlySpan<(string Table, string[] Columns)> wanted,
        out string? error
    )
    {
        error = "the answer has no results";
        if (results.ValueKind != JsonValueKind.Array || results.GetArrayLength() < wanted.Length)
            return false;
        for (int i = 0; i < wanted.Length; i++)
        {
            JsonElement result = results[i];
            if (result.ValueKind != JsonValueKind.Object || !result.TryGetProperty("rows", out JsonElement list))
            {
                error = result.ToString();
                return false;
            }
            rows.AddTable(wanted[i].Table);
            foreach (JsonElement row in list.EnumerateArray())
                rows.AddRow(wanted[i].Table, row.GetProperty("_uuid")[1].GetString() ?? "", row);
        }
        error = null;
        return true;
    }

    private static string FindFolder(LiveOptions options)
    {
        if (options.OvsRunDirectory is not null)
            return options.OvsRunDirectory;
        // The variable speaks of the caller's own node, not of one that is entered.
        if (options.NodePid is null && Environment.GetEnvironmentVariable("OVS_RUNDIR") is { Length: > 0 } folder)
            return folder;
        return Directory.Exists("/run/openvswitch") || !Directory.Exists("/var/run/openvswitch")
            ? "/run/openvswitch"
            : "/var/run/openvswitch";
    }
}
