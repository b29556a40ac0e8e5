using System.Globalization;
using System.Net;
using System.Net.Sockets;

namespace StackNet.Engine.Labs;

internal static partial class LabManager
{
    private const string Tries = "3";
    private const string Seconds = "2";

    /// <summary>
    /// Sends real packets from an instance. Destination null: the internet host. Port null: 80 for Tcp, 53 for Udp. Size: payload in bytes.
    /// </summary>
    public static async Task<LabPing> PingAsync(
        string lab,
        string instance,
        IPAddress? destination,
        string protocol,
        int? port,
        int size,
        bool dontFragment,
        CancellationToken token
    )
    {
        (LabNode node, _) = Open(lab);
        LabGuest guest =
            node.Plan.Instances.FirstOrDefault(g => string.Equals(g.Name, instance, StringComparison.OrdinalIgnoreCase))
            ?? throw new LabException(LabFailure.InvalidArgument, $"The lab '{lab}' has no instance '{instance}'.", lab);
        return await PingAsync(node, guest.Name, guest.Address, destination, protocol, port, size, dontFragment, token)
            .ConfigureAwait(false);
    }

    /// <summary>The same from another namespace of the lab: "upstream", "internet", the router's, or "" for the node itself.</summary>
    internal static Task<LabPing> PingFromAsync(string lab, string ns, IPAddress destination, string protocol, CancellationToken token) =>
        PingAsync(Open(lab).Node, ns, null, destination, protocol, null, 56, false, token);

    private static async Task<LabPing> PingAsync(
        LabNode node,
        string ns,
        IPAddress? source,
        IPAddress? destination,
        string protocol,
        int? port,
        int size,
        bool dontFragment,
        CancellationToken token
    )
    {
        destination ??= IPAddress.Parse(LabPlan.InternetAddress);
        string kind = protocol.ToLowerInvariant();
        if (kind is not ("icmp" or "tcp" or "udp"))
            throw new LabException(LabFailure.InvalidArgument, $"'{protocol}' is not Icmp, Tcp or Udp.", node.Plan.Name);
        if (destination.AddressFamily != AddressFamily.InterNetwork)
            throw new LabException(LabFailure.InvalidArgument, "A lab speaks IPv4 only.", node.Plan.Name);
        if (size is < 0 or > 65000 || port is < 1 or > 65535)
            throw new LabException(LabFailure.InvalidArgument, "Size is 0 to 65000, Port 1 to 65535.", node.Plan.Name);
        int? wanted = kind switch
        {
            "tcp" => port ?? 80,
            "udp" => port ?? 53,
            _ => null,
        };
        string text = await node.ScriptAsync(
                ns,
                token,
                "probe",
                kind,
                destination.ToString(),
                (wanted ?? 0).ToString(CultureInfo.InvariantCulture),
                size.ToString(CultureInfo.InvariantCulture),
                dontFragment ? "1" : "0",
                Tries,
                Seconds
            )
            .ConfigureAwait(false);
        Dictionary<string, string> values = text.Split('\n')
            .Select(l => l.Split('=', 2))
            .Where(p => p.Length == 2)
            .ToDictionary(p => p[0], p => p[1], StringComparer.Ordinal);
        return new LabPing
        {
            Lab = node.Plan.Name,
            Instance = ns,
            SourceAddress = source,
            Destination = destination,
            Protocol = char.ToUpperInvariant(kind[0]) + kind[1..],
            Port = wanted,
            Size = size,
            DontFragment = dontFragment,
            Sent = int.Parse(values["sent"], CultureInfo.InvariantCulture),
            Replied = values["received"] != "0",
            RoundTrip = values["rtt"].Length > 0 ? double.Parse(values["rtt"], CultureInfo.InvariantCulture) : null,
            Error = values["error"].Length > 0 ? values["error"] : null,
        };
    }
}
