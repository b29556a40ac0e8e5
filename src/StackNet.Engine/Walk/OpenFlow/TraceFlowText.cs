using StackNet.Engine.Facts;
using StackNet.Engine.Facts.OpenFlow;

namespace StackNet.Engine.Walk.OpenFlow;

/// <summary>A packet described as ofproto/trace takes it.</summary>
/// <param name="InPort">Port name as given or looked up; null when the text names none or one that is not there.</param>
/// <param name="Packet">The frame.</param>
/// <param name="Metadata">Tunnel fields, registers, connection state: what is no part of the frame.</param>
/// <param name="Unknown">Parts that were not understood.</param>
internal sealed record TraceFlow(string? InPort, Packet Packet, FlowKey Metadata, IReadOnlyList<string> Unknown);

/// <summary>Flow syntax of ofproto/trace: "in_port=p1,dl_src=…,icmp,nw_src=…,icmp_type=8" (ovs-vswitchd(8), ofproto/trace).</summary>
internal static class TraceFlowText
{
    public static TraceFlow Parse(string text, SwitchBridge bridge)
    {
        Dictionary<string, int> names = [];
        foreach (SwitchPort port in bridge.PortsByName.Values)
            names[port.Name] = port.Number;
        FlowMatch match = FlowMatchText.Parse(FlowSyntax.Split(text, blanks: true), names);
        FlowKey key = new();
        foreach (MatchWord word in match.Words)
            key[word.Word] = word.Value;
        string? inPort = null;
        if (match.TryGet(FlowFields.InPort, out _, out _))
            inPort = bridge.Ports.TryGetValue(key.InPort, out SwitchPort? found) ? found.Name : null;
        return new TraceFlow(inPort, ToPacket(key), key, match.Unknown);
    }

    /// <summary>States of --ct-next: "trk,new".</summary>
    public static uint? ParseState(string text) =>
        FlowValues.TryFlags(text.Replace(',', '|'), ["new", "est", "rel", "rpl", "inv", "trk", "snat", "dnat"], out UInt128 value, out _)
            ? (uint)value
            : null;

    private static Packet ToPacket(FlowKey key)
    {
        Packet packet = new()
        {
            SourceMac = new Mac(key[FlowKey.EthSource]),
            DestinationMac = new Mac(key[FlowKey.EthDestination]),
            EtherType = key.EthType,
            Mark = key.PktMark,
            Ttl = 0,
        };
        for (int slot = 1; slot >= 0; slot--)
        {
            ushort tci = key.Tci(slot);
            if ((tci & 0x1000) != 0)
                packet.Vlans.Add(new VlanTag(tci & 0xfff, tci >> 13, key.Tpid(slot) == 0 ? EtherTypes.Vlan : key.Tpid(slot)));
        }
        ulong pair = key[FlowKey.Ip4];
        switch (key.EthType)
        {
            case EtherTypes.Arp:
            case 0x8035:
                packet.ArpOperation = key.Protocol;
                packet.ArpSenderIp = Ip.V4((uint)(pair >> 32));
                packet.ArpTargetIp = Ip.V4((uint)pair);
                packet.ArpSenderMac = new Mac(key[FlowKey.ArpSha]);
                packet.ArpTargetMac = new Mac(key[FlowKey.ArpTha]);
                return packet;
            case EtherTypes.Ip4:
                packet.Source = Ip.V4((uint)(pair >> 32));
                packet.Destination = Ip.V4((uint)pair);
                break;
            case EtherTypes.Ip6:
                packet.Source = Ip.V6(new UInt128(key[FlowKey.Ip6Source], key[FlowKey.Ip6Source + 1]));
                packet.Destination = Ip.V6(new UInt128(key[FlowKey.Ip6Destination], key[FlowKey.Ip6Destination + 1]));
                break;
            default:
                return packet;
        }
        packet.Protocol = key.Protocol;
        packet.Ttl = key.Ttl;
        packet.Tos = key.Tos;
        packet.MoreFragments = (key.Fragment & 1) != 0;
        packet.FragmentOffset = (key.Fragment & 2) != 0 ? 8 : 0;
        if (key.Protocol is IpProtocols.Icmp or IpProtocols.Icmp6)
        {
            packet.IcmpType = (byte)key.TransportSource;
            packet.IcmpCode = (byte)key.TransportDestination;
            packet.NdTarget = Ip.V6(new UInt128(key[FlowKey.NdTarget], key[FlowKey.NdTarget + 1]));
            packet.ArpSenderMac = new Mac(key[FlowKey.ArpSha]);
            packet.ArpTargetMac = new Mac(key[FlowKey.ArpTha]);
        }
        else
        {
            packet.SourcePort = key.TransportSource;
            packet.DestinationPort = key.TransportDestination;
            packet.TcpFlags = (TcpFlags)(byte)(key[FlowKey.Transport] >> 16);
        }
        return packet;
    }
}
