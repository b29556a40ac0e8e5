using System.Net;
using StackNet.Engine.Labs;
using Xunit;

namespace StackNet.Engine.Tests.Labs;

/// <summary>A lab that goes away with its test.</summary>
internal sealed class LabFixture : IAsyncDisposable
{
    private LabFixture(Lab lab) => Lab = lab;

    public Lab Lab { get; }
    public string Name => Lab.Name;

    public static string NewName() => "labtest-" + Guid.NewGuid().ToString("n")[..8];

    public static async Task<LabFixture> CreateAsync(LabLayout layout, int instances) =>
        new(
            await LabManager.CreateAsync(
                new LabOptions
                {
                    Name = NewName(),
                    Layout = layout,
                    InstanceCount = instances,
                },
                TestContext.Current.CancellationToken
            )
        );

    public Task<LabPing> PingAsync(
        string instance,
        IPAddress? destination,
        string protocol = "Icmp",
        int? port = null,
        int size = 56,
        bool dontFragment = false
    ) => LabManager.PingAsync(Name, instance, destination, protocol, port, size, dontFragment, TestContext.Current.CancellationToken);

    public async ValueTask DisposeAsync() => await LabManager.RemoveAsync(Name, CancellationToken.None);
}

internal static class LabSkip
{
    /// <summary>Skips with what is missing.</summary>
    public static void UnlessPossible()
    {
        string? reason = null;
        try
        {
            LabManager.CheckMachine();
        }
        catch (LabException error)
        {
            reason = error.Message;
        }
        Assert.SkipUnless(reason is null, reason ?? "");
    }
}
