using System.Buffers.Binary;
using System.Globalization;

namespace StackNet.Engine.Sources.Live.Xtables;

/// <summary>Ports and flags of tcp and udp, which iptables-nft writes as native expressions: one "-m tcp" or "-m udp" for all of them.</summary>
internal sealed partial class XtablesRule
{
    private static readonly string[] TcpFlags = ["FIN", "SYN", "RST", "PSH", "ACK", "URG"];

    private string? _sourcePorts;
    private string? _destinationPorts;
    private string? _flags;

    private void ResetTransport() => _sourcePorts = _destinationPorts = _flags = null;

    private bool TakeTransport(ReadOnlySpan<byte> from, ReadOnlySpan<byte> to, bool not)
    {
        string sign = not ? "! " : "";
        if (_protocolNumber is not (6 or 17) || from.Length != _register.Length || to.Length != from.Length)
            return false;
        if (_register is { Key: 0 or 2, Length: 2, IsMasked: false })
        {
            ushort low = BinaryPrimitives.ReadUInt16BigEndian(from);
            ushort high = BinaryPrimitives.ReadUInt16BigEndian(to);
            string ports =
                low == high ? low.ToString(CultureInfo.InvariantCulture) : string.Create(CultureInfo.InvariantCulture, $"{low}:{high}");
            if (_register.Key == 0)
            {
                if (_sourcePorts is not null)
                    return false;
                _sourcePorts = $" {sign}--sport {ports}";
            }
            else
            {
                if (_destinationPorts is not null)
                    return false;
                _destinationPorts = $" {sign}--dport {ports}";
            }
            return true;
        }
        // Two single ports that must both be equal are loaded and compared as one word.
        if (
            _register is { Key: 0, Length: 4, IsMasked: false }
            && !not
            && from.SequenceEqual(to)
            && _sourcePorts is null
            && _destinationPorts is null
        )
        {
            _sourcePorts = string.Create(CultureInfo.InvariantCulture, $" --sport {BinaryPrimitives.ReadUInt16BigEndian(from)}");
            _destinationPorts = string.Create(CultureInfo.InvariantCulture, $" --dport {BinaryPrimitives.ReadUInt16BigEndian(from[2..])}");
            return true;
        }
        if (_register is { Key: 13, Length: 1, IsMasked: true } && _protocolNumber == 6 && _flags is null)
        {
            _flags = $" {sign}--tcp-flags {FlagNames(_register.MaskBytes[0])} {FlagNames(from[0])}";
            return true;
        }
        return false;
    }

    /// <summary>Writes the collected match; called before whatever comes behind it.</summary>
    private bool EndTransport()
    {
        if (_sourcePorts is null && _destinationPorts is null && _flags is null)
            return true;
        _matches.Append(_protocolNumber == 6 ? " -m tcp" : " -m udp").Append(_sourcePorts).Append(_destinationPorts).Append(_flags);
        ResetTransport();
        return true;
    }

    /// <summary>print_tcpf() of libxt_tcp.</summary>
    private static string FlagNames(byte flags)
    {
        if (flags == 0)
            return "NONE";
        List<string> names = [];
        for (int bit = 0; bit < TcpFlags.Length; bit++)
        {
            if ((flags >> bit & 1) == 1)
                names.Add(TcpFlags[bit]);
        }
        // Bits without a name would vanish; iptables cannot set them.
        return (flags & 0xc0) != 0 ? "?" : string.Join(',', names);
    }
}
