using System.Text.Json;
using StackNet.Engine.Facts;
using StackNet.Engine.Walk.Conntrack;

namespace StackNet.Engine.Walk.Netfilter;

internal sealed partial class NftCompiler
{
    private Effect Nat(JsonElement body, NatManip manip)
    {
        NatRange range = new() { Random = HasFlag(body, "random") || HasFlag(body, "fully-random") };
        NftExpression? address = null;
        NftExpression? port = null;
        if (body.TryGetProperty("addr", out JsonElement json) && !ReadAddress(json, ref range))
        {
            if (json.ValueKind != JsonValueKind.Object)
                return NotModelled;
            address = Expression(json);
        }
        if (body.TryGetProperty("port", out JsonElement ports) && !ReadPorts(ports, ref range))
        {
            if (ports.ValueKind != JsonValueKind.Object)
                return NotModelled;
            port = Expression(ports);
        }
        bool isNetmap = HasFlag(body, "netmap") || HasFlag(body, "prefix", "type_flags");
        // A prefix that is not asked for as a map of networks is only a range of addresses.
        if (range.NetmapLength is not null && !isNetmap)
            range = Widened(range);
        if (address is null && port is null)
            return run => NatEffects.Setup(run, range, manip);
        return run =>
        {
            NatRange own = range;
            if (address is not null)
            {
                NftValue value = address.Get(run);
                if (value.IsNone)
                    return Outcome.Break;
                NftValue target = value.Parts is [NftValue first, ..] ? first : value;
                if (!WithAddress(target, run.Packet.Source.IsV6, isNetmap, ref own))
                    return NotModelled(run);
                if (value.Parts is [_, NftValue second, ..] && !WithPort(second, ref own))
                    return NotModelled(run);
            }
            if (port is not null)
            {
                NftValue value = port.Get(run);
                if (value.IsNone)
                    return Outcome.Break;
                if (!WithPort(value, ref own))
                    return NotModelled(run);
            }
            return NatEffects.Setup(run, own, manip);
        };
    }

    private static NatRange Widened(NatRange range)
    {
        if (range.MinAddress is not { } low || range.NetmapLength is not { } length)
            return range;
        int host = low.Bits - length;
        UInt128 mask = host >= 128 ? UInt128.MaxValue : (UInt128.One << host) - 1;
        UInt128 last = low.Value | mask;
        return range with { NetmapLength = null, MaxAddress = low.IsV6 ? Ip.V6(last) : Ip.V4((uint)last) };
    }

    private static bool WithAddress(in NftValue value, bool v6, bool isNetmap, ref NatRange range)
    {
        if (value.Range is { MinAddress: { } low } found)
        {
            if (found.NetmapLength is not null && !isNetmap)
                found = Widened(found);
            // Both ends of a range as a map of networks: the bits in which they differ are the packet's own.
            if (isNetmap && found.NetmapLength is null && found.MaxAddress is { } high)
                found = found with { NetmapLength = low.Bits - (int)UInt128.PopCount(low.Value ^ high.Value) };
            range = range with { MinAddress = low, MaxAddress = found.MaxAddress, NetmapLength = found.NetmapLength };
            return true;
        }
        if (!value.IsNumber)
            return false;
        Ip ip = v6 ? Ip.V6(value.Number) : Ip.V4((uint)value.Number);
        range = range with { MinAddress = ip, MaxAddress = ip, NetmapLength = isNetmap ? ip.Bits : null };
        return true;
    }

    private static bool WithPort(in NftValue value, ref NatRange range)
    {
        if (value.Range is { MinPort: { } low } found)
        {
            range = range with { MinPort = low, MaxPort = found.MaxPort };
            return true;
        }
        if (!value.IsNumber)
            return false;
        range = range with { MinPort = (ushort)value.Number, MaxPort = (ushort)value.Number };
        return true;
    }

    private Effect Dynamic(JsonElement body, Func<HookRun, NatRange, Outcome> act)
    {
        NatRange range = new() { Random = HasFlag(body, "random") || HasFlag(body, "fully-random") };
        if (body.ValueKind != JsonValueKind.Object || !body.TryGetProperty("port", out JsonElement port) || ReadPorts(port, ref range))
            return run => act(run, range);
        if (port.ValueKind != JsonValueKind.Object)
            return NotModelled;
        NftExpression expression = Expression(port);
        return run =>
        {
            NftValue value = expression.Get(run);
            NatRange own = range;
            if (value.IsNone)
                return Outcome.Break;
            return WithPort(value, ref own) ? act(run, own) : NotModelled(run);
        };
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
            && ends.ValueKind == JsonValueKind.Array
            && ends.GetArrayLength() == 2
            && ends[0].ValueKind == JsonValueKind.String
            && ends[1].ValueKind == JsonValueKind.String
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
            if (
                ends.ValueKind != JsonValueKind.Array
                || ends.GetArrayLength() != 2
                || Immediate(ends[0], NftType.Port) is not { } low
                || Immediate(ends[1], NftType.Port) is not { } high
            )
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
