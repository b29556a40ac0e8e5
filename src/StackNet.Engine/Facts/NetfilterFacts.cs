namespace StackNet.Engine.Facts;

/// <summary>What iptables-save, ip6tables-save or ebtables-save printed.</summary>
internal sealed record IptablesRuleset
{
    public IReadOnlyList<IptablesTable> Tables { get; init; } = [];
    public bool IsEmpty => Tables.Count == 0;
}

/// <summary>A table: filter, nat, mangle, raw, security; broute for ebtables.</summary>
internal sealed record IptablesTable(string Name, IReadOnlyList<IptablesChain> Chains);

/// <summary>A chain.</summary>
internal sealed record IptablesChain
{
    public string Name { get; init; } = "";

    /// <summary>ACCEPT or DROP of a built-in chain (RETURN too for ebtables user chains); null for a user chain.</summary>
    public string? Policy { get; init; }
    public long Packets { get; init; }
    public long Bytes { get; init; }
    public IReadOnlyList<IptablesRule> Rules { get; init; } = [];
}

/// <summary>One rule: its text is what the tool printed without the counters, e.g. <c>-A FORWARD -i br0 -j ACCEPT</c>.</summary>
/// <param name="Text">The rule as printed, from "-A".</param>
/// <param name="Packets">Packet counter, null when the tool was not asked for counters.</param>
/// <param name="Bytes">Byte counter.</param>
internal sealed record IptablesRule(string Text, long? Packets, long? Bytes);

/// <summary>nft -j list ruleset.</summary>
internal sealed record NftRuleset
{
    public IReadOnlyList<NftTable> Tables { get; init; } = [];

    /// <summary>False when the JSON form could not be read and only the text form's presence is known.</summary>
    public bool IsComplete { get; init; } = true;
}

/// <summary>A table of nf_tables.</summary>
internal sealed record NftTable
{
    /// <summary>ip, ip6, inet, arp, bridge, netdev.</summary>
    public string Family { get; init; } = "";
    public string Name { get; init; } = "";
    public IReadOnlyList<NftChain> Chains { get; init; } = [];

    /// <summary>Sets and maps, as the raw JSON object of each.</summary>
    public IReadOnlyList<NftObject> Sets { get; init; } = [];

    /// <summary>Counters, quotas, limits, ct helpers … : raw JSON of each.</summary>
    public IReadOnlyList<NftObject> Objects { get; init; } = [];

    /// <summary>Flags: dormant, owner.</summary>
    public IReadOnlyList<string> Flags { get; init; } = [];

    /// <summary>A table that iptables-nft made: its rules are read from iptables-save, where matches are not opaque.</summary>
    public bool IsIptables { get; init; }
}

/// <summary>A named object of a table with its raw JSON.</summary>
/// <param name="Kind">set, map, flowtable, counter, quota, limit ….</param>
/// <param name="Name">Its name.</param>
/// <param name="Json">The raw JSON value of nft -j.</param>
internal sealed record NftObject(string Kind, string Name, string Json);

/// <summary>A chain of nf_tables; a base chain has hook and priority.</summary>
internal sealed record NftChain
{
    public string Name { get; init; } = "";
    public long Handle { get; init; }

    /// <summary>filter, nat, route; null for a chain without a hook.</summary>
    public string? Type { get; init; }

    /// <summary>prerouting, input, forward, output, postrouting, ingress, egress.</summary>
    public string? Hook { get; init; }
    public int Priority { get; init; }
    public string? Policy { get; init; }

    /// <summary>Devices of a netdev or inet ingress chain.</summary>
    public IReadOnlyList<string> Devices { get; init; } = [];
    public IReadOnlyList<NftRule> Rules { get; init; } = [];
}

/// <summary>A rule of nf_tables: its handle, the raw JSON array of its statements, and its text when the text listing was read too.</summary>
internal sealed record NftRule(long Handle, string Json, string? Text, string? Comment);

/// <summary>An ipset.</summary>
internal sealed record IpSetFacts
{
    public string Name { get; init; } = "";

    /// <summary>hash:ip, hash:net, hash:net,iface, bitmap:port, list:set ….</summary>
    public string Type { get; init; } = "";

    /// <summary>inet or inet6; null where the type has none.</summary>
    public string? Family { get; init; }

    /// <summary>Header options as printed: hashsize, maxelem, timeout, range ….</summary>
    public string Options { get; init; } = "";

    /// <summary>Elements as printed after the set's name: "10.0.0.5", "10.0.0.0/8 nomatch", "10.0.0.1,tcp:80 timeout 20".</summary>
    public IReadOnlyList<string> Elements { get; init; } = [];
}

/// <summary>A tracked connection; <see cref="Text"/> is the line of conntrack -L -o extended, the other members are what a walk needs of it.</summary>
internal sealed record ConntrackFacts
{
    public string Text { get; init; } = "";

    /// <summary>IP protocol number.</summary>
    public byte Protocol { get; init; }
    public ConntrackTuple Original { get; init; }
    public ConntrackTuple Reply { get; init; }

    /// <summary>ESTABLISHED, SYN_SENT … for TCP.</summary>
    public string? State { get; init; }
    public bool Assured { get; init; }
    public bool Unreplied { get; init; }
    public uint Mark { get; init; }
    public ushort Zone { get; init; }

    /// <summary>Zone of one direction only (zone-orig, zone-reply), null when the zone is the whole entry's.</summary>
    public string? ZoneDirection { get; init; }
    public long? TimeoutSeconds { get; init; }

    /// <summary>Packets and bytes of both directions; null where the entry has no counters (nf_conntrack_acct off when it was made).</summary>
    public ConntrackTraffic? Counters { get; init; }

    /// <summary>Connection labels as bits.</summary>
    public UInt128 Label { get; init; }
}

/// <summary>What a tracked connection has carried.</summary>
internal sealed record ConntrackTraffic(ulong OriginalPackets, ulong OriginalBytes, ulong ReplyPackets, ulong ReplyBytes);

/// <summary>One direction of a connection: for ICMP the id is in both port fields and type and code are beside.</summary>
internal readonly record struct ConntrackTuple(
    Ip Source,
    Ip Destination,
    ushort SourcePort,
    ushort DestinationPort,
    byte IcmpType,
    byte IcmpCode
)
{
    /// <summary>Both ends changed over; ICMP's types are left as they are.</summary>
    public ConntrackTuple Swap() => new(Destination, Source, DestinationPort, SourcePort, IcmpType, IcmpCode);
}
