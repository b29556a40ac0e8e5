using System.Globalization;
using StackNet.Engine.Facts;

namespace StackNet.Engine.Sources.Text;

/// <summary>Files of dnsmasq (dnsmasq(8)): --dhcp-hostsfile, the lease file, --dhcp-optsfile. Lines of other kinds are passed over.</summary>
internal static class DnsmasqFiles
{
    /// <summary>"fa:16:3e:cd:32:4c,host-10-10-1-210.openstacklocal,10.10.1.210[,set:tag…]", addresses of IPv6 in brackets.</summary>
    public static IReadOnlyList<DhcpHost> ParseHosts(ReadOnlySpan<char> text)
    {
        List<DhcpHost> hosts = [];
        Lines lines = new(text);
        while (lines.NextFilled())
        {
            Mac? mac = null;
            string? name = null;
            Ip? address = null;
            foreach (Range range in lines.Current.Split(','))
            {
                ReadOnlySpan<char> part = lines.Current[range].Trim();
                if (Mac.TryParse(part, out Mac parsed))
                    mac ??= parsed;
                else if (Ip.TryParse(part.Trim("[]"), out Ip ip))
                    address ??= ip;
                else if (IsName(part))
                    name ??= part.ToString();
            }
            if (mac is { } known)
                hosts.Add(new DhcpHost(known, name, address));
        }
        return hosts;
    }

    public static IReadOnlyList<DhcpLeaseFacts> ParseLeases(ReadOnlySpan<char> text)
    {
        List<DhcpLeaseFacts> leases = [];
        Lines lines = new(text);
        while (lines.NextFilled())
        {
            Words words = new(lines.Current);
            words.Next();
            // "duid …" and the leases of DHCPv6 after it (an IAID stands where the MAC is) are no answers to a DHCPv4 client.
            if (!long.TryParse(words.Current, NumberStyles.None, CultureInfo.InvariantCulture, out long expiry) || !words.Next())
                continue;
            if (!Mac.TryParse(MacPart(words.Current), out Mac mac) || !words.Next() || !Ip.TryParse(words.Current, out Ip address))
                continue;
            string? host = words.Next() && words.Current is not "*" ? words.Current.ToString() : null;
            string? client = words.Next() && words.Current is not "*" ? words.Current.ToString() : null;
            leases.Add(new DhcpLeaseFacts(expiry, mac, address, host, client));
        }
        return leases;
    }

    public static IReadOnlyList<string> ParseOptions(ReadOnlySpan<char> text)
    {
        List<string> options = [];
        Lines lines = new(text);
        while (lines.NextFilled())
            options.Add(lines.Current.TrimEnd().ToString());
        return options;
    }

    // Another hardware type than Ethernet is written before the address: "06-aa:bb:cc:dd:ee:ff".
    private static ReadOnlySpan<char> MacPart(ReadOnlySpan<char> text) => text.Length == 20 && text[2] == '-' ? text[3..] : text;

    private static bool IsName(ReadOnlySpan<char> part) =>
        !part.IsEmpty && !part.Contains(':') && part is not "ignore" && !IsLeaseTime(part);

    // "12h", "45m", "infinite", or seconds.
    private static bool IsLeaseTime(ReadOnlySpan<char> part) =>
        part is "infinite" || (char.IsAsciiDigit(part[0]) && part.TrimEnd("smhdw").IndexOfAnyExceptInRange('0', '9') < 0);
}
