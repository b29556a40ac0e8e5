using StackNet.Engine.Facts;
using StackNet.Engine.Facts.OpenFlow;

namespace StackNet.Engine.Walk.OpenFlow;

// compose_conntrack_action, and what the datapath does with it.
internal sealed partial class Translation
{
    private void ExecuteCt(CtAction action)
    {
        ushort zone = action.ZoneSource is { } source ? (ushort)source.Read(_flow) : action.Zone;
        // Earlier changes reach the packet before the tracker sees it.
        if (!_flow.Words.SequenceEqual(_base.Words))
        {
            _packet = Current();
            _base = _flow.Clone();
        }
        NatAction? nat = action.Nat;
        FlowKey key = _flow.Clone();
        UInt128 markMask = 0;
        UInt128 labelMask = 0;
        foreach (FlowAction nested in action.Execute)
        {
            switch (nested)
            {
                case SetFieldAction set:
                    key.Set(set.Target.Field, set.Target.Low, set.Target.Bits, set.Value, set.Mask);
                    UInt128 bits = set.Target.Bits >= 128 ? set.Mask : set.Mask & ((UInt128.One << set.Target.Bits) - 1);
                    Touch(set.Target, bits, ref markMask, ref labelMask);
                    break;
                case MoveAction move:
                    move.Target.Write(key, move.Source.Read(key));
                    UInt128 all = move.Target.Bits >= 128 ? UInt128.MaxValue : (UInt128.One << move.Target.Bits) - 1;
                    Touch(move.Target, all, ref markMask, ref labelMask);
                    break;
                case NatAction inner:
                    nat = inner;
                    break;
            }
        }
        if (_options.CtNext is null)
            Track(action, zone, nat, key, (uint)markMask, labelMask);
        else if (action.Table is { } table)
            Assume(table, zone, nat, key);
        // The results are known only where the table's chain goes on; here the packet is untracked again.
        _flow.ClearConntrack();
        _base.ClearConntrack();
        _conntracked = false;
    }

    private static void Touch(FlowSubfield target, UInt128 bits, ref UInt128 markMask, ref UInt128 labelMask)
    {
        if (target.Field.Word == FlowKey.CtLabel)
            labelMask |= bits << target.Low;
        else if (target.Field.Name == "ct_mark")
            markMask |= bits << target.Low;
    }

    private void Track(CtAction action, ushort zone, NatAction? nat, FlowKey key, uint markMask, UInt128 labelMask)
    {
        if (nat is { First: { } first, Last: { } last } && action.Commit && first != last)
            Step("nat", $"some address of {first}-{last}", action.Text);
        _state.Conntrack ??= _machine.Conntrack;
        // The tracker may translate the packet itself.
        _packet = _packet.Clone();
        _metadata = _state.Conntrack.Execute(
            _packet,
            _metadata,
            new CtRequest(zone, action.Commit, action.Commit && action.Force)
            {
                Nat = nat,
                Mark = key.CtMark,
                MarkMask = markMask,
                Label = key.Get(FlowFields.CtLabel),
                LabelMask = labelMask,
                Helper = action.Helper,
            }
        );
        Step("ct", $"ct zone {zone}: {Describe(_metadata.State)}", action.Text);
        if (action.Table is not { } table)
            return;
        // What recirculates is extracted anew from the packet; pipeline fields are restored.
        FlowKey resumed = _flow.Clone();
        PacketKeys.Extract(_packet, resumed, _machine.VlanLimit);
        resumed.ClearConntrack();
        resumed.CtStateBits = _metadata.State;
        resumed.CtZone = _metadata.Zone;
        resumed.CtMark = _metadata.Mark;
        resumed.Set(FlowFields.CtLabel, _metadata.Label);
        if (_metadata.Original is { } tuple)
            SetOriginal(resumed, tuple);
        Enqueue(resumed, table);
    }

    private static void SetOriginal(FlowKey key, SwitchTuple tuple)
    {
        bool icmp = tuple.Protocol is IpProtocols.Icmp or IpProtocols.Icmp6;
        // For ICMP the tuple shows type and code where the ports are.
        ulong ports = icmp ? (ulong)tuple.IcmpType << 16 : ((ulong)tuple.SourcePort << 16) | tuple.DestinationPort;
        key[FlowKey.CtTuple] = ((ulong)key.CtZone << 48) | ((ulong)tuple.Protocol << 40) | ports;
        if (!tuple.Source.IsV6)
        {
            key[FlowKey.CtIp4] = ((ulong)tuple.Source.Value << 32) | (uint)tuple.Destination.Value;
            return;
        }
        key[FlowKey.CtIp6Source] = (ulong)(tuple.Source.Value >> 64);
        key[FlowKey.CtIp6Source + 1] = (ulong)tuple.Source.Value;
        key[FlowKey.CtIp6Destination] = (ulong)(tuple.Destination.Value >> 64);
        key[FlowKey.CtIp6Destination + 1] = (ulong)tuple.Destination.Value;
    }

    /// <summary>As ofproto/trace goes on: with a state that was given, and the first address of a NAT range.</summary>
    private void Assume(byte table, ushort zone, NatAction? nat, FlowKey key)
    {
        FlowKey resumed = key;
        resumed.CtZone = zone;
        if (nat is { First: { } address })
        {
            bool source = nat.Source;
            if (!address.IsV6 && resumed.EthType == EtherTypes.Ip4)
            {
                ulong pair = resumed[FlowKey.Ip4];
                uint value = (uint)address.Value;
                resumed[FlowKey.Ip4] = source ? ((ulong)value << 32) | (uint)pair : (pair & 0xffff_ffff_0000_0000) | value;
            }
            else if (address.IsV6 && resumed.EthType == EtherTypes.Ip6)
            {
                int word = source ? FlowKey.Ip6Source : FlowKey.Ip6Destination;
                resumed[word] = (ulong)(address.Value >> 64);
                resumed[word + 1] = (ulong)address.Value;
            }
        }
        if (nat is { FirstPort: not 0 })
        {
            if (nat.Source)
                resumed.TransportSource = nat.FirstPort;
            else
                resumed.TransportDestination = nat.FirstPort;
        }
        Enqueue(resumed, table);
    }

    private void Enqueue(FlowKey resumed, byte table) =>
        _queue.Enqueue(
            new Stage(_bridge, _packet, resumed)
            {
                IsResumed = true,
                Table = table,
                Conntracked = true,
                Metadata = _metadata,
                ActionSet = [.. _actionSet],
                Stack = [.. _stack],
                ArrivedAt = _arrivedAt,
                TunnelPort = _tunnelPort,
            }
        );

    private uint NextState()
    {
        IReadOnlyList<uint> given = _options.CtNext!;
        return _ctNext < given.Count ? given[_ctNext++] : CtStates.Tracked | CtStates.New;
    }

    private static readonly string[] StateNames = ["new", "est", "rel", "rpl", "inv", "trk", "snat", "dnat"];

    internal static string Describe(uint state)
    {
        List<string> names = [];
        for (int bit = 0; bit < StateNames.Length; bit++)
        {
            if ((state >> bit & 1) == 1)
                names.Add(StateNames[bit]);
        }
        return names.Count == 0 ? "untracked" : string.Join('|', names);
    }
}
