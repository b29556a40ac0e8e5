using System.Globalization;
using System.Text;
using StackNet.Engine.Sources.Text;

namespace StackNet.Engine.Sources.Capture;

/// <summary>A folder of command output: COMMANDS.tsv when it is there, and the file names of the convention.</summary>
internal static class CaptureFolder
{
    private const string CommandList = "COMMANDS.tsv";

    private const int MostFiles = 200_000;

    /// <summary>The folders below <paramref name="path"/> that each hold one node; empty when it is no capture.</summary>
    public static IReadOnlyList<string> Nodes(string path)
    {
        if (IsNode(path))
            return [path];
        string single = Path.Combine(path, "node");
        if (Directory.Exists(single) && IsNode(single))
            return [single];
        return [.. Directory.EnumerateDirectories(path, "node-*").Where(IsNode).Order(StringComparer.Ordinal)];
    }

    public static CaptureSource Open(string path, CancellationToken token)
    {
        string parent = Path.GetFileName(Path.GetDirectoryName(Path.GetFullPath(path)) ?? "");
        string own = Path.GetFileName(Path.TrimEndingDirectorySeparator(Path.GetFullPath(path)));
        CaptureSource source = new(path)
        {
            FallbackName =
                own == "node" ? parent
                : own.StartsWith("node-", StringComparison.Ordinal) ? $"{parent}-{own}"
                : own,
        };
        Dictionary<string, (int? Status, string Command)> commands = ReadCommands(path, source, token);
        foreach ((string ns, string file) in Files(path, token))
        {
            string relative = ns.Length == 0 ? file : $"netns/{ns}/{file}";
            commands.Remove(relative, out (int? Status, string Command) known);
            string full = Path.Combine(path, relative);
            CaptureEntry entry = new(
                full,
                known.Command ?? CaptureNames.CommandOf(file),
                known.Status,
                () => CaptureFile.ReadAll(full, token),
                Errors(full, token)
            );
            source.Add(ns, Canonical(file, known.Command), entry);
        }
        // Listed and not there: it ran, and its output was lost.
        foreach ((string relative, (int? status, string command)) in commands)
        {
            (string ns, string file) = Split(relative);
            source.Add(ns, Canonical(file, command), new CaptureEntry(Path.Combine(path, relative), command, status, null, null));
        }
        return source;
    }

    private static bool IsNode(string path) =>
        File.Exists(Path.Combine(path, CommandList))
        || File.Exists(Path.Combine(path, CaptureNames.Link))
        || File.Exists(Path.Combine(path, CaptureNames.LinkStatistics))
        || File.Exists(Path.Combine(path, CaptureNames.Address))
        || File.Exists(Path.Combine(path, CaptureNames.OvsdbDump))
        || File.Exists(Path.Combine(path, CaptureNames.Iptables));

    // A script with its own file names still says which command it ran.
    private static string Canonical(string file, string? command)
    {
        if (command is null)
            return file;
        string plain = command.StartsWith("ip netns exec ", StringComparison.Ordinal) ? AfterNamespace(command) : command;
        return CaptureNames.FileOf(plain) is { } known && !file.Contains('/') ? known : file;
    }

    private static string AfterNamespace(string command)
    {
        int end = command.IndexOf(' ', "ip netns exec ".Length);
        return end < 0 ? "" : command[(end + 1)..];
    }

    private static (string Namespace, string File) Split(string relative)
    {
        if (!relative.StartsWith("netns/", StringComparison.Ordinal))
            return ("", relative);
        int end = relative.IndexOf('/', 6);
        return end < 0 ? ("", relative) : (relative[6..end], relative[(end + 1)..]);
    }

    private static Dictionary<string, (int? Status, string Command)> ReadCommands(
        string path,
        CaptureSource source,
        CancellationToken token
    )
    {
        Dictionary<string, (int?, string)> commands = [];
        string list = Path.Combine(path, CommandList);
        if (!File.Exists(list))
            return commands;
        source.HasStatus = true;
        string text = Encoding.UTF8.GetString(CaptureFile.ReadAll(list, token));
        Lines lines = new(text);
        while (lines.NextFilled())
        {
            string[] parts = lines.Current.ToString().Split('\t', 3);
            if (parts.Length < 3 || !int.TryParse(parts[1], NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out int status))
                throw new CaptureException(
                    CaptureError.Corrupt,
                    list,
                    "expected file, exit status and command, with tabs between",
                    lines.Number
                );
            if (Path.IsPathRooted(parts[0]) || parts[0].Split('/').Contains(".."))
                throw new CaptureException(CaptureError.Foreign, list, "names a file outside the capture", lines.Number);
            commands[parts[0]] = (status, parts[2]);
        }
        return commands;
    }

    private static IEnumerable<(string Namespace, string File)> Files(string path, CancellationToken token)
    {
        int count = 0;
        IEnumerable<(string, string)> all = Directory
            .EnumerateFiles(path)
            .Select(f => ("", Path.GetFileName(f)))
            .Concat(InFolder(path, "libvirt"))
            .Concat(InFolder(path, "etc"))
            .Concat(InFolder(path, "nova-networks"))
            .Concat(Below(path, "dhcp").SelectMany(d => InFolder(path, "dhcp/" + d)))
            .Concat(
                Below(path, "netns")
                    .SelectMany(ns => Directory.EnumerateFiles(Path.Combine(path, "netns", ns)).Select(f => (ns, Path.GetFileName(f))))
            );
        foreach ((string ns, string file) in all)
        {
            token.ThrowIfCancellationRequested();
            if (file.EndsWith(".stderr", StringComparison.Ordinal) || file == CommandList)
                continue;
            if (++count > MostFiles)
                throw new CaptureException(CaptureError.TooLarge, path, $"holds more than {MostFiles} files");
            yield return (ns, file);
        }
    }

    private static IEnumerable<(string Namespace, string File)> InFolder(string path, string folder)
    {
        string full = Path.Combine(path, folder);
        return Directory.Exists(full) ? Directory.EnumerateFiles(full).Select(f => ("", $"{folder}/{Path.GetFileName(f)}")) : [];
    }

    private static IEnumerable<string> Below(string path, string folder)
    {
        string full = Path.Combine(path, folder);
        return Directory.Exists(full) ? Directory.EnumerateDirectories(full).Select(d => Path.GetFileName(d)) : [];
    }

    private static string? Errors(string file, CancellationToken token)
    {
        string errors = file + ".stderr";
        return File.Exists(errors) ? Encoding.UTF8.GetString(CaptureFile.ReadAll(errors, token, 4 * 1024 * 1024)) : null;
    }
}
