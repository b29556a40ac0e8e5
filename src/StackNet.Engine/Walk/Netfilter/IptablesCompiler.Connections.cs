using StackNet.Engine.Facts;
using StackNet.Engine.Facts.Netfilter;
using StackNet.Engine.Walk.Conntrack;

namespace StackNet.Engine.Walk.Netfilter;

internal sealed partial class IptablesCompiler
{
    // xt_connbytes: a connection without counters never matches; "from" above "to" asks for what lies outside.
    private static Matcher ConnectionBytes(IptablesModule module)
    {
        if (module.Option("connbytes") is not { } option || !TryParseAmounts(option.First, out ulong from, out ulong to))
            return Undecided;
        bool? reply = module.Value("connbytes-dir") switch
        {
            "original" => false,
            "reply" => true,
            _ => null,
        };
        string mode = module.Value("connbytes-mode") ?? "";
        bool not = option.Negated;
        return run =>
        {
            if (run.Packet.Conntrack.Entry is not { } entry)
                return Answer.No;
            if (entry.Counters is not { } counters)
                return run.Table.CountsTraffic ? Answer.Maybe : Answer.No;
            ulong packets = counters.Packets(reply);
            ulong bytes = counters.Bytes(reply);
            ulong what =
                mode == "packets" ? packets
                : mode == "avgpkt" ? (packets == 0 ? 0 : bytes / packets)
                : bytes;
            bool holds = to >= from ? what >= from && what <= to : what < to || what > from;
            return Is(holds != not);
        };
    }

    private static bool TryParseAmounts(string text, out ulong from, out ulong to)
    {
        int colon = text.IndexOf(':', StringComparison.Ordinal);
        to = ulong.MaxValue;
        if (!ulong.TryParse(colon < 0 ? text : text[..colon], out from))
            return colon == 0 && ulong.TryParse(text[1..], out to);
        return colon < 0 || colon == text.Length - 1 || ulong.TryParse(text[(colon + 1)..], out to);
    }

    // xt_connlimit counts this connection and those that passed here before and still live: at least one, at most all that are tracked.
    private static Matcher ConnectionLimit(IptablesModule module)
    {
        IptablesOption? option = module.Option("connlimit-above") ?? module.Option("connlimit-upto");
        if (option is null || !Numbers.TryParse(option.First, out uint limit))
            return Undecided;
        bool above = option.Name == "connlimit-above" != option.Negated;
        return run => ConnectionCount.Exceeds(run, limit) is { } exceeds ? Is(exceeds == above) : Answer.Maybe;
    }

    // realm_mt: the class of the route; a node whose routes have no realms has only class 0.
    private Matcher Realm(string text, bool not)
    {
        if (!Numbers.TryParseMasked(text == "cosmos" ? "0" : text, out uint value, out uint mask))
            return Undecided;
        bool none = machine.Facts.Routes is { } routes && routes.All(static route => route.Realm is null);
        return none ? _ => Is(value == (0 & mask) != not) : Undecided;
    }

    private static void AddDeviceGroups(IptablesModule module, List<Matcher> matchers)
    {
        foreach (IptablesOption option in module.Options)
        {
            bool source = option.Name == "src-group";
            bool not = option.Negated;
            if (!Numbers.TryParseMasked(option.First == "default" ? "0" : option.First, out uint group, out uint mask))
            {
                matchers.Add(Undecided);
                continue;
            }
            matchers.Add(run =>
            {
                LinkFacts? link = source ? run.Context.InDevice : run.Context.OutDevice;
                return Numbers.TryParse(link?.DeviceGroup, out uint own) ? Is((own & mask) == group != not) : Answer.Maybe;
            });
        }
    }
}

/// <summary>What is known of the number of connections that a counting rule holds.</summary>
internal static class ConnectionCount
{
    /// <summary>Are there more than <paramref name="limit"/>; null when that hangs on which connections came by this rule.</summary>
    public static bool? Exceeds(HookRun run, uint limit)
    {
        if (limit == 0)
            return true;
        if (!run.Table.WasRead)
            return null;
        // Keys of the table: at most two a connection, never fewer than one.
        return run.Table.Count + 1 <= limit ? false : null;
    }
}
