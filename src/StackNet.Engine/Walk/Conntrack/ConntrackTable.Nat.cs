using StackNet.Engine.Facts;

namespace StackNet.Engine.Walk.Conntrack;

internal sealed partial class ConntrackTable
{
    /// <summary>A nat chain (or a null binding) has already decided for this end of the connection (nf_nat_initialized).</summary>
    public static bool IsNatDone(ConntrackEntry entry, NatManip manip) =>
        manip == NatManip.Source ? entry.SourceNatDone : entry.DestinationNatDone;

    /// <summary>
    /// Decides the translation of a new connection (nf_nat_setup_info); the packet itself is changed by <see cref="Translate"/>. A
    /// confirmed connection is not changed any more. False when no free tuple was found: the packet is then dropped when it is confirmed.
    /// </summary>
    public bool SetupNat(ConntrackEntry entry, NatRange range, NatManip manip)
    {
        if (entry.Confirmed)
            return true;
        Touch(entry);
        ConntrackTuple current = Mirror(entry.Protocol, entry.Reply) ?? entry.Reply.Swap();
        ConntrackTuple chosen = ChooseTuple(entry, current, range, manip);
        bool isFree = true;
        if (chosen != current)
        {
            entry.Reply = Mirror(entry.Protocol, chosen) ?? chosen.Swap();
            if (manip == NatManip.Source)
                entry.SourceNat = true;
            else
                entry.DestinationNat = true;
        }
        if (IsTaken(entry, entry.Reply))
            isFree = false;
        if (manip == NatManip.Source)
            entry.SourceNatDone = true;
        else
            entry.DestinationNatDone = true;
        return isFree;
    }

    /// <summary>nf_nat_alloc_null_binding: no rule wanted NAT; addresses stay, a port that another connection has is still changed.</summary>
    public bool SetupNullBinding(ConntrackEntry entry, NatManip manip)
    {
        Ip address = manip == NatManip.Source ? entry.Reply.Destination : entry.Reply.Source;
        return SetupNat(entry, NatRange.Of(address), manip);
    }

    // get_unique_tuple
    private ConntrackTuple ChooseTuple(ConntrackEntry entry, ConntrackTuple current, NatRange range, NatManip manip)
    {
        bool Free(ConntrackTuple tuple) => !IsTaken(entry, Mirror(entry.Protocol, tuple) ?? tuple.Swap());

        if (
            manip == NatManip.Source
            && !range.Random
            && IsInRange(entry.Protocol, current, range, manip)
            && (Free(current) || IsReverse(entry, current))
        )
            return current;
        ConntrackTuple tuple = ChooseAddress(entry, current, range, manip);
        if (!UsesPorts(entry.Protocol))
            return tuple;
        bool forced = range.MinPort is not null;
        if (!range.Random)
        {
            if (!forced && Free(tuple))
                return tuple;
            if (
                forced
                && range.BasePort is null
                && IsPortInRange(entry.Protocol, tuple, range, manip)
                && (range.MinPort == range.MaxPort || Free(tuple))
            )
                return tuple;
        }
        return ChoosePort(entry, tuple, range, manip, Free);
    }

    /// <summary>Of several connections each may be the one that the packet looked up last belongs to.</summary>
    private bool _ambiguous;

    private void Choose(ConntrackEntry entry, NatChoice choice)
    {
        entry.Choice = choice;
        _hasChoices = true;
    }

    /// <summary>
    /// An answer that no connection expects, but to an address and port of which NAT chose one: when a single connection can have chosen it, it
    /// did, and from here on it is known what it took.
    /// </summary>
    private ConntrackEntry? FindChosen(byte protocol, ConntrackZone zone, ConntrackTuple tuple)
    {
        if (!_hasChoices)
            return null;
        ConntrackEntry? found = null;
        foreach (ConntrackEntry entry in Candidates(protocol, tuple, zone))
        {
            if (found is not null && !ReferenceEquals(found, entry))
            {
                _ambiguous = true;
                return null;
            }
            found = entry;
        }
        if (found is null)
            return null;
        Touch(found);
        Remove(found);
        found.Reply = tuple;
        found.Choice = null;
        Insert(found);
        return found;
    }

    // What was chosen does not matter where a reply is looked up in another zone.
    private IEnumerable<ConntrackEntry> Candidates(byte protocol, ConntrackTuple tuple, ConntrackZone zone)
    {
        foreach (ConntrackEntry entry in _entries.Values)
        {
            if (entry.Protocol != protocol || entry.Choice is not { } choice)
                continue;
            if (entry.ZoneKey.For(reply: true) != zone.For(reply: true))
                continue;
            ConntrackTuple reply = entry.Reply;
            bool isIcmp = protocol is IpProtocols.Icmp or IpProtocols.Icmp6;
            if (isIcmp && (reply.IcmpType != tuple.IcmpType || reply.IcmpCode != tuple.IcmpCode))
                continue;
            bool fits =
                choice.Manip == NatManip.Source
                    ? reply.Source == tuple.Source
                        && (isIcmp || reply.SourcePort == tuple.SourcePort)
                        && choice.Has(tuple.Destination, tuple.DestinationPort)
                    : reply.Destination == tuple.Destination
                        && (isIcmp || reply.DestinationPort == tuple.DestinationPort)
                        && choice.Has(tuple.Source, tuple.SourcePort);
            if (fits)
                yield return entry;
        }
    }

    /// <summary>
    /// Only a connection without NAT that runs the other way holds the tuple: no other port is looked for (nf_nat_used_tuple_new), and the
    /// packet is lost when its own connection is entered.
    /// </summary>
    private bool IsReverse(ConntrackEntry entry, ConntrackTuple tuple)
    {
        ConntrackTuple reply = Mirror(entry.Protocol, tuple) ?? tuple.Swap();
        return _entries.TryGetValue(new(entry.Protocol, entry.ZoneKey.For(reply: true), reply), out ConntrackEntry? holder)
            && holder is { SourceNat: false, DestinationNat: false }
            && holder.Original == reply
            && holder.Reply == entry.Original;
    }

    private static bool UsesPorts(byte protocol) => HasPorts(protocol) || protocol is IpProtocols.Icmp or IpProtocols.Icmp6;

    private static ushort PortOf(byte protocol, ConntrackTuple tuple, NatManip manip) =>
        manip == NatManip.Source || protocol is IpProtocols.Icmp or IpProtocols.Icmp6 ? tuple.SourcePort : tuple.DestinationPort;

    private static ConntrackTuple WithPort(byte protocol, ConntrackTuple tuple, NatManip manip, ushort port)
    {
        if (protocol is IpProtocols.Icmp or IpProtocols.Icmp6)
            return tuple with { SourcePort = port, DestinationPort = port };
        return manip == NatManip.Source ? tuple with { SourcePort = port } : tuple with { DestinationPort = port };
    }

    private static bool IsPortInRange(byte protocol, ConntrackTuple tuple, NatRange range, NatManip manip)
    {
        ushort port = PortOf(protocol, tuple, manip);
        return port >= range.MinPort && port <= range.MaxPort;
    }

    private static bool IsInRange(byte protocol, ConntrackTuple tuple, NatRange range, NatManip manip)
    {
        Ip address = manip == NatManip.Source ? tuple.Source : tuple.Destination;
        if (range.MinAddress is { } low && range.MaxAddress is { } high && (address.CompareTo(low) < 0 || address.CompareTo(high) > 0))
            return false;
        return range.MinPort is null || !UsesPorts(protocol) || IsPortInRange(protocol, tuple, range, manip);
    }

    // find_best_ips_proto: among several addresses the kernel takes one by a hash with a secret seed.
    private ConntrackTuple ChooseAddress(ConntrackEntry entry, ConntrackTuple tuple, NatRange range, NatManip manip)
    {
        if (range.MinAddress is not { } low || range.MaxAddress is not { } high)
            return tuple;
        Ip own = manip == NatManip.Source ? tuple.Source : tuple.Destination;
        Ip address = low;
        if (range.NetmapLength is { } length)
        {
            UInt128 host = low.Bits - length >= 128 ? UInt128.MaxValue : (UInt128.One << (low.Bits - length)) - 1;
            UInt128 value = (low.Value & ~host) | (own.Value & host);
            address = low.IsV6 ? Ip.V6(value) : Ip.V4((uint)value);
        }
        else if (low != high)
        {
            ushort port = PortOf(entry.Protocol, tuple, manip);
            Choose(entry, new NatChoice(manip, low, high, port, port));
        }
        return manip == NatManip.Source ? tuple with { Source = address } : tuple with { Destination = address };
    }

    // nf_nat_l4proto_unique_tuple; where the kernel starts at a random port, the first free one stands for it.
    private ConntrackTuple ChoosePort(
        ConntrackEntry entry,
        ConntrackTuple tuple,
        NatRange range,
        NatManip manip,
        Func<ConntrackTuple, bool> isFree
    )
    {
        byte protocol = entry.Protocol;
        ushort own = PortOf(protocol, tuple, manip);
        int low;
        int high;
        if (range.MinPort is { } min)
        {
            low = min;
            high = range.MaxPort ?? min;
        }
        else if (protocol is IpProtocols.Icmp or IpProtocols.Icmp6)
        {
            (low, high) = (0, ushort.MaxValue);
        }
        else if (manip == NatManip.Destination)
        {
            // A destination port is never changed unless a rule says to which.
            return tuple;
        }
        else
        {
            (low, high) =
                own < 512 ? (1, 511)
                : own < 1024 ? (600, 1023)
                : (1024, 65535);
        }
        int size = Math.Max(1, high - low + 1);
        int start = range.BasePort is { } first ? own - first : 0;
        // The search for a destination port begins at the first of the range, the one for a source port anywhere.
        if (size > 1 && range.BasePort is null && (manip == NatManip.Source || range.Random))
        {
            Ip address = manip == NatManip.Source ? tuple.Source : tuple.Destination;
            NatChoice? before = entry.Choice;
            Choose(entry, new(manip, before?.LowAddress ?? address, before?.HighAddress ?? address, (ushort)low, (ushort)high));
        }
        for (int i = 0; i < size; i++)
        {
            int offset = ((start + i) % size + size) % size;
            ConntrackTuple candidate = WithPort(protocol, tuple, manip, (ushort)(low + offset));
            if (isFree(candidate))
                return candidate;
        }
        return WithPort(protocol, tuple, manip, (ushort)low);
    }

    /// <summary>
    /// Rewrites one end of the packet as its connection says (nf_nat_packet): the source of what goes in the original direction when the source
    /// is translated, the destination of what comes back, and so on. ICMP errors have the quoted packet translated back too. False when
    /// the packet must be dropped.
    /// </summary>
    public static bool Translate(Packet packet, NatManip manip)
    {
        if (packet.Conntrack.Entry is not { } entry)
            return true;
        bool reply = packet.Conntrack.IsReply;
        // IPS_NAT_MASK swaps: in the reply direction source translation shows at the destination.
        bool applies = (manip == NatManip.Source) != reply ? entry.SourceNat : entry.DestinationNat;
        bool isError = packet.Conntrack.Info is ConntrackInfo.Related or ConntrackInfo.RelatedReply && packet.Inner is not null;
        // A redirect about a translated connection would tell the host a wrong way: never passed on.
        if (isError && packet.Protocol == IpProtocols.Icmp && packet.IcmpType == 5 && (entry.SourceNat || entry.DestinationNat))
            return false;
        if (!applies)
            return true;
        ConntrackTuple other = reply ? entry.Original : entry.Reply;
        if (isError)
        {
            // The quoted packet went the other way: the connection's other tuple mirrored is what its sender sent.
            RewriteInner(packet.Inner!, entry, manip, reply);
            ConntrackTuple outer = Mirror(entry.Protocol, other) ?? other.Swap();
            if (manip == NatManip.Source)
                packet.Source = outer.Source;
            else
                packet.Destination = outer.Destination;
            return true;
        }
        Rewrite(packet, entry.Protocol, Mirror(entry.Protocol, other) ?? other.Swap(), manip);
        return true;
    }

    // nf_nat_icmp_reply_translation: the inner packet is manipulated at its opposite end, to the tuple of the same direction unmirrored.
    private static void RewriteInner(Packet inner, ConntrackEntry entry, NatManip manip, bool reply)
    {
        ConntrackTuple target = reply ? entry.Original : entry.Reply;
        NatManip opposite = manip == NatManip.Source ? NatManip.Destination : NatManip.Source;
        Rewrite(inner, entry.Protocol, target, opposite);
    }

    private static void Rewrite(Packet packet, byte protocol, ConntrackTuple target, NatManip manip)
    {
        if (manip == NatManip.Source)
        {
            packet.Source = target.Source;
            if (HasPorts(protocol))
                packet.SourcePort = target.SourcePort;
        }
        else
        {
            packet.Destination = target.Destination;
            if (HasPorts(protocol))
                packet.DestinationPort = target.DestinationPort;
        }
        if (protocol is IpProtocols.Icmp or IpProtocols.Icmp6)
            packet.IcmpId = target.SourcePort;
    }
}
