namespace StackNet.Engine.Sources.Live.Netlink;

/// <summary>The kernel refused a netlink request, or a dump could not be had whole.</summary>
internal sealed class NetlinkException : Exception
{
    public NetlinkException(string request, int errno)
        : base($"{request}: {Libc.Describe(errno)}")
    {
        Errno = errno;
    }

    public NetlinkException(string request, string reason)
        : base($"{request}: {reason}") { }

    /// <summary>errno of the kernel's answer; 0 when the dump itself was at fault.</summary>
    public int Errno { get; }
}
