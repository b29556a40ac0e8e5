using StackNet.Engine.Facts;
using StackNet.Engine.Facts.Netfilter;

namespace StackNet.Engine.Walk.Netfilter;

internal sealed partial class IptablesCompiler
{
    private static Matcher AddressRange(IptablesOption option, bool not)
    {
        int dash = option.First.IndexOf('-', StringComparison.Ordinal);
        string low = dash < 0 ? option.First : option.First[..dash];
        string high = dash < 0 ? option.First : option.First[(dash + 1)..];
        if (!Ip.TryParse(low, out Ip from) || !Ip.TryParse(high, out Ip to))
            return Undecided;
        bool source = option.Name == "src-range";
        return run =>
        {
            Ip address = source ? run.Packet.Source : run.Packet.Destination;
            return Is((address.CompareTo(from) >= 0 && address.CompareTo(to) <= 0) != not);
        };
    }

    private static void AddAddrtype(IptablesModule module, List<Matcher> matchers)
    {
        bool limitIn = module.Has("limit-iface-in");
        bool limitOut = module.Has("limit-iface-out");
        foreach (IptablesOption option in module.Options)
        {
            if (option.Name is not ("src-type" or "dst-type"))
                continue;
            bool source = option.Name == "src-type";
            bool not = option.Negated;
            string[] types = option.First.ToLowerInvariant().Split(',');
            matchers.Add(run =>
            {
                string? device =
                    limitIn ? run.Context.InDevice?.Name
                    : limitOut ? run.Context.OutDevice?.Name
                    : null;
                string? type = run.Context.Routing?.AddressType(source ? run.Packet.Source : run.Packet.Destination, device);
                if (type is null)
                    return Answer.Maybe;
                return Is(types.Contains(type, StringComparer.OrdinalIgnoreCase) != not);
            });
        }
    }

    // xt_rpfilter: the route back to the source must leave by the device the packet came in by (or exist at all when loose).
    private static Matcher ReversePathMatch(IptablesModule module)
    {
        bool loose = module.Has("loose");
        bool useMark = module.Has("validmark");
        bool acceptLocal = module.Has("accept-local");
        bool not = module.Has("invert");
        return run =>
        {
            string? device = run.Context.InDevice?.Name;
            if (device is null || run.Context.InDevice!.Flags.Contains("LOOPBACK"))
                return Is(!not);
            if (run.Packet.Destination.IsMulticast && run.Packet.Source.IsAny)
                return Is(!not);
            if (run.Context.Routing?.ReverseLookup(run.Packet, device, useMark, useProtocol: false) is not { } answer)
                return Answer.Maybe;
            bool good = answer.Type == "unicast" || (answer.Type == "local" && acceptLocal);
            return Is((good && (loose || answer.Device == device)) != not);
        };
    }

    private static Matcher Physdev(IptablesModule module)
    {
        IptablesOption? input = module.Option("physdev-in");
        IptablesOption? output = module.Option("physdev-out");
        IptablesDevice? inDevice = input is null ? null : new IptablesDevice(input.First, input.Negated);
        IptablesDevice? outDevice = output is null ? null : new IptablesDevice(output.First, output.Negated);
        bool? isIn = Flag(module, "physdev-is-in");
        bool? isOut = Flag(module, "physdev-is-out");
        bool? bridged = Flag(module, "physdev-is-bridged");
        return run =>
        {
            string? physIn = run.Context.PhysIn?.Name;
            string? physOut = run.Context.PhysOut?.Name;
            if (physIn is null && physOut is null && !run.Context.IsBridged)
            {
                // Not a bridged packet: only options that are negated hold.
                return Is(
                    bridged is not true
                        && isIn is not true
                        && isOut is not true
                        && inDevice is not { Negated: false }
                        && outDevice is not { Negated: false }
                );
            }
            // The kernel keeps the port of exit only for frames that are bridged; a routed packet's is not known yet.
            if (bridged is { } b && physOut is not null != b)
                return Answer.No;
            if (isIn is { } i && physIn is not null != i)
                return Answer.No;
            if (isOut is { } o && physOut is not null != o)
                return Answer.No;
            if (inDevice is { } wantedIn && physIn is not null && wantedIn.Covers(physIn) == wantedIn.Negated)
                return Answer.No;
            // Where no port of exit is known, neither the option nor its negation holds.
            if (outDevice is { } wantedOut && (physOut is null || wantedOut.Covers(physOut) == wantedOut.Negated))
                return Answer.No;
            return Answer.Yes;
        };
    }

    private static bool? Flag(IptablesModule module, string name) => module.Option(name) is { } option ? !option.Negated : null;

    private Matcher SetMatch(IptablesModule module, IptablesOption option)
    {
        if (option.Values.Count < 2)
            return Undecided;
        string name = option.Values[0];
        string[] directions = option.Values[1].Split(',');
        bool returnNomatch = module.Has("return-nomatch");
        // Element counters are not read.
        bool counts = module.Options.Any(static o =>
            o.Name.StartsWith("packets-", StringComparison.Ordinal) || o.Name.StartsWith("bytes-", StringComparison.Ordinal)
        );
        bool not = option.Negated;
        bool wantV6 = v6;
        SetIndex sets = machine.Sets;
        return run =>
        {
            Answer answer = sets.Test(name, directions, run, wantV6, returnNomatch);
            if (counts && answer == Answer.Yes)
                return Answer.Maybe;
            return not ? SetIndex.Not(answer) : answer;
        };
    }
}
