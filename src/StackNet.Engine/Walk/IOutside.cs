using StackNet.Engine.Facts;

namespace StackNet.Engine.Walk;

/// <summary>What lies outside the node's kernel: the guests behind the taps and the wire behind the uplinks. The caller models it.</summary>
internal interface IOutside
{
    /// <summary>The guest behind this tap got an ARP request or neighbour solicitation: does it answer?</summary>
    OutsideAnswer GuestAnswers(string ns, string device, Packet request);

    /// <summary>A request went out of this device to the wire (<see cref="WalkOutput.Kind"/> Wire or Tunnel): does somebody answer?</summary>
    OutsideAnswer WireAnswers(string ns, string device, Packet request);
}

/// <summary>Answer to an ARP request: a MAC, silence, or not known with the reason.</summary>
internal readonly record struct OutsideAnswer(Mac? Mac, string? Unknown)
{
    public static OutsideAnswer Silence { get; }

    public static OutsideAnswer From(Mac mac) => new(mac, Unknown: null);

    public static OutsideAnswer NotKnown(string reason) => new(Mac: null, reason);
}

/// <summary>Nobody outside answers: for packets whose neighbours all stand in the node's tables.</summary>
internal sealed class SilentOutside : IOutside
{
    public static SilentOutside Instance { get; } = new();

    public OutsideAnswer GuestAnswers(string ns, string device, Packet request) => OutsideAnswer.Silence;

    public OutsideAnswer WireAnswers(string ns, string device, Packet request) => OutsideAnswer.Silence;
}
