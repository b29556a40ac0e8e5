namespace StackNet.HelpBuilder;

/// <summary>A heading with what follows it up to the next one: paragraphs (as plain text) and fenced code.</summary>
internal sealed record HelpBlock(int Level, string Heading, IReadOnlyList<string> Paragraphs, IReadOnlyList<string> Code)
{
    private const string Fence = "```";

    public static List<HelpBlock> Read(string text)
    {
        List<HelpBlock> blocks = [];
        List<string> paragraphs = [];
        List<string> code = [];
        List<string> lines = [];
        int level = 0;
        string heading = "";
        void EndParagraph()
        {
            if (lines.Count > 0)
                paragraphs.Add(Plain(lines));
            lines = [];
        }
        void EndBlock()
        {
            EndParagraph();
            if (level > 0)
                blocks.Add(new(level, heading, paragraphs, code));
            (paragraphs, code) = ([], []);
        }
        using StringReader reader = new(WithoutFrontMatter(text));
        while (reader.ReadLine() is { } line)
        {
            if (line.StartsWith(Fence, StringComparison.Ordinal))
            {
                EndParagraph();
                string body = ReadCode(reader);
                // What stands in a yaml fence is the parameter's metadata, which the code knows better.
                if (!line.StartsWith(Fence + "yaml", StringComparison.Ordinal))
                    code.Add(body);
            }
            else if (line.StartsWith('#'))
            {
                EndBlock();
                level = line.TakeWhile(c => c == '#').Count();
                heading = line[level..].Trim();
            }
            else if (string.IsNullOrWhiteSpace(line))
            {
                EndParagraph();
            }
            else
            {
                lines.Add(line.TrimEnd());
            }
        }
        EndBlock();
        return blocks;
    }

    private static string ReadCode(StringReader reader)
    {
        List<string> lines = [];
        while (reader.ReadLine() is { } line && !line.StartsWith(Fence, StringComparison.Ordinal))
            lines.Add(line);
        return string.Join('\n', lines);
    }

    private static string WithoutFrontMatter(string text)
    {
        const string mark = "---\n";
        text = text.Replace("\r\n", "\n", StringComparison.Ordinal);
        int end = text.StartsWith(mark, StringComparison.Ordinal) ? text.IndexOf("\n" + mark, mark.Length, StringComparison.Ordinal) : -1;
        return end < 0 ? text : text[(end + 1 + mark.Length)..];
    }

    /// <summary>List items keep their lines; running text becomes one line; the marks for code and emphasis go.</summary>
    private static string Plain(List<string> lines)
    {
        string text = "";
        foreach (string line in lines)
        {
            bool item = line.StartsWith("- ", StringComparison.Ordinal);
            text += text.Length == 0 ? line : (item ? "\n" : " ") + line.Trim();
        }
        return text.Replace("`", "", StringComparison.Ordinal).Replace("**", "", StringComparison.Ordinal);
    }
}
