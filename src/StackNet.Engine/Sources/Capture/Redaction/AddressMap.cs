using System.Buffers.Binary;
using System.Security.Cryptography;
using StackNet.Engine.Facts;

namespace StackNet.Engine.Sources.Capture.Redaction;

/// <summary>
/// Pseudonyms of IP addresses that keep prefixes: two addresses share as many leading bits afterwards as before. Kept as they are: ranges
/// that mean something to the kernel (0/8, loopback, link-local, multicast and above), the first octet and the private ranges, and the last
/// octet, so that ranges of hosts, network and broadcast addresses stay what they are. What each prefix becomes hangs on a key that is
/// made of the capture itself.
/// </summary>
internal sealed class AddressMap(byte[] key, MacMap macs)
{
    private readonly Dictionary<(int Bit, UInt128 Prefix, bool IsV6), bool> _flips = [];
    private readonly HashSet<(int Bit, uint Prefix)> _edges = [];
    private readonly HashSet<(int Length, uint Prefix)> _frozen = [];
    private readonly HashSet<(int Bit, UInt128 Prefix)> _edges6 = [];
    private readonly HashSet<uint> _known = [];
    private int _freezeFrom = 24;

    /// <summary>True for an IPv4 address that the capture holds as such: numbers that are equal to it are taken for it.</summary>
    public bool Knows(uint value) => _known.Contains(value);

    public void Learn(Ip ip)
    {
        if (!ip.IsV6 && !IsSpecial((uint)ip.Value))
            _known.Add((uint)ip.Value);
    }

    /// <summary>A prefix that rules or routes use: its first and last address keep their host bits (all zero, all one).</summary>
    public void LearnPrefix(Ip ip, int length)
    {
        if (ip.IsV6)
        {
            UInt128 first = length >= 128 ? ip.Value : ip.Value >> (128 - length) << (128 - length);
            for (int bit = Math.Max(16, length); bit < 64; bit++)
                _edges6.Add((bit, first >> (128 - bit)));
            return;
        }
        if (length is < 1 or > 32)
            return;
        uint mask = uint.MaxValue << (32 - length);
        uint network = (uint)ip.Value & mask;
        for (int bit = Math.Max(8, length); bit < 24; bit++)
        {
            _edges.Add((bit, network >> (32 - bit)));
            _edges.Add((bit, (network | ~mask) >> (32 - bit)));
        }
    }

    /// <summary>An address that keeps its bits, and with them its place in every prefix.</summary>
    public void Keep(Ip ip)
    {
        for (int bit = 8; bit < 24; bit++)
            _edges.Add((bit, (uint)ip.Value >> (32 - bit)));
    }

    /// <summary>A range of addresses: what lies below its common prefix keeps its order, so it keeps its bits.</summary>
    public void LearnRange(Ip low, Ip high)
    {
        if (low.IsV6 || high.IsV6)
            return;
        int common = System.Numerics.BitOperations.LeadingZeroCount((uint)low.Value ^ (uint)high.Value);
        if (common is >= 8 and < 24)
            _frozen.Add((common, (uint)low.Value >> (32 - common)));
        else if (common < 8)
            _freezeFrom = 8;
    }

    /// <summary>NETMAP carries host bits from one prefix to another: from this length on bits stay everywhere.</summary>
    public void FreezeFrom(int length) => _freezeFrom = Math.Clamp(length, 8, _freezeFrom);

    public Ip Map(Ip ip) => ip.IsV6 ? Map6(ip.Value) : Ip.V4(Map4((uint)ip.Value));

    public uint Map4(uint value)
    {
        if (IsSpecial(value))
            return value;
        uint result = value;
        for (int bit = KeptBits(value >> 24); bit < 24; bit++)
        {
            if (bit >= _freezeFrom)
                break;
            uint prefix = value >> (32 - bit);
            if (!_edges.Contains((bit, prefix)) && !IsFrozen(value, bit) && Flips(bit, prefix, isV6: false))
                result ^= 1u << (31 - bit);
        }
        return result;
    }

    // Private and shared ranges stay private (RFC 1918, RFC 6598, RFC 2544): a reader may tell inside from outside by them.
    private static int KeptBits(uint firstOctet) =>
        firstOctet switch
        {
            100 => 10,
            172 => 12,
            192 or 169 => 16,
            198 => 15,
            _ => 8,
        };

    private static bool IsSpecial(uint value) => value >> 24 is 0 or 127 or >= 224 || value >> 16 == 0xa9fe;

    private bool IsFrozen(uint value, int bit)
    {
        foreach ((int length, uint prefix) in _frozen)
        {
            if (bit >= length && value >> (32 - length) == prefix)
                return true;
        }
        return false;
    }

    private Ip Map6(UInt128 value)
    {
        // v4 inside v6: mapped, and NAT64's well-known prefix.
        if (value >> 32 == 0xffff || value >> 32 == (UInt128)0x0064ff9b << 64)
            return Ip.V6(value >> 32 << 32 | Map4((uint)value));
        if (value >> 120 == 0xff)
            return Ip.V6(
                value >> 24 == new UInt128(0xff02_0000_0000_0000, 0x0000_0001_ff00_0000) >> 24
                    ? value >> 24 << 24 | macs.Tail((uint)value & 0xffffff)
                    : value
            );
        if (value <= 1)
            return Ip.V6(value);
        UInt128 result = value;
        bool isLinkLocal = value >> 118 == 0x3fa;
        for (int bit = 16; bit < 64 && !isLinkLocal; bit++)
        {
            UInt128 prefix = value >> (128 - bit);
            if (!_edges6.Contains((bit, prefix)) && Flips(bit, prefix, isV6: true))
                result ^= UInt128.One << (127 - bit);
        }
        return Ip.V6(result >> 64 << 64 | Interface((ulong)value));
    }

    // An interface identifier made of a MAC (RFC 4291 appendix A) follows that MAC; numbers given by hand (::1) stay.
    private ulong Interface(ulong id)
    {
        if ((id >> 24 & 0xffff) == 0xfffe)
        {
            ulong mac = (id >> 40 << 24 | id & 0xffffff) ^ 0x0200_0000_0000;
            ulong mapped = macs.Map(new Mac(mac)).Value ^ 0x0200_0000_0000;
            return mapped >> 24 << 40 | 0xfffe_000000 | mapped & 0xffffff;
        }
        // The metadata service answers at fe80::a9fe:a9fe on every node.
        if (id is <= 0xffff or 0xa9fe_a9fe)
            return id;
        ulong upper = id >> 24;
        if (upper != 0)
            upper ^= BinaryPrimitives.ReadUInt64LittleEndian(Hash(128, 0, isV6: true)) & 0xff_ffff_ffff;
        return upper << 24 | macs.Tail((uint)id & 0xffffff);
    }

    private bool Flips(int bit, UInt128 prefix, bool isV6)
    {
        // One bit turns always, so that no address stays what it was by chance.
        if (!isV6 && bit == 22)
            return true;
        if (_flips.TryGetValue((bit, prefix, isV6), out bool flips))
            return flips;
        flips = (Hash(bit, prefix, isV6)[0] & 1) == 1;
        _flips.Add((bit, prefix, isV6), flips);
        return flips;
    }

    private byte[] Hash(int bit, UInt128 prefix, bool isV6)
    {
        Span<byte> input = stackalloc byte[key.Length + 18];
        key.CopyTo(input);
        input[key.Length] = (byte)bit;
        input[key.Length + 1] = isV6 ? (byte)6 : (byte)4;
        BinaryPrimitives.WriteUInt128LittleEndian(input[(key.Length + 2)..], prefix);
        return SHA256.HashData(input);
    }
}
