namespace StackNet.Oracle.Drawing;

/// <summary>Draws the matches of one iptables rule.</summary>
internal sealed class MatchDraw(World world, string table, string hook, bool sets, bool bridged)
{
    private readonly List<string> _parts = [];

    private bool SeesInput => hook is "PREROUTING" or "INPUT" or "FORWARD";
    private bool SeesOutput => hook is "OUTPUT" or "POSTROUTING" or "FORWARD";

    public string Draw()
    {
        int roll = world.Random.Next(10);
        if (roll < 3)
            _parts.Add($"{world.Bang()}-s {world.Prefix()}");
        else if (roll < 5)
            _parts.Add($"{world.Bang()}-d {world.Prefix()}");
        if ((SeesInput || hook == "USER") && world.Chance(0.25))
            _parts.Add($"{world.Bang()}-i {Wild()}");
        if ((SeesOutput || hook == "USER") && hook != "USER" && world.Chance(0.25))
            _parts.Add($"{world.Bang()}-o {Wild()}");
        Protocol();
        if (_parts.Count == 0 || world.Chance(0.5))
            _parts.Add(Extension());
        if (world.Chance(0.1))
            _parts.Add(Extension());
        return string.Join(' ', _parts.Where(static p => p.Length > 0));
    }

    private string Wild()
    {
        string name = world.One(world.DeviceNames);
        return world.Pick(name, name, name[..2] + "+", name[..^1] + "+");
    }

    private void Protocol()
    {
        switch (world.Random.Next(8))
        {
            case 0:
                _parts.Add(
                    "-p icmp"
                        + world.Pick(
                            "",
                            " -m icmp --icmp-type 8",
                            " -m icmp --icmp-type echo-reply",
                            " -m icmp ! --icmp-type 8",
                            " -m icmp --icmp-type 3/3",
                            " -m icmp --icmp-type any",
                            " -m icmp --icmp-type 3"
                        )
                );
                break;
            case 1 or 2 or 3:
                Transport("tcp");
                break;
            case 4 or 5:
                Transport("udp");
                break;
            case 6 when world.Chance(0.3):
                _parts.Add(world.Pick("! -p tcp", "! -p icmp", "-p 89", "! -p udp", "-p sctp", "-p esp"));
                break;
        }
    }

    private void Transport(string protocol)
    {
        int low = world.Port();
        int other = world.Port();
        string text = world.Random.Next(11) switch
        {
            0 => $" -m {protocol} --dport {low}",
            1 => $" -m {protocol} --dport {low}:{low + 400}",
            2 => $" -m {protocol} ! --dport {low}",
            3 => $" -m {protocol} --sport 1024:65535",
            4 => $" -m multiport --dports {low},{other},9999",
            5 => $" -m multiport --ports {low},1024:2000",
            6 => $" -m multiport ! --dports {low},{other}",
            7 => $" -m multiport --sports 53,1024:5000",
            8 when protocol == "tcp" => world.Pick(
                " -m tcp --tcp-flags SYN,RST,ACK SYN",
                " -m tcp ! --tcp-flags SYN,RST,ACK SYN",
                " -m tcp --tcp-flags FIN,SYN,RST,PSH,ACK,URG SYN,ACK",
                " -m tcp --tcp-flags FIN,SYN FIN,SYN",
                " -m tcp --tcp-option 2",
                " -m tcp ! --tcp-option 2",
                " -m tcp --sport 5000 --dport 22:443",
                " -m tcpmss --mss 500:1400",
                " -m tcpmss ! --mss 536",
                " -m ecn --ecn-tcp-cwr",
                " -m ecn ! --ecn-tcp-ece"
            ),
            _ => "",
        };
        _parts.Add($"-p {protocol}{text}");
    }

    private string Extension()
    {
        (string from, string to) = world.Range();
        string side = world.Pick("src", "dst");
        switch (world.Random.Next(30))
        {
            case 0 or 1 or 2:
                return $"-m conntrack {world.Bang()}--ctstate {world.Pick("NEW", "RELATED,ESTABLISHED", "INVALID", "ESTABLISHED", "RELATED", "UNTRACKED", "SNAT", "DNAT", "NEW,UNTRACKED")}";
            case 3:
                return $"-m state {world.Bang()}--state {world.Pick("NEW", "ESTABLISHED", "INVALID", "UNTRACKED", "RELATED,ESTABLISHED")}";
            case 4:
                return $"-m conntrack {world.Bang()}--ctstatus {world.Pick("NONE", "EXPECTED", "SEEN_REPLY", "ASSURED", "CONFIRMED", "SEEN_REPLY,ASSURED")}";
            case 5:
                return $"-m conntrack {world.Bang()}--ct{world.Pick("origsrc", "origdst", "replsrc", "repldst")} {world.Prefix()}";
            case 6:
                return world.Pick(
                    $"-m conntrack {world.Bang()}--ctorigdstport {world.Port()}",
                    "-m conntrack --ctorigsrcport 1024:5000",
                    $"-m conntrack --ctreplsrcport {world.Port()}",
                    "-m conntrack --ctproto 6",
                    "-m conntrack ! --ctproto 1",
                    "-m conntrack --ctexpire 1:100000"
                );
            case 7:
                return $"-m conntrack --ctdir {world.Pick("ORIGINAL", "REPLY")}";
            case 8 or 9:
                return $"-m mark {world.Bang()}--mark 0x{world.Random.Next(4):x}{world.Pick("", "/0x1", "/0x2", "/0x3")}";
            case 10:
                return $"-m connmark {world.Bang()}--mark 0x{world.Random.Next(4):x}{world.Pick("", "/0x1", "/0x3")}";
            case 11:
                return $"-m iprange {world.Bang()}--{side}-range {from}-{to}";
            case 12:
                return $"-m addrtype {world.Bang()}--{side}-type {world.Pick("LOCAL", "UNICAST", "BROADCAST", "MULTICAST", "UNSPEC", "BLACKHOLE", "UNREACHABLE", "PROHIBIT", "LOCAL,BROADCAST")}";
            case 13 when SeesInput:
                return $"-m addrtype {world.Bang()}--{side}-type {world.Pick("LOCAL", "UNICAST")} --limit-iface-in";
            case 14:
                return $"-m length {world.Bang()}--length {world.Pick("0:60", "61:100", "40", "1:1500", "68")}";
            case 15:
                return $"-m ttl {world.Pick("--ttl-gt 63", "--ttl-lt 63", "--ttl-eq 64", "--ttl-eq 63", "! --ttl-eq 64")}";
            case 16:
                return world.Pick(
                    $"-m dscp {world.Bang()}--dscp 0x2e",
                    "-m dscp --dscp-class CS1",
                    $"-m tos {world.Bang()}--tos 0x10/0xff",
                    "-m tos --tos 0x02/0x03"
                );
            case 17:
                return $"-m pkttype {world.Bang()}--pkt-type {world.Pick("unicast", "broadcast", "multicast")}";
            case 18 when SeesInput:
                return $"-m mac {world.Bang()}--mac-source {World.HostMac(world.Pick([.. world.Places.Keys]))}";
            case 19 when table is "raw" or "mangle" && hook == "PREROUTING":
                return $"-m rpfilter{world.Pick("", " --loose", " --validmark", " --accept-local", " --invert", " --loose --invert", " --validmark --invert")}";
            case 20 or 21 when bridged && (SeesInput || hook is "POSTROUTING" or "USER"):
                return Physdev();
            case 22 or 23 or 24 when sets:
                return Set();
            case 25:
                return world.Pick("-m ecn --ecn-ip-ect 2", "-m ecn ! --ecn-ip-ect 0", "-m comment --comment \"a note: 5\"");
            case 26:
                return world.Pick(
                    "-m u32 --u32 \"6&0xFF=6\"",
                    "-m u32 --u32 \"12&0xFFFFFF00=0x0a000000\"",
                    "-m u32 --u32 \"0>>22&0x3C@0>>16&0xFFFF=1024:50000\"",
                    "-m u32 --u32 \"5&0xFF=64:255\""
                );
            case 27:
                return
                    world.Pick(
                        "-m policy --dir in --pol none",
                        "-m realm --realm 0x0",
                        "-m realm ! --realm 0x5",
                        "-m helper --helper ftp",
                        "-m cpu --cpu 0"
                    )
                        is string text
                    && text.Contains("policy", StringComparison.Ordinal)
                    && !SeesInput
                    ? "-m comment --comment plain"
                    : "-m realm --realm 0x0";
            case 28:
                return world.Chance(0.2)
                    ? world.Pick(
                        "-m statistic --mode random --probability 0.5",
                        "-m limit --limit 1/hour --limit-burst 2",
                        "-m time --timestart 10:00 --timestop 12:00"
                    )
                    : "";
            case 29 when hook is "OUTPUT" or "POSTROUTING":
                return world.Pick("-m owner --uid-owner 0", "-m owner --socket-exists", "-m owner ! --uid-owner 0");
            default:
                return "-m comment --comment plain";
        }
    }

    private string Physdev()
    {
        string port = world.One(world.BridgePorts);
        string name = world.Pick(port, port, port[..3] + "+");
        return hook switch
        {
            "PREROUTING" or "INPUT" =>
                $"-m physdev {world.Pick($"{world.Bang()}--physdev-in {name}", "--physdev-is-in", "! --physdev-is-in", "--physdev-is-bridged")}",
            "POSTROUTING" =>
                $"-m physdev {world.Pick($"--physdev-out {name} --physdev-is-bridged", $"--physdev-in {name}", "--physdev-is-bridged", "! --physdev-is-bridged")}",
            _ =>
                $"-m physdev {world.Pick($"{world.Bang()}--physdev-in {name}", $"--physdev-out {name} --physdev-is-bridged", "--physdev-is-bridged", "! --physdev-is-bridged", "--physdev-is-in")}",
        };
    }

    private string Set()
    {
        (_, string name, int dimensions) = world.Pick(RuleDraw.SetKinds);
        List<string> directions = [];
        for (int i = 0; i < dimensions; i++)
            directions.Add(world.Pick("src", "dst"));
        if (name == "list1" && world.Chance(0.5))
            directions.Add(world.Pick("src", "dst"));
        if (name == "mac1" && (!SeesInput || world.Chance(0.5)))
            directions = ["src"];
        if (name == "netiface1")
            directions[1] = SeesInput ? "src" : "dst";
        return $"-m set {world.Bang()}--match-set {name} {string.Join(',', directions)}{(world.Chance(0.1) ? " --return-nomatch" : "")}";
    }
}
