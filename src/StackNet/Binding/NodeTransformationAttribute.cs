using System.Collections;
using System.Management.Automation;
using StackNet.Engine.Facts;
using StackNet.Engine.Labs;
using StackNet.Engine.Topology;

namespace StackNet.Binding;

/// <summary>Makes compute nodes of: nodes, anything read from one (an instance, a tap, a result …), and paths of captures.</summary>
internal sealed class NodeTransformationAttribute : ArgumentTransformationAttribute
{
    public override object? Transform(EngineIntrinsics engineIntrinsics, object? inputData)
    {
        object? value = Plain(inputData);
        return value is IEnumerable and not string
            ? Enumerate(engineIntrinsics, (IEnumerable)value)
            : One(engineIntrinsics, value, inputData);
    }

    private static ComputeNode[] Enumerate(EngineIntrinsics engine, IEnumerable values) =>
        [
            .. values
                .Cast<object?>()
                .SelectMany(v =>
                    One(engine, Plain(v), v) switch
                    {
                        ComputeNode[] many => many,
                        ComputeNode node => [node],
                        _ => [],
                    }
                ),
        ];

    private static object? One(EngineIntrinsics engine, object? value, object? input) =>
        value switch
        {
            null => null,
            ComputeNode node => node,
            NodeItem { Node: { } node } => node,
            Lab lab => LabNode(lab),
            string path => CapturePath.Open(engine, path),
            FileSystemInfo file => CapturePath.Open(engine, WildcardPattern.Escape(file.FullName)),
            _ when Held(input) is { } node => node,
            _ => throw new ArgumentTransformationMetadataException(
                $"Cannot make a compute node of {PSObject.AsPSObject(input ?? "").TypeNames[0]}. "
                    + "Give what Get-ComputeNode wrote, an object read from it, or the path of a capture."
            ),
        };

    private static ComputeNode LabNode(Lab lab)
    {
        try
        {
            NodeFacts facts = LabManager.ReadAsync(lab.Name, CancellationToken.None).GetAwaiter().GetResult();
            return ComputeNodes.Create(facts, $"lab:{lab.Name}", NodeSourceKind.Lab);
        }
        catch (Exception error) when (error is LabException or IOException or UnauthorizedAccessException)
        {
            throw new ArgumentTransformationMetadataException(error.Message, error);
        }
    }

    /// <summary>The node of any object that carries one, such as what Select-Object Node, Instance makes.</summary>
    private static ComputeNode? Held(object? input) => Plain(PSObject.AsPSObject(input!).Properties["Node"]?.Value) as ComputeNode;

    private static object? Plain(object? input) => input is PSObject wrapped ? wrapped.BaseObject : input;
}
