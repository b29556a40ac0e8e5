using System.Collections.Immutable;
using System.Globalization;

namespace StackNet.Engine.Facts.OpenFlow;

// Actions with a language of their own: ct, nat, learn, multipath, bundle.
internal static partial class FlowActionText
{
    private static CtAction? Ct(string argument, IReadOnlyDictionary<string, int>? ports)
    {
        CtAction ct = new();
        foreach (string part in FlowSyntax.Split(argument))
        {
            (string key, string value, bool parenthesized) = FlowSyntax.Call(part);
            switch (key)
            {
                case "commit" when value.Length == 0:
                    ct = ct with { Commit = true };
                    break;
                case "force" when value.Length == 0:
                    ct = ct with { Force = true };
                    break;
                case "table" when Byte(value) is { } table:
                    ct = ct with { Table = table };
                    break;
                case "zone" when Short(value) is { } zone:
                    ct = ct with { Zone = zone };
                    break;
                case "zone" when FlowSyntax.TrySubfield(value, out FlowSubfield source):
                    ct = ct with { ZoneSource = source };
                    break;
                case "nat":
                    NatAction? nat = Nat(parenthesized ? value : "");
                    if (nat is null)
                        return null;
                    ct = ct with { Nat = nat with { Text = part } };
                    break;
                case "exec" when parenthesized:
                    ImmutableArray<FlowAction> nested = Parse(value, ports);
                    if (nested.Any(action => action is not (SetFieldAction or MoveAction or NatAction)))
                        return null;
                    ct = ct with { Execute = nested };
                    break;
                case "alg" when value is "ftp" or "tftp":
                    ct = ct with { Helper = value };
                    break;
                default:
                    return null;
            }
        }
        return ct;
    }

    private static NatAction? Nat(string argument)
    {
        NatAction nat = new(Source: false, Destination: false) { Text = argument.Length == 0 ? "nat" : $"nat({argument})" };
        foreach (string part in FlowSyntax.Split(argument))
        {
            int equals = part.IndexOf('=');
            string key = equals < 0 ? part : part[..equals];
            string range = equals < 0 ? "" : part[(equals + 1)..];
            switch (key)
            {
                case "src":
                    nat = nat with { Source = true };
                    break;
                case "dst":
                    nat = nat with { Destination = true };
                    break;
                case "random":
                    nat = nat with { Random = true };
                    continue;
                case "hash":
                case "persistent":
                    continue;
                default:
                    return null;
            }
            if (range.Length == 0)
                continue;
            if (Range(nat, range) is not { } ranged)
                return null;
            nat = ranged;
        }
        return nat;
    }

    /// <summary>IP[-IP][:PORT[-PORT]], IPv6 in brackets when ports follow.</summary>
    private static NatAction? Range(NatAction nat, string text)
    {
        string addresses = text;
        string ports = "";
        if (text.StartsWith('['))
        {
            int close = text.LastIndexOf(']');
            if (close < 0)
                return null;
            addresses = text[..(close + 1)].Replace("[", "", StringComparison.Ordinal).Replace("]", "", StringComparison.Ordinal);
            ports = text[(close + 1)..].TrimStart(':');
        }
        else if (text.Count(letter => letter == ':') == 1)
        {
            int colon = text.IndexOf(':');
            addresses = text[..colon];
            ports = text[(colon + 1)..];
        }
        int dash = addresses.IndexOf('-');
        if (addresses.Length > 0)
        {
            if (!Ip.TryParse(dash < 0 ? addresses : addresses.AsSpan(0, dash), out Ip first))
                return null;
            Ip last = first;
            if (dash >= 0 && !Ip.TryParse(addresses.AsSpan(dash + 1), out last))
                return null;
            if (first.IsV6 != last.IsV6 || last.Value < first.Value)
                return null;
            nat = nat with { First = first, Last = last };
        }
        if (ports.Length == 0)
            return nat;
        dash = ports.IndexOf('-');
        if (
            Short(dash < 0 ? ports : ports[..dash]) is not { } low
            || Short(dash < 0 ? ports : ports[(dash + 1)..]) is not { } high
            || high < low
        )
            return null;
        return nat with { FirstPort = low, LastPort = high };
    }

    private static LearnAction Learn(string argument, IReadOnlyDictionary<string, int>? ports)
    {
        byte table = 1;
        int priority = 32768;
        int limit = 0;
        FlowSubfield? result = null;
        ImmutableArray<LearnSpec>.Builder specs = ImmutableArray.CreateBuilder<LearnSpec>();
        List<string> unknown = [];
        foreach (string part in FlowSyntax.Split(argument))
        {
            int equals = part.IndexOf('=');
            string key = equals < 0 ? part : part[..equals];
            string value = equals < 0 ? "" : part[(equals + 1)..];
            switch (key)
            {
                case "table" when Byte(value) is { } number:
                    table = number;
                    continue;
                case "priority" when int.TryParse(value, NumberStyles.None, CultureInfo.InvariantCulture, out int given):
                    priority = given;
                    continue;
                case "limit" when int.TryParse(value, NumberStyles.None, CultureInfo.InvariantCulture, out int most):
                    limit = most;
                    continue;
                case "result_dst" when FlowSyntax.TrySubfield(value, out FlowSubfield target):
                    result = target;
                    continue;
                case "idle_timeout"
                or "hard_timeout"
                or "fin_idle_timeout"
                or "fin_hard_timeout"
                or "cookie"
                or "send_flow_rem"
                or "delete_learned":
                    continue;
            }
            if (Spec(part, ports) is { } spec)
                specs.Add(spec);
            else
                unknown.Add(part);
        }
        return new LearnAction
        {
            Table = table,
            Priority = priority,
            Limit = limit,
            Result = result,
            Specs = specs.ToImmutable(),
            Unknown = [.. unknown],
        };
    }

    private static LearnSpec? Spec(string part, IReadOnlyDictionary<string, int>? ports)
    {
        if (part.StartsWith("output:", StringComparison.Ordinal))
            return FlowSyntax.TrySubfield(part.AsSpan(7), out FlowSubfield port) ? new(LearnKind.Output, port, port, 0) : null;
        if (part.StartsWith("load:", StringComparison.Ordinal))
        {
            int arrow = part.IndexOf("->", StringComparison.Ordinal);
            if (arrow < 0 || !FlowSyntax.TrySubfield(part.AsSpan(arrow + 2), out FlowSubfield target))
                return null;
            ReadOnlySpan<char> from = part.AsSpan(5, arrow - 5);
            if (FlowValues.TryNumber(from, out UInt128 constant))
                return new(LearnKind.Load, target, Source: null, constant);
            return FlowSyntax.TrySubfield(from, out FlowSubfield source) && source.Bits == target.Bits
                ? new(LearnKind.Load, target, source, 0)
                : null;
        }
        int equals = part.IndexOf('=');
        if (!FlowSyntax.TrySubfield(equals < 0 ? part : part.AsSpan(0, equals), out FlowSubfield field))
            return null;
        if (equals < 0)
            return new(LearnKind.Match, field, field, 0);
        ReadOnlySpan<char> right = part.AsSpan(equals + 1);
        if (FlowSyntax.TrySubfield(right, out FlowSubfield copied))
            return copied.Bits == field.Bits ? new(LearnKind.Match, field, copied, 0) : null;
        return FlowValues.TryParse(field.Field, right, ports, out UInt128 value, out _)
            ? new(LearnKind.Match, field, Source: null, value)
            : null;
    }

    // multipath(fields, basis, algorithm, n_links, arg, dst)
    private static HashAction? Multipath(string argument)
    {
        string[] parts = argument.Split(',', StringSplitOptions.TrimEntries);
        return
            parts.Length == 6
            && int.TryParse(parts[3], NumberStyles.None, CultureInfo.InvariantCulture, out int links)
            && FlowSyntax.TrySubfield(parts[5], out FlowSubfield target)
            ? new HashAction(target, [], links, ActiveBackup: false)
            : null;
    }

    // bundle(fields, basis, algorithm, ofport, members:p1,p2), bundle_load(fields, basis, algorithm, ofport, dst, members:p1,p2)
    private static HashAction? Bundle(string name, string argument, IReadOnlyDictionary<string, int>? ports)
    {
        int members = argument.IndexOf("members:", StringComparison.Ordinal);
        int skip = 8;
        if (members < 0)
        {
            // Before 2.16.
            members = argument.IndexOf("slaves:", StringComparison.Ordinal);
            skip = 7;
        }
        if (members < 0)
            return null;
        string[] parts = argument[..members].TrimEnd(',').Split(',', StringSplitOptions.TrimEntries);
        FlowSubfield? target = null;
        if (name == "bundle_load")
        {
            if (parts.Length < 5 || !FlowSyntax.TrySubfield(parts[4], out FlowSubfield given))
                return null;
            target = given;
        }
        ImmutableArray<ushort>.Builder list = ImmutableArray.CreateBuilder<ushort>();
        foreach (string member in FlowSyntax.Split(argument.AsSpan(members + skip).Trim('[').TrimEnd(']')))
        {
            if (OpenFlowPorts.Parse(member, ports) is not { } port)
                return null;
            list.Add(port);
        }
        return new HashAction(target, list.ToImmutable(), 0, parts.Length > 2 && parts[2] == "active_backup");
    }
}
