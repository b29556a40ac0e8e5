using System.Text.Json;
using StackNet.Engine.Facts;

namespace StackNet.Engine.Sources.Text;

/// <summary><c>nft -j list ruleset</c> (libnftables-json(5)); statements, sets and objects keep their raw JSON.</summary>
internal static class NftJson
{
    public static NftRuleset Parse(ReadOnlyMemory<byte> json)
    {
        using JsonDocument? document = JsonText.Parse(json);
        if (document is null)
            return new NftRuleset();
        if (
            document.RootElement.ValueKind != JsonValueKind.Object
            || !document.RootElement.TryGetProperty("nftables", out JsonElement list)
            || list.ValueKind != JsonValueKind.Array
        )
            throw new TextFormatException("this is not the output of nft -j list ruleset: it has no array 'nftables'", 1);
        Dictionary<(string, string), TableBuilder> tables = [];
        List<TableBuilder> order = [];
        int index = 0;
        foreach (JsonElement item in list.EnumerateArray())
            JsonText.Guard("nft -j list ruleset", index++, item, entry => Add(tables, order, entry));
        return new NftRuleset { Tables = [.. order.Select(t => t.Build())] };
    }

    /// <summary>
    /// Marks the tables whose rules iptables-save printed: those are iptables-nft's, and their matches are opaque in nft's own listing.
    /// A table of such a name that iptables-save did not print was made or changed with nft ("incompatible"), and counts as native.
    /// </summary>
    public static NftRuleset MarkIptables(NftRuleset ruleset, IptablesRuleset? v4, IptablesRuleset? v6, IptablesRuleset? ebtables) =>
        ruleset with
        {
            Tables =
            [
                .. ruleset.Tables.Select(table =>
                {
                    IptablesRuleset? save = table.Family switch
                    {
                        "ip" => v4,
                        "ip6" => v6,
                        "bridge" => ebtables,
                        _ => null,
                    };
                    return table with { IsIptables = save?.Tables.Any(t => t.Name == table.Name) ?? false };
                }),
            ],
        };

    private static void Add(Dictionary<(string, string), TableBuilder> tables, List<TableBuilder> order, JsonElement entry)
    {
        if (entry.ValueKind != JsonValueKind.Object)
            throw new FormatException($"an object was expected, not {JsonText.Kind(entry)}");
        foreach (JsonProperty property in entry.EnumerateObject())
        {
            JsonElement body = property.Value;
            if (property.Name == "metainfo" || body.ValueKind != JsonValueKind.Object || body.Text("family") is not { } family)
                continue;
            string name = body.Text(property.Name == "table" ? "name" : "table") ?? "";
            if (!tables.TryGetValue((family, name), out TableBuilder? table))
            {
                table = new TableBuilder(family, name);
                tables.Add((family, name), table);
                order.Add(table);
            }
            table.Add(property.Name, body);
        }
    }

    private static IReadOnlyList<string> OneOrMany(JsonElement item, string name)
    {
        if (!item.TryGetProperty(name, out JsonElement value))
            return [];
        return value.ValueKind == JsonValueKind.Array ? item.Strings(name)
            : JsonText.AsText(value) is { } text ? [text]
            : [];
    }

    private sealed class TableBuilder(string family, string name)
    {
        private readonly List<NftObject> _sets = [];
        private readonly List<NftObject> _objects = [];
        private readonly List<NftChain> _chains = [];
        private readonly Dictionary<string, List<NftRule>> _rules = [];
        private IReadOnlyList<string> _flags = [];

        public void Add(string kind, JsonElement body)
        {
            switch (kind)
            {
                case "table":
                    _flags = OneOrMany(body, "flags");
                    break;
                case "chain":
                    AddChain(body);
                    break;
                case "rule":
                    AddRule(body);
                    break;
                case "set" or "map":
                    _sets.Add(new NftObject(kind, body.Text("name") ?? "", body.GetRawText()));
                    break;
                case "element":
                    // Elements come inside their set when a ruleset is listed; alone only in other listings.
                    _sets.Add(new NftObject(kind, body.Text("name") ?? "", body.GetRawText()));
                    break;
                default:
                    _objects.Add(new NftObject(kind, body.Text("name") ?? "", body.GetRawText()));
                    break;
            }
        }

        public NftTable Build() =>
            new()
            {
                Family = family,
                Name = name,
                Flags = _flags,
                Sets = _sets,
                Objects = _objects,
                Chains = [.. _chains.Select(c => _rules.TryGetValue(c.Name, out List<NftRule>? rules) ? c with { Rules = rules } : c)],
            };

        private void AddChain(JsonElement body) =>
            _chains.Add(
                new NftChain
                {
                    Name = body.Text("name") ?? "",
                    Handle = body.Number("handle") ?? 0,
                    Type = body.Text("type"),
                    Hook = body.Text("hook"),
                    Priority = body.Integer("prio") ?? 0,
                    Policy = body.Text("policy"),
                    Devices = OneOrMany(body, "dev"),
                }
            );

        private void AddRule(JsonElement body)
        {
            string chain = body.Text("chain") ?? "";
            if (!_rules.TryGetValue(chain, out List<NftRule>? rules))
            {
                rules = [];
                _rules.Add(chain, rules);
            }
            string raw = body.TryGetProperty("expr", out JsonElement expr) ? expr.GetRawText() : "[]";
            rules.Add(new NftRule(body.Number("handle") ?? 0, raw, null, body.Text("comment")));
        }
    }
}
