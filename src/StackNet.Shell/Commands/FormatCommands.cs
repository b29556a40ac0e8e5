using System.Management.Automation;
using System.Reflection;
using Microsoft.PowerShell.Commands.Internal.Format;

namespace StackNet.Shell.Commands;

/// <summary>Format-List: the engine holds all of it except the command itself.</summary>
[Cmdlet(VerbsCommon.Format, "List")]
public sealed class FormatListCommand : OuterFormatTableAndListBase
{
    /// <summary>Binds the engine's own implementation.</summary>
    public FormatListCommand() => FormatImplementation.Attach(this, "List");
}

/// <summary>Format-Table: the engine holds all of it except the command itself.</summary>
[Cmdlet(VerbsCommon.Format, "Table")]
public sealed class FormatTableCommand : OuterFormatTableBase
{
    /// <summary>Binds the engine's own implementation.</summary>
    public FormatTableCommand() => FormatImplementation.Attach(this, "Table");
}

internal static class FormatImplementation
{
    /// <summary>
    /// The engine's formatter is internal and pwsh's utility assembly is its friend; this shell is not, so reflection joins them.
    /// The package version is pinned, and a test formats with both shapes.
    /// </summary>
    public static void Attach(FrontEndCommandBase command, string shape)
    {
        Assembly engine = typeof(FrontEndCommandBase).Assembly;
        const string space = "Microsoft.PowerShell.Commands.Internal.Format.";
        Type shapeType = engine.GetType(space + "FormatShape", throwOnError: true)!;
        Type inner = engine.GetType(space + "InnerFormatShapeCommand", throwOnError: true)!;
        object implementation = Activator.CreateInstance(
            inner,
            BindingFlags.Instance | BindingFlags.NonPublic,
            binder: null,
            [Enum.Parse(shapeType, shape)],
            culture: null
        )!;
        typeof(FrontEndCommandBase)
            .GetField("implementation", BindingFlags.Instance | BindingFlags.NonPublic)!
            .SetValue(command, implementation);
    }
}
