namespace StackNet.HelpBuilder;

/// <summary>A Markdown file that does not have the form that help needs.</summary>
internal sealed class HelpFormatException(string message) : Exception(message);

/// <summary>One example: what is typed, and what it shows.</summary>
internal sealed record HelpExample(string Title, string Code, string Remarks);

/// <summary>What a person wrote about a cmdlet: a Markdown file in the schema of PlatyPS 2.</summary>
internal sealed record HelpTopic
{
    public required string Name { get; init; }
    public required string Synopsis { get; init; }
    public required IReadOnlyList<string> Description { get; init; }
    public required IReadOnlyList<HelpExample> Examples { get; init; }
    public required IReadOnlyDictionary<string, IReadOnlyList<string>> Parameters { get; init; }
    public required IReadOnlyList<(string Type, string Text)> Inputs { get; init; }
    public required IReadOnlyList<(string Type, string Text)> Outputs { get; init; }
    public required IReadOnlyList<string> Notes { get; init; }
    public required IReadOnlyList<(string Text, string Uri)> Links { get; init; }

    public static HelpTopic Parse(string path, string text)
    {
        List<HelpBlock> blocks = HelpBlock.Read(text);
        string name = blocks.FirstOrDefault(b => b.Level == 1)?.Heading ?? throw new HelpFormatException($"{path}: no title.");
        Dictionary<string, List<HelpBlock>> sections = [];
        List<HelpBlock>? current = null;
        foreach (HelpBlock block in blocks.Where(b => b.Level >= 2))
        {
            if (block.Level == 2)
                sections[block.Heading] = current = [];
            current?.Add(block);
        }
        List<HelpBlock> Section(string heading) =>
            sections.GetValueOrDefault(heading) ?? throw new HelpFormatException($"{path}: no section {heading}.");
        return new HelpTopic
        {
            Name = name,
            Synopsis = string.Join(' ', Section("SYNOPSIS")[0].Paragraphs),
            Description = Section("DESCRIPTION")[0].Paragraphs,
            Examples = [.. Section("EXAMPLES").Skip(1).Select(b => Example(path, b))],
            Parameters = Section("PARAMETERS")
                .Skip(1)
                .ToDictionary(b => b.Heading.TrimStart('-'), b => b.Paragraphs, StringComparer.OrdinalIgnoreCase),
            Inputs = [.. Section("INPUTS").Skip(1).Select(b => (b.Heading, string.Join(' ', b.Paragraphs)))],
            Outputs = [.. Section("OUTPUTS").Skip(1).Select(b => (b.Heading, string.Join(' ', b.Paragraphs)))],
            Notes = sections.GetValueOrDefault("NOTES")?[0].Paragraphs ?? [],
            Links = [.. Section("RELATED LINKS")[0].Paragraphs.SelectMany(Link)],
        };
    }

    private static HelpExample Example(string path, HelpBlock block)
    {
        if (block.Code.Count == 0)
            throw new HelpFormatException($"{path}: '{block.Heading}' has no code.");
        int colon = block.Heading.IndexOf(':', StringComparison.Ordinal);
        string title = colon < 0 ? block.Heading : block.Heading[(colon + 1)..].Trim();
        IEnumerable<string> code = block.Code[0].Split('\n').Select(l => l.StartsWith("PS> ", StringComparison.Ordinal) ? l[4..] : l);
        IEnumerable<string> shown = block.Code.Skip(1).Concat(block.Paragraphs);
        return new(title, string.Join('\n', code), string.Join("\n\n", shown));
    }

    /// <summary>[text](uri) each; several in one paragraph too.</summary>
    private static IEnumerable<(string, string)> Link(string paragraph)
    {
        foreach (string part in paragraph.Split('[', StringSplitOptions.RemoveEmptyEntries))
        {
            int close = part.IndexOf("](", StringComparison.Ordinal);
            int end = part.IndexOf(')', StringComparison.Ordinal);
            if (close > 0 && end > close)
                yield return (part[..close], part[(close + 2)..end]);
        }
    }
}
