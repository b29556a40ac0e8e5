using StackNet.Engine.Facts;

namespace StackNet.Engine.Tests.Causes.Faults;

internal static partial class FactsEdit
{
    public static NodeFacts Bridge(this NodeFacts facts, string bridge, Func<OvsBridgeFacts, OvsBridgeFacts> change) =>
        facts with
        {
            Ovs = facts.Ovs! with { Bridges = [.. facts.Ovs.Bridges.Select(b => b.Name == bridge ? change(b) : b)] },
        };

    /// <summary>A port changes: what was learned on it is forgotten (bundle_set flushes).</summary>
    public static NodeFacts SwitchPort(this NodeFacts facts, string port, Func<OvsPortFacts, OvsPortFacts> change) =>
        facts with
        {
            Ovs = facts.Ovs! with
            {
                Bridges =
                [
                    .. facts.Ovs.Bridges.Select(b =>
                        b with
                        {
                            Ports = [.. b.Ports.Select(p => p.Name == port ? change(p) : p)],
                            Fdb = b.Fdb is null
                                ? null
                                : [.. b.Fdb.Where(e => !b.Ports.Any(p => p.Name == port && p.Interfaces.Any(i => i.OfPort == e.Port)))],
                        }
                    ),
                ],
            },
        };

    public static NodeFacts Interface(this NodeFacts facts, string name, Func<OvsInterfaceFacts, OvsInterfaceFacts> change) =>
        facts.SwitchPort(name, p => p with { Interfaces = [.. p.Interfaces.Select(change)] });

    /// <summary>ovs-vsctl del-port.</summary>
    public static NodeFacts NoSwitchPort(this NodeFacts facts, string port) =>
        facts with
        {
            Ovs = facts.Ovs! with
            {
                Bridges =
                [
                    .. facts.Ovs.Bridges.Select(b =>
                        b with
                        {
                            Ports = [.. b.Ports.Where(p => p.Name != port)],
                            OpenFlowPorts = b.OpenFlowPorts is null ? null : [.. b.OpenFlowPorts.Where(p => p.Name != port)],
                        }
                    ),
                ],
            },
        };

    /// <summary>ovs-ofctl del-flows: the flows that hold all the words.</summary>
    public static NodeFacts NoFlow(this NodeFacts facts, string bridge, params string[] words)
    {
        int before = facts.Ovs!.Bridges.Single(b => b.Name == bridge).Flows!.Count;
        NodeFacts changed = facts.Bridge(
            bridge,
            b => b with { Flows = [.. b.Flows!.Where(f => !words.All(w => f.Contains(w, StringComparison.Ordinal)))] }
        );
        return changed.Ovs!.Bridges.Single(b => b.Name == bridge).Flows!.Count < before
            ? changed
            : throw new InvalidOperationException($"no flow of {bridge} holds {string.Join(" + ", words)}");
    }

    public static NodeFacts AddFlow(this NodeFacts facts, string bridge, string flow) =>
        facts.Bridge(bridge, b => b with { Flows = [.. b.Flows!, flow] });
}
