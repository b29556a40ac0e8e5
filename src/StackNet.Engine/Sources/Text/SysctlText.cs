namespace StackNet.Engine.Sources.Text;

/// <summary><c>sysctl -a</c>: "key = value" lines; what could not be read is not there.</summary>
internal static class SysctlText
{
    public static IReadOnlyDictionary<string, string> Parse(ReadOnlySpan<char> text)
    {
        Dictionary<string, string> values = [];
        Lines lines = new(text);
        while (lines.NextFilled())
        {
            ReadOnlySpan<char> line = lines.Current;
            if (line.StartsWith("sysctl: "))
                continue;
            int equals = line.IndexOf(" = ");
            if (equals < 0)
            {
                // An empty value ends with the sign and perhaps a blank; "key=value" is sysctl.conf's own form.
                equals = line.IndexOf('=');
                if (equals <= 0)
                    throw new TextFormatException("not a line of sysctl: it has no '='", lines.Number);
                values[line[..equals].Trim().ToString()] = line[(equals + 1)..].Trim().ToString();
                continue;
            }
            values[line[..equals].Trim().ToString()] = line[(equals + 3)..].Trim().ToString();
        }
        return values;
    }
}
