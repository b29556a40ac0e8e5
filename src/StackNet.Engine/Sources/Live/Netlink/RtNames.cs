using System.Globalization;

namespace StackNet.Engine.Sources.Live.Netlink;

/// <summary>The words that iproute2 prints for the kernel's numbers; tables, protocols and scopes can be renamed in its rt_* files.</summary>
internal sealed class RtNames
{
    private static readonly string[] OperStates = ["UNKNOWN", "NOTPRESENT", "DOWN", "LOWERLAYERDOWN", "TESTING", "DORMANT", "UP"];

    private static readonly string[] RouteTypes =
    [
        "none",
        "unicast",
        "local",
        "broadcast",
        "anycast",
        "multicast",
        "blackhole",
        "unreachable",
        "prohibit",
        "throw",
        "nat",
        "xresolve",
    ];

    private static readonly string[] PortStates = ["disabled", "listening", "learning", "forwarding", "blocking"];

    // Order of print_link_flags() of iproute2's ip/ipaddress.c; IFF_RUNNING is never printed, only its absence as NO-CARRIER.
    private static readonly (uint Bit, string Name)[] LinkFlags =
    [
        (0x8, "LOOPBACK"),
        (0x2, "BROADCAST"),
        (0x10, "POINTOPOINT"),
        (0x1000, "MULTICAST"),
        (0x80, "NOARP"),
        (0x200, "ALLMULTI"),
        (0x100, "PROMISC"),
        (0x400, "MASTER"),
        (0x800, "SLAVE"),
        (0x4, "DEBUG"),
        (0x8000, "DYNAMIC"),
        (0x4000, "AUTOMEDIA"),
        (0x2000, "PORTSEL"),
        (0x20, "NOTRAILERS"),
        (0x1, "UP"),
        (0x10000, "LOWER_UP"),
        (0x20000, "DORMANT"),
        (0x40000, "ECHO"),
    ];

    private readonly Dictionary<uint, string> _tables = new()
    {
        [0] = "unspec",
        [253] = "default",
        [254] = "main",
        [255] = "local",
    };

    private readonly Dictionary<uint, string> _protocols = new()
    {
        [0] = "unspec",
        [1] = "redirect",
        [2] = "kernel",
        [3] = "boot",
        [4] = "static",
        [8] = "gated",
        [9] = "ra",
        [10] = "mrt",
        [11] = "zebra",
        [12] = "bird",
        [13] = "dnrouted",
        [14] = "xorp",
        [15] = "ntk",
        [16] = "dhcp",
        [18] = "keepalived",
        [42] = "babel",
        [186] = "bgp",
        [187] = "isis",
        [188] = "ospf",
        [189] = "rip",
        [192] = "eigrp",
    };

    private readonly Dictionary<uint, string> _scopes = new()
    {
        [0] = "global",
        [200] = "site",
        [253] = "link",
        [254] = "host",
        [255] = "nowhere",
    };

    /// <summary>The built-in names only.</summary>
    public static RtNames BuiltIn { get; } = new();

    /// <summary>The built-in names and those of the machine's rt_* files (the newer place first, /etc last: it wins).</summary>
    public static RtNames FromFiles()
    {
        RtNames names = new();
        foreach (string folder in (string[])["/usr/lib/iproute2", "/usr/share/iproute2", "/etc/iproute2"])
        {
            Load(names._tables, Path.Join(folder, "rt_tables"));
            Load(names._protocols, Path.Join(folder, "rt_protos"));
            Load(names._scopes, Path.Join(folder, "rt_scopes"));
        }
        return names;
    }

    public string Table(uint number) => Name(_tables, number);

    public string Protocol(uint number) => Name(_protocols, number);

    public string Scope(uint number) => Name(_scopes, number);

    public static string OperState(byte state) => state < OperStates.Length ? OperStates[state] : Number(state);

    public static string RouteType(byte type) => type < RouteTypes.Length ? RouteTypes[type] : Number(type);

    public static string PortState(byte state) => state < PortStates.Length ? PortStates[state] : Number(state);

    /// <summary>ARPHRD_* as iproute2's lib/ll_types.c prints it.</summary>
    public static string LinkType(ushort type) =>
        type switch
        {
            1 => "ether",
            32 => "infiniband",
            512 => "ppp",
            519 => "rawip",
            768 => "ipip",
            769 => "tunnel6",
            772 => "loopback",
            776 => "sit",
            778 => "gre",
            801 => "ieee802.11",
            823 => "gre6",
            824 => "netlink",
            0xfffe => "none",
            0xffff => "void",
            _ => $"[{type}]",
        };

    public static string[] Flags(uint flags, bool lowerDown)
    {
        List<string> names = [];
        if ((flags & 0x41) == 0x1)
            names.Add("NO-CARRIER");
        uint rest = flags & ~0x40u;
        foreach ((uint bit, string name) in LinkFlags)
        {
            if ((rest & bit) != 0)
                names.Add(name);
            rest &= ~bit;
        }
        if (rest != 0)
            names.Add(rest.ToString("x", CultureInfo.InvariantCulture));
        if (lowerDown)
            names.Add("M-DOWN");
        return [.. names];
    }

    private static string Name(Dictionary<uint, string> names, uint number) =>
        names.TryGetValue(number, out string? name) ? name : Number(number);

    private static string Number(uint number) => number.ToString(CultureInfo.InvariantCulture);

    private static void Load(Dictionary<uint, string> names, string path)
    {
        try
        {
            if (!File.Exists(path))
                return;
            foreach (string line in File.ReadLines(path))
            {
                string[] parts = line.Split((char[])[' ', '\t'], StringSplitOptions.RemoveEmptyEntries);
                if (parts.Length < 2 || parts[0].StartsWith('#'))
                    continue;
                bool hex = parts[0].StartsWith("0x", StringComparison.Ordinal);
                NumberStyles style = hex ? NumberStyles.AllowHexSpecifier : NumberStyles.None;
                if (uint.TryParse(hex ? parts[0].AsSpan(2) : parts[0], style, CultureInfo.InvariantCulture, out uint number))
                    names[number] = parts[1];
            }
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            // Only names are lost; numbers stand in their place, as with iproute2 itself.
        }
    }
}
