using System.Text;
using System.Text.RegularExpressions;
using StackNet.Engine.Facts;

namespace StackNet.Engine.Sources.Capture.Redaction;

/// <summary>
/// Pseudonyms of instances, hosts, projects and domains. In free text a name is replaced where it stands as a word of its own; a name that is
/// too short, or that is a word of the field on this node (a device, a program), is replaced only where it is known to be a name.
/// </summary>
internal sealed partial class NameMap
{
    private static readonly HashSet<string> Vocabulary = new(StringComparer.OrdinalIgnoreCase)
    {
        "dnsmasq",
        "haproxy",
        "keepalived",
        "qemu",
        "libvirtd",
        "ovsdb-server",
        "ovs-vswitchd",
        "ovn-controller",
        "root",
        "nova",
        "neutron",
        "python3",
        "python",
        "sudo",
        "bash",
        "config",
        "default",
        "instance",
        "network",
        "router",
        "server",
        "client",
        "host",
        "name",
        "guest",
        "file",
        "true",
        "false",
        "none",
        "static",
        "option",
        "tag",
        "set",
        "domain",
        "interface",
        "bridge",
        "port",
        "running",
        "shut",
        "off",
        "paused",
        "internet",
        "outside",
        "node",
        "openstacklocal",
        "novalocal",
        "localdomain",
        "localhost",
        "system",
        "ether",
        "admin",
        "service",
        "owner",
        "active",
        "iptables",
        "conntrack",
    };

    private readonly Dictionary<string, string> _names = new(StringComparer.OrdinalIgnoreCase);
    private readonly Dictionary<string, int> _counts = [];
    private readonly HashSet<string> _words = new(StringComparer.OrdinalIgnoreCase);
    private Regex? _pattern;

    public NameMap(NodeFacts facts)
    {
        foreach (NamespaceFacts ns in facts.Namespaces)
        {
            _words.Add(ns.Name);
            foreach (LinkFacts link in ns.Links ?? [])
                _words.Add(link.Name);
        }
        foreach (OvsBridgeFacts bridge in facts.Ovs?.Bridges ?? [])
        {
            _words.Add(bridge.Name);
            foreach (OvsPortFacts port in bridge.Ports)
                _words.Add(port.Name);
        }
        AddHost(facts.HostName, "node");
        if (facts.Ovs?.ExternalIds.GetValueOrDefault("hostname") is { } host)
            AddHost(host, "node");
        foreach (DomainFacts domain in (facts.Domains ?? []).OrderBy(d => d.Name, StringComparer.Ordinal))
        {
            if (domain.InstanceName is { } name)
                Add(name, "vm");
            if (domain.ProjectName is { } project)
                Add(project, "project");
            // nova's own "instance-0000000a" counts rows of a database and names nothing.
            if (!NovaDomain().IsMatch(domain.Name))
                Add(domain.Name, "domain");
        }
        foreach (DhcpNetworkFacts network in facts.DhcpNetworks ?? [])
        {
            foreach (string? name in network.Hosts.Select(h => h.Name).Concat(network.Leases.Select(l => l.HostName)))
            {
                if (name is not null)
                    AddHost(name, "host");
            }
        }
    }

    /// <summary>A whole value that is known to be a name.</summary>
    public string Map(string name)
    {
        if (_names.TryGetValue(name, out string? mapped))
            return mapped;
        int dot = name.IndexOf('.', StringComparison.Ordinal);
        return dot <= 0 ? name : Map(name[..dot]) + "." + MapDomain(name[(dot + 1)..]);
    }

    /// <summary>Free text: names where they stand as words.</summary>
    public string MapText(string text)
    {
        _pattern ??= Pattern();
        return _pattern.Replace(text, m => _names[m.Value]);
    }

    /// <summary>The host of an URL, given a pseudonym when it has none.</summary>
    public string MapUrlHost(string host)
    {
        if (!_names.ContainsKey(host) && !Vocabulary.Contains(host))
            AddHost(host, "host");
        return Map(host);
    }

    private string MapDomain(string domain) => _names.GetValueOrDefault(domain, domain);

    private void AddHost(string name, string kind)
    {
        int dot = name.IndexOf('.', StringComparison.Ordinal);
        string label = dot > 0 ? name[..dot] : name;
        // "host-10-10-1-5" is an address, and is treated as one.
        if (!DashedAddress().IsMatch(label))
            Add(label, kind);
        if (dot > 0 && !Vocabulary.Contains(name[(dot + 1)..]))
            Add(name[(dot + 1)..], "domain");
    }

    private void Add(string name, string kind)
    {
        if (name.Length == 0 || _names.ContainsKey(name) || Ip.TryParse(name, out _))
            return;
        string pseudonym;
        do
        {
            int number = _counts.GetValueOrDefault(kind) + 1;
            _counts[kind] = number;
            pseudonym = kind == "domain" ? $"domain-{number}.invalid" : $"{kind}-{number}";
        } while (_names.ContainsKey(pseudonym) || _words.Contains(pseudonym));
        _names.Add(name, pseudonym);
        _pattern = null;
    }

    private Regex Pattern()
    {
        StringBuilder words = new();
        foreach (string name in _names.Keys.OrderByDescending(n => n.Length).ThenBy(n => n, StringComparer.Ordinal))
        {
            if (name.Length < 3 || Vocabulary.Contains(name) || _words.Contains(name))
                continue;
            words.Append(words.Length == 0 ? "" : "|").Append(Regex.Escape(name));
        }
        if (words.Length == 0)
            words.Append("(?!)");
        return new Regex(
            $@"(?<![\w-])(?:{words})(?![\w-])",
            RegexOptions.IgnoreCase | RegexOptions.CultureInvariant,
            TimeSpan.FromSeconds(10)
        );
    }

    [GeneratedRegex(@"^instance-[0-9a-f]{8}$")]
    private static partial Regex NovaDomain();

    [GeneratedRegex(@"^(?:host|ip)-\d{1,3}(?:-\d{1,3}){3}$")]
    private static partial Regex DashedAddress();
}
