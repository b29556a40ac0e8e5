using StackNet.Engine.Facts;

namespace StackNet.Engine.Topology;

internal sealed partial class PortDetails
{
    /// <summary>Subnet and gateway of the port's first address: what DHCP says, else what a device of the same network carries.</summary>
    private void FindSubnet(TopologyPort port)
    {
        if (port.Addresses.Count == 0)
            return;
        Ip address = port.Addresses.FirstOrDefault(a => !a.IsV6, port.Addresses[0]);
        if (port.Dhcp is { } dhcp)
            FromDhcp(port, dhcp, address);
        else if (OfferOf(port) is { } offer && offer.Address == address)
            (port.Subnet, port.Gateway) = (offer.Subnet, offer.Router);
        List<(Device Device, AddressFacts Address)> near = [.. OnSameNetwork(port)];
        if (port.Subnet is null)
        {
            foreach ((_, AddressFacts found) in near)
            {
                IpPrefix subnet = new(found.Address, found.PrefixLength);
                if (found.PrefixLength < address.Bits && subnet.Contains(address))
                {
                    port.Subnet = new IpPrefix(subnet.Network, subnet.Length);
                    break;
                }
            }
        }
        if (port.Gateway is not null || port.Subnet is not { } own)
            return;
        // Without DHCP's word: the router's inside port of this network, else the node itself where it has an address of the subnet.
        port.Gateway =
            near.Where(n => own.Contains(n.Address.Address) && n.Device.Name.StartsWith("qr-", StringComparison.Ordinal))
                .Select(n => (Ip?)n.Address.Address)
                .FirstOrDefault()
            ?? near.Where(n => n.Device.Namespace.Length == 0 && own.Contains(n.Address.Address) && n.Address.PrefixLength < address.Bits)
                .Select(n => (Ip?)n.Address.Address)
                .FirstOrDefault();
    }

    private void FromDhcp(TopologyPort port, DhcpNetworkFacts dhcp, Ip address)
    {
        ProcessFacts? server = DnsmasqOf(dhcp);
        foreach ((string tag, IpPrefix subnet) in server is null ? [] : Dnsmasq.Ranges(server.CommandLine))
        {
            if (subnet.Contains(address))
            {
                port.Subnet = subnet;
                port.SubnetTag = tag;
                break;
            }
        }
        // dnsmasq --dhcp-range without a mask takes the interface's.
        if (port.Subnet is null && ServingDevice(dhcp) is { } device)
        {
            foreach (AddressFacts own in devices.AddressesOf(device.Namespace, device.Name))
            {
                IpPrefix subnet = new(own.Address, own.PrefixLength);
                if (own.PrefixLength < address.Bits && subnet.Contains(address))
                    port.Subnet = new IpPrefix(subnet.Network, subnet.Length);
            }
        }
        List<(string Tag, Ip Router)> routers = [.. Dnsmasq.Routers(dhcp.Options)];
        foreach ((string tag, Ip router) in routers)
        {
            bool fits =
                port.SubnetTag is { Length: > 0 } wanted && tag.Length > 0 ? tag == wanted
                : port.Subnet is { } own ? own.Contains(router)
                : routers.Select(r => r.Router).Distinct().Count() == 1;
            if (fits && router.IsV6 == address.IsV6)
            {
                port.Gateway = router;
                break;
            }
        }
        // nova-network: dnsmasq gives its own address as the router when no option says otherwise (dnsmasq(8), dhcp-option 3).
        if (port.Gateway is null && routers.Count == 0 && port.Subnet is { } net && ServingDevice(dhcp) is { Namespace.Length: 0 } self)
        {
            // What it was started with is what the guests were told; the device may have lost or changed its address since.
            port.Gateway =
                ListenAddress(server, net)
                ?? devices
                    .AddressesOf(self.Namespace, self.Name)
                    .Where(a => net.Contains(a.Address))
                    .Select(a => (Ip?)a.Address)
                    .FirstOrDefault();
        }
    }

    private static Ip? ListenAddress(ProcessFacts? server, IpPrefix net)
    {
        const string option = "--listen-address=";
        foreach (string word in server?.CommandLine.Split(' ') ?? [])
        {
            if (word.StartsWith(option, StringComparison.Ordinal) && Ip.TryParse(word.AsSpan(option.Length), out Ip ip) && net.Contains(ip))
                return ip;
        }
        return null;
    }

    private Device? ServingDevice(DhcpNetworkFacts dhcp)
    {
        string? name = dhcp.Interface is { Length: > 0 } ? dhcp.Interface : null;
        if (name is null)
            return devices.Find("", dhcp.NetworkId);
        string ns = dhcp.Namespace ?? "qdhcp-" + dhcp.NetworkId;
        return devices.Find(ns, name) ?? (devices.Named(name) is [Device first, ..] ? first : null);
    }

    /// <summary>Devices with addresses that stand on the port's own layer 2: by VLAN tag and bridge, or by Linux bridge.</summary>
    private IEnumerable<(Device Device, AddressFacts Address)> OnSameNetwork(TopologyPort port)
    {
        if (port.SwitchPort is { } own)
        {
            foreach (SwitchPort other in switchPorts.All)
            {
                if (other.Bridge.Name != own.Bridge.Name || other.Port.Tag != own.Port.Tag || other.Interface.Type != "internal")
                    continue;
                foreach ((Device, AddressFacts) found in AddressesOf(switchPorts.DeviceOf(other)))
                    yield return found;
            }
            // A flat network's gateway can be the external bridge's own device: only one bridge hangs on a patch of this VLAN.
            foreach (OvsBridgeFacts bridge in facts.Ovs?.Bridges ?? [])
            {
                if (bridge.Name == own.Bridge.Name)
                    continue;
                foreach ((Device, AddressFacts) found in AddressesOf(devices.Find("", bridge.Name)))
                    yield return found;
            }
        }
        if (port.Plug == PortPlug.Bridge && (port.DomainInterface?.Bridge ?? port.Tap?.Link.Master) is { } name)
        {
            foreach ((Device, AddressFacts) found in AddressesOf(devices.Find("", name)))
                yield return found;
            foreach (Device member in devices.PortsOf("", name))
            {
                if (veths.Of(member) is not { } peer)
                    continue;
                foreach ((Device, AddressFacts) found in AddressesOf(peer.Device))
                    yield return found;
            }
        }
    }

    private IEnumerable<(Device Device, AddressFacts Address)> AddressesOf(Device? device) =>
        device is null ? [] : devices.AddressesOf(device.Namespace, device.Name).Select(a => (device, a));
}
