using System.Globalization;
using StackNet.Engine.Facts;
using StackNet.Engine.Sources.Text;

namespace StackNet.Engine.Sources.Capture;

/// <summary>dnsmasq's files: those of neutron's dhcp agent (dhcp/NETWORK/) and of nova-network (nova-networks/nova-BRIDGE.*).</summary>
internal sealed partial class CaptureNode
{
    private List<DhcpNetworkFacts>? DhcpNetworks(IReadOnlyList<(string Name, int? Id)> namespaces)
    {
        if (_source.IsCase)
            return null;
        List<DhcpNetworkFacts> networks = [];
        IEnumerable<string> ids = _source
            .Matching("", "dhcp/", "")
            .Select(m => m.Middle[..Math.Max(0, m.Middle.IndexOf('/', StringComparison.Ordinal))])
            .Where(id => id.Length > 0)
            .Distinct(StringComparer.Ordinal);
        foreach (string id in ids)
        {
            string serving = "qdhcp-" + id;
            networks.Add(
                Network(id, $"dhcp/{id}/host", $"dhcp/{id}/leases", $"dhcp/{id}/opts", $"dhcp/{id}/pid") with
                {
                    Namespace = namespaces.Any(n => n.Name == serving) ? serving : null,
                    Interface = Small($"dhcp/{id}/interface"),
                }
            );
        }
        foreach ((string bridge, _) in _source.Matching("", "nova-networks/nova-", ".conf"))
        {
            string stem = $"nova-networks/nova-{bridge}";
            // nova-network's dnsmasq serves in the node's own namespace, on the bridge it is named after.
            networks.Add(
                Network(bridge, stem + ".conf", stem + ".leases", stem + ".opts", stem + ".pid") with
                {
                    Namespace = "",
                    Interface = bridge,
                }
            );
        }
        if (networks.Count > 0)
            return networks;
        Miss("dhcp", null, UnreadKind.NotCaptured, "the capture holds no files of dnsmasq (dhcp/, nova-networks/)");
        return null;
    }

    private DhcpNetworkFacts Network(string id, string hosts, string leases, string options, string pid) =>
        new()
        {
            NetworkId = id,
            Pid = int.TryParse(Small(pid), NumberStyles.None, CultureInfo.InvariantCulture, out int number) ? number : null,
            Hosts = DhcpFile(id, hosts, DnsmasqFiles.ParseHosts) ?? [],
            Leases = DhcpFile(id, leases, DnsmasqFiles.ParseLeases) ?? [],
            Options = DhcpFile(id, options, DnsmasqFiles.ParseOptions) ?? [],
        };

    private IReadOnlyList<T>? DhcpFile<T>(string network, string file, TextParser<IReadOnlyList<T>> parse)
    {
        string source = $"dhcp:{network}";
        if (_source.Find("", file) is { } entry)
            return ReadEntry(source, null, entry, false, false, bytes => parse(Decode(bytes)));
        Miss(source, null, UnreadKind.NotCaptured, $"the capture does not hold {file}");
        return null;
    }

    private string? Small(string file) => _source.Find("", file) is { Content: { } read, Status: null or 0 } ? Decode(read()).Trim() : null;
}
