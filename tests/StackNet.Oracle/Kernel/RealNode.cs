using System.Text.Json;
using StackNet.Engine.Facts;
using StackNet.Engine.Sources.Live;
using StackNet.Oracle.Drawing;

namespace StackNet.Oracle.Kernel;

/// <summary>
/// A node in a namespace of its own, and the far ends of its devices in another one, on the calling thread. Frames are queued on one
/// processor in order, so a frame of our own that has come through says that everything before it has been dealt with.
/// </summary>
internal sealed partial class RealNode : IDisposable
{
    private const string SyncDevice = "sync0";

    /// <summary>Passes through the queue that a packet may need: each veth pair it crosses inside of the node is one.</summary>
    private const int SyncRounds = 6;

    private static readonly int[] Protocols = [1, 6, 17, 50, 89, 253];
    private static readonly byte[] SyncFrame = MakeSyncFrame();
    private readonly Dictionary<string, RawSocket> _ports = [];
    private readonly List<RawSocket> _local = [];
    private readonly RawSocket _syncIn;
    private readonly RawSocket _syncOut;
    private readonly Dictionary<int, string> _names = [];

    public RealNode(Spec topology)
    {
        Outside = new Space();
        Quiet(Outside);
        Node = new Space();
        Quiet(Node);
        foreach ((string key, string value) in BaseSettings)
            Node.Set(key, value);
        List<string> lines = ["link set lo up"];
        List<string> peers = [];
        int number = 0;
        foreach ((string device, string mac) in topology.Ports.Append((SyncDevice, "02:00:00:00:00:ff")))
        {
            // An index unlike the peer's: the kernel then reports the carrier at once instead of within a second.
            lines.Add(
                $"link add {device} index {20 + number} address {mac} type veth peer name peer{number} index {1000 + number} netns {Outside.Path}"
            );
            peers.Add($"link set peer{number} up");
            number++;
        }
        lines.Add($"link set {SyncDevice} up");
        Node.Feed(string.Join('\n', lines) + "\n", "ip", "-batch");
        FeedWhatWorks(topology.Links, "ip");
        Outside.Feed(string.Join('\n', peers) + "\n", "ip", "-batch");
        Links = Settle();
        if (topology.Bridge.Count > 0)
        {
            FeedWhatWorks(topology.Bridge, "bridge");
            Links = Node.Run("ip", "-d", "-j", "link");
        }
        foreach ((string key, string value) in topology.Settings)
            Node.Set(key, value);
        Outside.Enter();
        for (int i = 0; i < topology.Ports.Count; i++)
            _ports[topology.Ports[i].Device] = RawSocket.OnDevice($"peer{i}");
        _syncOut = RawSocket.OnDevice($"peer{topology.Ports.Count}");
        Node.Enter();
        _syncIn = RawSocket.OnDevice(SyncDevice);
        foreach (int protocol in Protocols)
            _local.Add(RawSocket.OfProtocol(protocol));
        foreach (JsonElement link in JsonDocument.Parse(Links).RootElement.EnumerateArray())
            _names[link.GetProperty("ifindex").GetInt32()] = link.GetProperty("ifname").GetString()!;
        foreach ((string device, string mac, string address, int vlan) in topology.Prime)
            _ports[device].Send(Frames.GratuitousArp(Mac.Parse(mac), Ip.Parse(address), vlan));
        Sync();
    }

    public Space Node { get; }
    public Space Outside { get; }

    /// <summary>What <c>ip -d -j link</c> prints.</summary>
    public string Links { get; }

    private static (string, string)[] BaseSettings { get; } =
    [
        ("net.ipv4.ip_forward", "0"),
        ("net.ipv4.icmp_ratelimit", "0"),
        ("net.ipv4.icmp_msgs_per_sec", "1000000"),
        ("net.ipv4.icmp_msgs_burst", "1000000"),
        ("net.ipv4.conf.all.rp_filter", "0"),
        ("net.ipv4.conf.default.rp_filter", "0"),
        ("net.ipv4.conf.all.accept_local", "0"),
        ("net.ipv4.conf.default.accept_local", "0"),
        ("net.ipv4.conf.all.send_redirects", "0"),
        ("net.ipv4.conf.default.send_redirects", "0"),
        ("net.ipv4.conf.all.src_valid_mark", "0"),
        ("net.ipv4.conf.all.route_localnet", "0"),
    ];

    /// <summary>Lines that this kernel or this tool refuses are left out of the description too: the node is what the rest made.</summary>
    private void FeedWhatWorks(List<string> lines, string tool)
    {
        int done = 0;
        while (done < lines.Count)
        {
            try
            {
                Node.Feed(string.Join('\n', lines.Skip(done)) + "\n", tool, "-batch");
                return;
            }
            catch (ToolException e) when (FailedLine().Match(e.Message) is { Success: true } match)
            {
                done += int.Parse(match.Groups[1].Value, System.Globalization.CultureInfo.InvariantCulture) - 1;
                if (done >= lines.Count)
                    throw;
                CaseRun.Refuse($"{tool} {lines[done]}", e.Message);
                lines.RemoveAt(done);
            }
        }
    }

    [System.Text.RegularExpressions.GeneratedRegex(@"Command failed \S+:(\d+)")]
    private static partial System.Text.RegularExpressions.Regex FailedLine();

    private static void Quiet(Space space)
    {
        space.Set("net.ipv6.conf.all.disable_ipv6", "1");
        space.Set("net.ipv6.conf.default.disable_ipv6", "1");
    }

    /// <summary>Waits until every device's operational state has followed its carrier: bridge ports start only then.</summary>
    private string Settle()
    {
        string last = "";
        for (int i = 0; i < 100; i++)
        {
            string text = Node.Run("ip", "-d", "-j", "link");
            bool settled = JsonDocument
                .Parse(text)
                .RootElement.EnumerateArray()
                .All(static link =>
                {
                    string flags = link.GetProperty("flags").ToString();
                    bool up = link.GetProperty("operstate").GetString() is "UP" or "UNKNOWN";
                    return !flags.Contains("\"UP\"", StringComparison.Ordinal)
                        || up == flags.Contains("LOWER_UP", StringComparison.Ordinal);
                });
            if (settled)
                return text;
            last = text;
            Thread.Sleep(20);
        }
        throw new IOException("devices do not settle: " + last);
    }

    /// <summary>A frame of our own goes through the queue, several times, so that all before it are done.</summary>
    public void Sync()
    {
        _syncIn.Drain();
        for (int i = 0; i < SyncRounds; i++)
        {
            _syncOut.Send(SyncFrame);
            if (!_syncIn.Wait(5000))
                throw new IOException("the queue does not move");
            _syncIn.Drain();
        }
    }

    /// <summary>Sends a frame into a device of the node and collects everything that follows from it.</summary>
    public Observation Inject(string device, byte[] frame)
    {
        foreach (RawSocket socket in _ports.Values)
            socket.Drain();
        foreach (RawSocket socket in _local)
            socket.Drain();
        _ports[device].Send(frame);
        Sync();
        Observation result = new();
        foreach ((string name, RawSocket socket) in _ports)
        {
            while (socket.Receive() is { } received)
            {
                if (Frames.Parse(received.Bytes, received.VlanId) is { } seen)
                    result.Out.Add((name, seen));
            }
        }
        foreach (RawSocket socket in _local)
        {
            while (socket.Receive() is { } received)
            {
                if (Frames.ParseIp(received.Bytes) is not { } seen)
                    continue;
                seen.Packet.Mark = received.Mark;
                result.Local.Add((_names.GetValueOrDefault(received.Index, ""), seen));
            }
        }
        return result;
    }

    public void Dispose()
    {
        foreach (RawSocket socket in _ports.Values)
            socket.Dispose();
        foreach (RawSocket socket in _local)
            socket.Dispose();
        _syncIn.Dispose();
        _syncOut.Dispose();
        Node.Dispose();
        Outside.Dispose();
    }

    private static byte[] MakeSyncFrame()
    {
        byte[] frame = new byte[60];
        frame.AsSpan(0, 6).Fill(0xff);
        frame[6] = 2;
        frame[12] = Frames.SyncType >> 8;
        frame[13] = Frames.SyncType & 0xff;
        return frame;
    }
}

/// <summary>What came of one frame.</summary>
internal sealed class Observation
{
    public List<(string Device, Seen Seen)> Out { get; } = [];
    public List<(string Device, Seen Seen)> Local { get; } = [];
}
