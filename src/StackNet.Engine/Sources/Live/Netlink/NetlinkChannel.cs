using System.Runtime.InteropServices;

namespace StackNet.Engine.Sources.Live.Netlink;

/// <summary>Takes one message of a dump: type, and the payload behind the netlink header.</summary>
internal delegate void MessageHandler(int type, ReadOnlySpan<byte> payload);

/// <summary>
/// Requests and dumps on one netlink socket (netlink(7)). A dump that the kernel marks as interrupted (NLM_F_DUMP_INTR: the
/// tables changed while it ran) is thrown away and read again; half a dump never gets out.
/// </summary>
internal sealed class NetlinkChannel(INetlinkTransport transport, CancellationToken token) : IDisposable
{
    public const int HeaderLength = 16;
    public const int Tries = 8;
    private const ushort Request = 1;
    private const ushort Ack = 4;
    private const ushort Dump = 0x300;
    private const ushort DumpInterrupted = 0x10;
    private const int Error = 2;
    private const int Done = 3;

    [ThreadStatic]
    private static byte[]? _buffer;

    private uint _sequence;

    // The kernel fills at most 32 KiB a datagram of a dump when the reader offers at least that (netlink_dump()).
    private static byte[] Buffer => _buffer ??= GC.AllocateUninitializedArray<byte>(256 * 1024);

    /// <summary>Dumps; <paramref name="begin"/> is called before each try, so that what an interrupted one gave is forgotten.</summary>
    public void DumpAll(string name, int type, ReadOnlySpan<byte> body, Action begin, MessageHandler handler)
    {
        for (int attempt = 0; attempt < Tries; attempt++)
        {
            begin();
            if (DumpOnce(name, type, body, handler))
                return;
        }
        throw new NetlinkException(name, $"the kernel's tables changed during each of {Tries} readings");
    }

    /// <summary>One request with one answer; the answer's payload, or null when the kernel says errno.</summary>
    public byte[]? Ask(int type, ReadOnlySpan<byte> body, out int errno)
    {
        uint sequence = SendRequest(type, Request, body);
        errno = 0;
        byte[] buffer = Buffer;
        while (true)
        {
            token.ThrowIfCancellationRequested();
            ReadOnlySpan<byte> rest = buffer.AsSpan(0, transport.Receive(buffer));
            while (TryTake(ref rest, out Header header, out ReadOnlySpan<byte> payload))
            {
                if (header.Sequence != sequence)
                    continue;
                if (header.Type != Error)
                    return payload.ToArray();
                errno = payload.Length >= 4 ? -MemoryMarshal.Read<int>(payload) : Libc.Einval;
                return null;
            }
        }
    }

    public void Dispose() => transport.Dispose();

    private bool DumpOnce(string name, int type, ReadOnlySpan<byte> body, MessageHandler handler)
    {
        uint sequence = SendRequest(type, Request | Dump, body);
        bool interrupted = false;
        byte[] buffer = Buffer;
        while (true)
        {
            token.ThrowIfCancellationRequested();
            ReadOnlySpan<byte> rest = buffer.AsSpan(0, Receive(name, buffer));
            while (TryTake(ref rest, out Header header, out ReadOnlySpan<byte> payload))
            {
                if (header.Sequence != sequence)
                    continue;
                interrupted |= (header.Flags & DumpInterrupted) != 0;
                if (header.Type is Done or Error)
                {
                    // NLMSG_DONE carries the dump's own result since 4.16; an errno there means that the rest is missing.
                    int errno = payload.Length >= 4 ? -MemoryMarshal.Read<int>(payload) : 0;
                    if (errno == Libc.Eintr)
                        return false;
                    if (errno > 0)
                        throw new NetlinkException(name, errno);
                    return !interrupted;
                }
                if (!interrupted)
                    handler(header.Type, payload);
            }
        }
    }

    private int Receive(string name, byte[] buffer)
    {
        try
        {
            return transport.Receive(buffer);
        }
        catch (NetlinkException error) when (error.Errno == Libc.Eagain)
        {
            throw new NetlinkException(name, "the kernel did not answer within the time limit");
        }
    }

    private uint SendRequest(int type, int flags, ReadOnlySpan<byte> body)
    {
        uint sequence = ++_sequence;
        Span<byte> message = stackalloc byte[HeaderLength + body.Length];
        Header header = new((uint)message.Length, (ushort)type, (ushort)flags, sequence, 0);
        MemoryMarshal.Write(message, in header);
        body.CopyTo(message[HeaderLength..]);
        transport.Send(message);
        return sequence;
    }

    private static bool TryTake(ref ReadOnlySpan<byte> rest, out Header header, out ReadOnlySpan<byte> payload)
    {
        header = default;
        payload = default;
        if (rest.Length < HeaderLength)
            return false;
        header = MemoryMarshal.Read<Header>(rest);
        if (header.Length < HeaderLength || header.Length > rest.Length)
            throw new NetlinkException("netlink", $"a message claims {header.Length} bytes of {rest.Length}");
        payload = rest[HeaderLength..(int)header.Length];
        int step = ((int)header.Length + 3) & ~3;
        rest = step >= rest.Length ? default : rest[step..];
        return true;
    }

    /// <summary>struct nlmsghdr.</summary>
    [StructLayout(LayoutKind.Sequential)]
    internal readonly record struct Header(uint Length, ushort Type, ushort Flags, uint Sequence, uint PortId);
}
