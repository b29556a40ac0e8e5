using System.Globalization;

namespace StackNet.Engine.Facts.OpenFlow;

/// <summary>Port numbers that OpenFlow reserves, in their 16-bit form (openflow-1.0.h ofp_port).</summary>
internal static class OpenFlowPorts
{
    public const ushort Max = 0xff00;
    public const ushort Unset = 0xfff7;
    public const ushort InPort = 0xfff8;
    public const ushort Table = 0xfff9;
    public const ushort Normal = 0xfffa;
    public const ushort Flood = 0xfffb;
    public const ushort All = 0xfffc;
    public const ushort Controller = 0xfffd;
    public const ushort Local = 0xfffe;
    public const ushort None = 0xffff;

    public static ushort? Reserved(ReadOnlySpan<char> name)
    {
        Span<char> upper = stackalloc char[12];
        if (name.Length > upper.Length || name.ToUpperInvariant(upper) < 0)
            return null;
        return upper[..name.Length] switch
        {
            "IN_PORT" => InPort,
            "TABLE" => Table,
            "NORMAL" => Normal,
            "FLOOD" => Flood,
            "ALL" => All,
            "CONTROLLER" => Controller,
            "LOCAL" => Local,
            "NONE" or "ANY" => None,
            "UNSET" => Unset,
            _ => null,
        };
    }

    /// <summary>A port as ovs-ofctl writes it: number, reserved name, or (perhaps quoted) name.</summary>
    public static ushort? Parse(ReadOnlySpan<char> text, IReadOnlyDictionary<string, int>? names)
    {
        if (text.Length > 1 && text[0] == '"' && text[^1] == '"')
        {
            string name = text[1..^1]
                .ToString()
                .Replace("\\\"", "\"", StringComparison.Ordinal)
                .Replace("\\\\", "\\", StringComparison.Ordinal);
            return names is not null && names.TryGetValue(name, out int quoted) ? (ushort)quoted : null;
        }
        if (FlowValues.TryNumber(text, out UInt128 number))
        {
            // OpenFlow 1.1 writes reserved ports as 0xffffff00 and up.
            if (number <= ushort.MaxValue || (number >= 0xffffff00 && number <= uint.MaxValue))
                return (ushort)(uint)number;
            return null;
        }
        if (names is not null && names.TryGetValue(text.ToString(), out int found))
            return (ushort)found;
        return Reserved(text);
    }

    public static string NameOf(ushort port) =>
        port switch
        {
            InPort => "IN_PORT",
            Table => "TABLE",
            Normal => "NORMAL",
            Flood => "FLOOD",
            All => "ALL",
            Controller => "CONTROLLER",
            Local => "LOCAL",
            None => "NONE",
            _ => port.ToString(CultureInfo.InvariantCulture),
        };
}
