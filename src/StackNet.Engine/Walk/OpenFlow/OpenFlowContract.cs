using StackNet.Engine.Facts;

namespace StackNet.Engine.Walk.OpenFlow;

/// <summary>A copy that leaves the switch.</summary>
internal sealed record SwitchOutput
{
    /// <summary>Bridge whose port it leaves by.</summary>
    public required string Bridge { get; init; }

    /// <summary>Port (interface) name; a bridge's own name is its LOCAL port.</summary>
    public required string Port { get; init; }

    /// <summary>OpenFlow number, 65534 for LOCAL.</summary>
    public required int OfPort { get; init; }

    /// <summary>"" system, internal (LOCAL too), vxlan, geneve, gre ….</summary>
    public required string Type { get; init; }
    public required Packet Packet { get; init; }

    /// <summary>When <see cref="Type"/> is a tunnel, or the switch has put a tunnel header around.</summary>
    public TunnelEnds? Tunnel { get; init; }

    /// <summary>Tunnel key and ends when <see cref="Type"/> is a tunnel.</summary>
    public ulong? TunnelId => Tunnel?.Id;
    public Ip? TunnelRemote => Tunnel?.Remote;
    public Ip? TunnelLocal => Tunnel?.Local;

    /// <summary>
    /// Name of the tunnel port when the switch itself has put the tunnel header around: then <see cref="Packet"/> is the outer packet,
    /// and the frame is its <see cref="Packet.Tunnel"/>.
    /// </summary>
    public string? TunnelPort => Tunnel?.Port;

    /// <summary>Flow that sent it out, as the node has it.</summary>
    public TraceRule? Rule { get; init; }
}

/// <summary>Key, ends and port of a tunnel. Apart from the output, of which a flood makes many and nearly all without one.</summary>
internal sealed record TunnelEnds(ulong? Id, Ip? Remote, Ip? Local, string? Port = null);

/// <summary>What the switch did with a frame.</summary>
internal sealed record SwitchResult
{
    public IReadOnlyList<SwitchOutput> Outputs { get; init; } = [];

    /// <summary>Why the packet (or, when there are outputs, another copy of it) went no further.</summary>
    public PacketReason Reason { get; init; }

    /// <summary>The flow that dropped, or the setting that did, as the node has it.</summary>
    public TraceRule? Rule { get; init; }

    /// <summary>Bridge and port where it died.</summary>
    public string? Bridge { get; init; }
    public string? Port { get; init; }

    /// <summary>
    /// The copy that died was one of a flood and was meant to end there: at the bridge's own device, in a bridge of tunnels, at a port
    /// of the bridge that floods.
    /// </summary>
    public bool IsRoutine { get; init; }

    /// <summary>The line that is not modelled or the source that was not read. Outputs found before are still listed.</summary>
    public string? Unknown { get; init; }

    /// <summary>A copy goes to a controller.</summary>
    public bool ToController { get; init; }
}

/// <summary>What the switch asks about its devices.</summary>
internal interface ISwitchDevices
{
    /// <summary>State of the kernel device behind a system or internal port, in whatever namespace it is; Unknown when links were not read.</summary>
    LinkState StateOf(string bridge, string port);

    /// <summary>Mtu of that device, null when not known.</summary>
    int? MtuOf(string bridge, string port);
}
