using StackNet.Engine.Facts;
using StackNet.Engine.Topology;
using StackNet.Engine.Walk;

namespace StackNet.Engine.Causes;

/// <summary>What became of one conversation, with everything that a result shows of it.</summary>
internal sealed record ProbeOutcome
{
    public required Verdict Verdict { get; init; }
    public PacketDirection? Direction { get; init; }
    public string? Device { get; init; }
    public string? Namespace { get; init; }
    public string? CauseId { get; init; }
    public string? Cause { get; init; }
    public string? Evidence { get; init; }
    public string? Repair { get; init; }

    /// <summary>What would stop it next; found when somebody asks: each look needs a whole node with one thing put right.</summary>
    public Lazy<string[]>? LaterCauses { get; init; }
    public string? UnknownBecause { get; init; }

    /// <summary>The walk's steps; made when somebody looks at them (a thousand of them are most of a large node's memory).</summary>
    public Lazy<PacketTrace?>? Trace { get; init; }
}

/// <summary>Runs a conversation and judges how it ended; on a failure looks what would stop it next.</summary>
internal static class ProbeRunner
{
    private const int LaterCauses = 3;

    public static ProbeOutcome Run(
        Diagnosis diagnosis,
        ProbeRequest request,
        Guest guest,
        Ip destination,
        PacketDirection outward,
        Func<Conversation, Ending?> talk
    )
    {
        (Conversation conversation, Ending? ending) = Talk(diagnosis, request, guest, destination, outward, talk);
        Lazy<PacketTrace?>? trace = request.Trace switch
        {
            TraceKeeping.Now => new(Trace(diagnosis, guest, conversation, ending)),
            TraceKeeping.OnDemand => new(() => TraceAgain(diagnosis, request, guest, destination, outward, talk)),
            _ => null,
        };
        if (ending is null)
            return new ProbeOutcome
            {
                Verdict = Verdict.Pass,
                Evidence = conversation.Note,
                Trace = trace,
            };
        if (ending.Verdict == Verdict.Unknown)
        {
            return new ProbeOutcome
            {
                Verdict = Verdict.Unknown,
                Direction = ending.Direction,
                Device = ending.Device,
                Namespace = ending.Namespace,
                UnknownBecause = ending.Unknown,
                Trace = trace,
            };
        }
        Finding finding = new CauseChooser(diagnosis, guest, destination).Choose(ending);
        Cause? cause = Catalogue.Find(finding.CauseId);
        return new ProbeOutcome
        {
            Verdict = Verdict.Fail,
            Direction = ending.Direction,
            Device = finding.Device,
            Namespace = finding.Namespace,
            CauseId = finding.CauseId.Length == 0 ? null : finding.CauseId,
            Cause = cause?.Title,
            Evidence = finding.Evidence,
            Repair = cause is null ? null : Mend(cause, finding, guest, request),
            LaterCauses = new(() => LaterAgain(diagnosis, request, guest, destination, outward, talk)),
            Trace = trace,
        };
    }

    private static (Conversation Conversation, Ending? Ending) Talk(
        Diagnosis diagnosis,
        ProbeRequest request,
        Guest guest,
        Ip destination,
        PacketDirection outward,
        Func<Conversation, Ending?> talk
    )
    {
        Conversation conversation = new(diagnosis, request);
        Ending? ending = PlugChecks.Guest(diagnosis, guest.Port) is { } plug
            ? Ending.Dead(outward, plug.CauseId, plug.Evidence, plug.Device, plug.Namespace)
            : talk(conversation);
        ending ??= conversation.Doubt;
        if (ending is { Verdict: Verdict.Unknown } && CertainDeath(diagnosis, guest, destination, ending, outward) is { } certain)
            ending = certain;
        return (conversation, ending);
    }

    /// <summary>The same walk once more, this time with its steps: facts do not change, so it goes the same way.</summary>
    private static PacketTrace TraceAgain(
        Diagnosis diagnosis,
        ProbeRequest request,
        Guest guest,
        Ip destination,
        PacketDirection outward,
        Func<Conversation, Ending?> talk
    )
    {
        ProbeRequest traced = request with { Trace = TraceKeeping.Now };
        (Conversation conversation, Ending? ending) = Talk(diagnosis, traced, guest, destination, outward, talk);
        return Trace(diagnosis, guest, conversation, ending);
    }

    /// <summary>
    /// The walk could not be followed to its end, but a state further on (or before) kills the packet whatever the unread part holds: a
    /// device of the only way that is down or joined to nothing.
    /// </summary>
    private static Ending? CertainDeath(Diagnosis diagnosis, Guest guest, Ip destination, Ending unknown, PacketDirection outward)
    {
        if (PlugChecks.Chain(diagnosis, guest.Port) is { } own)
            return Ending.Dead(outward, own.CauseId, own.Evidence, own.Device, own.Namespace);
        TopologyPort? other = diagnosis.Topology.PortOfAddress(destination, guest.Port);
        if (other is not null && other != guest.Port && PlugChecks.Chain(diagnosis, other) is { } far)
            return Ending.Dead(unknown.Direction, far.CauseId, far.Evidence, far.Device, far.Namespace);
        return null;
    }

    // The walk is done again instead of kept: what a thousand failed ones met is large.
    private static string[] LaterAgain(
        Diagnosis diagnosis,
        ProbeRequest request,
        Guest guest,
        Ip destination,
        PacketDirection outward,
        Func<Conversation, Ending?> talk
    )
    {
        ProbeRequest untraced = request with { Trace = TraceKeeping.No };
        if (Talk(diagnosis, untraced, guest, destination, outward, talk).Ending is not { Verdict: Verdict.Fail } ending)
            return [];
        Finding finding = new CauseChooser(diagnosis, guest, destination).Choose(ending);
        return [.. Later(diagnosis, untraced, guest, destination, ending, finding, talk)];
    }

    private static IEnumerable<string> Later(
        Diagnosis diagnosis,
        ProbeRequest request,
        Guest guest,
        Ip destination,
        Ending ending,
        Finding finding,
        Func<Conversation, Ending?> talk
    )
    {
        HashSet<string> seen = new(StringComparer.Ordinal) { finding.CauseId };
        Diagnosis current = diagnosis;
        for (int i = 0; i < LaterCauses; i++)
        {
            if (Mending.Of(current, ending, finding, current.Here(guest)) is not { } mended)
                yield break;
            current = mended;
            if (talk(new Conversation(current, request)) is not { Verdict: Verdict.Fail } next)
                yield break;
            ending = next;
            finding = new CauseChooser(current, current.Here(guest), destination).Choose(next);
            if (!seen.Add(finding.CauseId))
                yield break;
            string title = Catalogue.Find(finding.CauseId)?.Title ?? "";
            yield return $"{finding.CauseId} {title} at {finding.Device}: {finding.Evidence}";
        }
    }

    private static string Mend(Cause cause, Finding finding, Guest guest, ProbeRequest request) =>
        cause
            .Mend.Replace("{device}", finding.Device, StringComparison.Ordinal)
            .Replace("{namespace}", finding.Namespace.Length == 0 ? "the root namespace" : finding.Namespace, StringComparison.Ordinal)
            .Replace("{instance}", guest.Port.Instance.Name, StringComparison.Ordinal)
            .Replace("{protocol}", Protocol(request), StringComparison.Ordinal);

    private static string Protocol(ProbeRequest request) =>
        request.Protocol == ProbeProtocol.Icmp ? "icmp"
        : request.Protocol == ProbeProtocol.Tcp ? $"tcp --dst-port {request.DestinationPort}"
        : $"udp --dst-port {request.DestinationPort}";

    private static PacketTrace Trace(Diagnosis diagnosis, Guest guest, Conversation conversation, Ending? ending)
    {
        WalkOutcome? last = ending?.Outcome ?? conversation.Last;
        return new PacketTrace
        {
            Node = diagnosis.Node,
            Instance = guest.Port.Instance.Name,
            InstanceId = guest.Port.Instance.Uuid,
            Verdict = ending?.Verdict ?? Verdict.Pass,
            Fate =
                ending is null ? last?.Fate ?? PacketFate.Unknown
                : ending.Verdict == Verdict.Unknown ? PacketFate.Unknown
                : PacketFate.Dropped,
            Reason = ending?.Drop?.Reason ?? ending?.Outcome?.Reason ?? PacketReason.None,
            OutputDevice = last is { Outputs: [var first, ..] } ? first.Device : null,
            OutputNamespace = last is { Outputs: [var out0, ..] } ? out0.Namespace : null,
            Packet = (ending?.Packet ?? last?.Packet)?.ToHeader(),
            Rule = ending?.Drop?.Rule ?? ending?.Outcome?.Rule,
            Steps = [.. conversation.Steps],
            UnknownBecause = ending?.Unknown,
            State = conversation.State,
        };
    }
}
