using StackNet.Engine.Facts;
using StackNet.Engine.Facts.Netfilter;
using StackNet.Engine.Walk.Conntrack;

namespace StackNet.Engine.Walk.Netfilter;

internal sealed partial class IptablesCompiler
{
    private static Effect Nat(IptablesTargetSpec target, string option, NatManip manip)
    {
        if (target.Value(option) is not { } text || NatRangeText.Parse(text) is not { } range)
            return NotModelled;
        if (target.Has("random") || target.Has("random-fully"))
            range = range with { Random = true };
        return run => NatEffects.Setup(run, range, manip);
    }

    private static Effect Masquerade(IptablesTargetSpec target)
    {
        NatRange range = default;
        if (target.Value("to-ports") is { } ports)
        {
            if (NatRangeText.Ports(ports, default) is not { } parsed)
                return NotModelled;
            range = parsed;
        }
        range = range with { Random = target.Has("random") || target.Has("random-fully") };
        return run => NatEffects.Masquerade(run, range);
    }

    private static Effect Redirect(IptablesTargetSpec target)
    {
        NatRange range = default;
        if ((target.Value("to-ports") ?? target.Value("to-port")) is { } ports)
        {
            if (NatRangeText.Ports(ports, default) is not { } parsed)
                return NotModelled;
            range = parsed;
        }
        range = range with { Random = target.Has("random") };
        return run => NatEffects.Redirect(run, range);
    }

    private static Effect Netmap(IptablesTargetSpec target)
    {
        if (
            target.Value("to") is not { } text
            || !IptablesAddress.TryParse(text, negated: false, out IptablesAddress to)
            || to.PrefixLength < 0
        )
            return NotModelled;
        NatRange range = new()
        {
            MinAddress = to.Address,
            MaxAddress = to.Address,
            NetmapLength = to.PrefixLength,
        };
        return run =>
            NatEffects.Setup(
                run,
                range,
                run.Context.Hook is NetfilterHook.Prerouting or NetfilterHook.Output ? NatManip.Destination : NatManip.Source
            );
    }
}

/// <summary>Addresses and ports of NAT targets: "10.0.0.1", "10.0.0.1-10.0.0.5:1024-2048", "[2001:db8::1]:80", ":80".</summary>
internal static class NatRangeText
{
    public static NatRange? Parse(string text)
    {
        string addresses = text;
        string? ports = null;
        if (text.StartsWith('['))
        {
            int end = text.IndexOf(']', StringComparison.Ordinal);
            if (end < 0)
                return null;
            addresses = text[1..end];
            if (end + 1 < text.Length && text[end + 1] == '-')
            {
                // [first]-[last]:ports
                int close = text.IndexOf(']', end + 1);
                if (close < 0)
                    return null;
                addresses += "-" + text[(end + 3)..close];
                end = close;
            }
            if (end + 1 < text.Length && text[end + 1] == ':')
                ports = text[(end + 2)..];
        }
        else if (text.Count(static c => c == ':') == 1)
        {
            int colon = text.IndexOf(':', StringComparison.Ordinal);
            ports = text[(colon + 1)..];
            addresses = text[..colon];
        }
        NatRange range = default;
        if (addresses.Length > 0)
        {
            int dash = addresses.IndexOf('-', StringComparison.Ordinal);
            if (!Ip.TryParse(dash < 0 ? addresses : addresses.AsSpan(0, dash), out Ip low))
                return null;
            Ip high = low;
            if (dash >= 0 && !Ip.TryParse(addresses.AsSpan(dash + 1), out high))
                return null;
            range = range with { MinAddress = low, MaxAddress = high };
        }
        return ports is null ? range : Ports(ports, range);
    }

    /// <summary>"80", "1024-2048" or "1024-2048/5000" (a base port to shift from).</summary>
    public static NatRange? Ports(string text, NatRange range)
    {
        int slash = text.IndexOf('/', StringComparison.Ordinal);
        if (slash >= 0)
        {
            if (!PortNames.TryParse(text[(slash + 1)..], out ushort shift))
                return null;
            range = range with { BasePort = shift };
            text = text[..slash];
        }
        int dash = text.IndexOf('-', StringComparison.Ordinal);
        if (!PortNames.TryParse(dash < 0 ? text : text[..dash], out ushort low))
            return null;
        ushort high = low;
        if (dash >= 0 && !PortNames.TryParse(text[(dash + 1)..], out high))
            return null;
        return range with { MinPort = low, MaxPort = high };
    }
}

/// <summary>What NAT targets and statements do.</summary>
internal static class NatEffects
{
    public static Outcome Setup(HookRun run, NatRange range, NatManip manip)
    {
        if (run.Packet.Conntrack.Entry is not { } entry)
            return Outcome.Next;
        if (
            manip == NatManip.Destination
            && range.MinAddress is { } low
            && range.MaxAddress is { } high
            && low != high
            && range.NetmapLength is null
        )
        {
            // Which of several targets a connection gets is a matter of a hash with a secret seed.
            run.Spoil();
        }
        run.Table.SetupNat(entry, range, manip);
        return Outcome.Accept;
    }

    public static Outcome Masquerade(HookRun run, NatRange range)
    {
        if (run.Packet.Conntrack.Entry is not { } entry)
            return Outcome.Next;
        // A packet without a source (DHCP) is left alone.
        if (entry.Original.Source.IsAny)
            return Outcome.Accept;
        bool v6 = entry.Original.Source.IsV6;
        if (run.Machine.Facts.Addresses is null)
        {
            run.Spoil($"addresses were not read: {run.Rule?.Text}");
            return Outcome.Accept;
        }
        Ip? address = run.Machine.SelectAddress(run.Context.OutDevice, run.Context.NextHop ?? run.Packet.Destination, v6);
        if (address is not { } source)
        {
            run.Reason = PacketReason.NatFailed;
            return Outcome.Drop;
        }
        run.Table.Touch(entry);
        entry.MasqueradeDevice = run.Context.OutDevice?.Name;
        run.Table.SetupNat(entry, range with { MinAddress = source, MaxAddress = source }, NatManip.Source);
        return Outcome.Accept;
    }

    public static Outcome Redirect(HookRun run, NatRange range)
    {
        if (run.Packet.Conntrack.Entry is not { } entry)
            return Outcome.Next;
        bool v6 = entry.Original.Source.IsV6;
        Ip target;
        if (run.Context.Hook == NetfilterHook.Output)
        {
            target = v6 ? Ip.V6(UInt128.One) : Ip.V4(0x7f000001);
        }
        else
        {
            // The first address of the device the packet came in by (for a bridged frame the bridge).
            Ip? first = null;
            foreach (AddressFacts address in run.Machine.Facts.Addresses ?? [])
            {
                if (address.Device == run.Context.InDevice?.Name && address.Address.IsV6 == v6)
                {
                    first = address.Address;
                    break;
                }
            }
            if (first is not { } found)
            {
                if (run.Machine.Facts.Addresses is null)
                {
                    run.Spoil($"addresses were not read: {run.Rule?.Text}");
                    return Outcome.Accept;
                }
                run.Reason = PacketReason.NatFailed;
                return Outcome.Drop;
            }
            target = found;
        }
        run.Table.SetupNat(entry, range with { MinAddress = target, MaxAddress = target }, NatManip.Destination);
        return Outcome.Accept;
    }
}
