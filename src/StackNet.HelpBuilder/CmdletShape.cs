using System.Management.Automation;
using System.Reflection;
using System.Text;
using StackNet.Commands;

namespace StackNet.HelpBuilder;

/// <summary>What the code says about a cmdlet: the part of its help that nobody has to write.</summary>
internal sealed record CmdletShape(string Name, IReadOnlyList<ParameterShape> Parameters, IReadOnlyList<string> Sets, string? DefaultSet)
{
    private static readonly HashSet<string> Common = new(
        Cmdlet.CommonParameters.Concat(Cmdlet.OptionalCommonParameters),
        StringComparer.OrdinalIgnoreCase
    );

    public static IReadOnlyList<CmdletShape> All { get; } =
    [
        .. typeof(StackNetCommand)
            .Assembly.GetExportedTypes()
            .Where(t => !t.IsAbstract && t.GetCustomAttribute<CmdletAttribute>() is not null)
            .Select(Of)
            .OrderBy(s => s.Name, StringComparer.Ordinal),
    ];

    /// <summary>Parameters of a set in the order in which the syntax shows them: by position, then mandatory ones, then by name.</summary>
    public IEnumerable<(ParameterShape Parameter, ParameterAttribute Use)> InSet(string set) =>
        Parameters
            .Select(p => (Parameter: p, Use: p.In(set)!))
            .Where(p => p.Use is not null)
            .OrderBy(p => p.Use.Position < 0 ? int.MaxValue : p.Use.Position)
            .ThenBy(p => p.Use.Mandatory ? 0 : 1)
            .ThenBy(p => p.Parameter.Name, StringComparer.Ordinal);

    public string Syntax(string set)
    {
        StringBuilder text = new(Name);
        foreach ((ParameterShape parameter, ParameterAttribute use) in InSet(set))
        {
            string name = use.Position >= 0 ? $"[-{parameter.Name}]" : $"-{parameter.Name}";
            string one = parameter.IsSwitch ? $"-{parameter.Name}" : $"{name} <{parameter.TypeName}>";
            text.Append(use.Mandatory ? $" {one}" : $" [{one}]");
        }
        return text.Append(" [<CommonParameters>]").ToString();
    }

    private static CmdletShape Of(Type type)
    {
        CommandMetadata metadata = new(type);
        CmdletAttribute cmdlet = type.GetCustomAttribute<CmdletAttribute>()!;
        List<ParameterShape> parameters =
        [
            .. metadata
                .Parameters.Values.Where(p => !Common.Contains(p.Name))
                .Select(p => ParameterShape.Of(type, p))
                .OrderBy(p => p.Name, StringComparer.Ordinal),
            .. cmdlet.SupportsShouldProcess
                ? [ParameterShape.Switch("Confirm", "cf"), ParameterShape.Switch("WhatIf", "wi")]
                : Array.Empty<ParameterShape>(),
        ];
        string[] sets =
        [
            .. parameters
                .SelectMany(p => p.Sets)
                .Where(s => s != ParameterAttribute.AllParameterSets)
                .Distinct()
                .Order(StringComparer.Ordinal),
        ];
        return new(
            $"{cmdlet.VerbName}-{cmdlet.NounName}",
            parameters,
            sets.Length == 0 ? [ParameterAttribute.AllParameterSets] : sets,
            cmdlet.DefaultParameterSetName
        );
    }
}

/// <summary>What the code says about a parameter.</summary>
internal sealed record ParameterShape(
    string Name,
    Type Type,
    IReadOnlyDictionary<string, ParameterAttribute> Uses,
    IReadOnlyList<string> Aliases,
    bool Wildcards
)
{
    public bool IsSwitch => Type == typeof(SwitchParameter);

    public IEnumerable<string> Sets => Uses.Keys;

    public string TypeName => Short(Type);

    public IReadOnlyList<string> Values => Underlying.IsEnum ? Enum.GetNames(Underlying) : [];

    private Type Underlying => Nullable.GetUnderlyingType(Type) ?? (Type.IsArray ? Type.GetElementType()! : Type);

    public ParameterAttribute? In(string set) => Uses.GetValueOrDefault(set) ?? Uses.GetValueOrDefault(ParameterAttribute.AllParameterSets);

    public static ParameterShape Switch(string name, string alias) =>
        new(
            name,
            typeof(SwitchParameter),
            new Dictionary<string, ParameterAttribute>(StringComparer.Ordinal) { [ParameterAttribute.AllParameterSets] = new() },
            [alias],
            Wildcards: false
        );

    public static ParameterShape Of(Type cmdlet, ParameterMetadata metadata)
    {
        PropertyInfo? property = cmdlet.GetProperty(metadata.Name);
        Dictionary<string, ParameterAttribute> uses = (
            property?.GetCustomAttributes<ParameterAttribute>(inherit: true) ?? [new ParameterAttribute()]
        ).ToDictionary(a => a.ParameterSetName ?? ParameterAttribute.AllParameterSets, StringComparer.Ordinal);
        if (uses.Count == 0)
            uses[ParameterAttribute.AllParameterSets] = new ParameterAttribute();
        return new(
            metadata.Name,
            metadata.ParameterType,
            uses,
            [.. metadata.Aliases],
            property?.GetCustomAttribute<SupportsWildcardsAttribute>() is not null
        );
    }

    private static string Short(Type type)
    {
        if (Nullable.GetUnderlyingType(type) is { } inner)
            return Short(inner);
        if (type.IsArray)
            return Short(type.GetElementType()!) + "[]";
        return type.Name switch
        {
            nameof(Int32) => "int",
            nameof(String) => "string",
            nameof(Int64) => "long",
            _ => type.Name,
        };
    }
}
