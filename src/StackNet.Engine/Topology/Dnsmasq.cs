using System.Globalization;
using StackNet.Engine.Facts;

namespace StackNet.Engine.Topology;

/// <summary>What dnsmasq's command line says (dnsmasq(8)).</summary>
internal static class Dnsmasq
{
    /// <summary>The process that serves a network: its files lie in a folder or carry a name of that network.</summary>
    public static ProcessFacts? ServerOf(NodeFacts facts, DhcpNetworkFacts dhcp) =>
        dhcp.NetworkId.Length == 0
            ? null
            : facts.Processes?.FirstOrDefault(p =>
                p.CommandLine.Contains("dnsmasq", StringComparison.Ordinal)
                && (
                    p.CommandLine.Contains($"/{dhcp.NetworkId}/", StringComparison.Ordinal)
                    || p.CommandLine.Contains($"nova-{dhcp.NetworkId}.", StringComparison.Ordinal)
                )
            );

    /// <summary>--dhcp-range=set:TAG,10.10.1.0,static,255.255.255.0,86400s: the subnets with their tags.</summary>
    public static IEnumerable<(string Tag, IpPrefix Subnet)> Ranges(string commandLine)
    {
        foreach (string word in commandLine.Split(' ', StringSplitOptions.RemoveEmptyEntries))
        {
            const string option = "--dhcp-range=";
            if (!word.StartsWith(option, StringComparison.Ordinal))
                continue;
            string tag = "";
            Ip? start = null;
            int? length = null;
            foreach (string part in word[option.Length..].Split(','))
            {
                if (part.StartsWith("set:", StringComparison.Ordinal) || part.StartsWith("tag:", StringComparison.Ordinal))
                    tag = part[4..];
                else if (Ip.TryParse(part, out Ip ip))
                {
                    if (start is null)
                        start = ip;
                    else if (!ip.IsV6 && MaskLength((uint)ip.Value) is { } bits)
                        length = bits;
                }
                else if (start is { IsV6: true } && int.TryParse(part, CultureInfo.InvariantCulture, out int prefix))
                    length = prefix;
            }
            if (start is { } first && length is { } l)
                yield return (tag, new IpPrefix(new IpPrefix(first, l).Network, l));
        }
    }

    /// <summary>The routers that an opts file gives: (tag, address) of "tag:T,option:router,ADDR" or "tag:T,3,ADDR", else of classless routes.</summary>
    public static IEnumerable<(string Tag, Ip Router)> Routers(IReadOnlyList<string> options)
    {
        foreach (string line in options)
        {
            string[] words = line.Split(',');
            string tag = words.FirstOrDefault(w => w.StartsWith("tag:", StringComparison.Ordinal))?[4..] ?? "";
            int at = Array.FindIndex(words, w => w is "option:router" or "3");
            if (at >= 0 && at + 1 < words.Length && Ip.TryParse(words[at + 1], out Ip router))
                yield return (tag, router);
            at = Array.FindIndex(words, w => w is "option:classless-static-route" or "121");
            for (int i = at + 1; at >= 0 && i + 1 < words.Length; i += 2)
            {
                if (words[i] == "0.0.0.0/0" && Ip.TryParse(words[i + 1], out Ip via))
                    yield return (tag, via);
            }
        }
    }

    private static int? MaskLength(uint mask)
    {
        int bits = System.Numerics.BitOperations.PopCount(mask);
        uint wanted = bits == 0 ? 0 : uint.MaxValue << (32 - bits);
        return mask == wanted && mask != 0 ? bits : null;
    }
}
