using System.Text.Json;
using StackNet.Engine.Facts;

namespace StackNet.Engine.Sources.Text;

/// <summary>
/// Rows of the Open_vSwitch database, from whatever gave them: <c>ovsdb-client dump --format=json</c>, <c>ovs-vsctl --format=json list</c> or
/// the server itself (RFC 7047). Values stay in the notation of RFC 7047 5.1 until <see cref="ToFacts"/> joins them.
/// </summary>
internal sealed partial class OvsdbRows
{
    private readonly Dictionary<string, Dictionary<string, OvsdbRow>> _tables = [];
    private readonly TextPool _pool = new();

    /// <summary>True when the table was given, even without rows.</summary>
    public bool Has(string table) => _tables.ContainsKey(table);

    /// <summary>Names a table that has no rows, so that it counts as read.</summary>
    public void AddTable(string table) => Table(table);

    /// <summary>One row; <paramref name="columns"/> holds the values by column, e.g. the "new" object of a monitor reply.</summary>
    public void AddRow(string table, string uuid, IReadOnlyDictionary<string, JsonElement> columns) =>
        Table(table)[uuid] = new OvsdbRow(columns, _pool);

    /// <summary>One row as a JSON object of columns; the document it comes from must outlive <see cref="ToFacts"/>.</summary>
    public void AddRow(string table, string uuid, JsonElement columns)
    {
        Dictionary<string, JsonElement> values = [];
        foreach (JsonProperty property in columns.EnumerateObject())
            values[property.Name] = property.Value;
        AddRow(table, uuid, values);
    }

    /// <summary><c>ovsdb-client dump --format=json</c>: one JSON object a table (caption, headings, data), one after another.</summary>
    public static OvsdbRows ParseDump(ReadOnlyMemory<byte> text)
    {
        OvsdbRows rows = new();
        int line = 0;
        while (!text.IsEmpty)
        {
            line++;
            int end = text.Span.IndexOf((byte)'\n');
            ReadOnlyMemory<byte> part = end < 0 ? text : text[..end];
            text = end < 0 ? default : text[(end + 1)..];
            if (JsonText.IsBlank(part.Span))
                continue;
            try
            {
                rows.AddListing(part, null);
            }
            catch (TextFormatException e)
            {
                throw new TextFormatException(e.Message, line, e.Offset, e);
            }
        }
        return rows;
    }

    /// <summary>One table of a listing; <paramref name="table"/> names it where the listing has no caption (<c>ovs-vsctl --format=json list</c>).</summary>
    public void AddListing(ReadOnlyMemory<byte> json, string? table)
    {
        JsonDocument? document = JsonText.Parse(json);
        if (document is null)
        {
            // ovs-vsctl prints nothing for a table without rows.
            if (table is not null)
                AddTable(table);
            return;
        }
        try
        {
            AddListing(document.RootElement, table);
        }
        catch (InvalidOperationException e)
        {
            throw new TextFormatException("a table of an OVSDB listing cannot be read: " + e.Message, null, null, e);
        }
    }

    private void AddListing(JsonElement root, string? table)
    {
        if (
            root.ValueKind != JsonValueKind.Object
            || !root.TryGetProperty("headings", out JsonElement headings)
            || !root.TryGetProperty("data", out JsonElement data)
        )
            throw new TextFormatException("this is no table of an OVSDB listing: 'headings' and 'data' were expected");
        const string suffix = " table";
        table ??=
            root.Text("caption") is { } caption && caption.EndsWith(suffix, StringComparison.Ordinal)
                ? caption[..^suffix.Length]
                : throw new TextFormatException("a table of the dump has no caption");
        string[] columns = [.. headings.EnumerateArray().Select(h => JsonText.AsText(h) ?? "")];
        int uuidColumn = Array.IndexOf(columns, "_uuid");
        AddTable(table);
        int index = 0;
        foreach (JsonElement values in data.EnumerateArray())
        {
            JsonText.Guard(
                "OVSDB table " + table,
                index,
                values,
                row =>
                {
                    if (row.GetArrayLength() != columns.Length)
                        throw new FormatException("the number of values differs from the number of columns");
                    Dictionary<string, JsonElement> named = new(columns.Length);
                    for (int i = 0; i < columns.Length; i++)
                        named[columns[i]] = row[i];
                    string uuid = uuidColumn >= 0 ? OvsdbRow.Uuids(row[uuidColumn]).FirstOrDefault() ?? "" : $"row-{index}";
                    AddRow(table, uuid, named);
                }
            );
            index++;
        }
    }

    private Dictionary<string, OvsdbRow> Table(string table)
    {
        if (!_tables.TryGetValue(table, out Dictionary<string, OvsdbRow>? rows))
            _tables[table] = rows = [];
        return rows;
    }

    private OvsdbRow? Row(string table, string uuid) =>
        _tables.TryGetValue(table, out Dictionary<string, OvsdbRow>? rows) ? rows.GetValueOrDefault(uuid) : null;
}
