using StackNet.Engine.Facts;
using StackNet.Engine.Sources.Text;

namespace StackNet.Engine.Sources.Live;

/// <summary>
/// libvirt's domains: from its status files, which need no daemon; where they may not be read, from virsh through the read-only socket.
/// </summary>
internal sealed class LibvirtReader(
    LiveOptions options,
    IReadOnlyList<ProcessScan.Entry> processes,
    UnreadLog unread,
    CancellationToken token
)
{
    // Status of running domains, one file a domain, by driver (virDomainObjSave()); then the definitions of all persistent ones.
    private static readonly string[] StatusFolders =
    [
        "/run/libvirt/qemu",
        "/run/libvirt/lxc",
        "/run/libvirt/libxl",
        "/var/run/libvirt/qemu",
    ];
    private static readonly string[] DefinitionFolders = ["/etc/libvirt/qemu", "/etc/libvirt/lxc", "/etc/libvirt/libxl"];

    /// <summary>Null: there is no libvirt here, or it could not be read (then that is noted).</summary>
    public IReadOnlyList<DomainFacts>? Read()
    {
        bool daemon = ProcessScan.Runs(processes, "libvirtd") || ProcessScan.Runs(processes, "virtqemud");
        bool installed =
            daemon || Directory.Exists("/run/libvirt") || Directory.Exists("/var/run/libvirt") || Directory.Exists("/etc/libvirt/qemu");
        if (!installed)
            return null;
        try
        {
            return ReadFiles();
        }
        catch (UnauthorizedAccessException)
        {
            return unread.Try("libvirt", null, () => ReadVirsh(daemon));
        }
        catch (Exception error) when (error is IOException or FormatException or TextFormatException)
        {
            unread.Add("libvirt", null, UnreadLog.KindOf(error), error.Message);
            return null;
        }
    }

    private List<DomainFacts> ReadFiles()
    {
        Dictionary<string, DomainFacts> domains = new(StringComparer.Ordinal);
        foreach (string folder in StatusFolders.Where(Directory.Exists))
        {
            foreach (string path in Directory.GetFiles(folder, "*.xml"))
            {
                token.ThrowIfCancellationRequested();
                if (ReadFile(path) is { } domain)
                    domains.TryAdd(domain.Name, domain);
            }
        }
        foreach (string folder in DefinitionFolders.Where(Directory.Exists))
        {
            foreach (string path in Directory.GetFiles(folder, "*.xml"))
            {
                if (ReadFile(path) is { } domain)
                    domains.TryAdd(domain.Name, domain with { State = "shut off" });
            }
        }
        return [.. domains.Values.OrderBy(d => d.Name, StringComparer.Ordinal)];
    }

    private static DomainFacts? ReadFile(string path)
    {
        string text;
        try
        {
            text = KernelFiles.ReadText(path);
        }
        catch (FileNotFoundException)
        {
            return null; // undefined meanwhile
        }
        // A definition file is headed by a comment that warns of edits; network definitions lie in folders of their own.
        if (!text.Contains("<dom", StringComparison.Ordinal))
            return null;
        using StringReader reader = new(text);
        return LibvirtXml.Parse(reader);
    }

    private List<DomainFacts> ReadVirsh(bool daemon)
    {
        if (Tool.Find("virsh") is null)
            throw new ToolException(
                UnreadKind.PermissionDenied,
                "/run/libvirt/qemu may not be read without root, and virsh is not installed"
            );
        if (!daemon && !File.Exists("/run/libvirt/libvirt-sock-ro") && !File.Exists("/run/libvirt/virtqemud-sock-ro"))
            throw new ToolException(UnreadKind.DaemonDown, "libvirt's daemon does not run, and its files may not be read without root");
        Tool tool = new(options, token);
        IReadOnlyDictionary<string, string> states = LibvirtXml.ParseList(tool.RunText("virsh", "-r", "-q", "list", "--all"));
        states = states.Count > 0 ? states : LibvirtXml.ParseList(tool.RunText("virsh", "-r", "list", "--all"));
        List<DomainFacts> domains = [];
        foreach (string uuid in tool.RunText("virsh", "-r", "list", "--all", "--uuid").Split('\n', StringSplitOptions.RemoveEmptyEntries))
        {
            using StringReader reader = new(tool.RunText("virsh", "-r", "dumpxml", "--", uuid.Trim()));
            DomainFacts domain = LibvirtXml.Parse(reader);
            domains.Add(domain with { State = states.GetValueOrDefault(domain.Name) });
        }
        return [.. domains.OrderBy(d => d.Name, StringComparer.Ordinal)];
    }
}
