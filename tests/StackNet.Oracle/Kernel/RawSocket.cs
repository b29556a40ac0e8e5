using System.Buffers.Binary;
using System.Runtime.InteropServices;
using StackNet.Engine.Sources.Live.Netlink;

namespace StackNet.Oracle.Kernel;

/// <summary>What a socket received, with what the kernel says beside it.</summary>
/// <param name="Bytes">A frame, or an IP packet from a socket of the node.</param>
/// <param name="VlanId">Tag that the kernel took off the frame, 0 = none.</param>
/// <param name="Index">Device by which the IP stack saw the packet.</param>
/// <param name="Mark">skb mark.</param>
internal readonly record struct Received(byte[] Bytes, int VlanId, int Index, uint Mark);

/// <summary>A non-blocking raw socket: frames of one device, or IP packets that the node's own stack delivers.</summary>
internal sealed unsafe class RawSocket : IDisposable
{
    private const ushort AllProtocols = 3; // ETH_P_ALL
    private readonly int _fd;
    private readonly byte[] _buffer = new byte[65536 + 256];

    private RawSocket(int fd) => _fd = fd;

    /// <summary>All frames that come in on a device of the thread's namespace; frames are sent out of it.</summary>
    public static RawSocket OnDevice(string device)
    {
        ushort protocol = BinaryPrimitives.ReverseEndianness(AllProtocols);
        RawSocket socket = new(Check(Libc.Socket(Native.Packet, Libc.SocketRaw | Libc.CloseOnExec | Native.NonBlocking, protocol)));
        socket.Option(Native.SolPacket, Native.PacketIgnoreOutgoing);
        socket.Option(Native.SolPacket, Native.PacketAuxData);
        Native.LinkAddress address = new()
        {
            Family = Native.Packet,
            Protocol = protocol,
            Index = (int)Native.IndexOf(device),
        };
        Check(Native.Bind(socket._fd, &address, sizeof(Native.LinkAddress)));
        return socket;
    }

    /// <summary>What is delivered to the sockets of the thread's namespace, by IP protocol.</summary>
    public static RawSocket OfProtocol(int protocol)
    {
        RawSocket socket = new(
            Check(Libc.Socket(Libc.AddressFamilyInet, Libc.SocketRaw | Libc.CloseOnExec | Native.NonBlocking, protocol))
        );
        socket.Option(Native.SolIp, Native.IpPktInfo);
        socket.Option(Libc.SolSocket, Native.SoRcvMark);
        return socket;
    }

    public void Send(ReadOnlySpan<byte> frame)
    {
        fixed (byte* data = frame)
            // A device that is down takes nothing: that is an answer, not an error.
            _ = Libc.Send(_fd, data, frame.Length, 0);
    }

    /// <summary>The next one that is there; null when none is.</summary>
    public Received? Receive()
    {
        byte* control = stackalloc byte[256];
        fixed (byte* data = _buffer)
        {
            Native.Vector vector = new() { Base = data, Length = (nuint)_buffer.Length };
            Native.MessageHeader message = new()
            {
                Vectors = &vector,
                VectorCount = 1,
                Control = control,
                ControlLength = 256,
            };
            nint length = Native.ReceiveMessage(_fd, &message, 0);
            if (length < 0)
                return null;
            int vlan = 0;
            int index = 0;
            uint mark = 0;
            byte* end = control + message.ControlLength;
            for (byte* at = control; at + 16 <= end; )
            {
                // struct cmsghdr: length (with the head), level, type; then the data.
                nuint size = *(nuint*)at;
                (int level, int type) = (*(int*)(at + 8), *(int*)(at + 12));
                byte* content = at + 16;
                if (level == Native.SolPacket && type == Native.PacketAuxData && (*(uint*)content & 0x10) != 0)
                    vlan = *(ushort*)(content + 16) & 0xfff;
                else if (level == Native.SolIp && type == Native.IpPktInfo)
                    index = *(int*)content;
                else if (level == Libc.SolSocket && type == Native.SoMark)
                    mark = *(uint*)content;
                if (size < 16)
                    break;
                at += (size + 7) & ~(nuint)7;
            }
            return new Received(_buffer[..(int)length], vlan, index, mark);
        }
    }

    public void Drain()
    {
        while (Receive() is not null) { }
    }

    /// <summary>Waits until something is there.</summary>
    public bool Wait(int milliseconds)
    {
        Native.PollEntry entry = new() { Descriptor = _fd, Events = 1 };
        return Native.Poll(&entry, 1, milliseconds) > 0;
    }

    public void Dispose() => _ = Libc.Close(_fd);

    private void Option(int level, int name)
    {
        int one = 1;
        _ = Libc.SetSocketOption(_fd, level, name, &one, sizeof(int));
    }

    private static int Check(int result) =>
        result >= 0 ? result : throw new IOException($"socket: {Libc.Describe(Marshal.GetLastPInvokeError())}");
}
