using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace StackNet.Engine.Sources.Live.Netlink;

/// <summary>The few calls of the C library that .NET has no own way for.</summary>
internal static partial class Libc
{
    public const int AddressFamilyNetlink = 16;
    public const int AddressFamilyInet = 2;
    public const int SocketRaw = 3;
    public const int SocketDatagram = 2;
    public const int CloseOnExec = 0x80000;
    public const int NetlinkRoute = 0;
    public const int NetlinkSocketDiagnosis = 4;
    public const int NetlinkNetfilter = 12;
    public const int SolNetlink = 270;
    public const int NetlinkGetStrictCheck = 12;
    public const int SolSocket = 1;
    public const int ReceiveBuffer = 8;
    public const int ReceiveTimeout = 20;
    public const int MessageTruncated = 0x20;

    public const int OpenReadOnly = 0;
    public const int OpenDirectory = 0x10000;

    public const int CloneNewMount = 0x20000;
    public const int CloneFs = 0x200;
    public const int CloneNewUts = 0x4000000;
    public const int CloneNewNet = 0x40000000;

    public const int Eperm = 1;
    public const int Enoent = 2;
    public const int Eintr = 4;
    public const int Eagain = 11;
    public const int Eacces = 13;
    public const int Ebusy = 16;
    public const int Einval = 22;
    public const int Eopnotsupp = 95;
    public const int Eprotonosupport = 93;

    [LibraryImport("libc", EntryPoint = "socket", SetLastError = true)]
    internal static partial int Socket(int domain, int type, int protocol);

    [LibraryImport("libc", EntryPoint = "close", SetLastError = true)]
    internal static partial int Close(int fd);

    [LibraryImport("libc", EntryPoint = "send", SetLastError = true)]
    internal static unsafe partial nint Send(int fd, byte* data, nint length, int flags);

    [LibraryImport("libc", EntryPoint = "recv", SetLastError = true)]
    internal static unsafe partial nint Receive(int fd, byte* data, nint length, int flags);

    [LibraryImport("libc", EntryPoint = "setsockopt", SetLastError = true)]
    internal static unsafe partial int SetSocketOption(int fd, int level, int name, void* value, int length);

    [LibraryImport("libc", EntryPoint = "setns", SetLastError = true)]
    internal static partial int SetNamespace(int fd, int kind);

    [LibraryImport("libc", EntryPoint = "unshare", SetLastError = true)]
    internal static partial int Unshare(int flags);

    [LibraryImport("libc", EntryPoint = "openat", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    internal static partial int OpenAt(int directory, string path, int flags, int mode);

    [LibraryImport("libc", EntryPoint = "read", SetLastError = true)]
    internal static unsafe partial nint Read(int fd, byte* data, nint length);

    [LibraryImport("libc", EntryPoint = "ioctl", SetLastError = true)]
    internal static unsafe partial int Ioctl(int fd, nuint request, void* argument);

    [LibraryImport("libc", EntryPoint = "readlinkat", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    internal static unsafe partial nint ReadLinkAt(int directory, string path, byte* buffer, nint length);

    [LibraryImport("libc", EntryPoint = "statx", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    internal static unsafe partial int Statx(int directory, string path, int flags, uint mask, byte* result);

    [LibraryImport("libc", EntryPoint = "geteuid")]
    internal static partial uint EffectiveUser();

    /// <summary>Opens read-only and close-on-exec; null with the errno when it does not work.</summary>
    public static SafeFileHandle? TryOpen(string path, out int errno, int flags = OpenReadOnly, int directory = -100)
    {
        int fd = OpenAt(directory, path, flags | CloseOnExec, 0);
        errno = fd < 0 ? Marshal.GetLastPInvokeError() : 0;
        return fd < 0 ? null : new SafeFileHandle(fd, ownsHandle: true);
    }

    /// <summary>The inode behind a descriptor; struct statx is the same on every architecture (linux/stat.h).</summary>
    public static unsafe ulong? Inode(SafeFileHandle handle)
    {
        const int emptyPath = 0x1000; // AT_EMPTY_PATH
        const uint inode = 0x100; // STATX_INO
        byte* result = stackalloc byte[256];
        return Statx((int)handle.DangerousGetHandle(), "", emptyPath, inode, result) == 0 ? *(ulong*)(result + 32) : null;
    }

    /// <summary>CLONE_NEWNET … for a namespace file (ioctl_ns(2), NS_GET_NSTYPE), -1 for any other.</summary>
    public static unsafe int NamespaceKind(SafeFileHandle handle) => Ioctl((int)handle.DangerousGetHandle(), 0xb703, null);

    /// <summary>The words of an errno, as strerror(3) gives them.</summary>
    public static string Describe(int errno) => Marshal.GetPInvokeErrorMessage(errno);
}
