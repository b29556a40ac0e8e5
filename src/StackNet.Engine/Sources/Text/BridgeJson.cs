using System.Text.Json;
using StackNet.Engine.Facts;

namespace StackNet.Engine.Sources.Text;

/// <summary><c>bridge -d -j link</c>, <c>bridge -j fdb</c> and <c>bridge -j vlan</c> (iproute2 bridge/).</summary>
internal static class BridgeJson
{
    /// <summary>Port attributes by device name.</summary>
    public static IReadOnlyDictionary<string, BridgePortFacts> ParseLink(ReadOnlyMemory<byte> json)
    {
        Dictionary<string, BridgePortFacts> ports = [];
        JsonText.ForEachObject(
            json,
            "bridge -d -j link",
            item =>
            {
                // A device without "state" is the bridge itself or a device that offers switch attributes.
                if (item.Text("ifname") is { } name && item.Text("state") is not null)
                    ports[name] = IpLinkJson.Port(item);
            }
        );
        return ports;
    }

    public static IReadOnlyList<FdbEntry> ParseFdb(ReadOnlyMemory<byte> json)
    {
        List<FdbEntry> entries = [];
        JsonText.ForEachObject(
            json,
            "bridge -j fdb",
            item =>
            {
                if (!Mac.TryParse(item.Text("mac"), out Mac mac) || item.Text("ifname") is not { } device)
                    return;
                entries.Add(
                    new FdbEntry
                    {
                        Mac = mac,
                        Device = device,
                        Master = item.Text("master"),
                        Vlan = item.Integer("vlan"),
                        State = item.Text("state") ?? "",
                        Flags = item.Strings("flags"),
                        Destination = Ip.TryParse(item.Text("dst"), out Ip remote) ? remote : null,
                    }
                );
            }
        );
        return entries;
    }

    public static IReadOnlyList<BridgeVlan> ParseVlan(ReadOnlyMemory<byte> json)
    {
        List<BridgeVlan> vlans = [];
        JsonText.ForEachObject(
            json,
            "bridge -j vlan",
            item =>
            {
                if (item.Text("ifname") is not { } device || !item.TryGetProperty("vlans", out JsonElement list))
                    return;
                foreach (JsonElement entry in list.EnumerateArray())
                {
                    int first = entry.Integer("vlan") ?? 0;
                    IReadOnlyList<string> flags = entry.Strings("flags");
                    vlans.Add(
                        new BridgeVlan(
                            device,
                            first,
                            entry.Integer("vlanEnd") ?? first,
                            flags.Contains("PVID"),
                            flags.Contains("Egress Untagged") || flags.Contains("untagged")
                        )
                    );
                }
            }
        );
        return vlans;
    }
}
