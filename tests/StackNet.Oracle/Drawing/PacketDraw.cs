using StackNet.Engine.Walk;

namespace StackNet.Oracle.Drawing;

/// <summary>Draws packets: fresh ones between hosts of the world, replies, later packets, errors about them.</summary>
internal static class PacketDraw
{
    public static List<Send> Draw(World world, int count)
    {
        List<Send> sends = [];
        // A packet of a VLAN device comes in tagged on the device below; the world's places name the wire it comes from.
        string[] places = [.. world.Places.Keys];
        while (sends.Count < count)
        {
            Send first = Fresh(world, places, $"p{sends.Count + 1}");
            sends.Add(first);
            if (first.Protocol == IpProtocols.Tcp)
                Conversation(world, sends, first);
            else if (world.Chance(0.6))
                Add(world, sends, first, world.Chance(0.75) ? SendKind.Reply : SendKind.Again);
            if (world.Chance(0.15))
                Add(world, sends, first, SendKind.IcmpError);
        }
        return sends;
    }

    private static void Conversation(World world, List<Send> sends, Send first)
    {
        if (!world.Chance(0.65))
            return;
        Add(world, sends, first, SendKind.Reply, first.Flags == "S" && world.Chance(0.9) ? "SA" : world.Pick("A", "RA", "FA", "SA"));
        if (world.Chance(0.7))
            Add(world, sends, first, SendKind.Again, world.Pick("A", "A", "PA", "S", "R", "FA"));
        if (world.Chance(0.3))
            Add(world, sends, first, SendKind.Reply, world.Pick("A", "PA", "FA", "R"));
    }

    private static void Add(World world, List<Send> sends, Send first, SendKind kind, string flags = "A")
    {
        (byte type, byte code)[] errors = [(3, 3), (3, 1), (11, 0), (3, 4), (12, 0)];
        (byte type, byte code) error = world.Pick<(byte, byte)>(errors);
        sends.Add(
            new Send
            {
                Id = $"p{sends.Count + 1}",
                Kind = kind,
                Follows = first.Id,
                Protocol = first.Protocol,
                Flags = flags,
                IcmpType = error.type,
                IcmpCode = error.code,
                Router = world.Chance(0.4) ? world.Pick("203.0.113.99", "198.51.100.1", "10.0.0.6") : null,
                Ttl = world.Chance(0.95) ? (byte)64 : world.Pick<byte>(1, 2, 63, 255),
                Mss = world.Chance(0.5) ? 1460 : null,
            }
        );
    }

    private static Send Fresh(World world, string[] places, string id)
    {
        string place = world.Pick<string>(places);
        string device = place.Contains('.') ? place[..place.IndexOf('.')] : place;
        string source = world.Chance(0.88)
            ? world.Host(place)
            : world.Pick(world.Address(), world.Far[0], "0.0.0.0", "127.0.0.1", "240.1.2.3");
        string target = world.Random.Next(10) switch
        {
            < 5 => world.Host(),
            < 7 => world.Pick<string>(world.Far),
            < 9 when world.Own.Count > 0 => world.One(world.Own),
            _ => world.Pick("255.255.255.255", "10.0.0.255", "198.51.100.255", "224.0.0.5", "127.0.0.1", "10.0.0.99", "240.0.0.9"),
        };
        byte protocol = world.Pick<byte>(6, 6, 6, 17, 17, 1, 1, 1, 17, 6, 89);
        bool large = world.Chance(0.05);
        string destinationMac = Target(world, place, device, target);
        return new Send
        {
            Id = id,
            Device = device,
            Source = source,
            Destination = target,
            SourceMac = World.HostMac(device),
            DestinationMac = destinationMac,
            Vlan =
                world.Vlans.TryGetValue(place, out int vlan) ? vlan
                : world.BridgePorts.Count > 0 && world.Chance(0.07) ? world.Pick(10, 20, 1)
                : 0,
            Protocol = protocol,
            SourcePort = (ushort)world.Pick(1024, 5000, 40000, 40001, 53, 30000 + world.Random.Next(1000)),
            DestinationPort = (ushort)world.Port(),
            Flags = world.Chance(0.85) ? "S" : world.Pick("A", "SA", "FA", "R", "SF", "FPU", "PA", "SEC"),
            Mss = world.Chance(0.5) ? world.Pick(1460, 536, 1400) : null,
            IcmpType = world.Pick<byte>(8, 8, 8, 8, 8, 13, 0, 15),
            Ttl = world.Chance(0.9) ? (byte)64 : world.Pick<byte>(1, 2, 63, 128, 255),
            Tos = world.Chance(0.8) ? (byte)0 : world.Pick<byte>(0x10, 0xb8, 0x08, 0x03, 0x02),
            Size = large ? 700 : world.Pick(8, 32, 32, 60, 200),
            DontFragment = large || world.Chance(0.3),
            BadChecksum = world.Chance(0.02),
        };
    }

    private static string Target(World world, string place, string device, string target)
    {
        if (target == "255.255.255.255" || target.EndsWith(".255", StringComparison.Ordinal))
            return world.Chance(0.85) ? "ff:ff:ff:ff:ff:ff" : world.Gateways[place];
        if (target.StartsWith("224.", StringComparison.Ordinal))
            return "01:00:5e:00:00:05";
        if (world.BridgePorts.Contains(device) && world.Chance(0.85))
        {
            // On a bridge a host sends to its neighbour's MAC, elsewhere to the gateway's.
            foreach ((string other, string[] hosts) in world.Places)
            {
                if (hosts.Contains(target) && world.BridgePorts.Contains(other))
                    return World.HostMac(other);
            }
        }
        return world.Chance(0.95)
            ? world.Gateways[place]
            : world.Pick("ff:ff:ff:ff:ff:ff", "52:54:00:99:99:99", "01:80:c2:00:00:00", "01:00:5e:01:02:03");
    }
}
