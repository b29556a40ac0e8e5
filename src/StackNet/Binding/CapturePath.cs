using System.Management.Automation;
using StackNet.Commands;
using StackNet.Engine.Facts;
using StackNet.Engine.Sources.Capture;
using StackNet.Engine.Topology;

namespace StackNet.Binding;

/// <summary>Turns what a user writes as a path into files and folders.</summary>
internal static class CapturePath
{
    /// <summary>The files and folders that a path names; an error is written for one that names none.</summary>
    public static IReadOnlyList<string> Resolve(PSCmdlet cmdlet, string path, bool literal)
    {
        try
        {
            ProviderInfo provider;
            IReadOnlyList<string> paths = literal
                ? [cmdlet.SessionState.Path.GetUnresolvedProviderPathFromPSPath(path, out provider, out _)]
                : cmdlet.GetResolvedProviderPathFromPSPath(path, out provider);
            if (IsFileSystem(provider))
                return paths;
            cmdlet.WriteError(Errors.PathNotOnDisk(path));
        }
        catch (Exception error)
            when (error is ItemNotFoundException or System.Management.Automation.DriveNotFoundException or ProviderNotFoundException)
        {
            cmdlet.WriteError(Errors.PathNotFound(path, error));
        }
        return [];
    }

    /// <summary>Nodes of a path that stands where a node is expected: Test-InstanceEgress ./capture.</summary>
    public static ComputeNode[] Open(EngineIntrinsics engine, string path)
    {
        try
        {
            List<ComputeNode> nodes = [];
            foreach (string file in engine.SessionState.Path.GetResolvedProviderPathFromPSPath(path, out _))
            {
                foreach (NodeFacts facts in CaptureReader.Read(file, CancellationToken.None))
                    nodes.Add(ComputeNodes.Create(facts, file, NodeSourceKind.Capture));
            }
            return [.. nodes];
        }
        catch (Exception error) when (error is CaptureException or ItemNotFoundException or IOException or UnauthorizedAccessException)
        {
            throw new ArgumentTransformationMetadataException(Output.Cell.Text(error.Message), error);
        }
    }

    private static bool IsFileSystem(ProviderInfo provider) => provider.Name == "FileSystem";
}
