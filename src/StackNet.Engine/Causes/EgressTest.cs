using System.Net;
using StackNet.Engine.Facts;
using StackNet.Engine.Topology;

namespace StackNet.Engine.Causes;

/// <summary>Can an instance reach a destination, and does the reply come back: Test-InstanceEgress.</summary>
internal static class EgressTest
{
    public static IEnumerable<EgressResult> Run(ComputeNode node, EgressRequest request, CancellationToken token)
    {
        Diagnosis diagnosis = Diagnosis.For(node);
        foreach (TopologyInstance instance in diagnosis.Topology.Instances)
        {
            if (!request.Wants(instance))
                continue;
            foreach (TopologyPort port in instance.Ports)
            {
                foreach (EgressResult result in OfPort(diagnosis, request, port, token))
                    yield return result;
            }
        }
    }

    private static IEnumerable<EgressResult> OfPort(Diagnosis diagnosis, EgressRequest request, TopologyPort port, CancellationToken token)
    {
        IReadOnlyList<Ip> destinations = request.Destinations.Count > 0 ? request.Destinations : [diagnosis.DefaultDestination];
        List<Ip> addresses = [.. port.Addresses.Where(a => !a.IsV6)];
        foreach (Ip destination in destinations)
        {
            token.ThrowIfCancellationRequested();
            if (destination.IsV6)
            {
                yield return Result(
                    diagnosis,
                    request,
                    port,
                    port.Addresses.FirstOrDefault(a => a.IsV6),
                    destination,
                    NotKnown("IPv6 conversations are not walked")
                );
                continue;
            }
            if (addresses.Count == 0)
            {
                yield return Result(diagnosis, request, port, null, destination, Blind(diagnosis, port, PacketDirection.Out));
                continue;
            }
            foreach (Ip address in addresses)
                yield return Result(diagnosis, request, port, address, destination, Probe(diagnosis, request, port, address, destination));
        }
    }

    private static ProbeOutcome Probe(Diagnosis diagnosis, EgressRequest request, TopologyPort port, Ip address, Ip destination)
    {
        if (Guest.Of(port, address, out string? missing) is not { } guest)
            return NotKnown(missing!);
        return SpecialAddress.Outcome(guest, destination)
            ?? ProbeRunner.Run(diagnosis, request, guest, destination, PacketDirection.Out, c => c.Egress(c.Here(guest), destination));
    }

    internal static ProbeOutcome NotKnown(string why) => new() { Verdict = Verdict.Unknown, UnknownBecause = why };

    /// <summary>A port whose address is not known cannot be walked, but what kills every packet of it is known all the same.</summary>
    internal static ProbeOutcome Blind(Diagnosis diagnosis, TopologyPort port, PacketDirection direction)
    {
        if (PlugChecks.Chain(diagnosis, port) is not { } dead)
            return NotKnown(
                "the address of the instance is not known: no nova metadata, DHCP file, rule or flow that names it was read"
            ) with
            {
                Direction = direction,
                Device = port.TapName,
            };
        Cause? cause = Catalogue.Find(dead.CauseId);
        return new ProbeOutcome
        {
            Verdict = Verdict.Fail,
            Direction = direction,
            Device = dead.Device,
            Namespace = dead.Namespace,
            CauseId = dead.CauseId,
            Cause = cause?.Title,
            Evidence = dead.Evidence,
            Repair = cause
                ?.Mend.Replace("{device}", dead.Device, StringComparison.Ordinal)
                .Replace("{instance}", port.Instance.Name, StringComparison.Ordinal),
        };
    }

    private static EgressResult Result(
        Diagnosis diagnosis,
        EgressRequest request,
        TopologyPort port,
        Ip? address,
        Ip destination,
        ProbeOutcome outcome
    ) =>
        new()
        {
            Node = diagnosis.Node,
            Instance = port.Instance.Name,
            InstanceId = port.Instance.Uuid,
            SourceAddress = address?.ToIPAddress(),
            Destination = destination.ToIPAddress(),
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
            LatePath = new(() => NodeNouns.Path(diagnosis.Node, port, address)),
            LateTrace = outcome.Trace,
            UnknownBecause = outcome.UnknownBecause,
        };
}
