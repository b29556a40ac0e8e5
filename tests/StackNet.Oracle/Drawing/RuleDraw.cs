namespace StackNet.Oracle.Drawing;

/// <summary>Draws iptables rules of all tables.</summary>
internal sealed class RuleDraw(World world, bool sets, bool bridged)
{
    private static readonly Dictionary<string, string[]> Hooks = new(StringComparer.Ordinal)
    {
        ["raw"] = ["PREROUTING", "OUTPUT"],
        ["mangle"] = ["PREROUTING", "INPUT", "FORWARD", "OUTPUT", "POSTROUTING"],
        ["nat"] = ["PREROUTING", "INPUT", "OUTPUT", "POSTROUTING"],
        ["filter"] = ["INPUT", "FORWARD", "OUTPUT"],
        ["security"] = ["INPUT", "FORWARD", "OUTPUT"],
    };

    /// <summary>Sets that rules look addresses up in, with the directions their type takes.</summary>
    public static (string Line, string Name, int Dimensions)[] SetKinds { get; } =
    [
        ("create ip1 hash:ip", "ip1", 1),
        ("create net1 hash:net", "net1", 1),
        ("create ipport1 hash:ip,port", "ipport1", 2),
        ("create netport1 hash:net,port", "netport1", 2),
        ("create ipportip1 hash:ip,port,ip", "ipportip1", 3),
        ("create netiface1 hash:net,iface", "netiface1", 2),
        ("create netnet1 hash:net,net", "netnet1", 2),
        ("create bport1 bitmap:port range 0-10000", "bport1", 1),
        ("create bip1 bitmap:ip range 10.0.0.0/16", "bip1", 1),
        ("create ipmark1 hash:ip,mark", "ipmark1", 2),
        ("create mac1 hash:mac", "mac1", 1),
        ("create list1 list:set", "list1", 1),
    ];

    public List<string> DrawSets()
    {
        List<string> lines = [];
        foreach ((string create, string name, _) in SetKinds)
        {
            lines.Add(create);
            for (int i = world.Random.Next(1, 5); i > 0; i--)
            {
                string? element = name switch
                {
                    "ip1" => world.Address(),
                    "net1" => world.Prefix() + (world.Chance(0.2) ? " nomatch" : ""),
                    "ipport1" => $"{world.Address()},{Member()}",
                    "netport1" => $"{world.Prefix()},{Member()}{(world.Chance(0.2) ? " nomatch" : "")}",
                    "ipportip1" => $"{world.Address()},{Member()},{world.Address()}",
                    "netiface1" =>
                        $"{world.Prefix()},{(bridged && world.Chance(0.4) ? "physdev:" + world.One(world.BridgePorts) : world.One(world.DeviceNames))}{(world.Chance(0.15) ? " nomatch" : "")}",
                    "netnet1" => $"{world.Prefix()},{world.Prefix()}{(world.Chance(0.2) ? " nomatch" : "")}",
                    "bport1" => world.Chance(0.5) ? $"{world.Port()}" : $"{world.Port()}-9000",
                    "bip1" => world.Pick("10.0.0.5", "10.0.0.10", "10.0.0.6-10.0.0.120", "10.0.0.1"),
                    "ipmark1" => $"{world.Address()},0x{world.Random.Next(4):x}",
                    "mac1" => World.HostMac(world.Pick([.. world.Places.Keys])),
                    _ => world.Pick("ip1", "net1", "ipport1", "netiface1"),
                };
                lines.Add($"add {name} {element}");
            }
        }
        return lines;
    }

    private string Member() =>
        world.Random.Next(5) switch
        {
            0 => $"udp:{world.Port()}",
            1 => $"tcp:{world.Port()}-{9000}",
            2 => "icmp:8/0",
            3 => $"{world.Port()}",
            _ => $"tcp:{world.Port()}",
        };

    /// <summary>All tables of a backend.</summary>
    public List<Table> DrawTables(bool nat)
    {
        List<Table> tables = [];
        foreach (string name in (ReadOnlySpan<string>)["raw", "mangle", "nat", "filter", "security"])
        {
            bool wanted = name switch
            {
                "filter" => true,
                "nat" => nat && world.Chance(0.6),
                "mangle" => world.Chance(0.6),
                "raw" => world.Chance(0.35),
                _ => world.Chance(0.1),
            };
            if (wanted)
                tables.Add(Draw(name));
        }
        return tables;
    }

    private Table Draw(string name)
    {
        Table table = new(name);
        foreach (string hook in Hooks[name])
        {
            bool drop = name == "filter" && world.Chance(hook == "FORWARD" ? 0.25 : 0.08);
            table.Policies.Add((hook, drop ? "DROP" : "ACCEPT"));
        }
        if (name is not "nat")
            table.Chains.AddRange(new[] { "site-in", "site-lan", "site-web" }.Take(world.Random.Next(0, 4)));
        if (name == "filter" && world.Chance(0.5))
            table.Rules.Add($"-A FORWARD -m {world.Pick("conntrack --ctstate", "state --state")} RELATED,ESTABLISHED -j ACCEPT");
        foreach (string hook in Hooks[name])
        {
            int most = hook switch
            {
                "FORWARD" => 8,
                "PREROUTING" or "POSTROUTING" => 4,
                "INPUT" => 4,
                _ => 2,
            };
            for (int i = world.Random.Next(0, most + 1); i > 0; i--)
                table.Rules.Add(Rule(name, hook, hook, table.Chains));
        }
        for (int c = 0; c < table.Chains.Count; c++)
        {
            for (int i = world.Random.Next(1, 5); i > 0; i--)
                table.Rules.Add(Rule(name, table.Chains[c], "USER", [.. table.Chains.Skip(c + 1)]));
        }
        return table;
    }

    private string Rule(string table, string chain, string hook, List<string> later)
    {
        MatchDraw matches = new(world, table, hook, sets, bridged);
        string match = matches.Draw();
        string target = table switch
        {
            "nat" => Nat(hook, ref match),
            "mangle" => Mangle(ref match, hook, later),
            "raw" => world.Pick(
                "-j CT --notrack",
                "-j NOTRACK",
                "-j CT --zone 5",
                "-j CT --zone-orig 7",
                "-j CT --zone-reply 9",
                "-j DROP",
                "-j ACCEPT",
                "-j RETURN"
            ),
            _ => Filter(ref match, hook, later),
        };
        return $"-A {chain} {match} {target}".Replace("  ", " ");
    }

    private string Filter(ref string match, string hook, List<string> later)
    {
        int roll = world.Random.Next(100);
        if (later.Count > 0 && roll < 20)
            return (world.Chance(0.7) ? "-j " : "-g ") + world.One(later);
        if (roll < 28)
            return "-j RETURN";
        if (roll < 31)
            return world.Pick("-j LOG --log-prefix \"note \"", "-j NFLOG --nflog-group 5", "");
        if (roll < 33 && sets)
            return world.Pick("-j SET --add-set ip1 src --exist", "-j SET --del-set ip1 dst", "-j SET --add-set net1 dst");
        if (roll < 66)
            return "-j ACCEPT";
        if (
            match.Contains("-p tcp", StringComparison.Ordinal)
            && !match.Contains("! -p tcp", StringComparison.Ordinal)
            && world.Chance(0.3)
        )
            return "-j REJECT --reject-with tcp-reset";
        return world.Pick(
            "-j DROP",
            "-j DROP",
            "-j REJECT --reject-with icmp-port-unreachable",
            "-j REJECT --reject-with icmp-admin-prohibited",
            "-j REJECT --reject-with icmp-host-prohibited",
            "-j REJECT --reject-with icmp-net-unreachable"
        );
    }

    private string Mangle(ref string match, string hook, List<string> later)
    {
        if (later.Count > 0 && world.Chance(0.15))
            return (world.Chance(0.7) ? "-j " : "-g ") + world.One(later);
        if (world.Chance(0.08))
        {
            match = "-p tcp -m tcp --tcp-flags SYN,RST SYN";
            return $"-j TCPMSS --set-mss {world.Pick(536, 1200)}";
        }
        return world.Random.Next(16) switch
        {
            0 or 1 => $"-j MARK --set-xmark 0x{world.Random.Next(1, 4):x}/0x{world.Pick("ffffffff", "3", "f0")}",
            2 => "-j MARK --or-mark 0x2",
            3 => "-j MARK --and-mark 0x1",
            4 => "-j MARK --xor-mark 0x3",
            5 => world.Pick("-j CONNMARK --save-mark", "-j CONNMARK --save-mark --nfmask 0x1 --ctmask 0x3"),
            6 => world.Pick("-j CONNMARK --restore-mark", "-j CONNMARK --restore-mark --nfmask 0x3 --ctmask 0x1"),
            7 => world.Pick("-j CONNMARK --set-xmark 0x2/0xffffffff", "-j CONNMARK --or-mark 0x1", "-j CONNMARK --set-mark 0x1/0x3"),
            8 => "-j ACCEPT",
            9 => "-j RETURN",
            10 => world.Pick("-j DSCP --set-dscp 0x2e", "-j DSCP --set-dscp-class CS1"),
            11 => world.Pick("-j TOS --set-tos 0x10/0xff", "-j TOS --and-tos 0xf0", "-j TOS --or-tos 0x08"),
            12 => world.Pick("-j TTL --ttl-set 63", "-j TTL --ttl-dec 1", "-j TTL --ttl-inc 3"),
            13 => "-j DROP",
            14 => "-j CLASSIFY --set-class 1:2",
            _ => world.Pick("-j MARK --set-mark 0x1", "-j CHECKSUM --checksum-fill"),
        };
    }

    private string Nat(string hook, ref string match)
    {
        string? proto =
            match.Contains("-p tcp", StringComparison.Ordinal) ? "tcp"
            : match.Contains("-p udp", StringComparison.Ordinal) ? "udp"
            : null;
        bool ports = proto is not null && !match.Contains("! -p", StringComparison.Ordinal) && world.Chance(0.6);
        if (world.Chance(0.12))
            return world.Pick("-j ACCEPT", "-j RETURN");
        if (hook is "PREROUTING" or "OUTPUT")
        {
            return world.Random.Next(8) switch
            {
                0 => "-j REDIRECT" + (ports ? " --to-ports 8080" : ""),
                1 => "-j NETMAP --to 10.0.0.0/24",
                _ => $"-j DNAT --to-destination {world.Host()}" + (ports ? $":{world.Pick("80", "8080", "22")}" : ""),
            };
        }
        return world.Random.Next(8) switch
        {
            0 or 1 or 2 when hook == "POSTROUTING" => "-j MASQUERADE",
            3 => "-j NETMAP --to 192.0.2.0/24",
            _ => $"-j SNAT --to-source {world.Pick(world.Own.Count > 0 ? world.One(world.Own) : "10.0.0.1", "192.0.2.77")}"
                + (ports && world.Chance(0.3) ? ":5555" : ""),
        };
    }
}
