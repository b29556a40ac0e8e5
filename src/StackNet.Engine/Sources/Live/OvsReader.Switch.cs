using System.Text.Json;
using StackNet.Engine.Facts;
using StackNet.Engine.Sources.Text;

namespace StackNet.Engine.Sources.Live;

/// <summary>What ovs-vswitchd says: flows, OpenFlow ports, learned addresses.</summary>
internal sealed partial class OvsReader
{
    // Most of the time of a question is waiting for the switch's next turn, so several wait at once.
    private const int Askers = 6;

    /// <summary>What the switch said of one bridge; null = not read, and that is noted.</summary>
    private sealed class BridgeAnswers(OvsBridgeFacts bridge)
    {
        public OvsBridgeFacts Bridge { get; } = bridge;
        public IReadOnlyList<string>? Flows { get; set; }
        public IReadOnlyList<string>? Groups { get; set; }
        public IReadOnlyList<OpenFlowPort>? Ports { get; set; }
        public IReadOnlyList<OvsFdbEntry>? Fdb { get; set; }
    }

    private sealed class SwitchAnswers
    {
        public List<BridgeAnswers> Bridges { get; } = [];
        public string[]? Routes { get; set; }
        public string[]? Neighbours { get; set; }
        public string[]? Conntrack { get; set; }
    }

    private OvsFacts Join(OvsFacts facts, SwitchAnswers? answers)
    {
        if (answers is null)
            return facts with { SwitchAnswered = false };
        return facts with
        {
            Bridges = [.. facts.Bridges.Select(b => Join(b, answers.Bridges.Find(a => a.Bridge.Name == b.Name)))],
            TunnelRoutes = answers.Routes,
            TunnelNeighbours = answers.Neighbours,
            DatapathConntrack = answers.Conntrack,
        };
    }

    private OvsBridgeFacts Join(OvsBridgeFacts bridge, BridgeAnswers? answers)
    {
        if (answers is null)
        {
            foreach (string source in (ReadOnlySpan<string>)["flows", "ports", "groups", "fdb"])
                unread.Add($"{source}:{bridge.Name}", null, UnreadKind.Failed, "the bridge was made while the node was read");
            return bridge;
        }
        return bridge with { Flows = answers.Flows, Groups = answers.Groups, OpenFlowPorts = answers.Ports, Fdb = answers.Fdb };
    }

    /// <summary>Null: the switch does not answer.</summary>
    private SwitchAnswers? AskSwitch(IReadOnlyList<OvsBridgeFacts> bridges, Task<JsonRpcSocket?> opening)
    {
        if (opening.GetAwaiter().GetResult() is not { } control)
            return null;
        SwitchAnswers answers = new();
        List<Action> questions = [];
        foreach (OvsBridgeFacts bridge in bridges)
        {
            BridgeAnswers own = new(bridge);
            answers.Bridges.Add(own);
            questions.Add(() => ReadFlows(own));
            questions.Add(() => ReadPorts(own));
        }
        int next = -1;
        Task<bool>[] askers =
        [
            .. Enumerable
                .Range(0, Math.Min(Askers, questions.Count))
                .Select(n =>
                    LiveReader.Inside(
                        node,
                        $"StackNet ovs-ofctl {n}",
                        () =>
                        {
                            int index;
                            while ((index = Interlocked.Increment(ref next)) < questions.Count)
                                questions[index]();
                            return true;
                        }
                    )
                ),
        ];
        try
        {
            AskControl(answers, control);
        }
        finally
        {
            LiveReader.Settle(askers);
        }
        foreach (Task<bool> asker in askers)
            _ = asker.GetAwaiter().GetResult();
        return answers;
    }

    /// <summary>
    /// Opens the control socket and asks for the version first: a switch that hangs costs one time limit here, not one for each bridge.
    /// </summary>
    private JsonRpcSocket? OpenControl() =>
        unread.Try(
            "ovs-vswitchd",
            null,
            () =>
            {
                string path = FindControl();
                JsonRpcSocket socket = new(path, options, token);
                try
                {
                    socket.Call("version", "[]").Dispose();
                    return socket;
                }
                catch
                {
                    socket.Dispose();
                    throw;
                }
            }
        );

    private string FindControl()
    {
        string pidFile = Path.Join(_folder, "ovs-vswitchd.pid");
        if (KernelFiles.TryRead(pidFile, out int errno)?.Trim() is not { Length: > 0 } pid)
            throw new ToolException(
                errno == Netlink.Libc.Eacces ? UnreadKind.PermissionDenied : UnreadKind.DaemonDown,
                $"{pidFile} cannot be read: ovs-vswitchd does not run, or has another run directory"
            );
        return Path.Join(_folder, $"ovs-vswitchd.{pid}.ctl");
    }

    private void AskControl(SwitchAnswers answers, JsonRpcSocket control)
    {
        List<(BridgeAnswers Bridge, int Id)> tables = [.. answers.Bridges.Select(b => (b, Start(control, "fdb/show", b.Bridge.Name)))];
        int routes = Start(control, "ovs/route/show");
        int neighbours = Start(control, "tnl/neigh/show");
        int count = options.Conntrack == ConntrackReading.Auto ? Start(control, "dpctl/ct-get-nconns") : -1;
        foreach ((BridgeAnswers bridge, int id) in tables)
            bridge.Fdb = unread.Try($"fdb:{bridge.Bridge.Name}", null, () => OvsFdbText.Parse(Finish(control, id, "fdb/show")));
        answers.Routes = TryFinish(control, routes, "ovs/route/show");
        answers.Neighbours = TryFinish(control, neighbours, "tnl/neigh/show");
        answers.Conntrack = ReadConntrack(control, count);
    }

    private string[]? ReadConntrack(JsonRpcSocket control, int count)
    {
        if (options.Conntrack == ConntrackReading.Never)
            return null;
        if (options.Conntrack == ConntrackReading.Auto)
        {
            // A kernel datapath does not tell the number; its entries are in the kernel's own table.
            if (TryFinish(control, count, "dpctl/ct-get-nconns") is not [string text] || !int.TryParse(text, out int number))
                return null;
            if (number > options.ConntrackLimit)
                return null;
            if (number == 0)
                return [];
        }
        return TryFinish(control, Start(control, "dpctl/dump-conntrack"), "dpctl/dump-conntrack");
    }

    // Commands that not every version has: without them nothing is known, and nothing is amiss.
    private string[]? TryFinish(JsonRpcSocket control, int id, string command)
    {
        try
        {
            return Finish(control, id, command).Split('\n', StringSplitOptions.RemoveEmptyEntries);
        }
        catch (IOException)
        {
            return null;
        }
        catch (TimeoutException error)
        {
            unread.Add(command, null, UnreadKind.TimedOut, error.Message);
            return null;
        }
    }

    private static int Start(JsonRpcSocket control, string command, params string[] arguments) =>
        control.Start(command, "[" + string.Join(',', arguments.Select(a => $"\"{JsonEncodedText.Encode(a)}\"")) + "]");

    private static string Finish(JsonRpcSocket control, int id, string command)
    {
        using JsonDocument answer = control.Finish(id, command);
        return answer.RootElement.GetProperty("result").GetString() ?? "";
    }

    private void ReadFlows(BridgeAnswers answers)
    {
        string name = answers.Bridge.Name;
        string version = Version(answers.Bridge);
        answers.Flows = unread.Try($"flows:{name}", null, () => OvsFlowText.ParseFlows(Ofctl(version, "dump-flows", name)));
        // Groups came with OpenFlow 1.1; most bridges have none and no flow that names one.
        bool none =
            version == "OpenFlow10" || (answers.Flows is { } flows && !flows.Any(f => f.Contains("group:", StringComparison.Ordinal)));
        answers.Groups = none ? [] : unread.Try($"groups:{name}", null, () => OvsFlowText.Parse(Ofctl(version, "dump-groups", name)));
    }

    private void ReadPorts(BridgeAnswers answers)
    {
        string name = answers.Bridge.Name;
        answers.Ports = unread.Try($"ports:{name}", null, () => OvsOfctlShowText.Parse(Ofctl(PortVersion(answers.Bridge), "show", name)));
    }

    // Only OpenFlow 1.0 has the bit NO_FLOOD (ofp_port_config; 1.1 dropped it), and the switch heeds it whoever asks.
    private static string PortVersion(OvsBridgeFacts bridge) =>
        bridge.Protocols.Count == 0 || bridge.Protocols.Contains("OpenFlow10") ? "OpenFlow10" : Version(bridge);

    private string Ofctl(string version, string command, string bridge) => Tools.RunText("ovs-ofctl", "-O", version, command, bridge);

    // The text of a flow differs a little between versions; 1.3 is what agents enable and what captures hold.
    private static string Version(OvsBridgeFacts bridge)
    {
        if (bridge.Protocols.Count == 0 || bridge.Protocols.Contains("OpenFlow13"))
            return "OpenFlow13";
        string[] known = ["OpenFlow15", "OpenFlow14", "OpenFlow12", "OpenFlow11", "OpenFlow10"];
        return Array.Find(known, bridge.Protocols.Contains) ?? "OpenFlow13";
    }
}
