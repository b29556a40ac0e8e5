using System.Text.Json;
using StackNet.Engine.Facts;

namespace StackNet.Engine.Walk.Devices;

/// <summary>What a queueing discipline does to a single packet: most only order and delay, some take packets away.</summary>
internal static class QueueDiscipline
{
    /// <summary>Kinds that can drop a packet that comes alone.</summary>
    public static bool Matters(TrafficControlFacts qdisc) =>
        qdisc.Action is null && qdisc.Kind is "blackhole" or "netem" or "tbf" or "plug";

    /// <summary>True: it passes; false: dropped; null: chance (or what was not read) decides.</summary>
    public static bool? Passes(TrafficControlFacts qdisc, int length)
    {
        // Below another one it gets a class of the traffic only.
        if (qdisc.Direction != "root")
            return null;
        switch (qdisc.Kind)
        {
            case "blackhole":
                return false;
            case "plug":
                return null;
        }
        try
        {
            using JsonDocument json = JsonDocument.Parse(qdisc.Text);
            if (!json.RootElement.TryGetProperty("options", out JsonElement options))
                return null;
            if (qdisc.Kind == "tbf")
            {
                // tbf_enqueue drops what is longer than the bucket; the link header counts.
                return options.TryGetProperty("burst", out JsonElement burst) && burst.TryGetInt64(out long bytes)
                    ? length + 14 <= bytes
                    : null;
            }
            if (options.TryGetProperty("loss-random", out JsonElement loss) && loss.TryGetProperty("loss", out JsonElement part))
                return part.TryGetDouble(out double share) && share >= 1 ? false : null;
            foreach (string chance in (string[])["loss-state", "loss-gemodel", "corrupt"])
            {
                if (options.TryGetProperty(chance, out _))
                    return null;
            }
            return true;
        }
        catch (JsonException)
        {
            // A live reading has the kind only; a bucket smaller than a packet is no setting that anybody makes.
            return qdisc.Kind == "tbf" ? true : null;
        }
    }
}
