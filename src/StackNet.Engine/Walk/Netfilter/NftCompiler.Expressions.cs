using System.Text.Json;
using StackNet.Engine.Facts;
using StackNet.Engine.Walk.Conntrack;

namespace StackNet.Engine.Walk.Netfilter;

internal sealed partial class NftCompiler
{
    /// <summary>Compiles something that stands on the left: a field, a concatenation, arithmetic on them, a map lookup.</summary>
    private NftExpression Expression(JsonElement json)
    {
        if (json.ValueKind != JsonValueKind.Object)
            return NftExpression.Unknown;
        foreach (JsonProperty property in json.EnumerateObject())
        {
            JsonElement body = property.Value;
            return property.Name switch
            {
                "payload" => NftPayload.Compile(body, family),
                "meta" => NftMeta.Compile(Text(body, "key"), family),
                "ct" => NftConnection.Compile(body, family),
                "concat" => Concat(body),
                "&" or "|" or "^" or "<<" or ">>" => Arithmetic(property.Name, body),
                "fib" => Fib(body),
                "rt" => RouteField(Text(body, "key"), Text(body, "family") is { Length: > 0 } given ? given : family),
                "map" => MapLookup(body),
                "tcp option" => TcpOption(body),
                "exthdr" => ExtensionHeader(body),
                "ip option" => IpOption(body),
                // socket, numgen, jhash, symhash, osf, ipsec, tunnel: chance or state that is not held.
                _ => NftExpression.Unknown,
            };
        }
        return NftExpression.Unknown;
    }

    private NftExpression Concat(JsonElement body)
    {
        // nft 1.0.6 prints parts that are smaller than their bytes (ip dscp) as a shift and their elements shifted wrongly: lost.
        foreach (JsonElement part in body.EnumerateArray())
        {
            if (part.ValueKind == JsonValueKind.Object && part.EnumerateObject().FirstOrDefault().Name is "&" or "|" or "^" or "<<" or ">>")
                return NftExpression.Unknown;
        }
        NftExpression[] parts = [.. body.EnumerateArray().Select(Part)];
        return new(
            run =>
            {
                NftValue[] values = new NftValue[parts.Length];
                for (int i = 0; i < parts.Length; i++)
                    values[i] = parts[i].Get(run);
                return NftValue.Of(values);
            },
            [.. parts.SelectMany(static part => part.Types)]
        );
    }

    // A part may be a constant ("ip saddr . "lo" @set").
    private NftExpression Part(JsonElement json)
    {
        switch (json.ValueKind)
        {
            case JsonValueKind.Number when json.TryGetUInt64(out ulong number):
                return new(_ => NftValue.Of((UInt128)number), [NftType.Integer]);
            case JsonValueKind.String when json.GetString() is { } text:
                if (Ip.TryParse(text, out Ip ip))
                    return new(_ => NftValue.Of(ip), [ip.IsV6 ? NftType.Ip6 : NftType.Ip4]);
                return new(_ => NftValue.Of(text), [NftType.Interface]);
            default:
                return Expression(json);
        }
    }

    private NftExpression Arithmetic(string operation, JsonElement body)
    {
        JsonElement[] sides = [.. body.EnumerateArray()];
        if (sides.Length < 2)
            return NftExpression.Unknown;
        NftExpression left = Operand(sides[0], NftType.Integer) ?? NftExpression.Unknown;
        NftExpression result = left;
        for (int i = 1; i < sides.Length; i++)
        {
            NftExpression before = result;
            if (Operand(sides[i], left.Types[0]) is not { } right)
                return NftExpression.Unknown;
            result = left with { Get = run => Combine(operation, before.Get(run), right.Get(run)) };
        }
        return result;
    }

    private NftExpression? Operand(JsonElement json, NftType type)
    {
        if (json.ValueKind == JsonValueKind.Object && !IsImmediate(json))
            return Expression(json);
        return Immediate(json, type) is { } value ? new NftExpression(_ => NftValue.Of(value), [type]) : null;
    }

    // {"|": ["syn", "ack"]} is a constant, {"&": [field, mask]} is not.
    private static bool IsImmediate(JsonElement json) =>
        json.ValueKind == JsonValueKind.Object
        && json.TryGetProperty("|", out JsonElement flags)
        && flags.ValueKind == JsonValueKind.Array
        && flags.EnumerateArray().All(static part => part.ValueKind != JsonValueKind.Object || IsImmediate(part));

    private static NftValue Combine(string operation, NftValue left, NftValue right)
    {
        if (left.IsNone || right.IsNone)
            return NftValue.None;
        if (!left.IsNumber || !right.IsNumber)
            return NftValue.Maybe;
        return NftValue.Of(
            operation switch
            {
                "&" => left.Number & right.Number,
                "|" => left.Number | right.Number,
                "^" => left.Number ^ right.Number,
                "<<" => left.Number << (int)right.Number & uint.MaxValue,
                _ => left.Number >> (int)right.Number,
            }
        );
    }

    /// <summary>A constant as a number: a number, a symbol, or several flags put together.</summary>
    private static UInt128? Immediate(JsonElement json, NftType type)
    {
        switch (json.ValueKind)
        {
            case JsonValueKind.Number when type == NftType.Bit:
                return json.TryGetInt32(out int bit) && bit is >= 0 and < 128 ? UInt128.One << bit : null;
            case JsonValueKind.Number:
                return json.TryGetUInt64(out ulong number) ? number : null;
            case JsonValueKind.True:
                return 1;
            case JsonValueKind.False:
                return 0;
            case JsonValueKind.String:
                return NftNames.Find(type, json.GetString()!);
            case JsonValueKind.Array:
                UInt128 all = 0;
                foreach (JsonElement part in json.EnumerateArray())
                {
                    if (Immediate(part, type) is not { } flag)
                        return null;
                    all |= flag;
                }
                return all;
            case JsonValueKind.Object when json.TryGetProperty("|", out JsonElement flags):
                return Immediate(flags, type);
            default:
                return null;
        }
    }

    private static NftExpression Fib(JsonElement body)
    {
        string result = Text(body, "result");
        string[] flags =
            body.TryGetProperty("flags", out JsonElement list) && list.ValueKind == JsonValueKind.Array
                ? [.. list.EnumerateArray().Select(static flag => flag.GetString() ?? "")]
                : [Text(body, "flags")];
        bool source = flags.Contains("saddr");
        bool mark = flags.Contains("mark");
        bool iif = flags.Contains("iif");
        bool oif = flags.Contains("oif");
        if (result == "type")
        {
            return new(
                run =>
                {
                    string? device =
                        iif ? run.Context.InDevice?.Name
                        : oif ? run.Context.OutDevice?.Name
                        : null;
                    string? type = run.Context.Routing?.AddressType(source ? run.Packet.Source : run.Packet.Destination, device);
                    return type is null ? NftValue.Maybe
                        : NftNames.Find(NftType.AddressType, type) is { } number ? NftValue.Of(number)
                        : NftValue.Maybe;
                },
                [NftType.AddressType]
            );
        }
        return new(run => FibDevice(run, source, mark, iif, oif), [NftType.Interface]);
    }

    // nft_fib4_eval: the device of the route, "" (index 0) when there is none or it is not the wanted one.
    private static NftValue FibDevice(HookRun run, bool source, bool mark, bool iif, bool oif)
    {
        LinkFacts? wanted =
            oif ? run.Context.OutDevice
            : iif ? run.Context.InDevice
            : null;
        if (run.Context.Hook == NetfilterHook.Prerouting && run.Context.InDevice is { } input && input.Flags.Contains("LOOPBACK"))
            return NftValue.Of(input.Name);
        if (source && run.Packet.Source.IsAny && (run.Packet.Destination.IsLimitedBroadcast || run.Packet.Destination.IsMulticast))
            return NftValue.Of(run.Context.InDevice?.Name);
        RouteAnswer? answer = source
            ? run.Context.Routing?.ReverseLookup(run.Packet, wanted?.Name ?? run.Context.InDevice?.Name, mark, useProtocol: true)
            : run.Context.Routing?.Lookup(run.Packet, mark);
        if (answer is not { } route)
            return NftValue.Maybe;
        if (route.Type != "unicast" || (wanted is not null && route.Device != wanted.Name))
            return NftValue.Of("");
        return NftValue.Of(route.Device);
    }

    // nft_rt: nothing before the packet has a route; one for the node itself has its own address for a next hop.
    private static NftExpression RouteField(string key, string? family)
    {
        switch (key)
        {
            case "classid":
                return NftMeta.RouteClass();
            case "ipsec":
                return new(static run => HasRoute(run) ? NftValue.Of(false) : NftValue.None, [NftType.Boolean]);
            case "nexthop":
                bool six = family == "ip6";
                return new(
                    run =>
                        !HasRoute(run) || run.Packet.Destination.IsV6 != six ? NftValue.None
                        : run.Context.Hook == NetfilterHook.Input ? NftValue.Of(run.Packet.Destination)
                        : run.Context.NextHop is { } hop ? NftValue.Of(hop)
                        : NftValue.Maybe,
                    [six ? NftType.Ip6 : NftType.Ip4]
                )
                {
                    Bits = six ? 128 : 32,
                };
            default:
                return NftExpression.Unknown;
        }
    }

    private static bool HasRoute(HookRun run) =>
        run.Context.IsBridged || run.Context.Hook is not (NetfilterHook.Prerouting or NetfilterHook.Ingress);

    // Without a field the question is whether the header or option is there at all (NFT_EXTHDR_F_PRESENT).
    private static NftExpression ExtensionHeader(JsonElement body)
    {
        bool isPresence = !body.TryGetProperty("field", out _);
        bool isFragment = Text(body, "name") == "frag";
        return new(
            run =>
                run.Packet.EtherType != EtherTypes.Ip6 ? NftValue.None
                : isFragment && run.Packet.IsFragment ? NftValue.Maybe
                : isPresence ? NftValue.Of(false)
                : NftValue.None,
            [isPresence ? NftType.Boolean : NftType.Integer]
        );
    }

    private static NftExpression IpOption(JsonElement body)
    {
        bool isPresence = !body.TryGetProperty("field", out _);
        return new(
            run =>
                run.Packet.EtherType != EtherTypes.Ip4 ? NftValue.None
                : run.Packet.IpOptionsLength > 0 ? NftValue.Maybe
                : isPresence ? NftValue.Of(false)
                : NftValue.None,
            [isPresence ? NftType.Boolean : NftType.Integer]
        );
    }

    private static NftExpression TcpOption(JsonElement body)
    {
        string name = Text(body, "name");
        bool asksSize = body.TryGetProperty("field", out JsonElement field) && field.GetString() is "size";
        if (name != "maxseg")
            return new(static run => run.Packet.Protocol == IpProtocols.Tcp ? NftValue.Maybe : NftValue.None, [NftType.Integer]);
        if (!body.TryGetProperty("field", out _))
            return new(static run => NftValue.Of(run.Packet.TcpMss is not null), [NftType.Boolean]);
        return asksSize
            ? new(static run => run.Packet.TcpMss is { } mss ? NftValue.Of((UInt128)mss) : NftValue.None, [NftType.Integer]) { Bits = 16 }
            : NftExpression.Unknown;
    }

    private static string Text(JsonElement json, string name) =>
        json.ValueKind == JsonValueKind.Object
        && json.TryGetProperty(name, out JsonElement value)
        && value.ValueKind == JsonValueKind.String
            ? value.GetString()!
            : "";
}
