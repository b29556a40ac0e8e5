using System.Buffers.Binary;
using System.Runtime.InteropServices;
using System.Text;
using StackNet.Engine.Facts;

namespace StackNet.Engine.Sources.Live.Netlink;

/// <summary>Walks the attributes (struct nlattr) of a message; stops at the first that does not fit.</summary>
internal ref struct NetlinkAttributes(ReadOnlySpan<byte> data)
{
    private ReadOnlySpan<byte> _rest = data;

    /// <summary>Type of the current attribute without the nested and byte-order bits.</summary>
    public int Type { get; private set; }

    /// <summary>Payload of the current attribute.</summary>
    public ReadOnlySpan<byte> Value { get; private set; }

    public bool MoveNext()
    {
        if (_rest.Length < 4)
            return false;
        int length = MemoryMarshal.Read<ushort>(_rest);
        if (length < 4 || length > _rest.Length)
            return false;
        Type = MemoryMarshal.Read<ushort>(_rest[2..]) & 0x3fff;
        Value = _rest[4..length];
        int step = (length + 3) & ~3;
        _rest = step >= _rest.Length ? default : _rest[step..];
        return true;
    }

    public readonly uint U32 => Value.Length >= 4 ? MemoryMarshal.Read<uint>(Value) : 0;
    public readonly int S32 => (int)U32;
    public readonly ushort U16 => Value.Length >= 2 ? MemoryMarshal.Read<ushort>(Value) : (ushort)0;
    public readonly ushort U16Network => Value.Length >= 2 ? BinaryPrimitives.ReadUInt16BigEndian(Value) : (ushort)0;
    public readonly uint U32Network => Value.Length >= 4 ? BinaryPrimitives.ReadUInt32BigEndian(Value) : 0;
    public readonly ulong U64Network => Value.Length >= 8 ? BinaryPrimitives.ReadUInt64BigEndian(Value) : 0;
    public readonly byte U8 => Value.Length >= 1 ? Value[0] : (byte)0;

    /// <summary>A C string: up to the first NUL.</summary>
    public readonly string Text => ToText(Value);

    public readonly Ip Address => Value.Length == 16 ? Ip.FromBytes(Value) : Ip.V4(U32Network);

    public static string ToText(ReadOnlySpan<byte> value)
    {
        int end = value.IndexOf((byte)0);
        return Encoding.UTF8.GetString(end < 0 ? value : value[..end]);
    }
}
