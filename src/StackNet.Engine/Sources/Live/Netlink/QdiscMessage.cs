using System.Runtime.InteropServices;

namespace StackNet.Engine.Sources.Live.Netlink;

/// <summary>struct tcmsg of linux/rtnetlink.h.</summary>
[StructLayout(LayoutKind.Sequential)]
internal readonly record struct QdiscHeader(byte Family, byte Pad1, ushort Pad2, int Index, uint Handle, uint Parent, uint Info);

/// <summary>RTM_NEWQDISC of a dump.</summary>
internal sealed record QdiscMessage(int Index, string Kind, uint Handle, uint Parent)
{
    public const uint Root = 0xffffffff; // TC_H_ROOT
    public const uint Ingress = 0xfffffff1; // TC_H_INGRESS, which is TC_H_CLSACT too

    public static unsafe QdiscMessage? Parse(ReadOnlySpan<byte> payload)
    {
        if (payload.Length < sizeof(QdiscHeader))
            return null;
        QdiscHeader header = MemoryMarshal.Read<QdiscHeader>(payload);
        NetlinkAttributes attribute = new(payload[sizeof(QdiscHeader)..]);
        while (attribute.MoveNext())
        {
            if (attribute.Type == 1) // TCA_KIND
                return new QdiscMessage(header.Index, KnownWords.Find(attribute.Value), header.Handle, header.Parent);
        }
        return null;
    }
}
