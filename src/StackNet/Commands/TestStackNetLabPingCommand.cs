using System.Management.Automation;
using System.Net;
using StackNet.Binding;
using StackNet.Engine.Facts;
using StackNet.Engine.Labs;

namespace StackNet.Commands;

/// <summary>Sends real packets from guests of labs and says whether an answer came.</summary>
[Cmdlet(VerbsDiagnostic.Test, "StackNetLabPing")]
[OutputType(typeof(LabPing))]
public sealed class TestStackNetLabPingCommand : LabCommand
{
    /// <summary>Labs, with wildcards; all when left out.</summary>
    [Parameter(Position = 0, ValueFromPipelineByPropertyName = true)]
    [SupportsWildcards]
    [Alias("Lab")]
    [ArgumentCompleter(typeof(LabCompleter))]
    public string[]? Name { get; set; }

    /// <summary>Guests that send, with wildcards; all when left out.</summary>
    [Parameter(Position = 1)]
    [SupportsWildcards]
    [ArgumentCompleter(typeof(LabInstanceCompleter))]
    public string[]? Instance { get; set; }

    /// <summary>Addresses; the internet host of the lab when left out.</summary>
    [Parameter]
    public string[]? Destination { get; set; }

    /// <summary>Icmp, Tcp or Udp.</summary>
    [Parameter]
    public ProbeProtocol Protocol { get; set; }

    /// <summary>Destination port.</summary>
    [Parameter]
    [ValidatePort]
    public int? Port { get; set; }

    /// <summary>Payload in bytes, as in ping -s.</summary>
    [Parameter]
    [ValidateRange(0, 65507)]
    public int Size { get; set; } = 56;

    /// <summary>Set the don't-fragment bit.</summary>
    [Parameter]
    public SwitchParameter DontFragment { get; set; }

    /// <inheritdoc />
    protected override void BeginProcessing()
    {
        if (Port is { } port && Protocol == ProbeProtocol.Icmp)
            ThrowTerminatingError(Errors.PortWithoutProtocol(port));
        foreach (string text in Destination ?? [])
        {
            if (!Ip.TryParse(text, out _))
                ThrowTerminatingError(Errors.InvalidAddress(text));
        }
    }

    /// <inheritdoc />
    protected override void ProcessRecord()
    {
        foreach (Lab lab in LabNames.Find(this, Name))
        {
            NameFilter filter = new(Instance);
            foreach (LabInstance instance in lab.Instance.Where(i => filter.Matches(i.Name, i.InstanceId, i.PortId)))
                Ping(lab, instance);
            foreach (string name in filter.Missing)
                WriteError(Errors.InstanceNotFound(name));
        }
    }

    private void Ping(Lab lab, LabInstance instance)
    {
        IPAddress?[] destinations = Destination is null ? [null] : [.. Destination.Select(IPAddress.Parse)];
        foreach (IPAddress? destination in destinations)
        {
            bool sent = Try(
                $"Pinging from {instance.Name}",
                lab.Name,
                token => LabManager.PingAsync(lab.Name, instance.Name, destination, Protocol.ToString(), Port, Size, DontFragment, token),
                out LabPing? result
            );
            if (sent)
                WriteObject(result);
        }
    }
}
