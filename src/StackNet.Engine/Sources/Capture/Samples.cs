using System.Reflection;
using StackNet.Engine.Facts;

namespace StackNet.Engine.Sources.Capture;

/// <summary>Captured nodes that come with the module, to learn on and to try commands with. The first one is the default.</summary>
internal static class Samples
{
    private const string Prefix = "StackNet.Engine.Sample.";
    private const string Suffix = ".json.gz";

    private static readonly (string Name, string What)[] All =
    [
        (
            "hybrid-snat-missing",
            "Hybrid node (tap, Linux bridge, Open vSwitch, router namespace): the router's SNAT rule is gone, db-1 does not get out."
        ),
        ("hybrid-healthy", "Hybrid node: web-1 (floating IP) and db-1 reach the outside."),
        ("hybrid-router-forwarding-off", "Hybrid node: ip_forward is 0 in the router namespace, nothing passes it."),
        ("hostnat-forwarding-off", "The node itself routes and masquerades, and its ip_forward is 0."),
        ("novanet-masquerade-missing", "nova-network: taps in br100, the masquerade rule of the node is gone."),
        ("native-firewall-egress-removed", "Security groups as flows of br-int: both groups lost their egress rules."),
    ];

    /// <summary>Names of the samples, the default one first.</summary>
    public static IReadOnlyList<string> Names { get; } = [.. All.Select(s => s.Name)];

    /// <summary>One sentence about a sample.</summary>
    public static string Describe(string name) => Array.Find(All, s => Same(s.Name, name)).What ?? "";

    /// <summary>True when there is a sample of that name, in whatever case.</summary>
    public static bool Has(string name) => Array.Exists(All, s => Same(s.Name, name));

    /// <summary>Opens a sample; <see cref="Names"/> says which there are.</summary>
    public static NodeFacts Open(string name)
    {
        string known =
            Array.Find(All, s => Same(s.Name, name)).Name ?? throw new ArgumentException($"There is no sample '{name}'.", nameof(name));
        using Stream stream = Assembly.GetExecutingAssembly().GetManifestResourceStream(Prefix + known + Suffix)!;
        return NodeFactsJson.Read(stream, "sample:" + known);
    }

    private static bool Same(string one, string other) => string.Equals(one, other, StringComparison.OrdinalIgnoreCase);
}
