namespace StackNet.Oracle.Drawing;

/// <summary>The small world that random rules and random packets are drawn from, so that they meet.</summary>
internal sealed class World(Random random)
{
    public Random Random { get; } = random;

    /// <summary>Devices by name, with the addresses that live behind them.</summary>
    public SortedDictionary<string, string[]> Places { get; } = new(StringComparer.Ordinal);

    /// <summary>Bridge ports, whose hosts are told apart by MAC.</summary>
    public List<string> BridgePorts { get; } = [];

    /// <summary>Addresses of the node itself.</summary>
    public List<string> Own { get; } = [];

    /// <summary>Names that rules may say: devices, bridges, VLAN devices.</summary>
    public List<string> DeviceNames { get; } = [];

    /// <summary>Far addresses that no host of the world has.</summary>
    public string[] Far { get; } = ["8.8.8.8", "198.51.100.200", "192.0.2.33", "203.0.113.7"];
    public int[] Ports { get; } = [22, 53, 80, 443, 3306, 8080];

    /// <summary>VLANs by port name.</summary>
    public Dictionary<string, int> Vlans { get; } = [];

    /// <summary>MAC that a host behind a port sends its packets to.</summary>
    public Dictionary<string, string> Gateways { get; } = [];

    public T Pick<T>(params ReadOnlySpan<T> from) => from[Random.Next(from.Length)];

    public T One<T>(List<T> from) => from[Random.Next(from.Count)];

    public bool Chance(double probability) => Random.NextDouble() < probability;

    public string Bang(double probability = 0.12) => Chance(probability) ? "! " : "";

    public string Host(string? device = null) => Pick(Places[device ?? Pick([.. Places.Keys])]);

    /// <summary>Any address that a packet may carry.</summary>
    public string Address() =>
        Random.Next(10) switch
        {
            0 => Pick<string>(Far),
            1 or 2 when Own.Count > 0 => One(Own),
            _ => Host(),
        };

    public string Prefix()
    {
        string address = Address();
        int length = Pick(32, 32, 32, 24, 24, 25, 28, 16, 8);
        return $"{Network(address, length)}/{length}";
    }

    public int Port() => Pick<int>(Ports);

    public static string Network(string address, int length) => Text(Value(address) & (length == 0 ? 0 : uint.MaxValue << (32 - length)));

    public static uint Value(string address) => address.Split('.').Aggregate(0u, static (sum, part) => (sum << 8) | uint.Parse(part));

    public static string Text(uint value) => $"{value >> 24}.{value >> 16 & 255}.{value >> 8 & 255}.{value & 255}";

    /// <summary>Two addresses, the lower one first.</summary>
    public (string From, string To) Range()
    {
        (string one, string two) = (Address(), Address());
        return Value(one) <= Value(two) ? (one, two) : (two, one);
    }

    /// <summary>MAC of the host behind a port.</summary>
    public static string HostMac(string device)
    {
        uint hash = 2166136261;
        foreach (char letter in device)
            hash = (hash ^ letter) * 16777619;
        return $"02:00:5e:{hash >> 16 & 255:x2}:{hash >> 8 & 255:x2}:{hash & 255:x2}";
    }

    public string Mac(string head = "fa:16:3e") => $"{head}:{Random.Next(256):x2}:{Random.Next(256):x2}:{Random.Next(256):x2}";
}
