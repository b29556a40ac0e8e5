using System.Buffers.Binary;
using System.Runtime.InteropServices;
using StackNet.Engine.Facts;

namespace StackNet.Engine.Sources.Live.Netlink;

/// <summary>
/// Sockets of the namespace that wait for others: TCP in LISTEN, UDP without a peer (sock_diag(7), linux/inet_diag.h), as ss -lntu shows them.
/// </summary>
internal sealed class SocketReader(INetlinkTransport transport, CancellationToken token) : IDisposable
{
    public const byte Tcp = 6;
    public const byte Udp = 17;
    private const int ByFamily = 20; // SOCK_DIAG_BY_FAMILY
    private const uint Listen = 1 << 10; // TCP_LISTEN
    private const uint Unconnected = 1 << 7; // TCP_CLOSE, the state of a UDP socket without a peer

    private readonly NetlinkChannel _channel = new(transport, token);

    /// <summary>Adds the sockets of one protocol and family.</summary>
    public void Read(List<ListeningSocket> sockets, byte protocol, bool v6)
    {
        // struct inet_diag_req_v2: family, protocol, extensions, padding, states, identity (48 bytes, all zero: any).
        Span<byte> body = stackalloc byte[56];
        body.Clear();
        body[0] = v6 ? (byte)10 : (byte)2;
        body[1] = protocol;
        uint states = protocol == Tcp ? Listen : Unconnected;
        MemoryMarshal.Write(body[4..], in states);
        int before = sockets.Count;
        _channel.DumpAll(
            "SOCK_DIAG_BY_FAMILY",
            ByFamily,
            body,
            () => sockets.RemoveRange(before, sockets.Count - before),
            (_, payload) => Add(sockets, payload, protocol)
        );
    }

    public void Dispose() => _channel.Dispose();

    /// <summary>struct inet_diag_msg: family, state, timer, retransmissions; ports and addresses in network order; 72 bytes in all.</summary>
    internal static void Add(List<ListeningSocket> sockets, ReadOnlySpan<byte> payload, byte protocol)
    {
        const int length = 72;
        if (payload.Length < length)
            return;
        bool v6 = payload[0] == 10;
        ushort port = BinaryPrimitives.ReadUInt16BigEndian(payload[4..]);
        Ip? address = Ip.FromBytes(payload.Slice(8, v6 ? 16 : 4));
        // A wildcard socket of IPv6 takes IPv4 too, unless it is said to be for IPv6 only.
        if (address.Value.IsAny && !(v6 && IsOnly6(payload[length..])))
            address = null;
        ListeningSocket socket = new(protocol == Tcp ? "tcp" : "udp", address, port);
        if (!sockets.Contains(socket)) // several sockets may share a port (SO_REUSEPORT)
            sockets.Add(socket);
    }

    private static bool IsOnly6(ReadOnlySpan<byte> attributes)
    {
        NetlinkAttributes attribute = new(attributes);
        while (attribute.MoveNext())
        {
            if (attribute.Type == 11) // INET_DIAG_SKV6ONLY
                return attribute.U8 != 0;
        }
        return false;
    }
}
