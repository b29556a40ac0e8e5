using StackNet.Engine.Facts;
using StackNet.Engine.Walk.OpenFlow;

namespace StackNet.Engine.Walk.Devices;

/// <summary>Answers Open vSwitch's questions about the kernel devices behind its ports.</summary>
internal sealed class SwitchDevices(NodeMachine node) : ISwitchDevices
{
    public LinkState StateOf(string bridge, string port)
    {
        if (node.OvsDevices.TryGetValue(port, out Device? device))
            return device.State;
        return LinkState.Unknown;
    }

    public int? MtuOf(string bridge, string port) =>
        node.OvsDevices.TryGetValue(port, out Device? device) && device.Mtu > 0 ? device.Mtu : null;
}
