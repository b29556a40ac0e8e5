using StackNet.Engine.Facts;
using StackNet.Engine.Topology;

namespace StackNet.Engine.Causes;

/// <summary>An instance's network card with one of its addresses, as its port describes it: what the guest really uses only the guest knows.</summary>
internal sealed record Guest(TopologyPort Port, Ip Address, Mac Mac, string Tap)
{
    /// <summary>Null when the port says too little to act as its guest; then <paramref name="missing"/> says what.</summary>
    public static Guest? Of(TopologyPort port, Ip address, out string? missing)
    {
        missing =
            port.Plug == PortPlug.NoTap ? $"the interface is of type {port.DomainInterface?.Type}: it has no tap on this node"
            : port.TapName is null ? "the tap of the instance is not known"
            : port.Mac is null ? "the MAC address of the instance is not known"
            : null;
        return missing is null ? new Guest(port, address, port.Mac!.Value, port.TapName!) : null;
    }

    /// <summary>The next hop that the guest takes: the destination itself in its subnet, else its gateway. Null with the reason when not known.</summary>
    public Ip? NextHop(Ip destination, TopologyPort? owner, out string? unknown)
    {
        unknown = null;
        if (Port.Subnet is { } subnet)
        {
            if (subnet.Contains(destination))
                return destination;
        }
        else if (destination == Port.Gateway || (owner is not null && NodeTopology.SameNetwork(owner, Port) && owner.Subnet is null))
            return destination;
        if (Port.Gateway is { } gateway)
            return gateway;
        unknown = "the gateway of the instance is not known: neither DHCP options nor a router port of its network were found on this node";
        return null;
    }

    public override string ToString() => $"{Port.Instance.Name} {Address}";
}
