namespace StackNet.Engine.Labs;

/// <summary>One command that runs inside a lab. Namespace: "" the node's root one, else a name of the plan.</summary>
internal sealed record LabCommand(string Namespace, string Tool, params string[] Arguments)
{
    public string? Input { get; init; }

    public override string ToString() => $"{(Namespace.Length == 0 ? "node" : Namespace)}: {Tool} {string.Join(' ', Arguments)}";
}

/// <summary>A running node: the way to run commands in it and to put files into it.</summary>
internal sealed class LabNode(LabPlan plan, int pid)
{
    public LabPlan Plan { get; } = plan;

    /// <summary>Process 1 of the node as this machine numbers it.</summary>
    public int Pid { get; } = pid;

    /// <summary>A path of the node's file tree as this machine reaches it.</summary>
    public string Outside(string path) => $"/proc/{Pid}/root{path}";

    public string NamespacePath(string ns) => ns.Length == 0 ? $"/proc/{Pid}/ns/net" : Outside(Plan.NamespaceFile(ns));

    public Task<string> RunAsync(LabCommand command, CancellationToken token) =>
        LabProcess.RunAsync(
            Plan.Name,
            "nsenter",
            [
                $"--mount=/proc/{Pid}/ns/mnt",
                $"--uts=/proc/{Pid}/ns/uts",
                $"--ipc=/proc/{Pid}/ns/ipc",
                $"--pid=/proc/{Pid}/ns/pid",
                "--net=" + NamespacePath(command.Namespace),
                "--",
                command.Tool,
                .. command.Arguments,
            ],
            command.Input,
            command.ToString(),
            token
        );

    public Task<string> RunAsync(string ns, string tool, CancellationToken token, params string[] arguments) =>
        RunAsync(new LabCommand(ns, tool, arguments), token);

    /// <summary>The lab's own script, inside a namespace.</summary>
    public Task<string> ScriptAsync(string ns, CancellationToken token, params string[] arguments) =>
        RunAsync(new LabCommand(ns, "perl", [LabPlan.Folder + "/lab.pl", .. arguments]), token);

    public void Write(string path, string text)
    {
        string file = Outside(path);
        Directory.CreateDirectory(Path.GetDirectoryName(file)!);
        File.WriteAllText(file, text);
    }
}
