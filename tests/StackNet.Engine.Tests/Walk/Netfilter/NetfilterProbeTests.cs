using Xunit;

namespace StackNet.Engine.Tests.Walk.Netfilter;

/// <summary>
/// Matches, targets and statements one by one against the kernel: in most cases each rule sets a bit of the mark, so that the mark a packet
/// left with tells which rules it met. Measured as the cases of the kernel oracle are; STACKNET_CASES names another folder of such cases.
/// </summary>
public sealed class NetfilterProbeTests
{
    [Fact]
    public void Each_feature_does_what_the_kernel_did()
    {
        string folder = Environment.GetEnvironmentVariable("STACKNET_CASES") ?? TestData.NetfilterProbes;
        (int agree, List<string> wrong, string summary) = KernelOracleTests.Compare(folder);
        TestContext.Current.SendDiagnosticMessage(summary);
        Assert.True(wrong.Count == 0 && agree > 0, summary + "\n" + string.Join('\n', wrong));
    }
}
