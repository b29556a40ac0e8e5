using System.Buffers.Binary;
using System.Globalization;
using System.Runtime.InteropServices;
using StackNet.Engine.Facts;

namespace StackNet.Engine.Sources.Live.Xtables;

/// <summary>Targets that stand in nf_tables as xtables' own structures.</summary>
internal sealed partial class XtablesRule
{
    private static readonly string?[] Rejects4 =
    [
        "icmp-net-unreachable",
        "icmp-host-unreachable",
        "icmp-proto-unreachable",
        "icmp-port-unreachable",
        null,
        "icmp-net-prohibited",
        "icmp-host-prohibited",
        "tcp-reset",
        "icmp-admin-prohibited",
    ];

    private static readonly string?[] Rejects6 =
    [
        "icmp6-no-route",
        "icmp6-adm-prohibited",
        null,
        "icmp6-addr-unreachable",
        "icmp6-port-unreachable",
        null,
        "tcp-reset",
        "icmp6-policy-fail",
        "icmp6-reject-route",
    ];

    private bool TakeTarget(ReadOnlySpan<byte> name, int revision, ReadOnlySpan<byte> info)
    {
        if (name.SequenceEqual("CT"u8))
            return revision is 1 or 2 && Tracking(info);
        if (name.SequenceEqual("MARK"u8))
            return revision == 2 && SetMark(info);
        if (name.SequenceEqual("CONNMARK"u8))
            return revision is 1 or 2 && ConnectionMark(revision, info);
        if (name.SequenceEqual("SNAT"u8))
            return Nat(" -j SNAT", " --to-source ", revision, info);
        if (name.SequenceEqual("DNAT"u8))
            return Nat(" -j DNAT", " --to-destination ", revision, info);
        if (name.SequenceEqual("MASQUERADE"u8))
            return !_v6 && revision == 0 && ToPorts(" -j MASQUERADE", info, fully: true);
        if (name.SequenceEqual("REDIRECT"u8))
            return !_v6 && revision == 0 && ToPorts(" -j REDIRECT", info, fully: false);
        if (name.SequenceEqual("CHECKSUM"u8))
            return Checksum(info);
        return name.SequenceEqual("REJECT"u8) && revision == 0 && Reject(info);
    }

    /// <summary>struct xt_ct_target_info_v1: flags, zone, events, expected events, helper, timeout policy.</summary>
    private bool Tracking(ReadOnlySpan<byte> info)
    {
        if (info.Length < 60 || info[4..60].IndexOfAnyExcept((byte)0) >= 0)
            return false;
        ushort flags = MemoryMarshal.Read<ushort>(info);
        ushort zone = MemoryMarshal.Read<ushort>(info[2..]);
        if (flags == 1 && zone == 0)
            _target.Append(" -j CT --notrack");
        else if (flags == 0 && zone != 0)
            _target.Append(CultureInfo.InvariantCulture, $" -j CT --zone {zone}");
        else
            return false;
        return true;
    }

    private bool SetMark(ReadOnlySpan<byte> info)
    {
        if (info.Length < 8)
            return false;
        _target.Append(
            CultureInfo.InvariantCulture,
            $" -j MARK --set-xmark 0x{MemoryMarshal.Read<uint>(info):x}/0x{MemoryMarshal.Read<uint>(info[4..]):x}"
        );
        return true;
    }

    /// <summary>struct xt_connmark_tginfo1 / 2: ctmark, ctmask, nfmask, (shift direction, shift bits,) mode.</summary>
    private bool ConnectionMark(int revision, ReadOnlySpan<byte> info)
    {
        if (info.Length < 16 || (revision == 2 && info[13] != 0))
            return false;
        uint value = MemoryMarshal.Read<uint>(info);
        uint connection = MemoryMarshal.Read<uint>(info[4..]);
        uint packet = MemoryMarshal.Read<uint>(info[8..]);
        string? text = info[revision == 2 ? 14 : 12] switch
        {
            0 => $" --set-xmark 0x{value:x}/0x{connection:x}",
            1 => $" --save-mark --nfmask 0x{packet:x} --ctmask 0x{connection:x}",
            2 => $" --restore-mark --nfmask 0x{packet:x} --ctmask 0x{connection:x}",
            _ => null,
        };
        _target.Append(" -j CONNMARK").Append(text);
        return text is not null;
    }

    private bool Nat(string head, string option, int revision, ReadOnlySpan<byte> info)
    {
        // Revision 0 of IPv4 is nf_nat_ipv4_multi_range_compat with one range, revisions 1 and 2 are nf_nat_range and nf_nat_range2.
        bool old = revision == 0 && !_v6;
        if (info.Length < (old ? 20 : 40) || (old && MemoryMarshal.Read<uint>(info) != 1) || revision > 2 || (_v6 && revision == 0))
            return false;
        uint flags = MemoryMarshal.Read<uint>(info[(old ? 4 : 0)..]);
        int size = _v6 ? 16 : 4;
        int first = old ? 8 : 4;
        int second = old ? 12 : 20;
        int port = old ? 16 : 36;
        // Mapped addresses, ports, random, persistent, fully random; an offset of ports is left to the tool.
        if ((flags & ~0x1fu) != 0 || (flags & 3) == 0)
            return false;
        _target.Append(head).Append(option);
        bool ports = (flags & 2) != 0;
        if ((flags & 1) != 0)
        {
            Ip low = Ip.FromBytes(info.Slice(first, size));
            Ip high = Ip.FromBytes(info.Slice(second, size));
            bool brackets = _v6 && ports;
            _target.Append(brackets ? "[" : "").Append(low.ToString());
            if (low != high)
                _target.Append('-').Append(high.ToString());
            _target.Append(brackets ? "]" : "");
        }
        if (ports)
        {
            _target.Append(':');
            AppendPorts(info[port..]);
        }
        AppendHow(flags, fully: true);
        return true;
    }

    private bool ToPorts(string head, ReadOnlySpan<byte> info, bool fully)
    {
        if (info.Length < 20 || MemoryMarshal.Read<uint>(info) != 1)
            return false;
        uint flags = MemoryMarshal.Read<uint>(info[4..]);
        uint known = fully ? 0x16u : 0x06u;
        // REDIRECT sets the flag of mapped addresses on its own in the kernel, never here.
        if ((flags & ~known) != 0)
            return false;
        _target.Append(head);
        if ((flags & 2) != 0)
        {
            _target.Append(" --to-ports ");
            AppendPorts(info[16..]);
        }
        AppendHow(flags, fully);
        return true;
    }

    private void AppendPorts(ReadOnlySpan<byte> info)
    {
        ushort low = BinaryPrimitives.ReadUInt16BigEndian(info);
        ushort high = BinaryPrimitives.ReadUInt16BigEndian(info[2..]);
        _target.Append(CultureInfo.InvariantCulture, $"{low}");
        if (high != low)
            _target.Append(CultureInfo.InvariantCulture, $"-{high}");
    }

    private void AppendHow(uint flags, bool fully)
    {
        if ((flags & 4) != 0)
            _target.Append(" --random");
        if (fully && (flags & 16) != 0)
            _target.Append(" --random-fully");
        if ((flags & 8) != 0)
            _target.Append(" --persistent");
    }

    private bool Checksum(ReadOnlySpan<byte> info)
    {
        if (info.Length < 1 || info[0] != 1)
            return false;
        _target.Append(" -j CHECKSUM --checksum-fill");
        return true;
    }

    private bool Reject(ReadOnlySpan<byte> info)
    {
        if (info.Length < 4)
            return false;
        uint with = MemoryMarshal.Read<uint>(info);
        string?[] names = _v6 ? Rejects6 : Rejects4;
        if (with >= names.Length || names[with] is not { } name)
            return false;
        _target.Append(" -j REJECT --reject-with ").Append(name);
        return true;
    }
}
