using System.Security.Cryptography;
using System.Text.Json;
using StackNet.Engine.Facts;
using StackNet.Engine.Sources.Capture.Redaction;

namespace StackNet.Engine.Sources.Capture;

/// <summary>
/// Makes a capture that can be shown to strangers: names, MAC and IP addresses get pseudonyms, the same one everywhere, in fields and
/// inside rules, flows, sets, command lines and files. What a packet would meet stays the same.
/// </summary>
internal static class Redactor
{
    // Public resolvers name nobody, and probes go to them when no other destination is asked for.
    private static readonly Ip[] Resolvers =
    [
        .. new[] { "1.1.1.1", "8.8.8.8", "8.8.4.4", "9.9.9.9", "208.67.222.222" }.Select(a => Ip.Parse(a)),
    ];

    public static NodeFacts Redact(NodeFacts facts) => Redact(facts, out _, out _);

    /// <summary>As <see cref="Redact(NodeFacts)"/>, and tells what became of addresses.</summary>
    public static NodeFacts Redact(NodeFacts facts, out Func<Ip, Ip> addressOf, out Func<Mac, Mac> macOf)
    {
        byte[] json = NodeFactsJson.ToBytes(facts);
        MacMap macs = new();
        AddressMap addresses = new(SHA256.HashData(json), macs);
        NameMap names = new(facts);
        TextRedactor text = new(addresses, macs, names);
        (addressOf, macOf) = (addresses.Map, macs.Map);
        foreach (Ip resolver in Resolvers)
            addresses.Keep(resolver);
        LearnFields(facts, addresses);
        Walk(json, null, (_, value) => Learn(text, value));
        // Flows name MACs as numbers: all of them must be known before the first flow is rewritten.
        Walk(json, null, (_, value) => value = text.Rewrite(value));
        using MemoryStream output = new();
        using (Utf8JsonWriter writer = new(output, NodeFactsJson.WriterOptions))
            Walk(json, writer, (path, value) => Rewrite(path, value, text, names));
        return NodeFactsJson.Read(output.GetBuffer().AsSpan(0, (int)output.Length), "redacted capture");
    }

    private static string Learn(TextRedactor text, string value)
    {
        text.Learn(value);
        return value;
    }

    private static void LearnFields(NodeFacts facts, AddressMap addresses)
    {
        foreach (NamespaceFacts ns in facts.Namespaces)
        {
            foreach (AddressFacts address in ns.Addresses ?? [])
                addresses.LearnPrefix(address.Address, address.PrefixLength);
            foreach (IpSetFacts set in ns.IpSets ?? [])
                LearnSet(set, addresses);
        }
    }

    // A set with "netmask 20" holds the networks of what was added, without their length.
    private static void LearnSet(IpSetFacts set, AddressMap addresses)
    {
        string[] options = set.Options.Split(' ');
        int at = Array.IndexOf(options, "netmask");
        if (at < 0 || at + 1 >= options.Length || !int.TryParse(options[at + 1], out int length))
            return;
        foreach (string element in set.Elements)
        {
            int end = element.AsSpan().IndexOfAny(" ,");
            if (Ip.TryParse(end < 0 ? element : element.AsSpan(0, end), out Ip ip) && length <= ip.Bits)
                addresses.LearnPrefix(ip, length);
        }
    }

    private static string Rewrite(RedactionPath path, string value, TextRedactor text, NameMap names)
    {
        switch (path.Name)
        {
            case "format" or "kernelVersion" or "operatingSystem" or "version" or "kind" or "family" or "type":
                return value;
            case "hostName" or "instanceName" or "projectName":
                return names.Map(text.Rewrite(value));
            case "name" when path.Within("dhcpNetworks") || path.Within("domains"):
                return names.Map(text.Rewrite(value));
            case "datapathId":
                return text.RewriteDatapathId(value);
            case "table" or "priority" or "goto":
                return text.RewriteDecimal(value);
            case "flows" or "groups":
                return text.RewriteNumbers(text.Rewrite(value));
            case "text" when path.Within("rules"):
                return Comments(text.Rewrite(value), names);
            case "json":
                return text.Rewrite(value);
            case "commandLine" or "reason" or "comment" or "options" or "clientId":
                return names.MapText(text.Rewrite(value));
        }
        if (path.Within("configFiles"))
            return names.MapText(text.Rewrite(text.RewriteConfig(value)));
        if (path.Within("externalIds") || path.Within("otherConfig") || path.Within("status"))
            return names.MapText(text.Rewrite(value));
        return text.Rewrite(value);
    }

    // In a rule only the comment is free text; a word elsewhere is the language of iptables.
    private static string Comments(string rule, NameMap names)
    {
        const string option = "--comment ";
        int start = rule.IndexOf(option, StringComparison.Ordinal);
        if (start < 0)
            return rule;
        start += option.Length;
        int end = start < rule.Length && rule[start] == '"' ? ClosingQuote(rule, start) : rule.IndexOf(' ', start);
        if (end < 0)
            end = rule.Length;
        return string.Concat(rule.AsSpan(0, start), names.MapText(rule[start..end]), rule.AsSpan(end));
    }

    private static int ClosingQuote(string rule, int open)
    {
        for (int i = open + 1; i < rule.Length; i++)
        {
            if (rule[i] == '\\')
                i++;
            else if (rule[i] == '"')
                return i;
        }
        return rule.Length;
    }

    private static void Walk(byte[] json, Utf8JsonWriter? writer, Func<RedactionPath, string, string> rewrite)
    {
        Utf8JsonReader reader = new(json);
        RedactionPath path = new();
        while (reader.Read())
        {
            switch (reader.TokenType)
            {
                case JsonTokenType.PropertyName:
                    string name = reader.GetString()!;
                    path.Property(name);
                    writer?.WritePropertyName(name);
                    break;
                case JsonTokenType.StartObject:
                    path.Open();
                    writer?.WriteStartObject();
                    break;
                case JsonTokenType.EndObject:
                    path.Close();
                    writer?.WriteEndObject();
                    break;
                case JsonTokenType.StartArray:
                    path.Open();
                    writer?.WriteStartArray();
                    break;
                case JsonTokenType.EndArray:
                    path.Close();
                    writer?.WriteEndArray();
                    break;
                case JsonTokenType.String:
                    string value = rewrite(path, reader.GetString()!);
                    writer?.WriteStringValue(value);
                    break;
                case JsonTokenType.Number when path.Name == "priority" && path.Within("namespaces"):
                    writer?.WriteRawValue(rewrite(path, System.Text.Encoding.UTF8.GetString(reader.ValueSpan)));
                    break;
                default:
                    writer?.WriteRawValue(reader.ValueSpan);
                    break;
            }
        }
    }
}
