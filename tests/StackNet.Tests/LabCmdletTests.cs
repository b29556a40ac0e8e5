using System.Management.Automation;
using StackNet.Engine.Labs;
using Xunit;

namespace StackNet.Tests;

/// <summary>The lab cmdlets, on a real lab where root and the packages are there.</summary>
[Collection(ModuleTests.Name)]
public sealed class LabCmdletTests(ModuleFixture module)
{
    [Fact]
    public void Faults_are_listed_with_cause_and_layout()
    {
        LabFault[] all = [.. module.Invoke("Get-StackNetLabFault").All<LabFault>()];
        Assert.True(all.Length >= 24);
        Assert.All(all, f => Assert.Matches("^SN[0-9]{3}$", f.CauseId));
        Assert.All(all, f => Assert.NotEmpty(f.Layout));
        int hybrid = module.Invoke("Get-StackNetLabFault -Layout Hybrid").Clean().Count;
        Assert.InRange(hybrid, 1, all.Length - 1);
        Assert.Single(module.Invoke("Get-StackNetLabFault TAP-DOWN").Clean());
        Assert.Empty(module.Invoke("Get-StackNetLabFault nonsense*").Clean());
        module.Invoke("Get-StackNetLabFault nonsense").OnlyError("LabFaultNotFound", ErrorCategory.ObjectNotFound);
        Assert.Contains(module.Complete("New-StackNetLab -Fault tap-"), m => m.CompletionText == "tap-down");
    }

    [Fact]
    public void WhatIf_makes_nothing()
    {
        string name = NewName();
        Assert.Empty(module.Invoke($"New-StackNetLab -Name {name} -WhatIf").Clean());
        module.Invoke($"Get-StackNetLab {name}").OnlyError("LabNotFound", ErrorCategory.ObjectNotFound);
    }

    [Fact]
    public void What_is_not_there_or_not_allowed_is_an_error()
    {
        Assert.Empty(module.Invoke("Get-StackNetLab nonsense*").Clean());
        foreach (
            string command in new[]
            {
                "Remove-StackNetLab nope",
                "Test-StackNetLabPing nope",
                "Get-ComputeNode -Lab nope",
                "Add-StackNetLabFault nope tap-down",
            }
        )
            Assert.Equal("nope", module.Invoke(command).OnlyError("LabNotFound", ErrorCategory.ObjectNotFound).TargetObject);
        module.Invoke("New-StackNetLab -Name 'a b; $(reboot)'").OnlyError("LabNameInvalid", ErrorCategory.InvalidArgument);
        module.Invoke($"New-StackNetLab -Name {NewName()} -Fault nonsense").OnlyError("LabFaultNotFound", ErrorCategory.ObjectNotFound);
        module.Invoke("Test-StackNetLabPing -Port 80").OnlyError("PortWithoutProtocol", ErrorCategory.InvalidArgument);
        module.Invoke("Test-StackNetLabPing -Destination x").OnlyError("InvalidAddress", ErrorCategory.InvalidArgument);
    }

    [Theory]
    [InlineData(LabLayout.Hybrid)]
    [InlineData(LabLayout.HostNat)]
    public void A_lab_is_made_read_broken_mended_and_removed(LabLayout layout)
    {
        RequireLabs();
        string name = NewName();
        try
        {
            Lab lab = (Lab)Assert.Single(module.Invoke($"New-StackNetLab -Name {name} -Layout {layout}").Clean()).BaseObject;
            Assert.Equal((name, layout, LabState.Running), (lab.Name, lab.Layout, lab.State));
            Assert.Equal(2, lab.Instance.Length);
            module.Invoke($"New-StackNetLab -Name {name}").OnlyError("LabExists", ErrorCategory.ResourceExists);
            AssertAgree(name, "Pass", "Pass");

            module.Invoke($"Get-StackNetLab {name} | Add-StackNetLabFault -Fault tap-down").Clean();
            module.Invoke($"Add-StackNetLabFault {name} tap-down").OnlyError("LabFaultState", ErrorCategory.InvalidOperation);
            AssertAgree(name, "Pass", "Fail");
            Lab mended = (Lab)Assert.Single(module.Invoke($"Remove-StackNetLabFault {name} tap-down -PassThru").Clean()).BaseObject;
            Assert.Empty(mended.Fault);
            AssertAgree(name, "Pass", "Pass");

            Assert.NotEmpty(module.Invoke($"Get-StackNetLab {name} | Get-TapDevice").Clean());
            Assert.Contains(module.Complete($"Get-ComputeNode -Lab {name[..^2]}"), m => m.CompletionText == name);
            module.Invoke($"Remove-StackNetLab {name} -WhatIf").Clean();
            Assert.Single(module.Invoke($"Get-StackNetLab {name}").Clean());
        }
        finally
        {
            module.Invoke($"Get-StackNetLab {name}* | Remove-StackNetLab").Clean();
        }
        Assert.Empty(module.Invoke($"Get-StackNetLab {name}*").Clean());
    }

    [Fact]
    public void What_takes_long_shows_how_it_goes_and_needs_no_name()
    {
        RequireLabs();
        Lab lab = (Lab)Assert.Single(module.Invoke("New-StackNetLab -InstanceCount 40").Clean()).BaseObject;
        module.Invoke($"Remove-StackNetLab {lab.Name}").Clean();
        Assert.Equal(40, lab.Instance.Length);
    }

    /// <summary>The verdict and the real ping of each instance say the same.</summary>
    private void AssertAgree(string name, params string[] verdicts)
    {
        EgressResult[] results =
        [
            .. module.Invoke($"Get-ComputeNode -Lab {name} | Test-InstanceEgress -Destination 198.51.100.10").All<EgressResult>(),
        ];
        LabPing[] pings = [.. module.Invoke($"Test-StackNetLabPing {name}").All<LabPing>()];
        Assert.Equal(verdicts, results.OrderBy(r => r.Instance, StringComparer.Ordinal).Select(r => r.Verdict.ToString()));
        Assert.Equal(verdicts.Select(v => v == "Pass"), pings.OrderBy(p => p.Instance, StringComparer.Ordinal).Select(p => p.Replied));
    }

    internal static string NewName() => $"test-{Guid.NewGuid():N}"[..16];

    internal static void RequireLabs()
    {
        try
        {
            LabManager.CheckMachine();
        }
        catch (LabException error)
        {
            Assert.Skip(error.Message);
        }
    }
}
