using System.Collections;
using System.Management.Automation;
using StackNet.Binding;
using StackNet.Engine.Causes;
using StackNet.Engine.Facts;

namespace StackNet.Commands;

/// <summary>Shows step by step what the kernel of a node does with a packet.</summary>
// One set a way in: a frame on a device, a packet of the node's own. A further set leads into a switch's own pipeline.
[Cmdlet(VerbsDiagnostic.Trace, "NetworkPacket", DefaultParameterSetName = KernelSet)]
[OutputType(typeof(PacketTrace))]
public sealed class TraceNetworkPacketCommand : NodeCommand
{
    private const string KernelSet = "Kernel";
    private const string LocalSet = "KernelLocal";

    private NetworkPacketRequest? _packet;

    /// <summary>Nodes, objects read from one, or paths of captures.</summary>
    [Parameter(Position = 0, ValueFromPipeline = true)]
    [NodeTransformation]
    public ComputeNode[]? Node { get; set; }

    /// <summary>Device on which the frame arrives; with -Local the one that the sending socket is bound to.</summary>
    [Parameter(Mandatory = true, Position = 1, ValueFromPipelineByPropertyName = true, ParameterSetName = KernelSet)]
    [Parameter(ParameterSetName = LocalSet)]
    [ArgumentCompleter(typeof(DeviceCompleter))]
    [ValidateNotNullOrEmpty]
    public string? Device { get; set; }

    /// <summary>Network namespace of the device; the root one when left out.</summary>
    [Parameter(ValueFromPipelineByPropertyName = true)]
    [ArgumentCompleter(typeof(NamespaceCompleter))]
    [AllowEmptyString]
    [AllowNull]
    public string? Namespace { get; set; }

    /// <summary>The node itself sends the packet.</summary>
    [Parameter(Mandatory = true, ParameterSetName = LocalSet)]
    public SwitchParameter Local { get; set; }

    /// <summary>Source MAC address.</summary>
    [Parameter]
    public string? SourceMac { get; set; }

    /// <summary>Destination MAC address; the device's own when left out.</summary>
    [Parameter]
    public string? DestinationMac { get; set; }

    /// <summary>Source address.</summary>
    [Parameter]
    public string? SourceAddress { get; set; }

    /// <summary>Destination address.</summary>
    [Parameter(Mandatory = true)]
    [ArgumentCompleter(typeof(DestinationCompleter))]
    public string DestinationAddress { get; set; } = "";

    /// <summary>Icmp, Tcp, Udp or a number.</summary>
    [Parameter]
    [ArgumentCompleter(typeof(ProtocolCompleter))]
    public string? Protocol { get; set; }

    /// <summary>Source port.</summary>
    [Parameter]
    [ValidateBetween(0, 65535)]
    public int? SourcePort { get; set; }

    /// <summary>Destination port.</summary>
    [Parameter]
    [ValidateBetween(0, 65535)]
    public int? DestinationPort { get; set; }

    /// <summary>TCP flags as letters: S, SA, A, PA, F, R ….</summary>
    [Parameter]
    [AllowEmptyString]
    public string? TcpFlags { get; set; }

    /// <summary>TCP sequence number.</summary>
    [Parameter]
    public uint? TcpSequence { get; set; }

    /// <summary>TCP acknowledgment number.</summary>
    [Parameter]
    public uint? TcpAcknowledgment { get; set; }

    /// <summary>Maximum segment size that a SYN announces.</summary>
    [Parameter]
    [ValidateBetween(0, 65535)]
    public int? TcpMss { get; set; }

    /// <summary>ICMP type.</summary>
    [Parameter]
    public byte? IcmpType { get; set; }

    /// <summary>ICMP code.</summary>
    [Parameter]
    public byte? IcmpCode { get; set; }

    /// <summary>Identifier of an echo.</summary>
    [Parameter]
    [ValidateBetween(0, 65535)]
    public int? IcmpId { get; set; }

    /// <summary>Time to live.</summary>
    [Parameter]
    public byte? Ttl { get; set; }

    /// <summary>Type of service byte.</summary>
    [Parameter]
    public byte? Tos { get; set; }

    /// <summary>Length of the IP packet in bytes.</summary>
    [Parameter]
    [ValidateBetween(20, 65535)]
    public int? Length { get; set; }

    /// <summary>skb mark that the packet begins with.</summary>
    [Parameter]
    public uint Mark { get; set; }

    /// <summary>VLAN tag of the frame.</summary>
    [Parameter]
    [ValidateBetween(0, 4095)]
    public int? VlanId { get; set; }

    /// <summary>Set the don't-fragment bit.</summary>
    [Parameter]
    public SwitchParameter DontFragment { get; set; }

    /// <summary>The packet that an ICMP error quotes.</summary>
    [Parameter]
    public IDictionary? Inner { get; set; }

    /// <summary>The trace of the packet before.</summary>
    [Parameter]
    [AllowNull]
    public PacketTrace? After { get; set; }

    private protected override ComputeNode[]? Nodes => Node;

    /// <inheritdoc />
    protected override void BeginProcessing()
    {
        base.BeginProcessing();
        try
        {
            _packet = new NetworkPacketRequest
            {
                Local = Local,
                SourceMac = PacketFields.Mac(SourceMac),
                DestinationMac = PacketFields.Mac(DestinationMac),
                SourceAddress = PacketFields.Address(SourceAddress),
                DestinationAddress = PacketFields.Address(DestinationAddress)!.Value,
                Protocol = PacketFields.Protocol(Protocol),
                SourcePort = (ushort?)SourcePort,
                DestinationPort = (ushort?)DestinationPort,
                TcpFlags = PacketFields.Flags(TcpFlags),
                TcpSequence = TcpSequence,
                TcpAcknowledgment = TcpAcknowledgment,
                TcpMss = TcpMss,
                IcmpType = IcmpType,
                IcmpCode = IcmpCode,
                IcmpId = (ushort?)IcmpId,
                Ttl = Ttl,
                Tos = Tos,
                Length = Length,
                Mark = Mark,
                VlanId = VlanId,
                DontFragment = DontFragment,
                Inner = PacketFields.Inner(Inner),
                After = After,
            };
        }
        catch (ArgumentException error)
        {
            ThrowTerminatingError(Errors.PacketInvalid(DestinationAddress, error));
        }
    }

    private protected override void Process(ComputeNode node)
    {
        if (After?.Node is { } earlier && earlier.ComputerName != node.ComputerName)
        {
            WriteError(Errors.TraceOfOtherNode(node, earlier));
            return;
        }
        try
        {
            WriteObject(NetworkTrace.Run(node, _packet! with { Device = Device, Namespace = Namespace ?? "" }, Token));
        }
        catch (ArgumentException error)
        {
            WriteError(Errors.PacketInvalid(node, error));
        }
    }
}
