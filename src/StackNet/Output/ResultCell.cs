namespace StackNet.Output;

/// <summary>Cells that join several properties of one object.</summary>
public static class ResultCell
{
    /// <summary>"icmp", or "tcp/80".</summary>
    public static string Protocol(object? result)
    {
        string protocol = Fields.Text(result, "Protocol").ToLowerInvariant();
        return Fields.Get(result, "DestinationPort") is { } port ? $"{protocol}/{Cell.Text(port)}" : protocol;
    }

    /// <summary>"icmp", or "tcp/80", of a real packet.</summary>
    public static string PingProtocol(object? ping)
    {
        string protocol = Fields.Text(ping, "Protocol").ToLowerInvariant();
        return Fields.Get(ping, "Port") is { } port ? $"{protocol}/{Cell.Text(port)}" : protocol;
    }

    /// <summary>Cause with its id; what an Unknown hangs on; nothing for a Pass.</summary>
    public static string Why(object? result)
    {
        string id = Fields.Text(result, "CauseId");
        string cause = Fields.Text(result, "Cause");
        string unknown = Fields.Text(result, "UnknownBecause");
        string text = (id, cause) switch
        {
            ("", "") => unknown,
            ("", _) => cause,
            (_, "") => id,
            _ => $"{id} {cause}",
        };
        return text.Length == 0 ? unknown : text;
    }

    /// <summary>The namespace in which a result's device is; nothing without a device.</summary>
    public static string Where(object? result) =>
        Fields.Text(result, "Device").Length == 0 ? "" : Cell.Namespace(Fields.Get(result, "Namespace"));

    /// <summary>Bridges of both ends of a veth pair.</summary>
    public static string Bridges(object? pair)
    {
        string here = Fields.Text(pair, "Bridge");
        string there = Fields.Text(pair, "PeerBridge");
        return (here, there) switch
        {
            ("", "") => "",
            (_, "") => here,
            ("", _) => "= " + there,
            _ => $"{here} = {there}",
        };
    }

    /// <summary>The error of a port when it has one, else its instance.</summary>
    public static string InstanceOrError(object? port) =>
        Fields.Text(port, "Error") is { Length: > 0 } error ? "error: " + error : Fields.Text(port, "Instance");

    /// <summary>The setting that decides about rp_filter, without what is the same in every line.</summary>
    public static string DecidedBy(object? setting) =>
        Fields.Text(setting, "RpFilterDecidedBy").Replace("net.ipv4.conf.", "", StringComparison.Ordinal);

    /// <summary>Whether a reboot changes forwarding or rp_filter.</summary>
    public static string AtReboot(object? setting) =>
        Fields.Get(setting, "ChangesAtReboot") switch
        {
            true => "Changes",
            false => "Same",
            _ => "?",
        };

    /// <summary>The files that set forwarding and rp_filter at boot, each once.</summary>
    public static string ConfiguredIn(object? setting) =>
        string.Join(
            ", ",
            new[] { Fields.Text(setting, "ForwardingConfiguredIn"), Fields.Text(setting, "RpFilterConfiguredIn") }
                .Where(t => t.Length > 0)
                .Distinct(StringComparer.Ordinal)
        );
}
