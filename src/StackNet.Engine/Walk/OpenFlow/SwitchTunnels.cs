using System.Globalization;
using StackNet.Engine.Facts;
using StackNet.Engine.Facts.OpenFlow;

namespace StackNet.Engine.Walk.OpenFlow;

/// <summary>Settings of a tunnel port (vswitchd.conf.db(5) Interface options).</summary>
internal sealed record TunnelConfig(SwitchPort Port)
{
    public bool RemoteByFlow { get; init; }
    public Ip? Remote { get; init; }
    public bool LocalByFlow { get; init; }
    public Ip? Local { get; init; }
    public bool InKeyByFlow { get; init; }
    public ulong InKey { get; init; }
    public bool OutKeyByFlow { get; init; }
    public ulong OutKey { get; init; }
    public ushort UdpPort { get; init; }
    public byte Ttl { get; init; } = 64;

    public static TunnelConfig Of(SwitchPort port)
    {
        IReadOnlyDictionary<string, string> options = port.Facts.Options;
        string? remote = options.GetValueOrDefault("remote_ip");
        string? local = options.GetValueOrDefault("local_ip");
        string? inKey = options.GetValueOrDefault("in_key") ?? options.GetValueOrDefault("key");
        string? outKey = options.GetValueOrDefault("out_key") ?? options.GetValueOrDefault("key");
        ushort udp = port.Facts.Type switch
        {
            "vxlan" => 4789,
            "geneve" => 6081,
            "stt" => 7471,
            "gtpu" => 2152,
            "lisp" => 4341,
            _ => 0,
        };
        if (options.TryGetValue("dst_port", out string? given) && ushort.TryParse(given, out ushort number))
            udp = number;
        return new TunnelConfig(port)
        {
            RemoteByFlow = remote == "flow",
            Remote = Ip.TryParse(remote, out Ip far) ? far : null,
            LocalByFlow = local == "flow",
            Local = Ip.TryParse(local, out Ip near) ? near : null,
            InKeyByFlow = inKey == "flow",
            InKey = Key(inKey),
            OutKeyByFlow = outKey == "flow",
            OutKey = Key(outKey),
            UdpPort = udp,
            Ttl = byte.TryParse(options.GetValueOrDefault("ttl"), out byte ttl) ? ttl : (byte)64,
        };
    }

    private static ulong Key(string? text) =>
        text is not null && FlowValues.TryNumber(text, out UInt128 key) && key <= ulong.MaxValue ? (ulong)key : 0;
}

/// <summary>An entry of vswitchd's own routing table (ovs-appctl ovs/route/show).</summary>
internal sealed record TunnelRoute(IpPrefix Prefix, string Device, Ip? Gateway, Ip? Source, bool IsLocal, bool IsUser)
{
    public int Rank => Prefix.Length + (IsUser ? 32 : 0) + (IsLocal ? 64 : 0);
}

/// <summary>Tunnel ports of all bridges, and the userspace datapath's routes and neighbours for them.</summary>
internal sealed class SwitchTunnels
{
    private readonly List<TunnelConfig> _configs = [];
    private readonly List<TunnelRoute> _routes = [];
    private readonly Dictionary<(string Bridge, Ip Ip), Mac> _neighbours = [];
    private readonly Dictionary<string, SwitchBridge> _bridges;

    public SwitchTunnels(SwitchMachine machine)
    {
        _bridges = machine.Bridges;
        foreach (SwitchBridge bridge in machine.Bridges.Values)
            _configs.AddRange(bridge.Ports.Values.Where(port => port.IsTunnel).Select(TunnelConfig.Of));
        foreach (string line in machine.Facts.TunnelRoutes ?? [])
        {
            if (Route(line) is { } route)
                _routes.Add(route);
        }
        foreach (string line in machine.Facts.TunnelNeighbours ?? [])
        {
            string[] words = line.Split(' ', StringSplitOptions.RemoveEmptyEntries);
            if (words.Length >= 3 && Ip.TryParse(words[0], out Ip ip) && Mac.TryParse(words[1], out Mac mac))
                _neighbours[(words[2], ip)] = mac;
        }
        KnowsRoutes = machine.Facts.TunnelRoutes is not null;
        KnowsNeighbours = machine.Facts.TunnelNeighbours is not null;
    }

    /// <summary>vswitchd's routes were read.</summary>
    public bool KnowsRoutes { get; }
    public bool KnowsNeighbours { get; }

    public Mac? Neighbour(string bridge, Ip ip) => _neighbours.TryGetValue((bridge, ip), out Mac mac) ? mac : null;

    /// <summary>ovs_router_lookup: a source that is given has to be one of the switch's local addresses.</summary>
    public TunnelRoute? Lookup(Ip destination, Ip? source)
    {
        if (source is { } from && Best(from) is not { IsLocal: true })
            return null;
        return Best(destination);
    }

    private TunnelRoute? Best(Ip ip)
    {
        TunnelRoute? best = null;
        foreach (TunnelRoute route in _routes)
        {
            if (route.Prefix.Contains(ip) && (best is null || route.Rank > best.Rank))
                best = route;
        }
        return best;
    }

    /// <summary>The port that routes of a device lead to: a bridge's LOCAL port, or any port of that name.</summary>
    public SwitchPort? Device(string name)
    {
        if (_bridges.TryGetValue(name, out SwitchBridge? bridge) && bridge.PortsByName.TryGetValue(name, out SwitchPort? local))
            return local;
        foreach (SwitchBridge other in _bridges.Values)
        {
            if (other.PortsByName.TryGetValue(name, out SwitchPort? port))
                return port;
        }
        return null;
    }

    /// <summary>tnl_find: the most exact port first: key, then remote end, then local end.</summary>
    public SwitchPort? FindReceiver(string kind, ulong id, Ip source, Ip destination)
    {
        foreach (bool keyByFlow in (ReadOnlySpan<bool>)[false, true])
        {
            foreach (bool remoteByFlow in (ReadOnlySpan<bool>)[false, true])
            {
                for (int local = 0; local < 3; local++)
                {
                    foreach (TunnelConfig config in _configs)
                    {
                        if (config.Port.Facts.Type != kind || config.InKeyByFlow != keyByFlow || config.RemoteByFlow != remoteByFlow)
                            continue;
                        if (!keyByFlow && config.InKey != id)
                            continue;
                        if (!remoteByFlow && config.Remote != source)
                            continue;
                        bool fits = local switch
                        {
                            0 => config.Local == destination,
                            1 => config.Local is null && !config.LocalByFlow,
                            _ => config.LocalByFlow,
                        };
                        if (fits)
                            return config.Port;
                    }
                }
            }
        }
        return null;
    }

    /// <summary>Tunnel fields of a frame that came out of a tunnel.</summary>
    public static FlowKey Metadata(ulong id, Ip source, Ip destination)
    {
        FlowKey key = new();
        key[FlowKey.TunId] = id;
        if (source.IsV6)
        {
            key[FlowKey.TunIp6Source] = (ulong)(source.Value >> 64);
            key[FlowKey.TunIp6Source + 1] = (ulong)source.Value;
            key[FlowKey.TunIp6Destination] = (ulong)(destination.Value >> 64);
            key[FlowKey.TunIp6Destination + 1] = (ulong)destination.Value;
        }
        else
        {
            key[FlowKey.TunIp4] = ((ulong)source.Value << 32) | (uint)destination.Value;
        }
        return key;
    }

    /// <summary>"User: 172.31.0.0/24 MARK 5 dev br-phy GW 172.31.0.254 SRC 172.31.0.1 local".</summary>
    private static TunnelRoute? Route(string line)
    {
        string[] words = line.Split(' ', StringSplitOptions.RemoveEmptyEntries);
        if (words.Length < 4 || !words[0].EndsWith(':') || !IpPrefix.TryParse(words[1], out IpPrefix prefix))
            return null;
        string device = "";
        Ip? gateway = null;
        Ip? source = null;
        for (int i = 2; i + 1 < words.Length; i++)
        {
            switch (words[i])
            {
                case "dev":
                    device = words[i + 1];
                    break;
                case "GW" when Ip.TryParse(words[i + 1], out Ip next):
                    gateway = next;
                    break;
                case "SRC" when Ip.TryParse(words[i + 1], out Ip own):
                    source = own;
                    break;
                case "MARK":
                    // A route for marked packets only.
                    if (words[i + 1].Trim('0') is not ("" or "x"))
                        return null;
                    break;
            }
        }
        bool user = string.Equals(words[0], "User:", StringComparison.Ordinal);
        return new TunnelRoute(prefix, device, gateway, source, words[^1] == "local", user);
    }

    internal static string Text(ulong key) => key.ToString(CultureInfo.InvariantCulture);

    public TunnelConfig Config(SwitchPort port) => _configs.Find(config => config.Port == port) ?? TunnelConfig.Of(port);
}
