namespace StackNet.Engine.Sources.Capture;

/// <summary>What makes a capture unreadable.</summary>
public enum CaptureError
{
    /// <summary>Nothing there, or no right to read it.</summary>
    NotFound,

    /// <summary>It is no capture: another tool's folder or file.</summary>
    Foreign,

    /// <summary>Broken or cut off.</summary>
    Corrupt,

    /// <summary>Larger than what is read into memory.</summary>
    TooLarge,

    /// <summary>Made by a newer StackNet.</summary>
    NewerVersion,
}

/// <summary>A capture that cannot be read; says in which file and where.</summary>
public sealed class CaptureException : Exception
{
    internal CaptureException(
        CaptureError error,
        string file,
        string reason,
        long? line = null,
        long? offset = null,
        Exception? cause = null
    )
        : base(Compose(file, reason, line, offset), cause)
    {
        Error = error;
        File = file;
        Line = line;
        Offset = offset;
    }

    /// <summary>What kind of trouble.</summary>
    public CaptureError Error { get; }

    /// <summary>The file or folder.</summary>
    public string File { get; }

    /// <summary>Line in the file, from 1, when known.</summary>
    public long? Line { get; }

    /// <summary>Byte in the file, from 0, when known.</summary>
    public long? Offset { get; }

    private static string Compose(string file, string reason, long? line, long? offset) =>
        (line, offset) switch
        {
            (long l, _) => $"{file}, line {l}: {reason}",
            (null, long o) => $"{file}, byte {o}: {reason}",
            _ => $"{file}: {reason}",
        };
}
