using System.Text.Json;
using StackNet.Engine.Walk;

namespace StackNet.Oracle.Comparing;

/// <summary>Compares one packet's outcome with what the kernel did: fate, copies, local delivery, reason, rule, answers.</summary>
internal sealed class KernelComparison
{
    private readonly JsonElement _kernel;
    private readonly WalkOutcome _outcome;

    /// <param name="kernel">The packet's record.</param>
    /// <param name="outcome">What the walk says.</param>
    /// <param name="answers">What the node sent because of it, as it left.</param>
    /// <param name="fateOnly">Addresses and rule hang on chance or history.</param>
    /// <param name="answersKnown">False: what became of an answer of the node is not known.</param>
    public KernelComparison(JsonElement kernel, WalkOutcome outcome, List<WalkOutput> answers, bool fateOnly, bool answersKnown)
    {
        _kernel = kernel;
        _outcome = outcome;
        string fate = kernel.GetProperty("fate").GetString()!;
        string mine = Fate();
        if (fate != mine)
        {
            Differences.Add(
                $"fate {mine} ({outcome.Reason} {outcome.Because ?? outcome.Rule?.Text} at {outcome.Device}), the kernel: {fate} {Text("reason")} {Text("detail")} {Text("rule")}"
            );
            return;
        }
        if (fateOnly)
            return;
        CompareOutputs();
        CompareLocal();
        CompareReason();
        CompareRule();
        if (answersKnown)
            CompareAnswers(answers);
    }

    public List<string> Differences { get; } = [];

    private IEnumerable<WalkOutput> Left => _outcome.Outputs.Where(o => o.Kind is WalkOutputKind.Guest or WalkOutputKind.Wire);

    private string Fate()
    {
        // The oracle calls it forwarded when the TTL differs, whatever changed it.
        if (Left.FirstOrDefault() is { } left)
            return left.Packet.Ttl != _kernel.GetProperty("ip").GetProperty("ttl").GetInt32() ? "forwarded" : "bridged";
        return _outcome.Fate == PacketFate.Delivered ? "delivered" : "dropped";
    }

    private void CompareOutputs()
    {
        List<JsonElement> expected = [];
        if (_kernel.TryGetProperty("outs", out JsonElement outs) && outs.ValueKind == JsonValueKind.Array)
            expected.AddRange(outs.EnumerateArray());
        else if (_kernel.GetProperty("out") is { ValueKind: JsonValueKind.Object } one)
            expected.Add(one);
        List<WalkOutput> left = [.. Left];
        foreach (JsonElement output in expected)
        {
            string device = output.GetProperty("device").GetString()!;
            int at = left.FindIndex(o => o.Device == device);
            if (at < 0)
            {
                Differences.Add($"no copy left by {device} (left: {string.Join(", ", Left.Select(o => o.Device))})");
                continue;
            }
            CompareFields($"out {device}", output, left[at].Packet);
            left.RemoveAt(at);
        }
        foreach (WalkOutput extra in left)
            Differences.Add($"a copy left by {extra.Device} that the kernel did not send");
    }

    private void CompareLocal()
    {
        WalkOutput? mine = _outcome.Outputs.Find(o => o.Kind == WalkOutputKind.LocalSocket);
        bool expected = _kernel.TryGetProperty("local", out JsonElement local) && local.ValueKind == JsonValueKind.Object;
        if (expected != mine is not null)
        {
            Differences.Add(expected ? "not delivered locally" : $"delivered locally on {mine!.Device}");
            return;
        }
        if (mine is null)
            return;
        if (local.TryGetProperty("device", out JsonElement device) && device.GetString() != mine.Device)
            Differences.Add($"delivered on {mine.Device}, the kernel: {device.GetString()}");
        CompareFields("local", local, mine.Packet);
    }

    private void CompareFields(string where, JsonElement expected, Packet mine)
    {
        PacketHeader header = mine.ToHeader();
        // The kernel begins its search for a free port at a random one.
        bool random = mine.Conntrack.Entry is { ChosenFromRange: true };
        bool hasTransport = mine.FragmentOffset == 0;
        foreach (JsonProperty field in expected.EnumerateObject())
        {
            // What was recorded of a later fragment under these names is payload.
            if (!hasTransport && field.Name is "sport" or "dport" or "flags" or "type" or "code" or "id")
                continue;
            object? value = field.Name switch
            {
                "src" => mine.Source.ToString(),
                "dst" => mine.Destination.ToString(),
                "sport" => (int)mine.SourcePort,
                "dport" => (int)mine.DestinationPort,
                "flags" => header.TcpFlags,
                "type" => (int)mine.IcmpType,
                "code" => (int)mine.IcmpCode,
                "id" => (int)mine.IcmpId,
                "ttl" => (int)mine.Ttl,
                "tos" => (int)mine.Tos,
                "mark" => (long)mine.Mark,
                "vlan" => mine.OuterVlanId ?? 0,
                "mss" => mine.TcpMss,
                _ => null,
            };
            if (random && field.Name is "sport" or "id" or "src")
                continue;
            if (field.Name == "ether")
                CompareEther(where, field.Value, mine);
            else if (field.Name == "inner" && field.Value.ValueKind == JsonValueKind.Object && mine.Inner is not null)
                CompareFields(where + " inner", field.Value, mine.Inner);
            else if (
                value is not null
                && field.Value.ValueKind is JsonValueKind.String or JsonValueKind.Number
                && $"{value}" != field.Value.ToString()
            )
                Differences.Add($"{where} {field.Name} {value}, the kernel: {field.Value}");
        }
    }

    private void CompareEther(string where, JsonElement ether, Packet mine)
    {
        if (ether.TryGetProperty("src", out JsonElement source) && source.GetString() != mine.SourceMac.ToString())
            Differences.Add($"{where} ether src {mine.SourceMac}, the kernel: {source}");
        if (ether.TryGetProperty("dst", out JsonElement destination) && destination.GetString() != mine.DestinationMac.ToString())
            Differences.Add($"{where} ether dst {mine.DestinationMac}, the kernel: {destination}");
    }

    private void CompareReason()
    {
        if (_outcome.Fate != PacketFate.Dropped || _kernel.GetProperty("reason").GetString() is not { } reason)
            return;
        PacketReason mine = _outcome.Reason;
        bool agrees = reason switch
        {
            "rule-drop" => mine == PacketReason.RuleDrop,
            "rule-reject" => mine == PacketReason.RuleReject,
            "no-route" => mine == PacketReason.NoRoute,
            "blackhole" => mine == PacketReason.Blackhole,
            "unreachable" => mine == PacketReason.Unreachable,
            "prohibit" => mine == PacketReason.Prohibit,
            "rp-filter" => mine == PacketReason.ReversePath,
            "forwarding-off" => mine == PacketReason.ForwardingOff,
            "martian" => mine == PacketReason.Martian,
            "bridge-port-down/blocked" => mine
                is PacketReason.PortDown
                    or PacketReason.PortBlocked
                    or PacketReason.Hairpin
                    or PacketReason.NotConnected,
            _ => true,
        };
        if (!agrees)
            Differences.Add(
                $"reason {mine} ({_outcome.Because ?? _outcome.Rule?.Text}), the kernel: {reason} {Text("detail")} {Text("rule")}"
            );
    }

    private void CompareRule()
    {
        if (_outcome.Fate != PacketFate.Dropped || _kernel.GetProperty("rule") is not { ValueKind: JsonValueKind.Object } rule)
            return;
        if (_outcome.Rule is not { } mine)
        {
            Differences.Add($"no rule, the kernel: {rule}");
            return;
        }
        string handle = rule.GetProperty("handle_or_number").ToString();
        bool isPolicy = handle == "policy";
        bool same =
            rule.GetProperty("family").GetString() == mine.Family
            && rule.GetProperty("table").GetString() == mine.Table
            && rule.GetProperty("chain").GetString() == mine.Chain
            && (isPolicy ? mine.Text.StartsWith("policy", StringComparison.Ordinal) : $"{mine.Number ?? mine.Handle}" == handle);
        if (!same)
            Differences.Add($"rule {mine.Family} {mine.Table} {mine.Chain} {mine.Number ?? mine.Handle} {mine.Text}, the kernel: {rule}");
    }

    private void CompareAnswers(List<WalkOutput> answers)
    {
        List<Packet> mine = [.. answers.Select(a => a.Packet)];
        List<string> devices = [.. answers.Select(a => a.Device)];
        foreach (JsonElement expected in _kernel.GetProperty("emitted").EnumerateArray())
        {
            string device = expected.GetProperty("device").GetString()!;
            int at = Enumerable.Range(0, mine.Count).FirstOrDefault(i => devices[i] == device, -1);
            if (at < 0)
            {
                Differences.Add($"the kernel answered {expected}, the walk did not (answers: {string.Join(", ", devices)})");
                continue;
            }
            CompareFields("answer", expected, mine[at]);
            mine.RemoveAt(at);
            devices.RemoveAt(at);
        }
        // ICMP errors are rate limited and a reading cannot tell whether one was: their absence proves nothing.
        foreach (Packet extra in mine)
        {
            if (extra.Protocol != IpProtocols.Icmp || extra.IcmpType == 0)
                Differences.Add($"the walk answered {extra}, the kernel did not");
        }
    }

    private string Text(string name) => _kernel.TryGetProperty(name, out JsonElement value) ? value.ToString() : "";
}
