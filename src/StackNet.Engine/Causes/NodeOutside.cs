using StackNet.Engine.Facts;
using StackNet.Engine.Topology;
using StackNet.Engine.Walk;

namespace StackNet.Engine.Causes;

/// <summary>
/// Guests and wire: a guest answers for the addresses of its port, the wire for the routers that the node knows, for whom it has heard,
/// and for the far end of the conversation where that is on-link.
/// </summary>
internal sealed class NodeOutside(Diagnosis diagnosis) : IOutside
{
    /// <summary>MAC of whoever is beyond the uplinks (locally administered, so that it can be nobody's).</summary>
    public static Mac UpstreamMac { get; } = Mac.Parse("02:00:5e:00:53:01");

    /// <summary>The far end of the conversation: taken to be there, since the question is about the way to it.</summary>
    public Ip? FarEnd { get; set; }

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
        if (diagnosis.Wire.Silent(request.SourceMac, target) is not null)
            return OutsideAnswer.Silence;
        if (diagnosis.Wire.IsKnown(target) || request.SourceMac == UpstreamMac || (target == FarEnd && IsOnLink(request, target)))
            return OutsideAnswer.From(UpstreamMac);
        return OutsideAnswer.NotKnown(
            $"whether anybody has {target} on {device} is not known: it is no default gateway, and no neighbour table of this node has its MAC"
        );
    }

    /// <summary>The asker has an address in the same subnet.</summary>
    private bool IsOnLink(Packet request, Ip target)
    {
        if (request.EtherType != EtherTypes.Arp)
            return true;
        foreach (Topology.Device device in diagnosis.CarriersOf(request.ArpSenderIp))
        foreach (AddressFacts address in diagnosis.Topology.Devices.AddressesOf(device.Namespace, device.Name))
        {
            if (new IpPrefix(address.Address, address.PrefixLength).Contains(target))
                return true;
        }
        return diagnosis.Topology.PortOfAddress(request.ArpSenderIp)?.Subnet?.Contains(target) == true;
    }
}
