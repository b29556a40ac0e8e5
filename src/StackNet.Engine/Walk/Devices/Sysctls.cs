using System.Globalization;

namespace StackNet.Engine.Walk.Devices;

/// <summary>Settings of a namespace: a value, or null when the key was not read.</summary>
internal sealed class Sysctls(IReadOnlyDictionary<string, string>? values)
{
    public bool WasRead => values is not null;

    public int? Get(string key)
    {
        if (values is null || !values.TryGetValue(key, out string? text))
            return null;
        return int.TryParse(text.AsSpan().Trim(), NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out int value)
            ? value
            : null;
    }

    /// <summary>Key of a per-device setting; sysctl(8) writes a dot inside a device name as '/'.</summary>
    public static string DeviceKey(string family, string device, string setting) =>
        $"net.{family}.conf.{device.Replace('.', '/')}.{setting}";
}

/// <summary>
/// A setting as the kernel takes it, and the keys that decide. Value null: a key that would decide was not read, <see cref="Key"/> names it.
/// </summary>
internal readonly record struct Setting(int? Value, string Key)
{
    public bool IsOn => Value is > 0;
    public bool IsUnread => Value is null;

    public override string ToString() => Value is null ? $"{Key} was not read" : $"{Key} = {Value}";
}

/// <summary>
/// IPv4 settings of one device as the kernel combines them with "all" (include/linux/inetdevice.h): IN_DEV_CONF_GET takes the device's,
/// ORCONF either, MAXCONF the greater.
/// </summary>
internal sealed class DeviceSettings(Sysctls sysctls, string device)
{
    private Setting? _forwarding;
    private Setting? _broadcastForwarding;
    private Setting? _dropUnicastInGroup;
    private Setting? _proxyArpPvlan;
    private Setting? _proxyArp;
    private Setting? _arpFilter;
    private Setting? _arpAnnounce;
    private Setting? _arpIgnore;
    private Setting? _reversePath;
    private Setting? _acceptLocal;
    private Setting? _routeLocalnet;
    private Setting? _sourceMark;
    private Setting? _ignoreLinkdown;

    public Setting Forwarding => _forwarding ??= Own("forwarding");
    public Setting ReversePath => _reversePath ??= Max("rp_filter");
    public Setting AcceptLocal => _acceptLocal ??= Or("accept_local");
    public Setting RouteLocalnet => _routeLocalnet ??= Or("route_localnet");
    public Setting SourceMark => _sourceMark ??= Or("src_valid_mark");
    public Setting IgnoreLinkdown => _ignoreLinkdown ??= Or("ignore_routes_with_linkdown");
    public Setting ArpIgnore => _arpIgnore ??= Max("arp_ignore");
    public Setting ArpAnnounce => _arpAnnounce ??= Max("arp_announce");
    public Setting ArpFilter => _arpFilter ??= Or("arp_filter");
    public Setting ProxyArp => _proxyArp ??= Or("proxy_arp");
    public Setting ProxyArpPvlan => _proxyArpPvlan ??= Or("proxy_arp_pvlan");
    public Setting DropUnicastInGroup => _dropUnicastInGroup ??= Or("drop_unicast_in_l2_multicast");
    public Setting BroadcastForwarding => _broadcastForwarding ??= And("bc_forwarding");
    public Setting Forwarding6 => new(sysctls.Get("net.ipv6.conf.all.forwarding"), "net.ipv6.conf.all.forwarding");
    public Setting Disabled6 => Own6("disable_ipv6");

    private Setting Own(string name)
    {
        string key = Sysctls.DeviceKey("ipv4", device, name);
        return new(sysctls.Get(key), key);
    }

    private Setting Own6(string name)
    {
        string key = Sysctls.DeviceKey("ipv6", device, name);
        return new(sysctls.Get(key), key);
    }

    private Setting Max(string name)
    {
        (Setting all, Setting own) = Both(name);
        // The greatest value any of these settings knows is 2 for rp_filter; a known maximum decides alone.
        if (all.IsUnread || own.IsUnread)
        {
            Setting unread = all.IsUnread ? all : own;
            return unread;
        }
        return own.Value > all.Value ? own : all;
    }

    private Setting Or(string name)
    {
        (Setting all, Setting own) = Both(name);
        if (all.IsOn)
            return all;
        if (own.IsOn)
            return own;
        return all.IsUnread ? all : own;
    }

    private Setting And(string name)
    {
        (Setting all, Setting own) = Both(name);
        if (all.Value == 0)
            return all;
        if (own.Value == 0)
            return own;
        return all.IsUnread ? all : own;
    }

    private (Setting All, Setting Own) Both(string name)
    {
        string all = Sysctls.DeviceKey("ipv4", "all", name);
        string own = Sysctls.DeviceKey("ipv4", device, name);
        return (new(sysctls.Get(all), all), new(sysctls.Get(own), own));
    }
}
