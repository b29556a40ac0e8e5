using StackNet.Engine.Facts;
using StackNet.Engine.Walk.Devices;

namespace StackNet.Engine.Walk.Routing;

/// <summary>The addresses of a namespace: whose an address is (weak host model: any device's counts), and source selection.</summary>
internal sealed class AddressTable
{
    private readonly Dictionary<Ip, Device> _owners = [];
    private readonly List<Device> _order = [];

    public AddressTable(NamespaceMachine net)
    {
        WasRead = net.Facts.Addresses is not null;
        foreach (Device device in net.DevicesByIndex.Values.OrderBy(d => d.Link.Index))
        {
            _order.Add(device);
            foreach (AddressFacts address in device.Addresses)
                _owners.TryAdd(address.Address, device);
        }
    }

    public bool WasRead { get; }

    /// <summary>The device that carries this very address (inet_lookup_ifaddr).</summary>
    public Device? OwnerOf(Ip address) => _owners.GetValueOrDefault(address);

    /// <summary>
    /// inet_select_addr (net/ipv4/devinet.c): the first primary address of the device whose scope fits and whose subnet holds the target,
    /// else its first that fits, else the first that fits of any device.
    /// </summary>
    public Ip? Select(Device? device, Ip? target, int maxScope)
    {
        if (device is not null && SelectOn(device, target, maxScope) is { } own)
            return own;
        // Host scope is left out for other devices: "localhost" addresses of lo never serve as source elsewhere.
        foreach (Device other in _order)
        {
            if (other == device || !other.IsUp)
                continue;
            foreach (AddressFacts a in other.Addresses)
            {
                if (!a.Address.IsV6 && ScopeOf(a) != RouteScopes.Link && ScopeOf(a) <= maxScope && !IsSecondary(a))
                    return a.Address;
            }
        }
        return null;
    }

    private static Ip? SelectOn(Device device, Ip? target, int maxScope)
    {
        Ip? first = null;
        foreach (AddressFacts a in device.Addresses)
        {
            if (a.Address.IsV6 || IsSecondary(a) || ScopeOf(a) > maxScope)
                continue;
            if (target is null || new IpPrefix(a.Peer ?? a.Address, a.PrefixLength).Contains(target.Value))
                return a.Address;
            first ??= a.Address;
        }
        return first;
    }

    private static bool IsSecondary(AddressFacts address) => address.Flags.Contains("secondary");

    private static int ScopeOf(AddressFacts address) => RouteScopes.Parse(address.Scope);
}

/// <summary>rtnetlink scopes: the smaller reaches farther.</summary>
internal static class RouteScopes
{
    public const int Universe = 0;
    public const int Site = 200;
    public const int Link = 253;
    public const int Host = 254;
    public const int Nowhere = 255;

    public static int Parse(string? text) =>
        text switch
        {
            null or "global" or "universe" => Universe,
            "site" => Site,
            "link" => Link,
            "host" => Host,
            "nowhere" => Nowhere,
            _ => int.TryParse(text, out int number) ? number : Universe,
        };
}
