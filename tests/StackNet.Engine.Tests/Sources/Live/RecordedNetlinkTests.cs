using System.Buffers.Binary;
using StackNet.Engine.Facts;
using StackNet.Engine.Sources.Live.Netlink;
using Xunit;

namespace StackNet.Engine.Tests.Sources.Live;

/// <summary>Dumps recorded from a kernel (each datagram behind its length), and dumps gone wrong.</summary>
public sealed class RecordedNetlinkTests
{
    [Fact]
    public void Links_of_a_recorded_dump()
    {
        using RtnetlinkReader reader = Reader(Recorded("links.bin"));
        (IReadOnlyList<LinkFacts> links, IReadOnlyList<LinkMessage> raw) = reader.ReadLinks(counters: false);
        Assert.Equal(["br0", "lo", "va", "vb"], links.Select(l => l.Name).Order(StringComparer.Ordinal));
        LinkFacts port = links.Single(l => l.Name == "va");
        LinkFacts peer = links.Single(l => l.Name == "vb");
        Assert.Equal(("veth", "br0", "vb", peer.Index), (port.Kind, port.Master, port.LinkName, port.LinkIndex));
        Assert.Equal(["BROADCAST", "MULTICAST", "UP", "LOWER_UP"], port.Flags);
        Assert.Equal(("UP", 1500, "forwarding"), (port.OperState, port.Mtu, port.BridgePort!.State));
        BridgeFacts bridge = links.Single(l => l.Name == "br0").Bridge!;
        Assert.Equal((0, 0L, false), (bridge.ForwardDelay, bridge.AgeingTime, bridge.StpOn));
        LinkFacts loopback = links.Single(l => l.Name == "lo");
        Assert.Equal(("loopback", "UNKNOWN", 65536), (loopback.LinkType, loopback.OperState, loopback.Mtu));
        // IFLA_INET_CONF: a fresh namespace has rp_filter 0 and forwarding 0.
        string?[] settings = raw.Single(r => r.Link.Name == "vb").Inet!;
        Assert.Equal("0", settings[Array.FindIndex(DeviceConfig.Inet, k => k.Name == "rp_filter")]);
        Assert.Equal("1", settings[Array.FindIndex(DeviceConfig.Inet, k => k.Name == "send_redirects")]);
    }

    [Fact]
    public void Routes_of_a_recorded_dump()
    {
        using RtnetlinkReader reader = Reader(Recorded("routes.bin"));
        IReadOnlyList<RouteFacts> routes = reader.ReadRoutes(v6: false);
        RouteFacts route = routes.Single(r => r.Destination == IpPrefix.AnyV4);
        Assert.Equal((Ip.Parse("10.0.0.254"), 5u, "main", "unicast"), (route.Gateway, route.Metric, route.Table, route.Type));
        RouteFacts multipath = routes.Single(r => r.NextHops.Count > 0);
        Assert.Equal([3, 1], multipath.NextHops.Select(h => h.Weight));
        Assert.Contains(routes, r => r is { Table: "local", Type: "broadcast" });
    }

    [Fact]
    public void An_interrupted_dump_is_read_again_and_nothing_of_it_is_kept()
    {
        byte[] whole = Recorded("routes.bin");
        byte[] torn = (byte[])whole.Clone();
        BinaryPrimitives.WriteUInt16LittleEndian(
            torn.AsSpan(4 + 6),
            (ushort)(BinaryPrimitives.ReadUInt16LittleEndian(torn.AsSpan(4 + 6)) | 0x10)
        );
        using RtnetlinkReader once = Reader(whole);
        using RtnetlinkReader twice = Reader(torn, whole);
        Assert.Equal(once.ReadRoutes(v6: false).Count, twice.ReadRoutes(v6: false).Count);

        using RtnetlinkReader never = Reader([.. Enumerable.Repeat(torn, NetlinkChannel.Tries)]);
        Assert.Throws<NetlinkException>(() => never.ReadRoutes(v6: false));
    }

    [Fact]
    public void An_error_of_the_kernel_is_an_exception_with_its_number()
    {
        byte[] message = new byte[4 + 36];
        BinaryPrimitives.WriteInt32LittleEndian(message, 36);
        BinaryPrimitives.WriteInt32LittleEndian(message.AsSpan(4), 36);
        message[8] = 2; // NLMSG_ERROR
        BinaryPrimitives.WriteInt32LittleEndian(message.AsSpan(20), -Libc.Eperm);
        using RtnetlinkReader reader = Reader(message);
        Assert.Equal(Libc.Eperm, Assert.Throws<NetlinkException>(() => reader.ReadRoutes(v6: true)).Errno);
    }

    [Fact]
    public void A_message_longer_than_its_datagram_is_refused()
    {
        byte[] bytes = Recorded("routes.bin");
        BinaryPrimitives.WriteInt32LittleEndian(bytes.AsSpan(4), 0x00ffffff);
        using RtnetlinkReader reader = Reader(bytes);
        Assert.Throws<NetlinkException>(() => reader.ReadRoutes(v6: false));
    }

    private static byte[] Recorded(string name) => File.ReadAllBytes(Path.Join(TestData.Root, "tests", "Fixtures", "netlink", name));

    private static RtnetlinkReader Reader(params byte[][] dumps) =>
        new(new Recording(dumps), RtNames.BuiltIn, TestContext.Current.CancellationToken);

    /// <summary>Answers each request with the next dump, under the request's own number.</summary>
    private sealed class Recording(byte[][] dumps) : INetlinkTransport
    {
        private readonly Queue<byte[]> _dumps = new(dumps);
        private readonly Queue<byte[]> _datagrams = new();

        public void Send(ReadOnlySpan<byte> message)
        {
            uint sequence = BinaryPrimitives.ReadUInt32LittleEndian(message[8..]);
            byte[] dump = _dumps.Dequeue();
            for (int at = 0; at < dump.Length; )
            {
                int length = BinaryPrimitives.ReadInt32LittleEndian(dump.AsSpan(at));
                byte[] datagram = dump.AsSpan(at + 4, length).ToArray();
                for (int place = 0; place + 16 <= datagram.Length; )
                {
                    BinaryPrimitives.WriteUInt32LittleEndian(datagram.AsSpan(place + 8), sequence);
                    int step = (BinaryPrimitives.ReadInt32LittleEndian(datagram.AsSpan(place)) + 3) & ~3;
                    if (step <= 0)
                        break;
                    place += step;
                }
                _datagrams.Enqueue(datagram);
                at += 4 + length;
            }
        }

        public int Receive(Span<byte> buffer)
        {
            byte[] datagram = _datagrams.Dequeue();
            datagram.CopyTo(buffer);
            return datagram.Length;
        }

        public void Dispose() { }
    }
}
