using System.Collections;
using System.Management.Automation;

namespace StackNet.Output;

/// <summary>Reads properties by name, so that views also work on objects that came back from another session without their type.</summary>
internal static class Fields
{
    public static object? Get(object? item, string name)
    {
        object? value = item is null ? null : PSObject.AsPSObject(item).Properties[name]?.Value;
        return value is PSObject { BaseObject: not PSCustomObject } wrapped ? wrapped.BaseObject : value;
    }

    public static string Text(object? item, string name) => Cell.Text(Get(item, name));

    public static bool Is(object? item, string name) => Get(item, name) is true;

    public static int Number(object? item, string name) => Get(item, name) is int number ? number : 0;

    public static IEnumerable<object?> Many(object? item, string name) =>
        Get(item, name) switch
        {
            null => [],
            string text => [text],
            IEnumerable many => many.Cast<object?>(),
            object one => [one],
        };
}
