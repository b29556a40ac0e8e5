using System.Management.Automation;

namespace StackNet.Shell.Commands;

/// <summary>Select-Object of the simplest kind: properties, one property's values, first, last, skip, unique.</summary>
[Cmdlet(VerbsCommon.Select, "Object")]
public sealed class SelectObjectCommand : PSCmdlet
{
    private readonly Queue<PSObject> _last = new();
    private readonly HashSet<string> _seen = new(StringComparer.Ordinal);
    private int _index;
    private int _written;

    /// <summary>What comes down the pipeline.</summary>
    [Parameter(ValueFromPipeline = true)]
    public PSObject? InputObject { get; set; }

    /// <summary>Names (wildcards), script blocks, or @{Name=…; Expression=…}.</summary>
    [Parameter(Position = 0)]
    public object[]? Property { get; set; }

    /// <summary>The property whose values are written.</summary>
    [Parameter]
    public string? ExpandProperty { get; set; }

    /// <summary>How many at most, from the start.</summary>
    [Parameter]
    [ValidateRange(0, int.MaxValue)]
    public int First { get; set; } = int.MaxValue;

    /// <summary>How many at most, from the end.</summary>
    [Parameter]
    [ValidateRange(0, int.MaxValue)]
    public int? Last { get; set; }

    /// <summary>How many to leave out at the start.</summary>
    [Parameter]
    [ValidateRange(0, int.MaxValue)]
    public int Skip { get; set; }

    /// <summary>Leave out what is equal to what was written.</summary>
    [Parameter]
    public SwitchParameter Unique { get; set; }

    /// <inheritdoc />
    protected override void ProcessRecord()
    {
        if (InputObject is null || _index++ < Skip || _written >= First)
            return;
        if (Last is { } last)
        {
            _last.Enqueue(InputObject);
            if (_last.Count > last)
                _last.Dequeue();
            return;
        }
        Emit(InputObject);
        if (_written >= First)
            StopUpstream.From(this);
    }

    /// <inheritdoc />
    protected override void EndProcessing()
    {
        foreach (PSObject item in _last)
            Emit(item);
    }

    private void Emit(PSObject item)
    {
        _written++;
        if (ExpandProperty is not null)
        {
            PSPropertyInfo? property = item.Properties[ExpandProperty];
            if (property is null)
            {
                InvalidOperationException error = new($"Property \"{ExpandProperty}\" cannot be found.");
                WriteError(new ErrorRecord(error, "ExpandPropertyNotFound", ErrorCategory.InvalidArgument, item));
                return;
            }
            Write(property.Value, enumerate: true);
        }
        else if (Property is null)
        {
            Write(item, enumerate: false);
        }
        else
        {
            PSObject selected = new();
            selected.TypeNames.Insert(0, "Selected." + item.TypeNames[0]);
            foreach ((string name, object? value) in PropertyExpressions.Read(item, Property))
            {
                if (selected.Properties[name] is null)
                    selected.Properties.Add(new PSNoteProperty(name, value));
            }
            Write(selected, enumerate: false);
        }
    }

    private void Write(object? value, bool enumerate)
    {
        if (!Unique || _seen.Add(PropertyExpressions.Key(value)))
            WriteObject(value, enumerate);
    }
}
