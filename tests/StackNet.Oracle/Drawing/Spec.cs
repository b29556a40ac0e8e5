namespace StackNet.Oracle.Drawing;

/// <summary>A node and packets as they were drawn: lists of lines, so that each can be left out when a disagreement is made small.</summary>
internal sealed class Spec
{
    public string Name { get; set; } = "";
    public string Kind { get; init; } = "";

    /// <summary>Devices whose far ends we hold: name and MAC.</summary>
    public List<(string Device, string Mac)> Ports { get; init; } = [];

    /// <summary>Lines of ip -batch, in order.</summary>
    public List<string> Links { get; init; } = [];

    /// <summary>Lines of bridge -batch.</summary>
    public List<string> Bridge { get; init; } = [];
    public List<(string Key, string Value)> Settings { get; init; } = [];

    /// <summary>Who announces itself on which port: bridges learn.</summary>
    public List<(string Device, string Mac, string Address, int Vlan)> Prime { get; init; } = [];

    /// <summary>Lines of ipset restore.</summary>
    public List<string> Sets { get; set; } = [];
    public List<Table> Legacy { get; set; } = [];
    public List<Table> Nft { get; set; } = [];
    public List<NativeTable> Native { get; set; } = [];
    public List<Send> Packets { get; set; } = [];

    /// <summary>Everything copied, so that one copy can lose a line.</summary>
    public Spec Copy() =>
        new()
        {
            Name = Name,
            Kind = Kind,
            Ports = [.. Ports],
            Links = [.. Links],
            Bridge = [.. Bridge],
            Settings = [.. Settings],
            Prime = [.. Prime],
            Sets = [.. Sets],
            Legacy = [.. Legacy.Select(static t => t.Copy())],
            Nft = [.. Nft.Select(static t => t.Copy())],
            Native = [.. Native.Select(static t => t.Copy())],
            Packets = [.. Packets],
        };

    /// <summary>The same node without its rules and packets.</summary>
    public Spec Topology()
    {
        Spec copy = Copy();
        (copy.Sets, copy.Legacy, copy.Nft, copy.Native, copy.Packets) = ([], [], [], [], []);
        return copy;
    }
}

/// <summary>A table of iptables-restore.</summary>
internal sealed class Table(string name)
{
    public string Name { get; } = name;
    public List<(string Chain, string Policy)> Policies { get; init; } = [];
    public List<string> Chains { get; init; } = [];
    public List<string> Rules { get; init; } = [];

    public Table Copy() =>
        new(Name)
        {
            Policies = [.. Policies],
            Chains = [.. Chains],
            Rules = [.. Rules],
        };

    /// <summary>Lines for iptables-restore; the numbers of the lines that are rules come back beside them.</summary>
    public static string Text(IEnumerable<Table> tables, Dictionary<int, (Table Table, string Rule)>? places = null)
    {
        List<string> lines = [];
        foreach (Table table in tables)
        {
            lines.Add("*" + table.Name);
            lines.AddRange(table.Policies.Select(static p => $":{p.Chain} {p.Policy} [0:0]"));
            lines.AddRange(table.Chains.Select(static c => $":{c} - [0:0]"));
            foreach (string rule in table.Rules)
            {
                lines.Add(rule);
                places?.Add(lines.Count, (table, rule));
            }
            lines.Add("COMMIT");
        }
        return string.Join('\n', lines) + "\n";
    }
}

/// <summary>A table of nft -f.</summary>
internal sealed class NativeTable(string family, string name)
{
    public string Family { get; } = family;
    public string Name { get; } = name;

    /// <summary>Sets, maps and stateful objects, each on one line.</summary>
    public List<string> Objects { get; init; } = [];
    public List<NativeChain> Chains { get; init; } = [];

    public NativeTable Copy() =>
        new(Family, Name)
        {
            Objects = [.. Objects],
            Chains = [.. Chains.Select(static c => new NativeChain(c.Name, c.Header) { Rules = [.. c.Rules] })],
        };

    public static string Text(IEnumerable<NativeTable> tables, Dictionary<int, (NativeChain Chain, string Rule)>? places = null)
    {
        List<string> lines = [];
        foreach (NativeTable table in tables)
        {
            lines.Add($"table {table.Family} {table.Name} {{");
            lines.AddRange(table.Objects);
            foreach (NativeChain chain in table.Chains)
            {
                lines.Add($"chain {chain.Name} {{");
                if (chain.Header is not null)
                    lines.Add(chain.Header);
                foreach (string rule in chain.Rules)
                {
                    lines.Add(rule);
                    places?.Add(lines.Count, (chain, rule));
                }
                lines.Add("}");
            }
            lines.Add("}");
        }
        return string.Join('\n', lines) + "\n";
    }
}

/// <summary>A chain of a native table; a base chain has a header.</summary>
internal sealed class NativeChain(string name, string? header)
{
    public string Name { get; } = name;
    public string? Header { get; } = header;
    public List<string> Rules { get; init; } = [];
}

/// <summary>How a packet comes to be.</summary>
internal enum SendKind
{
    New,

    /// <summary>The answer of whoever got the packet that it follows.</summary>
    Reply,

    /// <summary>The next packet of the same direction.</summary>
    Again,

    /// <summary>An ICMP error about the packet that it follows.</summary>
    IcmpError,
}

/// <summary>One packet to inject.</summary>
internal sealed record Send
{
    public required string Id { get; init; }
    public SendKind Kind { get; init; }
    public string? Follows { get; init; }
    public string Device { get; init; } = "";
    public string Source { get; init; } = "";
    public string Destination { get; init; } = "";
    public string SourceMac { get; init; } = "";
    public string DestinationMac { get; init; } = "";
    public int Vlan { get; init; }
    public byte Protocol { get; init; }
    public ushort SourcePort { get; init; }
    public ushort DestinationPort { get; init; }
    public string Flags { get; init; } = "S";
    public int? Mss { get; init; }
    public byte IcmpType { get; init; } = 8;
    public byte IcmpCode { get; init; }
    public byte Ttl { get; init; } = 64;
    public byte Tos { get; init; }
    public int Size { get; init; } = 32;
    public bool DontFragment { get; init; }
    public bool BadChecksum { get; init; }

    /// <summary>Source of an ICMP error, when it is not the host's own.</summary>
    public string? Router { get; init; }
}
