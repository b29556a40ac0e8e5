using StackNet.Engine.Facts;

namespace StackNet.Engine.Tests.Causes.Faults;

/// <summary>Changes a node's facts as a hand on the node would: with what the kernel and Open vSwitch change along with it.</summary>
internal static partial class FactsEdit
{
    public static NodeFacts Namespace(this NodeFacts facts, string ns, Func<NamespaceFacts, NamespaceFacts> change) =>
        facts with
        {
            Namespaces = [.. facts.Namespaces.Select(n => n.Name == ns ? change(n) : n)],
        };

    public static NodeFacts Link(this NodeFacts facts, string ns, string device, Func<LinkFacts, LinkFacts> change) =>
        facts.Namespace(ns, n => n with { Links = [.. n.Links!.Select(l => l.Name == device ? change(l) : l)] });

    public static LinkFacts LinkOf(this NodeFacts facts, string ns, string device) =>
        facts.Namespaces.Single(n => n.Name == ns).Links!.Single(l => l.Name == device);

    /// <summary>ip link set DEVICE down: the far end of a veth loses its carrier, a bridge port its state, a routing device its routes.</summary>
    public static NodeFacts Down(this NodeFacts facts, string ns, string device)
    {
        LinkFacts link = facts.LinkOf(ns, device);
        facts = facts
            .Link(
                ns,
                device,
                l =>
                    l with
                    {
                        Flags = [.. l.Flags.Where(f => f is not ("UP" or "LOWER_UP"))],
                        OperState = "DOWN",
                        BridgePort = l.BridgePort is { } port ? port with { State = "disabled" } : null,
                    }
            )
            .Namespace(ns, n => n with { Routes = [.. n.Routes!.Where(r => r.Device != device || r.Table == "local")] });
        foreach (
            LinkFacts port in facts.Namespaces.Single(n => n.Name == ns).Links!.Where(l => l.Master == device && link.Kind == "bridge")
        )
            facts = facts.Link(ns, port.Name, l => l with { BridgePort = l.BridgePort! with { State = "disabled" } });
        return link is { Kind: "veth", LinkName: { } peer, LinkNetnsId: null } ? facts.NoCarrier(ns, peer) : facts;
    }

    public static NodeFacts NoCarrier(this NodeFacts facts, string ns, string device) =>
        facts.Link(
            ns,
            device,
            l =>
                l with
                {
                    Flags = ["NO-CARRIER", .. l.Flags.Where(f => f is not "LOWER_UP")],
                    OperState = l.Kind == "veth" ? "LOWERLAYERDOWN" : "DOWN",
                    BridgePort = l.BridgePort is { } port ? port with { State = "disabled" } : null,
                }
        );

    /// <summary>ip link set DEVICE nomaster, or master BRIDGE.</summary>
    public static NodeFacts Master(this NodeFacts facts, string device, string? master) =>
        facts.Link(
            "",
            device,
            l =>
                l with
                {
                    Master = master,
                    SlaveKind = master is null ? null : "bridge",
                    BridgePort = master is null ? null : l.BridgePort ?? new BridgePortFacts(),
                }
        );

    public static NodeFacts Port(this NodeFacts facts, string device, Func<BridgePortFacts, BridgePortFacts> change) =>
        facts.Link("", device, l => l with { BridgePort = change(l.BridgePort!) });

    /// <summary>ip link del DEVICE (and of a veth its far end).</summary>
    public static NodeFacts Delete(this NodeFacts facts, string ns, string device)
    {
        LinkFacts link = facts.LinkOf(ns, device);
        string? peer = link is { Kind: "veth", LinkNetnsId: null } ? link.LinkName : null;
        return facts.Namespace(
            ns,
            n =>
                n with
                {
                    Links =
                    [
                        .. n.Links!.Where(l => l.Name != device && l.Name != peer)
                            .Select(l => l.Master == device ? l with { Master = null, BridgePort = null, SlaveKind = null } : l),
                    ],
                    Routes = [.. n.Routes!.Where(r => r.Device != device)],
                    Addresses = [.. n.Addresses!.Where(a => a.Device != device)],
                }
        );
    }

    public static NodeFacts Sysctl(this NodeFacts facts, string ns, string key, string value) =>
        facts.Namespace(ns, n => n with { Sysctls = new Dictionary<string, string>(n.Sysctls!, StringComparer.Ordinal) { [key] = value } });

    /// <summary>net.ipv4.ip_forward=0, which sets every device's value along with it.</summary>
    public static NodeFacts ForwardingOff(this NodeFacts facts, string ns) =>
        facts.Namespace(
            ns,
            n =>
                n with
                {
                    Sysctls = n.Sysctls!.ToDictionary(
                        s => s.Key,
                        s =>
                            s.Key == "net.ipv4.ip_forward"
                            || s.Key.StartsWith("net.ipv4.conf.", StringComparison.Ordinal)
                                && s.Key.EndsWith(".forwarding", StringComparison.Ordinal)
                                ? "0"
                                : s.Value,
                        StringComparer.Ordinal
                    ),
                }
        );

    public static NodeFacts Routes(this NodeFacts facts, string ns, Func<IEnumerable<RouteFacts>, IEnumerable<RouteFacts>> change) =>
        facts.Namespace(ns, n => n with { Routes = [.. change(n.Routes!)] });

    public static NodeFacts Route(this NodeFacts facts, string ns, RouteFacts route) => facts.Routes(ns, r => r.Append(route));

    public static NodeFacts Addresses(this NodeFacts facts, string ns, Func<IEnumerable<AddressFacts>, IEnumerable<AddressFacts>> change) =>
        facts.Namespace(ns, n => n with { Addresses = [.. change(n.Addresses!)] });

    /// <summary>ip addr del: the routes of the address go with it.</summary>
    public static NodeFacts NoAddress(this NodeFacts facts, string ns, string device)
    {
        HashSet<Ip> gone =
        [
            .. facts
                .Namespaces.Single(n => n.Name == ns)
                .Addresses!.Where(a => a.Device == device && !a.Address.IsV6)
                .Select(a => a.Address),
        ];
        return facts
            .Addresses(ns, a => a.Where(x => !gone.Contains(x.Address)))
            .Routes(
                ns,
                r =>
                    r.Where(x =>
                        !(x.PreferredSource is { } src && gone.Contains(src))
                        && !(x.Gateway is not null && x.Device == device)
                        && !gone.Contains(x.Destination.Address)
                    )
            );
    }

    public static NodeFacts Rule(this NodeFacts facts, string ns, RuleFacts rule) =>
        facts.Namespace(ns, n => n with { Rules = [.. n.Rules!.Append(rule).OrderBy(r => r.Priority)] });

    public static NodeFacts Neighbour(this NodeFacts facts, string ns, string device, Ip address, string mac) =>
        facts.Namespace(
            ns,
            n =>
                n with
                {
                    Neighbours =
                    [
                        .. n.Neighbours!.Where(e => e.Address != address),
                        new NeighbourFacts
                        {
                            Device = device,
                            Address = address,
                            Mac = Mac.Parse(mac),
                            State = "PERMANENT",
                        },
                    ],
                }
        );

    public static NodeFacts Domain(this NodeFacts facts, string tap, Func<DomainFacts, DomainFacts> change) =>
        facts with
        {
            Domains = [.. facts.Domains!.Select(d => d.Interfaces.Any(i => i.TargetDevice == tap) ? change(d) : d)],
        };
}
