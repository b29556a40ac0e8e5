using System.Text.Json;
using StackNet.Engine.Facts;
using StackNet.Engine.Facts.Netfilter;

namespace StackNet.Engine.Topology;

/// <summary>A translation rule taken out of whatever back end holds it.</summary>
internal sealed record NatRule
{
    public required string Namespace { get; init; }

    /// <summary>Legacy, Nft or Native.</summary>
    public required string Backend { get; init; }
    public required string Table { get; init; }
    public required string Chain { get; init; }
    public required int Position { get; init; }

    /// <summary>Masquerade, Snat or Dnat.</summary>
    public required string Kind { get; init; }
    public IpPrefix? Source { get; init; }
    public bool SourceNegated { get; init; }
    public IpPrefix? Destination { get; init; }
    public bool DestinationNegated { get; init; }
    public string? InDevice { get; init; }
    public string? OutDevice { get; init; }
    public string? To { get; init; }
    public string? Protocol { get; init; }
    public long? Packets { get; init; }
    public long? Bytes { get; init; }
    public required string Text { get; init; }

    /// <summary>The single address of <see cref="To"/>, null for a range, a port only or none.</summary>
    public Ip? ToAddress => To is not null && Ip.TryParse(To.Split(':')[0], out Ip ip) ? ip : null;
}

/// <summary>Collects the NAT rules of a namespace: both back ends of iptables and native nf_tables.</summary>
internal static class NatRules
{
    public static IEnumerable<NatRule> Of(NamespaceFacts ns)
    {
        foreach (
            (string backend, IptablesRuleset? rules) in ((string, IptablesRuleset?)[])
                [("Legacy", ns.IptablesLegacy), ("Nft", ns.IptablesNft)]
        )
        {
            if (rules?.Tables.FirstOrDefault(t => t.Name == "nat") is not { } table)
                continue;
            foreach (IptablesChain chain in table.Chains)
            {
                for (int i = 0; i < chain.Rules.Count; i++)
                {
                    if (FromIptables(ns.Name, backend, chain, i) is { } rule)
                        yield return rule;
                }
            }
        }
        foreach (NftTable table in ns.Nft?.Tables ?? [])
        {
            if (table.IsIptables || table.Family is not ("ip" or "inet"))
                continue;
            foreach (NftChain chain in table.Chains)
            {
                for (int i = 0; i < chain.Rules.Count; i++)
                {
                    if (FromNative(ns.Name, table, chain, i) is { } rule)
                        yield return rule;
                }
            }
        }
    }

    private static NatRule? FromIptables(string ns, string backend, IptablesChain chain, int index)
    {
        IptablesRule raw = chain.Rules[index];
        // Parsing is dear on a big node: most rules of a nat table only jump.
        if (!raw.Text.Contains("NAT", StringComparison.Ordinal) && !raw.Text.Contains("MASQUERADE", StringComparison.Ordinal))
            return null;
        IptablesRuleSpec spec = IptablesRuleParser.Parse(raw.Text);
        string? kind = spec.Target?.Name switch
        {
            "MASQUERADE" => "Masquerade",
            "SNAT" => "Snat",
            "DNAT" => "Dnat",
            "NETMAP" => chain.Name.Contains("POSTROUTING", StringComparison.Ordinal) ? "Snat" : "Dnat",
            _ => null,
        };
        if (kind is null)
            return null;
        return new NatRule
        {
            Namespace = ns,
            Backend = backend,
            Table = "nat",
            Chain = chain.Name,
            Position = index + 1,
            Kind = kind,
            Source = spec.Source?.Prefix,
            SourceNegated = spec.Source?.Negated ?? false,
            Destination = spec.Destination?.Prefix,
            DestinationNegated = spec.Destination?.Negated ?? false,
            InDevice = Name(spec.InDevice),
            OutDevice = Name(spec.OutDevice),
            To = spec.TranslatesTo,
            Protocol = spec.ProtocolText,
            Packets = raw.Packets,
            Bytes = raw.Bytes,
            Text = raw.Text,
        };
    }

    private static string? Name(IptablesDevice? device) =>
        device is not { Name.Length: > 0 } d ? null
        : d.Negated ? "!" + d.Name
        : d.Name;

    private static NatRule? FromNative(string ns, NftTable table, NftChain chain, int index)
    {
        NftRule raw = chain.Rules[index];
        if (
            !raw.Json.Contains("masquerade", StringComparison.Ordinal)
            && !raw.Json.Contains("snat", StringComparison.Ordinal)
            && !raw.Json.Contains("dnat", StringComparison.Ordinal)
        )
            return null;
        NatRule? rule = null;
        IpPrefix? source = null;
        IpPrefix? destination = null;
        bool notSource = false;
        bool notDestination = false;
        string? input = null;
        string? output = null;
        string? protocol = null;
        long? packets = null;
        long? bytes = null;
        try
        {
            using JsonDocument json = JsonDocument.Parse(raw.Json);
            foreach (JsonElement statement in json.RootElement.EnumerateArray())
            {
                if (statement.ValueKind != JsonValueKind.Object)
                    continue;
                foreach (JsonProperty part in statement.EnumerateObject())
                {
                    switch (part.Name)
                    {
                        case "match":
                            NftMatch(
                                part.Value,
                                ref source,
                                ref notSource,
                                ref destination,
                                ref notDestination,
                                ref input,
                                ref output,
                                ref protocol
                            );
                            break;
                        case "counter" when part.Value.ValueKind == JsonValueKind.Object:
                            packets = part.Value.TryGetProperty("packets", out JsonElement p) ? p.GetInt64() : null;
                            bytes = part.Value.TryGetProperty("bytes", out JsonElement b) ? b.GetInt64() : null;
                            break;
                        case "masquerade" or "snat" or "dnat":
                            rule = new NatRule
                            {
                                Namespace = ns,
                                Backend = "Native",
                                Table = $"{table.Family} {table.Name}",
                                Chain = chain.Name,
                                Position = index + 1,
                                Kind = part.Name switch
                                {
                                    "masquerade" => "Masquerade",
                                    "snat" => "Snat",
                                    _ => "Dnat",
                                },
                                To =
                                    part.Value.ValueKind == JsonValueKind.Object && part.Value.TryGetProperty("addr", out JsonElement to)
                                        ? to.ToString()
                                        : null,
                                Text = raw.Text ?? raw.Json,
                            };
                            break;
                        default:
                            break;
                    }
                }
            }
        }
        catch (JsonException)
        {
            return null;
        }
        return rule is null
            ? null
            : rule with
            {
                Source = source,
                SourceNegated = notSource,
                Destination = destination,
                DestinationNegated = notDestination,
                InDevice = input,
                OutDevice = output,
                Protocol = protocol,
                Packets = packets,
                Bytes = bytes,
            };
    }

    /// <summary>The matches that tell which packets a NAT rule is for; the others only narrow it further.</summary>
    private static void NftMatch(
        JsonElement match,
        ref IpPrefix? source,
        ref bool notSource,
        ref IpPrefix? destination,
        ref bool notDestination,
        ref string? input,
        ref string? output,
        ref string? protocol
    )
    {
        if (!match.TryGetProperty("left", out JsonElement left) || !match.TryGetProperty("right", out JsonElement right))
            return;
        bool negated = match.TryGetProperty("op", out JsonElement op) && op.GetString() == "!=";
        if (left.ValueKind != JsonValueKind.Object)
            return;
        if (left.TryGetProperty("payload", out JsonElement payload) && payload.TryGetProperty("field", out JsonElement field))
        {
            string? prefix =
                right.ValueKind == JsonValueKind.String ? right.GetString()
                : right.ValueKind == JsonValueKind.Object && right.TryGetProperty("prefix", out JsonElement p)
                    ? $"{p.GetProperty("addr").GetString()}/{p.GetProperty("len").GetInt32()}"
                : null;
            if (field.GetString() == "saddr" && IpPrefix.TryParse(prefix, out IpPrefix s))
                (source, notSource) = (s, negated);
            else if (field.GetString() == "daddr" && IpPrefix.TryParse(prefix, out IpPrefix d))
                (destination, notDestination) = (d, negated);
            else if (field.GetString() == "protocol")
                protocol = right.ToString();
            else if (field.GetString() is "dport" or "sport" && payload.TryGetProperty("protocol", out JsonElement l4))
                protocol = l4.GetString();
        }
        else if (
            left.TryGetProperty("meta", out JsonElement meta)
            && meta.TryGetProperty("key", out JsonElement key)
            && right.ValueKind == JsonValueKind.String
        )
        {
            string name = (negated ? "!" : "") + right.GetString();
            if (key.GetString() is "oifname" or "oif")
                output = name;
            else if (key.GetString() is "iifname" or "iif")
                input = name;
            else if (key.GetString() == "l4proto")
                protocol = right.GetString();
        }
    }
}
