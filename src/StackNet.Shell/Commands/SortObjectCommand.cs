using System.Management.Automation;
using System.Net;

namespace StackNet.Shell.Commands;

/// <summary>Sort-Object of the simplest kind: stable, by properties, ascending or descending.</summary>
[Cmdlet("Sort", "Object")]
[System.Diagnostics.CodeAnalysis.SuppressMessage("Design", "CA1010", Justification = "A cmdlet, not a collection.")]
public sealed class SortObjectCommand : PSCmdlet
{
    private readonly List<PSObject> _items = [];

    /// <summary>What comes down the pipeline.</summary>
    [Parameter(ValueFromPipeline = true)]
    public PSObject? InputObject { get; set; }

    /// <summary>Names (wildcards), script blocks, or @{Expression=…}.</summary>
    [Parameter(Position = 0)]
    public object[]? Property { get; set; }

    /// <summary>The greatest first.</summary>
    [Parameter]
    public SwitchParameter Descending { get; set; }

    /// <summary>One of each that compare equal.</summary>
    [Parameter]
    public SwitchParameter Unique { get; set; }

    /// <inheritdoc />
    protected override void ProcessRecord()
    {
        if (InputObject is not null)
            _items.Add(InputObject);
    }

    /// <inheritdoc />
    protected override void EndProcessing()
    {
        List<(PSObject Item, object?[] Keys)> rows = [.. _items.Select(i => (i, Keys(i)))];
        Comparer<(PSObject Item, object?[] Keys)> comparer = Comparer<(PSObject Item, object?[] Keys)>.Create(
            (a, b) => Compare(a.Keys, b.Keys)
        );
        object?[]? previous = null;
        foreach ((PSObject item, object?[] keys) in Descending ? rows.OrderDescending(comparer) : rows.Order(comparer))
        {
            if (Unique && previous is not null && Compare(previous, keys) == 0)
                continue;
            previous = keys;
            WriteObject(item);
        }
    }

    private object?[] Keys(PSObject item) =>
        Property is null ? [Comparable(item.BaseObject)] : [.. PropertyExpressions.Read(item, Property).Select(p => Comparable(p.Value))];

    private static object? Comparable(object? value)
    {
        object? plain = value is PSObject wrapped ? wrapped.BaseObject : value;
        return plain switch
        {
            // Addresses by number: 10.0.0.9 before 10.0.0.10.
            IPAddress address => Convert.ToHexString(address.MapToIPv6().GetAddressBytes()),
            IComparable or null => plain,
            _ => plain.ToString(),
        };
    }

    private static int Compare(object?[] a, object?[] b)
    {
        for (int i = 0; i < Math.Min(a.Length, b.Length); i++)
        {
            if (!LanguagePrimitives.TryCompare(a[i], b[i], ignoreCase: true, out int order))
                order = string.Compare(a[i]?.ToString(), b[i]?.ToString(), StringComparison.OrdinalIgnoreCase);
            if (order != 0)
                return order;
        }
        return 0;
    }
}
