using System.Text.Json;
using StackNet.Engine.Facts;
using StackNet.Engine.Walk.Conntrack;

namespace StackNet.Engine.Walk.Netfilter;

internal sealed partial class NftCompiler
{
    // Could match or not, drop, accept or change the packet: only a drop that follows in every case is certain.
    private static readonly Effect NotModelled = static run =>
    {
        if (run.Choose())
            return Outcome.Break;
        run.Spoil();
        return run.Choose() ? Outcome.Accept : Outcome.Next;
    };

    private static readonly Effect ByChance = static run => run.Choose() ? Outcome.Next : Outcome.Break;

    private Effect? Statement(string name, JsonElement body)
    {
        switch (name)
        {
            case "accept":
                return static _ => Outcome.Accept;
            case "drop":
                return static _ => Outcome.Drop;
            case "return":
                return static _ => Outcome.Return;
            case "continue"
            or "counter"
            or "log"
            or "comment"
            or "last"
            or "secmark"
            or "ct helper"
            or "ct timeout"
            or "ct expectation"
            or "flow":
                // A packet is copied, logged or counted and goes on; a helper acts on later connections, a flowtable on later packets.
                return null;
            case "jump" or "goto":
                return Jump(Text(body, "target"), name == "goto");
            case "ct count":
                return ConnectionLimit(body);
            case "quota":
                return Quota(body);
            case "tproxy":
                return TransparentProxy(body);
            case "limit" or "meter":
                return ByChance;
            case "reject":
                return Reject(body);
            case "vmap":
                return VerdictMap(body);
            case "mangle":
                return Mangle(body);
            case "notrack":
                return static run => NoTrack(run);
            case "snat":
                return Nat(body, NatManip.Source);
            case "dnat":
                return Nat(body, NatManip.Destination);
            case "masquerade":
                return Dynamic(body, NatEffects.Masquerade);
            case "redirect":
                return Dynamic(body, NatEffects.Redirect);
            case "set" or "map":
                return SetStatement(body);
            case "fwd":
                // With an address the neighbour of that device is asked and the TTL goes down: not modelled.
                if (body.TryGetProperty("addr", out _) || Text(body, "dev") is not { Length: > 0 } target)
                    return NotModelled;
                return run =>
                {
                    run.ForwardTo = target;
                    return Outcome.Stolen;
                };
            case "dup":
                return Duplicate(body);
            case "xt":
                return Opaque(body);
            default:
                // queue, tproxy, synproxy and what newer kernels have.
                return NotModelled;
        }
    }

    // In the netdev family "dup to eth1" is {"addr": "eth1"}; in the others it is a gateway, perhaps with a device.
    private Effect Duplicate(JsonElement body)
    {
        string address = Text(body, "addr");
        string? device = Text(body, "dev") is { Length: > 0 } given ? given : null;
        if (family == "netdev" && device is null && address.Length > 0)
        {
            return run =>
            {
                run.Copy(address, null);
                return Outcome.Next;
            };
        }
        if (family is "netdev" or "bridge" or "arp" || !Ip.TryParse(address, out Ip gateway))
            return NotModelled;
        return run =>
        {
            run.Copy(device, gateway);
            return Outcome.Next;
        };
    }

    // nft_connlimit: goes on while there are no more than so many, or ("over", inv) when there are more.
    private static Effect ConnectionLimit(JsonElement body)
    {
        if (!body.TryGetProperty("val", out JsonElement value) || !value.TryGetUInt32(out uint limit))
            return ByChance;
        bool over = body.TryGetProperty("inv", out JsonElement inverted) && inverted.ValueKind == JsonValueKind.True;
        return run => ConnectionCount.Exceeds(run, limit) is { } exceeds ? (exceeds == over ? Outcome.Next : Outcome.Break) : ByChance(run);
    }

    private Effect Jump(string target, bool isGoto)
    {
        if (table.Chain(target) is not { } chain)
            return NotModelled;
        return run =>
        {
            run.Target = chain;
            return isGoto ? Outcome.Goto : Outcome.Jump;
        };
    }

    // An extension of iptables that nft does not know: a match either holds or not, a target can do anything.
    private static Effect? Opaque(JsonElement body)
    {
        if (Text(body, "type") == "match")
            return Text(body, "name") == "comment" ? null : ByChance;
        return NotModelled;
    }

    private static Effect Reject(JsonElement body)
    {
        string type = Text(body, "type");
        string code = Text(body, "expr");
        string with = type switch
        {
            "tcp reset" => "tcp-reset",
            "icmpv6" => "icmp6-" + (code.Length == 0 ? "port-unreachable" : code),
            _ => "icmp-" + (code.Length == 0 ? "port-unreachable" : code),
        };
        bool both = type is "icmpx" or "";
        bool resets = with == "tcp-reset";
        return run =>
        {
            // nft puts "meta l4proto tcp" before a reset by itself, and leaves it out of its listing.
            if (resets && run.Packet.Protocol != IpProtocols.Tcp)
                return Outcome.Break;
            run.RejectWith =
                both && run.Packet.EtherType == EtherTypes.Ip6 ? "icmp6-" + (code.Length == 0 ? "port-unreachable" : code) : with;
            return Outcome.Reject;
        };
    }

    private Effect VerdictMap(JsonElement body)
    {
        if (!body.TryGetProperty("key", out JsonElement key) || !body.TryGetProperty("data", out JsonElement data))
            return NotModelled;
        NftExpression expression = Expression(key);
        NftTester tester = Tester(data, expression, out string? named);
        Effect[] verdicts = new Effect[tester.Count];
        for (int i = 0; i < verdicts.Length; i++)
            verdicts[i] = Verdict(tester.Data(i));
        return run =>
        {
            NftValue value = expression.Get(run);
            if (value.IsNone)
                return Outcome.Break;
            if (value.IsMaybe || (named is not null && run.Table.SetChanges?.ContainsKey(named) == true))
                return NotModelled(run);
            int index = tester.Find(value, out bool maybe);
            if (maybe)
                return NotModelled(run);
            if (index >= 0)
                return verdicts[index](run);
            return tester.IsComplete ? Outcome.Break : NotModelled(run);
        };
    }

    private Effect Verdict(JsonElement json)
    {
        if (json.ValueKind != JsonValueKind.Object)
            return NotModelled;
        JsonProperty property = json.EnumerateObject().First();
        return property.Name == "continue"
            ? static _ => Outcome.Next
            : Statement(property.Name, property.Value) ?? (static _ => Outcome.Next);
    }

    private NftExpression MapLookup(JsonElement body)
    {
        if (!body.TryGetProperty("key", out JsonElement key) || !body.TryGetProperty("data", out JsonElement data))
            return NftExpression.Unknown;
        NftExpression expression = Expression(key);
        NftTester tester = Tester(data, expression, out string? named);
        NftType type = GuessType(tester);
        NftValue[] values = new NftValue[tester.Count];
        for (int i = 0; i < values.Length; i++)
            values[i] = DataValue(tester.Data(i), type);
        return new(
            run =>
            {
                NftValue value = expression.Get(run);
                if (value.IsNone || value.IsMaybe)
                    return value;
                if (
                    named is not null
                    && run.Table.SetChanges?.GetValueOrDefault(named)?.TryGetValue(value.ToString(), out bool isIn) == true
                )
                {
                    if (!isIn)
                        return NftValue.None;
                    return run.Table.MapData?.GetValueOrDefault(named)?.TryGetValue(value.ToString(), out UInt128 changed) == true
                        ? NftValue.Of(changed)
                        : NftValue.Maybe;
                }
                int index = tester.Find(value, out bool maybe);
                if (maybe)
                    return NftValue.Maybe;
                if (index >= 0)
                    return values[index];
                return tester.IsComplete ? NftValue.None : NftValue.Maybe;
            },
            [type]
        );
    }

    private static NftType GuessType(NftTester tester)
    {
        if (tester.Count == 0)
            return NftType.Integer;
        JsonElement first = tester.Data(0);
        if (first.ValueKind == JsonValueKind.Object && first.TryGetProperty("prefix", out JsonElement prefix))
            return Text(prefix, "addr").Contains(':', StringComparison.Ordinal) ? NftType.Ip6 : NftType.Ip4;
        if (first.ValueKind != JsonValueKind.String)
            return NftType.Integer;
        return Ip.TryParse(first.GetString(), out Ip ip) ? (ip.IsV6 ? NftType.Ip6 : NftType.Ip4) : NftType.Integer;
    }

    private static NftValue DataValue(JsonElement json, NftType type)
    {
        if (json.ValueKind == JsonValueKind.Object && json.TryGetProperty("concat", out JsonElement parts))
        {
            return NftValue.Of([
                .. parts
                    .EnumerateArray()
                    .Select(static part =>
                        part.ValueKind == JsonValueKind.String && Ip.TryParse(part.GetString(), out Ip ip)
                            ? NftValue.Of(ip)
                            : DataValue(part, NftType.Port)
                    ),
            ]);
        }
        NatRange range = default;
        if (json.ValueKind == JsonValueKind.Object && ReadAddress(json, ref range))
            return NftValue.Of(range);
        if (json.ValueKind == JsonValueKind.Object && ReadPorts(json, ref range))
            return NftValue.Of(range);
        return Immediate(json, type) is { } number ? NftValue.Of(number) : NftValue.Maybe;
    }

    private static Outcome NoTrack(HookRun run)
    {
        if (run.Packet.Conntrack.Entry is null && run.Packet.Conntrack.Info != ConntrackInfo.Untracked && !run.Packet.HasTemplate)
        {
            run.Packet.Conntrack = new(null, ConntrackInfo.Untracked);
            run.Packet.NoTrack = true;
        }
        return Outcome.Next;
    }

    private Effect SetStatement(JsonElement body)
    {
        if (
            !body.TryGetProperty("elem", out JsonElement element)
            || (Text(body, "set") is { Length: > 0 } target ? target : Text(body, "map")) is not ['@', .. string name]
        )
            return NotModelled;
        if (element.ValueKind == JsonValueKind.Object && element.TryGetProperty("elem", out JsonElement wrapped))
            element = wrapped.TryGetProperty("val", out JsonElement value) ? value : wrapped;
        NftExpression expression = Expression(element);
        string set = SetKey(name);
        bool isIn = Text(body, "op") != "delete";
        // "add @m { ip saddr : 7 }" of a map brings the data too.
        NftExpression? data = null;
        if (body.TryGetProperty("data", out JsonElement given))
        {
            data = Operand(given, NftType.Integer);
            if (data is null && isIn)
                return NotModelled;
        }
        // A limit or quota inside the element decides whether the rule goes on.
        bool limited =
            body.TryGetProperty("stmt", out JsonElement statements)
            && statements.GetRawText() is { } text
            && (text.Contains("limit") || text.Contains("quota"));
        return run =>
        {
            NftValue value = expression.Get(run);
            if (value.IsNone)
                return Outcome.Break;
            if (value.HasMaybe)
                return NotModelled(run);
            if (isIn && data is not null)
            {
                if (data.Get(run) is not { IsNumber: true } number)
                    return NotModelled(run);
                run.Table.ChangeMap(set, value.ToString(), number.Number);
            }
            else
            {
                run.Table.ChangeSet(set, value.ToString(), isIn);
            }
            return limited ? ByChance(run) : Outcome.Next;
        };
    }
}
