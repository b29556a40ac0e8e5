namespace StackNet.Oracle.Drawing;

/// <summary>Draws nft tables of the ip, inet, bridge and netdev families.</summary>
internal sealed class NativeDraw(World world, bool bridged)
{
    public List<NativeTable> Draw(bool nat)
    {
        List<NativeTable> tables = [Filter(world.Pick("ip", "inet", "inet"), "fw")];
        if (nat && world.Chance(0.55))
            tables.Add(Nat());
        if (world.Chance(0.3))
            tables.Add(Filter(world.Pick("ip", "inet"), "second"));
        if (bridged && world.Chance(0.5))
            tables.Add(BridgeTable());
        if (world.Chance(0.2))
            tables.Add(Netdev());
        return tables;
    }

    private NativeTable Filter(string family, string name)
    {
        NativeTable table = new(family, name) { Objects = [.. Objects()] };
        string[] user = [.. new[] { "c1", "c2", "c3" }.Take(world.Random.Next(0, 4))];
        for (int i = user.Length - 1; i >= 0; i--)
            table.Chains.Add(Chain(user[i], null, "user", world.Random.Next(1, 5), [.. user.Skip(i + 1)]));
        foreach (
            (string hook, double probability) in (ReadOnlySpan<(string, double)>)
                [("prerouting", 0.5), ("input", 0.5), ("forward", 0.9), ("output", 0.25), ("postrouting", 0.35)]
        )
        {
            if (!world.Chance(probability))
                continue;
            string priority = world.Random.Next(5) switch
            {
                0 => "mangle",
                1 => "-10",
                2 => hook == "prerouting" ? "raw" : "security",
                _ => "filter",
            };
            string policy = world.Chance(hook == "forward" ? 0.25 : 0.05) ? "drop" : "accept";
            string type = hook == "output" && world.Chance(0.3) ? "route" : "filter";
            table.Chains.Add(
                Chain($"base_{hook}", $"type {type} hook {hook} priority {priority}; policy {policy};", hook, world.Random.Next(1, 7), user)
            );
        }
        return table;
    }

    private IEnumerable<string> Objects()
    {
        yield return $"set addrs {{ type ipv4_addr; elements = {{ {List(() => world.Address())} }}; }}";
        yield return $"set nets {{ type ipv4_addr; flags interval; auto-merge; elements = {{ {List(world.Prefix)} }}; }}";
        yield return $"set ports {{ type inet_service; elements = {{ {List(() => $"{world.Port()}")} }}; }}";
        yield return $"set pairs {{ type ipv4_addr . inet_service; elements = {{ {List(() => $"{world.Address()} . {world.Port()}")} }}; }}";
        yield return $"set dyn {{ type ipv4_addr; flags dynamic; size 100; }}";
        yield return $"map verdicts {{ type ipv4_addr : verdict; elements = {{ {List(() => $"{world.Address()} : {world.Pick("accept", "drop")}", true)} }}; }}";
        yield return $"map marks {{ type inet_service : mark; elements = {{ {List(() => $"{world.Port()} : 0x{world.Random.Next(1, 4)}", true)} }}; }}";
        yield return "counter cnt { }";
    }

    /// <summary>Elements without two of the same key.</summary>
    private string List(Func<string> draw, bool keyed = false)
    {
        Dictionary<string, string> found = [];
        for (int i = world.Random.Next(1, 5); i > 0; i--)
        {
            string element = draw();
            found.TryAdd(keyed ? element[..element.IndexOf(':')] : element, element);
        }
        return string.Join(", ", found.Values);
    }

    private NativeChain Chain(string name, string? header, string hook, int rules, string[] user)
    {
        NativeChain chain = new(name, header);
        if (hook == "forward" && world.Chance(0.4))
            chain.Rules.Add(
                world.Pick(
                    "ct state established,related accept",
                    "ct state vmap { established : accept, related : accept, invalid : drop }"
                )
            );
        for (int i = 0; i < rules; i++)
            chain.Rules.Add(Rule(hook, user));
        return chain;
    }

    private string Rule(string hook, string[] user)
    {
        int roll = world.Random.Next(20);
        if (roll == 0)
            return "ip saddr vmap @verdicts";
        if (roll == 1)
            return $"{world.Pick("tcp", "udp")} dport vmap {{ {world.Pick(22, 53)} : accept, {world.Pick(80, 443)} : {world.Pick("drop", "continue", user.Length > 0 ? "jump " + user[0] : "accept")} }}";
        if (roll == 2)
            return $"meta mark set {world.Pick("tcp", "udp")} dport map @marks";
        if (roll == 3 && hook is "forward" or "input")
            return world.Pick(
                "add @dyn { ip saddr } drop",
                "update @dyn { ip saddr } accept",
                "ip saddr @dyn drop",
                "add @dyn { ip daddr }"
            );
        string rule = Match(hook);
        // nft leaves out of its listing what another match of the rule implies: two matches that contradict each other come back as one.
        if (world.Chance(0.3) && !Protocols.Any(p => rule.Contains(p, StringComparison.Ordinal)))
            rule += " " + Match(hook);
        if (world.Chance(0.3))
            rule += world.Pick(" counter", " counter name cnt", " log prefix \"x\"");
        return $"{rule} {Verdict(hook, user)}";
    }

    private string Match(string hook)
    {
        string device = world.One(world.DeviceNames);
        string proto = world.Pick("tcp", "udp");
        int port = world.Port();
        string input = hook is "prerouting" or "input" or "forward" ? "iifname" : "oifname";
        return world.Random.Next(48) switch
        {
            0 or 1 => $"ip saddr {world.Pick("", "", "!= ")}{world.Prefix()}",
            2 or 3 => $"ip daddr {world.Pick("", "", "!= ")}{world.Prefix()}",
            4 => $"ip daddr {{ {List(() => world.Address())} }}",
            5 => $"ip saddr {world.Pick("", "!= ")}@addrs",
            6 => $"ip daddr {world.Pick("", "!= ")}@nets",
            7 => $"ip saddr . {proto} dport @pairs",
            8 => $"{input} \"{device}\"",
            9 => $"{input} {{ \"{device}\", \"nix0\" }}",
            10 => $"{input} \"{device[..2]}*\"",
            11 => $"{input} != \"{device}\"",
            12 => $"{proto} dport {port}",
            13 => $"{proto} dport {port}-{port + 400}",
            14 => $"{proto} dport {{ {port}, 9999 }}",
            15 => $"{proto} dport != {port}",
            16 => $"{proto} sport 1024-65535",
            17 => $"{proto} dport @ports",
            18 => $"meta l4proto {proto}",
            19 => "meta l4proto { tcp, icmp }",
            20 => "ip protocol icmp",
            21 => world.Pick(
                "icmp type echo-request",
                "icmp type { echo-reply, echo-request }",
                "icmp type != echo-request",
                "icmp code 0"
            ),
            22 => world.Pick(
                "tcp flags & (syn | ack) == syn",
                "tcp flags syn",
                "tcp flags & (fin | syn | rst | ack) == syn",
                "tcp flags != syn",
                "tcp flags { syn, syn | ack }"
            ),
            23 or 24 => world.Pick(
                "ct state new",
                "ct state established,related",
                "ct state { new, invalid }",
                "ct state != established",
                "ct state invalid",
                "ct state untracked",
                "ct state & (new | related) != 0"
            ),
            25 => world.Pick("ct status snat", "ct status dnat", "ct status assured", "ct status seen-reply", "ct status != confirmed"),
            26 => $"ct {world.Pick("original", "reply")} {world.Pick("ip saddr", "ip daddr")} {world.Prefix()}",
            27 => $"meta l4proto {proto} ct original proto-dst {port}",
            28 => world.Pick("ct direction original", "ct direction reply"),
            29 => world.Pick("ct mark 0x1", "ct mark & 0x1 == 0x1", "ct mark != 0x0"),
            30 => $"meta mark {world.Pick("0x0", "0x1", "0x2", "!= 0x0", "& 0x2 == 0x2", "and 0x1 == 0x0")}",
            31 => world.Pick("ip ttl > 62", "ip ttl 64", "ip ttl != 63", "ip ttl < 64"),
            32 => world.Pick("ip dscp 0x2e", "ip dscp != cs0", "ip ecn ect0", "ip dscp { cs1, ef }"),
            33 => world.Pick("meta length 0-60", "ip length > 60", "meta length < 100"),
            34 => $"th dport {port}",
            35 => world.Pick("meta pkttype unicast", "meta pkttype { broadcast, multicast }", "pkttype host"),
            36 =>
                $"fib {world.Pick("daddr", "saddr")} type {world.Pick("local", "unicast", "broadcast", "{ local, broadcast }", "!= local")}",
            37 when hook is "prerouting" => $"fib saddr . iif oif {world.Pick("missing", "exists", "0")}",
            38 when hook is "prerouting" => "fib saddr . mark oif missing",
            39 => $"ip saddr . ip daddr {{ {world.Prefix()} . {world.Prefix()} }}",
            40 => $"ip saddr & 0.0.0.255 == {world.Pick(5, 6, 10)}",
            41 => world.Pick("ip id > 0", "ip frag-off & 0x1fff == 0", "ip version 4", "ip hdrlength 5"),
            42 => $"@th,16,16 {port}",
            43 => world.Pick("tcp option maxseg size > 1000", "tcp option maxseg exists", "tcp option maxseg missing"),
            44 => world.Pick("ct packets > 1", "ct bytes > 100", "ct helper \"ftp\"", "ct zone 0", "ct id 5") is string s
            && s.Contains("zone", StringComparison.Ordinal)
                ? s
                : "ct zone 0",
            45 when hook is "prerouting" or "input" or "forward" => $"ether saddr {World.HostMac(world.Pick([.. world.Places.Keys]))}",
            46 when bridged && hook is "prerouting" or "input" or "forward" => $"meta iifkind \"bridge\"",
            47 => world.Chance(0.15)
                ? world.Pick("numgen random mod 2 0", "limit rate 1/hour", "meta hour \"10:00\"-\"12:00\"", "meta cpu 0")
                : $"meta l4proto {proto}",
            _ => $"ip daddr {world.Prefix()}",
        };
    }

    private static readonly string[] Protocols = ["tcp", "udp", "icmp", "th ", "@th", "l4proto", "protocol", "ttl", "length", "id "];

    private string Verdict(string hook, string[] user)
    {
        int roll = world.Random.Next(100);
        if (user.Length > 0 && roll < 20)
            return world.Pick("jump ", "jump ", "goto ") + world.Pick<string>(user);
        if (roll < 27)
            return "return";
        if (roll < 40)
            return world.Pick(
                $"meta mark set 0x{world.Random.Next(1, 4)}",
                "meta mark set meta mark or 0x2",
                "meta mark set ct mark",
                "ct mark set meta mark",
                "ct mark set 0x1",
                "ip dscp set cs1",
                "ip ttl set 33",
                "meta priority set 1:2",
                "counter"
            );
        if (roll < 43 && hook == "prerouting")
            return "notrack";
        if (roll < 72)
            return "accept";
        if (hook is "prerouting" or "postrouting")
            return "drop";
        return world.Pick(
            "drop",
            "drop",
            "reject",
            "reject with icmp type admin-prohibited",
            "meta l4proto tcp reject with tcp reset",
            "reject with icmp type host-unreachable"
        );
    }

    private NativeTable Nat()
    {
        NativeTable table = new("ip", "nat");
        NativeChain pre = new("pre", "type nat hook prerouting priority dstnat; policy accept;");
        NativeChain post = new("post", "type nat hook postrouting priority srcnat; policy accept;");
        for (int i = world.Random.Next(0, 3); i > 0; i--)
        {
            string match = world.Pick(Match("prerouting"), $"ip daddr {world.Prefix()} tcp dport {world.Port()}");
            pre.Rules.Add(
                match
                    + world.Random.Next(6) switch
                    {
                        0 => " redirect",
                        1 => $" meta l4proto tcp redirect to :{8080}",
                        2 => $" meta l4proto tcp dnat to {world.Host()}:{world.Pick(80, 22)}",
                        3 =>
                            $" dnat to ip daddr map {{ {world.Pick<string>(world.Far)} : {world.Host()}, {world.Host()} : {world.Host()} }}",
                        4 => " accept",
                        _ => $" dnat to {world.Host()}",
                    }
            );
        }
        for (int i = world.Random.Next(0, 3); i > 0; i--)
        {
            post.Rules.Add(
                Match("postrouting")
                    + world.Random.Next(5) switch
                    {
                        0 => $" snat to {(world.Own.Count > 0 ? world.One(world.Own) : "10.0.0.1")}",
                        1 => " snat to 192.0.2.77",
                        2 => " accept",
                        _ => " masquerade",
                    }
            );
        }
        table.Chains.AddRange([pre, post]);
        return table;
    }

    private NativeTable BridgeTable()
    {
        NativeTable table = new("bridge", "brfw");
        foreach (string hook in (ReadOnlySpan<string>)["prerouting", "forward", "input", "output", "postrouting"])
        {
            if (!world.Chance(0.4))
                continue;
            NativeChain chain = new(
                $"b_{hook}",
                $"type filter hook {hook} priority {world.Pick("-200", "filter", "100")}; policy {(world.Chance(0.08) ? "drop" : "accept")};"
            );
            for (int i = world.Random.Next(1, 5); i > 0; i--)
                chain.Rules.Add($"{BridgeMatch(hook)} {world.Pick("accept", "drop", "counter", "meta mark set 0x2", "return", "accept")}");
            table.Chains.Add(chain);
        }
        if (table.Chains.Count == 0)
            table.Chains.Add(new NativeChain("idle", null));
        return table;
    }

    private string BridgeMatch(string hook)
    {
        string port = world.One(world.BridgePorts);
        string device = hook is "prerouting" or "input" or "forward" ? "iifname" : "oifname";
        string proto = world.Pick("tcp", "udp");
        return world.Random.Next(12) switch
        {
            0 => $"{device} \"{port}\"",
            1 => $"ether saddr {World.HostMac(port)}",
            2 => $"ether daddr {World.HostMac(port)}",
            3 => "ether type ip",
            4 => "ether type vlan",
            5 => $"vlan id {world.Pick(10, 20)}",
            6 => $"ip saddr {world.Prefix()}",
            7 => $"ip daddr {world.Prefix()}",
            8 => $"{proto} dport {world.Port()}",
            9 => "ip protocol icmp",
            10 => $"meta {(device == "iifname" ? "ibrname" : "obrname")} \"br0\"",
            _ => "meta pkttype broadcast",
        };
    }

    private NativeTable Netdev()
    {
        NativeTable table = new("netdev", "early");
        string device = world.Pick([.. world.Places.Keys.Where(static p => !p.Contains('.'))]);
        bool egress = world.Chance(0.3);
        NativeChain chain = new(
            "at_device",
            $"type filter hook {(egress ? "egress" : "ingress")} device \"{device}\" priority filter; policy accept;"
        );
        for (int i = world.Random.Next(1, 4); i > 0; i--)
        {
            string match = world.Pick(
                $"ip saddr {world.Prefix()}",
                $"ip daddr {world.Prefix()}",
                $"tcp dport {world.Port()}",
                "ip protocol icmp",
                "ip ttl < 64",
                $"ether saddr {World.HostMac(device)}",
                "meta mark 0x1"
            );
            chain.Rules.Add($"{match} {world.Pick("drop", "accept", "meta mark set 0x1", "counter", "return")}");
        }
        table.Chains.Add(chain);
        return table;
    }
}
