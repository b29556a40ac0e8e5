using System.Collections.Immutable;
using System.Globalization;

namespace StackNet.Engine.Facts.OpenFlow;

/// <summary>The action part of a flow (ovs-actions(7)); what is not understood becomes an <see cref="UnknownAction"/>.</summary>
internal static partial class FlowActionText
{
    public static ImmutableArray<FlowAction> Parse(string text, IReadOnlyDictionary<string, int>? ports)
    {
        if (FlowSyntax.Depth(text) > FlowSyntax.MaxDepth)
            return [new UnknownAction { Text = text.Length > 200 ? text[..200] : text }];
        ImmutableArray<FlowAction>.Builder actions = ImmutableArray.CreateBuilder<FlowAction>();
        Add(actions, text, ports);
        return actions.ToImmutable();
    }

    private static void Add(ImmutableArray<FlowAction>.Builder actions, string text, IReadOnlyDictionary<string, int>? ports)
    {
        foreach (string token in FlowSyntax.Split(text))
        {
            (string name, string argument, bool parenthesized) = FlowSyntax.Call(token);
            switch (name)
            {
                case "drop" or "DROP" when argument.Length == 0:
                    break;
                case "apply_actions" when parenthesized:
                    Add(actions, argument, ports);
                    break;
                default:
                    actions.Add((One(token, name, argument, parenthesized, ports) ?? new UnknownAction()) with { Text = token });
                    break;
            }
        }
    }

    private static FlowAction? One(string token, string name, string argument, bool parenthesized, IReadOnlyDictionary<string, int>? ports)
    {
        switch (name)
        {
            case "output":
                return Output(argument, parenthesized, ports);
            case "enqueue":
                return Enqueue(argument, ports);
            case "resubmit":
                return Resubmit(argument, parenthesized, ports);
            case "goto_table":
                return Byte(argument) is { } table ? new GotoTableAction(table) : null;
            case "group":
                return FlowValues.TryNumber(argument, out UInt128 group) && group <= uint.MaxValue ? new GroupAction((uint)group) : null;
            case "controller":
            case "CONTROLLER":
                return Controller(argument, parenthesized);
            case "set_field":
            case "load":
                return Load(name, argument, ports);
            case "move":
                return Move(argument);
            case "push":
                return FlowSyntax.TrySubfield(argument, out FlowSubfield pushed) ? new PushAction(pushed) : null;
            case "pop":
                return FlowSyntax.TrySubfield(argument, out FlowSubfield popped) ? new PopAction(popped) : null;
            case "write_metadata":
                return WriteMetadata(argument);
            case "write_actions":
                return new WriteActionsAction(Parse(argument, ports));
            case "clear_actions":
                return new ClearActionsAction();
            case "clone":
                return new CloneAction(Parse(argument, ports));
            case "conjunction":
                return Conjunction(argument);
            case "ct":
                return Ct(argument, ports);
            case "ct_clear":
                return new CtClearAction();
            case "nat":
                return Nat(argument);
            case "learn":
                return Learn(argument, ports);
            case "set_queue":
                return FlowValues.TryNumber(argument, out UInt128 queue) && queue <= uint.MaxValue ? new QueueAction((uint)queue) : null;
            case "pop_queue":
                return new QueueAction(Queue: null);
            case "exit":
                return new ExitAction();
            case "delete_field":
                return FlowFields.Find(argument) is { } deleted ? new DeleteFieldAction(deleted) : null;
            case "check_pkt_larger":
                return CheckLarger(token, argument);
            case "multipath":
                return Multipath(argument);
            case "bundle":
            case "bundle_load":
                return Bundle(name, argument, ports);
            case "note":
            case "sample":
            case "meter":
            case "fin_timeout":
            case "set_tunnel_flags":
            case "debug_slow":
            case "debug_recirc":
                return new HarmlessAction();
            default:
                return Header(name, argument, parenthesized) ?? Port(token, ports);
        }
    }

    /// <summary>Actions that change one header.</summary>
    private static FlowAction? Header(string name, string argument, bool parenthesized)
    {
        switch (name)
        {
            case "mod_vlan_vid":
                return Short(argument) is { } vid and <= 0xfff ? new SetVlanIdAction(vid, PushIfNeeded: true) : null;
            case "set_vlan_vid":
                return Short(argument) is { } oldVid and <= 0xfff ? new SetVlanIdAction(oldVid, PushIfNeeded: false) : null;
            case "mod_vlan_pcp":
                return Byte(argument) is { } pcp and <= 7 ? new SetVlanPriorityAction(pcp, PushIfNeeded: true) : null;
            case "set_vlan_pcp":
                return Byte(argument) is { } oldPcp and <= 7 ? new SetVlanPriorityAction(oldPcp, PushIfNeeded: false) : null;
            case "strip_vlan":
            case "pop_vlan":
                return new StripVlanAction();
            case "push_vlan":
                return Short(argument) is { } tpid ? new PushVlanAction(tpid) : null;
            case "mod_dl_src":
                return Set("eth_src", argument);
            case "mod_dl_dst":
                return Set("eth_dst", argument);
            case "mod_nw_src":
                return Set("ip_src", argument);
            case "mod_nw_dst":
                return Set("ip_dst", argument);
            case "mod_nw_tos":
                return Set("nw_tos", argument);
            case "mod_nw_ecn":
                return Set("nw_ecn", argument);
            case "mod_nw_ttl":
                return Set("nw_ttl", argument);
            case "mod_tp_src":
                return Short(argument) is { } source ? new SetPortAction(Source: true, source) : null;
            case "mod_tp_dst":
                return Short(argument) is { } target ? new SetPortAction(Source: false, target) : null;
            case "set_tunnel":
            case "set_tunnel64":
                return Set("tun_id", argument);
            case "dec_ttl":
                return new DecrementTtlAction();
            case "push_mpls":
                return Short(argument) is { } pushed ? new LabelAction(pushed, Pop: false) : null;
            case "pop_mpls":
                return new LabelAction(Push: null, Pop: true);
            case "set_mpls_label":
            case "set_mpls_tc":
            case "set_mpls_ttl":
            case "dec_mpls_ttl":
            case "dec_nsh_ttl":
                return new LabelAction(Push: null, Pop: false);
            default:
                _ = parenthesized;
                return null;
        }
    }

    private static SetFieldAction? Set(string field, string text)
    {
        FlowField found = FlowFields.Find(field)!;
        return FlowValues.TryParse(found, text, ports: null, out UInt128 value, out UInt128 mask)
            ? new SetFieldAction(new FlowSubfield(found, 0, found.Bits), value, mask)
            : null;
    }

    // A port may stand alone: "LOCAL", "NORMAL", "5", "p1", "CONTROLLER:65535".
    private static OutputAction? Port(string token, IReadOnlyDictionary<string, int>? ports) =>
        OpenFlowPorts.Parse(token, ports) is { } port ? new OutputAction(port) : null;

    private static FlowAction? Output(string argument, bool parenthesized, IReadOnlyDictionary<string, int>? ports)
    {
        if (!parenthesized)
        {
            if (OpenFlowPorts.Parse(argument, ports) is { } port)
                return port == OpenFlowPorts.Controller ? new ControllerAction(Pause: false) : new OutputAction(port);
            return FlowSyntax.TrySubfield(argument, out FlowSubfield source) ? new OutputFieldAction(source) : null;
        }
        if (OpenFlowPorts.Parse(argument, ports) is { } alone)
            return new OutputAction(alone);
        ushort? target = null;
        int? length = null;
        foreach (string part in FlowSyntax.Split(argument))
        {
            (string key, string value, _) = FlowSyntax.Call(part);
            if (key == "port")
                target = OpenFlowPorts.Parse(value, ports);
            else if (key == "max_len" && int.TryParse(value, NumberStyles.None, CultureInfo.InvariantCulture, out int max))
                length = max;
        }
        return target is { } known ? new OutputAction(known) { Truncate = length } : null;
    }

    private static EnqueueAction? Enqueue(string argument, IReadOnlyDictionary<string, int>? ports)
    {
        int cut = argument.LastIndexOfAny([':', ',', 'q']);
        string port = (cut < 0 ? argument : argument[..cut]).Trim();
        UInt128 queue = 0;
        if (cut >= 0 && !FlowValues.TryNumber(argument.AsSpan(cut + 1).Trim(), out queue))
            return null;
        return OpenFlowPorts.Parse(port, ports) is { } number && queue <= uint.MaxValue ? new EnqueueAction(number, (uint)queue) : null;
    }

    private static ControllerAction Controller(string argument, bool parenthesized) =>
        new(parenthesized && FlowSyntax.Split(argument).Contains("pause"));

    private static ResubmitAction? Resubmit(string argument, bool parenthesized, IReadOnlyDictionary<string, int>? ports)
    {
        if (!parenthesized)
            return OpenFlowPorts.Parse(argument, ports) is { } only ? new ResubmitAction(only, Table: null, WithOriginal: false) : null;
        string[] parts = argument.Split(',', StringSplitOptions.TrimEntries);
        ushort? port = null;
        if (parts[0].Length > 0)
        {
            port = OpenFlowPorts.Parse(parts[0], ports);
            if (port is null)
                return null;
        }
        byte? table = null;
        if (parts.Length > 1 && parts[1].Length > 0)
        {
            table = Byte(parts[1]);
            if (table is null)
                return null;
        }
        bool original = parts.Length > 2 && parts[2] == "ct";
        if (parts.Length > 3 || (parts.Length == 3 && !original))
            return null;
        return new ResubmitAction(port == OpenFlowPorts.InPort ? null : port, table == 255 ? null : table, original);
    }

    private static FlowAction? Load(string name, string argument, IReadOnlyDictionary<string, int>? ports)
    {
        int arrow = argument.IndexOf("->", StringComparison.Ordinal);
        if (arrow < 0)
            return null;
        // Only NSH packets have these; nothing happens to others.
        if (FlowFields.IsNsh(argument.AsSpan(arrow + 2).Trim()))
            return new LabelAction(Push: null, Pop: false);
        if (!FlowSyntax.TrySubfield(argument.AsSpan(arrow + 2), out FlowSubfield target))
            return null;
        string text = argument[..arrow].Trim();
        if (name == "load")
        {
            if (FlowValues.TryNumber(text, out UInt128 number))
                return new SetFieldAction(target, number, UInt128.MaxValue);
            // A port name may be loaded into a register.
            return OpenFlowPorts.Parse(text, ports) is { } port ? new SetFieldAction(target, port, UInt128.MaxValue) : null;
        }
        if (target.Field.Form is FlowForm.DlVlan or FlowForm.VlanVid or FlowForm.VlanPcp or FlowForm.Tos)
            return SetMasked(target, text);
        return FlowValues.TryParse(target.Field, text, ports, out UInt128 value, out UInt128 mask)
            ? new SetFieldAction(target, value, mask)
            : null;
    }

    private static SetFieldAction? SetMasked(FlowSubfield target, string text)
    {
        int slash = text.IndexOf('/');
        UInt128 mask = UInt128.MaxValue;
        if (!FlowValues.TryNumber(slash < 0 ? text : text.AsSpan(0, slash), out UInt128 value))
            return null;
        if (slash >= 0 && !FlowValues.TryNumber(text.AsSpan(slash + 1), out mask))
            return null;
        return new SetFieldAction(target, value, mask);
    }

    private static MoveAction? Move(string argument)
    {
        int arrow = argument.IndexOf("->", StringComparison.Ordinal);
        if (
            arrow < 0
            || !FlowSyntax.TrySubfield(argument.AsSpan(0, arrow), out FlowSubfield source)
            || !FlowSyntax.TrySubfield(argument.AsSpan(arrow + 2), out FlowSubfield target)
            || source.Bits != target.Bits
        )
            return null;
        return new MoveAction(source, target);
    }

    private static WriteMetadataAction? WriteMetadata(string argument)
    {
        int slash = argument.IndexOf('/');
        UInt128 mask = ulong.MaxValue;
        if (
            !FlowValues.TryNumber(slash < 0 ? argument : argument.AsSpan(0, slash), out UInt128 value)
            || (slash >= 0 && !FlowValues.TryNumber(argument.AsSpan(slash + 1), out mask))
            || value > ulong.MaxValue
            || mask > ulong.MaxValue
        )
            return null;
        return new WriteMetadataAction((ulong)value, (ulong)mask);
    }

    private static ConjunctionAction? Conjunction(string argument)
    {
        int comma = argument.IndexOf(',');
        int slash = argument.IndexOf('/');
        if (comma < 0 || slash < comma)
            return null;
        if (
            !FlowValues.TryNumber(argument.AsSpan(0, comma).Trim(), out UInt128 id)
            || id > uint.MaxValue
            || !int.TryParse(argument.AsSpan(comma + 1, slash - comma - 1), out int clause)
            || !int.TryParse(argument.AsSpan(slash + 1), out int clauses)
            || clause < 1
            || clauses is < 2 or > 64
            || clause > clauses
        )
            return null;
        return new ConjunctionAction((uint)id, clause - 1, clauses);
    }

    private static CheckPacketLargerAction? CheckLarger(string token, string argument)
    {
        int arrow = token.IndexOf("->", StringComparison.Ordinal);
        return
            arrow > 0
            && int.TryParse(argument, NumberStyles.None, CultureInfo.InvariantCulture, out int length)
            && FlowSyntax.TrySubfield(token.AsSpan(arrow + 2), out FlowSubfield target)
            ? new CheckPacketLargerAction(length, target)
            : null;
    }

    private static byte? Byte(string text) => FlowValues.TryNumber(text, out UInt128 value) && value <= 255 ? (byte)value : null;

    private static ushort? Short(string text) =>
        FlowValues.TryNumber(text, out UInt128 value) && value <= ushort.MaxValue ? (ushort)value : null;
}
