using System.Runtime.InteropServices;

namespace StackNet.Engine.Sources.Live.Netlink;

/// <summary>Carries netlink datagrams: the kernel's socket, or recorded bytes in a test.</summary>
internal interface INetlinkTransport : IDisposable
{
    void Send(ReadOnlySpan<byte> message);

    /// <summary>One datagram; its length.</summary>
    int Receive(Span<byte> buffer);
}

/// <summary>A netlink socket of the network namespace that the calling thread is in.</summary>
internal sealed class NetlinkSocket : INetlinkTransport
{
    private int _fd;

    public NetlinkSocket(int protocol, TimeSpan limit)
    {
        _fd = Libc.Socket(Libc.AddressFamilyNetlink, Libc.SocketRaw | Libc.CloseOnExec, protocol);
        if (_fd < 0)
            throw new NetlinkException("socket(AF_NETLINK)", Marshal.GetLastPInvokeError());
        SetOptions(limit);
    }

    public unsafe void Send(ReadOnlySpan<byte> message)
    {
        fixed (byte* data = message)
        {
            if (Libc.Send(_fd, data, message.Length, 0) < 0)
                throw new NetlinkException("send", Marshal.GetLastPInvokeError());
        }
    }

    public unsafe int Receive(Span<byte> buffer)
    {
        fixed (byte* data = buffer)
        {
            while (true)
            {
                nint length = Libc.Receive(_fd, data, buffer.Length, Libc.MessageTruncated);
                if (length > buffer.Length)
                    throw new NetlinkException("recv", $"a datagram of {length} bytes is longer than the buffer");
                if (length >= 0)
                    return (int)length;
                int errno = Marshal.GetLastPInvokeError();
                if (errno != Libc.Eintr)
                    throw new NetlinkException("recv", errno);
            }
        }
    }

    public void Dispose()
    {
        int fd = Interlocked.Exchange(ref _fd, -1);
        if (fd >= 0)
            _ = Libc.Close(fd);
    }

    private unsafe void SetOptions(TimeSpan limit)
    {
        // struct timeval of a 64-bit system. Without a limit a lost datagram would hang the reader.
        long* time = stackalloc long[2];
        time[0] = (long)limit.TotalSeconds;
        time[1] = limit.Milliseconds * 1000;
        _ = Libc.SetSocketOption(_fd, Libc.SolSocket, Libc.ReceiveTimeout, time, 16);
    }
}
