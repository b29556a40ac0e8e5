using System.Management.Automation;
using System.Reflection;
using System.Text;
using StackNet.HelpBuilder;
using Xunit;

namespace StackNet.Tests;

/// <summary>What users' scripts hang on, in one checked-in file: a change to it shows in review.</summary>
public sealed class PublicSurfaceTests
{
    [Fact]
    public void The_public_surface_is_the_one_that_is_checked_in()
    {
        StringBuilder text = new();
        foreach (CmdletShape shape in CmdletShape.All)
            AppendCmdlet(text, shape);
        text.Append("error ids\n");
        foreach (string id in ErrorIds())
            text.Append($"    {id}\n");
        foreach (Type type in PublicTypes())
            AppendType(text, type);
        Repository.AssertSnapshot("PublicSurface", text.ToString());
    }

    private static IEnumerable<string> ErrorIds() =>
        typeof(Errors)
            .GetMethods(BindingFlags.Static | BindingFlags.Public)
            // Capture and Lab choose one of the ids by what went wrong; they are none themselves.
            .Where(m => m.ReturnType == typeof(ErrorRecord) && m.Name is not (nameof(Errors.Capture) or nameof(Errors.Lab)))
            .Select(m => m.Name)
            .Order(StringComparer.Ordinal);

    private static IEnumerable<Type> PublicTypes() =>
        typeof(ComputeNode).Assembly.GetExportedTypes().OrderBy(t => t.FullName, StringComparer.Ordinal);

    private static void AppendCmdlet(StringBuilder text, CmdletShape shape)
    {
        Type cmdlet = typeof(Errors)
            .Assembly.GetExportedTypes()
            .Single(t => t.GetCustomAttribute<CmdletAttribute>() is { } c && $"{c.VerbName}-{c.NounName}" == shape.Name);
        IEnumerable<string> outputs = cmdlet.GetCustomAttributes<OutputTypeAttribute>().SelectMany(o => o.Type).Select(t => t.Name);
        CmdletAttribute attribute = cmdlet.GetCustomAttribute<CmdletAttribute>()!;
        text.Append($"{shape.Name} -> {string.Join(", ", outputs)}");
        text.Append(attribute.SupportsShouldProcess ? $" (ShouldProcess, {attribute.ConfirmImpact})\n" : "\n");
        foreach (string set in shape.Sets)
            text.Append($"    {set}{(set == shape.DefaultSet ? "*" : "")}: {shape.Syntax(set)}\n");
        foreach (ParameterShape parameter in shape.Parameters)
        {
            IEnumerable<string> marks =
            [
                .. parameter.Aliases.Select(a => $"alias {a}"),
                .. parameter.Uses.Values.Any(u => u.ValueFromPipeline) ? ["by value"] : Array.Empty<string>(),
                .. parameter.Uses.Values.Any(u => u.ValueFromPipelineByPropertyName) ? ["by name"] : Array.Empty<string>(),
                .. parameter.Wildcards ? ["wildcards"] : Array.Empty<string>(),
            ];
            text.Append($"    -{parameter.Name} {parameter.TypeName}: {string.Join(", ", marks)}".TrimEnd(' ', ':')).Append('\n');
        }
    }

    private static void AppendType(StringBuilder text, Type type)
    {
        text.Append($"{type.FullName}{(type.BaseType is { } b && b != typeof(object) ? " : " + b.Name : "")}\n");
        if (type.IsEnum)
        {
            text.Append($"    {string.Join(", ", Enum.GetNames(type))}\n");
            return;
        }
        foreach (
            PropertyInfo property in type.GetProperties(BindingFlags.Instance | BindingFlags.Public | BindingFlags.DeclaredOnly)
                .OrderBy(p => p.Name, StringComparer.Ordinal)
        )
            text.Append($"    {property.Name} {TypeName(property.PropertyType)}\n");
    }

    private static string TypeName(Type type) =>
        Nullable.GetUnderlyingType(type) is { } inner ? inner.Name + "?"
        : type.IsGenericType ? type.ToString()
        : type.Name;
}
