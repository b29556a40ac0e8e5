using StackNet.Engine.Facts;

namespace StackNet.Engine.Walk.Conntrack;

/// <summary>A tracked connection of one conntrack table (a network namespace's, or Open vSwitch's own).</summary>
internal sealed class ConntrackEntry
{
    public byte Protocol { get; init; }
    public ushort Zone { get; init; }

    /// <summary>Direction the zone is for: both by default (nf_ct_zone, "zone-orig" and "zone-reply" of the CT target).</summary>
    public ConntrackZoneDirection ZoneDirection { get; init; }
    public ConntrackTuple Original { get; set; }

    /// <summary>The tuple of packets that come back; NAT lives in the difference to the mirrored original.</summary>
    public ConntrackTuple Reply { get; set; }

    /// <summary>In the table (IPS_CONFIRMED); before that it hangs on its first packet only.</summary>
    public bool Confirmed { get; set; }
    public bool SeenReply { get; set; }
    public bool Assured { get; set; }
    public bool SourceNat { get; set; }
    public bool DestinationNat { get; set; }

    /// <summary>A nat chain of source (postrouting, input) kind has decided for it (IPS_SRC_NAT_DONE).</summary>
    public bool SourceNatDone { get; set; }
    public bool DestinationNatDone { get; set; }
    public uint Mark { get; set; }
    public UInt128 Label { get; set; }

    /// <summary>Connection that this one was expected by (helpers).</summary>
    public ConntrackEntry? Master { get; set; }
    public string? Helper { get; set; }

    /// <summary>TCP state in conntrack's words, when it matters.</summary>
    public string? TcpState { get; set; }
}

/// <summary>nf_conntrack_zone.dir.</summary>
internal enum ConntrackZoneDirection
{
    Both,
    Original,
    Reply,
}
