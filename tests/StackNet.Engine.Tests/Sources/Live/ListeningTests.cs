using System.Net;
using System.Net.Sockets;
using StackNet.Engine.Facts;
using StackNet.Engine.Sources.Live;
using StackNet.Engine.Sources.Live.Netlink;
using StackNet.Engine.Sources.Text;
using Xunit;

namespace StackNet.Engine.Tests.Sources.Live;

/// <summary>Listening sockets are those that ss shows; and a reading leaves no thread in a namespace that it visited.</summary>
public sealed class ListeningTests
{
    [Fact]
    public async Task Sockets_are_those_of_ss()
    {
        string? missing = LiveNode.Missing("ip", "unshare", "nsenter", "ss");
        Assert.SkipWhen(missing is not null, missing ?? "");
        using LiveNode node = LiveNode.Start();
        node.Run("ip netns add empty-1");
        List<Socket> sockets = await DedicatedThread.Run("sockets", () => Open(node.Pid));
        try
        {
            LiveOptions options = new() { NodePid = node.Pid, Parts = LiveParts.Tables | LiveParts.Details };
            NodeFacts facts = await LiveReader.ReadAsync(options, TestContext.Current.CancellationToken);
            Assert.Empty(facts.Unread);
            Assert.Equal(Sorted(SsText.Parse(node.Run("ss -Hlntu"))), Sorted(facts.Namespaces[0].Listening!));
            Assert.Contains(new ListeningSocket("tcp", null, 9090), facts.Namespaces[0].Listening!);
            Assert.Contains(new ListeningSocket("tcp", Ip.V6(0), 9091), facts.Namespaces[0].Listening!);
            Assert.Empty(facts.Namespaces[1].Listening!);
        }
        finally
        {
            sockets.ForEach(s => s.Dispose());
        }
    }

    [Fact]
    public async Task No_thread_stays_where_it_read()
    {
        string? missing = LiveNode.Missing("ip", "unshare", "nsenter", "nft", "tc");
        Assert.SkipWhen(missing is not null, missing ?? "");
        using LiveNode node = LiveNode.Start();
        // Something that is read by starting a tool, in the root namespace and in another.
        node.Run("nft add table inet own; ip netns add qrouter-1; ip netns exec qrouter-1 nft add table inet own");
        for (int i = 0; i < 3; i++)
            await LiveReader.ReadAsync(new LiveOptions { NodePid = node.Pid }, TestContext.Current.CancellationToken);
        foreach (string kind in (string[])["net", "mnt", "uts"])
        {
            string own = KernelFiles.TryReadLink($"/proc/self/ns/{kind}")!;
            foreach (string task in Directory.GetDirectories("/proc/self/task"))
            {
                // Tests of other classes may run beside; what they do is on threads that say so.
                string name = KernelFiles.TryRead($"{task}/comm", out _) ?? "";
                if (KernelFiles.TryReadLink($"{task}/ns/{kind}") is { } there && !IsDedicated(name))
                    Assert.True(there == own, $"thread {name} is in {there}, the process in {own}");
            }
        }
    }

    [Theory]
    [InlineData("TCP: inuse 5 orphan 0 tw 0 alloc 8 mem 463", "TCP:", 5)]
    [InlineData("sockets: used 17\nTCP: inuse 1 orphan 0\nUDP: inuse 0 mem 0\nUDPLITE: inuse 7\n", "UDP:", 0)]
    [InlineData("UDPLITE6: inuse 7\nUDP6: inuse 12", "UDP6:", 12)]
    [InlineData("TCP: orphan 0", "TCP:", null)]
    [InlineData("", "TCP:", null)]
    public void Counts_are_found(string text, string name, int? expected) => Assert.Equal(expected, NamespaceReader.InUse(text, name));

    // Thread names of this engine and of its tests; the kernel keeps fifteen characters.
    private static bool IsDedicated(string name) =>
        name.StartsWith("StackNet", StringComparison.Ordinal) || name is "sockets" or "no rights" or "xtables";

    private static List<Socket> Open(int pid)
    {
        using NodeEntry entry = NodeEntry.Open(pid);
        entry.Enter();
        return
        [
            Bound(SocketType.Stream, new IPEndPoint(IPAddress.Loopback, 8080)),
            Bound(SocketType.Stream, new IPEndPoint(IPAddress.Any, 8081)),
            Bound(SocketType.Stream, new IPEndPoint(IPAddress.IPv6Any, 9090), dual: true),
            Bound(SocketType.Stream, new IPEndPoint(IPAddress.IPv6Any, 9091)),
            Bound(SocketType.Stream, new IPEndPoint(IPAddress.IPv6Loopback, 9092)),
            Bound(SocketType.Dgram, new IPEndPoint(IPAddress.Any, 53)),
            Bound(SocketType.Dgram, new IPEndPoint(IPAddress.IPv6Any, 547), dual: true),
        ];
    }

    private static Socket Bound(SocketType type, IPEndPoint end, bool dual = false)
    {
        Socket socket = new(end.AddressFamily, type, type == SocketType.Stream ? ProtocolType.Tcp : ProtocolType.Udp);
        if (end.AddressFamily == AddressFamily.InterNetworkV6)
            socket.DualMode = dual;
        socket.Bind(end);
        if (type == SocketType.Stream)
            socket.Listen();
        return socket;
    }

    private static List<string> Sorted(IEnumerable<ListeningSocket> sockets) =>
        [.. sockets.Select(s => s.ToString()).Order(StringComparer.Ordinal)];
}
