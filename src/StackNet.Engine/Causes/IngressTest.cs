using StackNet.Engine.Facts;
using StackNet.Engine.Topology;

namespace StackNet.Engine.Causes;

/// <summary>Can somebody else reach an instance, and does its answer get back: Test-InstanceIngress.</summary>
internal static class IngressTest
{
    public static IEnumerable<IngressResult> Run(ComputeNode node, IngressRequest request, CancellationToken token)
    {
        Diagnosis diagnosis = Diagnosis.For(node);
        FloatingIp[] floating = [.. NodeNouns.FloatingIps(node)];
        foreach (TopologyInstance instance in diagnosis.Topology.Instances)
        {
            if (!request.Wants(instance))
                continue;
            foreach (TopologyPort port in instance.Ports)
            {
                foreach (IngressResult result in OfPort(diagnosis, request, port, floating, token))
                    yield return result;
            }
        }
    }

    private static IEnumerable<IngressResult> OfPort(
        Diagnosis diagnosis,
        IngressRequest request,
        TopologyPort port,
        FloatingIp[] floating,
        CancellationToken token
    )
    {
        List<Ip> addresses = [.. port.Addresses.Where(a => !a.IsV6)];
        if (addresses.Count == 0)
        {
            token.ThrowIfCancellationRequested();
            yield return Result(
                diagnosis,
                request,
                port,
                request.Source,
                request.Destinations.Count > 0 ? request.Destinations[0] : null,
                EgressTest.Blind(diagnosis, port, PacketDirection.In)
            );
            yield break;
        }
        foreach (Ip address in addresses)
        {
            List<FloatingIp> own =
            [
                .. floating.Where(f => f.FixedAddress is { } inside && Ip.From(inside) == address && f.Instance == port.Instance.Name),
            ];
            IEnumerable<Ip> destinations =
                request.Destinations.Count > 0 ? request.Destinations
                : own.Count > 0 ? own.Select(f => Ip.From(f.FloatingAddress))
                : [address];
            foreach (Ip destination in destinations)
            {
                token.ThrowIfCancellationRequested();
                Ip? source = request.Source ?? UpstreamOf(diagnosis, port, address);
                yield return Result(
                    diagnosis,
                    request,
                    port,
                    source,
                    destination,
                    Probe(diagnosis, request, port, address, source, destination)
                );
            }
        }
    }

    private static ProbeOutcome Probe(
        Diagnosis diagnosis,
        IngressRequest request,
        TopologyPort port,
        Ip address,
        Ip? source,
        Ip destination
    )
    {
        if (Guest.Of(port, address, out string? missing) is not { } guest)
            return EgressTest.NotKnown(missing!);
        if (destination.IsV6 || source is { IsV6: true })
            return EgressTest.NotKnown("IPv6 conversations are not walked");
        if (source is not { } asker)
            return EgressTest.NotKnown("who is outside is not known: no default route was found on the way of the instance; name a source");
        if (asker == guest.Address || destination != guest.Address && SpecialAddress.Outcome(guest, destination) is not null)
            return SpecialAddress.Outcome(guest, asker == guest.Address ? asker : destination)!;
        if (asker.IsMulticast || asker.IsLoopback || asker.IsAny || asker.IsLimitedBroadcast)
            return EgressTest.NotKnown($"nobody outside has the source {asker}: name a host's address");
        ProbeOutcome Talk(Func<Conversation, Ending?> talk) =>
            ProbeRunner.Run(diagnosis, request, guest, destination, PacketDirection.In, talk);
        if (diagnosis.Topology.PortOfAddress(asker, port) is { } neighbour && neighbour != port)
        {
            return Guest.Of(neighbour, asker, out string? why) is { } sender
                ? Talk(c => c.IngressFromGuest(c.Here(sender), c.Here(guest), destination))
                : EgressTest.NotKnown(why!);
        }
        if (OwnerOf(diagnosis, asker, port) is { } ns)
            return Talk(c => c.IngressFromNode(c.Here(guest), asker, destination, ns));
        if (diagnosis.IsLogicalRouter(asker))
            return EgressTest.NotKnown($"{asker} is an address of OVN's logical router: no device of this node sends from it");
        var way = Uplinks.Of(diagnosis, port, address);
        // The instance's gateway asks, nobody here has its address, and it cannot be outside either: there is no way to it.
        if (
            way is null
            && asker == port.Gateway
            && !diagnosis.IsLogicalRouter(asker)
            && diagnosis.Topology.Devices.AllRead
            && !HasRouterUnread(diagnosis)
        )
        {
            return Talk(_ =>
                Ending.Dead(
                    PacketDirection.In,
                    "SN612",
                    $"{asker} is the gateway that the instances are given; no device of this node has that address",
                    Uplinks.LastDevice(diagnosis, port, address)
                )
            );
        }
        return way is { } uplink
            ? Talk(c => c.IngressFromOutside(c.Here(guest), asker, destination, uplink.Namespace, uplink.Device, uplink.Vlan))
            : Talk(_ => Uplinks.Missing(diagnosis, port, address));
    }

    /// <summary>The namespace that owns an address: of several (tenants may use one address twice) the one on the port's own network.</summary>
    private static string? OwnerOf(Diagnosis diagnosis, Ip address, TopologyPort port)
    {
        Topology.Device? any = null;
        foreach (Topology.Device device in diagnosis.CarriersOf(address))
        {
            if (
                port.SwitchPort is { } own
                && diagnosis.Topology.SwitchPorts.Find(device.Name) is { } other
                && other.Bridge.Name == own.Bridge.Name
                && other.Port.Tag == own.Port.Tag
            )
                return device.Namespace;
            any ??= device;
        }
        return any?.Namespace;
    }

    private static bool HasRouterUnread(Diagnosis diagnosis) => diagnosis.Facts.Namespaces.Any(n => n.Addresses is null);

    /// <summary>The upstream router: the next hop of the way out.</summary>
    private static Ip? UpstreamOf(Diagnosis diagnosis, TopologyPort port, Ip address)
    {
        InstancePath? path = NodeNouns.Path(diagnosis.Node, port, address);
        foreach (PathHop hop in path?.Hop.Reverse() ?? [])
        {
            if (
                hop.Kind is not ("router-port" or "node" or "uplink" or "bridge")
                || diagnosis.Topology.Devices.Namespace(hop.Namespace) is not { } ns
            )
                continue;
            RouteFacts? route = (ns.Routes ?? []).FirstOrDefault(r =>
                r.Destination.Length == 0 && r.Device == hop.Device && r.Gateway is { IsV6: false }
            );
            if (route?.Gateway is { } gateway && !diagnosis.CarriersOf(gateway).Any())
                return gateway;
        }
        return port.Gateway is { } own && !diagnosis.CarriersOf(own).Any() && !diagnosis.IsLogicalRouter(own) ? own : null;
    }

    private static IngressResult Result(
        Diagnosis diagnosis,
        IngressRequest request,
        TopologyPort port,
        Ip? source,
        Ip? destination,
        ProbeOutcome outcome
    ) =>
        new()
        {
            Node = diagnosis.Node,
            Instance = port.Instance.Name,
            InstanceId = port.Instance.Uuid,
            SourceAddress = source?.ToIPAddress(),
            Destination = destination?.ToIPAddress(),
            Protocol = request.Protocol.ToString(),
            DestinationPort = request.Protocol == ProbeProtocol.Icmp ? null : request.DestinationPort,
            Verdict = outcome.Verdict,
            Direction = outcome.Direction,
            Device = outcome.Device,
            Namespace = outcome.Namespace,
            CauseId = outcome.CauseId,
            Cause = outcome.Cause,
            Evidence = outcome.Evidence,
            Repair = outcome.Repair,
            LaterCauses = outcome.LaterCauses,
            LatePath = new(() => NodeNouns.Path(diagnosis.Node, port, port.Addresses.FirstOrDefault(a => !a.IsV6))),
            LateTrace = outcome.Trace,
            UnknownBecause = outcome.UnknownBecause,
        };
}
