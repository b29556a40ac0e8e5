using StackNet.Engine.Facts;

namespace StackNet.Engine.Causes;

/// <summary>A packet as a user describes it; what is null is what a fresh ordinary packet has.</summary>
internal sealed record NetworkPacketRequest
{
    /// <summary>Device it arrives on; with <see cref="Local"/> the device that the sending socket is bound to, or null.</summary>
    public string? Device { get; init; }
    public string Namespace { get; init; } = "";

    /// <summary>The node itself sends it.</summary>
    public bool Local { get; init; }
    public Mac? SourceMac { get; init; }
    public Mac? DestinationMac { get; init; }

    /// <summary>Null: the node chooses (local), or a neighbour of the device sends it.</summary>
    public Ip? SourceAddress { get; init; }
    public required Ip DestinationAddress { get; init; }
    public byte? Protocol { get; init; }
    public ushort? SourcePort { get; init; }
    public ushort? DestinationPort { get; init; }

    /// <summary>Letters of FSRPAUEC.</summary>
    public string? TcpFlags { get; init; }
    public uint? TcpSequence { get; init; }
    public uint? TcpAcknowledgment { get; init; }
    public int? TcpMss { get; init; }
    public byte? IcmpType { get; init; }
    public byte? IcmpCode { get; init; }
    public ushort? IcmpId { get; init; }
    public byte? Ttl { get; init; }
    public byte? Tos { get; init; }

    /// <summary>Length of the IP packet.</summary>
    public int? Length { get; init; }
    public uint Mark { get; init; }
    public int? VlanId { get; init; }
    public bool DontFragment { get; init; }

    /// <summary>The packet that an ICMP error quotes.</summary>
    public NetworkPacketRequest? Inner { get; init; }

    /// <summary>The packet before: everything that it left goes on.</summary>
    public PacketTrace? After { get; init; }
}
