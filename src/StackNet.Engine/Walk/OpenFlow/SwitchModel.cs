using System.Collections;
using StackNet.Engine.Facts;
using StackNet.Engine.Facts.OpenFlow;

namespace StackNet.Engine.Walk.OpenFlow;

internal enum VlanMode
{
    Access,
    Trunk,
    NativeTagged,
    NativeUntagged,
    Dot1qTunnel,
}

/// <summary>A port of the database: one interface, or the members of a bond, with its VLAN settings (vswitchd.conf.db(5) Port).</summary>
internal sealed class SwitchBundle
{
    public SwitchBundle(OvsPortFacts facts)
    {
        Facts = facts;
        int tag = facts.Tag is { } given and >= 0 and <= 4095 ? given : -1;
        Mode = facts.VlanMode switch
        {
            "access" => VlanMode.Access,
            "trunk" => VlanMode.Trunk,
            "native-tagged" => VlanMode.NativeTagged,
            "native-untagged" => VlanMode.NativeUntagged,
            "dot1q-tunnel" => VlanMode.Dot1qTunnel,
            null => tag >= 0 ? VlanMode.Access : VlanMode.Trunk,
            // vswitchd takes an unknown mode for trunk.
            _ => VlanMode.Trunk,
        };
        Vlan = Mode == VlanMode.Trunk ? -1 : Math.Max(tag, 0);
        BitArray? trunks = Bits(facts.Trunks);
        switch (Mode)
        {
            case VlanMode.Trunk:
                Trunks = trunks;
                break;
            case VlanMode.NativeTagged or VlanMode.NativeUntagged:
                // A native port always carries its own VLAN and never VLAN 0 (ofproto-dpif.c bundle_set).
                if (Vlan != 0)
                {
                    trunks ??= new BitArray(4096, defaultValue: true);
                    trunks[Vlan] = true;
                    trunks[0] = false;
                }
                Trunks = trunks;
                break;
        }
        Cvlans = Mode == VlanMode.Dot1qTunnel ? Bits(facts.Cvlans) : null;
        QinqType = facts.OtherConfig.GetValueOrDefault("qinq-ethtype") == "802.1q" ? EtherTypes.Vlan : EtherTypes.QinQ;
        PriorityTags = facts.OtherConfig.GetValueOrDefault("priority-tags") switch
        {
            "if-nonzero" or "true" => PriorityTagging.IfNonzero,
            "always" => PriorityTagging.Always,
            _ => PriorityTagging.Never,
        };
    }

    public OvsPortFacts Facts { get; }
    public string Name => Facts.Name;
    public VlanMode Mode { get; }

    /// <summary>Access or native VLAN, -1 for a trunk.</summary>
    public int Vlan { get; }
    public BitArray? Trunks { get; }
    public BitArray? Cvlans { get; }
    public ushort QinqType { get; }
    public PriorityTagging PriorityTags { get; }
    public List<SwitchPort> Members { get; } = [];
    public bool IsBond => Facts.Interfaces.Count > 1;

    /// <summary>No member forbids flooding.</summary>
    public bool Floodable => Members.TrueForAll(port => !port.NoFlood && port.StpForwards);

    public bool TrunksVlan(int vlan) => Mode != VlanMode.Access && (Trunks is null || Trunks[vlan & 0xfff]);

    public bool AllowsCvlan(int vlan) => Cvlans is null || Cvlans[vlan & 0xfff];

    private static BitArray? Bits(IReadOnlyList<int> vlans)
    {
        if (vlans.Count == 0)
            return null;
        BitArray bits = new(4096);
        foreach (int vlan in vlans)
        {
            if (vlan is >= 0 and <= 4095)
                bits[vlan] = true;
        }
        return bits;
    }

    public override string ToString() => Name;
}

internal enum PriorityTagging
{
    Never,
    IfNonzero,
    Always,
}

/// <summary>An OpenFlow port of a bridge.</summary>
internal sealed class SwitchPort
{
    public required SwitchBridge Bridge { get; init; }
    public required ushort Number { get; init; }
    public required string Name { get; init; }
    public required OvsInterfaceFacts Facts { get; init; }
    public required SwitchBundle Bundle { get; init; }
    public string Type => IsLocal ? "internal" : Facts.Type;
    public bool IsLocal => Number == OpenFlowPorts.Local;
    public bool IsPatch => Facts.Type == "patch";
    public bool IsTunnel =>
        Facts.Type
            is "vxlan"
                or "geneve"
                or "gre"
                or "stt"
                or "lisp"
                or "erspan"
                or "ip6erspan"
                or "ip6gre"
                or "gtpu"
                or "bareudp"
                or "srv6";
    public SwitchPort? Peer { get; set; }
    public bool NoReceive { get; init; }
    public bool NoForward { get; init; }
    public bool NoFlood { get; init; }

    /// <summary>What vswitchd says about the link: for watch_port and bonds (a device moved to another namespace counts as down there).</summary>
    public bool SeemsAlive { get; init; } = true;
    public bool StpForwards { get; init; } = true;
    public bool StpLearns { get; init; } = true;
    public string StpState { get; init; } = "";

    public override string ToString() => $"{Bridge.Name}/{Name}";
}
