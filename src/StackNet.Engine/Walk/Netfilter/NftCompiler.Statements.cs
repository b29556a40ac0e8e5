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
            or "dup"
            or "secmark"
            or "ct helper"
            or "ct timeout"
            or "ct expectation"
            or "flow":
                // A packet is copied, logged or counted and goes on; a helper acts on later connections, a flowtable on later packets.
                return null;
            case "jump" or "goto":
                return Jump(Text(body, "target"), name == "goto");
            case "limit" or "quota" or "ct count" or "meter":
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
                return static run =>
                {
                    run.Spoil();
                    return Outcome.Stolen;
                };
            case "xt":
                return Opaque(body);
            default:
                // queue, tproxy, synproxy and what newer kernels have.
                return NotModelled;
        }
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
        return run =>
        {
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
            int index = tester.Find(value);
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
        NftTester tester = Tester(data, expression, out _);
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
                int index = tester.Find(value);
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
                        part.ValueKind == JsonValueKind.String && Ip.TryParse(part.GetString(), out Ip ip) ? NftValue.Of(ip)
                        : Immediate(part, NftType.Port) is { } port ? NftValue.Of(port)
                        : NftValue.Maybe
                    ),
            ]);
        }
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
        if (!body.TryGetProperty("elem", out JsonElement element) || Text(body, "set") is not ['@', .. string name])
            return NotModelled;
        if (element.ValueKind == JsonValueKind.Object && element.TryGetProperty("elem", out JsonElement wrapped))
            element = wrapped.TryGetProperty("val", out JsonElement value) ? value : wrapped;
        NftExpression expression = Expression(element);
        string set = SetKey(name);
        bool isIn = Text(body, "op") != "delete";
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
            if (value.IsMaybe)
                return NotModelled(run);
            run.Table.ChangeSet(set, value.ToString(), isIn);
            return limited ? ByChance(run) : Outcome.Next;
        };
    }

    private Effect Nat(JsonElement body, NatManip manip)
    {
        bool random = HasFlag(body, "random") || HasFlag(body, "fully-random");
        bool isPrefix = HasFlag(body, "prefix", "type_flags");
        NatRange range = new() { Random = random };
        NftExpression? address = null;
        if (body.TryGetProperty("addr", out JsonElement json) && !ReadAddress(json, ref range))
        {
            if (json.ValueKind != JsonValueKind.Object || isPrefix)
                return NotModelled;
            address = Expression(json);
        }
        if (body.TryGetProperty("port", out JsonElement port) && !ReadPorts(port, ref range))
            return NotModelled;
        if (address is null)
            return run => NatEffects.Setup(run, range, manip);
        return run =>
        {
            NftValue value = address.Get(run);
            if (value.IsNone)
                return Outcome.Break;
            NatRange own = range;
            NftValue target = value.Parts is [NftValue first, ..] ? first : value;
            if (!target.IsNumber)
                return NotModelled(run);
            Ip ip = run.Packet.Source.IsV6 ? Ip.V6(target.Number) : Ip.V4((uint)target.Number);
            own = own with { MinAddress = ip, MaxAddress = ip };
            if (value.Parts is [_, { IsNumber: true } second, ..])
                own = own with { MinPort = (ushort)second.Number, MaxPort = (ushort)second.Number };
            return NatEffects.Setup(run, own, manip);
        };
    }

    private static Effect Dynamic(JsonElement body, Func<HookRun, NatRange, Outcome> act)
    {
        NatRange range = new() { Random = HasFlag(body, "random") || HasFlag(body, "fully-random") };
        if (body.ValueKind == JsonValueKind.Object && body.TryGetProperty("port", out JsonElement port) && !ReadPorts(port, ref range))
            return NotModelled;
        return run => act(run, range);
    }

    private static bool HasFlag(JsonElement body, string flag, string property = "flags")
    {
        if (body.ValueKind != JsonValueKind.Object || !body.TryGetProperty(property, out JsonElement flags))
            return false;
        return flags.ValueKind == JsonValueKind.Array
            ? flags.EnumerateArray().Any(one => one.GetString() == flag)
            : flags.ValueKind == JsonValueKind.String && flags.GetString() == flag;
    }

    private static bool ReadAddress(JsonElement json, ref NatRange range)
    {
        if (json.ValueKind == JsonValueKind.String && Ip.TryParse(json.GetString(), out Ip single))
        {
            range = range with { MinAddress = single, MaxAddress = single };
            return true;
        }
        if (json.ValueKind != JsonValueKind.Object)
            return false;
        if (
            json.TryGetProperty("range", out JsonElement ends)
            && Ip.TryParse(ends[0].GetString(), out Ip low)
            && Ip.TryParse(ends[1].GetString(), out Ip high)
        )
        {
            range = range with { MinAddress = low, MaxAddress = high };
            return true;
        }
        if (
            json.TryGetProperty("prefix", out JsonElement prefix)
            && Ip.TryParse(Text(prefix, "addr"), out Ip network)
            && prefix.TryGetProperty("len", out JsonElement size)
            && size.TryGetInt32(out int length)
        )
        {
            range = range with { MinAddress = network, MaxAddress = network, NetmapLength = length };
            return true;
        }
        return false;
    }

    private static bool ReadPorts(JsonElement json, ref NatRange range)
    {
        if (json.ValueKind == JsonValueKind.Object && json.TryGetProperty("range", out JsonElement ends))
        {
            if (Immediate(ends[0], NftType.Port) is not { } low || Immediate(ends[1], NftType.Port) is not { } high)
                return false;
            range = range with { MinPort = (ushort)low, MaxPort = (ushort)high };
            return true;
        }
        if (Immediate(json, NftType.Port) is not { } port)
            return false;
        range = range with { MinPort = (ushort)port, MaxPort = (ushort)port };
        return true;
    }
}
