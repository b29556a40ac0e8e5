using System.Management.Automation;
using StackNet.Binding;
using StackNet.Engine.Facts;
using StackNet.Engine.Labs;
using StackNet.Engine.Sources.Capture;
using StackNet.Engine.Sources.Live;
using StackNet.Engine.Topology;

namespace StackNet.Commands;

/// <summary>Reads nodes for cmdlets: errors become records, progress is shown, what was not read is told.</summary>
internal static class NodeReading
{
    private const string Activity = "Reading";

    private const string NoComputeNode =
        "no compute node. Looked for libvirt domains (/run/libvirt/qemu, virsh), an Open vSwitch database (db.sock in OVS_RUNDIR or "
        + "/run/openvswitch), instances' taps and bridges (tap*, qbr*, br-int), neutron's namespaces (qrouter-, qdhcp-, snat-, fip- in "
        + "/run/netns) and dnsmasq's host files, and found none of them.";

    /// <summary>This machine; null after an error.</summary>
    public static ComputeNode? Live(StackNetCommand cmdlet, LiveOptions options)
    {
        string name = Environment.MachineName;
        try
        {
            cmdlet.WriteVerbose($"Reading {name}: namespaces, devices, rules, Open vSwitch, libvirt and dnsmasq of this machine.");
            NodeFacts facts = cmdlet.Run($"{Activity} {name}", "namespaces, rules, flows", token => LiveReader.ReadAsync(options, token));
            return ComputeNodes.Create(facts, "localhost", NodeSourceKind.Live);
        }
        catch (Exception error) when (error is not PipelineStoppedException)
        {
            cmdlet.WriteError(Errors.NodeUnreadable(name, error));
            return null;
        }
    }

    /// <summary>The node of a lab, read as this machine is; null after an error.</summary>
    public static ComputeNode? Lab(StackNetCommand cmdlet, string name)
    {
        try
        {
            cmdlet.WriteVerbose($"Reading the node of the lab {name}.");
            NodeFacts facts = cmdlet.Run($"{Activity} {name}", "namespaces, rules, flows", token => LabManager.ReadAsync(name, token));
            return ComputeNodes.Create(facts, $"lab:{name}", NodeSourceKind.Lab);
        }
        catch (LabException error)
        {
            cmdlet.WriteError(Errors.Lab(error));
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            cmdlet.WriteError(Errors.NodeUnreadable(name, error));
        }
        return null;
    }

    /// <summary>The nodes of one capture, each as soon as it is read.</summary>
    public static void Capture(StackNetCommand cmdlet, string path, Action<ComputeNode> write)
    {
        try
        {
            cmdlet.WriteVerbose($"Reading the capture {path}.");
            IReadOnlyList<NodeFacts> nodes = cmdlet.Run($"{Activity} {path}", "capture", token => CaptureReader.Read(path, token));
            foreach (NodeFacts facts in nodes)
                write(ComputeNodes.Create(facts, path, NodeSourceKind.Capture));
        }
        catch (CaptureException error)
        {
            cmdlet.WriteError(Errors.Capture(error));
        }
    }

    /// <summary>An embedded sample.</summary>
    public static ComputeNode Sample(StackNetCommand cmdlet, string name) =>
        cmdlet.Run($"{Activity} {name}", "sample", _ => ComputeNodes.Create(Samples.Open(name), $"sample:{name}", NodeSourceKind.Sample));

    /// <summary>Writes a node and says what about it a user should know.</summary>
    public static void Announce(StackNetCommand cmdlet, ComputeNode node)
    {
        if (!Warn(cmdlet, node))
            return;
        KnownNodes.Remember(node);
        cmdlet.WriteObject(node);
    }

    /// <summary>Says what about a node a user should know; false when it was read and is none.</summary>
    public static bool Warn(StackNetCommand cmdlet, ComputeNode node)
    {
        foreach (UnreadSource unread in node.UnreadSources)
            cmdlet.WriteVerbose($"{node.ComputerName}: not read: {Output.Cell.Text(unread)} ({unread.Kind})");
        int denied = node.UnreadSources.Count(u => u.Kind == UnreadKind.PermissionDenied);
        if (node.InstanceCount == 0 && node.Layout.Length == 0 && !CaptureReader.IsSingleFile(node))
        {
            string rights = denied > 0 ? $" {denied} sources could not be read for lack of rights: try again as root." : "";
            cmdlet.WriteWarning($"{Output.Cell.Text(node.ComputerName)} is {NoComputeNode}{rights}");
            return denied > 0;
        }
        if (denied > 0 && node.SourceKind == NodeSourceKind.Live)
        {
            cmdlet.WriteWarning(
                $"{Output.Cell.Text(node.ComputerName)}: {denied} sources could not be read for lack of rights; answers that hang on them are Unknown. "
                    + "Run as root; -Verbose lists them."
            );
        }
        return true;
    }
}
