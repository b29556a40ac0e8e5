using System.Buffers;
using System.Runtime.InteropServices;
using System.Text;
using Microsoft.Win32.SafeHandles;
using StackNet.Engine.Sources.Live.Netlink;

namespace StackNet.Engine.Sources.Live;

/// <summary>Small files of /proc and /sys, read with two system calls on the calling thread (whose namespaces decide what they show).</summary>
internal static class KernelFiles
{
    /// <summary>The text without the closing newline; null with the errno when it cannot be read. At most 4096 bytes; <paramref name="whole"/>: read until the end.</summary>
    public static unsafe string? TryRead(string path, out int errno, SafeFileHandle? directory = null, bool whole = false)
    {
        int at = directory is null ? -100 : (int)directory.DangerousGetHandle();
        int fd = Libc.OpenAt(at, path, Libc.OpenReadOnly | Libc.CloseOnExec, 0);
        if (fd < 0)
        {
            errno = Marshal.GetLastPInvokeError();
            return null;
        }
        try
        {
            byte* buffer = stackalloc byte[4096];
            int length = 0;
            while (length < 4096)
            {
                nint got = Libc.Read(fd, buffer + length, 4096 - length);
                if (got < 0)
                {
                    errno = Marshal.GetLastPInvokeError();
                    return null;
                }
                if (got == 0)
                    break;
                length += (int)got;
                // A sysctl gives its whole value at once.
                if (!whole && buffer[length - 1] == (byte)'\n')
                    break;
            }
            errno = 0;
            return Text(new ReadOnlySpan<byte>(buffer, length));
        }
        finally
        {
            _ = Libc.Close(fd);
        }
    }

    /// <summary>
    /// The whole of an ordinary small file. For thousands of them: File.ReadAllText makes five system calls more for each.
    /// </summary>
    /// <exception cref="FileNotFoundException">It is not there.</exception>
    /// <exception cref="UnauthorizedAccessException">It may not be read.</exception>
    public static unsafe string ReadText(string path)
    {
        const int most = 64 << 20;
        int fd = Libc.OpenAt(-100, path, Libc.OpenReadOnly | Libc.CloseOnExec, 0);
        if (fd < 0)
            throw Failure(path, Marshal.GetLastPInvokeError());
        byte[] buffer = ArrayPool<byte>.Shared.Rent(32 * 1024);
        int length = 0;
        try
        {
            while (true)
            {
                if (length == buffer.Length)
                {
                    if (length >= most)
                        throw new IOException($"{path} is longer than {most} bytes");
                    byte[] larger = ArrayPool<byte>.Shared.Rent(length * 2);
                    buffer.CopyTo(larger, 0);
                    ArrayPool<byte>.Shared.Return(buffer);
                    buffer = larger;
                }
                nint got;
                fixed (byte* place = buffer)
                    got = Libc.Read(fd, place + length, buffer.Length - length);
                if (got < 0)
                    throw Failure(path, Marshal.GetLastPInvokeError());
                if (got == 0)
                    return Encoding.UTF8.GetString(buffer, 0, length);
                length += (int)got;
            }
        }
        finally
        {
            _ = Libc.Close(fd);
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }

    private static Exception Failure(string path, int errno)
    {
        string text = $"{path}: {Libc.Describe(errno)}";
        return errno switch
        {
            Libc.Enoent => new FileNotFoundException(text),
            Libc.Eperm or Libc.Eacces => new UnauthorizedAccessException(text),
            _ => new IOException(text),
        };
    }

    /// <summary>Target of a symbolic link such as /proc/1/ns/net; null when it cannot be read.</summary>
    public static unsafe string? TryReadLink(string path)
    {
        byte* buffer = stackalloc byte[256];
        nint length = Libc.ReadLinkAt(-100, path, buffer, 256);
        return length is > 0 and < 256 ? Encoding.UTF8.GetString(buffer, (int)length) : null;
    }

    private static string Text(ReadOnlySpan<byte> bytes)
    {
        bytes = bytes.TrimEnd((byte)'\n');
        if (bytes.Length == 1)
        {
            switch (bytes[0])
            {
                case (byte)'0':
                    return "0";
                case (byte)'1':
                    return "1";
                case (byte)'2':
                    return "2";
            }
        }
        return Encoding.UTF8.GetString(bytes);
    }
}
