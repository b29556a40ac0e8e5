using StackNet.Engine.Facts;
using StackNet.Engine.Facts.OpenFlow;

namespace StackNet.Engine.Walk.OpenFlow;

// xlate_normal: the learning switch.
internal sealed partial class Translation
{
    /// <summary>Two tags as NORMAL sees them inside the bridge.</summary>
    private struct InnerVlans
    {
        public ushort Tpid0;
        public ushort Vid0;
        public ushort Pcp0;
        public ushort Tpid1;
        public ushort Vid1;
        public ushort Pcp1;
    }

    private void Normal()
    {
        bool fromNowhere = _flow.InPort is OpenFlowPorts.None or OpenFlowPorts.Controller;
        SwitchPort? port = null;
        if (!fromNowhere && !_bridge.Ports.TryGetValue(_flow.InPort, out port))
        {
            Die(4, PacketReason.NoPort, Rule(), AbsentName(_flow.InPort));
            return;
        }
        SwitchBundle? bundle = port?.Bundle;
        if (_flow.EthType is 0x8100 or 0x88a8 && !_flow.HasVlan)
        {
            Die(4, PacketReason.BadHeader, Rule(), port?.Name);
            return;
        }
        InnerVlans given = Extract();
        if (bundle is not null && !AdmitsVlan(bundle, given.Vid0))
        {
            Step("vlan", $"VLAN {given.Vid0} is not allowed on {bundle.Name}", Describe(bundle));
            Die(4, PacketReason.VlanMismatch, Setting(port!, Describe(bundle)), port!.Name);
            return;
        }
        InnerVlans vlans = bundle is null ? given : Inward(bundle, given);
        ulong destination = _flow[FlowKey.EthDestination];
        bool forwardBpdu = _bridge.Facts.OtherConfig.GetValueOrDefault("forward-bpdu") == "true";
        if (port is not null && !forwardBpdu && IsReserved(destination))
        {
            Die(4, PacketReason.PortBlocked, Rule(), port.Name);
            return;
        }
        Mac source = new(_flow[FlowKey.EthSource]);
        if (_sideEffects && bundle is not null && !source.IsGroup)
            _state.Learned = _state.Learned.SetItem((_bridge.Name, vlans.Vid0, source), bundle.Name);
        Mac target = new(destination);
        if (_bridge.Facts.McastSnooping && target.IsGroup && !target.IsBroadcast && _flow.IsIp)
        {
            Multicast(bundle, vlans);
            return;
        }
        SwitchBundle? learned = target.IsGroup ? null : Learned(vlans.Vid0, target);
        if (learned is null)
        {
            Flood(bundle, vlans);
            return;
        }
        if (learned == bundle)
        {
            Step("normal", "learned port is the input port", rule: null);
            Die(2, PacketReason.Hairpin, Rule(), learned.Name);
            return;
        }
        Step("normal", $"{target} is learned on {learned.Name}", rule: null);
        OutputNormal(learned, vlans, flood: false);
    }

    private SwitchBundle? Learned(int vlan, Mac mac)
    {
        if (_state.Learned.Count > 0 && _state.Learned.TryGetValue((_bridge.Name, vlan, mac), out string? name))
            return _bridge.Bundles.Find(bundle => bundle.Name == name);
        return _bridge.Fdb.GetValueOrDefault((vlan, mac));
    }

    private void Flood(SwitchBundle? from, InnerVlans vlans)
    {
        Step("normal", "flooding", rule: null);
        bool any = false;
        SwitchBridge? outer = _flooding;
        _flooding ??= _bridge;
        foreach (SwitchBundle bundle in _bridge.Bundles)
        {
            if (bundle == from || !bundle.Floodable || !Includes(bundle, vlans))
                continue;
            any = true;
            OutputNormal(bundle, vlans, flood: true);
            if (_failed || _unknown is not null)
                break;
        }
        _flooding = outer;
        if (!any)
            Die(2, PacketReason.NotConnected, Rule(), from?.Name);
    }

    // With snooping on, registered groups go to their members only, and what is registered cannot be read with the flows.
    private void Multicast(SwitchBundle? from, InnerVlans vlans)
    {
        uint v4 = (uint)_flow[FlowKey.Ip4];
        bool local = _flow.EthType == EtherTypes.Ip4 ? v4 >> 8 == 0xe00000 : (_flow[FlowKey.Ip6Destination] >> 48) == 0xff02;
        bool igmp = _flow.EthType == EtherTypes.Ip4 && _flow.Protocol == IpProtocols.Igmp;
        if (local && !igmp)
            Flood(from, vlans);
        else
            _unknown = $"bridge {_bridge.Name}: mcast_snooping_enable, members of the group were not read";
    }

    private void OutputNormal(SwitchBundle bundle, InnerVlans vlans, bool flood)
    {
        InnerVlans outward = Outward(bundle, vlans);
        if (bundle.PriorityTags != PriorityTagging.Never)
            outward.Pcp0 = (ushort)(_flow.Tci(0) & 0xe000);
        SwitchPort? port = Choose(bundle);
        if (port is null && bundle.Facts.Interfaces.FirstOrDefault(link => _bridge.Unnumbered.Contains(link.Name)) is { } unread)
        {
            _unknown = SwitchMachine.NoNumber(unread.Name);
            return;
        }
        if (port is null)
        {
            Die(
                flood ? 1 : 4,
                PacketReason.NoPort,
                new TraceRule
                {
                    Family = "openvswitch",
                    Table = _bridge.Name,
                    Chain = bundle.Name,
                    Text = bundle.IsBond ? $"bond {bundle.Name}: no member is up" : SwitchMachine.Absent(_bridge, bundle.Name),
                },
                bundle.Name
            );
            return;
        }
        ulong saved = _flow[FlowKey.Vlans];
        Put(outward, bundle.PriorityTags);
        Compose(port, flood);
        _flow[FlowKey.Vlans] = saved;
    }

    // Which member of a bond a frame takes hangs on a hash or on what was active; all of them lead to the same neighbour.
    private SwitchPort? Choose(SwitchBundle bundle)
    {
        if (!bundle.IsBond)
            return bundle.Members.Count > 0 ? bundle.Members[0] : null;
        return bundle.Members.Find(port => _devices.StateOf(_bridge.Name, port.Name) is LinkState.Up)
            ?? bundle.Members.Find(port => _devices.StateOf(_bridge.Name, port.Name) is LinkState.Unknown);
    }

    private InnerVlans Extract()
    {
        InnerVlans vlans = default;
        if (_flow.Tpid(0) is not (0x8100 or 0x88a8) || !_flow.HasVlan)
            return vlans;
        vlans.Tpid0 = _flow.Tpid(0);
        vlans.Vid0 = (ushort)(_flow.Tci(0) & 0xfff);
        vlans.Pcp0 = (ushort)(_flow.Tci(0) & 0xe000);
        if (_flow.Tpid(1) is not (0x8100 or 0x88a8) || (_flow.Tci(1) & 0x1000) == 0)
            return vlans;
        vlans.Tpid1 = _flow.Tpid(1);
        vlans.Vid1 = (ushort)(_flow.Tci(1) & 0xfff);
        vlans.Pcp1 = (ushort)(_flow.Tci(1) & 0xe000);
        return vlans;
    }

    private void Put(InnerVlans vlans, PriorityTagging priority)
    {
        Put(0, vlans.Tpid0, vlans.Vid0, vlans.Pcp0, priority);
        Put(1, vlans.Tpid1, vlans.Vid1, vlans.Pcp1, priority);
    }

    private void Put(int slot, ushort tpid, ushort vid, ushort pcp, PriorityTagging priority)
    {
        ushort tci = (ushort)(vid | pcp);
        if (tci != 0 || (priority == PriorityTagging.Always && tpid != 0))
        {
            tci |= 0x1000;
            _flow.SetTpid(slot, tpid != 0 ? tpid : EtherTypes.Vlan);
        }
        else
        {
            _flow.SetTpid(slot, 0);
        }
        _flow.SetTci(slot, tci);
    }

    // input_vid_is_valid
    private static bool AdmitsVlan(SwitchBundle bundle, int vid) =>
        bundle.Mode switch
        {
            VlanMode.Access => vid == 0,
            VlanMode.NativeTagged or VlanMode.NativeUntagged => vid == 0 || bundle.TrunksVlan(vid),
            VlanMode.Dot1qTunnel => bundle.AllowsCvlan(vid),
            _ => bundle.TrunksVlan(vid),
        };

    // xvlan_input_translate
    private static InnerVlans Inward(SwitchBundle bundle, InnerVlans given)
    {
        InnerVlans vlans = given;
        switch (bundle.Mode)
        {
            case VlanMode.Access:
                vlans = default;
                vlans.Tpid0 = given.Tpid0 != 0 ? given.Tpid0 : EtherTypes.Vlan;
                vlans.Vid0 = (ushort)bundle.Vlan;
                vlans.Pcp0 = given.Pcp0;
                break;
            case VlanMode.NativeTagged or VlanMode.NativeUntagged when given.Vid0 == 0:
                vlans.Tpid0 = given.Tpid0 != 0 ? given.Tpid0 : EtherTypes.Vlan;
                vlans.Vid0 = (ushort)bundle.Vlan;
                break;
            case VlanMode.Dot1qTunnel:
                vlans.Tpid1 = given.Tpid0;
                vlans.Vid1 = given.Vid0;
                vlans.Pcp1 = given.Pcp0;
                vlans.Tpid0 = bundle.QinqType;
                vlans.Vid0 = (ushort)bundle.Vlan;
                vlans.Pcp0 = 0;
                break;
        }
        return vlans;
    }

    // xvlan_output_translate
    private static InnerVlans Outward(SwitchBundle bundle, InnerVlans vlans)
    {
        bool pop = bundle.Mode == VlanMode.Dot1qTunnel || (bundle.Mode == VlanMode.NativeUntagged && vlans.Vid0 == bundle.Vlan);
        if (bundle.Mode == VlanMode.Access)
            return default;
        if (!pop)
            return vlans;
        return new InnerVlans
        {
            Tpid0 = vlans.Tpid1,
            Vid0 = vlans.Vid1,
            Pcp0 = vlans.Pcp1,
        };
    }

    // xbundle_includes_vlan
    private static bool Includes(SwitchBundle bundle, InnerVlans vlans) =>
        bundle.Mode switch
        {
            VlanMode.Access => vlans.Vid0 == bundle.Vlan && vlans.Vid1 == 0,
            VlanMode.Dot1qTunnel => vlans.Vid0 == bundle.Vlan && bundle.AllowsCvlan(vlans.Vid1),
            _ => bundle.TrunksVlan(vlans.Vid0),
        };

    private static string Describe(SwitchBundle bundle) =>
        bundle.Facts switch
        {
            { VlanMode: { } mode, Tag: { } tag } => $"vlan_mode {mode}, tag {tag}",
            { Tag: { } tag } => $"tag {tag}",
            { Trunks.Count: > 0 } => $"trunks {string.Join(',', bundle.Facts.Trunks)}",
            _ => "no VLAN settings",
        };

    /// <summary>eth_addr_is_reserved: bridge group addresses and the discovery protocols of Extreme and Cisco (lib/packets.c).</summary>
    private static bool IsReserved(ulong mac)
    {
        if ((mac & 0xffff_ffff_fff0) == 0x0180_c200_0000)
            return true;
        return mac
            is 0x00e0_2b00_0000
                or 0x00e0_2b00_0004
                or 0x00e0_2b00_0006
                or 0x0100_0c00_0000
                or 0x0100_0ccc_cccc
                or 0x0100_0ccc_cccd
                or 0x0100_0ccd_cdcd;
    }
}
