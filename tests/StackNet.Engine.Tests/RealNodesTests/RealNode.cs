using System.Text.Json;
using System.Text.Json.Serialization;
using StackNet.Engine.Sources.Capture;
using StackNet.Engine.Topology;

namespace StackNet.Engine.Tests.RealNodesTests;

/// <summary>One captured node (or pair of nodes) with what real packets did on it.</summary>
internal sealed class RealNode
{
    private RealNode(string folder, RealTruth truth, IReadOnlyList<ComputeNode> nodes)
    {
        Name = Path.GetFileName(folder);
        Truth = truth;
        Nodes = nodes;
    }

    public string Name { get; }
    public RealTruth Truth { get; }
    public IReadOnlyList<ComputeNode> Nodes { get; }

    public static IEnumerable<string> Folders() =>
        Directory
            .EnumerateDirectories(TestData.Best("real-nodes"))
            .Where(f => File.Exists(Path.Combine(f, "truth.json")))
            .Order(StringComparer.Ordinal);

    public static RealNode Open(string folder) =>
        new(
            folder,
            JsonSerializer.Deserialize<RealTruth>(File.ReadAllText(Path.Combine(folder, "truth.json")))!,
            [.. CaptureReader.Read(folder, CancellationToken.None).Select(f => ComputeNodes.Create(f, folder, NodeSourceKind.Capture))]
        );

    /// <summary>The capture that holds the instance, with the instance as the node shows it (found by its port id or address).</summary>
    public (ComputeNode Node, ComputeInstance Instance)? Find(string name)
    {
        RealInstance wanted = Truth.Instances[name];
        foreach (ComputeNode node in Nodes)
        {
            foreach (ComputeInstance instance in NodeNouns.Instances(node))
            {
                if (
                    instance.InstanceId == wanted.Uuid
                    || instance.Port.Any(p =>
                        p.MacAddress == wanted.Mac || p.PortId is { } id && wanted.Id?.StartsWith(id, StringComparison.Ordinal) == true
                    )
                )
                    return (node, instance);
            }
        }
        return null;
    }
}

internal sealed record RealTruth(
    [property: JsonPropertyName("scenario")] string Scenario,
    [property: JsonPropertyName("instances")] Dictionary<string, RealInstance> Instances,
    [property: JsonPropertyName("router_namespace")] string? RouterNamespace,
    [property: JsonPropertyName("internet")] string Internet,
    [property: JsonPropertyName("external_gateway")] string ExternalGateway,
    [property: JsonPropertyName("truth")] IReadOnlyList<RealRow> Rows
);

internal sealed record RealInstance(
    [property: JsonPropertyName("ip")] string Ip,
    [property: JsonPropertyName("mac")] string Mac,
    [property: JsonPropertyName("id")] string? Id,
    [property: JsonPropertyName("uuid")] string Uuid,
    [property: JsonPropertyName("fip")] string? FloatingIp,
    [property: JsonPropertyName("net")] string Network,
    [property: JsonPropertyName("router_namespace")] string? RouterNamespace
);

internal sealed record RealRow(
    [property: JsonPropertyName("from")] string From,
    [property: JsonPropertyName("from_ip")] string? FromIp,
    [property: JsonPropertyName("to")] string To,
    [property: JsonPropertyName("to_instance")] string? ToInstance,
    [property: JsonPropertyName("kind")] string Kind,
    [property: JsonPropertyName("works")] bool Works
);
