namespace StackNet.Engine.Facts.OpenFlow;

/// <summary>
/// The fields of a packet that Open vSwitch matches on, packed in 64-bit words: so that a masked match is a few ANDs and every
/// field, whatever its width, is read and written by the same code. A 128-bit field takes two words, the high one first.
/// </summary>
internal sealed class FlowKey
{
    public const int Length = 70;

    // word numbers
    public const int Metadata = 0;
    public const int TunId = 1;
    public const int TunIp4 = 2;
    public const int TunIp6Source = 3;
    public const int TunIp6Destination = 5;
    public const int TunFlags = 7;
    public const int TunOther = 8;
    public const int TunMetadata = 9;
    public const int TunMetadataCount = 8;
    public const int Registers = 25;
    public const int Ports = 41;
    public const int Hash = 42;
    public const int Recirculation = 43;
    public const int CtState = 44;
    public const int CtTuple = 45;
    public const int CtLabel = 46;
    public const int CtIp4 = 48;
    public const int CtIp6Source = 49;
    public const int CtIp6Destination = 51;
    public const int Types = 53;
    public const int EthSource = 54;
    public const int EthDestination = 55;
    public const int Vlans = 56;
    public const int Ip4 = 57;
    public const int Ip6Source = 58;
    public const int Ip6Destination = 60;
    public const int IpHeader = 62;
    public const int Transport = 63;
    public const int ArpSha = 64;
    public const int ArpTha = 65;
    public const int NdTarget = 66;
    public const int Mpls = 68;
    public const int Other = 69;

    private readonly ulong[] _words;

    public FlowKey() => _words = new ulong[Length];

    private FlowKey(ulong[] words) => _words = words;

    public ReadOnlySpan<ulong> Words => _words;

    public ulong this[int word]
    {
        get => _words[word];
        set => _words[word] = value;
    }

    public FlowKey Clone() => new((ulong[])_words.Clone());

    public void CopyFrom(FlowKey other) => other._words.CopyTo(_words, 0);

    public UInt128 Get(FlowField field) => Get(field, 0, field.Bits);

    /// <summary>Bits <paramref name="low"/> … of a field.</summary>
    public UInt128 Get(FlowField field, int low, int bits)
    {
        if (field.Bits > 64)
        {
            UInt128 whole = new(_words[field.Word], _words[field.Word + 1]);
            return (whole >> low) & Mask(bits);
        }
        return (_words[field.Word] >> (field.Shift + low)) & (ulong)Mask(bits);
    }

    public void Set(FlowField field, UInt128 value) => Set(field, 0, field.Bits, value, UInt128.MaxValue);

    /// <summary>Writes bits <paramref name="low"/> … of a field where <paramref name="mask"/> has ones, with the switch's rules for VLAN and DSCP fields.</summary>
    public void Set(FlowField field, int low, int bits, UInt128 value, UInt128 mask)
    {
        mask &= Mask(bits);
        value = (value & mask) << low;
        mask <<= low;
        mask &= field.Writable;
        value &= mask;
        if (field.Bits > 64)
        {
            UInt128 whole = new(_words[field.Word], _words[field.Word + 1]);
            whole = (whole & ~mask) | value;
            _words[field.Word] = (ulong)(whole >> 64);
            _words[field.Word + 1] = (ulong)whole;
            return;
        }
        _words[field.Word] = (_words[field.Word] & ~((ulong)mask << field.Shift)) | ((ulong)value << field.Shift);
        if (field.Word == Vlans)
            FixVlan(field);
    }

    // meta-flow.c: setting the PCP or dl_vlan makes the tag present; a tag that is present has a TPID, one that is not has none.
    private void FixVlan(FlowField field)
    {
        int slot = field.Shift >= 32 ? 0 : 1;
        if (field.Form is FlowForm.VlanPcp or FlowForm.DlVlan)
            SetTci(slot, (ushort)(Tci(slot) | 0x1000));
        if (Tci(slot) == 0)
            SetTpid(slot, 0);
        else if (Tpid(slot) == 0)
            SetTpid(slot, 0x8100);
    }

    public ushort InPort
    {
        get => (ushort)(_words[Ports] >> 48);
        set => _words[Ports] = (_words[Ports] & 0x0000_ffff_ffff_ffff) | ((ulong)value << 48);
    }

    public ushort ActsetOutput
    {
        get => (ushort)(_words[Ports] >> 32);
        set => _words[Ports] = (_words[Ports] & 0xffff_0000_ffff_ffff) | ((ulong)value << 32);
    }

    public uint PktMark
    {
        get => (uint)_words[Ports];
        set => _words[Ports] = (_words[Ports] & 0xffff_ffff_0000_0000) | value;
    }

    public uint ConjunctionId
    {
        get => (uint)_words[Recirculation];
        set => _words[Recirculation] = (_words[Recirculation] & 0xffff_ffff_0000_0000) | value;
    }

    public ushort EthType
    {
        get => (ushort)_words[Types];
        set => _words[Types] = (_words[Types] & ~0xfffful) | value;
    }

    public byte Protocol
    {
        get => (byte)(_words[IpHeader] >> 32);
        set => _words[IpHeader] = (_words[IpHeader] & ~(0xfful << 32)) | ((ulong)value << 32);
    }

    public byte Tos
    {
        get => (byte)(_words[IpHeader] >> 24);
        set => _words[IpHeader] = (_words[IpHeader] & ~(0xfful << 24)) | ((ulong)value << 24);
    }

    public byte Ttl
    {
        get => (byte)(_words[IpHeader] >> 16);
        set => _words[IpHeader] = (_words[IpHeader] & ~(0xfful << 16)) | ((ulong)value << 16);
    }

    /// <summary>Bit 0: a fragment, bit 1: not the first one (FLOW_NW_FRAG_ANY, FLOW_NW_FRAG_LATER).</summary>
    public byte Fragment
    {
        get => (byte)(_words[IpHeader] >> 8);
        set => _words[IpHeader] = (_words[IpHeader] & ~(0xfful << 8)) | ((ulong)value << 8);
    }

    public ushort TransportSource
    {
        get => (ushort)(_words[Transport] >> 48);
        set => _words[Transport] = (_words[Transport] & 0x0000_ffff_ffff_ffff) | ((ulong)value << 48);
    }

    public ushort TransportDestination
    {
        get => (ushort)(_words[Transport] >> 32);
        set => _words[Transport] = (_words[Transport] & 0xffff_0000_ffff_ffff) | ((ulong)value << 32);
    }

    public uint CtStateBits
    {
        get => (uint)(_words[CtState] >> 32);
        set => _words[CtState] = (_words[CtState] & 0xffff_ffff) | ((ulong)value << 32);
    }

    public uint CtMark
    {
        get => (uint)_words[CtState];
        set => _words[CtState] = (_words[CtState] & 0xffff_ffff_0000_0000) | value;
    }

    public ushort CtZone
    {
        get => (ushort)(_words[CtTuple] >> 48);
        set => _words[CtTuple] = (_words[CtTuple] & 0x0000_ffff_ffff_ffff) | ((ulong)value << 48);
    }

    public bool IsIp => EthType is 0x0800 or 0x86dd;

    public ushort Tpid(int slot) => (ushort)(_words[Vlans] >> (slot == 0 ? 48 : 16));

    public ushort Tci(int slot) => (ushort)(_words[Vlans] >> (slot == 0 ? 32 : 0));

    public bool HasVlan => (Tci(0) & 0x1000) != 0;

    public void SetTpid(int slot, ushort value)
    {
        int shift = slot == 0 ? 48 : 16;
        _words[Vlans] = (_words[Vlans] & ~(0xfffful << shift)) | ((ulong)value << shift);
    }

    public void SetTci(int slot, ushort value)
    {
        int shift = slot == 0 ? 32 : 0;
        _words[Vlans] = (_words[Vlans] & ~(0xfffful << shift)) | ((ulong)value << shift);
    }

    /// <summary>flow_push_vlan_uninit: an inner tag makes room; a third one falls out of what is matched.</summary>
    public void PushVlan(ushort tpid)
    {
        SetTpid(1, Tpid(0));
        SetTci(1, Tci(0));
        SetTpid(0, tpid);
        SetTci(0, 0x1000);
    }

    public void PopVlan()
    {
        SetTpid(0, Tpid(1));
        SetTci(0, Tci(1));
        SetTpid(1, 0);
        SetTci(1, 0);
    }

    /// <summary>flow_clear_conntrack.</summary>
    public void ClearConntrack()
    {
        _words.AsSpan(CtState, Types - CtState).Clear();
    }

    public void ClearRegisters() => _words.AsSpan(Registers, 16).Clear();

    public void ClearTunnel() => _words.AsSpan(TunId, Registers - TunId).Clear();

    private static UInt128 Mask(int bits) => bits >= 128 ? UInt128.MaxValue : (UInt128.One << bits) - 1;
}
