namespace StackNet.Engine.Facts.OpenFlow;

/// <summary>How a field's value is written.</summary>
internal enum FlowForm
{
    Number,
    Mac,
    Ip4,
    Ip6,
    CtState,
    TcpFlags,
    TunFlags,
    Fragment,
    Port,
    PacketType,
    Tos,
    VlanTci,
    VlanVid,
    DlVlan,
    VlanPcp,
}

/// <summary>What a packet must be to have the field (meta-flow.h MFP_*).</summary>
internal enum FlowPrerequisite
{
    None,
    Arp,
    Vlan,
    Ip4,
    Ip6,
    Ip,
    Tcp,
    Udp,
    Sctp,
    Icmp4,
    Icmp6,
    Nd,
    NdSolicit,
    NdAdvert,
    Mpls,
    Ct,
    Nsh,
}

/// <summary>A field of <see cref="FlowKey"/> (ovs-fields(7)).</summary>
/// <param name="Name">Its name as ovs-ofctl prints it.</param>
/// <param name="Word">Word of the key.</param>
/// <param name="Shift">Lowest bit in that word.</param>
/// <param name="Bits">Width; more than 64 takes two words.</param>
/// <param name="Prerequisite">What the packet must be.</param>
/// <param name="Form">How it is written.</param>
internal sealed record FlowField(string Name, int Word, int Shift, int Bits, FlowPrerequisite Prerequisite, FlowForm Form)
{
    /// <summary>Bits that may be changed: nw_tos keeps the two ECN bits.</summary>
    public UInt128 Writable { get; } =
        Form == FlowForm.Tos ? 0xfc
        : Bits >= 128 ? UInt128.MaxValue
        : (UInt128.One << Bits) - 1;

    /// <summary>Does the packet have this field (mf_are_prereqs_ok)?</summary>
    public bool IsIn(FlowKey key)
    {
        bool laterFragment = (key.Fragment & 2) != 0;
        return Prerequisite switch
        {
            FlowPrerequisite.None => true,
            FlowPrerequisite.Arp => key.EthType is 0x0806 or 0x8035,
            FlowPrerequisite.Vlan => key.HasVlan,
            FlowPrerequisite.Ip4 => key.EthType == 0x0800,
            FlowPrerequisite.Ip6 => key.EthType == 0x86dd,
            FlowPrerequisite.Ip => key.IsIp,
            FlowPrerequisite.Tcp => key.IsIp && key.Protocol == 6 && !laterFragment,
            FlowPrerequisite.Udp => key.IsIp && key.Protocol == 17 && !laterFragment,
            FlowPrerequisite.Sctp => key.IsIp && key.Protocol == 132 && !laterFragment,
            FlowPrerequisite.Icmp4 => key.EthType == 0x0800 && key.Protocol == 1 && !laterFragment,
            FlowPrerequisite.Icmp6 => IsIcmp6(key),
            FlowPrerequisite.Nd => IsIcmp6(key) && key.TransportSource is 135 or 136,
            FlowPrerequisite.NdSolicit => IsIcmp6(key) && key.TransportSource == 135,
            FlowPrerequisite.NdAdvert => IsIcmp6(key) && key.TransportSource == 136,
            FlowPrerequisite.Mpls => key.EthType is 0x8847 or 0x8848,
            FlowPrerequisite.Ct => (key.CtStateBits & 0x20) != 0,
            FlowPrerequisite.Nsh => key.EthType == 0x894f,
            _ => false,
        };
    }

    private static bool IsIcmp6(FlowKey key) => key.EthType == 0x86dd && key.Protocol == 58 && (key.Fragment & 2) == 0;

    public override string ToString() => Name;
}

/// <summary>Some bits of a field: NAME[], NAME[3], NAME[0..15].</summary>
internal readonly record struct FlowSubfield(FlowField Field, int Low, int Bits)
{
    public UInt128 Read(FlowKey key) => key.Get(Field, Low, Bits);

    public void Write(FlowKey key, UInt128 value) => key.Set(Field, Low, Bits, value, UInt128.MaxValue);

    public override string ToString() =>
        Low == 0 && Bits == Field.Bits ? $"{Field.Name}[]"
        : Bits == 1 ? $"{Field.Name}[{Low}]"
        : $"{Field.Name}[{Low}..{Low + Bits - 1}]";
}
