using StackNet.Engine.Facts;

namespace StackNet.Engine.Walk.Netfilter;

/// <summary>Hooks of the network layer (enum nf_inet_hooks) and of devices.</summary>
internal enum NetfilterHook
{
    Prerouting,
    Input,
    Forward,
    Output,
    Postrouting,
    Ingress,
    Egress,
}

/// <summary>Which set of hooks is called (NFPROTO_*).</summary>
internal enum NetfilterFamily
{
    Ip4,
    Ip6,
    Arp,
    Bridge,
    Netdev,
}

/// <summary>How a hook ended.</summary>
internal enum NetfilterVerdict
{
    /// <summary>The packet goes on (perhaps changed).</summary>
    Accept,

    /// <summary>Dropped by <see cref="NetfilterResult.Rule"/>.</summary>
    Drop,

    /// <summary>Dropped with an answer to the sender (REJECT).</summary>
    Reject,

    /// <summary>Not known: <see cref="NetfilterResult.Unknown"/> says which line.</summary>
    Unknown,

    /// <summary>Taken away from the ordinary way (TPROXY, queue, synproxy, fwd): the walk treats it as Unknown unless it knows better.</summary>
    Stolen,
}

/// <summary>Result of one hook.</summary>
internal readonly record struct NetfilterResult(NetfilterVerdict Verdict)
{
    public TraceRule? Rule { get; init; }
    public PacketReason Reason { get; init; }

    /// <summary>The line that is not modelled or the source that was not read.</summary>
    public string? Unknown { get; init; }

    /// <summary>It dies, but by which of several rules, and with which answer, hangs on something that is not known.</summary>
    public bool IsAnswerUnknown { get; init; }

    /// <summary>REJECT kind as the rule says it: icmp-port-unreachable, tcp-reset ….</summary>
    public string? RejectWith { get; init; }

    /// <summary>Copies that rules have sent elsewhere (TEE, dup); null when there are none.</summary>
    public IReadOnlyList<PacketCopy>? Copies { get; init; }

    /// <summary>Device that the packet itself was sent out of (fwd), with <see cref="NetfilterVerdict.Stolen"/>.</summary>
    public string? ForwardTo { get; init; }

    public static NetfilterResult Accept { get; } = new(NetfilterVerdict.Accept);
}

/// <summary>A copy that a rule made: out of a device as it is, or by the route to a gateway.</summary>
internal sealed record PacketCopy(Packet Packet, string? Device, Ip? Gateway);

/// <summary>What a hook knows about the packet's surroundings (nf_hook_state and what nf_bridge adds).</summary>
internal sealed record NetfilterContext
{
    public required NetfilterHook Hook { get; init; }
    public required NetfilterFamily Family { get; init; }

    /// <summary>Input device as this hook sees it: the bridge (not the port) for IP hooks on bridged frames; the port for bridge-family hooks.</summary>
    public LinkFacts? InDevice { get; init; }
    public LinkFacts? OutDevice { get; init; }

    /// <summary>Only chains of a priority above this one run; null = all.</summary>
    public int? Above { get; init; }

    /// <summary>Only chains up to this priority run; null = all.</summary>
    public int? UpTo { get; init; }

    /// <summary>Bridge port by which the frame came in (br_netfilter's physindev).</summary>
    public LinkFacts? PhysIn { get; init; }
    public LinkFacts? PhysOut { get; init; }

    /// <summary>The frame is being bridged (physdev --physdev-is-bridged).</summary>
    public bool IsBridged { get; init; }

    /// <summary>The packet was sent by a socket of the node itself (owner, cgroup matches).</summary>
    public bool IsLocalOut { get; init; }

    /// <summary>Next hop and route of the packet, when routing has happened.</summary>
    public Ip? NextHop { get; init; }

    /// <summary>Questions to the routing machine: what kind of address is this (addrtype, fib), which device would lead to it.</summary>
    public IRoutingOracle? Routing { get; init; }

    /// <summary>Where steps are written; null when nobody asked for a trace.</summary>
    public ITraceSink? Trace { get; init; }
}

/// <summary>What matches ask of routing.</summary>
internal interface IRoutingOracle
{
    /// <summary>inet_addr_type: unicast, local, broadcast, multicast, blackhole, unreachable, prohibit, throw, anycast; null when not known.</summary>
    string? AddressType(Ip address, string? device);

    /// <summary>Reverse path lookup (rpfilter, fib saddr): does a route to the source exist, and by which device; null when not known.</summary>
    RouteAnswer? ReverseLookup(Packet packet, string? inDevice, bool useMark, bool useProtocol);

    /// <summary>Forward lookup (fib daddr): kind and device of the route to the address; null when not known.</summary>
    RouteAnswer? Lookup(Packet packet, bool useMark);
}

/// <summary>Answer of a lookup: route type and device ("" when there is none).</summary>
internal readonly record struct RouteAnswer(string Type, string Device, Ip? Gateway, string? Realm);

/// <summary>Takes the steps of a walk.</summary>
internal interface ITraceSink
{
    void Step(string layer, string action, string? rule, Packet? packet, int depth);
}
