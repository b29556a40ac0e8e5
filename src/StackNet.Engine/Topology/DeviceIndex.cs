using StackNet.Engine.Facts;

namespace StackNet.Engine.Topology;

/// <summary>Devices and addresses of all namespaces by name and by index.</summary>
internal sealed class DeviceIndex
{
    private readonly Dictionary<(string Namespace, string Name), Device> _byName = [];
    private readonly Dictionary<(string Namespace, int Index), Device> _byIndex = [];
    private readonly Dictionary<string, List<Device>> _anywhere = new(StringComparer.Ordinal);
    private readonly Dictionary<(string Namespace, string Device), List<AddressFacts>> _addresses = [];
    private readonly Dictionary<string, NamespaceFacts> _namespaces = new(StringComparer.Ordinal);
    private readonly Dictionary<(string Namespace, string Master), List<Device>> _ports = [];

    private readonly Dictionary<Ip, List<(string Namespace, string Device)>> _carriers = [];
    private readonly Dictionary<Mac, List<Device>> _byMac = [];

    public DeviceIndex(NodeFacts facts)
    {
        foreach (NamespaceFacts ns in facts.Namespaces)
        {
            _namespaces[ns.Name] = ns;
            if (ns.Links is null)
                AllRead = false;
            foreach (LinkFacts link in ns.Links ?? [])
                Add(new Device(ns.Name, link));
            foreach (AddressFacts address in ns.Addresses ?? [])
            {
                ListOf(_addresses, (ns.Name, address.Device)).Add(address);
                ListOf(_carriers, address.Address).Add((ns.Name, address.Device));
            }
        }
    }

    /// <summary>The links of every namespace were read: what is not here does not exist.</summary>
    public bool AllRead { get; private set; } = true;

    public Device? Find(string ns, string name) => _byName.GetValueOrDefault((ns, name));

    public Device? Find(string ns, int index) => _byIndex.GetValueOrDefault((ns, index));

    /// <summary>Every device of that name, the root namespace's first.</summary>
    public IReadOnlyList<Device> Named(string name) => _anywhere.TryGetValue(name, out List<Device>? found) ? found : [];

    public IReadOnlyList<AddressFacts> AddressesOf(string ns, string device) =>
        _addresses.TryGetValue((ns, device), out List<AddressFacts>? found) ? found : [];

    /// <summary>Namespaces and devices that carry an address, in the order of the namespaces.</summary>
    public IReadOnlyList<(string Namespace, string Device)> CarriersOf(Ip address) =>
        _carriers.TryGetValue(address, out List<(string, string)>? found) ? found : [];

    /// <summary>Devices with that MAC, in the order of <see cref="All"/>.</summary>
    public IReadOnlyList<Device> WithMac(Mac mac) => _byMac.TryGetValue(mac, out List<Device>? found) ? found : [];

    /// <summary>Devices whose master is this one.</summary>
    public IReadOnlyList<Device> PortsOf(string ns, string master) =>
        _ports.TryGetValue((ns, master), out List<Device>? found) ? found : [];

    public NamespaceFacts? Namespace(string name) => _namespaces.GetValueOrDefault(name);

    public IEnumerable<Device> All => _byName.Values;

    private void Add(Device device)
    {
        _byName[(device.Namespace, device.Name)] = device;
        _byIndex[(device.Namespace, device.Link.Index)] = device;
        ListOf(_anywhere, device.Name).Add(device);
        ListOf(_byMac, device.Link.Mac).Add(device);
        if (device.Link.Master is { } master)
            ListOf(_ports, (device.Namespace, master)).Add(device);
    }

    private static List<TItem> ListOf<TKey, TItem>(Dictionary<TKey, List<TItem>> map, TKey key)
        where TKey : notnull
    {
        if (!map.TryGetValue(key, out List<TItem>? list))
            map[key] = list = [];
        return list;
    }
}
