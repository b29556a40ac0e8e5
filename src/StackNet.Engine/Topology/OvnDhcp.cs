using System.Buffers.Binary;
using System.Globalization;
using StackNet.Engine.Facts;

namespace StackNet.Engine.Topology;

/// <summary>What OVN's own DHCP offers a guest.</summary>
/// <param name="Address">The offered address.</param>
/// <param name="Subnet">Its subnet, by option 1.</param>
/// <param name="Router">Option 3, or the default of option 121.</param>
/// <param name="Mtu">Option 26.</param>
internal sealed record OvnDhcpOffer(Ip Address, IpPrefix? Subnet, Ip? Router, int? Mtu);

/// <summary>
/// put_dhcp_opts of OVN in the flows of the integration bridge: a packet to the controller whose user data are the action's number (2), where
/// the result goes (eight bytes), the offered address and DHCP options as on the wire (ovn lib/actions.c, encode_put_dhcpv4_opts; RFC 2132).
/// </summary>
internal static class OvnDhcp
{
    private const string Action = "controller(userdata=00.00.00.02.";
    private const int Offer = 16;

    public static Dictionary<Mac, OvnDhcpOffer> Of(OvsFacts? ovs)
    {
        Dictionary<Mac, OvnDhcpOffer> offers = [];
        foreach (OvsBridgeFacts bridge in ovs?.Bridges ?? [])
        foreach (string flow in bridge.Flows ?? [])
        {
            int at = flow.IndexOf(Action, StringComparison.Ordinal);
            if (
                at >= 0
                && RuleText.Field(flow, "dl_src") is { } text
                && Mac.TryParse(text, out Mac mac)
                && Parse(flow.AsSpan(at + "controller(userdata=".Length)) is { } offer
            )
                offers.TryAdd(mac, offer);
        }
        return offers;
    }

    private static OvnDhcpOffer? Parse(ReadOnlySpan<char> text)
    {
        int end = text.IndexOfAny(',', ')');
        if (end >= 0)
            text = text[..end];
        List<byte> data = [];
        foreach (Range part in text.Split('.'))
        {
            if (!byte.TryParse(text[part], NumberStyles.HexNumber, CultureInfo.InvariantCulture, out byte value))
                return null;
            data.Add(value);
        }
        if (data.Count < Offer + 4)
            return null;
        ReadOnlySpan<byte> bytes = System.Runtime.InteropServices.CollectionsMarshal.AsSpan(data);
        Ip address = Address(bytes[Offer..]);
        int? length = null;
        Ip? router = null;
        Ip? classless = null;
        int? mtu = null;
        for (int at = Offer + 4; at + 2 <= bytes.Length; at += 2 + bytes[at + 1])
        {
            int size = bytes[at + 1];
            if (at + 2 + size > bytes.Length)
                break;
            ReadOnlySpan<byte> value = bytes.Slice(at + 2, size);
            switch (bytes[at])
            {
                case 1 when size == 4:
                    length = System.Numerics.BitOperations.PopCount(BinaryPrimitives.ReadUInt32BigEndian(value));
                    break;
                case 3 when size >= 4:
                    router = Address(value);
                    break;
                case 26 when size == 2:
                    mtu = BinaryPrimitives.ReadUInt16BigEndian(value);
                    break;
                case 121:
                    classless = DefaultOf(value) ?? classless;
                    break;
            }
        }
        IpPrefix? subnet = length is { } l ? new IpPrefix(new IpPrefix(address, l).Network, l) : null;
        // RFC 3442: with classless routes the router option is ignored.
        return new(address, subnet, classless ?? router, mtu);
    }

    private static Ip? DefaultOf(ReadOnlySpan<byte> routes)
    {
        while (routes.Length > 0)
        {
            int octets = (routes[0] + 7) / 8;
            if (routes.Length < 1 + octets + 4)
                return null;
            if (routes[0] == 0)
                return Address(routes[1..]);
            routes = routes[(1 + octets + 4)..];
        }
        return null;
    }

    private static Ip Address(ReadOnlySpan<byte> bytes) => Ip.From(new System.Net.IPAddress(bytes[..4]));
}
