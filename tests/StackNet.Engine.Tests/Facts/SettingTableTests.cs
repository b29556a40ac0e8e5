using StackNet.Engine.Facts;
using StackNet.Engine.Sources.Text;
using Xunit;

namespace StackNet.Engine.Tests.Facts;

/// <summary>The small form of a namespace's settings holds exactly what the map did.</summary>
public sealed class SettingTableTests
{
    [Fact]
    public void A_compact_table_is_the_same_map()
    {
        Dictionary<string, string> map = new(StringComparer.Ordinal)
        {
            ["net.ipv4.ip_forward"] = "1",
            ["net.ipv4.icmp_echo_ignore_all"] = "0",
            ["net.netfilter.nf_conntrack_max"] = "262144",
            ["net.ipv4.route.a.b.c"] = "x",
            ["net.ipv4.conf."] = "odd",
            ["net.ipv4.conf.dev."] = "odd too",
            ["a.b"] = "",
            [""] = "none",
        };
        for (int i = 0; i < 100; i++)
        {
            map[$"net.ipv4.conf.tap{i}.rp_filter"] = i % 3 == 0 ? "2" : "0";
            map[$"net.ipv4.conf.tap{i}.forwarding"] = "1";
            if (i % 7 == 0)
                map[$"net.ipv4.conf.tap{i}.arp_ignore"] = "1";
            map[$"net.ipv6.conf.eth0/{i}.disable_ipv6"] = "0";
            for (int n = 0; n < i % 30; n++)
                map[$"net.ipv4.neigh.tap{i}.setting{n}"] = $"{n}";
        }
        IReadOnlyDictionary<string, string> table = SettingTable.Compact(map)!;
        Assert.IsType<SettingTable>(table);
        Assert.Equal(map.Count, table.Count);
        foreach ((string key, string value) in map)
            Assert.Equal(value, table[key]);
        Assert.Equal(map.OrderBy(p => p.Key, StringComparer.Ordinal), table.OrderBy(p => p.Key, StringComparer.Ordinal));
        foreach (
            string absent in (string[])
                ["net.ipv4.conf.tap1.arp_ignore", "net.ipv4.conf.tap100.rp_filter", "net.ipv4.conf.tap1", "net", "x.y.z.v.w"]
        )
            Assert.False(table.ContainsKey(absent), absent);
        Assert.Throws<KeyNotFoundException>(() => table["net.ipv4.conf.tap1.none"]);
    }

    [Fact]
    public void A_key_is_taken_once()
    {
        SettingTable.Builder builder = new();
        Assert.True(builder.TryAdd("net.ipv4.conf.a.rp_filter", "1"));
        Assert.False(builder.TryAdd("net.ipv4.conf.a.rp_filter", "2"));
        Assert.True(builder.TryAdd("net.x", "1"));
        Assert.False(builder.TryAdd("net.x", "2"));
        SettingTable table = builder.Build();
        Assert.Equal(2, table.Count);
        Assert.Equal("1", table["net.ipv4.conf.a.rp_filter"]);
    }

    [Fact]
    public void Devices_with_equal_settings_share_them_and_keep_their_own_otherwise()
    {
        SettingTable.Builder builder = new();
        builder.AddDevice("net.ipv4.conf.", "a", ["x", "y"], ["1", null]);
        builder.AddDevice("net.ipv4.conf.", "b", ["x", "y"], ["1", null]);
        builder.AddDevice("net.ipv4.conf.", "c", ["x", "y"], ["1", "2"]);
        SettingTable table = builder.Build();
        Assert.Equal(4, table.Count);
        Assert.Equal("1", table["net.ipv4.conf.b.x"]);
        Assert.False(table.ContainsKey("net.ipv4.conf.b.y"));
        Assert.Equal("2", table["net.ipv4.conf.c.y"]);
    }

    [Fact]
    public void Pooled_texts_are_equal_to_what_was_given()
    {
        TextPool pool = new();
        Random random = new(7);
        for (int i = 0; i < 100_000; i++)
        {
            string text = string.Concat(
                Enumerable.Range(0, random.Next(0, 12)).Select(_ => (char)random.Next(random.Next(2) == 0 ? 'a' : 1, 'g'))
            );
            text += i % 50 == 0 ? "ä€😀" : "";
            Assert.Equal(text, pool.Get(System.Text.Encoding.UTF8.GetBytes(text)));
            Assert.Equal(text, pool.Get(text.AsSpan()));
            Assert.Equal(text, pool.Get(text));
        }
        Assert.Same(pool.Get("net"u8), pool.Get("net".AsSpan()));
    }
}
