using System.Globalization;
using StackNet.Engine.Facts;

namespace StackNet.Engine.Sources.Text;

/// <summary><c>ss -lntu</c>: listening sockets, wildcard and bound ones.</summary>
internal static class SsText
{
    public static IReadOnlyList<ListeningSocket> Parse(ReadOnlySpan<char> text)
    {
        List<ListeningSocket> sockets = [];
        Lines lines = new(text);
        while (lines.NextFilled())
        {
            Words words = new(lines.Current);
            words.Next();
            if (words.Current is not ("tcp" or "udp" or "tcp6" or "udp6" or "raw" or "sctp"))
                continue;
            string protocol = words.Current.TrimEnd('6').ToString();
            // State, Recv-Q, Send-Q, local address.
            if (
                words.Next()
                && words.Next()
                && words.Next()
                && words.Next()
                && TryEndpoint(words.Current, out Ip? address, out ushort port)
            )
                sockets.Add(new ListeningSocket(protocol, address, port));
        }
        return sockets;
    }

    private static bool TryEndpoint(ReadOnlySpan<char> text, out Ip? address, out ushort port)
    {
        address = null;
        port = 0;
        int colon = text.LastIndexOf(':');
        if (colon < 0 || !ushort.TryParse(text[(colon + 1)..], NumberStyles.None, CultureInfo.InvariantCulture, out port))
            return false;
        ReadOnlySpan<char> host = text[..colon];
        int device = host.IndexOf('%');
        if (device >= 0)
            host = host[..device];
        host = host.Trim("[]");
        // A wildcard is shown as '*' or 0.0.0.0; in brackets it is one that takes IPv6 only.
        if (Ip.TryParse(host, out Ip ip) && (!ip.IsAny || text[0] == '['))
            address = ip;
        return true;
    }
}
