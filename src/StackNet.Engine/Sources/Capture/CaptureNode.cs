using System.Text;
using StackNet.Engine.Facts;
using StackNet.Engine.Sources.Text;

namespace StackNet.Engine.Sources.Capture;

/// <summary>Makes Facts of one captured node. What is absent was not read; what is there, ended well and is empty is known to be empty.</summary>
internal sealed partial class CaptureNode
{
    private readonly CaptureSource _source;
    private readonly CancellationToken _token;
    private readonly List<UnreadFact> _unread = [];
    private readonly Lock _gate = new();

    private CaptureNode(CaptureSource source, CancellationToken token)
    {
        _source = source;
        _token = token;
    }

    public static NodeFacts Read(CaptureSource source, CancellationToken token) => new CaptureNode(source, token).Build();

    private NodeFacts Build()
    {
        string? host = _source.IsCase ? null : ReadText("", "hostname", CaptureNames.HostName, t => t.Trim().ToString());
        IReadOnlyList<ProcessFacts>? processes = _source.IsCase
            ? null
            : ReadText("", "processes", CaptureNames.Processes, NodeTexts.ParseProcesses, partial: true);
        IReadOnlyList<(string Name, int? Id)> named = NamespaceNames();
        NamespaceFacts[] namespaces = new NamespaceFacts[named.Count + 1];
        IptablesBackend backend = Backend();
        ReadAllNamespaces(named, namespaces, backend);
        OvsFacts? ovs = Ovs(namespaces[0], processes);
        return new NodeFacts
        {
            HostName = FirstFilled(host, ovs?.ExternalIds.GetValueOrDefault("hostname"), _source.FallbackName),
            KernelVersion = _source.Find("", CaptureNames.Kernel) is null
                ? null
                : ReadText("", "kernel", CaptureNames.Kernel, t => t.Trim().ToString()),
            OperatingSystem = _source.Find("", CaptureNames.OsRelease) is null
                ? null
                : ReadText("", "os-release", CaptureNames.OsRelease, NodeTexts.ParseOsRelease),
            Namespaces = namespaces,
            Ovs = ovs,
            Domains = Domains(),
            DhcpNetworks = DhcpNetworks(named),
            Processes = processes,
            Selinux = Selinux(),
            ConfigFiles = ConfigFiles(),
            Unread =
            [
                .. _unread
                    .Distinct()
                    .OrderBy(u => u.Namespace ?? "", StringComparer.Ordinal)
                    .ThenBy(u => u.Source, StringComparer.Ordinal)
                    .ThenBy(u => u.Reason, StringComparer.Ordinal),
            ],
        };
    }

    private void ReadAllNamespaces(IReadOnlyList<(string Name, int? Id)> named, NamespaceFacts[] namespaces, IptablesBackend backend)
    {
        try
        {
            Parallel.For(
                0,
                namespaces.Length,
                new ParallelOptions { CancellationToken = _token },
                i => namespaces[i] = Namespace(i == 0 ? "" : named[i - 1].Name, backend)
            );
        }
        catch (AggregateException e) when (e.InnerExceptions.OfType<CaptureException>().Any())
        {
            // Of several broken files the first by name, so that the answer is the same each time.
            throw e.InnerExceptions.OfType<CaptureException>().OrderBy(c => c.File, StringComparer.Ordinal).First();
        }
        namespaces[0] = WithNames(namespaces[0], named);
    }

    // The numbers of "ip netns" are those that the root namespace uses.
    private static NamespaceFacts WithNames(NamespaceFacts root, IReadOnlyList<(string Name, int? Id)> named)
    {
        if (root.NetnsIds is null && !named.Any(n => n.Id is not null))
            return root;
        List<NetnsId> ids = [.. root.NetnsIds ?? []];
        foreach ((string name, int? id) in named)
        {
            if (id is not int number)
                continue;
            int at = ids.FindIndex(i => i.Id == number);
            if (at < 0)
                ids.Add(new NetnsId(number, name));
            else if (ids[at].Name is null)
                ids[at] = new NetnsId(number, name);
        }
        return root with { NetnsIds = ids };
    }

    private IReadOnlyList<(string Name, int? Id)> NamespaceNames()
    {
        if (_source.IsCase)
            return [];
        SortedDictionary<string, int?> names = new(StringComparer.Ordinal);
        foreach ((string name, int? id) in ReadText("", "namespaces", CaptureNames.NetnsList, NodeTexts.ParseNetns) ?? [])
            names[name] = id;
        foreach (string name in _source.Namespaces)
            names.TryAdd(name, null);
        return [.. names.Select(n => (n.Key, n.Value))];
    }

    private IptablesBackend Backend() =>
        _source.Find("", CaptureNames.IptablesVersion) is { Status: 0 or null, Content: { } read }
            ? IptablesSaveText.Backend(Decode(read()))
            : IptablesBackend.Unknown;

    private SelinuxFacts? Selinux()
    {
        if (_source.IsCase)
            return null;
        string? running = ReadText("", "selinux", CaptureNames.Getenforce, NodeTexts.ParseGetenforce);
        return running is null ? null : new SelinuxFacts(running, null);
    }

    private List<DomainFacts>? Domains()
    {
        if (_source.IsCase)
            return null;
        List<(string Name, CaptureEntry Entry)> files = [.. _source.Matching("", "libvirt/", ".xml")];
        CaptureEntry? list = _source.Find("", CaptureNames.VirshList);
        if (files.Count == 0 && list is null)
        {
            Miss("libvirt", null, UnreadKind.NotCaptured, "the capture holds no output of virsh (libvirt/)");
            return null;
        }
        IReadOnlyDictionary<string, string>? states = list is null
            ? null
            : ReadText("", "libvirt", CaptureNames.VirshList, LibvirtXml.ParseList, node: true);
        if (files.Count == 0 && states is null)
            return null;
        List<DomainFacts> domains = [];
        foreach ((string name, CaptureEntry entry) in files)
        {
            DomainFacts? domain = ReadEntry("libvirt:" + name, null, entry, false, false, ParseDomain);
            if (domain is not null)
                domains.Add(domain with { State = states?.GetValueOrDefault(domain.Name) });
        }
        foreach (string name in states?.Keys ?? [])
        {
            if (!domains.Exists(d => d.Name == name) && !files.Exists(f => f.Name == name))
            {
                Miss("libvirt:" + name, null, UnreadKind.NotCaptured, $"the capture holds no output of 'virsh dumpxml {name}'");
            }
        }
        return domains;
    }

    private static DomainFacts ParseDomain(byte[] bytes)
    {
        using MemoryStream stream = new(bytes, writable: false);
        using StreamReader reader = new(stream, Encoding.UTF8);
        return LibvirtXml.Parse(reader);
    }

    private Dictionary<string, string>? ConfigFiles()
    {
        Dictionary<string, string> files = [];
        foreach ((string name, CaptureEntry entry) in _source.Matching("", "etc/", ""))
        {
            if (ReadEntry("config:" + name, null, entry, false, false, bytes => Decode(bytes)) is { } text)
                files[name] = text;
        }
        return files.Count == 0 ? null : files;
    }

    private static string FirstFilled(params ReadOnlySpan<string?> texts)
    {
        foreach (string? text in texts)
        {
            if (!string.IsNullOrWhiteSpace(text))
                return text;
        }
        return "";
    }
}
