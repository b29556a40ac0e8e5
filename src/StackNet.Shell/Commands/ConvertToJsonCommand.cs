using System.Management.Automation;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;

namespace StackNet.Shell.Commands;

/// <summary>ConvertTo-Json on System.Text.Json. Unlike pwsh's it writes enums as their names and addresses as text.</summary>
[Cmdlet(VerbsData.ConvertTo, "Json")]
[OutputType(typeof(string))]
public sealed class ConvertToJsonCommand : PSCmdlet
{
    private readonly List<object?> _items = [];

    /// <summary>What comes down the pipeline; several make an array.</summary>
    [Parameter(Position = 0, ValueFromPipeline = true, Mandatory = true)]
    [AllowNull]
    public object? InputObject { get; set; }

    /// <summary>How deep objects are written; deeper ones become their text.</summary>
    [Parameter]
    [ValidateRange(0, 100)]
    public int Depth { get; set; } = 2;

    /// <summary>No white space.</summary>
    [Parameter]
    public SwitchParameter Compress { get; set; }

    /// <summary>An array, also for one object.</summary>
    [Parameter]
    public SwitchParameter AsArray { get; set; }

    /// <summary>Taken for the sake of scripts made for pwsh: enums are always names here.</summary>
    [Parameter]
    public SwitchParameter EnumsAsStrings { get; set; }

    /// <inheritdoc />
    protected override void ProcessRecord() => _items.Add(InputObject);

    /// <inheritdoc />
    protected override void EndProcessing()
    {
        if (_items.Count == 0)
            return;
        using MemoryStream stream = new();
        JsonWriterOptions options = new() { Indented = !Compress, Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };
        using (Utf8JsonWriter writer = new(stream, options))
            new JsonObjects(writer, Depth).Write(_items.Count == 1 && !AsArray ? _items[0] : _items);
        WriteObject(Encoding.UTF8.GetString(stream.ToArray()));
    }
}
