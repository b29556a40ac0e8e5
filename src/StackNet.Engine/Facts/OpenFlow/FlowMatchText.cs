namespace StackNet.Engine.Facts.OpenFlow;

/// <summary>The match part of a flow: "tcp,in_port=3,dl_vlan=5,nw_src=10.0.0.0/8,tp_dst=0x50/0xfff0" (ovs-fields(7), ovs-ofctl(8)).</summary>
internal static class FlowMatchText
{
    public static FlowMatch Parse(IEnumerable<string> tokens, IReadOnlyDictionary<string, int>? ports)
    {
        FlowMatchBuilder match = new();
        foreach (string token in tokens)
            Add(match, token, ports);
        return match.Build();
    }

    /// <summary>One condition; what is not understood is kept.</summary>
    public static void Add(FlowMatchBuilder match, string token, IReadOnlyDictionary<string, int>? ports)
    {
        if (!TryAdd(match, token, ports))
            match.Unknown(token);
    }

    private static bool TryAdd(FlowMatchBuilder match, string token, IReadOnlyDictionary<string, int>? ports)
    {
        int equals = token.IndexOf('=');
        if (equals < 0)
            return TryProtocol(match, token);
        ReadOnlySpan<char> name = token.AsSpan(0, equals).Trim();
        ReadOnlySpan<char> text = token.AsSpan(equals + 1).Trim();
        if (FlowFields.IsNsh(name))
        {
            // Only NSH packets have these fields, so that nothing else can match.
            match.EthType(0x894f);
            return false;
        }
        int open = name.IndexOf('[');
        if (open > 0)
            return TryBits(match, name, text);
        FlowField? field = FlowFields.Find(name);
        if (field is null || text is "*" or "ANY")
            return text is "*" or "ANY" && field is not null;
        if (field.Form is FlowForm.DlVlan or FlowForm.VlanPcp or FlowForm.VlanVid or FlowForm.Tos)
            return TrySpecial(match, field, text);
        if (!FlowValues.TryParse(field, text, ports, out UInt128 value, out UInt128 mask))
            return false;
        // Ports are 16 bits wide, ICMP types eight: the upper half of the slot is zero in every ICMP packet.
        match.Field(field, value & mask, mask);
        return true;
    }

    // reg0[0..7]=1 is how newer versions print and take a partial match.
    private static bool TryBits(FlowMatchBuilder match, ReadOnlySpan<char> name, ReadOnlySpan<char> text)
    {
        if (!FlowSyntax.TrySubfield(name, out FlowSubfield part) || !FlowValues.TryNumber(text, out UInt128 value))
            return false;
        UInt128 mask = part.Bits >= 128 ? UInt128.MaxValue : (UInt128.One << part.Bits) - 1;
        if (value > mask)
            return false;
        match.Field(part.Field, value << part.Low, mask << part.Low);
        return true;
    }

    private static bool TrySpecial(FlowMatchBuilder match, FlowField field, ReadOnlySpan<char> text)
    {
        int tciShift = field.Shift >= 32 ? 32 : 0;
        if (field.Form == FlowForm.Tos)
        {
            if (!FlowValues.TryNumber(text, out UInt128 tos) || tos > 0xff)
                return false;
            match.Field(field, tos & 0xfc, 0xfc);
            return true;
        }
        int slash = text.IndexOf('/');
        if (!FlowValues.TryNumber(slash < 0 ? text : text[..slash], out UInt128 value))
            return false;
        UInt128 given = UInt128.Zero;
        if (slash >= 0 && !FlowValues.TryNumber(text[(slash + 1)..], out given))
            return false;
        switch (field.Form)
        {
            case FlowForm.DlVlan when value == 0xffff:
                // OpenFlow 1.0's "no VLAN".
                match.Word(FlowKey.Vlans, 0, 0xfffful << tciShift);
                return true;
            case FlowForm.DlVlan when value <= 0xfff:
                ulong vid = slash < 0 ? 0xfff : (ulong)(given & 0xfff);
                match.Word(FlowKey.Vlans, (((ulong)value & vid) | 0x1000) << tciShift, (vid | 0x1000) << tciShift);
                return true;
            case FlowForm.VlanPcp when value <= 7:
                match.Word(FlowKey.Vlans, (((ulong)value << 13) | 0x1000) << tciShift, 0xf000ul << tciShift);
                return true;
            case FlowForm.VlanVid when value <= 0x1fff:
                ulong mask = slash < 0 ? 0x1fff : (ulong)(given & 0x1fff);
                match.Word(FlowKey.Vlans, ((ulong)value & mask) << tciShift, mask << tciShift);
                return true;
            default:
                return false;
        }
    }

    private static bool TryProtocol(FlowMatchBuilder match, string name)
    {
        (int type, int protocol) = name switch
        {
            "ip" or "ip4" or "ipv4" => (0x0800, -1),
            "icmp" or "icmp4" => (0x0800, 1),
            "igmp" => (0x0800, 2),
            "tcp" or "tcp4" => (0x0800, 6),
            "udp" or "udp4" => (0x0800, 17),
            "sctp" or "sctp4" => (0x0800, 132),
            "ipv6" or "ip6" => (0x86dd, -1),
            "icmp6" or "icmpv6" => (0x86dd, 58),
            "tcp6" => (0x86dd, 6),
            "udp6" => (0x86dd, 17),
            "sctp6" => (0x86dd, 132),
            "arp" => (0x0806, -1),
            "rarp" => (0x8035, -1),
            "mpls" => (0x8847, -1),
            "mplsm" => (0x8848, -1),
            "nsh" => (0x894f, -1),
            "eth" => (0, -1),
            _ => (-1, -1),
        };
        if (type < 0)
            return false;
        if (type != 0)
            match.EthType((ushort)type);
        if (protocol >= 0)
            match.Protocol((byte)protocol);
        return true;
    }
}
