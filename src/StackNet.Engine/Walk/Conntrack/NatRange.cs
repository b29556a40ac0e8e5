using StackNet.Engine.Facts;

namespace StackNet.Engine.Walk.Conntrack;

/// <summary>Which end of a connection NAT rewrites.</summary>
internal enum NatManip
{
    Source,
    Destination,
}

/// <summary>What NAT may translate to (struct nf_nat_range2).</summary>
internal readonly record struct NatRange
{
    /// <summary>Lowest and highest address; null leaves the address alone.</summary>
    public Ip? MinAddress { get; init; }
    public Ip? MaxAddress { get; init; }

    /// <summary>Lowest and highest port (or ICMP id); null keeps the port unless another connection has it.</summary>
    public ushort? MinPort { get; init; }
    public ushort? MaxPort { get; init; }

    /// <summary>Port of the packet that becomes <see cref="MinPort"/>, the following ones shift along (iptables DNAT with a base port, nft maps of ranges).</summary>
    public ushort? BasePort { get; init; }

    /// <summary>random or fully-random: the port is drawn even when the own one is free.</summary>
    public bool Random { get; init; }

    /// <summary>NETMAP and nft prefix: only the network part is replaced.</summary>
    public int? NetmapLength { get; init; }

    public static NatRange Of(Ip address) => new() { MinAddress = address, MaxAddress = address };
}

/// <summary>Addresses and ports of which NAT took one by chance.</summary>
internal sealed record NatChoice(NatManip Manip, Ip LowAddress, Ip HighAddress, ushort LowPort, ushort HighPort)
{
    /// <summary>Could the kernel have taken this one?</summary>
    public bool Has(Ip address, ushort port) =>
        address.IsV6 == LowAddress.IsV6
        && address.CompareTo(LowAddress) >= 0
        && address.CompareTo(HighAddress) <= 0
        && port >= LowPort
        && port <= HighPort;
}
