using System.Management.Automation;
using StackNet.Binding;
using StackNet.Engine.Sources.Capture;
using StackNet.Engine.Sources.Live;

namespace StackNet.Commands;

/// <summary>Reads compute nodes: this machine, captures, samples or labs.</summary>
[Cmdlet(VerbsCommon.Get, "ComputeNode", DefaultParameterSetName = PathSet)]
[OutputType(typeof(ComputeNode))]
public sealed class GetComputeNodeCommand : StackNetCommand
{
    private const string LiveSet = "Live";
    private const string PathSet = "Path";
    private const string LiteralPathSet = "LiteralPath";
    private const string SampleSet = "Sample";
    private const string LabSet = "Lab";

    /// <summary>Capture folders or files, with wildcards; this machine when nothing is said.</summary>
    // Of the default set and not mandatory: a first argument without a name is a path, and no argument at all is this machine.
    [Parameter(Position = 0, ValueFromPipeline = true, ParameterSetName = PathSet)]
    [SupportsWildcards]
    [ValidateNotNullOrEmpty]
    public string[] Path { get; set; } = [];

    /// <summary>Capture folders or files, taken as they are written.</summary>
    [Parameter(Mandatory = true, ValueFromPipelineByPropertyName = true, ParameterSetName = LiteralPathSet)]
    [Alias("FullName", "PSPath", "LP")]
    [ValidateNotNullOrEmpty]
    public string[] LiteralPath { get; set; } = [];

    /// <summary>Read a sample that is embedded in the module.</summary>
    [Parameter(Mandatory = true, ParameterSetName = SampleSet)]
    public SwitchParameter Sample { get; set; }

    /// <summary>Names of samples; without it the first one.</summary>
    [Parameter(Position = 0, ParameterSetName = SampleSet)]
    [SupportsWildcards]
    [ValidateNotNullOrEmpty]
    [ArgumentCompleter(typeof(SampleCompleter))]
    public string[]? Name { get; set; }

    /// <summary>Labs to read, live.</summary>
    [Parameter(Mandatory = true, ParameterSetName = LabSet)]
    [SupportsWildcards]
    [ValidateNotNullOrEmpty]
    [ArgumentCompleter(typeof(LabCompleter))]
    public string[] Lab { get; set; } = [];

    /// <summary>Socket of Open vSwitch's database.</summary>
    [Parameter(ParameterSetName = LiveSet)]
    [ValidateNotNullOrEmpty]
    public string? OvsDatabase { get; set; }

    /// <summary>Read connection tracking also when it is large.</summary>
    [Parameter(ParameterSetName = LiveSet)]
    public SwitchParameter Conntrack { get; set; }

    /// <summary>How long one source may take.</summary>
    [Parameter(ParameterSetName = LiveSet)]
    [ValidateRange(1, 3600)]
    public int TimeoutSeconds { get; set; } = 10;

    /// <inheritdoc />
    protected override void ProcessRecord()
    {
        switch (ParameterSetName)
        {
            case SampleSet:
                foreach (string sample in SampleNames())
                    Write(NodeReading.Sample(this, sample));
                break;
            case LabSet:
                foreach (Lab lab in LabNames.Find(this, Lab))
                    Write(NodeReading.Lab(this, lab.Name));
                break;
            case LiveSet:
            case PathSet when Path.Length == 0:
                Write(NodeReading.Live(this, LiveOptions()));
                break;
            default:
                bool literal = ParameterSetName == LiteralPathSet;
                foreach (string path in literal ? LiteralPath : Path)
                {
                    foreach (string file in CapturePath.Resolve(this, path, literal))
                        NodeReading.Capture(this, file, Write);
                }
                break;
        }
    }

    private LiveOptions LiveOptions() =>
        new()
        {
            OvsDatabase = OvsDatabase is null ? null : SessionState.Path.GetUnresolvedProviderPathFromPSPath(OvsDatabase),
            Conntrack = Conntrack ? ConntrackReading.Always : ConntrackReading.Auto,
            SourceLimit = TimeSpan.FromSeconds(TimeoutSeconds),
        };

    private IEnumerable<string> SampleNames()
    {
        if (Name is null)
            return Samples.Names.Take(1);
        NameFilter filter = new(Name);
        List<string> names = [.. Samples.Names.Where(n => filter.Matches(n))];
        foreach (string missing in filter.Missing)
            WriteError(Errors.SampleNotFound(missing, Samples.Names));
        return names;
    }

    private void Write(ComputeNode? node)
    {
        if (node is not null)
            NodeReading.Announce(this, node);
    }
}
