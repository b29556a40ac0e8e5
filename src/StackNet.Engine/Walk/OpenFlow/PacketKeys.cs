using StackNet.Engine.Facts;
using StackNet.Engine.Facts.OpenFlow;

namespace StackNet.Engine.Walk.OpenFlow;

/// <summary>A packet as the switch extracts it (lib/flow.c miniflow_extract), and changes of the extract put back into the packet.</summary>
internal static class PacketKeys
{
    /// <summary>Reads the header fields.</summary>
    /// <param name="packet">The frame.</param>
    /// <param name="key">Takes the header fields; the rest of it stays.</param>
    /// <param name="vlanLimit">Tags that are looked at (other_config:vlan-limit, 1 by default): behind them a tag is just an ethertype.</param>
    public static void Extract(Packet packet, FlowKey key, int vlanLimit)
    {
        for (int word = FlowKey.Types; word < FlowKey.Length; word++)
            key[word] = 0;
        key[FlowKey.EthSource] = packet.SourceMac.Value;
        key[FlowKey.EthDestination] = packet.DestinationMac.Value;
        int tags = packet.Vlans.Count;
        for (int slot = 0; slot < Math.Min(tags, vlanLimit); slot++)
        {
            VlanTag tag = packet.Vlans[tags - 1 - slot];
            key.SetTpid(slot, tag.Protocol);
            key.SetTci(slot, (ushort)((tag.Priority << 13) | 0x1000 | tag.Id));
        }
        if (tags > vlanLimit)
        {
            key.EthType = packet.Vlans[tags - 1 - vlanLimit].Protocol;
            return;
        }
        key.EthType = packet.EtherType;
        switch (packet.EtherType)
        {
            case EtherTypes.Arp:
            case 0x8035:
                key.Protocol = packet.ArpOperation <= 0xff ? (byte)packet.ArpOperation : (byte)0;
                key[FlowKey.Ip4] = ((ulong)packet.ArpSenderIp.Value << 32) | (uint)packet.ArpTargetIp.Value;
                key[FlowKey.ArpSha] = packet.ArpSenderMac.Value;
                key[FlowKey.ArpTha] = packet.ArpTargetMac.Value;
                break;
            case EtherTypes.Ip4:
                key[FlowKey.Ip4] = ((ulong)packet.Source.Value << 32) | (uint)packet.Destination.Value;
                Network(packet, key);
                break;
            case EtherTypes.Ip6:
                Wide(key, FlowKey.Ip6Source, packet.Source.Value);
                Wide(key, FlowKey.Ip6Destination, packet.Destination.Value);
                Network(packet, key);
                break;
        }
    }

    private static void Network(Packet packet, FlowKey key)
    {
        key.Protocol = packet.Protocol;
        key.Tos = packet.Tos;
        key.Ttl = packet.Ttl;
        if (packet.IsFragment)
            key.Fragment = (byte)(packet.FragmentOffset != 0 ? 3 : 1);
        if (packet.FragmentOffset != 0)
            return;
        switch (packet.Protocol)
        {
            case IpProtocols.Tcp:
                key.TransportSource = packet.SourcePort;
                key.TransportDestination = packet.DestinationPort;
                key[FlowKey.Transport] |= (ulong)(ushort)packet.TcpFlags << 16;
                break;
            case IpProtocols.Udp:
            case IpProtocols.Sctp:
                key.TransportSource = packet.SourcePort;
                key.TransportDestination = packet.DestinationPort;
                break;
            case IpProtocols.Icmp when packet.EtherType == EtherTypes.Ip4:
                key.TransportSource = packet.IcmpType;
                key.TransportDestination = packet.IcmpCode;
                break;
            case IpProtocols.Icmp6 when packet.EtherType == EtherTypes.Ip6:
                key.TransportSource = packet.IcmpType;
                key.TransportDestination = packet.IcmpCode;
                if (packet.IcmpType is 135 or 136)
                {
                    Wide(key, FlowKey.NdTarget, packet.NdTarget.Value);
                    key[FlowKey.ArpSha] = packet.ArpSenderMac.Value;
                    key[FlowKey.ArpTha] = packet.ArpTargetMac.Value;
                }
                break;
        }
    }

    private static void Wide(FlowKey key, int word, UInt128 value)
    {
        key[word] = (ulong)(value >> 64);
        key[word + 1] = (ulong)value;
    }

    private static UInt128 Wide(FlowKey key, int word) => new(key[word], key[word + 1]);

    /// <summary>Writes into the packet what differs between the two keys (xlate_commit_actions).</summary>
    public static void Apply(FlowKey before, FlowKey after, Packet packet)
    {
        if (before[FlowKey.EthSource] != after[FlowKey.EthSource])
            packet.SourceMac = new Mac(after[FlowKey.EthSource]);
        if (before[FlowKey.EthDestination] != after[FlowKey.EthDestination])
            packet.DestinationMac = new Mac(after[FlowKey.EthDestination]);
        if (before[FlowKey.Vlans] != after[FlowKey.Vlans])
            Tags(before, after, packet);
        if (before.PktMark != after.PktMark)
            packet.Mark = after.PktMark;
        if (before[FlowKey.Hash] >> 32 != after[FlowKey.Hash] >> 32)
            packet.Priority = (uint)(after[FlowKey.Hash] >> 32);
        switch (after.EthType)
        {
            case EtherTypes.Arp:
            case 0x8035:
                Arp(before, after, packet);
                return;
            case EtherTypes.Ip4:
                if (before[FlowKey.Ip4] >> 32 != after[FlowKey.Ip4] >> 32)
                    packet.Source = Ip.V4((uint)(after[FlowKey.Ip4] >> 32));
                if ((uint)before[FlowKey.Ip4] != (uint)after[FlowKey.Ip4])
                    packet.Destination = Ip.V4((uint)after[FlowKey.Ip4]);
                break;
            case EtherTypes.Ip6:
                if (Wide(before, FlowKey.Ip6Source) != Wide(after, FlowKey.Ip6Source))
                    packet.Source = Ip.V6(Wide(after, FlowKey.Ip6Source));
                if (Wide(before, FlowKey.Ip6Destination) != Wide(after, FlowKey.Ip6Destination))
                    packet.Destination = Ip.V6(Wide(after, FlowKey.Ip6Destination));
                break;
            default:
                return;
        }
        if (before.Tos != after.Tos)
            packet.Tos = after.Tos;
        if (before.Ttl != after.Ttl)
            packet.Ttl = after.Ttl;
        Transport(before, after, packet);
    }

    private static void Tags(FlowKey before, FlowKey after, Packet packet)
    {
        // Tags that the switch did not look at lie under those it did.
        int seen = ((before.Tci(0) & 0x1000) != 0 ? 1 : 0) + ((before.Tci(1) & 0x1000) != 0 ? 1 : 0);
        int keep = Math.Max(0, packet.Vlans.Count - seen);
        packet.Vlans.RemoveRange(keep, packet.Vlans.Count - keep);
        for (int slot = 1; slot >= 0; slot--)
        {
            ushort tci = after.Tci(slot);
            if ((tci & 0x1000) != 0)
                packet.Vlans.Add(new VlanTag(tci & 0xfff, tci >> 13, after.Tpid(slot) == 0 ? EtherTypes.Vlan : after.Tpid(slot)));
        }
    }

    private static void Arp(FlowKey before, FlowKey after, Packet packet)
    {
        if (before.Protocol != after.Protocol)
            packet.ArpOperation = after.Protocol;
        if (before[FlowKey.Ip4] >> 32 != after[FlowKey.Ip4] >> 32)
            packet.ArpSenderIp = Ip.V4((uint)(after[FlowKey.Ip4] >> 32));
        if ((uint)before[FlowKey.Ip4] != (uint)after[FlowKey.Ip4])
            packet.ArpTargetIp = Ip.V4((uint)after[FlowKey.Ip4]);
        if (before[FlowKey.ArpSha] != after[FlowKey.ArpSha])
            packet.ArpSenderMac = new Mac(after[FlowKey.ArpSha]);
        if (before[FlowKey.ArpTha] != after[FlowKey.ArpTha])
            packet.ArpTargetMac = new Mac(after[FlowKey.ArpTha]);
    }

    private static void Transport(FlowKey before, FlowKey after, Packet packet)
    {
        bool icmp = packet.Protocol is IpProtocols.Icmp or IpProtocols.Icmp6;
        if (before.TransportSource != after.TransportSource)
        {
            if (icmp)
                packet.IcmpType = (byte)after.TransportSource;
            else
                packet.SourcePort = after.TransportSource;
        }
        if (before.TransportDestination != after.TransportDestination)
        {
            if (icmp)
                packet.IcmpCode = (byte)after.TransportDestination;
            else
                packet.DestinationPort = after.TransportDestination;
        }
        if (Wide(before, FlowKey.NdTarget) != Wide(after, FlowKey.NdTarget))
            packet.NdTarget = Ip.V6(Wide(after, FlowKey.NdTarget));
        if (packet.Protocol == IpProtocols.Icmp6)
        {
            if (before[FlowKey.ArpSha] != after[FlowKey.ArpSha])
                packet.ArpSenderMac = new Mac(after[FlowKey.ArpSha]);
            if (before[FlowKey.ArpTha] != after[FlowKey.ArpTha])
                packet.ArpTargetMac = new Mac(after[FlowKey.ArpTha]);
        }
    }
}
