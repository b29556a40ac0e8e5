using System.Globalization;

namespace StackNet.Engine.Facts.Netfilter;

/// <summary>A rule of iptables-save taken apart. Members of the first kind (-s, -d, -i, -o, -p, -f) are typed; modules keep their options in order.</summary>
internal sealed record IptablesRuleSpec
{
    /// <summary>The rule as printed.</summary>
    public required string Text { get; init; }
    public string Chain { get; init; } = "";
    public IptablesAddress? Source { get; init; }
    public IptablesAddress? Destination { get; init; }
    public IptablesDevice? InDevice { get; init; }
    public IptablesDevice? OutDevice { get; init; }

    /// <summary>IP protocol number, null for any.</summary>
    public byte? Protocol { get; init; }
    public bool ProtocolNegated { get; init; }

    /// <summary>As written: tcp, icmp, 47 ….</summary>
    public string? ProtocolText { get; init; }

    /// <summary>-f (second and further fragments); false = "! -f".</summary>
    public bool? Fragment { get; init; }
    public IReadOnlyList<IptablesModule> Matches { get; init; } = [];

    /// <summary>Null: a rule that only counts.</summary>
    public IptablesTargetSpec? Target { get; init; }

    /// <summary>Text the parser could make nothing of (an option of no known module); null when all was understood.</summary>
    public string? UnknownText { get; init; }

    // What neutron's and nova's rules are asked for; each is null when the rule says nothing of it.
    public string? Comment => Value("comment", "comment");
    public string? PhysIn => Value("physdev", "physdev-in");
    public string? PhysOut => Value("physdev", "physdev-out");
    public string? MacSource => Value("mac", "mac-source");

    /// <summary>States of -m state or -m conntrack, comma separated.</summary>
    public string? States => Value("state", "state") ?? Value("conntrack", "ctstate");

    /// <summary>Destination ports as written: "22", "8000:8100" or the list of multiport.</summary>
    public string? DestinationPorts => PortText("dport", "dports", "destination-port", "destination-ports");
    public string? SourcePorts => PortText("sport", "sports", "source-port", "source-ports");
    public string? IcmpType => Value("icmp", "icmp-type") ?? Value("icmp6", "icmpv6-type");

    /// <summary>Sets of -m set with their directions, e.g. ("NIPv4abc", "src").</summary>
    public IEnumerable<(string Name, string Directions, bool Negated)> SetMatches
    {
        get
        {
            foreach (IptablesModule match in Matches)
            {
                foreach (IptablesOption option in match.Options)
                {
                    if (match.Name == "set" && option.Name is "match-set" or "set" && option.Values.Count == 2)
                        yield return (option.Values[0], option.Values[1], option.Negated);
                }
            }
        }
    }

    /// <summary>SNAT's --to-source, DNAT's --to-destination or NETMAP's --to.</summary>
    public string? TranslatesTo => Target?.Value("to-source") ?? Target?.Value("to-destination") ?? Target?.Value("to");

    /// <summary>First value of an option of a match module, null when it is not there.</summary>
    public string? Value(string module, string option)
    {
        foreach (IptablesModule match in Matches)
        {
            if (match.Name == module && match.Value(option) is { } value)
                return value;
        }
        return null;
    }

    private string? PortText(params ReadOnlySpan<string> options)
    {
        foreach (IptablesModule match in Matches)
        {
            if (match.Name is not ("tcp" or "udp" or "multiport" or "sctp" or "dccp"))
                continue;
            foreach (string option in options)
            {
                if (match.Value(option) is { } value)
                    return value;
            }
        }
        return null;
    }

    /// <summary>The number of a protocol name of /etc/protocols that iptables prints, or of a number.</summary>
    public static byte? ProtocolNumber(string text) =>
        text.ToLowerInvariant() switch
        {
            "all" or "ip" => 0,
            "icmp" => 1,
            "igmp" => 2,
            "ipencap" or "ipip" => 4,
            "tcp" => 6,
            "egp" => 8,
            "igp" => 9,
            "pup" => 12,
            "udp" => 17,
            "hmp" => 20,
            "rdp" => 27,
            "dccp" => 33,
            "ipv6" => 41,
            "ipv6-route" => 43,
            "ipv6-frag" => 44,
            "rsvp" => 46,
            "gre" => 47,
            "esp" => 50,
            "ah" => 51,
            "ipv6-icmp" or "icmpv6" => 58,
            "ipv6-nonxt" => 59,
            "ipv6-opts" => 60,
            "ospf" => 89,
            "ospfigp" => 89,
            "etherip" => 97,
            "encap" => 98,
            "pim" => 103,
            "ipcomp" => 108,
            "vrrp" => 112,
            "l2tp" => 115,
            "isis" => 124,
            "sctp" => 132,
            "fc" => 133,
            "mh" or "ipv6-mh" or "mobility-header" => 135,
            "udplite" => 136,
            "mpls-in-ip" => 137,
            "shim6" => 140,
            "wesp" => 141,
            "rohc" => 142,
            string other => byte.TryParse(other, NumberStyles.None, CultureInfo.InvariantCulture, out byte number) ? number : null,
        };
}

/// <summary>An address match: bits under a mask (iptables takes masks that are no prefix too).</summary>
internal readonly record struct IptablesAddress(Ip Address, UInt128 Mask, bool Negated)
{
    /// <summary>Length of the prefix, -1 when the mask is none.</summary>
    public int PrefixLength
    {
        get
        {
            int length = (int)UInt128.PopCount(Mask);
            UInt128 all = Address.IsV6 ? UInt128.MaxValue : uint.MaxValue;
            int host = Address.Bits - length;
            UInt128 expected = host >= 128 ? UInt128.Zero : all & ~((UInt128.One << host) - 1);
            return Mask == expected ? length : -1;
        }
    }

    /// <summary>As a prefix, null when the mask is none.</summary>
    public IpPrefix? Prefix => PrefixLength is >= 0 and var length ? new IpPrefix(Address, length) : null;

    public bool Contains(Ip ip) => ip.IsV6 == Address.IsV6 && (ip.Value & Mask) == (Address.Value & Mask);

    public static bool TryParse(string text, bool negated, out IptablesAddress address)
    {
        address = default;
        int slash = text.IndexOf('/', StringComparison.Ordinal);
        if (!Ip.TryParse(slash < 0 ? text : text.AsSpan(0, slash), out Ip ip))
            return false;
        UInt128 mask = ip.IsV6 ? UInt128.MaxValue : uint.MaxValue;
        if (slash >= 0)
        {
            ReadOnlySpan<char> rest = text.AsSpan(slash + 1);
            if (int.TryParse(rest, NumberStyles.None, CultureInfo.InvariantCulture, out int length) && length <= ip.Bits)
                mask = ip.Bits - length >= 128 ? UInt128.Zero : mask & ~((UInt128.One << (ip.Bits - length)) - 1);
            else if (Ip.TryParse(rest, out Ip given) && given.IsV6 == ip.IsV6)
                mask = given.Value;
            else
                return false;
        }
        address = new(ip, mask, negated);
        return true;
    }
}

/// <summary>A device match; a name that ends in + matches every device beginning so.</summary>
internal readonly record struct IptablesDevice(string Name, bool Negated)
{
    public bool IsPrefix => Name.EndsWith('+');

    /// <summary>Does a device of this name match (negation not counted).</summary>
    public bool Covers(string? device)
    {
        if (Name.Length == 0)
            return true;
        // An absent device is the empty name: only a bare + covers it.
        device ??= "";
        return IsPrefix ? device.AsSpan().StartsWith(Name.AsSpan(0, Name.Length - 1), StringComparison.Ordinal) : device == Name;
    }
}

/// <summary>A match module with its options.</summary>
internal sealed record IptablesModule(string Name, IReadOnlyList<IptablesOption> Options)
{
    /// <summary>The name as it was written, e.g. icmpv6 for icmp6.</summary>
    public string PrintedName { get; init; } = Name;

    /// <summary>False: a module iptables 1.8 does not have; what belongs to it is in <see cref="Raw"/>.</summary>
    public bool IsKnown { get; init; } = true;

    /// <summary>Raw words of a module or of options that are not known.</summary>
    public string? Raw { get; init; }

    public IptablesOption? Option(string name)
    {
        foreach (IptablesOption option in Options)
        {
            if (option.Name == name)
                return option;
        }
        return null;
    }

    public string? Value(string name) => Option(name) is { Values: [string first, ..] } ? first : null;

    public bool Has(string name) => Option(name) is not null;
}

/// <summary>An option without its dashes, e.g. dport with value 80.</summary>
internal sealed record IptablesOption(string Name, bool Negated, IReadOnlyList<string> Values)
{
    /// <summary>The first value or "".</summary>
    public string First => Values.Count > 0 ? Values[0] : "";
}

/// <summary>-j or -g.</summary>
internal sealed record IptablesTargetSpec(string Name, bool IsGoto, IReadOnlyList<IptablesOption> Options)
{
    /// <summary>Words that no option of the target explains; null when all was understood.</summary>
    public string? Raw { get; init; }

    /// <summary>One of iptables' own targets (a chain of the same name cannot be).</summary>
    public bool IsBuiltIn => IptablesOptions.IsTarget(Name);

    public IptablesOption? Option(string name)
    {
        foreach (IptablesOption option in Options)
        {
            if (option.Name == name)
                return option;
        }
        return null;
    }

    public string? Value(string name) => Option(name) is { Values: [string first, ..] } ? first : null;

    public bool Has(string name) => Option(name) is not null;
}
