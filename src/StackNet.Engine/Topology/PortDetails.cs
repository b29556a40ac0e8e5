using System.Globalization;
using StackNet.Engine.Facts;

namespace StackNet.Engine.Topology;

/// <summary>Fills what the ports' own source left open: MAC, network, VLAN, addresses, subnet, gateway, MTU.</summary>
internal sealed partial class PortDetails(
    NodeFacts facts,
    DeviceIndex devices,
    VethPeers veths,
    SwitchPorts switchPorts,
    IReadOnlyList<TopologyInstance> instances
)
{
    private readonly Dictionary<Mac, List<(DhcpNetworkFacts Network, DhcpHost Host)>> _hosts = [];
    private readonly Dictionary<Mac, List<(DhcpNetworkFacts Network, DhcpLeaseFacts Lease)>> _leases = [];
    private readonly Dictionary<string, List<(Ip Address, Mac? Mac)>> _spoof = new(StringComparer.Ordinal);
    private readonly Dictionary<Mac, List<Ip>> _flowAddresses = [];

    private readonly Lazy<Dictionary<Mac, OvnDhcpOffer>> _ovnOffers = new(() => OvnDhcp.Of(facts.Ovs));

    private OvnDhcpOffer? OfferOf(TopologyPort port) =>
        port is { Plug: PortPlug.Direct, Mac: { } mac } ? _ovnOffers.Value.GetValueOrDefault(mac) : null;

    public void Fill()
    {
        foreach (DhcpNetworkFacts network in facts.DhcpNetworks ?? [])
        {
            foreach (DhcpHost host in network.Hosts)
                Append(_hosts, host.Mac, (network, host));
            foreach (DhcpLeaseFacts lease in network.Leases)
                Append(_leases, lease.Mac, (network, lease));
        }
        ReadAntiSpoofChains();
        ReadAntiSpoofFlows();
        foreach (TopologyPort port in instances.SelectMany(i => i.Ports))
        {
            FindMac(port);
            FindNetwork(port);
            FindAddresses(port);
            FindSubnet(port);
            FindMtu(port);
        }
    }

    private void FindMac(TopologyPort port)
    {
        if (port.Mac is { IsZero: false })
            return;
        port.Mac = null;
        if (
            port.SwitchPort?.Interface.ExternalIds.TryGetValue("attached-mac", out string? text) == true
            && Mac.TryParse(text, out Mac attached)
        )
            port.Mac = attached;
        else if (port.Tail is not null && AntiSpoof(port.Tail).Select(s => s.Mac).FirstOrDefault(m => m is not null) is { } seen)
            port.Mac = seen;
        else if (port.Tap is { } tap && !tap.Link.Mac.IsZero)
            port.Mac = new Mac((tap.Link.Mac.Value & 0x00ff_ffff_ffff) | 0xfa00_0000_0000);
    }

    private void FindNetwork(TopologyPort port)
    {
        OvsPortFacts? row = port.SwitchPort?.Port;
        port.VlanTag = row?.Tag;
        port.NetworkId = row?.OtherConfig.GetValueOrDefault("net_uuid");
        if (port.Mac is { } mac)
        {
            IEnumerable<DhcpNetworkFacts> known =
            [
                .. _hosts.GetValueOrDefault(mac)?.Select(h => h.Network) ?? [],
                .. _leases.GetValueOrDefault(mac)?.Select(l => l.Network) ?? [],
            ];
            port.Dhcp = known.FirstOrDefault(n => port.NetworkId is null || n.NetworkId == port.NetworkId);
        }
        string? bridge = port.Tap?.Link.Master ?? port.DomainInterface?.Bridge;
        // A brq bridge carries the first eleven characters of its network's uuid; a nova-network's DHCP is named after its bridge.
        port.Dhcp ??= facts.DhcpNetworks?.FirstOrDefault(n =>
            n.NetworkId == port.NetworkId
            || bridge is not null
                && (
                    n.NetworkId == bridge
                    || bridge.StartsWith("brq", StringComparison.Ordinal)
                        && n.NetworkId.StartsWith(bridge[3..], StringComparison.Ordinal)
                        && bridge.Length > 3
                )
        );
        port.NetworkId ??= port.Dhcp?.NetworkId;
    }

    private void FindAddresses(TopologyPort port)
    {
        if (port.Addresses.Count > 0)
            return;
        if (port.Mac is { } mac)
        {
            if (_hosts.GetValueOrDefault(mac) is { } hosts)
                Take(port, "dhcp", hosts.Where(h => h.Network == port.Dhcp).Select(h => h.Host.Address).OfType<Ip>());
            if (port.Addresses.Count == 0 && _leases.GetValueOrDefault(mac) is { } leases)
                Take(port, "lease", leases.Where(l => l.Network == port.Dhcp).Select(l => l.Lease.Address));
            if (port.Addresses.Count == 0 && port.Tail is not null)
                Take(port, "rules", AntiSpoof(port.Tail).Where(s => s.Mac is null || s.Mac == mac).Select(s => s.Address));
            if (port.Addresses.Count == 0 && _flowAddresses.GetValueOrDefault(mac) is { } flows)
                Take(port, "flows", flows);
            // Without a reservation a DHCP name of the instance is all that libvirt-less nodes have.
            if (
                port.Instance is { FoundBy: not "libvirt" } instance
                && _hosts.GetValueOrDefault(mac)?.FirstOrDefault().Host?.Name is { } name
            )
                Rename(instance, name);
        }
        if (port.Addresses.Count == 0 && port.Tail is not null)
            Take(port, "rules", AntiSpoof(port.Tail).Select(s => s.Address));
    }

    private static void Rename(TopologyInstance instance, string dhcpName)
    {
        // neutron's own names (host-10-0-0-5) say no more than the address.
        if (!dhcpName.StartsWith("host-", StringComparison.Ordinal) && instance.Uuid is null)
            instance.Name = dhcpName.Split('.')[0];
    }

    private static void Take(TopologyPort port, string source, IEnumerable<Ip> found)
    {
        foreach (Ip ip in found)
        {
            if (!port.Addresses.Contains(ip) && !(ip.IsV6 && ip.IsLinkLocal))
                port.Addresses.Add(ip);
        }
        if (port.Addresses.Count > 0)
            port.AddressesFoundBy ??= source;
    }

    private IEnumerable<(Ip Address, Mac? Mac)> AntiSpoof(string tail) =>
        _spoof.TryGetValue(tail[..Math.Min(10, tail.Length)], out List<(Ip, Mac?)>? found) ? found : [];

    /// <summary>The s-chain of a port: <c>-s ADDRESS -m mac --mac-source MAC ... -j RETURN</c>; a prefix is an allowed address pair.</summary>
    private void ReadAntiSpoofChains()
    {
        NamespaceFacts? root = devices.Namespace("");
        foreach (IptablesRuleset? rules in (IptablesRuleset?[])[root?.IptablesNft, root?.IptablesLegacy])
        foreach (IptablesChain chain in rules?.Tables.FirstOrDefault(t => t.Name == "filter")?.Chains ?? [])
        {
            if (!SecurityChain.TryParse(chain.Name, out char kind, out string tail) || kind != 's')
                continue;
            foreach (IptablesRule rule in chain.Rules)
            {
                if (RuleText.Option(rule.Text, "-s") is not { } source || !IpPrefix.TryParse(source, out IpPrefix prefix))
                    continue;
                if (prefix.Length != prefix.Address.Bits)
                    continue;
                Mac? mac = Mac.TryParse(RuleText.Option(rule.Text, "--mac-source"), out Mac m) ? m : null;
                Append(_spoof, tail, (prefix.Address, mac));
            }
        }
    }

    /// <summary>The native firewall's: table 24 (ARP, older agents) and 71, <c>dl_src=MAC, nw_src=ADDRESS</c> or <c>arp_spa</c>.</summary>
    private void ReadAntiSpoofFlows()
    {
        foreach (OvsBridgeFacts bridge in facts.Ovs?.Bridges ?? [])
        foreach (string flow in bridge.Flows ?? [])
        {
            if (!flow.Contains("table=71,", StringComparison.Ordinal))
                continue;
            if (!Mac.TryParse(RuleText.Field(flow, "dl_src"), out Mac mac))
                continue;
            string? text = RuleText.Field(flow, "nw_src") ?? RuleText.Field(flow, "arp_spa");
            if (text is null || !Ip.TryParse(text, out Ip ip) || ip.IsAny)
                continue;
            if (_flowAddresses.GetValueOrDefault(mac)?.Contains(ip) != true)
                Append(_flowAddresses, mac, ip);
        }
    }

    private void FindMtu(TopologyPort port)
    {
        port.GuestMtu = DhcpMtu(port) ?? OfferOf(port)?.Mtu ?? port.DomainInterface?.Mtu;
    }

    /// <summary>Option 26: in neutron's opts file ("option:mtu,1450" or "26,1450"), or forced on dnsmasq's command line.</summary>
    private int? DhcpMtu(TopologyPort port)
    {
        if (port.Dhcp is not { } dhcp)
            return null;
        foreach (string line in dhcp.Options)
        {
            string[] words = line.Split(',');
            int at = Array.FindIndex(words, w => w is "option:mtu" or "26");
            if (at >= 0 && at + 1 < words.Length && int.TryParse(words[at + 1], CultureInfo.InvariantCulture, out int mtu))
                return mtu;
        }
        const string forced = "option:mtu,";
        string? command = DnsmasqOf(dhcp)?.CommandLine;
        int index = command?.IndexOf(forced, StringComparison.Ordinal) ?? -1;
        if (index < 0)
            return null;
        ReadOnlySpan<char> rest = command.AsSpan(index + forced.Length);
        int stop = rest.IndexOfAnyExceptInRange('0', '9');
        return int.TryParse(stop < 0 ? rest : rest[..stop], CultureInfo.InvariantCulture, out int value) ? value : null;
    }

    private ProcessFacts? DnsmasqOf(DhcpNetworkFacts dhcp) => Dnsmasq.ServerOf(facts, dhcp);

    private static void Append<TKey, TItem>(Dictionary<TKey, List<TItem>> map, TKey key, TItem item)
        where TKey : notnull
    {
        if (!map.TryGetValue(key, out List<TItem>? list))
            map[key] = list = [];
        list.Add(item);
    }
}
