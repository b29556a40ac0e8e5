using System.Management.Automation;
using StackNet.Binding;

namespace StackNet.Commands;

/// <summary>Reads compute nodes: this machine, captures, samples or labs.</summary>
[Cmdlet(VerbsCommon.Get, "ComputeNode", DefaultParameterSetName = PathSet)]
[OutputType(typeof(ComputeNode))]
public sealed class GetComputeNodeCommand : StackNetCommand
{
    private const string PathSet = "Path";
    private const string LiteralPathSet = "LiteralPath";

    /// <summary>Capture folders or files, with wildcards.</summary>
    [Parameter(Mandatory = true, Position = 0, ValueFromPipeline = true, ParameterSetName = PathSet)]
    [SupportsWildcards]
    [ValidateNotNullOrEmpty]
    public string[] Path { get; set; } = [];

    /// <summary>Capture folders or files, taken as they are written.</summary>
    [Parameter(Mandatory = true, ValueFromPipelineByPropertyName = true, ParameterSetName = LiteralPathSet)]
    [Alias("FullName", "PSPath", "LP")]
    [ValidateNotNullOrEmpty]
    public string[] LiteralPath { get; set; } = [];

    /// <inheritdoc />
    protected override void ProcessRecord()
    {
        bool literal = ParameterSetName == LiteralPathSet;
        foreach (string path in literal ? LiteralPath : Path)
        {
            foreach (string file in CapturePath.Resolve(this, path, literal))
                NodeReading.Capture(this, file, Write);
        }
    }

    private void Write(ComputeNode? node)
    {
        if (node is not null)
            NodeReading.Announce(this, node);
    }
}
