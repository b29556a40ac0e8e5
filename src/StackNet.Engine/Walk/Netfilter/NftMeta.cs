using StackNet.Engine.Facts;

namespace StackNet.Engine.Walk.Netfilter;

/// <summary>meta expressions of nft: what is known of a packet beside its bytes.</summary>
internal static class NftMeta
{
    public static NftExpression Compile(string key, string family) =>
        key switch
        {
            "iifname" or "iif" => new(static run => NftValue.Of(run.Context.InDevice?.Name), [NftType.Interface]),
            "oifname" or "oif" => new(static run => NftValue.Of(run.Context.OutDevice?.Name), [NftType.Interface]),
            "ibrname" or "ibriname" => Device(static run => MasterOf(run.Context.PhysIn ?? run.Context.InDevice)),
            "obrname" or "ibroname" => Device(static run => MasterOf(run.Context.PhysOut ?? run.Context.OutDevice)),
            "iifkind" => Device(static run => run.Context.InDevice?.Kind),
            "oifkind" => Device(static run => run.Context.OutDevice?.Kind),
            "mark" => Number(32, static run => run.Packet.Mark),
            "priority" => new(static run => NftValue.Of((UInt128)run.Packet.Priority), [NftType.Priority]),
            "length" => new(static run => NftValue.Of((UInt128)(run.Packet.Length + LinkLength(run))), [NftType.Integer]),
            "l4proto" => new(static run => run.Packet.IsIp ? NftValue.Of((UInt128)run.Packet.Protocol) : NftValue.None, [NftType.Protocol])
            {
                Bits = 8,
            },
            "nfproto" => new(run => NfProtocol(run, family), [NftType.NfProtocol]) { Bits = 8 },
            "protocol" => new(static run => NftValue.Of((UInt128)run.Packet.EtherType), [NftType.EtherType]) { Bits = 16 },
            "pkttype" => new(static run => NftValue.Of((UInt128)(int)run.Packet.Type), [NftType.PacketType]) { Bits = 8 },
            "skuid" or "skgid" => new(static run => run.Context.IsLocalOut ? NftValue.Maybe : NftValue.None, [NftType.Integer]),
            "cgroup" => new(static run => run.Context.IsLocalOut ? NftValue.Maybe : NftValue.None, [NftType.Integer]),
            "nftrace" => Number(1, static _ => 0),
            "secpath" or "ipsec" => new(static _ => NftValue.Of(false), [NftType.Boolean]),
            "iiftype" or "oiftype" => new(
                key == "iiftype" ? static run => TypeOf(run.Context.InDevice) : static run => TypeOf(run.Context.OutDevice),
                [NftType.Text]
            ),
            "sdif" or "sdifname" => new(static run => HasVrf(run) ? NftValue.Maybe : NftValue.Of(""), [NftType.Interface]),
            "iifgroup" => Group(static run => run.Context.InDevice),
            "oifgroup" => Group(static run => run.Context.OutDevice),
            "rtclassid" => RouteClass(),
            "time" or "day" or "hour" => new(static _ => NftValue.Maybe, [NftType.Time]),
            _ => NftExpression.Unknown,
        };

    private static NftExpression Number(int bits, Func<HookRun, uint> value) =>
        new(run => NftValue.Of((UInt128)value(run)), [NftType.Integer]) { Bits = bits };

    private static NftExpression Device(Func<HookRun, string?> name) =>
        new(run => name(run) is { } text ? NftValue.Of(text) : NftValue.None, [NftType.Interface]);

    private static NftExpression Group(Func<HookRun, LinkFacts?> device) =>
        new(
            run =>
                device(run) is not { } link ? NftValue.None
                : Numbers.TryParse(link.DeviceGroup, out uint group) ? NftValue.Of((UInt128)group)
                : NftValue.Maybe,
            [NftType.DeviceGroup]
        );

    /// <summary>The realm of the packet's route: none before there is one, and 0 where no route has any.</summary>
    public static NftExpression RouteClass() =>
        new(
            static run =>
                run.Context.Hook is NetfilterHook.Prerouting or NetfilterHook.Ingress && !run.Context.IsBridged ? NftValue.None
                : run.Machine.Facts.Routes is { } routes && routes.All(static route => route.Realm is null) ? NftValue.Of(UInt128.Zero)
                : NftValue.Maybe,
            [NftType.Realm]
        );

    private static bool HasVrf(HookRun run) => run.Machine.Facts.Links is not { } links || links.Any(static link => link.Kind == "vrf");

    private static string? MasterOf(LinkFacts? port) => port?.Master;

    private static NftValue TypeOf(LinkFacts? link) => link is null ? NftValue.None : NftValue.Of(link.LinkType);

    // skb->len: on the bridge and netdev hooks the link header has been pulled already as well.
    private static int LinkLength(HookRun run)
    {
        _ = run;
        return 0;
    }

    private static NftValue NfProtocol(HookRun run, string family) =>
        family switch
        {
            "ip" => NftValue.Of((UInt128)2),
            "ip6" => NftValue.Of((UInt128)10),
            "bridge" => NftValue.Of((UInt128)7),
            "arp" => NftValue.Of((UInt128)3),
            "netdev" => NftValue.Of((UInt128)5),
            _ => NftValue.Of((UInt128)(run.Packet.EtherType == EtherTypes.Ip6 ? 10 : 2)),
        };
}
