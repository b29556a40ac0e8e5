using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;
using StackNet.Engine.Facts;

namespace StackNet.Engine.Sources.Capture.Redaction;

/// <summary>Rewrites addresses, numbers that are addresses, and secrets in one text.</summary>
internal sealed partial class TextRedactor(AddressMap addresses, MacMap macs, NameMap names)
{
    /// <summary>First pass: what prefixes, ranges and addresses a text speaks of.</summary>
    public void Learn(string text)
    {
        AddressScanner scanner = new(text);
        Ip? last = null;
        int lastEnd = -1;
        while (scanner.Next())
        {
            if (scanner.IsMask || scanner.Ip is not { } ip)
            {
                last = null;
                continue;
            }
            addresses.Learn(ip);
            if (scanner.PrefixLength() is int length)
                addresses.LearnPrefix(ip, length);
            if (last is { } low && scanner.Start == lastEnd + 1 && text[lastEnd] == '-' && !scanner.IsDashed)
                addresses.LearnRange(low, ip);
            (last, lastEnd) = (ip, scanner.End);
        }
        foreach (Match match in NftPrefix().Matches(text))
        {
            if (
                Ip.TryParse(match.Groups[1].ValueSpan, out Ip ip)
                && int.TryParse(match.Groups[2].ValueSpan, out int length)
                && length <= ip.Bits
            )
            {
                addresses.LearnPrefix(ip, length);
                if (text.Contains("netmap", StringComparison.OrdinalIgnoreCase))
                    addresses.FreezeFrom(length);
            }
        }
        foreach (Match match in NftRange().Matches(text))
        {
            if (Ip.TryParse(match.Groups[1].ValueSpan, out Ip low) && Ip.TryParse(match.Groups[2].ValueSpan, out Ip high))
                addresses.LearnRange(low, high);
        }
        Match netmap = Netmap().Match(text);
        if (netmap.Success)
            addresses.FreezeFrom(int.Parse(netmap.Groups[1].ValueSpan, CultureInfo.InvariantCulture));
    }

    private string RewriteAddresses(string text)
    {
        StringBuilder? output = null;
        int copied = 0;
        AddressScanner scanner = new(text);
        while (scanner.Next())
        {
            if (scanner.IsMask)
                continue;
            ReadOnlySpan<char> original = text.AsSpan(scanner.Start, scanner.End - scanner.Start);
            output ??= new StringBuilder(text.Length + 16);
            output.Append(text, copied, scanner.Start - copied);
            if (scanner.Ip is { } ip)
                AddressScanner.Append(output, original, addresses.Map(ip), scanner.IsDashed);
            else
                output.Append(Cased(macs.Map(scanner.Mac).ToString(), original));
            copied = scanner.End;
        }
        return output is null ? text : output.Append(text, copied, text.Length - copied).ToString();
    }

    /// <summary>Flows write addresses as numbers too: load:0xa0a0a01->NXM_OF_ARP_SPA[], reg0=0xa0a0a01.</summary>
    public string RewriteNumbers(string text) =>
        text.Contains("0x", StringComparison.Ordinal) ? HexNumber().Replace(text, match => "0x" + Number(match.Groups[1].ValueSpan)) : text;

    /// <summary>A decimal number that is a known address: neutron's DVR makes priorities and tables of them.</summary>
    public string RewriteDecimal(string text) =>
        uint.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out uint value) && value >= 1 << 24 && addresses.Knows(value)
            ? addresses.Map4(value).ToString(CultureInfo.InvariantCulture)
            : text;

    /// <summary>A datapath id: sixteen digits that end in the bridge's MAC.</summary>
    public string RewriteDatapathId(string text) =>
        text.Length == 16 && ulong.TryParse(text, NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out ulong id)
            ? $"{text[..4]}{macs.Map(new Mac(id & 0xffff_ffff_ffff)).Value:x12}"
            : text;

    /// <summary>Configuration: passwords and the like are gone, hosts of URLs are renamed.</summary>
    public string RewriteConfig(string text)
    {
        text = Secret().Replace(text, "${key}***");
        return Url()
            .Replace(
                text,
                match => match.Groups[1].Value + (match.Groups[2].Success ? "***@" : "") + names.MapUrlHost(match.Groups[3].Value)
            );
    }

    private string Number(ReadOnlySpan<char> digits)
    {
        ulong value = ulong.Parse(digits, NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture);
        if (value <= uint.MaxValue)
            return value >= 1 << 24 && addresses.Knows((uint)value) ? $"{addresses.Map4((uint)value):x}" : digits.ToString();
        return macs.Knows(value) ? $"{macs.Map(new Mac(value)).Value:x}" : digits.ToString();
    }

    private static string Cased(string text, ReadOnlySpan<char> original) =>
        original.IndexOfAnyInRange('A', 'F') >= 0 ? text.ToUpperInvariant() : text;

    // Cookies are random, whatever they look like.
    [GeneratedRegex(@"(?<!cookie=)(?<![\w])0x([0-9a-f]{7,12})(?![\w])")]
    private static partial Regex HexNumber();

    [GeneratedRegex("\"addr\"\\s*:\\s*\"([0-9a-fA-F.:]+)\"\\s*,\\s*\"len\"\\s*:\\s*(\\d{1,3})")]
    private static partial Regex NftPrefix();

    [GeneratedRegex("\"range\"\\s*:\\s*\\[\\s*\"([0-9a-fA-F.:]+)\"\\s*,\\s*\"([0-9a-fA-F.:]+)\"")]
    private static partial Regex NftRange();

    [GeneratedRegex(@"-j NETMAP --to [0-9.]+/(\d{1,2})")]
    private static partial Regex Netmap();

    [GeneratedRegex(
        @"(?m)^(?<key>[ \t]*[\w.-]*(?:password|passwd|secret|token|transport_url|connection|credential|api_key)[\w.-]*[ \t]*=[ \t]*).*$",
        RegexOptions.IgnoreCase | RegexOptions.ExplicitCapture
    )]
    private static partial Regex Secret();

    [GeneratedRegex(@"(\b[a-z][a-z0-9+.-]*://)([^\s/@]*@)?([A-Za-z][\w-]*(?:\.[\w-]+)*)")]
    private static partial Regex Url();
}
