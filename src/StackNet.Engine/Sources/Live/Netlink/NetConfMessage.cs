namespace StackNet.Engine.Sources.Live.Netlink;

/// <summary>RTM_NEWNETCONF (linux/netconf.h): the settings that the kernel tells by netlink, by their sysctl names.</summary>
internal sealed class NetConfMessage
{
    public List<(string Name, int Value)> Values { get; } = [];

    public static NetConfMessage Parse(ReadOnlySpan<byte> payload)
    {
        NetConfMessage message = new();
        if (payload.Length < 4)
            return message;
        NetlinkAttributes attribute = new(payload[4..]);
        while (attribute.MoveNext())
        {
            string? name = attribute.Type switch
            {
                2 => "forwarding",
                3 => "rp_filter",
                5 => "proxy_arp",
                6 => "ignore_routes_with_linkdown",
                8 => "bc_forwarding",
                _ => null,
            };
            if (name is not null && attribute.Value.Length >= 4)
                message.Values.Add((name, attribute.S32));
        }
        return message;
    }
}
