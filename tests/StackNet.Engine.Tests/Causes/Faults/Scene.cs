using System.Collections.Concurrent;
using StackNet.Engine.Causes;
using StackNet.Engine.Facts;
using StackNet.Engine.Sources.Capture;
using StackNet.Engine.Tests.RealNodesTests;
using StackNet.Engine.Topology;

namespace StackNet.Engine.Tests.Causes.Faults;

/// <summary>A healthy captured node and the names that a fault on it needs.</summary>
internal sealed class Scene
{
    private static readonly ConcurrentDictionary<string, Scene> Known = new(StringComparer.Ordinal);

    private Scene(string folder)
    {
        RealNode real = RealNode.Open(Path.Combine(TestData.RealNodes, folder));
        Truth = real.Truth;
        Facts = real.Nodes[0].Facts;
        NodeTopology topology = NodeTopology.For(real.Nodes[0]);
        Ports = [.. Truth.Instances.Select(i => topology.PortOfAddress(Ip.Parse(i.Value.Ip))!)];
        Router = Truth.RouterNamespace ?? "";
        NamespaceFacts routing = Facts.Namespaces.Single(n => n.Name == Router);
        RouteFacts way = routing.Routes!.First(r => r is { Destination.Length: 0, Table: "main" });
        Outside = way.Device!;
        UpstreamGateway = way.Gateway!.Value;
        Gateway = Victim.Gateway!.Value;
        Inside = routing.Addresses!.First(a => a.Address == Gateway).Device;
        OutsideAddress = routing.Addresses!.First(a => a.Device == Outside && a.PrefixLength < 32).Address;
        Internet = Ip.Parse(Truth.Internet);
    }

    public RealTruth Truth { get; }
    public NodeFacts Facts { get; }
    public TopologyPort[] Ports { get; }

    /// <summary>The instance that a fault is for: the last one.</summary>
    public TopologyPort Victim => Ports[^1];

    /// <summary>The other instance.</summary>
    public TopologyPort Other => Ports[0];

    /// <summary>The namespace that routes; "" on host-NAT nodes.</summary>
    public string Router { get; }

    /// <summary>The device of the instances' network there.</summary>
    public string Inside { get; }

    /// <summary>
    /// Where the routing namespace gets what the victim sends. Of a userspace switch the node's kernel sees the frames of the system
    /// ports too, and answers ARP there first.
    /// </summary>
    public string Entry => Router.Length == 0 && Victim.Plug == PortPlug.Hybrid ? Victim.QvoName : Inside;

    /// <summary>The device that leads out.</summary>
    public string Outside { get; }
    public Ip Gateway { get; }
    public Ip UpstreamGateway { get; }
    public Ip OutsideAddress { get; }
    public Ip Internet { get; }
    public string Tap => Victim.TapName!;
    public string Qbr => Victim.QbrName;
    public string Qvb => Victim.QvbName;
    public string Qvo => Victim.QvoName;
    public string Address => Victim.Addresses[0].ToString();
    public string Network => Victim.Subnet!.Value.ToString();

    /// <summary>First ten characters of the port id, as neutron's chains have them.</summary>
    public string Chain(char kind) => $"neutron-openvswi-{kind}{Victim.PortId![..10]}";

    public static Scene Of(string folder) => Known.GetOrAdd(folder, f => new Scene(f));

    public ConnectivityResult Ask(NodeFacts facts, Question question, bool trace = false)
    {
        ComputeNode node = ComputeNodes.Create(facts, "test", NodeSourceKind.Capture);
        ProbeProtocol protocol = question is Question.OutTcp or Question.InTcp or Question.OtherInTcp
            ? ProbeProtocol.Tcp
            : ProbeProtocol.Icmp;
        TopologyPort who = question is Question.OtherOut or Question.OtherIn or Question.OtherInTcp or Question.OtherFromVictim
            ? Other
            : Victim;
        string[] instances = [who.Instance.Uuid!];
        int size = question is Question.OutBig ? 1400 : 56;
        if (
            question is Question.Out or Question.OutTcp or Question.OutBig or Question.OtherOut or Question.ToOther or Question.OutToGateway
        )
        {
            EgressRequest egress = new()
            {
                Instances = instances,
                Trace = trace ? TraceKeeping.Now : TraceKeeping.No,
                Protocol = protocol,
                Size = size,
                DontFragment = question is Question.OutBig,
                Destinations =
                [
                    question is Question.ToOther ? Other.Addresses[0]
                    : question is Question.OutToGateway ? UpstreamGateway
                    : Internet,
                ],
            };
            return EgressTest.Run(node, egress, CancellationToken.None).Single();
        }
        string? floating = Truth.Instances.First(i => i.Value.Ip == who.Addresses[0].ToString()).Value.FloatingIp;
        IngressRequest ingress = new()
        {
            Instances = instances,
            Trace = trace ? TraceKeeping.Now : TraceKeeping.No,
            Protocol = protocol,
            Source =
                question is Question.FromRouter or Question.OtherFromRouter ? Gateway
                : question is Question.OtherFromVictim ? Victim.Addresses[0]
                : question is Question.FromOther ? Other.Addresses[0]
                : UpstreamGateway,
            Destinations =
            [
                floating is not null && question is Question.In or Question.InTcp or Question.OtherIn or Question.OtherInTcp
                    ? Ip.Parse(floating!)
                    : who.Addresses[0],
            ],
        };
        return IngressTest.Run(node, ingress, CancellationToken.None).Single();
    }
}

/// <summary>What is asked: which way a new flow is opened, and by whom.</summary>
internal enum Question
{
    /// <summary>The victim pings the internet host.</summary>
    Out,
    OutTcp,

    /// <summary>1428 bytes that must not be fragmented.</summary>
    OutBig,
    OutToGateway,
    ToOther,

    /// <summary>The upstream router pings the victim's floating address (or fixed one).</summary>
    In,
    InTcp,

    /// <summary>The gateway's owner pings the victim.</summary>
    FromRouter,
    OtherOut,
    OtherIn,
    OtherInTcp,
    OtherFromRouter,

    /// <summary>The other instance pings the victim.</summary>
    FromOther,

    /// <summary>The victim pings the other instance, asked as the other's ingress.</summary>
    OtherFromVictim,
}
