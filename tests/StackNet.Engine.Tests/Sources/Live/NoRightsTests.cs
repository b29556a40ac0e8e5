using System.Collections.Concurrent;
using System.Runtime.InteropServices;
using StackNet.Engine.Facts;
using StackNet.Engine.Sources.Live;
using Xunit;

namespace StackNet.Engine.Tests.Sources.Live;

/// <summary>Reading this machine without any capability: what needs none is there, the rest is unread and never "absent".</summary>
public sealed class NoRightsTests
{
    [Fact]
    public async Task Without_rights_links_are_read_and_rules_are_unknown()
    {
        LiveOptions options = new()
        {
            Only = new HashSet<string> { "" },
            Parts = LiveParts.All & ~LiveParts.Switch,
        };
        NodeFacts facts = await WithoutRights(() => LiveReader.ReadAsync(options, CancellationToken.None));
        NamespaceFacts root = Assert.Single(facts.Namespaces);
        Assert.Contains(root.Links!, l => l.Name == "lo");
        Assert.NotNull(root.Routes);
        Assert.NotNull(root.Sysctls);
        Assert.Null(root.IptablesNft);
        Assert.Null(root.Nft);
        foreach (string source in (string[])["nft", "iptables", "ip6tables", "ebtables"])
            Assert.Contains(facts.Unread, u => u.Source == source && u.Namespace == "" && u.Kind == UnreadKind.PermissionDenied);
    }

    [Fact]
    public async Task Without_rights_another_node_cannot_be_entered()
    {
        string? missing = LiveNode.Missing("unshare", "nsenter", "ip");
        Assert.SkipWhen(missing is not null, missing ?? "");
        using LiveNode node = LiveNode.Start();
        await Assert.ThrowsAnyAsync<Exception>(() =>
            WithoutRights(() => LiveReader.ReadAsync(new LiveOptions { NodePid = node.Pid }, CancellationToken.None))
        );
    }

    /// <summary>
    /// Capabilities belong to a thread and are inherited by the threads that it starts. The work goes on on this one thread, so that
    /// none of a pool thread that has rights takes part.
    /// </summary>
    private static Task<T> WithoutRights<T>(Func<Task<T>> work) =>
        DedicatedThread.Run(
            "no rights",
            () =>
            {
                const int noNewPrivileges = 38; // PR_SET_NO_NEW_PRIVS: nor does a program that is started gain any
                Assert.Equal(0, Control(noNewPrivileges, 1, 0, 0, 0));
                Assert.Equal(0, SetCapabilities([0x20080522, 0], new uint[6]));
                using Pump pump = new();
                SynchronizationContext.SetSynchronizationContext(pump);
                Task<T> task = work();
                pump.RunUntil(task);
                return task.GetAwaiter().GetResult();
            }
        );

    [DllImport("libc", EntryPoint = "prctl")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int Control(int option, nint a, nint b, nint c, nint d);

    [DllImport("libc", EntryPoint = "capset")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int SetCapabilities(uint[] header, uint[] data);

    private sealed class Pump : SynchronizationContext, IDisposable
    {
        private readonly BlockingCollection<(SendOrPostCallback Work, object? State)> _queue = [];

        public override void Post(SendOrPostCallback d, object? state) => _queue.Add((d, state));

        public void RunUntil(Task task)
        {
            while (!task.IsCompleted)
            {
                if (_queue.TryTake(out (SendOrPostCallback Work, object? State) item, 50))
                    item.Work(item.State);
            }
        }

        public void Dispose() => _queue.Dispose();
    }
}
