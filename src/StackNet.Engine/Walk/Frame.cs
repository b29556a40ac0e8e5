using StackNet.Engine.Walk.Devices;
using StackNet.Engine.Walk.Routing;

namespace StackNet.Engine.Walk;

/// <summary>One copy on its way: the packet and what the kernel keeps beside it that no rule sees directly.</summary>
internal sealed class Frame(Packet packet)
{
    public Packet Packet { get; } = packet;

    /// <summary>It has been routed on its way.</summary>
    public bool Routed { get; set; }

    /// <summary>Made by a flood or a switch that did not know the way.</summary>
    public bool IsFloodCopy { get; set; }

    /// <summary>Devices passed.</summary>
    public int Hops { get; set; }

    /// <summary>nf_bridge_info: br_netfilter has seen it in this namespace; the port it came in by.</summary>
    public Device? PhysIn { get; set; }

    /// <summary>br_netfilter's physoutdev.</summary>
    public Device? PhysOut { get; set; }

    /// <summary>PREROUTING was called for the bridged frame; the IP stack must not call it again (ip_sabotage_in).</summary>
    public bool SkipsPrerouting { get; set; }

    /// <summary>Port by which a bridged frame came in, for hairpin and isolation.</summary>
    public Device? BridgeIn { get; set; }

    /// <summary>The packet was sent by a socket and loops back over lo with its route attached.</summary>
    public bool LoopedBack { get; set; }

    /// <summary>MTU and way that bridging already settled (DNAT of bridged frames).</summary>
    public FibResult? Route { get; set; }

    public Frame Copy() =>
        new(Packet.Clone())
        {
            Routed = Routed,
            IsFloodCopy = IsFloodCopy,
            Hops = Hops,
            PhysIn = PhysIn,
            PhysOut = PhysOut,
            SkipsPrerouting = SkipsPrerouting,
            BridgeIn = BridgeIn,
            LoopedBack = LoopedBack,
            Route = Route,
        };

    /// <summary>
    /// skb_scrub_packet and eth_type_trans on another device: connection, br_netfilter's notes and route are gone, the mark only when the
    /// namespace changes (net/core/skbuff.c).
    /// </summary>
    public void Scrub(bool crossesNamespace)
    {
        Packet.Conntrack = default;
        Packet.TemplateZone = 0;
        Packet.NoTrack = false;
        if (crossesNamespace)
            Packet.Mark = 0;
        PhysIn = null;
        PhysOut = null;
        BridgeIn = null;
        SkipsPrerouting = false;
        LoopedBack = false;
        Route = null;
    }
}
