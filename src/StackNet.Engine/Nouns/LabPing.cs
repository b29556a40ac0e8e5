using System.Net;

namespace StackNet;

/// <summary>What real packets from a lab's instance met.</summary>
public sealed class LabPing
{
    /// <summary>Name of the lab.</summary>
    public required string Lab { get; init; }

    /// <summary>The sender.</summary>
    public required string Instance { get; init; }

    /// <summary>Address of the sender.</summary>
    public IPAddress? SourceAddress { get; init; }

    /// <summary>Where the packets went.</summary>
    public required IPAddress Destination { get; init; }

    /// <summary>Icmp, Tcp or Udp.</summary>
    public required string Protocol { get; init; }

    /// <summary>Destination port; null for Icmp.</summary>
    public int? Port { get; init; }

    /// <summary>Payload in bytes.</summary>
    public int Size { get; init; }

    /// <summary>Sent with the don't-fragment bit.</summary>
    public bool DontFragment { get; init; }

    /// <summary>Requests that the guest's kernel took (of TCP: connections tried).</summary>
    public int Sent { get; init; }

    /// <summary>True: an answer came back to the sender.</summary>
    public bool Replied { get; init; }

    /// <summary>Milliseconds until the first answer.</summary>
    public double? RoundTrip { get; init; }

    /// <summary>What the sender was told instead of an answer, if anything.</summary>
    public string? Error { get; init; }

    /// <inheritdoc />
    public override string ToString() => $"{Instance} > {Destination} {Protocol}: {(Replied ? "replied" : "no reply")}";
}
