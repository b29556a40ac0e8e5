using StackNet.Engine.Facts;
using Xunit;

namespace StackNet.Engine.Tests;

public sealed class IpTests
{
    [Theory]
    [InlineData("10.0.0.1")]
    [InlineData("255.255.255.255")]
    [InlineData("fe80::f816:3eff:fe04:9474")]
    [InlineData("::")]
    public void An_address_prints_as_it_was_read(string text) => Assert.Equal(text, Ip.Parse(text).ToString());

    [Theory]
    [InlineData("10")]
    [InlineData("0x7f.1.1.1.1")]
    [InlineData("10.0.0")]
    [InlineData("fe80::1%eth0")]
    [InlineData("")]
    public void What_no_tool_prints_is_refused(string text) => Assert.False(Ip.TryParse(text, out _));

    [Theory]
    [InlineData("10.0.0.0/8", "10.255.0.1", true)]
    [InlineData("10.0.0.5/8", "10.0.0.1", true)]
    [InlineData("10.0.0.0/8", "11.0.0.1", false)]
    [InlineData("0.0.0.0/0", "1.2.3.4", true)]
    [InlineData("0.0.0.0/0", "::1", false)]
    [InlineData("fd00::/8", "fd01::1", true)]
    [InlineData("::/0", "fd01::1", true)]
    [InlineData("10.0.0.1/32", "10.0.0.1", true)]
    public void A_prefix_holds_its_addresses_only(string prefix, string ip, bool holds) =>
        Assert.Equal(holds, IpPrefix.Parse(prefix).Contains(Ip.Parse(ip)));
}
