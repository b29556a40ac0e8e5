using System.Globalization;
using StackNet.Engine.Facts;
using StackNet.Engine.Topology;

namespace StackNet.Engine.Causes;

/// <summary>
/// The same node with one fault put right on paper, so that the walk can go on to the next: only where the change is a single plain one.
/// </summary>
internal static class Mending
{
    public static Diagnosis? Of(Diagnosis diagnosis, Ending ending, Finding finding, Guest guest)
    {
        string ns = finding.Namespace;
        string device = finding.Device;
        Func<NodeFacts, NodeFacts>? change = finding.CauseId switch
        {
            "SN101" => facts => OfDomain(facts, guest, d => d with { State = "running" }),
            "SN104" => facts =>
                OfDomain(facts, guest, d => d with { Interfaces = [.. d.Interfaces.Select(i => i with { LinkState = null })] }),
            "SN601" or "SN602" => facts => Change(facts, ns, n => n with { Sysctls = WithForwarding(n) }),
            "SN604" => facts => Change(facts, ns, n => n with { Sysctls = WithLooseFilter(n, device) }),
            "SN605" => facts => Change(facts, ns, n => n with { Sysctls = With(n, $"net.ipv4.conf.{device}.accept_local", "1") }),
            "SN103" or "SN202" or "SN314" or "SN316" => facts =>
                Raised(Change(facts, ns, n => n with { Links = Up(n, device) }), ns, device),
            "SN105" or "SN204" when guest.Port.Plug == PortPlug.Hybrid => facts =>
                Change(facts, ns, n => n with { Links = InBridge(n, device, guest.Port.QbrName) }),
            "SN105" when guest.Port.DomainInterface?.Bridge is { } bridge => facts =>
                Change(facts, ns, n => n with { Links = InBridge(n, device, bridge) }),
            "SN206" or "SN212" => facts => Change(facts, ns, n => n with { Links = Forwarding(n) }),
            "SN216" or "SN831" => facts =>
                Change(facts, ns, n => n with { Links = [.. (n.Links ?? []).Select(l => l.Name == device ? l with { Mtu = 9000 } : l)] }),
            "SN303" or "SN304" or "SN305" => facts => Tagged(facts, device),
            "SN328" => facts => OfPort(facts, device, p => p with { Tag = null, Trunks = [], VlanMode = null }),
            "SN311" => facts => Joined(facts, diagnosis, device),
            "SN512"
            or "SN209"
            or "SN515"
            or "SN505"
            or "SN518" when ending.Drop?.Rule is { } rule && rule.Text.StartsWith("policy", StringComparison.Ordinal) => facts =>
                Change(facts, ns, AcceptForward),
            "SN501"
            or "SN502"
            or "SN503"
            or "SN504"
            or "SN506"
            or "SN510"
            or "SN209"
            or "SN512"
            or "SN513"
            or "SN518"
            or "SN519" when ending.Drop?.Rule is { } rule => facts => Change(facts, ns, n => Without(n, rule)),
            "SN608" when ending.Drop is not null => facts =>
                Change(facts, ns, n => n with { Rules = [.. (n.Rules ?? []).Where(r => r.Priority is 0 or >= 32766)] }),
            "SN609" when ending.Drop is { } drop => facts =>
                Change(
                    facts,
                    ns,
                    n =>
                        n with
                        {
                            Routes =
                            [
                                .. (n.Routes ?? []).Where(r =>
                                    !(
                                        r.Type is "blackhole" or "unreachable" or "prohibit"
                                        && r.Destination.Contains(drop.Packet.Destination)
                                    )
                                ),
                            ],
                        }
                ),
            "SN801" => facts =>
                Change(
                    facts,
                    ns,
                    n =>
                        n with
                        {
                            Neighbours =
                            [
                                .. (n.Neighbours ?? []).Where(e => e.Device != device || e.State is not ("PERMANENT" or "FAILED")),
                            ],
                        }
                ),
            _ => null,
        };
        return change is null ? null : diagnosis.Mended($"{finding.CauseId} {ns} {device} {finding.Evidence}", change);
    }

    private static NodeFacts OfDomain(NodeFacts facts, Guest guest, Func<DomainFacts, DomainFacts> change) =>
        facts with
        {
            Domains = facts.Domains is null
                ? null
                : [.. facts.Domains.Select(d => d.Interfaces.Any(i => i.TargetDevice == guest.Tap) ? change(d) : d)],
        };

    private static NodeFacts OfPort(NodeFacts facts, string port, Func<OvsPortFacts, OvsPortFacts> change) =>
        facts.Ovs is null
            ? facts
            : facts with
            {
                Ovs = facts.Ovs with
                {
                    Bridges =
                    [
                        .. facts.Ovs.Bridges.Select(b =>
                            b with
                            {
                                Ports = [.. b.Ports.Select(p => p.Interfaces.Any(i => i.Name == port) ? change(p) : p)],
                            }
                        ),
                    ],
                },
            };

    /// <summary>The tag that the agent noted beside the port, else the one that most ports of the bridge have.</summary>
    private static NodeFacts Tagged(NodeFacts facts, string port)
    {
        OvsBridgeFacts? bridge = facts.Ovs?.Bridges.FirstOrDefault(b => b.Ports.Any(p => p.Interfaces.Any(i => i.Name == port)));
        int? usual = bridge
            ?.Ports.Where(p => p.Tag is not null and not 4095 && p.Name != port)
            .GroupBy(p => p.Tag)
            .MaxBy(g => g.Count())
            ?.Key;
        return OfPort(
            facts,
            port,
            p =>
                p with
                {
                    Tag = int.TryParse(p.OtherConfig.GetValueOrDefault("tag"), CultureInfo.InvariantCulture, out int noted) ? noted : usual,
                    Trunks = [],
                    VlanMode = null,
                }
        );
    }

    /// <summary>Gives a patch port the peer that names it.</summary>
    private static NodeFacts Joined(NodeFacts facts, Diagnosis diagnosis, string port)
    {
        string? peer = diagnosis
            .Topology.SwitchPorts.All.FirstOrDefault(p => p.IsPatch && p.Interface.Options.GetValueOrDefault("peer") == port)
            ?.Name;
        return peer is null
            ? facts
            : OfPort(
                facts,
                port,
                p =>
                    p with
                    {
                        Interfaces =
                        [
                            .. p.Interfaces.Select(i =>
                                i.Name == port
                                    ? i with
                                    {
                                        Error = null,
                                        Options = new Dictionary<string, string>(i.Options) { ["peer"] = peer },
                                    }
                                    : i
                            ),
                        ],
                    }
            );
    }

    /// <summary>What comes back with a device: the ports of a bridge, the connected routes of an address.</summary>
    private static NodeFacts Raised(NodeFacts facts, string ns, string device) =>
        facts.Namespaces.FirstOrDefault(n => n.Name == ns)?.Links?.FirstOrDefault(l => l.Name == device) is { Kind: "bridge" }
            ? Change(
                facts,
                ns,
                n =>
                    n with
                    {
                        Links =
                        [
                            .. (n.Links ?? []).Select(l =>
                                l.Master == device && l.BridgePort is { State: "disabled" } port && l.IsUp
                                    ? l with
                                    {
                                        BridgePort = port with { State = "forwarding" },
                                    }
                                    : l
                            ),
                        ],
                    }
            )
            : Change(facts, ns, n => n with { Routes = [.. n.Routes ?? [], .. Connected(n, device)] });

    private static IEnumerable<RouteFacts> Connected(NamespaceFacts ns, string device)
    {
        foreach (AddressFacts address in ns.Addresses ?? [])
        {
            if (address.Device != device || address.Address.IsV6 || address.PrefixLength >= address.Address.Bits)
                continue;
            IpPrefix network = new(new IpPrefix(address.Address, address.PrefixLength).Network, address.PrefixLength);
            if (ns.Routes?.Any(r => r.Destination == network && r.Device == device) != true)
                yield return new RouteFacts
                {
                    Destination = network,
                    Device = device,
                    Scope = "link",
                    Protocol = "kernel",
                    PreferredSource = address.Address,
                };
        }
    }

    private static LinkFacts[] InBridge(NamespaceFacts ns, string device, string bridge) =>
        [
            .. (ns.Links ?? []).Select(l =>
                l.Name != device
                    ? l
                    : l with
                    {
                        Master = bridge,
                        SlaveKind = "bridge",
                        BridgePort = (l.BridgePort ?? new BridgePortFacts()) with { State = "forwarding" },
                    }
            ),
        ];

    private static LinkFacts[] Forwarding(NamespaceFacts ns) =>
        [
            .. (ns.Links ?? []).Select(l =>
                l.BridgePort is null || l.BridgePort.State == "disabled"
                    ? l
                    : l with
                    {
                        BridgePort = l.BridgePort with
                        {
                            State = "forwarding",
                            Isolated = false,
                            Locked = false,
                            Flood = true,
                            BroadcastFlood = true,
                            MulticastFlood = true,
                        },
                    }
            ),
        ];

    /// <summary>The rule that dropped is taken out; nf_tables' own listing of iptables' tables would say otherwise and goes too.</summary>
    private static NamespaceFacts Without(NamespaceFacts ns, TraceRule rule) =>
        ns with
        {
            IptablesNft = Without(ns.IptablesNft, rule),
            IptablesLegacy = Without(ns.IptablesLegacy, rule),
            Nft = WithoutMirror(ns.Nft),
        };

    private static NftRuleset? WithoutMirror(NftRuleset? nft) =>
        nft is null
            ? null
            : nft with
            {
                Tables = [.. nft.Tables.Where(t => !(t.Family == "ip" && t.Name is "raw" or "mangle" or "nat" or "filter" or "security"))],
            };

    private static IptablesRuleset? Without(IptablesRuleset? rules, TraceRule rule) =>
        rules is null
            ? null
            : rules with
            {
                Tables =
                [
                    .. rules.Tables.Select(t =>
                        t.Name != rule.Table
                            ? t
                            : t with
                            {
                                Chains =
                                [
                                    .. t.Chains.Select(c =>
                                        c.Name != rule.Chain ? c : c with { Rules = [.. c.Rules.Where(r => r.Text != rule.Text)] }
                                    ),
                                ],
                            }
                    ),
                ],
            };

    private static Dictionary<string, string> With(NamespaceFacts ns, string key, string value) =>
        new(ns.Sysctls ?? new Dictionary<string, string>(), StringComparer.Ordinal) { [key] = value };

    private static NodeFacts Change(NodeFacts facts, string ns, Func<NamespaceFacts, NamespaceFacts> change) =>
        facts with
        {
            Namespaces = [.. facts.Namespaces.Select(n => n.Name == ns ? change(n) : n)],
        };

    private static Dictionary<string, string> WithForwarding(NamespaceFacts ns)
    {
        Dictionary<string, string> all = new(ns.Sysctls ?? new Dictionary<string, string>(), StringComparer.Ordinal)
        {
            ["net.ipv4.ip_forward"] = "1",
        };
        // Writing ip_forward sets every device's value (devinet_sysctl_forward).
        foreach (
            string key in all
                .Keys.Where(k =>
                    k.StartsWith("net.ipv4.conf.", StringComparison.Ordinal) && k.EndsWith(".forwarding", StringComparison.Ordinal)
                )
                .ToArray()
        )
            all[key] = "1";
        return all;
    }

    private static Dictionary<string, string> WithLooseFilter(NamespaceFacts ns, string device) =>
        new(ns.Sysctls ?? new Dictionary<string, string>(), StringComparer.Ordinal)
        {
            [string.Create(CultureInfo.InvariantCulture, $"net.ipv4.conf.{device.Replace('.', '/')}.rp_filter")] = "2",
        };

    private static LinkFacts[] Up(NamespaceFacts ns, string device) =>
        [
            .. (ns.Links ?? []).Select(l =>
                l.Name != device && l.LinkName != device
                    ? l
                    : l with
                    {
                        Flags = [.. l.Flags.Where(f => f is not ("NO-CARRIER" or "UP" or "LOWER_UP")), "UP", "LOWER_UP"],
                        OperState = "UP",
                        BridgePort = l.BridgePort is { State: "disabled" } port ? port with { State = "forwarding" } : l.BridgePort,
                    }
            ),
        ];

    private static NamespaceFacts AcceptForward(NamespaceFacts ns) =>
        ns with
        {
            Nft = WithoutMirror(ns.Nft),
            IptablesNft = AcceptForward(ns.IptablesNft),
            IptablesLegacy = AcceptForward(ns.IptablesLegacy),
        };

    private static IptablesRuleset? AcceptForward(IptablesRuleset? rules) =>
        rules is null
            ? null
            : rules with
            {
                Tables =
                [
                    .. rules.Tables.Select(t =>
                        t.Name != "filter"
                            ? t
                            : t with
                            {
                                Chains =
                                [
                                    .. t.Chains.Select(c => c is { Name: "FORWARD", Policy: "DROP" } ? c with { Policy = "ACCEPT" } : c),
                                ],
                            }
                    ),
                ],
            };
}
