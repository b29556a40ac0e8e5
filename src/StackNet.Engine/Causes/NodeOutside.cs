using StackNet.Engine.Facts;
using StackNet.Engine.Topology;
using StackNet.Engine.Walk;

namespace StackNet.Engine.Causes;

/// <summary>
/// Guests and wire: a guest answers for the addresses of its port, the wire for every address that is not this node's own (whether such
/// a host exists is not asked), but only on the VLAN that the network has there.
/// </summary>
internal sealed class NodeOutside(Diagnosis diagnosis) : IOutside
{
    /// <summary>MAC of whoever is beyond the uplinks (locally administered, so that it can be nobody's).</summary>
    public static Mac UpstreamMac { get; } = Mac.Parse("02:00:5e:00:53:01");

    public OutsideAnswer GuestAnswers(string ns, string device, Packet request)
    {
        if (diagnosis.Topology.PortOfDevice(device) is not { } port)
            return OutsideAnswer.Silence;
        if (port.Instance.Domain?.State is { } state && state != "running")
            return OutsideAnswer.Silence;
        Ip target = request.ArpTargetIp;
        if (port.Addresses.Contains(target))
            return port.Mac is { } mac
                ? OutsideAnswer.From(mac)
                : OutsideAnswer.NotKnown($"the MAC address of {port.Instance.Name} is not known");
        return port.Addresses.Count == 0
            ? OutsideAnswer.NotKnown($"the addresses of {port.Instance.Name} behind {device} are not known")
            : OutsideAnswer.Silence;
    }

    public OutsideAnswer WireAnswers(string ns, string device, Packet request)
    {
        Ip target = request.EtherType == EtherTypes.Arp ? request.ArpTargetIp : request.Destination;
        // The node's own addresses and its guests' are here, not on the wire; who sends from one of them asks for nobody else.
        if (diagnosis.CarriersOf(target).Any() || diagnosis.Topology.PortOfAddress(target) is not null)
            return OutsideAnswer.Silence;
        return OutsideAnswer.From(UpstreamMac);
    }
}
