using System.Management.Automation;
using Xunit;

namespace StackNet.Tests;

/// <summary>Test-InstanceEgress, Test-InstanceIngress and Trace-InstancePacket on embedded samples.</summary>
[Collection(ModuleTests.Name)]
public sealed class ProbeCmdletTests
{
    private readonly ModuleFixture _module;

    public ProbeCmdletTests(ModuleFixture module)
    {
        _module = module;
        _module
            .Invoke("$global:node = Get-ComputeNode -Sample hybrid-healthy; $global:ill = Get-ComputeNode -Sample hybrid-snat-missing")
            .Clean();
    }

    [Fact]
    public void A_healthy_sample_passes_out_and_back()
    {
        EgressResult[] results = [.. _module.Invoke("$node | Test-InstanceEgress").All<EgressResult>()];
        Assert.Equal(2, results.Length);
        Assert.All(results, r => Assert.Equal(Verdict.Pass, r.Verdict));
        Assert.All(results, r => Assert.Null(r.CauseId));
    }

    [Fact]
    public void A_sick_sample_fails_with_cause_evidence_and_place()
    {
        EgressResult[] results = [.. _module.Invoke("$ill | Test-InstanceEgress").All<EgressResult>()];
        EgressResult failed = Assert.Single(results, r => r.Verdict == Verdict.Fail);
        Assert.Equal("db-1", failed.Instance);
        Assert.NotNull(failed.CauseId);
        Assert.NotNull(failed.Evidence);
        Assert.NotNull(failed.Device);
        Assert.NotNull(failed.Direction);
        Assert.NotNull(failed.Repair);
        Assert.Single(results, r => r.Verdict == Verdict.Pass);
    }

    [Theory]
    [InlineData("$node | Test-InstanceEgress -Instance db-1", 1)]
    [InlineData("Test-InstanceEgress $node DB-*", 1)]
    [InlineData("Test-InstanceEgress -Node $node -Instance db-1, web-1", 2)]
    [InlineData("$node | Get-ComputeInstance db-1 | Test-InstanceEgress", 1)]
    [InlineData("$node | Get-TapDevice | Test-InstanceEgress", 2)]
    [InlineData("$node | Test-InstanceEgress | Test-InstanceEgress", 2)]
    [InlineData("$node, $ill | Test-InstanceEgress -Instance db-1", 2)]
    [InlineData("$node | Test-InstanceEgress -Instance no-such-*", 0)]
    [InlineData("$node | Test-InstanceEgress -Destination 192.0.2.9, 192.0.2.10 -Instance db-1", 2)]
    [InlineData("$node | Test-InstanceEgress | Select-Object -First 1", 1)]
    [InlineData("$node | Test-InstanceIngress -Instance web-1", 1)]
    [InlineData("$node | Get-ComputeInstance | Test-InstanceIngress", 2)]
    [InlineData("$node | Trace-InstancePacket -Instance db-1", 1)]
    [InlineData("$node | Test-InstanceEgress | Trace-InstancePacket", 2)]
    [InlineData("$node | Test-InstanceIngress | Trace-InstancePacket", 2)]
    [InlineData("$node | Trace-InstancePacket -Ingress", 2)]
    public void Nodes_and_instances_bind(string script, int count) => Assert.Equal(count, _module.Invoke(script).Clean().Count);

    [Fact]
    public void An_instance_goes_by_uuid_and_port_id_too()
    {
        ComputeInstance instance = (ComputeInstance)_module.Invoke("$node | Get-ComputeInstance db-1").Clean()[0].BaseObject;
        foreach (string? name in new[] { instance.InstanceId, instance.Port[0].PortId })
            Assert.Equal(
                "db-1",
                Assert.Single(_module.Invoke($"$node | Test-InstanceEgress -Instance '{name}'").All<EgressResult>()).Instance
            );
    }

    [Fact]
    public void An_instance_that_is_not_there_is_an_error_once()
    {
        ScriptResult result = _module.Invoke("$node, $ill | Test-InstanceEgress -Instance ghost, db-1");
        Assert.Equal(2, result.Output.Count);
        Assert.Equal("ghost", result.OnlyError("InstanceNotFound", ErrorCategory.ObjectNotFound).TargetObject);
    }

    [Fact]
    public void What_contradicts_itself_ends_the_command()
    {
        ScriptResult address = _module.Invoke("$node | Test-InstanceEgress -Destination 10.0.0");
        Assert.Empty(address.Output);
        Assert.Equal("10.0.0", address.OnlyError("InvalidAddress", ErrorCategory.InvalidArgument).TargetObject);
        ScriptResult port = _module.Invoke("$node | Test-InstanceEgress -Port 80");
        Assert.Empty(port.Output);
        port.OnlyError("PortWithoutProtocol", ErrorCategory.InvalidArgument);
        _module.Invoke("$node | Test-InstanceIngress -Source x").OnlyError("InvalidAddress", ErrorCategory.InvalidArgument);
    }

    [Fact]
    public void The_packet_is_the_one_that_was_asked_for()
    {
        EgressResult result = Assert.Single(
            _module.Invoke("$node | Test-InstanceEgress -Instance db-1 -Destination 192.0.2.9 -Protocol Tcp -Port 443").All<EgressResult>()
        );
        Assert.Equal(("192.0.2.9", 443), (result.Destination!.ToString(), result.DestinationPort));
        Assert.Equal("tcp", result.Protocol, ignoreCase: true);
    }

    [Fact]
    public void A_trace_marks_the_fatal_step_only_when_there_is_one()
    {
        PacketTrace healthy = Assert.Single(_module.Invoke("$node | Trace-InstancePacket -Instance db-1").All<PacketTrace>());
        Assert.NotEmpty(healthy.Steps);
        Assert.DoesNotContain(healthy.Steps, s => s.Fatal);
        Assert.Contains(healthy.Steps, s => s.Direction == PacketDirection.Out);
        Assert.Contains(healthy.Steps, s => s.Direction == PacketDirection.Back);
        PacketTrace ill = Assert.Single(_module.Invoke("$ill | Trace-InstancePacket -Instance db-1").All<PacketTrace>());
        Assert.Single(ill.Steps, s => s.Fatal);
    }

    [Theory]
    [InlineData("$node | Test-InstanceEgress -Protocol ", "Icmp")]
    [InlineData("Test-InstanceEgress -Node $node -Instance d", "db-1")]
    [InlineData("Test-InstanceEgress -Node $node -Destination 1", "1")]
    public void Tab_completes(string line, string first) =>
        Assert.Contains(_module.Complete(line), m => m.CompletionText.StartsWith(first, StringComparison.Ordinal));

    [Fact]
    public void A_result_crosses_serialization_without_its_node()
    {
        PSObject result = Assert.Single(_module.Invoke("$ill | Test-InstanceEgress -Instance db-1").Clean());
        string xml = PSSerializer.Serialize(result);
        Assert.True(xml.Length < 200_000, $"{xml.Length} characters");
        PSObject back = PSObject.AsPSObject(PSSerializer.Deserialize(xml));
        Assert.Equal("Fail", back.Properties["Verdict"].Value.ToString());
        Assert.Null(back.Properties["Node"]);
        Assert.Contains("db-1", _module.Render("$back", ("back", back)), StringComparison.Ordinal);
    }
}
