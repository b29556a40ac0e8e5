namespace StackNet.Engine.Topology;

/// <summary>
/// neutron and os-vif cut device names to 14 characters: a three-letter prefix and the first eleven characters of the port's uuid
/// (neutron_lib DEVICE_NAME_MAX_LEN; router devices "qr-", "qg-" take the dash as part of the prefix).
/// </summary>
internal static class PortNames
{
    public const int TailLength = 11;

    /// <summary>The tail of a port's device name: "tapab75cb63-27" gives "ab75cb63-27"; null when the name is none of that form.</summary>
    public static string? TailOf(string device)
    {
        foreach (string prefix in (ReadOnlySpan<string>)["tap", "qbr", "qvb", "qvo", "qr-", "qg-", "sg-", "fg-", "ha-", "ns-", "vhu"])
        {
            if (device.Length == prefix.Length + TailLength && device.StartsWith(prefix, StringComparison.Ordinal))
            {
                string tail = device[prefix.Length..];
                return IsTail(tail) ? tail : null;
            }
        }
        return null;
    }

    /// <summary>First eleven characters of a port uuid; null when it is not one.</summary>
    public static string? TailOfPort(string? portId) =>
        portId is { Length: 36 } && IsTail(portId[..TailLength]) ? portId[..TailLength] : null;

    public static bool IsRouterDevice(string name) =>
        name.StartsWith("qr-", StringComparison.Ordinal)
        || name.StartsWith("qg-", StringComparison.Ordinal)
        || name.StartsWith("sg-", StringComparison.Ordinal)
        || name.StartsWith("fg-", StringComparison.Ordinal)
        || name.StartsWith("ha-", StringComparison.Ordinal);

    /// <summary>router, snat, fip, dhcp, ovnmeta, root or other: what a namespace is by neutron's naming.</summary>
    public static string RoleOf(string ns) =>
        ns.Length == 0 ? "root"
        : ns.StartsWith("qrouter-", StringComparison.Ordinal) ? "router"
        : ns.StartsWith("snat-", StringComparison.Ordinal) ? "snat"
        : ns.StartsWith("fip-", StringComparison.Ordinal) ? "fip"
        : ns.StartsWith("qdhcp-", StringComparison.Ordinal) ? "dhcp"
        : ns.StartsWith("ovnmeta-", StringComparison.Ordinal) ? "ovnmeta"
        : "other";

    private static bool IsTail(string text)
    {
        for (int i = 0; i < text.Length; i++)
        {
            if (i == 8 ? text[i] != '-' : !char.IsAsciiHexDigitLower(text[i]))
                return false;
        }
        return text.Length == TailLength;
    }
}
