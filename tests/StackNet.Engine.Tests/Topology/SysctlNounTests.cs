using StackNet.Engine.Facts;
using StackNet.Engine.Topology;
using Xunit;

namespace StackNet.Engine.Tests.Topology;

/// <summary>rp_filter and forwarding as the kernel takes them, and what the files make of them at the next boot.</summary>
public sealed class SysctlNounTests
{
    [Theory]
    [InlineData(0, 0, "Off", "net.ipv4.conf.eth0.rp_filter = 0")]
    [InlineData(1, 0, "Strict", "net.ipv4.conf.all.rp_filter = 1")]
    [InlineData(1, 2, "Loose", "net.ipv4.conf.eth0.rp_filter = 2")]
    [InlineData(2, 1, "Loose", "net.ipv4.conf.all.rp_filter = 2")]
    [InlineData(0, 1, "Strict", "net.ipv4.conf.eth0.rp_filter = 1")]
    public void The_larger_of_all_and_the_device_decides(int all, int own, string effective, string decides)
    {
        ForwardingSysctl sysctl = Of("eth0", null, ("all.rp_filter", all), ("eth0.rp_filter", own), ("eth0.forwarding", 1));
        Assert.Equal((effective, decides), (sysctl.RpFilter, sysctl.RpFilterDecidedBy));
        Assert.True(sysctl.Forwarding);
        Assert.Null(sysctl.ChangesAtReboot);
    }

    [Fact]
    public void Without_one_of_the_two_it_is_not_known() =>
        Assert.Null(Of("eth0", null, ("eth0.rp_filter", 1), ("eth0.forwarding", 1)).RpFilter);

    [Fact]
    public void The_last_file_in_order_is_named_with_its_line()
    {
        ForwardingSysctl sysctl = Of(
            "eth0",
            [
                new("/usr/lib/sysctl.d/50-default.conf", 12, "net.ipv4.conf.*.rp_filter", "2"),
                new("/etc/sysctl.d/60-router.conf", 3, "net.ipv4.ip_forward", "1"),
                new("/etc/sysctl.d/90-hardening.conf", 7, "net/ipv4/conf/eth0/rp_filter", "1"),
                new("/etc/sysctl.d/99-last.conf", 1, "-net.ipv4.conf.all.forwarding", "0"),
            ],
            ("all.rp_filter", 0),
            ("eth0.rp_filter", 1),
            ("eth0.forwarding", 1)
        );
        Assert.Equal("/etc/sysctl.d/90-hardening.conf:7", sysctl.RpFilterConfiguredIn);
        Assert.Equal("/etc/sysctl.d/99-last.conf:1", sysctl.ForwardingConfiguredIn);
        // Running 1, and the last line makes it 0 at the next boot.
        Assert.True(sysctl.ChangesAtReboot);
    }

    [Fact]
    public void What_no_file_sets_is_lost()
    {
        ForwardingSysctl sysctl = Of("eth0", [], ("all.rp_filter", 0), ("eth0.rp_filter", 0), ("eth0.forwarding", 1));
        Assert.Null(sysctl.ForwardingConfiguredIn);
        Assert.True(sysctl.ChangesAtReboot);
        Assert.False(Of("eth0", [], ("all.rp_filter", 0), ("eth0.rp_filter", 0), ("eth0.forwarding", 0)).ChangesAtReboot);
    }

    [Fact]
    public void A_device_with_a_dot_is_found_by_its_slash()
    {
        ForwardingSysctl sysctl = Of("eth0.100", null, ("all.rp_filter", 0), ("eth0/100.rp_filter", 2), ("eth0/100.forwarding", 0));
        Assert.Equal("Loose", sysctl.RpFilter);
        Assert.False(sysctl.Forwarding);
    }

    private static ForwardingSysctl Of(string device, SysctlFileSetting[]? files, params (string Key, int Value)[] values)
    {
        NodeFacts facts = new()
        {
            SysctlFiles = files,
            Namespaces =
            [
                new NamespaceFacts
                {
                    Links = [new LinkFacts { Name = device, Index = 2 }],
                    Addresses = [],
                    Sysctls = values.ToDictionary(
                        v => "net.ipv4.conf." + v.Key,
                        v => v.Value.ToString(System.Globalization.CultureInfo.InvariantCulture),
                        StringComparer.Ordinal
                    ),
                },
            ],
        };
        return NodeNouns.ForwardingSysctls(ComputeNodes.Create(facts, "test", NodeSourceKind.Capture)).Single(s => s.Device == device);
    }
}
