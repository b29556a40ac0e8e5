using StackNet.Engine.Sources.Live.Netlink;

namespace StackNet.Engine.Sources.Live.Xtables;

/// <summary>What a register holds.</summary>
internal enum LoadKind
{
    Nothing,
    Meta,
    Network,
    Transport,
}

/// <summary>Register 1 of nf_tables while a rule is read: what was loaded, and with which mask.</summary>
internal sealed class Register
{
    private readonly byte[] _mask = new byte[16];
    private int _maskLength;

    public LoadKind Kind { get; private set; }

    /// <summary>Meta key, or offset in the header.</summary>
    public int Key { get; private set; }
    public int Length { get; private set; }
    public bool IsMasked => _maskLength > 0;
    public ReadOnlySpan<byte> MaskBytes => _mask.AsSpan(0, _maskLength);

    public void Clear()
    {
        Kind = LoadKind.Nothing;
        _maskLength = 0;
    }

    public bool LoadMeta(ReadOnlySpan<byte> data)
    {
        if (Kind != LoadKind.Nothing)
            return false;
        int key = -1;
        bool loads = false;
        NetlinkAttributes attribute = new(data);
        while (attribute.MoveNext())
        {
            if (attribute.Type == 1)
                loads = true;
            else if (attribute.Type == 2)
                key = (int)attribute.U32Network;
        }
        (Kind, Key, Length) = (LoadKind.Meta, key, 0);
        return loads;
    }

    public bool LoadPayload(ReadOnlySpan<byte> data)
    {
        if (Kind != LoadKind.Nothing)
            return false;
        uint header = 0;
        bool loads = false;
        NetlinkAttributes attribute = new(data);
        while (attribute.MoveNext())
        {
            switch (attribute.Type)
            {
                case 1:
                    loads = true;
                    break;
                case 2:
                    header = attribute.U32Network;
                    break;
                case 3:
                    Key = (int)attribute.U32Network;
                    break;
                case 4:
                    Length = (int)attribute.U32Network;
                    break;
            }
        }
        Kind = header switch
        {
            1 => LoadKind.Network,
            2 => LoadKind.Transport,
            _ => LoadKind.Nothing,
        };
        return loads && Kind != LoadKind.Nothing;
    }

    /// <summary>A bitwise that only masks: xor is zero and the operation is the first (NFT_BITWISE_BOOL / MASK_XOR).</summary>
    public bool Mask(ReadOnlySpan<byte> data)
    {
        if (Kind == LoadKind.Nothing || IsMasked)
            return false;
        NetlinkAttributes attribute = new(data);
        while (attribute.MoveNext())
        {
            if (attribute.Type == 6 && attribute.U32Network != 0)
                return false;
            if (attribute.Type is not (4 or 5))
                continue;
            NetlinkAttributes inner = new(attribute.Value);
            if (!inner.MoveNext() || inner.Type != 1 || inner.Value.Length > _mask.Length)
                return false;
            if (attribute.Type == 4)
            {
                inner.Value.CopyTo(_mask);
                _maskLength = inner.Value.Length;
            }
            else if (inner.Value.IndexOfAnyExcept((byte)0) >= 0)
                return false;
        }
        return IsMasked;
    }
}
