using System.Text.Json;

namespace StackNet.Engine.Labs;

/// <summary>What is kept of a lab in its folder: enough to find, describe and remove it from any later process.</summary>
internal sealed record LabRecord
{
    public required string Name { get; init; }
    public required LabLayout Layout { get; init; }
    public required int InstanceCount { get; init; }

    /// <summary>Process 1 of the node; 0 while it is being made.</summary>
    public int Pid { get; init; }

    /// <summary>When that process began: a number used again is not it.</summary>
    public long Start { get; init; }

    /// <summary>True once it was handed out.</summary>
    public bool Finished { get; init; }

    public string[] Faults { get; init; } = [];
}

/// <summary>The folders of labs in /run, one a lab.</summary>
internal static class LabStore
{
    private const string Parent = "/run/stacknet";
    public const string Root = Parent + "/labs";
    private const string FileName = "lab.json";

    public static string Folder(string lab) => Path.Join(Root, lab);

    /// <summary>Takes the name: fails when a folder of it is there, whoever else tries at the same moment.</summary>
    public static void Claim(LabRecord record)
    {
        string claim = Path.Join(Folder(record.Name), "claim");
        for (int tries = 0; ; tries++)
        {
            try
            {
                Directory.CreateDirectory(Folder(record.Name));
                // CreateNew is what decides between two makers.
                using FileStream file = new(claim, FileMode.CreateNew, FileAccess.Write);
                break;
            }
            catch (DirectoryNotFoundException) when (tries < 100)
            {
                // The last lab went just now, and the folder of all labs with it.
            }
            catch (IOException error) when (File.Exists(claim))
            {
                throw new LabException(LabFailure.AlreadyExists, $"A lab named '{record.Name}' is there already.", record.Name, error);
            }
        }
        Save(record);
    }

    public static void Save(LabRecord record)
    {
        string path = Path.Join(Folder(record.Name), FileName);
        string half = path + ".new";
        File.WriteAllText(half, JsonSerializer.Serialize(record));
        File.Move(half, path, overwrite: true);
    }

    /// <summary>Null: there is none, or what is there cannot be understood.</summary>
    public static LabRecord? Load(string lab)
    {
        try
        {
            return JsonSerializer.Deserialize<LabRecord>(File.ReadAllText(Path.Join(Folder(lab), FileName)));
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException or JsonException)
        {
            return null;
        }
    }

    public static List<string> Names()
    {
        try
        {
            return [.. Directory.GetDirectories(Root).Select(f => Path.GetFileName(f)).Order(StringComparer.Ordinal)];
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            return [];
        }
    }

    public static void Delete(string lab)
    {
        if (Directory.Exists(Folder(lab)))
            Directory.Delete(Folder(lab), recursive: true);
        foreach (string folder in (string[])[Root, Parent])
        {
            try
            {
                Directory.Delete(folder);
            }
            catch (IOException)
            {
                return; // others are in it, or it was not there
            }
        }
    }

    /// <summary>One change of a lab at a time, also between processes.</summary>
    public static async Task<IDisposable> LockAsync(string lab, CancellationToken token)
    {
        for (int tries = 0; ; tries++)
        {
            try
            {
                return new FileStream(Path.Join(Folder(lab), "lock"), FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
            }
            catch (DirectoryNotFoundException error)
            {
                throw new LabException(LabFailure.NotFound, $"There is no lab named '{lab}'.", lab, error);
            }
            catch (IOException error) when (tries >= 400)
            {
                throw new LabException(LabFailure.Failed, $"Another process has been changing the lab '{lab}' for too long.", lab, error);
            }
            catch (IOException)
            {
                await Task.Delay(50, token).ConfigureAwait(false);
            }
        }
    }
}
