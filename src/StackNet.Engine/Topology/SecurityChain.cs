namespace StackNet.Engine.Topology;

/// <summary>
/// Names of neutron's per-port chains: "neutron-openvswi-iab75cb63-2", that is the agent's name cut to 16 characters, '-', one letter
/// (i ingress, o egress, s anti-spoofing) and the first ten characters of the port uuid (neutron iptables_firewall, 28 characters at most).
/// </summary>
internal static class SecurityChain
{
    public static bool TryParse(string chain, out char kind, out string tail)
    {
        kind = '\0';
        tail = "";
        if (!chain.StartsWith("neutron-", StringComparison.Ordinal))
            return false;
        int dash = chain.IndexOf('-', "neutron-".Length);
        if (dash < 0 || dash + 2 >= chain.Length)
            return false;
        ReadOnlySpan<char> rest = chain.AsSpan(dash + 1);
        if (rest[0] is not ('i' or 'o' or 's') || rest.Length < 10)
            return false;
        // The linuxbridge agent cuts one character less.
        ReadOnlySpan<char> id = rest[1..];
        for (int i = 0; i < id.Length; i++)
        {
            if (i == 8 ? id[i] != '-' : !char.IsAsciiHexDigitLower(id[i]))
                return false;
        }
        kind = rest[0];
        tail = id.ToString();
        return true;
    }

    /// <summary>True when the chain's name belongs to the port with this tail.</summary>
    public static bool IsOf(string chainTail, string? portTail) =>
        portTail is not null && portTail.StartsWith(chainTail, StringComparison.Ordinal);
}
