using StackNet.Engine.Facts;
using StackNet.Engine.Walk.Devices;
using StackNet.Engine.Walk.OpenFlow;

namespace StackNet.Engine.Walk;

/// <summary>
/// One node's kernel and switch, compiled from its facts: what <see cref="Arrive"/> and <see cref="SendLocal"/> carry frames through.
/// Immutable; what packets leave behind is in the <see cref="WalkState"/>.
/// </summary>
internal sealed partial class NodeMachine
{
    private readonly Dictionary<string, NamespaceMachine> _namespaces = new(StringComparer.Ordinal);
    private readonly Lazy<SwitchMachine?> _switch;

    private NodeMachine(NodeFacts facts)
    {
        Facts = facts;
        foreach (NamespaceFacts ns in facts.Namespaces)
            _namespaces.TryAdd(ns.Name, new NamespaceMachine(this, ns));
        SwitchUnread = facts.Ovs is null && facts.Unread.Any(u => u.Source.StartsWith("ovs", StringComparison.Ordinal));
        DeviceTable.Build(this);
        SwitchDevices = new SwitchDevices(this);
        _switch = new(() => facts.Ovs is null ? null : SwitchMachine.Compile(facts.Ovs));
    }

    public NodeFacts Facts { get; }
    public IReadOnlyCollection<NamespaceMachine> Namespaces => _namespaces.Values;

    /// <summary>Open vSwitch; null when the node has none (or it was not read, see <see cref="NodeFacts.Unread"/>).</summary>
    public SwitchMachine? Switch => _switch.Value;
    public SwitchDevices SwitchDevices { get; }

    /// <summary>
    /// There may be a switch whose ports are not known: with its userspace datapath nothing in the kernel's own listing tells them from
    /// other devices.
    /// </summary>
    public bool SwitchUnread { get; }

    /// <summary>Kernel devices of Open vSwitch ports, by port name.</summary>
    public Dictionary<string, Device> OvsDevices { get; } = new(StringComparer.Ordinal);

    /// <summary>The machine of a node, compiled once.</summary>
    public static NodeMachine For(ComputeNode node) =>
        (NodeMachine)node.Derived.GetOrAdd(typeof(NodeMachine), static (_, n) => Compile(n.Facts), node);

    public static NodeMachine Compile(NodeFacts facts) => new(facts);

    public NamespaceMachine? Namespace(string name) => _namespaces.GetValueOrDefault(name);

    public Device? Find(string ns, string device) => Namespace(ns)?.Devices.GetValueOrDefault(device);

    /// <summary>The far end of a device (veth), or null.</summary>
    public (Device? Peer, PeerKnowledge Knowledge) PeerOf(string ns, string device) =>
        Find(ns, device) is { } found ? (found.Peer, found.PeerKnowledge) : (null, PeerKnowledge.Unknown);

    /// <summary>A frame comes in on a device from outside: sent by the guest of a tap, or from the wire of a NIC.</summary>
    public WalkOutcome Arrive(string ns, string device, Packet packet, WalkState state, bool trace)
    {
        Walker walker = new(this, state, trace);
        if (Namespace(ns) is not { } net)
            walker.Unknown(null, device, packet, $"namespace {ns} was not read");
        else if (net.Facts.Links is null)
            walker.Unknown(net, device, packet, $"the devices of {net} were not read");
        else if (!net.Devices.TryGetValue(device, out Device? found))
            walker.Drop(net, device, new Frame(packet), PacketReason.NotConnected, because: $"there is no device {device} in {net}");
        else
            walker.FromOutside(found, new Frame(packet));
        return walker.Finish();
    }

    /// <summary>
    /// The node itself sends a packet from a namespace: routing (source selection when the source is 0.0.0.0), OUTPUT, POSTROUTING and
    /// out. <paramref name="outDevice"/> binds it to a device (SO_BINDTODEVICE).
    /// </summary>
    public WalkOutcome SendLocal(string ns, Packet packet, WalkState state, bool trace, string? outDevice = null)
    {
        Walker walker = new(this, state, trace);
        if (Namespace(ns) is { } net)
            walker.SendFromSocket(net, new Frame(packet), outDevice);
        else
            walker.Unknown(null, "", packet, $"namespace {ns} was not read");
        return walker.Finish();
    }

    /// <summary>Puts a frame out of a device as it is (answers of REJECT rules on bridged frames).</summary>
    public WalkOutcome Transmit(string ns, string device, Packet packet, WalkState state, bool trace)
    {
        Walker walker = new(this, state, trace);
        if (Find(ns, device) is { } found)
            walker.Transmit(found, new Frame(packet));
        else
            walker.Unknown(Namespace(ns), device, packet, $"device {device} was not read");
        return walker.Finish();
    }

    /// <summary>Carries on with a packet that an earlier walk made the node send.</summary>
    public WalkOutcome Carry(EmittedPacket emitted, WalkState state, bool trace) =>
        emitted.OutOfDevice
            ? Transmit(emitted.Namespace, emitted.Device, emitted.Packet.Clone(), state, trace)
            : SendLocal(emitted.Namespace, emitted.Packet.Clone(), state, trace);
}
