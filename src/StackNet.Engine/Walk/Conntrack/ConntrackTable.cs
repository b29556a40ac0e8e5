using StackNet.Engine.Facts;

namespace StackNet.Engine.Walk.Conntrack;

/// <summary>
/// A connection tracking table: of a network namespace, or of Open vSwitch's userspace datapath. Behaves as nf_conntrack does
/// (net/netfilter/nf_conntrack_core.c): <see cref="Track"/> is nf_conntrack_in, <see cref="Confirm"/> is nf_conntrack_confirm,
/// <see cref="SetupNat"/> is nf_nat_setup_info and <see cref="Translate"/> is nf_nat_packet.
/// </summary>
internal sealed partial class ConntrackTable
{
    private readonly Dictionary<Key, ConntrackEntry> _entries = [];
    private List<(ConntrackEntry Entry, ConntrackEntry Saved)>? _journal;
    private List<(Key Key, ConntrackEntry? Before)>? _keyJournal;

    /// <summary>A tuple as it is looked up: with protocol, the zone of its direction and the direction's own meaning left out.</summary>
    private readonly record struct Key(byte Protocol, ushort Zone, ConntrackTuple Tuple);

    /// <summary>net.netfilter.nf_conntrack_tcp_loose: a connection may be picked up in its middle.</summary>
    public bool TcpLoose { get; set; } = true;

    /// <summary>net.netfilter.nf_conntrack_tcp_be_liberal: segments outside the window are not invalid.</summary>
    public bool TcpBeLiberal { get; set; }

    /// <summary>net.netfilter.nf_conntrack_checksum: checksums are looked at in prerouting.</summary>
    public bool VerifyChecksums { get; set; } = true;

    /// <summary>net.netfilter.nf_conntrack_acct, or a rule that asks for counters: new connections count their traffic.</summary>
    public bool CountsTraffic { get; set; }

    /// <summary>The connections of the node were read (an empty table is one that is known to be empty).</summary>
    public bool WasRead { get; init; }

    // Some connection has been given an address or port by chance.
    private bool _hasChoices;

    /// <summary>First packets whose way is not known: whether their connections exist, and as what, is not known either.</summary>
    private List<ConntrackEntry>? _uncertain;

    /// <summary>The packet's fate on a hook is not known.</summary>
    public void MarkUncertain(ConntrackLink link)
    {
        if (link is { Entry: { Confirmed: false } entry, Info: ConntrackInfo.New })
            (_uncertain ??= []).Add(entry.Copy());
    }

    /// <summary>
    /// A packet that found no connection may belong to one whose first packet had an unknown fate: it is the same flow, or it comes from the far end
    /// of it (to whatever address NAT may have given).
    /// </summary>
    public bool IsUncertain(Packet packet)
    {
        if (_ambiguous)
            return true;
        if (packet.Conntrack.Info is not (ConntrackInfo.New or ConntrackInfo.Invalid))
            return false;
        ConntrackTuple tuple = TupleOf(packet);
        if (_hasChoices && Candidates(packet.Protocol, tuple, new ConntrackZone(packet.TemplateZone, packet.TemplateZoneDirection)).Any())
            return true;
        if (_uncertain is null)
            return false;
        foreach (ConntrackEntry entry in _uncertain)
        {
            if (entry.Protocol != packet.Protocol)
                continue;
            if (entry.Original == tuple || (entry.Reply.Source == tuple.Source && entry.Reply.SourcePort == tuple.SourcePort))
                return true;
        }
        return false;
    }

    /// <summary>Confirmed connections, each once.</summary>
    public IEnumerable<ConntrackEntry> Entries =>
        _entries.Where(static pair => pair.Key.Tuple == pair.Value.Original).Select(static pair => pair.Value).Distinct();

    public int Count => _entries.Count;

    /// <summary>The table a node had when it was read; null (not read) gives an empty one.</summary>
    public static ConntrackTable Load(IReadOnlyList<ConntrackFacts>? facts)
    {
        ConntrackTable table = new() { WasRead = facts is not null };
        foreach (ConntrackFacts fact in facts ?? [])
            table.Add(fact);
        return table;
    }

    private void Add(ConntrackFacts fact)
    {
        ConntrackTuple mirrored = Mirror(fact.Protocol, fact.Original) ?? fact.Original.Swap();
        ConntrackEntry entry = new()
        {
            Protocol = fact.Protocol,
            Zone = fact.Zone,
            ZoneDirection = fact.ZoneDirection switch
            {
                null or "" => ConntrackZoneDirection.Both,
                string text when text.Contains("repl", StringComparison.Ordinal) => ConntrackZoneDirection.Reply,
                _ => ConntrackZoneDirection.Original,
            },
            Original = fact.Original,
            Reply = fact.Reply,
            Confirmed = true,
            SeenReply = !fact.Unreplied,
            Assured = fact.Assured,
            DestinationNat =
                fact.Reply.Source != mirrored.Source || (HasPorts(fact.Protocol) && fact.Reply.SourcePort != mirrored.SourcePort),
            SourceNat = fact.Reply.Destination != mirrored.Destination || (fact.Reply.DestinationPort != mirrored.DestinationPort),
            SourceNatDone = true,
            DestinationNatDone = true,
            Mark = fact.Mark,
            TcpState = fact.Protocol == IpProtocols.Tcp ? fact.State : null,
            Counters = fact.Counters is { } read ? new(read.OriginalPackets, read.OriginalBytes, read.ReplyPackets, read.ReplyBytes) : null,
            Label = fact.Label,
        };
        Insert(entry);
    }

    /// <summary>An independent table with the same connections. Links of packets that go on with the copy are moved by <see cref="Adopt"/>.</summary>
    public ConntrackTable Clone() => Clone(out _);

    /// <summary>As <see cref="Clone()"/>; <paramref name="copies"/> tells which entry became which.</summary>
    public ConntrackTable Clone(out Dictionary<ConntrackEntry, ConntrackEntry> copies)
    {
        ConntrackTable table = new()
        {
            TcpLoose = TcpLoose,
            TcpBeLiberal = TcpBeLiberal,
            VerifyChecksums = VerifyChecksums,
            CountsTraffic = CountsTraffic,
            WasRead = WasRead,
            _hasChoices = _hasChoices,
            _uncertain = _uncertain is null ? null : [.. _uncertain],
            SetChanges = Copy(SetChanges),
            MapData = Copy(MapData),
            _learnedMacs = _learnedMacs is null ? null : new(_learnedMacs),
        };
        copies = new(ReferenceEqualityComparer.Instance);
        foreach ((Key key, ConntrackEntry entry) in _entries)
        {
            if (!copies.TryGetValue(entry, out ConntrackEntry? copy))
                copies[entry] = copy = entry.Copy();
            table._entries[key] = copy;
        }
        return table;
    }

    /// <summary>
    /// The packet's link in a cloned table: an entry of the old table becomes its copy, an unconfirmed one (which is in no table) is copied
    /// once, so that all copies of a packet still share it.
    /// </summary>
    public static void Adopt(Packet packet, Dictionary<ConntrackEntry, ConntrackEntry> copies)
    {
        if (packet.Conntrack.Entry is not { } entry)
            return;
        if (!copies.TryGetValue(entry, out ConntrackEntry? copy))
            copies[entry] = copy = entry.Copy();
        packet.Conntrack = packet.Conntrack with { Entry = copy };
    }

    /// <summary>The connection and direction a tuple belongs to in a zone (nf_conntrack_find_get), null when there is none.</summary>
    public ConntrackEntry? Find(byte protocol, ConntrackZone zone, ConntrackTuple tuple, out bool isReply)
    {
        ushort forward = zone.For(reply: false);
        ConntrackEntry? found = FindIn(protocol, forward, zone, tuple, out isReply);
        ushort backward = zone.For(reply: true);
        return found ?? (backward == forward ? null : FindIn(protocol, backward, zone, tuple, out isReply));
    }

    private ConntrackEntry? FindIn(byte protocol, ushort id, ConntrackZone zone, ConntrackTuple tuple, out bool isReply)
    {
        isReply = false;
        if (!_entries.TryGetValue(new(protocol, id, tuple), out ConntrackEntry? entry))
            return null;
        // A packet to its own sender fits both ways; the reply tuple was put first into the hash's chain.
        bool both = entry.Original == entry.Reply && entry.ZoneKey.For(reply: true) == id;
        isReply = both || entry.Original != tuple || entry.ZoneKey.For(reply: false) != id;
        // nf_ct_key_equal: the zone must agree in the very direction the tuple was found in.
        return entry.ZoneKey.For(isReply) == zone.For(isReply) ? entry : null;
    }

    /// <summary>What stands for an entry of the table that this one was cloned from.</summary>
    public ConntrackEntry Counterpart(ConntrackEntry entry) =>
        entry.Confirmed
        && _entries.TryGetValue(new(entry.Protocol, entry.ZoneKey.For(reply: false), entry.Original), out ConntrackEntry? held)
            ? held
            : entry.Copy();

    /// <summary>Puts the packet's new connection into the table; false when another one holds a tuple of it (then the kernel drops the packet).</summary>
    public bool Confirm(Packet packet)
    {
        if (packet.Conntrack is not { Entry: { Confirmed: false } entry, IsReply: false })
            return true;
        Key original = new(entry.Protocol, entry.ZoneKey.For(reply: false), entry.Original);
        Key reply = new(entry.Protocol, entry.ZoneKey.For(reply: true), entry.Reply);
        if (Clashes(original, entry) || Clashes(reply, entry))
            return false;
        Touch(entry);
        entry.Confirmed = true;
        Insert(entry);
        return true;
    }

    // nf_ct_key_equal: a zone that is for one direction only keeps apart what would be the same otherwise.
    private bool Clashes(Key key, ConntrackEntry entry)
    {
        if (!_entries.TryGetValue(key, out ConntrackEntry? held) || ReferenceEquals(held, entry))
            return false;
        bool isReply = held.Original != key.Tuple || held.ZoneKey.For(reply: false) != key.Zone;
        return held.ZoneKey.For(isReply) == entry.ZoneKey.For(isReply);
    }

    /// <summary>Takes a connection out (nf_ct_kill, conntrack -D).</summary>
    public void Remove(ConntrackEntry entry)
    {
        Drop(new(entry.Protocol, entry.ZoneKey.For(reply: false), entry.Original), entry);
        Drop(new(entry.Protocol, entry.ZoneKey.For(reply: true), entry.Reply), entry);
    }

    private void Drop(Key key, ConntrackEntry entry)
    {
        if (_entries.TryGetValue(key, out ConntrackEntry? held) && ReferenceEquals(held, entry))
        {
            _keyJournal?.Add((key, held));
            _entries.Remove(key);
        }
    }

    private void Insert(ConntrackEntry entry)
    {
        Put(new(entry.Protocol, entry.ZoneKey.For(reply: false), entry.Original), entry);
        Put(new(entry.Protocol, entry.ZoneKey.For(reply: true), entry.Reply), entry);
    }

    private void Put(Key key, ConntrackEntry entry)
    {
        _keyJournal?.Add((key, _entries.GetValueOrDefault(key)));
        _entries[key] = entry;
    }

    /// <summary>nf_conntrack_tuple_taken: another connection already has this reply tuple in the zone.</summary>
    private bool IsTaken(ConntrackEntry ignored, ConntrackTuple reply)
    {
        ushort zone = ignored.ZoneKey.For(reply: true);
        return _entries.TryGetValue(new(ignored.Protocol, zone, reply), out ConntrackEntry? holder) && !ReferenceEquals(holder, ignored);
    }

    /// <summary>From here on changes can be taken back by <see cref="Rollback"/>: a hook whose answer hangs on chance is tried both ways.</summary>
    public void BeginJournal()
    {
        _journal = [];
        _keyJournal = [];
        _setJournal = [];
    }

    /// <summary>Everything since <see cref="BeginJournal"/> never happened; the journal goes on.</summary>
    public void Rollback()
    {
        for (int i = (_keyJournal?.Count ?? 0) - 1; i >= 0; i--)
        {
            (Key key, ConntrackEntry? before) = _keyJournal![i];
            if (before is null)
                _entries.Remove(key);
            else
                _entries[key] = before;
        }
        for (int i = (_journal?.Count ?? 0) - 1; i >= 0; i--)
            _journal![i].Entry.Restore(_journal[i].Saved);
        for (int i = (_setJournal?.Count ?? 0) - 1; i >= 0; i--)
            _setJournal![i]();
        BeginJournal();
    }

    /// <summary>Changes stay.</summary>
    public void EndJournal()
    {
        _journal = null;
        _keyJournal = null;
        _setJournal = null;
    }

    /// <summary>To be called before an entry is changed by a rule (ct mark, label …), so that the change can be taken back.</summary>
    public void Touch(ConntrackEntry entry) => _journal?.Add((entry, entry.Copy()));
}
