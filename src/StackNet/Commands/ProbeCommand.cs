using System.Management.Automation;
using StackNet.Binding;
using StackNet.Engine.Causes;
using StackNet.Engine.Facts;
using StackNet.Engine.Topology;

namespace StackNet.Commands;

/// <summary>A cmdlet that walks a packet of instances: what is sent, and between whom.</summary>
public abstract class ProbeCommand : NodeCommand
{
    private NameFilter? _typedInstances;

    /// <summary>Nodes, objects read from one, or paths of captures.</summary>
    [Parameter(Position = 0, ValueFromPipeline = true, ValueFromPipelineByPropertyName = true)]
    [NodeTransformation]
    public ComputeNode[]? Node { get; set; }

    /// <summary>Instances: name, uuid or port id.</summary>
    [Parameter(Position = 1, ValueFromPipelineByPropertyName = true)]
    [SupportsWildcards]
    [AllowNull]
    [ArgumentCompleter(typeof(InstanceCompleter))]
    [Alias("InstanceName", "Uuid")]
    public string?[]? Instance { get; set; }

    /// <summary>nova uuid, which tells instances of one name apart.</summary>
    [Parameter(ValueFromPipelineByPropertyName = true)]
    [AllowNull]
    public string? InstanceId { get; set; }

    /// <summary>Addresses to reach.</summary>
    [Parameter(ValueFromPipelineByPropertyName = true)]
    [ArgumentCompleter(typeof(DestinationCompleter))]
    public string?[]? Destination { get; set; }

    /// <summary>Icmp, Tcp or Udp.</summary>
    [Parameter(ValueFromPipelineByPropertyName = true)]
    public ProbeProtocol Protocol { get; set; }

    /// <summary>Destination port.</summary>
    [Parameter(ValueFromPipelineByPropertyName = true)]
    [Alias("DestinationPort")]
    [ValidatePort]
    public int? Port { get; set; }

    /// <summary>Payload in bytes, as in ping -s.</summary>
    [Parameter]
    [ValidateRange(0, 65507)]
    public int Size { get; set; } = 56;

    /// <summary>Set the don't-fragment bit.</summary>
    [Parameter]
    public SwitchParameter DontFragment { get; set; }

    /// <summary>The outside has a route to the instances' own network.</summary>
    [Parameter]
    public SwitchParameter RoutedSource { get; set; }

    private protected sealed override ComputeNode[]? Nodes => Node;

    private protected virtual TraceKeeping Traces => TraceKeeping.OnDemand;

    /// <inheritdoc />
    protected override void BeginProcessing()
    {
        base.BeginProcessing();
        if (Port is { } port && Protocol == ProbeProtocol.Icmp && IsTyped(nameof(Port)))
            ThrowTerminatingError(Errors.PortWithoutProtocol(port));
        foreach (string? text in Destination ?? [])
            RequireAddress(text ?? "");
    }

    private protected sealed override void Process(ComputeNode node)
    {
        if (Chosen(node) is not { } instances)
            return;
        List<Ip> destinations = [];
        foreach (string text in (Destination ?? []).OfType<string>())
        {
            if (Ip.TryParse(text, out Ip address))
                destinations.Add(address);
            else
                WriteError(Errors.InvalidAddress(text));
        }
        Probe(node, instances, destinations);
    }

    /// <summary>Walks the packets on one node.</summary>
    /// <param name="node">The node.</param>
    /// <param name="instances">Ids of the instances; empty means all.</param>
    /// <param name="destinations">Addresses; empty means the default one.</param>
    private protected abstract void Probe(ComputeNode node, IReadOnlyList<string> instances, IReadOnlyList<Ip> destinations);

    /// <summary>The packet that was asked for, sent by the instances.</summary>
    private protected EgressRequest Outgoing(IReadOnlyList<string> instances, IReadOnlyList<Ip> destinations) =>
        new()
        {
            Instances = instances,
            Destinations = destinations,
            Protocol = Protocol,
            Port = Port,
            Size = Size,
            DontFragment = DontFragment,
            RoutedSource = RoutedSource,
            Trace = Traces,
        };

    /// <summary>The packet that was asked for, sent to the instances.</summary>
    private protected IngressRequest Incoming(IReadOnlyList<string> instances, IReadOnlyList<Ip> destinations, string? source) =>
        new()
        {
            Instances = instances,
            Source = source is null ? null : Ip.Parse(source),
            Destinations = destinations,
            Protocol = Protocol,
            Port = Port,
            Size = Size,
            DontFragment = DontFragment,
            RoutedSource = RoutedSource,
            Trace = Traces,
        };

    /// <summary>Ends the command when an address that was typed is none.</summary>
    private protected void RequireAddress(string? text)
    {
        if (text is not null && !Ip.TryParse(text, out _))
            ThrowTerminatingError(Errors.InvalidAddress(text));
    }

    /// <inheritdoc />
    protected override void EndProcessing()
    {
        foreach (string name in _typedInstances?.Missing ?? [])
            WriteError(Errors.InstanceNotFound(name));
    }

    /// <summary>Ids of the instances that are meant; empty means all, null none.</summary>
    private List<string>? Chosen(ComputeNode node)
    {
        bool typed = IsTyped(nameof(Instance));
        if (Instance is null && InstanceId is null)
        {
            // A tap or a port without an instance came down the pipeline: testing all of the node is not what was asked.
            if (!typed && MyInvocation.BoundParameters.ContainsKey(nameof(Instance)))
            {
                WriteError(Errors.NoInstance(node));
                return null;
            }
            return [];
        }
        NameFilter names = typed ? _typedInstances ??= new NameFilter(Instance) : new NameFilter(Instance, literal: true);
        NameFilter id = new(InstanceId is null ? null : [InstanceId], literal: true);
        List<string> chosen = [];
        foreach (ComputeInstance instance in NodeNouns.Instances(node))
        {
            string?[] ports = [.. instance.Port.Select(p => p.PortId)];
            bool wanted = names.Matches([instance.Instance, instance.InstanceId, instance.DomainName, .. ports]);
            if (wanted && (InstanceId is null || id.Matches(instance.InstanceId)))
                chosen.Add(instance.InstanceId ?? ports.FirstOrDefault(p => p is not null) ?? instance.Instance);
        }
        return chosen.Count == 0 ? null : chosen;
    }
}
