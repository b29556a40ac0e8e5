using System.Text.Json;
using StackNet.Engine.Facts;
using StackNet.Engine.Sources.Capture;
using StackNet.Engine.Walk;

namespace StackNet.Oracle.Comparing;

/// <summary>A case of the kernel oracle: a node and what the kernel did with packet after packet.</summary>
internal sealed class KernelCase
{
    private readonly JsonDocument _document;

    private KernelCase(string path, JsonDocument document, NodeFacts node)
    {
        Name = Path.GetFileNameWithoutExtension(path);
        _document = document;
        Node = node;
    }

    public string Name { get; }
    public NodeFacts Node { get; }
    public IEnumerable<JsonElement> Packets => _document.RootElement.GetProperty("packets").EnumerateArray();

    /// <summary>A case that is not in a file.</summary>
    public static KernelCase Parse(string name, string json)
    {
        JsonDocument document = JsonDocument.Parse(json);
        return new(name, document, CaptureNode.Read(OracleCaseFile.Open(document.RootElement, name), CancellationToken.None));
    }

    /// <summary>A case of a file.</summary>
    public static KernelCase Read(string path) =>
        new(path, JsonDocument.Parse(File.ReadAllBytes(path)), CaptureReader.Read(path, CancellationToken.None)[0]);

    /// <summary>The packet as it was sent.</summary>
    public static Packet PacketOf(JsonElement sent)
    {
        JsonElement ip = sent.GetProperty("ip");
        JsonElement ether = sent.GetProperty("ether");
        Packet packet = Transport(ip, sent.GetProperty("l4"));
        packet.SourceMac = Mac.Parse(ether.GetProperty("src").GetString());
        packet.DestinationMac = Mac.Parse(ether.GetProperty("dst").GetString());
        packet.Ttl = (byte)Number(ip, "ttl", 64);
        packet.Tos = (byte)Number(ip, "tos", 0);
        packet.Length = Number(ip, "length", 60);
        packet.IpId = (ushort)Number(ip, "id", 0);
        packet.FragmentOffset = Number(ip, "frag", 0) * 8;
        packet.MoreFragments = Flag(ip, "mf");
        packet.DontFragment = Flag(ip, "df");
        if (Number(ether, "vlan", 0) is var vlan and not 0)
            packet.Vlans.Add(new VlanTag(vlan));
        packet.BadChecksum = sent.TryGetProperty("bad_checksum", out JsonElement bad) && bad.ValueKind == JsonValueKind.True;
        if (sent.TryGetProperty("inner", out JsonElement inner) && inner.ValueKind == JsonValueKind.Object)
            packet.Inner = Transport(inner, inner);
        return packet;
    }

    private static Packet Transport(JsonElement ip, JsonElement l4)
    {
        string protocol = ip.GetProperty("proto").ToString();
        return new Packet
        {
            Source = Ip.Parse(ip.GetProperty("src").GetString()),
            Destination = Ip.Parse(ip.GetProperty("dst").GetString()),
            Protocol = protocol switch
            {
                "tcp" => IpProtocols.Tcp,
                "udp" => IpProtocols.Udp,
                "icmp" => IpProtocols.Icmp,
                _ => byte.Parse(protocol),
            },
            SourcePort = (ushort)Number(l4, "sport", 0),
            DestinationPort = (ushort)Number(l4, "dport", 0),
            IcmpType = (byte)Number(l4, "type", 0),
            IcmpCode = (byte)Number(l4, "code", 0),
            IcmpId = (ushort)Number(l4, "id", 0),
            IcmpSequence = (ushort)Number(l4, protocol == "icmp" ? "seq" : "-", 0),
            TcpFlags = Flags(l4),
            TcpSequence = protocol == "tcp" && l4.TryGetProperty("seq", out JsonElement seq) ? seq.GetUInt32() : 0,
            TcpAcknowledgment = l4.TryGetProperty("ack", out JsonElement ack) ? ack.GetUInt32() : 0,
            TcpMss = l4.TryGetProperty("mss", out JsonElement mss) && mss.ValueKind == JsonValueKind.Number ? mss.GetInt32() : null,
        };
    }

    private static TcpFlags Flags(JsonElement l4)
    {
        TcpFlags flags = TcpFlags.None;
        if (l4.TryGetProperty("flags", out JsonElement text) && text.GetString() is { } letters)
        {
            foreach (char letter in letters)
                flags |= (TcpFlags)(1 << "FSRPAUEC".IndexOf(letter));
        }
        return flags;
    }

    private static bool Flag(JsonElement of, string name) =>
        of.TryGetProperty(name, out JsonElement value) && value.ValueKind == JsonValueKind.True;

    public static int Number(JsonElement of, string name, int otherwise) =>
        of.TryGetProperty(name, out JsonElement value) && value.ValueKind == JsonValueKind.Number ? value.GetInt32() : otherwise;
}
