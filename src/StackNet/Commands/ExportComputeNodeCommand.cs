using System.IO.Compression;
using System.Management.Automation;
using StackNet.Binding;
using StackNet.Engine.Facts;
using StackNet.Engine.Sources.Capture;

namespace StackNet.Commands;

/// <summary>Writes all that was read from a node into one file that Get-ComputeNode -Path reads again.</summary>
[Cmdlet(VerbsData.Export, "ComputeNode", SupportsShouldProcess = true, ConfirmImpact = ConfirmImpact.Medium)]
[OutputType(typeof(FileInfo))]
public sealed class ExportComputeNodeCommand : StackNetCommand
{
    private readonly HashSet<string> _written = new(StringComparer.Ordinal);

    /// <summary>Nodes to write.</summary>
    [Parameter(Mandatory = true, ValueFromPipeline = true, ValueFromPipelineByPropertyName = true)]
    [NodeTransformation]
    public ComputeNode[] Node { get; set; } = [];

    /// <summary>File (.json or .json.gz) or a folder; COMPUTERNAME.json.gz in the current folder when left out.</summary>
    [Parameter(Position = 0)]
    [ValidateNotNullOrEmpty]
    public string? Path { get; set; }

    /// <summary>Overwrite a file that exists.</summary>
    [Parameter]
    public SwitchParameter Force { get; set; }

    /// <summary>Write the file object.</summary>
    [Parameter]
    public SwitchParameter PassThru { get; set; }

    /// <summary>Replace instance names, MAC and IP addresses consistently.</summary>
    [Parameter]
    public SwitchParameter Redact { get; set; }

    /// <inheritdoc />
    protected override void ProcessRecord()
    {
        foreach (ComputeNode node in Node)
            Export(node);
    }

    private void Export(ComputeNode node)
    {
        NodeFacts facts = Redact ? Redactor.Redact(node.Facts) : node.Facts;
        if (Target(facts.HostName) is not { } path)
            return;
        bool exists = File.Exists(path);
        // Two nodes into one file: the second would silently replace the first.
        if ((exists && !Force) || !_written.Add(path))
        {
            WriteError(Errors.FileExists(path));
            return;
        }
        if (
            !ShouldProcess(
                path,
                exists ? $"Overwrite with the capture of {node.ComputerName}" : $"Write the capture of {node.ComputerName}"
            )
        )
            return;
        if (System.IO.Path.GetDirectoryName(path) is { Length: > 0 } folder && !Directory.Exists(folder))
        {
            WriteError(Errors.FolderNotFound(folder));
            return;
        }
        try
        {
            Run($"Writing {path}", node.ComputerName, _ => Save(facts, path));
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            WriteError(Errors.ExportFailed(path, error));
            return;
        }
        if (PassThru)
        {
            // As Get-Item gives it: a FileInfo alone has no view in pwsh.
            foreach (PSObject file in InvokeProvider.Item.Get([path], force: true, literalPath: true))
                WriteObject(file);
        }
    }

    private string? Target(string computerName)
    {
        string name = string.Concat(computerName.Select(c => char.IsLetterOrDigit(c) || c is '-' or '_' or '.' ? c : '_'));
        string file = $"{(name.Trim('.').Length == 0 ? "node" : name)}.json.gz";
        string path = SessionState.Path.GetUnresolvedProviderPathFromPSPath(Path ?? file, out ProviderInfo provider, out _);
        if (provider.Name != "FileSystem")
        {
            WriteError(Errors.PathNotOnDisk(Path ?? file));
            return null;
        }
        return Directory.Exists(path) ? System.IO.Path.Join(path, file) : path;
    }

    /// <summary>Whole or not at all: a reader never sees half a file.</summary>
    private static string Save(NodeFacts facts, string path)
    {
        string partial = $"{path}.{Guid.NewGuid():N}.partial";
        try
        {
            using (FileStream file = new(partial, FileMode.CreateNew))
            {
                if (path.EndsWith(".gz", StringComparison.OrdinalIgnoreCase))
                    NodeFactsJson.WriteCompressed(file, facts);
                else
                    NodeFactsJson.Write(file, facts);
            }
            File.Move(partial, path, overwrite: true);
            return path;
        }
        finally
        {
            File.Delete(partial);
        }
    }
}
