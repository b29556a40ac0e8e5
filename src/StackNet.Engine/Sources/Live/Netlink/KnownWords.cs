namespace StackNet.Engine.Sources.Live.Netlink;

/// <summary>Words that stand in thousands of messages are one string each.</summary>
internal static class KnownWords
{
    private static readonly (byte[] Bytes, string Text)[] All =
    [
        .. new[]
        {
            "veth",
            "bridge",
            "tun",
            "openvswitch",
            "vlan",
            "vxlan",
            "bond",
            "dummy",
            "macvlan",
            "macvtap",
            "vrf",
            "gre",
            "geneve",
            "noqueue",
            "noop",
            "fq_codel",
            "pfifo_fast",
            "mq",
            "ingress",
            "clsact",
        }.Select(w => (System.Text.Encoding.ASCII.GetBytes(w), w)),
    ];

    public static string Find(ReadOnlySpan<byte> value)
    {
        int end = value.IndexOf((byte)0);
        ReadOnlySpan<byte> word = end < 0 ? value : value[..end];
        foreach ((byte[] bytes, string text) in All)
        {
            if (word.SequenceEqual(bytes))
                return text;
        }
        return NetlinkAttributes.ToText(word);
    }
}
