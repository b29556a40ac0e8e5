using System.Collections;
using System.Reflection;
using System.Text;
using StackNet.Engine.Facts;
using Xunit;

namespace StackNet.Engine.Tests.Sources.Live;

/// <summary>Prints facts deeply and compares them line by line: records with lists have no equality of their own.</summary>
internal static class FactsDiff
{
    public static void Add(List<string> differences, string what, object expected, object actual)
    {
        string[] left = Lines(expected);
        string[] right = Lines(actual);
        foreach (string line in left.Except(right))
            differences.Add($"{what}: only the tool:  {line}");
        foreach (string line in right.Except(left))
            differences.Add($"{what}: only the kernel: {line}");
        if (left.Length != right.Length)
            differences.Add($"{what}: the tool has {left.Length}, live has {right.Length}");
    }

    public static LinkFacts AsText(LinkFacts link) =>
        // ip does not tell the offload; ethtool does and has a test of its own.
        link with
        {
            TxChecksum = null,
        };

    public static string Print(object? value)
    {
        StringBuilder text = new();
        Print(text, value);
        return text.ToString();
    }

    private static string[] Lines(object value) => value is IEnumerable list ? [.. list.Cast<object>().Select(Print)] : [Print(value)];

    private static void Print(StringBuilder text, object? value)
    {
        switch (value)
        {
            case null:
                text.Append('-');
                return;
            case string or bool or ValueType and IFormattable or Ip or IpPrefix or Mac or Enum:
                text.Append(value);
                return;
            case IDictionary map:
                foreach (object? key in map.Keys.Cast<object>().Order())
                    text.Append(key).Append('=').Append(map[key!]).Append(' ');
                return;
            case IEnumerable list:
                text.Append('[');
                foreach (object? item in list)
                {
                    Print(text, item);
                    text.Append("; ");
                }
                text.Append(']');
                return;
        }
        if (value.GetType().IsPrimitive)
        {
            text.Append(value);
            return;
        }
        text.Append('{');
        foreach (PropertyInfo property in value.GetType().GetProperties(BindingFlags.Public | BindingFlags.Instance))
        {
            if (property.GetIndexParameters().Length > 0 || property.Name is "IsEmpty" or "Counters" or "IsUp" or "HasCarrier")
                continue;
            object? inner = property.GetValue(value);
            // Kind-specific details: live keeps those that matter, ip prints all it has.
            if (property.Name == "Details" && inner is IDictionary details)
                inner = details.Contains("mode") ? details["mode"] : null;
            text.Append(property.Name).Append('=');
            Print(text, inner);
            text.Append(' ');
        }
        text.Append('}');
    }
}
