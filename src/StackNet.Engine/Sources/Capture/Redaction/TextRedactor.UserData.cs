using System.Buffers.Binary;
using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;
using StackNet.Engine.Facts;

namespace StackNet.Engine.Sources.Capture.Redaction;

internal sealed partial class TextRedactor
{
    private const int OfferedAddress = 16;

    /// <summary>OVN's user data are bytes in hexadecimal with dots between them, which look like addresses and hold some.</summary>
    public string Rewrite(string text)
    {
        if (!text.Contains("userdata=", StringComparison.Ordinal))
            return RewriteAddresses(text);
        StringBuilder output = new(text.Length);
        int copied = 0;
        foreach (Match match in UserData().Matches(text))
        {
            output.Append(RewriteAddresses(text[copied..match.Index]));
            output.Append(RewriteBytes(match.Value));
            copied = match.Index + match.Length;
        }
        return output.Append(RewriteAddresses(text[copied..])).ToString();
    }

    private string RewriteBytes(string data)
    {
        const string name = "userdata=";
        byte[] bytes =
        [
            .. data[name.Length..].Split('.').Select(b => byte.Parse(b, NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture)),
        ];
        bool isDhcp = bytes.Length > OfferedAddress + 4 && BinaryPrimitives.ReadUInt32BigEndian(bytes) == 2;
        if (isDhcp)
            RewriteOptions(bytes);
        else
            RewriteKnown(bytes);
        return name + string.Join('.', bytes.Select(b => b.ToString("x2", CultureInfo.InvariantCulture)));
    }

    /// <summary>The offered address, then options as on the wire (RFC 2132): those that are addresses are mapped, masks stay.</summary>
    private void RewriteOptions(byte[] bytes)
    {
        MapAt(bytes, OfferedAddress);
        for (int at = OfferedAddress + 4; at + 2 <= bytes.Length; at += 2 + bytes[at + 1])
        {
            int size = bytes[at + 1];
            if (at + 2 + size > bytes.Length)
                return;
            switch (bytes[at])
            {
                case 3 or 4 or 5 or 6 or 28 or 42 or 44 or 50 or 54:
                    for (int i = at + 2; i + 4 <= at + 2 + size; i += 4)
                        MapAt(bytes, i);
                    break;
                case 121 or 249:
                    RewriteRoutes(bytes.AsSpan(at + 2, size));
                    break;
                case 1:
                    break;
                default:
                    RewriteKnown(bytes.AsSpan(at + 2, size));
                    break;
            }
        }
    }

    /// <summary>RFC 3442: length, as many octets of the network as that needs, gateway.</summary>
    private void RewriteRoutes(Span<byte> routes)
    {
        Span<byte> network = stackalloc byte[4];
        while (routes.Length > 0)
        {
            int octets = Math.Min((routes[0] + 7) / 8, 4);
            if (routes.Length < 1 + octets + 4)
                return;
            network.Clear();
            routes.Slice(1, octets).CopyTo(network);
            MapAt(network, 0);
            network[..octets].CopyTo(routes[1..]);
            MapAt(routes, 1 + octets);
            routes = routes[(1 + octets + 4)..];
        }
    }

    private void MapAt(Span<byte> bytes, int at)
    {
        uint value = BinaryPrimitives.ReadUInt32BigEndian(bytes[at..]);
        if (value != 0)
            BinaryPrimitives.WriteUInt32BigEndian(bytes[at..], addresses.Map4(value));
    }

    private void RewriteKnown(Span<byte> bytes)
    {
        int at = 0;
        while (at + 4 <= bytes.Length)
        {
            if (at + 6 <= bytes.Length)
            {
                ulong mac =
                    (ulong)BinaryPrimitives.ReadUInt16BigEndian(bytes[at..]) << 32
                    | BinaryPrimitives.ReadUInt32BigEndian(bytes[(at + 2)..]);
                if (macs.Knows(mac))
                {
                    ulong mapped = macs.Map(new Mac(mac)).Value;
                    BinaryPrimitives.WriteUInt16BigEndian(bytes[at..], (ushort)(mapped >> 32));
                    BinaryPrimitives.WriteUInt32BigEndian(bytes[(at + 2)..], (uint)mapped);
                    at += 6;
                    continue;
                }
            }
            uint value = BinaryPrimitives.ReadUInt32BigEndian(bytes[at..]);
            if (value >= 1 << 24 && addresses.Knows(value))
            {
                MapAt(bytes, at);
                at += 4;
                continue;
            }
            at++;
        }
    }

    [GeneratedRegex(@"userdata=[0-9a-f]{2}(?:\.[0-9a-f]{2})*")]
    private static partial Regex UserData();
}
