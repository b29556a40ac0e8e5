using StackNet.Engine.Sources.Live.Netlink;

namespace StackNet.Oracle.Kernel;

/// <summary>Empties the connection tracking table by one netlink message (IPCTNL_MSG_CT_DELETE without a tuple), as conntrack -F does.</summary>
internal static class Conntracks
{
    public static unsafe void Flush(Space space)
    {
        space.Enter();
        int fd = Libc.Socket(Libc.AddressFamilyNetlink, Libc.SocketRaw | Libc.CloseOnExec, Libc.NetlinkNetfilter);
        if (fd < 0)
            throw new IOException("no netfilter netlink socket");
        byte* message = stackalloc byte[20];
        new Span<byte>(message, 20).Clear();
        *(uint*)message = 20;
        *(ushort*)(message + 4) = (1 << 8) | 2;
        *(ushort*)(message + 6) = 1 | 4; // NLM_F_REQUEST | NLM_F_ACK
        *(uint*)(message + 8) = 1;
        message[16] = 0; // all families
        _ = Libc.Send(fd, message, 20, 0);
        byte* answer = stackalloc byte[256];
        _ = Libc.Receive(fd, answer, 256, 0);
        _ = Libc.Close(fd);
    }
}
