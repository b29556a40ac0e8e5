using StackNet.Engine.Walk.Bridging;
using StackNet.Engine.Walk.Devices;

namespace StackNet.Engine.Walk;

/// <summary>VLAN filtering of Linux bridges (net/bridge/br_vlan.c).</summary>
internal sealed partial class Walker
{
    /// <summary>br_allowed_ingress: the VLAN a frame belongs to, and whether its port may send it.</summary>
    private bool AllowedIngress(BridgeModel bridge, PortVlans vlans, Device device, Frame frame, out int vlan)
    {
        vlan = 0;
        if (!bridge.Facts.VlanFiltering)
            return true;
        if (!vlans.WasRead && device.Net.Facts.BridgeVlans is null)
        {
            Unknown(device.Net, device.Name, frame.Packet, $"{bridge.Device.Name} filters VLANs and those of {device} were not read");
            return false;
        }
        Packet packet = frame.Packet;
        int tagged = packet.Vlans.Count > 0 ? packet.Vlans[^1].Id : 0;
        if (tagged == 0)
        {
            if (vlans.Pvid == 0)
            {
                Drop(device.Net, device.Name, frame, PacketReason.VlanMismatch, because: $"{device} takes no untagged frames (no PVID)");
                return false;
            }
            vlan = vlans.Pvid;
            // A priority tag becomes the port's VLAN; an untagged frame is tagged inside the bridge.
            if (packet.Vlans.Count > 0)
                packet.Vlans[^1] = packet.Vlans[^1] with { Id = vlan };
            else
                packet.Vlans.Add(new VlanTag(vlan));
            return true;
        }
        vlan = tagged;
        if (vlans.Contains(tagged))
            return true;
        Drop(device.Net, device.Name, frame, PacketReason.VlanMismatch, because: $"{device} is not in VLAN {tagged}");
        return false;
    }

    /// <summary>br_allowed_egress and br_handle_vlan: members only; untagged members lose the tag.</summary>
    private bool AllowedEgress(BridgePort port, Frame frame, int vlan)
    {
        if (!port.Bridge.Facts.VlanFiltering)
            return true;
        Device device = port.Device;
        if (!port.Vlans.Contains(vlan))
        {
            Drop(device.Net, device.Name, frame, PacketReason.VlanMismatch, because: $"{device} is not in VLAN {vlan}");
            return false;
        }
        if (port.Vlans.LeavesUntagged(vlan) && frame.Packet.Vlans.Count > 0)
            frame.Packet.Vlans.RemoveAt(frame.Packet.Vlans.Count - 1);
        return true;
    }
}
