using Xunit;

namespace StackNet.Tests;

/// <summary>What a user sees, at 120 columns and without colours, compared with checked-in text.</summary>
[Collection(ModuleTests.Name)]
public sealed class ViewTests
{
    private readonly ModuleFixture _module;

    public ViewTests(ModuleFixture module)
    {
        _module = module;
        _module.Invoke("$global:node = Get-ComputeNode -Sample hybrid-healthy").Clean();
    }

    public static TheoryData<string, string> Views =>
        new()
        {
            { "ComputeNode", "Get-ComputeNode -Sample *" },
            { "NetworkNamespace", "$node | Get-NetworkNamespace" },
            { "TapDevice", "$node | Get-TapDevice" },
            { "VethPair", "$node | Get-VethPair" },
            { "LinuxBridge", "$node | Get-LinuxBridge" },
            { "OvsBridge", "$node | Get-OvsBridge" },
            { "OvsPort", "$node | Get-OvsPort" },
            { "ComputeInstance", "$node | Get-ComputeInstance" },
            { "InstancePort", "($node | Get-ComputeInstance).Port" },
            { "InstancePath", "$node | Get-InstancePath" },
            { "PathHop", "($node | Get-InstancePath *1)[0].Hop" },
            { "SecurityGroupRule", "$node | Get-SecurityGroupRule -Direction Ingress" },
            { "MasqueradeRule", "$node | Get-MasqueradeRule" },
            { "FloatingIp", "$node | Get-FloatingIp" },
            { "ForwardingSysctl", "$node | Get-SysctlForwarding" },
            { "DhcpLease", "$node | Get-DhcpLease" },
            { "EgressResult", "Get-ComputeNode -Sample * | Test-InstanceEgress" },
            { "IngressResult", "Get-ComputeNode -Sample hybrid-snat-missing | Test-InstanceIngress" },
            { "PacketTrace", "Get-ComputeNode -Sample hybrid-snat-missing | Trace-InstancePacket -Instance db-1" },
            { "TraceStep", "(Get-ComputeNode -Sample hybrid-snat-missing | Trace-InstancePacket -Instance db-1).Steps" },
            { "LabFault", "Get-StackNetLabFault" },
            { "UnreadSource", "$node.UnreadSources" },
        };

    [Theory]
    [MemberData(nameof(Views))]
    public void The_view_is_the_one_that_is_checked_in(string name, string script)
    {
        string text = _module.Render(script);
        Assert.All(text.Split('\n'), line => Assert.True(line.Length <= 120, line));
        Repository.AssertSnapshot(Path.Combine("Views", name), text);
    }

    [Theory]
    [MemberData(nameof(Views))]
    public void The_list_view_shows_all_that_there_is(string name, string script)
    {
        string text = _module.Render($"({script}) | Select-Object -First 1 | Format-List");
        Assert.All(text.Split('\n'), line => Assert.True(line.Length <= 120, line));
        Repository.AssertSnapshot(Path.Combine("Views", name + ".List"), text);
    }

    [Fact]
    public void Several_nodes_are_told_apart()
    {
        string text = _module.Render("Get-ComputeNode -Sample * | Get-ComputeInstance");
        Assert.True(text.Split("Node: ").Length > 2, text);
    }

    /// <summary>Names with newlines, quotes and escape sequences: shown, not obeyed.</summary>
    [Fact]
    public void Nothing_of_a_node_garbles_the_terminal()
    {
        StackNet.Engine.Facts.NodeFacts facts = new()
        {
            HostName = "cn\u001b[31m07\n$(reboot)",
            Namespaces =
            [
                new StackNet.Engine.Facts.NamespaceFacts { Name = "" },
                new StackNet.Engine.Facts.NamespaceFacts { Name = "qrouter-\u001b]0;title\u0007'\";rm -rf /\r\n" },
            ],
        };
        ComputeNode node = StackNet.Engine.Topology.ComputeNodes.Create(facts, "test\u001b[2J", NodeSourceKind.Capture);
        string text = _module.Render("$evil; $evil | Format-List; $evil | Get-NetworkNamespace", ("evil", node));
        Assert.DoesNotContain(text, c => c is '\u001b' or '\a' or '\r');
        Assert.Contains("␛[31m07␊", text, StringComparison.Ordinal);
    }
}
