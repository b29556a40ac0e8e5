using System.Globalization;
using System.Xml;
using System.Xml.Linq;
using StackNet.Engine.Facts;

namespace StackNet.Engine.Sources.Text;

/// <summary>Domain XML of libvirt (formatdomain) with nova's metadata; without DTD, entities or anything fetched.</summary>
internal static class LibvirtXml
{
    private const long MaxCharacters = 16 * 1024 * 1024;

    public static DomainFacts Parse(TextReader text)
    {
        XElement domain = Load(text);
        string? state = null;
        if (domain.Name.LocalName == "domstatus" && domain.Element("domain") is { } inner)
        {
            state = StateWord((string?)domain.Attribute("state"));
            domain = inner;
        }
        if (domain.Name.LocalName != "domain")
            throw new TextFormatException($"this is no libvirt domain: the root element is '{domain.Name.LocalName}'", 1);
        // nova's namespace carries a version in its URI, so only local names count.
        XElement? nova = domain.Element("metadata")?.Elements().FirstOrDefault(e => e.Name.LocalName == "instance");
        return new DomainFacts
        {
            Name = Child(domain, "name") ?? "",
            Uuid = Child(domain, "uuid") ?? "",
            State = state,
            Hypervisor = (string?)domain.Attribute("type") ?? "",
            InstanceName = Child(nova, "name"),
            Flavor = (string?)Element(nova, "flavor")?.Attribute("name"),
            ProjectName = Child(Element(nova, "owner"), "project"),
            Interfaces = [.. (Element(domain, "devices")?.Elements() ?? []).Where(e => e.Name.LocalName == "interface").Select(Interface)],
            NovaPorts = [.. (Element(nova, "ports")?.Elements() ?? []).Where(e => e.Name.LocalName == "port").Select(Port)],
        };
    }

    /// <summary>The state attribute of domstatus (virDomainState) in virsh's words.</summary>
    private static string? StateWord(string? state) =>
        state switch
        {
            "shutoff" => "shut off",
            "blocked" => "idle",
            "shutdown" => "in shutdown",
            _ => state,
        };

    /// <summary><c>virsh list --all</c>: state by domain name.</summary>
    public static IReadOnlyDictionary<string, string> ParseList(ReadOnlySpan<char> text)
    {
        Dictionary<string, string> states = [];
        Lines lines = new(text);
        int nameColumn = -1;
        int stateColumn = -1;
        while (lines.NextFilled())
        {
            ReadOnlySpan<char> line = lines.Current;
            if (nameColumn < 0)
            {
                nameColumn = line.IndexOf("Name");
                stateColumn = line.IndexOf("State");
                continue;
            }
            if (line.TrimStart()[0] == '-' && line.Trim().IndexOfAnyExcept('-') < 0)
                continue;
            // A name may hold blanks; columns are as wide as the longest name.
            if (stateColumn > nameColumn && line.Length > stateColumn)
                states[line[nameColumn..stateColumn].Trim().ToString()] = line[stateColumn..].Trim().ToString();
        }
        return states;
    }

    // Names repeat from domain to domain: one object each for all that a thread reads.
    [ThreadStatic]
    private static XmlReaderSettings? _settings;

    private static XElement Load(TextReader text)
    {
        XmlReaderSettings settings = _settings ??= new()
        {
            DtdProcessing = DtdProcessing.Prohibit,
            XmlResolver = null,
            MaxCharactersInDocument = MaxCharacters,
            IgnoreComments = true,
            IgnoreProcessingInstructions = true,
            NameTable = new NameTable(),
        };
        try
        {
            using XmlReader reader = XmlReader.Create(text, settings);
            reader.MoveToContent();
            return (XElement)XNode.ReadFrom(reader);
        }
        catch (XmlException e)
        {
            throw new TextFormatException("not valid XML: " + e.Message, Math.Max(1, e.LineNumber), null, e);
        }
        catch (InvalidOperationException e)
        {
            throw new TextFormatException("not valid XML: it has no element", 1, null, e);
        }
    }

    private static DomainInterface Interface(XElement e)
    {
        XElement? port = Element(e, "virtualport");
        return new DomainInterface
        {
            Type = (string?)e.Attribute("type") ?? "",
            TargetDevice = (string?)Element(e, "target")?.Attribute("dev"),
            Mac = Mac.TryParse((string?)Element(e, "mac")?.Attribute("address"), out Mac mac) ? mac : default,
            Bridge = (string?)Element(e, "source")?.Attribute("bridge"),
            InterfaceId = (string?)Element(port, "parameters")?.Attribute("interfaceid"),
            VirtualPortType = (string?)port?.Attribute("type"),
            LinkState = (string?)Element(e, "link")?.Attribute("state"),
            Model = (string?)Element(e, "model")?.Attribute("type"),
            Mtu = int.TryParse((string?)Element(e, "mtu")?.Attribute("size"), CultureInfo.InvariantCulture, out int mtu) ? mtu : null,
            FilterRef = (string?)Element(e, "filterref")?.Attribute("filter"),
        };
    }

    private static NovaPort Port(XElement e) =>
        new(
            (string?)e.Attribute("uuid") ?? "",
            [
                .. e.Elements()
                    .Where(i => i.Name.LocalName == "ip")
                    .Select(i => (string?)i.Attribute("address"))
                    .Select(a => Ip.TryParse(a, out Ip ip) ? ip : (Ip?)null)
                    .OfType<Ip>(),
            ]
        );

    private static XElement? Element(XElement? parent, string name) => parent?.Elements().FirstOrDefault(e => e.Name.LocalName == name);

    private static string? Child(XElement? parent, string name) => Element(parent, name)?.Value is { } text ? text.Trim() : null;
}
