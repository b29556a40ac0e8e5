using StackNet.Engine.Topology;

namespace StackNet.Binding;

/// <summary>Completes names of instances.</summary>
public sealed class InstanceCompleter : NodeNameCompleter
{
    private protected override IEnumerable<(string Name, string? Tip)> Names(ComputeNode node) =>
        NodeNouns.Instances(node).Select(i => (i.Instance, (string?)$"{string.Join(", ", (object[])i.Address)} {i.InstanceId}"));
}

/// <summary>Completes names of network namespaces.</summary>
public sealed class NamespaceCompleter : NodeNameCompleter
{
    private protected override IEnumerable<(string Name, string? Tip)> Names(ComputeNode node) =>
        node.Namespaces.Prepend("(root)").Select(n => (n, (string?)node.ComputerName));
}

/// <summary>Completes what namespaces are for.</summary>
public sealed class RoleCompleter : NodeNameCompleter
{
    private protected override IEnumerable<(string Name, string? Tip)> Names(ComputeNode node) =>
        NodeNouns.NetworkNamespaces(node).Select(n => (n.Role, (string?)n.Namespace));
}

/// <summary>Completes names of devices of all namespaces.</summary>
public sealed class DeviceCompleter : NodeNameCompleter
{
    private protected override IEnumerable<(string Name, string? Tip)> Names(ComputeNode node) =>
        node.Facts.Namespaces.SelectMany(n =>
            (n.Links ?? []).Select(l => (l.Name, (string?)(n.Name.Length == 0 ? l.Kind : $"{l.Kind} {n.Name}")))
        );
}

/// <summary>Completes names of taps.</summary>
public sealed class TapCompleter : NodeNameCompleter
{
    private protected override IEnumerable<(string Name, string? Tip)> Names(ComputeNode node) =>
        NodeNouns.TapDevices(node).Select(t => (t.Device, t.Instance));
}

/// <summary>Completes names of bridges that taps are in.</summary>
public sealed class TapBridgeCompleter : NodeNameCompleter
{
    private protected override IEnumerable<(string Name, string? Tip)> Names(ComputeNode node) =>
        NodeNouns.TapDevices(node).Select(t => (t.Bridge ?? "", (string?)t.Device));
}

/// <summary>Completes names of both ends of veth pairs.</summary>
public sealed class VethCompleter : NodeNameCompleter
{
    private protected override IEnumerable<(string Name, string? Tip)> Names(ComputeNode node) =>
        NodeNouns.VethPairs(node).SelectMany(v => new[] { (v.Device, (string?)v.ToString()), (v.PeerDevice ?? "", v.ToString()) });
}

/// <summary>Completes names of Linux bridges.</summary>
public sealed class LinuxBridgeCompleter : NodeNameCompleter
{
    private protected override IEnumerable<(string Name, string? Tip)> Names(ComputeNode node) =>
        NodeNouns.LinuxBridges(node).Select(b => (b.Bridge, (string?)$"{b.Port.Length} ports {b.Instance}"));
}

/// <summary>Completes names of ports of Open vSwitch.</summary>
public sealed class OvsPortCompleter : NodeNameCompleter
{
    private protected override IEnumerable<(string Name, string? Tip)> Names(ComputeNode node) =>
        NodeNouns.OvsPorts(node).Select(p => (p.Device, (string?)$"{p.Bridge} {p.Instance}"));
}

/// <summary>Completes names of Open vSwitch bridges.</summary>
public sealed class OvsBridgeCompleter : NodeNameCompleter
{
    private protected override IEnumerable<(string Name, string? Tip)> Names(ComputeNode node) =>
        NodeNouns.OvsBridges(node).Select(b => (b.Bridge, (string?)$"{b.Port.Length} ports"));
}

/// <summary>Completes floating addresses.</summary>
public sealed class FloatingAddressCompleter : NodeNameCompleter
{
    private protected override IEnumerable<(string Name, string? Tip)> Names(ComputeNode node) =>
        NodeNouns.FloatingIps(node).Select(f => (f.FloatingAddress.ToString(), f.Instance));
}

/// <summary>Completes addresses that instances have: what one of them may be asked to reach.</summary>
public sealed class DestinationCompleter : NodeNameCompleter
{
    private protected override IEnumerable<(string Name, string? Tip)> Names(ComputeNode node)
    {
        foreach (ComputeInstance instance in NodeNouns.Instances(node))
        {
            foreach (System.Net.IPAddress address in instance.Address)
                yield return (address.ToString(), instance.Instance);
            foreach (System.Net.IPAddress address in instance.FloatingAddress)
                yield return (address.ToString(), $"{instance.Instance} (floating)");
        }
    }
}
