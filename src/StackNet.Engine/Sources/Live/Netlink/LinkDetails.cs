using StackNet.Engine.Facts;

namespace StackNet.Engine.Sources.Live.Netlink;

/// <summary>IFLA_LINKINFO: kind, data of the kind, and data of a port of a master (linux/if_link.h).</summary>
internal struct LinkDetails
{
    private static readonly string[] BondModes =
    [
        "balance-rr",
        "active-backup",
        "balance-xor",
        "broadcast",
        "802.3ad",
        "balance-tlb",
        "balance-alb",
    ];

    public string? Kind { get; private set; }
    public string? SlaveKind { get; private set; }
    public string? TunType { get; private set; }
    public int? VlanId { get; private set; }
    public string? VlanProtocol { get; private set; }
    public BridgeFacts? Bridge { get; private set; }
    public BridgePortFacts? Port { get; private set; }
    public VxlanFacts? Vxlan { get; private set; }
    public IReadOnlyDictionary<string, string>? Others { get; private set; }

    public static LinkDetails Parse(ReadOnlySpan<byte> value)
    {
        LinkDetails details = default;
        NetlinkAttributes attribute = new(value);
        // The kernel writes the kind before its data (rtnl_link_info_fill()).
        while (attribute.MoveNext())
        {
            switch (attribute.Type)
            {
                case 1:
                    details.Kind = KnownWords.Find(attribute.Value);
                    break;
                case 2:
                    details.ParseData(attribute.Value);
                    break;
                case 4:
                    details.SlaveKind = KnownWords.Find(attribute.Value);
                    break;
                case 5 when details.SlaveKind == "bridge":
                    details.Port = ParsePort(attribute.Value);
                    break;
            }
        }
        return details;
    }

    private void ParseData(ReadOnlySpan<byte> value)
    {
        switch (Kind)
        {
            case "bridge":
                Bridge = ParseBridge(value);
                break;
            case "tun":
                TunType = Find(value, 3) switch // IFLA_TUN_TYPE: IFF_TUN, IFF_TAP
                {
                    1 => "tun",
                    2 => "tap",
                    _ => null,
                };
                break;
            case "vlan":
                ParseVlan(value);
                break;
            case "vxlan":
                Vxlan = ParseVxlan(value);
                break;
            case "bond":
                if (Find(value, 1) is { } mode)
                    Others = Single("mode", mode < BondModes.Length ? BondModes[mode] : mode.ToString());
                break;
            case "macvlan" or "macvtap":
                Others = Single("mode", MacvlanMode(Find(value, 1)));
                break;
            case "vrf":
                if (Find(value, 1) is { } table)
                    Others = Single("table", table.ToString());
                break;
        }
    }

    private void ParseVlan(ReadOnlySpan<byte> value)
    {
        NetlinkAttributes attribute = new(value);
        while (attribute.MoveNext())
        {
            if (attribute.Type == 1)
                VlanId = attribute.U16;
            else if (attribute.Type == 5)
                VlanProtocol = attribute.U16Network switch
                {
                    0x8100 => "802.1Q",
                    0x88a8 => "802.1ad",
                    var other => $"0x{other:x}",
                };
        }
    }

    private static BridgeFacts ParseBridge(ReadOnlySpan<byte> value)
    {
        BridgeFacts bridge = new();
        int forwardDelay = 0;
        long ageing = 0;
        int stp = 0;
        int filtering = 0;
        int pvid = bridge.DefaultPvid;
        int mask = 0;
        int snooping = 0;
        int querier = 0;
        int call4 = 0;
        int call6 = 0;
        int callArp = 0;
        NetlinkAttributes attribute = new(value);
        while (attribute.MoveNext())
        {
            switch (attribute.Type)
            {
                case 1:
                    forwardDelay = attribute.S32;
                    break;
                case 4:
                    ageing = attribute.U32;
                    break;
                case 5:
                    stp = attribute.S32;
                    break;
                case 7:
                    filtering = attribute.U8;
                    break;
                case 9:
                    mask = attribute.U16;
                    break;
                case 23:
                    snooping = attribute.U8;
                    break;
                case 25:
                    querier = attribute.U8;
                    break;
                case 36:
                    call4 = attribute.U8;
                    break;
                case 37:
                    call6 = attribute.U8;
                    break;
                case 38:
                    callArp = attribute.U8;
                    break;
                case 39:
                    pvid = attribute.U16;
                    break;
            }
        }
        return new BridgeFacts
        {
            StpOn = stp != 0,
            ForwardDelay = forwardDelay,
            AgeingTime = ageing,
            VlanFiltering = filtering != 0,
            DefaultPvid = pvid,
            MulticastSnooping = snooping != 0,
            MulticastQuerier = querier != 0,
            NfCallIptables = call4 != 0,
            NfCallIp6tables = call6 != 0,
            NfCallArptables = callArp != 0,
            GroupForwardMask = mask,
        };
    }

    /// <summary>IFLA_BRPORT_*, as they stand in a port's slave data.</summary>
    private static BridgePortFacts ParsePort(ReadOnlySpan<byte> value)
    {
        string state = "forwarding";
        ulong set = DefaultsOfPort;
        NetlinkAttributes attribute = new(value);
        while (attribute.MoveNext())
        {
            if (attribute.Type == 1)
                state = RtNames.PortState(attribute.U8);
            else if (attribute.Type < 64)
                set = attribute.U8 != 0 ? set | (1UL << attribute.Type) : set & ~(1UL << attribute.Type);
        }
        return new BridgePortFacts
        {
            State = state,
            Hairpin = Has(set, 4),
            Guard = Has(set, 5),
            Learning = Has(set, 8),
            Flood = Has(set, 9),
            ProxyArp = Has(set, 10),
            MulticastFlood = Has(set, 27),
            VlanTunnel = Has(set, 29),
            BroadcastFlood = Has(set, 30),
            NeighSuppress = Has(set, 32),
            Isolated = Has(set, 33),
            Locked = Has(set, 39),
        };
    }

    // Learning, unicast, multicast and broadcast flood: on for a new port, and so when an old kernel does not tell.
    private const ulong DefaultsOfPort = (1UL << 8) | (1UL << 9) | (1UL << 27) | (1UL << 30);

    private static bool Has(ulong set, int type) => (set >> type & 1) != 0;

    private static VxlanFacts ParseVxlan(ReadOnlySpan<byte> value)
    {
        VxlanFacts vxlan = new();
        NetlinkAttributes attribute = new(value);
        while (attribute.MoveNext())
        {
            vxlan = attribute.Type switch
            {
                1 => vxlan with { Id = attribute.S32 },
                2 or 16 when attribute.Address.IsMulticast => vxlan with { Group = attribute.Address },
                2 or 16 when !attribute.Address.IsAny => vxlan with { Remote = attribute.Address },
                4 or 17 when !attribute.Address.IsAny => vxlan with { Local = attribute.Address },
                7 => vxlan with { Learning = attribute.U8 != 0 },
                11 => vxlan with { Proxy = attribute.U8 != 0 },
                15 => vxlan with { Port = attribute.U16Network },
                25 => vxlan with { External = attribute.U8 != 0 },
                _ => vxlan,
            };
        }
        return vxlan;
    }

    private static string MacvlanMode(uint? mode) =>
        mode switch
        {
            1 => "private",
            2 => "vepa",
            4 => "bridge",
            8 => "passthru",
            16 => "source",
            _ => "unknown",
        };

    private static Dictionary<string, string> Single(string key, string value) => new() { [key] = value };

    private static uint? Find(ReadOnlySpan<byte> value, int type)
    {
        NetlinkAttributes attribute = new(value);
        while (attribute.MoveNext())
        {
            if (attribute.Type == type)
                return attribute.Value.Length >= 4 ? attribute.U32 : attribute.U8;
        }
        return null;
    }
}
