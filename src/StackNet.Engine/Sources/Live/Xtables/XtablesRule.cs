using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Runtime.InteropServices;
using System.Text;
using StackNet.Engine.Facts;
using StackNet.Engine.Sources.Live.Netlink;

namespace StackNet.Engine.Sources.Live.Xtables;

/// <summary>
/// One rule's expressions (NFTA_RULE_EXPRESSIONS) as iptables-nft-save prints them: addresses, devices and protocol first, then matches
/// in their order, then the target (iptables/nft-shared.c, nft-ipv4.c). What is not known exactly is refused.
/// </summary>
internal sealed partial class XtablesRule(Func<int, string?> setName)
{
    private readonly StringBuilder _text = new(512);
    private readonly StringBuilder _matches = new(512);
    private readonly StringBuilder _target = new(128);
    private readonly Register _register = new();
    private bool _v6;
    private string? _source;
    private string? _destination;
    private string? _in;
    private string? _out;
    private string? _protocol;
    private int _protocolNumber;
    private long? _packets;
    private long _bytes;

    /// <summary>The expression at which the last refused rule failed.</summary>
    public string? Refused { get; private set; }

    public bool TryPrint(bool v6, string chain, ReadOnlySpan<byte> expressions, [NotNullWhen(true)] out IptablesRule? rule)
    {
        rule = null;
        Reset(v6);
        NetlinkAttributes element = new(expressions);
        while (element.MoveNext())
        {
            if (!TakeElement(element.Value))
            {
                Refused = $"{ExpressionName(element.Value)} after{_matches}";
                return false;
            }
        }
        if (_packets is null || !EndTransport())
            return false; // iptables gives every rule a counter
        _text.Clear();
        _text.Append("-A ").Append(chain);
        Option(_source);
        Option(_destination);
        Option(_in);
        Option(_out);
        Option(_protocol);
        _text.Append(_matches).Append(_target);
        rule = new IptablesRule(_text.ToString(), _packets, _bytes);
        return true;
    }

    public static (long Packets, long Bytes) Counters(ReadOnlySpan<byte> value)
    {
        ulong packets = 0;
        ulong bytes = 0;
        NetlinkAttributes attribute = new(value);
        while (attribute.MoveNext())
        {
            if (attribute.Type == 1)
                bytes = attribute.U64Network;
            else if (attribute.Type == 2)
                packets = attribute.U64Network;
        }
        return ((long)Math.Min(packets, long.MaxValue), (long)Math.Min(bytes, long.MaxValue));
    }

    private static string ExpressionName(ReadOnlySpan<byte> element)
    {
        NetlinkAttributes attribute = new(element);
        while (attribute.MoveNext())
        {
            if (attribute.Type == 1)
                return attribute.Text;
        }
        return "";
    }

    private void Option(string? option)
    {
        if (option is not null)
            _text.Append(' ').Append(option);
    }

    private void Reset(bool v6)
    {
        _v6 = v6;
        _source = _destination = _in = _out = _protocol = null;
        _protocolNumber = 0;
        _packets = null;
        _bytes = 0;
        _matches.Clear();
        _target.Clear();
        _register.Clear();
        ResetTransport();
    }

    /// <summary>NFTA_LIST_ELEM: NFTA_EXPR_NAME and NFTA_EXPR_DATA.</summary>
    private bool TakeElement(ReadOnlySpan<byte> element)
    {
        ReadOnlySpan<byte> name = default;
        ReadOnlySpan<byte> data = default;
        NetlinkAttributes attribute = new(element);
        while (attribute.MoveNext())
        {
            if (attribute.Type == 1)
                name = attribute.Value;
            else if (attribute.Type == 2)
                data = attribute.Value;
        }
        if (_target.Length > 0)
            return false; // nothing stands behind a target
        if (name.SequenceEqual("meta\0"u8))
            return _register.LoadMeta(data);
        if (name.SequenceEqual("payload\0"u8))
            return _register.LoadPayload(data);
        if (name.SequenceEqual("bitwise\0"u8))
            return _register.Mask(data);
        if (name.SequenceEqual("cmp\0"u8))
            return TakeCompare(data);
        if (name.SequenceEqual("range\0"u8))
            return TakeRange(data);
        if (name.SequenceEqual("match\0"u8))
            return EndTransport() && TakeExtension(data, isTarget: false);
        if (name.SequenceEqual("target\0"u8))
            return EndTransport() && TakeExtension(data, isTarget: true);
        if (name.SequenceEqual("counter\0"u8))
            return TakeCounter(data);
        return name.SequenceEqual("immediate\0"u8) && EndTransport() && TakeVerdict(data);
    }

    private bool TakeCounter(ReadOnlySpan<byte> data)
    {
        if (_packets is not null)
            return false;
        (_packets, _bytes) = Counters(data);
        return true;
    }

    private bool TakeVerdict(ReadOnlySpan<byte> data)
    {
        int code = int.MinValue;
        string? chain = null;
        uint register = uint.MaxValue;
        NetlinkAttributes attribute = new(data);
        while (attribute.MoveNext())
        {
            if (attribute.Type == 1)
                register = attribute.U32Network;
            if (attribute.Type != 2)
                continue;
            NetlinkAttributes value = new(attribute.Value);
            if (!value.MoveNext() || value.Type != 2) // NFTA_DATA_VERDICT
                return false;
            NetlinkAttributes verdict = new(value.Value);
            while (verdict.MoveNext())
            {
                if (verdict.Type == 1)
                    code = (int)verdict.U32Network;
                else if (verdict.Type == 2)
                    chain = verdict.Text;
            }
        }
        if (register != 0)
            return false;
        string? text = code switch
        {
            1 => " -j ACCEPT",
            0 => " -j DROP",
            -5 => " -j RETURN",
            -3 when chain is not null => " -j " + chain,
            -4 when chain is not null => " -g " + chain,
            _ => null,
        };
        if (text is null)
            return false;
        _target.Append(text);
        return true;
    }

    /// <summary>cmp on what was loaded before: NFTA_CMP_SREG, OP (eq 0, neq 1), DATA.</summary>
    private bool TakeCompare(ReadOnlySpan<byte> data)
    {
        uint operation = uint.MaxValue;
        ReadOnlySpan<byte> value = default;
        NetlinkAttributes attribute = new(data);
        while (attribute.MoveNext())
        {
            if (attribute.Type == 2)
                operation = attribute.U32Network;
            else if (attribute.Type == 3)
            {
                NetlinkAttributes inner = new(attribute.Value);
                if (!inner.MoveNext() || inner.Type != 1)
                    return false;
                value = inner.Value;
            }
        }
        if (operation > 1)
            return false;
        bool not = operation == 1;
        bool known = _register.Kind switch
        {
            LoadKind.Meta => TakeMeta(value, not),
            LoadKind.Network => TakeAddress(value, not),
            LoadKind.Transport => TakeTransport(value, value, not),
            _ => false,
        };
        _register.Clear();
        return known;
    }

    private bool TakeRange(ReadOnlySpan<byte> data)
    {
        uint operation = uint.MaxValue;
        ReadOnlySpan<byte> from = default;
        ReadOnlySpan<byte> to = default;
        NetlinkAttributes attribute = new(data);
        while (attribute.MoveNext())
        {
            if (attribute.Type == 2)
                operation = attribute.U32Network;
            if (attribute.Type is not (3 or 4))
                continue;
            NetlinkAttributes inner = new(attribute.Value);
            if (!inner.MoveNext() || inner.Type != 1)
                return false;
            if (attribute.Type == 3)
                from = inner.Value;
            else
                to = inner.Value;
        }
        bool known =
            operation <= 1 && _register is { Kind: LoadKind.Transport, IsMasked: false } && TakeTransport(from, to, operation == 1);
        _register.Clear();
        return known;
    }

    private bool TakeMeta(ReadOnlySpan<byte> value, bool not)
    {
        const int mark = 3;
        const int inName = 6;
        const int outName = 7;
        const int protocol = 16;
        string sign = not ? "! " : "";
        switch (_register.Key)
        {
            case inName when _in is null && !_register.IsMasked && Device(value) is { } device:
                _in = $"{sign}-i {device}";
                return true;
            case outName when _out is null && !_register.IsMasked && Device(value) is { } device:
                _out = $"{sign}-o {device}";
                return true;
            case protocol when _protocol is null && !_register.IsMasked && value.Length == 1:
                _protocolNumber = not ? 0 : value[0];
                _protocol = ProtocolName(value[0]) is { } name ? $"{sign}-p {name}" : null;
                return _protocol is not null;
            case mark when value.Length == 4:
                if (!EndTransport())
                    return false;
                uint mask = _register.IsMasked ? MemoryMarshal.Read<uint>(_register.MaskBytes) : uint.MaxValue;
                _matches.Append(" -m mark ").Append(sign).Append("--mark ");
                Mark(_matches, MemoryMarshal.Read<uint>(value), mask);
                return true;
            default:
                return false;
        }
    }

    // A name compared with its closing NUL is whole; without, it is the beginning of one ("qr-+").
    private static string? Device(ReadOnlySpan<byte> value)
    {
        int end = value.IndexOf((byte)0);
        ReadOnlySpan<byte> name = end < 0 ? value : value[..end];
        if (name.IsEmpty || (end >= 0 && value[end..].IndexOfAnyExcept((byte)0) >= 0))
            return null;
        string text = Encoding.UTF8.GetString(name);
        return end < 0 ? text + "+" : text;
    }

    private bool TakeAddress(ReadOnlySpan<byte> value, bool not)
    {
        int size = _v6 ? 16 : 4;
        int source = _v6 ? 8 : 12;
        int offset = _register.Key;
        if (value.Length != _register.Length || value.Length > size || (offset != source && offset != source + size))
            return false;
        Span<byte> address = stackalloc byte[16];
        address.Clear();
        value.CopyTo(address);
        // Whole bytes of a prefix are compared without a mask.
        int length = value.Length * 8;
        if (_register.IsMasked && !TryLength(_register.MaskBytes, out length))
            return false;
        string text = $"{(not ? "! " : "")}{(offset == source ? "-s" : "-d")} {Ip.FromBytes(address[..size])}/{length}";
        if (offset == source)
        {
            if (_source is not null)
                return false;
            _source = text;
        }
        else
        {
            if (_destination is not null)
                return false;
            _destination = text;
        }
        return true;
    }

    private static bool TryLength(ReadOnlySpan<byte> mask, out int length)
    {
        length = 0;
        bool ended = false;
        foreach (byte part in mask)
        {
            for (int bit = 7; bit >= 0; bit--)
            {
                bool set = (part >> bit & 1) == 1;
                if (set && ended)
                    return false;
                ended |= !set;
                length += set ? 1 : 0;
            }
        }
        return true;
    }

    private static string? ProtocolName(byte number) =>
        number switch
        {
            1 => "icmp",
            2 => "igmp",
            6 => "tcp",
            17 => "udp",
            33 => "dccp",
            47 => "gre",
            50 => "esp",
            51 => "ah",
            58 => "ipv6-icmp",
            112 => "vrrp",
            132 => "sctp",
            _ => null,
        };

    private static void Mark(StringBuilder text, uint value, uint mask)
    {
        text.Append(CultureInfo.InvariantCulture, $"0x{value:x}");
        if (mask != uint.MaxValue)
            text.Append(CultureInfo.InvariantCulture, $"/0x{mask:x}");
    }
}
