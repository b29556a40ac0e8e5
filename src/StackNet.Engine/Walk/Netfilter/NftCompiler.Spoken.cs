using System.Text.Json.Nodes;

namespace StackNet.Engine.Walk.Netfilter;

internal sealed partial class NftCompiler
{
    /// <summary>
    /// A statement that the node's nft has no JSON form for stands in the rule as its words: changes of a map (before 1.0.9) and options that are
    /// taken out.
    /// </summary>
    private Effect Spoken(string text)
    {
        string[] words = text.Split(' ', StringSplitOptions.RemoveEmptyEntries);
        switch (words)
        {
            case ["add" or "update" or "delete", ['@', .. _], "{", .., "}"]:
                return SpokenElement(words) ?? NotModelled;
            case ["reset", "tcp", "option", var option]:
                return option is "maxseg" or "mss" or "2"
                    ? static run =>
                    {
                        run.Packet.TcpMss = null;
                        return Outcome.Next;
                    }
                    : static _ => Outcome.Next;
            default:
                return NotModelled;
        }
    }

    // "add @m { ip saddr . tcp dport timeout 5s : 0x7 }"
    private Effect? SpokenElement(string[] words)
    {
        int colon = Array.IndexOf(words, ":");
        int end = colon < 0 ? words.Length - 1 : colon;
        JsonArray parts = [];
        List<string> part = [];
        for (int i = 3; i <= end; i++)
        {
            if (i < end && words[i] is not ("." or "timeout" or "expires"))
            {
                part.Add(words[i]);
                continue;
            }
            if (Field(part) is not { } field)
                return null;
            parts.Add(field);
            part.Clear();
            if (i < end && words[i] is not ".")
                break;
        }
        JsonObject body = new()
        {
            ["op"] = words[0],
            ["elem"] = parts.Count == 1 ? parts[0]!.DeepClone() : new JsonObject { ["concat"] = parts },
            ["map"] = words[1],
        };
        if (colon > 0)
        {
            if (colon != words.Length - 3)
                return null;
            string data = words[colon + 1];
            body["data"] = Numbers.TryParse(data, out uint number) ? JsonValue.Create(number) : JsonValue.Create(data);
        }
        using System.Text.Json.JsonDocument document = System.Text.Json.JsonDocument.Parse(body.ToJsonString());
        return SetStatement(document.RootElement.Clone());
    }

    private static JsonObject? Field(List<string> words) =>
        words switch
        {
            ["meta", var key] => new JsonObject { ["meta"] = new JsonObject { ["key"] = key } },
            ["iifname" or "oifname" or "iif" or "oif"] => new JsonObject { ["meta"] = new JsonObject { ["key"] = words[0] } },
            ["ct", "original" or "reply", .. var rest] => new JsonObject
            {
                ["ct"] = new JsonObject { ["key"] = string.Join(' ', rest), ["dir"] = words[1] },
            },
            ["ct", var key] => new JsonObject { ["ct"] = new JsonObject { ["key"] = key } },
            ["ip" or "ip6" or "tcp" or "udp" or "th" or "ether" or "icmp" or "icmpv6" or "sctp" or "udplite", var field] => new JsonObject
            {
                ["payload"] = new JsonObject { ["protocol"] = words[0], ["field"] = field },
            },
            _ => null,
        };
}
