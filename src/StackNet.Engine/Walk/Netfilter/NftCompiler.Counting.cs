using System.Text.Json;
using StackNet.Engine.Facts;
using StackNet.Engine.Walk.Conntrack;

namespace StackNet.Engine.Walk.Netfilter;

internal sealed partial class NftCompiler
{
    private int _quotas;

    // nft_overquota: what was used when the node was read, and the packets that came by since; "over" asks for the other answer.
    private Effect Quota(JsonElement body)
    {
        string key = $"{family} {facts.Name} quota {_quotas++}";
        if (body.ValueKind == JsonValueKind.String)
        {
            string name = body.GetString()!;
            NftObject? found = facts.Objects.FirstOrDefault(known => known.Kind == "quota" && known.Name == name);
            if (found is null)
                return ByChance;
            key = $"{family} {facts.Name} quota {name}";
            using JsonDocument document = JsonDocument.Parse(found.Json);
            body = document.RootElement.Clone();
        }
        if (
            body.ValueKind != JsonValueKind.Object
            || (Amount(body, "val", "val_unit") ?? Amount(body, "bytes", "")) is not { } limit
            || Amount(body, "used", "used_unit") is not { } used
        )
            return ByChance;
        bool over = body.TryGetProperty("inv", out JsonElement inverted) && inverted.ValueKind == JsonValueKind.True;
        return run =>
        {
            UInt128 before = run.Table.MapData?.GetValueOrDefault(key)?.TryGetValue("used", out UInt128 known) == true ? known : used;
            UInt128 now = before + (uint)run.Packet.Length;
            run.Table.ChangeMap(key, "used", now);
            return now > limit == over ? Outcome.Next : Outcome.Break;
        };
    }

    // nft divides by 1024 only where nothing is lost.
    private static UInt128? Amount(JsonElement body, string name, string unit)
    {
        if (!body.TryGetProperty(name, out JsonElement value) || !value.TryGetUInt64(out ulong number))
            return name == "used" ? UInt128.Zero : null;
        return Text(body, unit) switch
        {
            "kbytes" => (UInt128)number << 10,
            "mbytes" => (UInt128)number << 20,
            "gbytes" => (UInt128)number << 30,
            "" or "bytes" => number,
            _ => null,
        };
    }

    // Without a socket to hand the packet to, the rule just ends (nft_tproxy_eval); with one it may or may not take it.
    private static Effect TransparentProxy(JsonElement body)
    {
        NatRange range = default;
        if (body.ValueKind == JsonValueKind.Object && body.TryGetProperty("port", out JsonElement port) && !ReadPorts(port, ref range))
            return NotModelled;
        return run =>
            run.Packet.Protocol is not (IpProtocols.Tcp or IpProtocols.Udp) ? Outcome.Break
            : Listeners.MayTake(run, range.MinPort) ? NotModelled(run)
            : Outcome.Break;
    }
}

/// <summary>Sockets of the node that a packet could be handed to.</summary>
internal static class Listeners
{
    /// <summary>False: the sockets were read and none listens on the port (the packet's own one when none is given).</summary>
    public static bool MayTake(HookRun run, ushort? port)
    {
        if (run.Machine.Facts.Listening is not { } sockets)
            return true;
        ushort wanted = port is > 0 and var given ? given : run.Packet.DestinationPort;
        string protocol = run.Packet.Protocol == IpProtocols.Tcp ? "tcp" : "udp";
        foreach (ListeningSocket socket in sockets)
        {
            if (socket.Port == wanted && socket.Protocol.StartsWith(protocol, StringComparison.OrdinalIgnoreCase))
                return true;
        }
        return false;
    }
}
