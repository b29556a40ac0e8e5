using System.Collections;
using System.Management.Automation;
using Microsoft.PowerShell.Commands;

namespace StackNet.Shell.Commands;

/// <summary>What -Property takes: a name with wildcards, a script block, or a hashtable with Name (Label) and Expression.</summary>
internal static class PropertyExpressions
{
    public static IEnumerable<(string Name, object? Value)> Read(PSObject item, IEnumerable<object> properties)
    {
        foreach (object property in properties)
        {
            object what = property is PSObject wrapped ? wrapped.BaseObject : property;
            string? name = null;
            if (what is IDictionary table)
            {
                name = (Entry(table, "name") ?? Entry(table, "label"))?.ToString();
                what = Entry(table, "expression") ?? name ?? "";
                what = what is PSObject inner ? inner.BaseObject : what;
            }
            PSPropertyExpression expression = what is ScriptBlock script ? new(script) : new(what.ToString());
            List<PSPropertyExpressionResult> results = expression.GetValues(item);
            if (results.Count == 0)
                yield return (name ?? expression.ToString(), null);
            foreach (PSPropertyExpressionResult result in results)
                yield return (name ?? result.ResolvedExpression.ToString(), result.Result);
        }
    }

    /// <summary>Text by which -Unique compares.</summary>
    public static string Key(object? value)
    {
        PSObject? item = value is null ? null : PSObject.AsPSObject(value);
        return item?.BaseObject is PSCustomObject
            ? string.Join('\u0001', item.Properties.Select(p => p.Name + "\u0002" + p.Value))
            : item?.ToString() ?? "";
    }

    private static object? Entry(IDictionary table, string name)
    {
        foreach (DictionaryEntry entry in table)
        {
            string key = entry.Key.ToString() ?? "";
            if (key.Length > 0 && name.StartsWith(key, StringComparison.OrdinalIgnoreCase))
                return entry.Value;
        }
        return null;
    }
}
