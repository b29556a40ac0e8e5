using StackNet.Engine.Walk.Devices;

namespace StackNet.Engine.Walk;

/// <summary>IPv6 at the node's own stack. Bridging and switching carry it like any frame; routing it is not modelled and says so.</summary>
internal sealed partial class Walker
{
    private void Ip6Receive(Device device, Frame frame)
    {
        Packet packet = frame.Packet;
        if (packet.Type == PacketType.OtherHost)
        {
            NotForUs(device, frame, $"the frame is for {packet.DestinationMac}, not for {device} ({device.Mac})");
            return;
        }
        if (device.Settings.Disabled6.IsOn)
        {
            NotForUs(device, frame, device.Settings.Disabled6.ToString());
            return;
        }
        // Group frames of IPv6 reach every stack that a flood reaches: only one that is meant for this device decides anything.
        if (packet.Type != PacketType.Host)
        {
            NotForUs(device, frame, "a multicast of IPv6");
            return;
        }
        Unknown(device.Net, device.Name, packet, $"IPv6 routing of {device.Net} is not modelled");
    }
}
