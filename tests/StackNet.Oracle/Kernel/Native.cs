using System.Runtime.InteropServices;

namespace StackNet.Oracle.Kernel;

/// <summary>Calls of the C library for raw frames.</summary>
internal static unsafe partial class Native
{
    public const int Packet = 17; // AF_PACKET
    public const int NonBlocking = 0x800;
    public const int SolPacket = 263;
    public const int PacketAuxData = 8;
    public const int PacketIgnoreOutgoing = 23;
    public const int SolIp = 0;
    public const int IpPktInfo = 8;
    public const int SoRcvMark = 75;
    public const int SoMark = 36;

    [LibraryImport("libc", EntryPoint = "bind", SetLastError = true)]
    internal static partial int Bind(int fd, void* address, int length);

    [LibraryImport("libc", EntryPoint = "recvmsg", SetLastError = true)]
    internal static partial nint ReceiveMessage(int fd, MessageHeader* message, int flags);

    [LibraryImport("libc", EntryPoint = "sched_setaffinity", SetLastError = true)]
    internal static partial int SetAffinity(int pid, nuint size, ulong* mask);

    [LibraryImport("libc", EntryPoint = "if_nametoindex", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    internal static partial uint IndexOf(string name);

    [LibraryImport("libc", EntryPoint = "poll", SetLastError = true)]
    internal static partial int Poll(PollEntry* entries, nuint count, int milliseconds);

    /// <summary>struct pollfd.</summary>
    internal struct PollEntry
    {
        public int Descriptor;
        public short Events;
        public short Returned;
    }

    /// <summary>struct msghdr on a 64-bit machine.</summary>
    internal struct MessageHeader
    {
        public void* Name;
        public uint NameLength;
        public Vector* Vectors;
        public nuint VectorCount;
        public void* Control;
        public nuint ControlLength;
        public int Flags;
    }

    /// <summary>struct iovec.</summary>
    internal struct Vector
    {
        public void* Base;
        public nuint Length;
    }

    /// <summary>struct sockaddr_ll.</summary>
    [StructLayout(LayoutKind.Sequential)]
    internal struct LinkAddress
    {
        public ushort Family;
        public ushort Protocol;
        public int Index;
        public ushort HardwareType;
        public byte PacketType;
        public byte AddressLength;
        public ulong Address;
    }
}
