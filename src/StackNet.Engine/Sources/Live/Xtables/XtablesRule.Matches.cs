using System.Buffers;
using System.Globalization;
using System.Runtime.InteropServices;
using System.Text;
using StackNet.Engine.Sources.Live.Netlink;

namespace StackNet.Engine.Sources.Live.Xtables;

/// <summary>Matches that stand in nf_tables as xtables' own structures (linux/netfilter/xt_*.h).</summary>
internal sealed partial class XtablesRule
{
    private static readonly SearchValues<byte> Unquoted = SearchValues.Create(
        "_-0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"u8
    );

    /// <summary>NFTA_MATCH_NAME, REV, INFO; those of a target have the same numbers.</summary>
    private bool TakeExtension(ReadOnlySpan<byte> data, bool isTarget)
    {
        ReadOnlySpan<byte> name = default;
        ReadOnlySpan<byte> info = default;
        int revision = 0;
        NetlinkAttributes attribute = new(data);
        while (attribute.MoveNext())
        {
            if (attribute.Type == 1)
                name = attribute.Value;
            else if (attribute.Type == 2)
                revision = (int)attribute.U32Network;
            else if (attribute.Type == 3)
                info = attribute.Value;
        }
        int end = name.IndexOf((byte)0);
        name = end < 0 ? name : name[..end];
        return isTarget ? TakeTarget(name, revision, info) : TakeMatch(name, revision, info);
    }

    private bool TakeMatch(ReadOnlySpan<byte> name, int revision, ReadOnlySpan<byte> info)
    {
        if (name.SequenceEqual("comment"u8))
            return Comment(info);
        if (name.SequenceEqual("physdev"u8))
            return revision == 0 && Physdev(info);
        if (name.SequenceEqual("conntrack"u8) || name.SequenceEqual("state"u8))
            return Conntrack(revision, info);
        if (name.SequenceEqual("set"u8))
            return Set(revision, info);
        if (name.SequenceEqual("mac"u8))
            return SourceMac(info);
        if (name.SequenceEqual("mark"u8))
            return revision == 1 && MarkMatch(" -m mark ", info);
        if (name.SequenceEqual("connmark"u8))
            return revision == 1 && MarkMatch(" -m connmark ", info);
        if (name.SequenceEqual("icmp"u8))
            return revision == 0 && Icmp(" -m icmp ", "--icmp-type ", info);
        if (name.SequenceEqual("icmp6"u8))
            return revision == 0 && Icmp(" -m icmp6 ", "--icmpv6-type ", info);
        return name.SequenceEqual("multiport"u8) && revision == 1 && Multiport(info);
    }

    private bool Comment(ReadOnlySpan<byte> info)
    {
        int end = info.IndexOf((byte)0);
        if (end < 0)
            return false;
        _matches.Append(" -m comment --comment ");
        AppendString(_matches, info[..end]);
        return true;
    }

    /// <summary>xtables_save_string(): quoted unless it is a plain word, with a backslash before quotes and backslashes.</summary>
    private static void AppendString(StringBuilder text, ReadOnlySpan<byte> value)
    {
        string word = Encoding.UTF8.GetString(value);
        if (!value.IsEmpty && value.IndexOfAnyExcept(Unquoted) < 0)
        {
            text.Append(word);
            return;
        }
        text.Append('"');
        if (word.AsSpan().IndexOfAny('"', '\\', '\'') < 0)
            text.Append(word);
        else
        {
            foreach (char c in word)
            {
                if (c is '"' or '\\' or '\'')
                    text.Append('\\');
                text.Append(c);
            }
        }
        text.Append('"');
    }

    /// <summary>struct xt_physdev_info: four names of 16 bytes, invert, bitmask.</summary>
    private bool Physdev(ReadOnlySpan<byte> info)
    {
        if (info.Length < 66)
            return false;
        int invert = info[64];
        int mask = info[65];
        _matches.Append(" -m physdev");
        Physdev(mask, invert, 8, " --physdev-is-in", default);
        Physdev(mask, invert, 1, " --physdev-in ", info[..16]);
        Physdev(mask, invert, 16, " --physdev-is-out", default);
        Physdev(mask, invert, 2, " --physdev-out ", info[32..48]);
        Physdev(mask, invert, 4, " --physdev-is-bridged", default);
        return (mask & ~31) == 0;
    }

    private void Physdev(int mask, int invert, int bit, string option, ReadOnlySpan<byte> name)
    {
        if ((mask & bit) == 0)
            return;
        _matches.Append((invert & bit) != 0 ? " !" : "").Append(option);
        if (!name.IsEmpty)
            _matches.Append(NetlinkAttributes.ToText(name));
    }

    /// <summary>struct xt_conntrack_mtinfo3 (revision 2 lacks only what stands at its end): the state; anything else is left to the tool.</summary>
    private bool Conntrack(int revision, ReadOnlySpan<byte> info)
    {
        const int state = 1;
        const int alias = 1 << 13; // written as "-m state"
        if (revision is not (2 or 3) || info.Length < 154)
            return false;
        int flags = MemoryMarshal.Read<ushort>(info[146..]);
        bool not = (MemoryMarshal.Read<ushort>(info[148..]) & state) != 0;
        int mask = MemoryMarshal.Read<ushort>(info[150..]);
        if ((flags & state) == 0 || (flags & ~(state | alias)) != 0)
            return false;
        bool isAlias = (flags & alias) != 0;
        _matches.Append(isAlias ? " -m state " : " -m conntrack ").Append(not ? "! " : "").Append(isAlias ? "--state " : "--ctstate ");
        int start = _matches.Length;
        foreach ((int bit, string word) in States)
        {
            if ((mask & bit) != 0)
                _matches.Append(_matches.Length > start ? "," : "").Append(word);
            mask &= ~bit;
        }
        return mask == 0 && _matches.Length > start;
    }

    private static readonly (int Bit, string Word)[] States =
    [
        (1, "INVALID"),
        (8, "NEW"),
        (4, "RELATED"),
        (2, "ESTABLISHED"),
        (256, "UNTRACKED"),
        (64, "SNAT"),
        (128, "DNAT"),
    ];

    /// <summary>struct xt_set_info: index, dimension, flags; then from revision 3 on what counters are compared with.</summary>
    private bool Set(int revision, ReadOnlySpan<byte> info)
    {
        if (revision is not (1 or 3 or 4) || info.Length < 4)
            return false;
        int dimension = info[2];
        int flags = info[3];
        int known = ((1 << (dimension + 1)) - 1);
        if ((flags & ~known) != 0 || (revision > 1 && !NoCounters(revision, info)))
            return false;
        if (setName(MemoryMarshal.Read<ushort>(info)) is not { } name)
            return false;
        _matches.Append(" -m set ").Append((flags & 1) != 0 ? "! " : "").Append("--match-set ").Append(name).Append(' ');
        for (int i = 1; i <= dimension; i++)
            _matches.Append(i > 1 ? "," : "").Append((flags >> i & 1) == 1 ? "src" : "dst");
        return dimension > 0;
    }

    private static bool NoCounters(int revision, ReadOnlySpan<byte> info)
    {
        int first = revision == 4 ? 16 : 8;
        return info.Length >= 44 && info[first] == 0 && info[first + 16] == 0 && MemoryMarshal.Read<uint>(info[40..]) == 0;
    }

    private bool SourceMac(ReadOnlySpan<byte> info)
    {
        if (info.Length < 12)
            return false;
        bool not = MemoryMarshal.Read<int>(info[8..]) != 0;
        _matches.Append(" -m mac ").Append(not ? "! " : "").Append("--mac-source ").Append(Facts.Mac.FromBytes(info).ToString());
        return true;
    }

    private bool MarkMatch(string head, ReadOnlySpan<byte> info)
    {
        if (info.Length < 9)
            return false;
        _matches.Append(head).Append(info[8] != 0 ? "! " : "").Append("--mark ");
        Mark(_matches, MemoryMarshal.Read<uint>(info), MemoryMarshal.Read<uint>(info[4..]));
        return true;
    }

    /// <summary>struct ipt_icmp: type, code from, code to, invert.</summary>
    private bool Icmp(string head, string option, ReadOnlySpan<byte> info)
    {
        if (info.Length < 4 || (info[3] & ~1) != 0)
            return false;
        bool allCodes = info[1] == 0 && info[2] == 0xff;
        if (info[0] == 0xff || (!allCodes && info[1] != info[2]))
            return false;
        _matches.Append(head).Append(info[3] != 0 ? "! " : "").Append(option).Append(CultureInfo.InvariantCulture, $"{info[0]}");
        if (!allCodes)
            _matches.Append(CultureInfo.InvariantCulture, $"/{info[1]}");
        return true;
    }

    /// <summary>struct xt_multiport_v1: flags, count, 15 ports, 15 range marks, invert.</summary>
    private bool Multiport(ReadOnlySpan<byte> info)
    {
        if (info.Length < 48 || info[0] > 2 || info[1] > 15)
            return false;
        _matches.Append(" -m multiport ").Append(info[47] != 0 ? "! " : "");
        _matches.Append(
            info[0] switch
            {
                0 => "--sports ",
                1 => "--dports ",
                _ => "--ports ",
            }
        );
        for (int i = 0; i < info[1]; i++)
        {
            ushort port = MemoryMarshal.Read<ushort>(info[(2 + (2 * i))..]);
            _matches.Append(i > 0 ? "," : "").Append(CultureInfo.InvariantCulture, $"{port}");
            if (info[32 + i] != 0 && i + 1 < info[1])
                _matches.Append(CultureInfo.InvariantCulture, $":{MemoryMarshal.Read<ushort>(info[(2 + (2 * ++i))..])}");
        }
        return true;
    }
}
