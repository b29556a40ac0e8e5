using System.Text.Json;
using StackNet.Engine.Facts;

namespace StackNet.Engine.Sources.Text;

/// <summary><c>ip -j addr</c> (iproute2 ip/ipaddress.c print_addrinfo).</summary>
internal static class IpAddrJson
{
    public static IReadOnlyList<AddressFacts> Parse(ReadOnlyMemory<byte> json)
    {
        List<AddressFacts> addresses = [];
        JsonText.ForEachObject(
            json,
            "ip -j addr",
            item =>
            {
                string? device = item.Text("ifname");
                if (device is null || !item.TryGetProperty("addr_info", out JsonElement list) || list.ValueKind != JsonValueKind.Array)
                    return;
                foreach (JsonElement entry in list.EnumerateArray())
                {
                    if (
                        entry.ValueKind == JsonValueKind.Object
                        && entry.Text("family") is "inet" or "inet6"
                        && entry.Text("local") is { } local
                    )
                        addresses.Add(Address(entry, device, Ip.Parse(local)));
                }
            }
        );
        return addresses;
    }

    private static AddressFacts Address(JsonElement entry, string device, Ip local)
    {
        List<string>? flags = null;
        foreach (JsonProperty property in entry.EnumerateObject())
        {
            if (property.Value.ValueKind == JsonValueKind.True)
                (flags ??= []).Add(property.Name);
        }
        return new AddressFacts
        {
            Device = device,
            Address = local,
            PrefixLength = entry.Integer("prefixlen") ?? local.Bits,
            Broadcast = entry.Address("broadcast"),
            Peer = entry.Address("address") is { } peer && peer != local ? peer : null,
            Scope = entry.Text("scope") ?? "global",
            Flags = flags ?? (IReadOnlyList<string>)[],
            Label = entry.Text("label"),
        };
    }
}
