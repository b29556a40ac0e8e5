using System.Text.Json;
using StackNet.Engine.Facts;
using StackNet.Engine.Walk.Conntrack;

namespace StackNet.Engine.Walk.Netfilter;

/// <summary>ct expressions of nft.</summary>
internal static class NftConnection
{
    public static NftExpression Compile(JsonElement body, string family)
    {
        string key = body.TryGetProperty("key", out JsonElement name) ? name.GetString() ?? "" : "";
        bool? reply =
            body.TryGetProperty("dir", out JsonElement dir) && dir.ValueKind == JsonValueKind.String ? dir.GetString() == "reply" : null;
        if (key == "state")
            return new(static run => NftValue.Of(StateOf(run.Packet)), [NftType.CtState]);
        return key switch
        {
            "mark" => Entry(NftType.Integer, 32, static (entry, _) => entry.Mark),
            "direction" => Entry(NftType.CtDirection, 8, static (_, link) => link.IsReply ? 1u : 0u),
            "status" => Entry(NftType.CtStatus, 32, static (entry, _) => StatusOf(entry)),
            "zone" => Entry(NftType.Integer, 16, (entry, _) => reply is { } side ? entry.ZoneKey.For(side) : entry.Zone),
            "protocol" => Entry(NftType.Protocol, 8, static (entry, _) => entry.Protocol),
            "l3proto" => Entry(NftType.NfProtocol, 8, static (entry, _) => entry.Original.Source.IsV6 ? 10u : 2u),
            "saddr" or "ip saddr" or "ip6 saddr" => Tuple(Address(key, family), reply, static tuple => tuple.Source.Value),
            "daddr" or "ip daddr" or "ip6 daddr" => Tuple(Address(key, family), reply, static tuple => tuple.Destination.Value),
            "proto-src" => Tuple(NftType.Port, reply, static tuple => tuple.SourcePort),
            "proto-dst" => Tuple(NftType.Port, reply, static tuple => tuple.DestinationPort),
            "helper" => new(
                static run => run.Packet.Conntrack.Entry is { Master.Helper: { } helper } ? NftValue.Of(helper) : NftValue.None,
                [NftType.Text]
            ),
            "label" => new(static run => run.Packet.Conntrack.Entry is { } entry ? NftValue.Of(entry.Label) : NftValue.None, [NftType.Bit])
            {
                Bits = 128,
            },
            "packets" => Traffic(reply, static (counters, side) => counters.Packets(side)),
            "bytes" => Traffic(reply, static (counters, side) => counters.Bytes(side)),
            "avgpkt" => Traffic(
                reply,
                static (counters, side) => counters.Packets(side) is > 0 and var packets ? counters.Bytes(side) / packets : 0
            ),
            // Age, id: not held.
            _ => new(static run => run.Packet.Conntrack.Entry is null ? NftValue.None : NftValue.Maybe, [NftType.Integer]),
        };
    }

    // nft_ct: a connection without counters has counted nothing.
    private static NftExpression Traffic(bool? reply, Func<ConntrackCounters, bool?, ulong> value) =>
        new(
            run =>
                run.Packet.Conntrack.Entry is not { } entry ? NftValue.None
                : entry.Counters is { } counters ? NftValue.Of((UInt128)value(counters, reply))
                : run.Table.CountsTraffic ? NftValue.Maybe
                : NftValue.Of(UInt128.Zero),
            [NftType.Integer]
        )
        {
            Bits = 64,
        };

    private static NftType Address(string key, string family) =>
        key.StartsWith("ip6", StringComparison.Ordinal) || family == "ip6" ? NftType.Ip6 : NftType.Ip4;

    private static NftExpression Entry(NftType type, int bits, Func<ConntrackEntry, ConntrackLink, UInt128> value) =>
        new(run => run.Packet.Conntrack is { Entry: { } entry } link ? NftValue.Of(value(entry, link)) : NftValue.None, [type])
        {
            Bits = bits,
        };

    private static NftExpression Tuple(NftType type, bool? reply, Func<ConntrackTuple, UInt128> value)
    {
        bool wantsV6 = type == NftType.Ip6;
        bool isAddress = type is NftType.Ip4 or NftType.Ip6;
        return new(
            run =>
            {
                if (run.Packet.Conntrack.Entry is not { } entry)
                    return NftValue.None;
                ConntrackTuple tuple = reply ?? run.Packet.Conntrack.IsReply ? entry.Reply : entry.Original;
                return isAddress && tuple.Source.IsV6 != wantsV6 ? NftValue.None : NftValue.Of(value(tuple));
            },
            [type]
        )
        {
            Bits = type switch
            {
                NftType.Ip6 => 128,
                NftType.Port => 16,
                _ => 32,
            },
        };
    }

    private static UInt128 StateOf(Packet packet) =>
        packet.Conntrack.Info switch
        {
            ConntrackInfo.Established or ConntrackInfo.EstablishedReply => 2,
            ConntrackInfo.Related or ConntrackInfo.RelatedReply => 4,
            ConntrackInfo.New => 8,
            ConntrackInfo.Untracked => 64,
            // A template on a packet that has no connection counts as a new one (ct zone set after conntrack found it invalid).
            _ => packet.HasTemplate ? 8u : 1u,
        };

    private static UInt128 StatusOf(ConntrackEntry entry) =>
        (UInt128)(
            (entry.IsExpected ? 1 : 0)
            | (entry.SeenReply ? 2 : 0)
            | (entry.Assured ? 4 : 0)
            | (entry.Confirmed ? 8 : 0)
            | (entry.SourceNat ? 16 : 0)
            | (entry.DestinationNat ? 32 : 0)
            | (entry.SourceNatDone ? 128 : 0)
            | (entry.DestinationNatDone ? 256 : 0)
        );
}
