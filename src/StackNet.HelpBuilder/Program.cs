namespace StackNet.HelpBuilder;

internal static class Program
{
    private const string Usage = """
        make FOLDER OUTPUT   writes the help file of the Markdown files of FOLDER
        update FOLDER        writes syntax and parameter metadata into the Markdown files of FOLDER
        """;

    public static int Main(string[] args)
    {
        try
        {
            switch (args)
            {
                case ["make", string folder, string output]:
                    Directory.CreateDirectory(Path.GetDirectoryName(Path.GetFullPath(output))!);
                    new MamlWriter(Topics(folder)).Save(output);
                    return 0;
                case ["update", string folder]:
                    foreach (CmdletShape shape in CmdletShape.All)
                        MarkdownUpdate.Apply(Path.Join(folder, shape.Name + ".md"), shape);
                    return 0;
                default:
                    Console.Error.WriteLine(Usage);
                    return 2;
            }
        }
        catch (Exception error) when (error is HelpFormatException or IOException)
        {
            Console.Error.WriteLine($"error : {error.Message}");
            return 1;
        }
    }

    private static IEnumerable<(CmdletShape Shape, HelpTopic Topic)> Topics(string folder)
    {
        foreach (CmdletShape shape in CmdletShape.All)
        {
            string path = Path.Join(folder, shape.Name + ".md");
            if (!File.Exists(path))
                throw new HelpFormatException($"{path}: a cmdlet without help.");
            yield return (shape, HelpTopic.Parse(path, File.ReadAllText(path)));
        }
    }
}
