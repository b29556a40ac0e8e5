using System.Diagnostics;
using StackNet.Engine.Labs;
using StackNet.Engine.Tests.Labs;
using Xunit;

namespace StackNet.Tests;

/// <summary>Whatever becomes of the process that makes a lab, nothing of the lab stays when it is removed.</summary>
[Collection(ModuleTests.Name)]
public sealed class LabMakerTests(ModuleFixture module)
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    /// <param name="milliseconds">After it took the name: from before the node's first process to after the last step.</param>
    [Theory]
    [InlineData(0)]
    [InlineData(20)]
    [InlineData(80)]
    [InlineData(250)]
    [InlineData(500)]
    [InlineData(900)]
    public async Task The_lab_of_a_killed_maker_is_found_and_removed(int milliseconds)
    {
        LabCmdletTests.RequireLabs();
        LabTraces before = LabTraces.Read();
        string name = LabCmdletTests.NewName();
        using (Process maker = ShellTests.Start(["-NonInteractive", "-Command", $"New-StackNetLab -Name {name}"]))
        {
            Stopwatch limit = Stopwatch.StartNew();
            string claim = Path.Join(LabStore.Folder(name), "claim");
            while (!File.Exists(claim) && !maker.HasExited && limit.Elapsed < TimeSpan.FromSeconds(60))
                await Task.Delay(2, Token);
            Assert.True(File.Exists(claim), "the maker did not begin");
            await Task.Delay(milliseconds, Token);
            maker.Kill(); // SIGKILL: it has no chance to clean up
            await maker.WaitForExitAsync(Token);
        }
        Lab left = (Lab)Assert.Single(module.Invoke($"Get-StackNetLab {name}").Clean()).BaseObject;
        Assert.Equal(name, left.Name);
        module.Invoke($"Remove-StackNetLab {name}").Clean();
        await LabTraces.AssertSameAsync(before, [name]);
        Assert.Empty(module.Invoke($"Get-StackNetLab {name}*").Clean());
    }

    [Fact]
    public async Task A_maker_that_ended_leaves_its_lab_running()
    {
        LabCmdletTests.RequireLabs();
        LabTraces before = LabTraces.Read();
        string name = LabCmdletTests.NewName();
        try
        {
            using (Process maker = ShellTests.Start(["-NonInteractive", "-Command", $"New-StackNetLab -Name {name} -Layout HostNat"]))
            {
                await maker.StandardOutput.ReadToEndAsync(Token);
                await maker.WaitForExitAsync(Token);
                Assert.Equal(0, maker.ExitCode);
            }
            LabPing[] pings = [.. module.Invoke($"Test-StackNetLabPing {name} -Protocol Tcp -Port 443").All<LabPing>()];
            Assert.Equal(2, pings.Length);
            Assert.All(pings, p => Assert.True(p.Replied));
        }
        finally
        {
            module.Invoke($"Remove-StackNetLab {name}").Clean();
        }
        await LabTraces.AssertSameAsync(before, [name]);
    }
}
