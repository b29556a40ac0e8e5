using System.Management.Automation;
using System.Text;

namespace StackNet.HelpBuilder;

/// <summary>Writes what the code knows (syntax, parameter metadata) into a Markdown file and leaves what a person wrote.</summary>
internal static class MarkdownUpdate
{
    public static void Apply(string path, CmdletShape shape)
    {
        if (!File.Exists(path))
            throw new HelpFormatException($"{path}: a cmdlet without help.");
        string text = File.ReadAllText(path).Replace("\r\n", "\n", StringComparison.Ordinal);
        Dictionary<string, string> sections = Sections(text);
        sections["SYNTAX"] = Syntax(shape);
        sections["PARAMETERS"] = Parameters(shape, sections.GetValueOrDefault("PARAMETERS") ?? "");
        string[] order = ["SYNOPSIS", "SYNTAX", "DESCRIPTION", "EXAMPLES", "PARAMETERS", "INPUTS", "OUTPUTS", "NOTES", "RELATED LINKS"];
        StringBuilder result = new();
        result.Append("---\nexternal help file: StackNet.dll-Help.xml\nModule Name: StackNet\nonline version:\nschema: 2.0.0\n---\n\n");
        result.Append($"# {shape.Name}\n");
        foreach (string heading in order)
            result.Append($"\n## {heading}\n\n{sections.GetValueOrDefault(heading, "").Trim('\n')}\n");
        File.WriteAllText(path, result.ToString().Replace("\n\n\n", "\n\n", StringComparison.Ordinal));
    }

    private static Dictionary<string, string> Sections(string text)
    {
        Dictionary<string, string> sections = [];
        string? heading = null;
        bool code = false;
        StringBuilder body = new();
        foreach (string line in text.Split('\n').Append("## "))
        {
            code ^= line.StartsWith("```", StringComparison.Ordinal);
            if (code || !line.StartsWith("## ", StringComparison.Ordinal))
            {
                body.Append(line).Append('\n');
                continue;
            }
            if (heading is not null)
                sections[heading] = body.ToString();
            heading = line[3..].Trim();
            body.Clear();
        }
        return sections;
    }

    private static string Syntax(CmdletShape shape)
    {
        StringBuilder text = new();
        foreach (string set in shape.Sets)
        {
            if (shape.Sets.Count > 1)
                text.Append($"### {set}{(set == shape.DefaultSet ? " (Default)" : "")}\n\n");
            text.Append($"```\n{shape.Syntax(set)}\n```\n\n");
        }
        return text.ToString();
    }

    private static string Parameters(CmdletShape shape, string old)
    {
        Dictionary<string, string> texts = Descriptions(old);
        StringBuilder text = new();
        foreach (ParameterShape parameter in shape.Parameters)
        {
            text.Append($"### -{parameter.Name}\n\n{Common(parameter.Name) ?? texts.GetValueOrDefault(parameter.Name, "").Trim('\n')}\n\n");
            text.Append(Metadata(parameter));
        }
        return text.ToString();
    }

    private static string? Common(string name) =>
        name switch
        {
            "WhatIf" => "Shows what would happen. Nothing is changed.",
            "Confirm" => "Asks before anything is changed.",
            _ => null,
        };

    private static Dictionary<string, string> Descriptions(string old)
    {
        Dictionary<string, string> texts = new(StringComparer.OrdinalIgnoreCase);
        string? name = null;
        bool code = false;
        foreach (string line in old.Split('\n'))
        {
            if (line.StartsWith("```", StringComparison.Ordinal))
                code = !code;
            else if (code)
                continue;
            else if (line.StartsWith("### -", StringComparison.Ordinal))
                texts[name = line[5..].Trim()] = "";
            else if (name is not null)
                texts[name] += line + "\n";
        }
        return texts;
    }

    private static string Metadata(ParameterShape parameter)
    {
        ParameterAttribute use = parameter.Uses.Values.First();
        string sets = string.Join(", ", parameter.Sets.Select(s => s == ParameterAttribute.AllParameterSets ? "(All)" : s));
        string input = (use.ValueFromPipeline, use.ValueFromPipelineByPropertyName) switch
        {
            (true, true) => "True (ByPropertyName, ByValue)",
            (true, false) => "True (ByValue)",
            (false, true) => "True (ByPropertyName)",
            _ => "False",
        };
        StringBuilder text = new();
        text.Append($"```yaml\nType: {parameter.TypeName}\nParameter Sets: {sets}\n");
        text.Append($"Aliases: {string.Join(", ", parameter.Aliases)}".TrimEnd()).Append('\n');
        if (parameter.Values.Count > 0)
            text.Append($"Accepted values: {string.Join(", ", parameter.Values)}\n");
        text.Append($"\nRequired: {use.Mandatory}\nPosition: {(use.Position < 0 ? "Named" : use.Position)}\nDefault value: None\n");
        text.Append($"Accept pipeline input: {input}\nAccept wildcard characters: {parameter.Wildcards}\n```\n\n");
        return text.ToString();
    }
}
