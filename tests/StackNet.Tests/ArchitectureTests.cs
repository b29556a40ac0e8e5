using System.Reflection;
using Xunit;

namespace StackNet.Tests;

/// <summary>The rooms of the engine and who may use whom, held on the built assemblies, method bodies included.</summary>
public sealed class ArchitectureTests
{
    private static readonly Dictionary<string, string[]> Arrows = new(StringComparer.Ordinal)
    {
        ["Facts"] = [],
        ["Nouns"] = ["Facts"],
        ["Sources.Text"] = ["Facts", "Nouns"],
        ["Sources.Capture"] = ["Facts", "Nouns", "Sources.Text"],
        ["Sources.Live"] = ["Facts", "Nouns", "Sources.Text"],
        ["Topology"] = ["Facts", "Nouns"],
        ["Walk"] = ["Facts", "Nouns", "Topology"],
        ["Causes"] = ["Facts", "Nouns", "Topology", "Walk"],
        ["Labs"] = ["Facts", "Nouns", "Sources.Live", "Sources.Text"],
    };

    [Fact]
    public void The_rooms_of_the_engine_use_only_what_stands_left_of_them()
    {
        SortedSet<string> broken = new(StringComparer.Ordinal);
        foreach (Type type in typeof(ComputeNode).Assembly.GetTypes())
        {
            if (Room(type) is not { } room)
                continue;
            if (!Arrows.TryGetValue(room, out string[]? allowed))
            {
                broken.Add($"{type.FullName}: the room '{room}' is not one of {string.Join(", ", Arrows.Keys)}");
                continue;
            }
            foreach (Type used in UsedTypes.Of(type))
            {
                if (used.Assembly == type.Assembly && Room(used) is { } other && other != room && !allowed.Contains(other))
                    broken.Add($"{room} -> {other}: {Outermost(type).FullName} uses {Outermost(used).FullName}");
            }
        }
        Assert.True(broken.Count == 0, string.Join(Environment.NewLine, broken));
    }

    [Fact]
    public void The_engine_knows_no_PowerShell_and_nothing_but_the_runtime()
    {
        string[] foreign =
        [
            .. typeof(ComputeNode)
                .Assembly.GetReferencedAssemblies()
                .Select(a => a.Name!)
                .Where(n => !n.StartsWith("System.", StringComparison.Ordinal) && n is not ("System" or "Microsoft.Win32.Primitives"))
                .Concat(
                    typeof(ComputeNode)
                        .Assembly.GetReferencedAssemblies()
                        .Select(a => a.Name!)
                        .Where(n => n == "System.Management.Automation")
                ),
        ];
        Assert.Empty(foreign);
    }

    [Fact]
    public void The_module_references_the_engine_and_PowerShell_only()
    {
        string[] foreign =
        [
            .. typeof(StackNet.Commands.StackNetCommand)
                .Assembly.GetReferencedAssemblies()
                .Select(a => a.Name!)
                .Where(n =>
                    !n.StartsWith("System.", StringComparison.Ordinal) && n is not ("System" or "netstandard" or "StackNet.Engine")
                ),
        ];
        Assert.Empty(foreign);
    }

    [Fact]
    public void YamlDotNet_is_referenced_by_StackNet_Yaml_only()
    {
        string[] projects =
        [
            .. Directory
                .EnumerateFiles(Path.Combine(Repository.Root, "src"), "*.csproj", SearchOption.AllDirectories)
                .Where(p => File.ReadAllText(p).Contains("\"YamlDotNet\"", StringComparison.Ordinal))
                .Select(p => Path.GetFileNameWithoutExtension(p))
                .Where(n => n != "StackNet.Yaml"),
        ];
        Assert.Empty(projects);
    }

    /// <summary>A check that sees nothing would pass for ever: here is a use that only a method body shows.</summary>
    [Fact]
    public void The_scan_sees_uses_inside_method_bodies()
    {
        Assert.Contains(typeof(System.Text.StringBuilder), UsedTypes.Of(typeof(Sample)));
        Assert.Contains(typeof(Uri), UsedTypes.Of(typeof(Sample)));
        Assert.DoesNotContain(typeof(Version), UsedTypes.Of(typeof(Sample)));
    }

    private static class Sample
    {
        public static string Body(string text)
        {
            Func<string, string> lambda = t => new System.Text.StringBuilder(t).ToString();
            return lambda(text) + typeof(List<Uri>).Name;
        }
    }

    private static Type Outermost(Type type) => type.DeclaringType is { } outer ? Outermost(outer) : type;

    /// <summary>Facts, Nouns (namespace StackNet itself), Sources.Text …; null for what the compiler makes.</summary>
    private static string? Room(Type type)
    {
        string space = Outermost(type).Namespace ?? "";
        if (space == "StackNet")
            return "Nouns";
        const string prefix = "StackNet.Engine.";
        if (!space.StartsWith(prefix, StringComparison.Ordinal))
            return space == "StackNet.Engine" ? "Engine" : null;
        string[] parts = space[prefix.Length..].Split('.');
        return parts[0] == "Sources" && parts.Length > 1 ? $"Sources.{parts[1]}" : parts[0];
    }
}
