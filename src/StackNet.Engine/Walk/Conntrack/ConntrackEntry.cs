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

    /// <summary>TCP state in conntrack's words (SYN_SENT, ESTABLISHED …); null for other protocols and before the first segment was judged.</summary>
    public string? TcpState { get; set; }

    /// <summary>What the TCP tracker remembers besides the state; null for other protocols.</summary>
    public TcpMemory? Tcp { get; set; }

    /// <summary>Packets and bytes of each direction (nf_conn_acct); null when the entry has no counters, which then count as nothing.</summary>
    public ConntrackCounters? Counters { get; set; }

    /// <summary>Device that MASQUERADE chose the source for: the connection ends when the route moves elsewhere (nf_nat_oif_changed).</summary>
    public string? MasqueradeDevice { get; set; }

    /// <summary>True when NAT had to choose one of several addresses or ports: the chosen one is an example, not the kernel's.</summary>
    public bool ChosenFromRange => Choice is not null;

    /// <summary>What NAT chose from; an answer that comes to another address or port of it shows what the kernel took.</summary>
    public NatChoice? Choice { get; set; }
    public bool IsExpected => Master is not null;
    public ConntrackZone ZoneKey => new(Zone, ZoneDirection);

    public ConntrackEntry Copy()
    {
        ConntrackEntry copy = (ConntrackEntry)MemberwiseClone();
        copy.Tcp = Tcp?.Copy();
        return copy;
    }

    /// <summary>Takes back everything that can change, from a copy made earlier.</summary>
    public void Restore(ConntrackEntry saved)
    {
        Original = saved.Original;
        Reply = saved.Reply;
        Confirmed = saved.Confirmed;
        SeenReply = saved.SeenReply;
        Assured = saved.Assured;
        SourceNat = saved.SourceNat;
        DestinationNat = saved.DestinationNat;
        SourceNatDone = saved.SourceNatDone;
        DestinationNatDone = saved.DestinationNatDone;
        Mark = saved.Mark;
        Label = saved.Label;
        Master = saved.Master;
        Helper = saved.Helper;
        TcpState = saved.TcpState;
        Tcp = saved.Tcp?.Copy();
        MasqueradeDevice = saved.MasqueradeDevice;
        Counters = saved.Counters;
        Choice = saved.Choice;
    }

    /// <summary>Nothing that a later packet could notice differs.</summary>
    public bool SameState(ConntrackEntry other) =>
        Original == other.Original
        && Reply == other.Reply
        && Zone == other.Zone
        && ZoneDirection == other.ZoneDirection
        && SeenReply == other.SeenReply
        && Assured == other.Assured
        && SourceNat == other.SourceNat
        && DestinationNat == other.DestinationNat
        && Mark == other.Mark
        && Label == other.Label
        && Helper == other.Helper
        && TcpState == other.TcpState;
}

/// <summary>Traffic of a connection by direction.</summary>
internal readonly record struct ConntrackCounters(ulong OriginalPackets, ulong OriginalBytes, ulong ReplyPackets, ulong ReplyBytes)
{
    /// <summary>One packet more.</summary>
    public ConntrackCounters With(bool reply, int bytes) =>
        reply
            ? this with
            {
                ReplyPackets = ReplyPackets + 1,
                ReplyBytes = ReplyBytes + (ulong)bytes,
            }
            : this with
            {
                OriginalPackets = OriginalPackets + 1,
                OriginalBytes = OriginalBytes + (ulong)bytes,
            };

    /// <summary>Packets of one direction, or of both.</summary>
    public ulong Packets(bool? reply) => (reply is true ? 0 : OriginalPackets) + (reply is false ? 0 : ReplyPackets);

    /// <summary>Bytes of one direction, or of both.</summary>
    public ulong Bytes(bool? reply) => (reply is true ? 0 : OriginalBytes) + (reply is false ? 0 : ReplyBytes);
}

/// <summary>A zone and the direction it is for (struct nf_conntrack_zone).</summary>
internal readonly record struct ConntrackZone(ushort Id, ConntrackZoneDirection Direction = ConntrackZoneDirection.Both)
{
    /// <summary>nf_ct_zone_id: the zone's number for one direction; a direction it is not for is in the default zone 0.</summary>
    public ushort For(bool reply) =>
        Direction == ConntrackZoneDirection.Both || Direction == (reply ? ConntrackZoneDirection.Reply : ConntrackZoneDirection.Original)
            ? Id
            : (ushort)0;
}

/// <summary>nf_conntrack_zone.dir.</summary>
internal enum ConntrackZoneDirection
{
    Both,
    Original,
    Reply,
}
