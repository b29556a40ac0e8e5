using System.Management.Automation;
using StackNet.Binding;
using StackNet.Engine.Causes;
using StackNet.Engine.Facts;

namespace StackNet.Commands;

/// <summary>Shows hop by hop what happens to a packet of an instance, both ways.</summary>
[Cmdlet(VerbsDiagnostic.Trace, "InstancePacket")]
[OutputType(typeof(PacketTrace))]
public sealed class TraceInstancePacketCommand : ProbeCommand
{
    /// <summary>Who asks, when the way in is traced.</summary>
    [Parameter]
    [ArgumentCompleter(typeof(DestinationCompleter))]
    public string? Source { get; set; }

    /// <summary>Trace the way in, as Test-InstanceIngress does.</summary>
    [Parameter]
    public SwitchParameter Ingress { get; set; }

    /// <summary>A trace that is there already: results of the Test cmdlets bring the one of their very packet.</summary>
    [Parameter(ValueFromPipelineByPropertyName = true, DontShow = true)]
    [AllowNull]
    public PacketTrace? Trace { get; set; }

    /// <inheritdoc />
    protected override void BeginProcessing()
    {
        base.BeginProcessing();
        RequireAddress(Source);
    }

    private protected override TraceKeeping Traces => TraceKeeping.Now;

    private protected override void Probe(ComputeNode node, IReadOnlyList<string> instances, IReadOnlyList<Ip> destinations)
    {
        if (Trace is not null)
            WriteObject(Trace);
        else if (Ingress || Source is not null)
            WriteTraces(node, IngressTest.Run(node, Incoming(instances, destinations, Source), Token));
        else
            WriteTraces(node, EgressTest.Run(node, Outgoing(instances, destinations), Token));
    }

    private void WriteTraces(ComputeNode node, IEnumerable<ConnectivityResult> results) =>
        WriteEach($"Tracing {node.ComputerName}", results.Select(r => r.Trace).OfType<PacketTrace>(), t => t.Instance ?? "");
}
