using System.Text.Json;
using StackNet.Engine.Facts;
using StackNet.Engine.Sources.Text;

namespace StackNet.Engine.Sources.Live;

/// <summary>What ovs-vswitchd says: flows, OpenFlow ports, learned addresses.</summary>
internal sealed partial class OvsReader
{
    private OvsFacts ReadSwitch(OvsFacts facts)
    {
        if (!TryOpenControl(out JsonRpcSocket? control))
            return facts with { SwitchAnswered = false };
        // Both ways of asking end in the one main loop of ovs-vswitchd; the second processor is for ovs-ofctl's own work.
        Task<OvsFacts> said = LiveReader.Inside(
            node,
            "StackNet ovs-vswitchd",
            () =>
            {
                using (control)
                    return AskControl(facts, control);
            }
        );
        OvsBridgeFacts[] bridges = [.. facts.Bridges.Select(ReadBridge)];
        OvsFacts result = said.GetAwaiter().GetResult();
        for (int i = 0; i < bridges.Length; i++)
            bridges[i] = bridges[i] with { Fdb = result.Bridges[i].Fdb };
        return result with { Bridges = bridges };
    }

    /// <summary>
    /// Opens the control socket and asks for the version first: a switch that hangs costs one time limit here, not one for each bridge.
    /// </summary>
    private bool TryOpenControl([System.Diagnostics.CodeAnalysis.NotNullWhen(true)] out JsonRpcSocket? control)
    {
        control = null;
        JsonRpcSocket? opened = unread.Try(
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
        control = opened;
        return opened is not null;
    }

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

    private OvsFacts AskControl(OvsFacts facts, JsonRpcSocket control)
    {
        OvsBridgeFacts[] bridges =
        [
            .. facts.Bridges.Select(b =>
                b with
                {
                    Fdb = unread.Try($"fdb:{b.Name}", null, () => OvsFdbText.Parse(Ask(control, "fdb/show", b.Name))),
                }
            ),
        ];
        return facts with
        {
            Bridges = bridges,
            TunnelRoutes = TryAsk(control, "ovs/route/show"),
            TunnelNeighbours = TryAsk(control, "tnl/neigh/show"),
            DatapathConntrack = ReadConntrack(control),
        };
    }

    private string[]? ReadConntrack(JsonRpcSocket control)
    {
        if (options.Conntrack == ConntrackReading.Never)
            return null;
        if (options.Conntrack == ConntrackReading.Auto)
        {
            // A kernel datapath does not tell the number; its entries are in the kernel's own table.
            if (TryAsk(control, "dpctl/ct-get-nconns") is not [string count] || !int.TryParse(count, out int number))
                return null;
            if (number > options.ConntrackLimit)
                return null;
            if (number == 0)
                return [];
        }
        return TryAsk(control, "dpctl/dump-conntrack");
    }

    // Commands that not every version has: without them nothing is known, and nothing is amiss.
    private string[]? TryAsk(JsonRpcSocket control, string command)
    {
        try
        {
            return Ask(control, command).Split('\n', StringSplitOptions.RemoveEmptyEntries);
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

    private static string Ask(JsonRpcSocket control, string command, params string[] arguments)
    {
        string parameters = "[" + string.Join(',', arguments.Select(a => $"\"{JsonEncodedText.Encode(a)}\"")) + "]";
        using JsonDocument answer = control.Call(command, parameters);
        return answer.RootElement.GetProperty("result").GetString() ?? "";
    }

    private OvsBridgeFacts ReadBridge(OvsBridgeFacts bridge)
    {
        string name = bridge.Name;
        string version = Version(bridge);
        IReadOnlyList<string>? flows = unread.Try($"flows:{name}", null, () => OvsFlowText.Parse(Ofctl(version, "dump-flows", name)));
        IReadOnlyList<OpenFlowPort>? ports = unread.Try($"ports:{name}", null, () => OvsOfctlShowText.Parse(Ofctl(version, "show", name)));
        // Groups came with OpenFlow 1.1; most bridges have none and no flow that names one.
        IReadOnlyList<string>? groups =
            version == "OpenFlow10" || (flows is not null && !flows.Any(f => f.Contains("group:", StringComparison.Ordinal)))
                ? []
                : unread.Try($"groups:{name}", null, () => OvsFlowText.Parse(Ofctl(version, "dump-groups", name)));
        return bridge with { Flows = flows, OpenFlowPorts = ports, Groups = groups };
    }

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
