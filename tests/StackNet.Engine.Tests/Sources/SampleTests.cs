using StackNet.Engine.Facts;
using StackNet.Engine.Sources.Capture;
using Xunit;

namespace StackNet.Engine.Tests.Sources;

public sealed class SampleTests
{
    private static string Folder => Path.Combine(TestData.Root, "src", "StackNet.Engine", "Sources", "Capture", "Samples");

    public static TheoryData<string> Names => [.. Samples.Names];

    [Theory]
    [MemberData(nameof(Names))]
    public void A_sample_is_small_whole_and_known(string name)
    {
        Assert.True(new FileInfo(Path.Combine(Folder, name + ".json.gz")).Length <= 200 * 1024);
        NodeFacts facts = Samples.Open(name.ToUpperInvariant());
        Assert.NotEmpty(facts.HostName);
        Assert.NotNull(facts.Namespaces[0].Links);
        Assert.NotEmpty(facts.Domains!);
        Assert.NotEmpty(Samples.Describe(name));
    }

    [Fact]
    public void The_default_sample_lacks_its_SNAT_rule()
    {
        NodeFacts facts = Samples.Open(Samples.Names[0]);
        NamespaceFacts router = facts.Namespaces.Single(n => n.Name.StartsWith("qrouter-", StringComparison.Ordinal));
        Assert.DoesNotContain(NatRules(router), r => r.Text.Contains("neutron-l3-agent-snat -o qg-", StringComparison.Ordinal));
    }

    [Fact]
    public void An_unknown_name_is_refused() => Assert.Throws<ArgumentException>(() => Samples.Open("no-such-sample"));

    /// <summary>Makes the samples anew from tests/Fixtures; run it after a change of the facts: <c>-- -explicit only -method "*Make_the_samples*"</c>.</summary>
    [Fact(Explicit = true)]
    public void Make_the_samples()
    {
        Directory.CreateDirectory(Folder);
        foreach (string name in Samples.Names)
        {
            NodeFacts facts = name switch
            {
                "hybrid-snat-missing" => WithoutSnat(Fixture("hybrid-healthy")),
                "hybrid-healthy" => Fixture("hybrid-healthy"),
                "hybrid-router-forwarding-off" => Fixture("hybrid-router-ip-forward-0"),
                "hostnat-forwarding-off" => Fixture("hostnat-ip-forward-0"),
                "novanet-masquerade-missing" => Fixture("novanet-masquerade-missing"),
                "native-firewall-egress-removed" => Fixture("ovsfw-egress-rules-removed"),
                _ => throw new InvalidOperationException($"nothing says what the sample '{name}' is made of"),
            };
            using FileStream file = File.Create(Path.Combine(Folder, name + ".json.gz"));
            NodeFactsJson.WriteCompressed(file, facts);
        }
    }

    private static NodeFacts Fixture(string name) =>
        Assert.Single(CaptureReader.Read(Path.Combine(TestData.RealNodes, name), CancellationToken.None));

    private static IEnumerable<IptablesRule> NatRules(NamespaceFacts ns) =>
        ns.IptablesNft!.Tables.Where(t => t.Name == "nat").SelectMany(t => t.Chains).SelectMany(c => c.Rules);

    // As "iptables -t nat -D neutron-l3-agent-snat -o qg-… -j SNAT …" would leave it; the same rule goes from nft's listing, where it has the same place.
    private static NodeFacts WithoutSnat(NodeFacts facts)
    {
        const string chainName = "neutron-l3-agent-snat";
        NamespaceFacts router = facts.Namespaces.Single(n => n.Name.StartsWith("qrouter-", StringComparison.Ordinal));
        IptablesChain chain = router.IptablesNft!.Tables.Single(t => t.Name == "nat").Chains.Single(c => c.Name == chainName);
        int at = chain.Rules.ToList().FindIndex(r => r.Text.StartsWith($"-A {chainName} -o qg-", StringComparison.Ordinal));
        Assert.True(at >= 0);
        NamespaceFacts changed = router with
        {
            IptablesNft = new IptablesRuleset
            {
                Tables =
                [
                    .. router.IptablesNft.Tables.Select(t =>
                        t.Name == "nat"
                            ? t with
                            {
                                Chains = [.. t.Chains.Select(c => c.Name == chainName ? c with { Rules = Without(c.Rules, at) } : c)],
                            }
                            : t
                    ),
                ],
            },
            Nft = router.Nft! with
            {
                Tables =
                [
                    .. router.Nft.Tables.Select(t =>
                        t is { Family: "ip", Name: "nat" }
                            ? t with
                            {
                                Chains = [.. t.Chains.Select(c => c.Name == chainName ? c with { Rules = Without(c.Rules, at) } : c)],
                            }
                            : t
                    ),
                ],
            },
        };
        return facts with { Namespaces = [.. facts.Namespaces.Select(n => n.Name == router.Name ? changed : n)] };
    }

    private static List<T> Without<T>(IReadOnlyList<T> list, int at) => [.. list.Take(at), .. list.Skip(at + 1)];
}
