using BenchmarkDotNet.Attributes;
using StackNet.Engine.Sources.Live.Netlink;

namespace StackNet.Benchmarks;

/// <summary>Turning link messages into facts, without the kernel: a small, a usual and a huge node.</summary>
[MemoryDiagnoser]
public class NetlinkParsing
{
    private List<byte[]> _messages = [];

    /// <summary>Links of the node.</summary>
    [Params(10, 400, 4000)]
    public int Links { get; set; }

    /// <summary>Takes the messages of the recorded dump apart.</summary>
    [GlobalSetup]
    public void Setup()
    {
        List<byte[]> recorded = [];
        using NetlinkChannel channel = new(new NetlinkSocket(Libc.NetlinkRoute, TimeSpan.FromSeconds(5)), CancellationToken.None);
        channel.DumpAll("links", 18, new byte[16], recorded.Clear, (_, payload) => recorded.Add(payload.ToArray()));
        _messages = [.. Enumerable.Range(0, Links).Select(i => recorded[i % recorded.Count])];
    }

    /// <summary>All messages once.</summary>
    [Benchmark]
    public int Parse()
    {
        int count = 0;
        foreach (byte[] message in _messages)
            count += LinkMessage.Parse(message) is null ? 0 : 1;
        return count;
    }
}
