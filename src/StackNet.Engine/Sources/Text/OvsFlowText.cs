using System.Globalization;
using StackNet.Engine.Facts;

namespace StackNet.Engine.Sources.Text;

/// <summary>ovs-ofctl dump-flows, dump-groups and show, ovs-appctl fdb/show.</summary>
internal static class OvsFlowText
{
    /// <summary>One text a flow or group: the reply headers (one a part of a multipart reply) and the indent are cut.</summary>
    public static IReadOnlyList<string> Parse(ReadOnlySpan<char> text)
    {
        List<string> flows = [];
        Lines lines = new(text);
        while (lines.NextFilled())
        {
            ReadOnlySpan<char> line = lines.Current.Trim();
            if (!IsHeader(line))
                flows.Add(line.ToString());
        }
        return flows;
    }

    /// <summary>As <see cref="Parse"/>; a line without actions is a flow cut off, and half a table is none.</summary>
    public static IReadOnlyList<string> ParseFlows(ReadOnlySpan<char> text)
    {
        List<string> flows = [];
        Lines lines = new(text);
        while (lines.NextFilled())
        {
            ReadOnlySpan<char> line = lines.Current.Trim();
            if (IsHeader(line))
                continue;
            if (!line.Contains("actions=", StringComparison.Ordinal))
                throw new TextFormatException("not a flow of ovs-ofctl dump-flows: it has no actions (cut off?)", lines.Number);
            flows.Add(line.ToString());
        }
        return flows;
    }

    // "OFPST_FLOW reply (OF1.3) (xid=0x2):", "NXST_FLOW reply (xid=0x4):", "OFPST_FLOW reply (OF1.5) (xid=0x2): flags=[more]".
    internal static bool IsHeader(ReadOnlySpan<char> line) =>
        (line.StartsWith("OFPST_") || line.StartsWith("NXST_") || line.StartsWith("OFPT_"))
        && line.Contains("(xid=", StringComparison.Ordinal);
}

/// <summary><c>ovs-ofctl show BRIDGE</c>: the port description list.</summary>
internal static class OvsOfctlShowText
{
    public static IReadOnlyList<OpenFlowPort> Parse(ReadOnlySpan<char> text)
    {
        List<OpenFlowPort> ports = [];
        Lines lines = new(text);
        while (lines.NextFilled())
        {
            ReadOnlySpan<char> line = lines.Current.Trim();
            if (TryPort(line, out OpenFlowPort? port))
                ports.Add(port);
            else if (ports.Count > 0 && line.StartsWith("config:"))
                ports[^1] = ports[^1] with { Config = line[7..].Trim().ToString() };
            else if (ports.Count > 0 && line.StartsWith("state:"))
                ports[^1] = ports[^1] with { State = line[6..].Trim().ToString() };
        }
        return ports;
    }

    // " 1(int-br-ex): addr:4e:09:10:b8:f1:4f", " LOCAL(br-int): addr:…".
    private static bool TryPort(ReadOnlySpan<char> line, [System.Diagnostics.CodeAnalysis.NotNullWhen(true)] out OpenFlowPort? port)
    {
        port = null;
        int end = line.LastIndexOf("): addr:");
        int open = line.IndexOf('(');
        if (end < 0 || open <= 0 || open > end || !TryNumber(line[..open], out int number))
            return false;
        if (!Mac.TryParse(line[(end + 8)..].Trim(), out Mac mac))
            return false;
        port = new OpenFlowPort(number, line[(open + 1)..end].ToString(), "", "", mac);
        return true;
    }

    internal static bool TryNumber(ReadOnlySpan<char> text, out int number)
    {
        if (text is not "LOCAL")
            return int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out number);
        number = 65534;
        return true;
    }
}

/// <summary><c>ovs-appctl fdb/show BRIDGE</c>.</summary>
internal static class OvsFdbText
{
    public static IReadOnlyList<OvsFdbEntry> Parse(ReadOnlySpan<char> text)
    {
        List<OvsFdbEntry> entries = [];
        Lines lines = new(text);
        while (lines.NextFilled())
        {
            Words words = new(lines.Current);
            words.Next();
            if (words.Current is "port" || !OvsOfctlShowText.TryNumber(words.Current, out int port))
                continue;
            if (
                !words.Next()
                || !int.TryParse(words.Current, NumberStyles.None, CultureInfo.InvariantCulture, out int vlan)
                || !words.Next()
                || !Mac.TryParse(words.Current, out Mac mac)
            )
                throw new TextFormatException("not a line of fdb/show: port, VLAN, MAC and age were expected", lines.Number);
            int? age =
                words.Next() && int.TryParse(words.Current, NumberStyles.None, CultureInfo.InvariantCulture, out int seconds)
                    ? seconds
                    : null;
            entries.Add(new OvsFdbEntry(port, vlan, mac, age));
        }
        return entries;
    }
}
