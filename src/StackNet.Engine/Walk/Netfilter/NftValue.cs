using StackNet.Engine.Facts;

namespace StackNet.Engine.Walk.Netfilter;

/// <summary>What an nft expression gives for a packet.</summary>
internal readonly record struct NftValue
{
    private enum Kind : byte
    {
        /// <summary>The packet has no such field: the rule does not match (NFT_BREAK).</summary>
        None,

        /// <summary>Not known.</summary>
        Maybe,
        Number,
        Text,
        Parts,
        Range,
    }

    /// <summary>
    /// A number that is not known but as good as never equals a given one: a checksum that a rule takes for a port. Ranges may still hold it.
    /// </summary>
    public static NftValue Improbable { get; } = new() { What = Kind.Maybe, Number = UInt128.MaxValue };

    public bool IsImprobable => What == Kind.Maybe && Number == UInt128.MaxValue;

    private Kind What { get; init; }
    public UInt128 Number { get; private init; }
    public string? Text { get; private init; }
    public NftValue[]? Parts { get; private init; }

    /// <summary>Addresses or ports of a NAT map that are more than one.</summary>
    public Conntrack.NatRange? Range { get; private init; }

    public static NftValue Of(Conntrack.NatRange range) => new() { What = Kind.Range, Range = range };

    public static NftValue None { get; }

    public static NftValue Maybe { get; } = new() { What = Kind.Maybe };

    public static NftValue Of(UInt128 number) => new() { What = Kind.Number, Number = number };

    public static NftValue Of(Ip address) => Of(address.Value);

    public static NftValue Of(Mac mac) => Of((UInt128)mac.Value);

    public static NftValue Of(bool value) => Of(value ? UInt128.One : UInt128.Zero);

    public static NftValue Of(string? text) => new() { What = Kind.Text, Text = text ?? "" };

    public static NftValue Of(NftValue[] parts)
    {
        foreach (NftValue part in parts)
        {
            if (part.IsNone)
                return None;
        }
        return new() { What = Kind.Parts, Parts = parts };
    }

    /// <summary>A concatenation of which a part is not known.</summary>
    public bool HasMaybe => What == Kind.Maybe || (Parts is { } parts && Array.Exists(parts, static part => part.IsMaybe));

    public bool IsNone => What == Kind.None;
    public bool IsMaybe => What == Kind.Maybe;
    public bool IsNumber => What == Kind.Number;

    public override string ToString() =>
        What switch
        {
            Kind.Number => Number.ToString(System.Globalization.CultureInfo.InvariantCulture),
            Kind.Text => Text!,
            Kind.Parts => string.Join(" . ", Parts!),
            _ => What.ToString(),
        };
}

/// <summary>Reads a field of the packet or its surroundings.</summary>
internal delegate NftValue NftGetter(HookRun run);

/// <summary>Types that say how an immediate on the right hand side is written.</summary>
internal enum NftType
{
    Integer,
    Ip4,
    Ip6,
    Ether,
    Port,
    Protocol,
    Interface,
    CtState,
    CtStatus,
    CtDirection,
    TcpFlags,
    IcmpType,
    Icmp6Type,
    IcmpCode,
    Icmp6Code,
    Dscp,
    Ecn,
    EtherType,
    PacketType,
    NfProtocol,
    AddressType,
    ArpOperation,
    Boolean,
    Text,
    Time,

    /// <summary>Number of a bit (ct label).</summary>
    Bit,

    /// <summary>Names of /etc/iproute2/group: default is 0.</summary>
    DeviceGroup,

    /// <summary>Names of /etc/iproute2/rt_realms: cosmos is 0.</summary>
    Realm,

    /// <summary>skb priority: "1:2", none, root.</summary>
    Priority,
}

/// <summary>An expression that can be read: how, and of which type (one a part for a concatenation).</summary>
internal sealed record NftExpression(NftGetter Get, NftType[] Types)
{
    /// <summary>Width in bits of a number, for prefixes of it.</summary>
    public int Bits { get; init; } = 32;

    public static NftExpression Unknown { get; } = new(static _ => NftValue.Maybe, [NftType.Integer]);
}
