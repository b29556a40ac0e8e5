using System.Management.Automation;
using Xunit;

namespace StackNet.Tests;

/// <summary>The Get cmdlets on an embedded sample: by parameter, by pipeline, by property name, with wildcards, with nothing found.</summary>
[Collection(ModuleTests.Name)]
public sealed class NounCmdletTests
{
    private const string Sample = "Get-ComputeNode -Sample hybrid-healthy";

    private readonly ModuleFixture _module;

    public NounCmdletTests(ModuleFixture module)
    {
        _module = module;
        _module.Invoke($"$global:node = {Sample}").Clean();
    }

    /// <summary>Cmdlet, its output, the name parameter, the property it filters.</summary>
    public static TheoryData<string, string, string, string> Nouns =>
        new()
        {
            { "Get-NetworkNamespace", nameof(NetworkNamespace), "Namespace", "Namespace" },
            { "Get-TapDevice", nameof(TapDevice), "Device", "Device" },
            { "Get-VethPair", nameof(VethPair), "Device", "Device" },
            { "Get-LinuxBridge", nameof(LinuxBridge), "Bridge", "Bridge" },
            { "Get-OvsBridge", nameof(OvsBridge), "Bridge", "Bridge" },
            { "Get-OvsPort", nameof(OvsPort), "Device", "Device" },
            { "Get-ComputeInstance", nameof(ComputeInstance), "Instance", "Instance" },
            { "Get-InstancePath", nameof(InstancePath), "Instance", "Instance" },
            { "Get-SecurityGroupRule", nameof(SecurityGroupRule), "Instance", "Instance" },
            { "Get-MasqueradeRule", nameof(MasqueradeRule), "Instance", "Instance" },
            { "Get-FloatingIp", nameof(FloatingIp), "FloatingAddress", "FloatingAddress" },
            { "Get-SysctlForwarding", nameof(ForwardingSysctl), "Device", "Device" },
            { "Get-DhcpLease", nameof(DhcpLease), "Instance", "Instance" },
        };

    [Theory]
    [MemberData(nameof(Nouns))]
    public void It_writes_its_noun_and_each_knows_its_node(string cmdlet, string type, string parameter, string property)
    {
        Assert.NotEmpty(parameter + property);
        IReadOnlyList<PSObject> piped = _module.Invoke($"$node | {cmdlet}").Clean();
        IReadOnlyList<PSObject> given = _module.Invoke($"{cmdlet} -Node $node").Clean();
        Assert.NotEmpty(piped);
        Assert.Equal(piped.Count, given.Count);
        Assert.All(piped, o => Assert.Equal("StackNet." + type, o.TypeNames[0]));
        Assert.All(piped, o => Assert.Same(_module.Invoke("$node").Output[0].BaseObject, ((NodeItem)o.BaseObject).Node));
    }

    [Theory]
    [MemberData(nameof(Nouns))]
    public void Names_filter_with_wildcards_and_without_case(string cmdlet, string type, string parameter, string property)
    {
        Assert.NotEmpty(type);
        IReadOnlyList<PSObject> all = _module.Invoke($"$node | {cmdlet}").Clean();
        string name = all.SelectMany(o => Texts(o, property)).First(t => t.Length > 3);
        string pattern = name[..^1].ToUpperInvariant() + "?";
        int expected = all.Count(o =>
            Texts(o, property).Any(t => t.Length == name.Length && t.StartsWith(name[..^1], StringComparison.OrdinalIgnoreCase))
        );
        Assert.True(_module.Invoke($"$node | {cmdlet} -{parameter} '{pattern}'").Clean().Count >= expected);
        Assert.InRange(_module.Invoke($"$node | {cmdlet} '*'").Clean().Count, all.Count(o => Texts(o, property).Any()), all.Count);
        IReadOnlyList<PSObject> one = _module.Invoke($"{cmdlet} '{name}' -Node $node").Clean();
        Assert.NotEmpty(one);
        Assert.Equal(one.Count, _module.Invoke($"[pscustomobject]@{{ Node = $node; {parameter} = '{name}' }} | {cmdlet}").Clean().Count);
    }

    [Theory]
    [MemberData(nameof(Nouns))]
    public void A_pattern_that_meets_nothing_is_silent_and_a_name_is_an_error(string cmdlet, string type, string parameter, string property)
    {
        Assert.NotEmpty(type + property);
        Assert.Empty(_module.Invoke($"$node | {cmdlet} -{parameter} 'no-such-*'").Clean());
        ScriptResult result = _module.Invoke($"$node | {cmdlet} -{parameter} 'no-such-name'");
        Assert.Empty(result.Output);
        Assert.Equal("no-such-name", result.OnlyError("ItemNotFound", ErrorCategory.ObjectNotFound).TargetObject);
    }

    [Theory]
    [MemberData(nameof(Nouns))]
    public void Another_namespace_has_none(string cmdlet, string type, string parameter, string property)
    {
        Assert.NotEmpty(type + parameter + property);
        if (cmdlet != "Get-ComputeInstance")
            Assert.Empty(_module.Invoke($"$node | {cmdlet} -Namespace 'no-such-*'").Clean());
    }

    [Fact]
    public void The_root_namespace_has_two_names()
    {
        int all = _module.Invoke("$node | Get-SysctlForwarding").Clean().Count;
        int root = _module.Invoke("$node | Get-SysctlForwarding -Namespace '(root)'").Clean().Count;
        Assert.InRange(root, 1, all - 1);
        Assert.Equal(root, _module.Invoke("$node | Get-SysctlForwarding -Namespace ''").Clean().Count);
        Assert.Equal(all - root, _module.Invoke("$node | Get-SysctlForwarding -Namespace q*").Clean().Count);
    }

    [Fact]
    public void What_one_writes_the_next_one_binds()
    {
        string instance = Assert.IsType<ComputeInstance>(_module.Invoke("$node | Get-ComputeInstance").Clean()[0].BaseObject).Instance;
        TapDevice tap = Assert.IsType<TapDevice>(
            Assert.Single(_module.Invoke($"$node | Get-ComputeInstance '{instance}' | Get-TapDevice").Clean()).BaseObject
        );
        Assert.Equal(instance, tap.Instance);
        LinuxBridge bridge = Assert.IsType<LinuxBridge>(
            Assert.Single(_module.Invoke($"$node | Get-TapDevice {tap.Device} | Get-LinuxBridge").Clean()).BaseObject
        );
        Assert.Equal(tap.Bridge, bridge.Bridge);
        Assert.Equal(
            tap.Device,
            Assert.Single(
                _module
                    .Invoke($"$node | Get-LinuxBridge {bridge.Bridge} | Get-TapDevice")
                    .Clean()
                    .Select(o => ((TapDevice)o.BaseObject).Device)
            )
        );
        Assert.All(
            _module.Invoke("$node | Get-NetworkNamespace qrouter-* | Get-SysctlForwarding").Clean(),
            o => Assert.StartsWith("qrouter-", ((ForwardingSysctl)o.BaseObject).Namespace, StringComparison.Ordinal)
        );
        Assert.All(
            _module.Invoke("$node | Get-OvsBridge br-int | Get-OvsPort").Clean(),
            o => Assert.Equal("br-int", ((OvsPort)o.BaseObject).Bridge)
        );
    }

    [Fact]
    public void An_instance_has_many_names()
    {
        ComputeInstance instance = (ComputeInstance)_module.Invoke("$node | Get-ComputeInstance").Clean()[0].BaseObject;
        foreach (string? name in new[] { instance.Instance, instance.InstanceId, instance.DomainName, instance.Port[0].PortId })
            Assert.Single(_module.Invoke($"$node | Get-ComputeInstance '{name}'").Clean());
    }

    [Fact]
    public void A_path_stands_for_a_node_and_several_nodes_are_taken()
    {
        string file = Path.Combine(Path.GetTempPath(), $"stacknet-{Guid.NewGuid():N}.json.gz");
        try
        {
            _module.Invoke($"$node | Export-ComputeNode '{file}'").Clean();
            int one = _module.Invoke("$node | Get-TapDevice").Clean().Count;
            Assert.Equal(one, _module.Invoke($"Get-TapDevice -Node '{file}'").Clean().Count);
            Assert.Equal(one, _module.Invoke($"[IO.FileInfo]'{file}' | Get-TapDevice").Clean().Count);
            Assert.Equal(2 * one, _module.Invoke($"Get-TapDevice -Node $node, '{file}'").Clean().Count);
            ScriptResult wrong = _module.Invoke("Get-TapDevice -Node '/no/such/capture'");
            Assert.StartsWith(
                "ParameterArgumentTransformationError",
                Assert.Single(wrong.Errors).FullyQualifiedErrorId,
                StringComparison.Ordinal
            );
            Assert.Single(_module.Invoke("Get-TapDevice -Node 5").Errors);
        }
        finally
        {
            File.Delete(file);
        }
    }

    [Theory]
    [InlineData("Get-TapDevice -Node $node -Device tap", "tap")]
    [InlineData("Get-LinuxBridge -Node $node -Bridge q", "q")]
    [InlineData("Get-OvsPort -Node $node -Bridge br-", "br-")]
    [InlineData("Get-NetworkNamespace -Namespace qr", "qr")]
    [InlineData("Get-ComputeInstance -Node $node -Instance w", "w")]
    [InlineData("Get-ComputeInstance w", "w")]
    [InlineData("Get-FloatingIp -FloatingAddress 2", "2")]
    [InlineData("Get-SecurityGroupRule -Direction I", "I")]
    [InlineData("Get-ComputeNode -Sample hybrid-", "hybrid-")]
    [InlineData("Get-ComputeNode -Sample -Name nova", "nova")]
    public void Tab_completes_names_that_are_at_hand(string line, string word)
    {
        IReadOnlyList<CompletionResult> matches = _module.Complete(line);
        Assert.NotEmpty(matches);
        Assert.All(matches, m => Assert.StartsWith(word, m.CompletionText, StringComparison.OrdinalIgnoreCase));
        Assert.All(matches, m => Assert.Equal(CompletionResultType.ParameterValue, m.ResultType));
    }

    private static IEnumerable<string> Texts(PSObject item, string property) =>
        item.Properties[property].Value switch
        {
            null => [],
            IEnumerable<string> many => many,
            object one when one.ToString() is { Length: > 0 } text => [text],
            _ => [],
        };
}
