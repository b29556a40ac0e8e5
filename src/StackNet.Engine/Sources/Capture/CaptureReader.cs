using System.Text.Json;
using StackNet.Engine.Facts;
using StackNet.Engine.Sources.Text;

namespace StackNet.Engine.Sources.Capture;

/// <summary>Reads a capture, whatever its form: a folder of command output, a file made by Export-ComputeNode, a measured case.</summary>
internal static class CaptureReader
{
    /// <summary>
    /// The nodes of one capture: one for a folder of command output (or its parent with node/), several for a parent with node-a/, node-b/ ….
    /// </summary>
    /// <exception cref="CaptureException">It is not there, broken, too large or no capture.</exception>
    public static IReadOnlyList<NodeFacts> Read(string path, CancellationToken token)
    {
        try
        {
            if (Directory.Exists(path))
                return ReadFolder(path, token);
            return [ReadFile(path, token)];
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new CaptureException(CaptureError.NotFound, path, e.Message, null, null, e);
        }
    }

    /// <summary>
    /// Read from a file that holds one node, or from a folder of such files: somebody chose what is in it, be it a compute node or one
    /// device with a rule.
    /// </summary>
    public static bool IsSingleFile(ComputeNode node) =>
        node.SourceKind == NodeSourceKind.Capture
        && (File.Exists(node.Source) || (Directory.Exists(node.Source) && CaptureFolder.Nodes(node.Source).Count == 0));

    private static List<NodeFacts> ReadFolder(string path, CancellationToken token)
    {
        IReadOnlyList<string> nodes = CaptureFolder.Nodes(path);
        if (nodes.Count == 0 && CaseFiles(path, token) is { Count: > 0 } cases)
            return [.. cases.Select(file => ReadFile(file, token))];
        if (nodes.Count == 0)
            throw new CaptureException(
                CaptureError.Foreign,
                path,
                $"no capture: neither here nor in node/ or node-*/ is a COMMANDS.tsv, {CaptureNames.Link}, {CaptureNames.Address}, "
                    + $"{CaptureNames.OvsdbDump} or {CaptureNames.Iptables}"
            );
        return [.. nodes.Select(n => CaptureNode.Read(CaptureFolder.Open(n, token), token))];
    }

    /// <summary>Measured cases that lie in a folder, in the order of their names.</summary>
    private static List<string> CaseFiles(string path, CancellationToken token)
    {
        List<string> files = [];
        foreach (string file in Directory.EnumerateFiles(path, "*.json").Order(StringComparer.Ordinal))
        {
            token.ThrowIfCancellationRequested();
            if (OracleCaseFile.BeginsLikeOne(file))
                files.Add(file);
        }
        return files;
    }

    private static NodeFacts ReadFile(string path, CancellationToken token)
    {
        byte[] bytes = CaptureFile.ReadUnpacked(path, token);
        if (JsonText.IsBlank(bytes))
            throw new CaptureException(CaptureError.Corrupt, path, "the file is empty", null, 0);
        if (NodeFactsJson.HasFormat(bytes))
            return NodeFactsJson.Read(bytes, path);
        try
        {
            using JsonDocument document = JsonText.Parse(bytes)!;
            if (OracleCaseFile.LooksLikeOne(document.RootElement))
                return CaptureNode.Read(OracleCaseFile.Open(document.RootElement, path), token);
        }
        catch (TextFormatException e)
        {
            throw new CaptureException(CaptureError.Corrupt, path, e.Message, e.Line, e.Offset, e);
        }
        catch (InvalidOperationException e)
        {
            throw new CaptureException(CaptureError.Corrupt, path, e.Message, null, null, e);
        }
        throw new CaptureException(CaptureError.Foreign, path, "JSON, but no capture: it names no format \"stacknet-capture/…\"");
    }
}
