using StackNet.Engine.Facts;
using StackNet.Engine.Facts.OpenFlow;

namespace StackNet.Engine.Walk.OpenFlow;

/// <summary>A bridge made ready for packets: ports by number and name, flow tables, groups, learned addresses.</summary>
internal sealed class SwitchBridge
{
    private readonly Lazy<Pipeline> _pipeline;

    public SwitchBridge(OvsBridgeFacts facts)
    {
        Facts = facts;
        Dictionary<string, OpenFlowPort> described = [];
        Dictionary<int, OpenFlowPort> numbered = [];
        foreach (OpenFlowPort port in facts.OpenFlowPorts ?? [])
        {
            described[port.Number == OpenFlowPorts.Local ? facts.Name : port.Name] = port;
            numbered[port.Number] = port;
        }
        foreach (OvsPortFacts port in facts.Ports)
        {
            SwitchBundle bundle = new(port);
            Bundles.Add(bundle);
            foreach (OvsInterfaceFacts link in port.Interfaces)
                AddPort(bundle, port, link, described.GetValueOrDefault(link.Name) ?? Shortened(numbered, link));
        }
        _pipeline = new Lazy<Pipeline>(() => new Pipeline(this));
        foreach (OvsFdbEntry entry in facts.Fdb ?? [])
        {
            if (Ports.TryGetValue((ushort)entry.Port, out SwitchPort? port))
                Fdb[(entry.Vlan, entry.Mac)] = port.Bundle;
        }
    }

    public OvsBridgeFacts Facts { get; }
    public string Name => Facts.Name;

    /// <summary>True when vswitchd itself carries packets: then it tracks connections and encapsulates on its own.</summary>
    public bool IsUserspace => Facts.DatapathType is "netdev" or "dummy";

    /// <summary>Nothing but patches and tunnels: br-tun drops what no tunnel takes, as a matter of course.</summary>
    public bool IsTunnelOnly => PortsByName.Values.All(port => port.IsLocal || port.IsPatch || port.IsTunnel);
    public List<SwitchBundle> Bundles { get; } = [];
    public Dictionary<ushort, SwitchPort> Ports { get; } = [];
    public Dictionary<string, SwitchPort> PortsByName { get; } = [];

    /// <summary>Interfaces of which nobody said whether the switch has them.</summary>
    public HashSet<string> Unnumbered { get; } = [];
    public Dictionary<(int Vlan, Mac Mac), SwitchBundle> Fdb { get; } = [];
    public FlowTable?[] Tables => _pipeline.Value.Tables;
    public Dictionary<uint, FlowGroup> Groups => _pipeline.Value.Groups;

    /// <summary>A line of the dump that is no flow: any lookup might have met it.</summary>
    public string? Broken => _pipeline.Value.Broken;
    public bool HasFlows => _pipeline.Value.Count > 0;

    // OpenFlow before 1.4 has room for 15 letters of a name.
    private static OpenFlowPort? Shortened(Dictionary<int, OpenFlowPort> numbered, OvsInterfaceFacts link) =>
        link.OfPort is { } number
        && numbered.TryGetValue(number, out OpenFlowPort? port)
        && port.Name.Length == 15
        && link.Name.StartsWith(port.Name, StringComparison.Ordinal)
            ? port
            : null;

    private void AddPort(SwitchBundle bundle, OvsPortFacts port, OvsInterfaceFacts link, OpenFlowPort? described)
    {
        int number = described?.Number ?? (link.Name == Name ? OpenFlowPorts.Local : link.OfPort ?? -1);
        // A capture may lack the column (ovs-vsctl show has none): then the port may well be there.
        if (number == -1 && link.OfPort is null && string.IsNullOrEmpty(link.Error) && Facts.OpenFlowPorts is not { Count: > 0 })
        {
            Unnumbered.Add(link.Name);
            return;
        }
        // Without a number the datapath has no such port; the error column says why. What "ovs-ofctl show" lists is there.
        if (number is < 1 or > OpenFlowPorts.Local)
            return;
        if (described is null && (Facts.OpenFlowPorts is { Count: > 0 } || link.OfPort is -1 || !string.IsNullOrEmpty(link.Error)))
            return;
        string config = described?.Config ?? "";
        string stp = port.Status.GetValueOrDefault("stp_state") ?? port.Status.GetValueOrDefault("rstp_port_state") ?? "";
        SwitchPort made = new()
        {
            Bridge = this,
            Number = (ushort)number,
            Name = link.Name,
            Facts = link,
            Bundle = bundle,
            NoReceive = Has(config, "NO_RECV"),
            NoForward = Has(config, "NO_FWD"),
            NoFlood = Has(config, "NO_FLOOD"),
            SeemsAlive = described is not null
                ? !Has(config, "PORT_DOWN") && !Has(described.State, "LINK_DOWN")
                : link.AdminState != "down" && link.LinkState != "down",
            StpState = stp,
            StpForwards = IsStpState(stp, "forwarding", "disabled"),
            StpLearns = IsStpState(stp, "learning"),
        };
        bundle.Members.Add(made);
        Ports.TryAdd(made.Number, made);
        PortsByName.TryAdd(made.Name, made);
    }

    private bool IsStpState(string state, params ReadOnlySpan<string> names)
    {
        if (!Facts.StpEnabled && !Facts.RstpEnabled)
            return names.Length > 1;
        if (state.Length == 0)
            return names.Length > 1;
        foreach (string name in names)
        {
            if (string.Equals(name, state, StringComparison.OrdinalIgnoreCase))
                return true;
        }
        return false;
    }

    private static bool Has(string words, string word) => words.Split(' ').Contains(word);

    public override string ToString() => Name;

    private sealed class Pipeline
    {
        public Pipeline(SwitchBridge bridge)
        {
            Dictionary<string, int> names = [];
            foreach (SwitchPort port in bridge.PortsByName.Values)
                names[port.Name] = port.Number;
            // Dumps with names use the shortened ones.
            foreach (OpenFlowPort port in bridge.Facts.OpenFlowPorts ?? [])
                names.TryAdd(port.Name, port.Number);
            string[] lines = [.. (bridge.Facts.Flows ?? []).Where(line => !FlowText.IsHeader(line))];
            Flow[] flows = new Flow[lines.Length];
            // Tens of thousands of flows stand on a node with the native firewall.
            if (lines.Length > 4000)
                Parallel.For(0, lines.Length, i => flows[i] = FlowText.Parse(lines[i], names));
            else
                for (int i = 0; i < lines.Length; i++)
                    flows[i] = FlowText.Parse(lines[i], names);
            Count = flows.Length;
            Broken = Array.Find(flows, flow => flow.Broken)?.Text;
            foreach (IGrouping<byte, Flow> table in flows.Where(flow => !flow.Broken).GroupBy(flow => flow.Table))
                Tables[table.Key] = new FlowTable(table);
            foreach (string line in bridge.Facts.Groups ?? [])
            {
                if (GroupText.Parse(line, names) is { } group)
                    Groups[group.Id] = group;
            }
        }

        public int Count { get; }
        public string? Broken { get; }
        public FlowTable?[] Tables { get; } = new FlowTable?[256];
        public Dictionary<uint, FlowGroup> Groups { get; } = [];
    }
}
