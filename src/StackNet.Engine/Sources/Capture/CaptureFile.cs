using System.IO.Compression;
using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace StackNet.Engine.Sources.Capture;

/// <summary>Reads whole files of a capture with a limit: a capture comes from somebody else and may hold anything.</summary>
internal static partial class CaptureFile
{
    /// <summary>Most that is read of one file; a node with a thousand instances stays far below.</summary>
    public const long Limit = 128L * 1024 * 1024;

    /// <summary>Most that one compressed file may unpack to.</summary>
    public const long UnpackedLimit = 256L * 1024 * 1024;

    private const int ReadOnlyNonBlockingCloseOnExec = 0x800 | 0x80000;

    public static byte[] ReadAll(string path, CancellationToken token, long limit = Limit)
    {
        try
        {
            using FileStream file = Open(path);
            if (file.CanSeek && file.Length > limit)
                throw TooLarge(path, limit);
            return Drain(file, path, file.CanSeek ? file.Length : 0, limit, token);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new CaptureException(CaptureError.NotFound, path, e.Message, null, null, e);
        }
    }

    /// <summary>The content; unpacked when it begins as gzip does, whatever its name.</summary>
    public static byte[] ReadUnpacked(string path, CancellationToken token)
    {
        byte[] bytes = ReadAll(path, token);
        return IsGzip(bytes) ? Unpack(bytes, path, token) : bytes;
    }

    public static bool IsGzip(ReadOnlySpan<byte> bytes) => bytes.Length >= 2 && bytes[0] == 0x1f && bytes[1] == 0x8b;

    public static byte[] Unpack(byte[] bytes, string path, CancellationToken token)
    {
        try
        {
            using MemoryStream packed = new(bytes, writable: false);
            using GZipStream gzip = new(packed, CompressionMode.Decompress);
            byte[] unpacked = Drain(gzip, path, Math.Min(bytes.Length * 8L, UnpackedLimit), UnpackedLimit, token);
            CheckLength(bytes, unpacked.Length, path);
            return unpacked;
        }
        catch (InvalidDataException e)
        {
            throw new CaptureException(CaptureError.Corrupt, path, "not a whole gzip file: " + e.Message, null, null, e);
        }
    }

    // GZipStream ends quietly where the data was cut off; the last four bytes say how long the content was (RFC 1952).
    private static void CheckLength(ReadOnlySpan<byte> packed, int unpacked, string path)
    {
        if (packed.Length < 18 || BitConverter.ToUInt32(packed[^4..]) != (uint)unpacked)
            throw new CaptureException(CaptureError.Corrupt, path, "the gzip file is cut off", null, packed.Length);
    }

    private static byte[] Drain(Stream stream, string path, long expected, long limit, CancellationToken token)
    {
        byte[] buffer = new byte[Math.Clamp(expected, 256, limit) + 1];
        int length = 0;
        while (true)
        {
            token.ThrowIfCancellationRequested();
            int read = stream.Read(buffer, length, Math.Min(buffer.Length - length, 1 << 20));
            if (read == 0)
                break;
            length += read;
            if (length > limit)
                throw TooLarge(path, limit);
            if (length == buffer.Length)
                Array.Resize(ref buffer, (int)Math.Min(buffer.Length * 2L, limit + 1));
        }
        Array.Resize(ref buffer, length);
        return buffer;
    }

    private static CaptureException TooLarge(string path, long limit) =>
        new(CaptureError.TooLarge, path, $"larger than {limit / (1024 * 1024)} MB, the most that is read of one file");

    // A plain open of a FIFO waits for its writer for ever.
    private static FileStream Open(string path)
    {
        int descriptor = OpenNative(path, ReadOnlyNonBlockingCloseOnExec);
        if (descriptor < 0)
        {
            string reason = Marshal.GetPInvokeErrorMessage(Marshal.GetLastPInvokeError());
            throw new IOException(reason);
        }
        return new FileStream(new SafeFileHandle(descriptor, ownsHandle: true), FileAccess.Read, bufferSize: 0);
    }

    [LibraryImport("libc", EntryPoint = "open", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static partial int OpenNative(string path, int flags);
}
