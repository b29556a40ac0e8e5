namespace StackNet.Shell;

/// <summary>Finds the module's manifest: beside the shell, or in a folder above it (a clone).</summary>
internal static class ModuleLocation
{
    private const string Manifest = "StackNet.psd1";

    public static string? Find(string start)
    {
        for (DirectoryInfo? folder = new(start); folder is not null; folder = folder.Parent)
        {
            foreach (string path in (string[])[Path.Join(folder.FullName, Manifest), Path.Join(folder.FullName, "StackNet", Manifest)])
            {
                if (File.Exists(path))
                    return path;
            }
        }
        return null;
    }
}
