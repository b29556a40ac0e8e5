using StackNet.Engine.Facts;

namespace StackNet.Engine.Sources.Capture.Redaction;

/// <summary>
/// Pseudonyms of MAC addresses. The first byte stays (group and local bits, and libvirt's fe for fa), well-known vendor bytes stay, the last
/// three bytes are numbered in the order they are met. So a tap still differs from its guest in the first byte only, and a masked vendor
/// match still matches.
/// </summary>
internal sealed class MacMap
{
    private readonly Dictionary<uint, uint> _tails = new() { [0] = 0, [0xffffff] = 0xffffff };
    private readonly Dictionary<uint, uint> _vendors = new()
    {
        [0] = 0,
        // neutron's base_mac fa:16:3e and dvr_base_mac fa:16:3f, QEMU's 52:54:00.
        [0x163e] = 0x163e,
        [0x163f] = 0x163f,
        [0x5400] = 0x5400,
    };

    private readonly HashSet<ulong> _known = [];

    private uint _nextTail = 1;
    private uint _nextVendor = 1;

    public bool Knows(ulong value) => _known.Contains(value);

    public Mac Map(Mac mac)
    {
        if (mac.IsZero || mac.IsBroadcast)
            return mac;
        // A solicited-node group carries the last bytes of an address (RFC 2464 7); other groups name nobody.
        if (mac.IsGroup)
            return mac.Value >> 24 == 0x3333ff ? new Mac(mac.Value & ~0xffffffUL | Tail((uint)mac.Value & 0xffffff)) : mac;
        _known.Add(mac.Value);
        ulong first = mac.Value >> 40;
        ulong vendor = Vendor((uint)(mac.Value >> 24) & 0xffff);
        return new Mac((first << 40) | (vendor << 24) | Tail((uint)mac.Value & 0xffffff));
    }

    public uint Tail(uint tail)
    {
        if (_tails.TryGetValue(tail, out uint mapped))
            return mapped;
        mapped = _nextTail++;
        _tails.Add(tail, mapped);
        return mapped;
    }

    private uint Vendor(uint vendor)
    {
        if (_vendors.TryGetValue(vendor, out uint mapped))
            return mapped;
        while (_nextVendor is 0x163e or 0x163f or 0x5400)
            _nextVendor++;
        mapped = _nextVendor++;
        _vendors.Add(vendor, mapped);
        return mapped;
    }
}
