using System.Collections;
using System.Globalization;
using System.Management.Automation;
using StackNet.Engine.Causes;
using StackNet.Engine.Facts;
using EngineIp = StackNet.Engine.Facts.Ip;
using EngineMac = StackNet.Engine.Facts.Mac;

namespace StackNet.Binding;

/// <summary>Fields of a packet as they are typed. What is not one is an <see cref="ArgumentException"/>.</summary>
internal static class PacketFields
{
    /// <summary>Protocols by name (IANA).</summary>
    public static IReadOnlyDictionary<string, byte> Protocols { get; } =
        new Dictionary<string, byte>(StringComparer.OrdinalIgnoreCase)
        {
            ["Icmp"] = 1,
            ["Tcp"] = 6,
            ["Udp"] = 17,
            ["Dccp"] = 33,
            ["Gre"] = 47,
            ["Esp"] = 50,
            ["Ah"] = 51,
            ["Icmpv6"] = 58,
            ["Sctp"] = 132,
            ["UdpLite"] = 136,
        };

    public static EngineIp? Address(string? text) =>
        string.IsNullOrEmpty(text) ? null
        : EngineIp.TryParse(text, out EngineIp address) ? address
        : throw new ArgumentException($"'{text}' is not an IPv4 or IPv6 address.");

    public static EngineMac? Mac(string? text) =>
        string.IsNullOrEmpty(text) ? null
        : EngineMac.TryParse(text, out EngineMac mac) ? mac
        : throw new ArgumentException($"'{text}' is not a MAC address.");

    public static byte? Protocol(string? text) =>
        string.IsNullOrEmpty(text) ? null
        : Protocols.TryGetValue(text, out byte number) ? number
        : byte.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out number) ? number
        : throw new ArgumentException($"'{text}' is no protocol: give {string.Join(", ", Protocols.Keys)} or a number up to 255.");

    public static string? Flags(string? letters)
    {
        if (letters is not null)
            FreshPacket.Flags(letters);
        return letters;
    }

    /// <summary>The packet that an ICMP error quotes, from a hashtable with the names of the cmdlet's parameters.</summary>
    public static NetworkPacketRequest? Inner(IDictionary? fields)
    {
        if (fields is null)
            return null;
        Dictionary<string, object?> values = new(StringComparer.OrdinalIgnoreCase);
        foreach (DictionaryEntry entry in fields)
            values[$"{entry.Key}"] = entry.Value;
        NetworkPacketRequest request = new()
        {
            SourceAddress = Address(Take<string>(values, "SourceAddress")),
            DestinationAddress =
                Address(Take<string>(values, "DestinationAddress"))
                ?? throw new ArgumentException("The inner packet needs a DestinationAddress."),
            Protocol = Protocol(Take<string>(values, "Protocol")),
            SourcePort = Take<ushort?>(values, "SourcePort"),
            DestinationPort = Take<ushort?>(values, "DestinationPort"),
            TcpFlags = Flags(Take<string>(values, "TcpFlags")),
            TcpSequence = Take<uint?>(values, "TcpSequence"),
            TcpAcknowledgment = Take<uint?>(values, "TcpAcknowledgment"),
            IcmpType = Take<byte?>(values, "IcmpType"),
            IcmpCode = Take<byte?>(values, "IcmpCode"),
            IcmpId = Take<ushort?>(values, "IcmpId"),
            Ttl = Take<byte?>(values, "Ttl"),
        };
        return values.Count == 0
            ? request
            : throw new ArgumentException($"The inner packet has no '{values.Keys.First()}': its fields are named as the parameters are.");
    }

    private static T? Take<T>(Dictionary<string, object?> values, string name)
    {
        if (!values.Remove(name, out object? value) || value is null)
            return default;
        try
        {
            return LanguagePrimitives.ConvertTo<T>(value);
        }
        catch (PSInvalidCastException error)
        {
            throw new ArgumentException($"{name} of the inner packet: {error.Message}", error);
        }
    }
}
