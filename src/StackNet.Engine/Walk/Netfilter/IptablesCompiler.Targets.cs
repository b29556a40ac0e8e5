using StackNet.Engine.Facts;
using StackNet.Engine.Facts.Netfilter;
using StackNet.Engine.Walk.Conntrack;

namespace StackNet.Engine.Walk.Netfilter;

internal sealed partial class IptablesCompiler
{
    private static readonly Effect GoOn = static _ => Outcome.Next;

    // A target that could drop, accept or change the packet: all three are tried, and what is not a drop is not known.
    private static readonly Effect NotModelled = static run =>
    {
        run.Spoil();
        return run.Choose() ? Outcome.Accept : Outcome.Next;
    };

    private Effect CompileTarget(IptablesTargetSpec target)
    {
        if (!target.IsBuiltIn || target.IsGoto)
            return Jump(target);
        if (target.Raw is not null)
            return NotModelled;
        switch (target.Name)
        {
            case "ACCEPT":
                return static _ => Outcome.Accept;
            case "DROP":
                return static _ => Outcome.Drop;
            case "RETURN":
                return static _ => Outcome.Return;
            case "REJECT":
                string with = target.Value("reject-with") ?? (v6 ? "icmp6-port-unreachable" : "icmp-port-unreachable");
                return run =>
                {
                    run.RejectWith = with;
                    return Outcome.Reject;
                };
            case "LOG"
            or "NFLOG"
            or "ULOG"
            or "TRACE"
            or "AUDIT"
            or "CHECKSUM"
            or "SECMARK"
            or "CONNSECMARK"
            or "RATEEST"
            or "LED"
            or "IDLETIMER":
                return GoOn;
            case "TEE":
                if (!Ip.TryParse(target.Value("gateway"), out Ip gateway))
                    return NotModelled;
                string? by = target.Value("oif");
                return run =>
                {
                    run.Copy(by, gateway);
                    return Outcome.Next;
                };
            case "MARK":
                return Mark(target);
            case "CONNMARK":
                return ConnectionMark(target);
            case "NOTRACK":
                return static run => NoTrack(run);
            case "CT":
                return Template(target);
            case "SNAT":
                return Nat(target, "to-source", NatManip.Source);
            case "DNAT":
                return Nat(target, "to-destination", NatManip.Destination);
            case "MASQUERADE":
                return Masquerade(target);
            case "REDIRECT":
                return Redirect(target);
            case "NETMAP":
                return Netmap(target);
            case "TTL" or "HL":
                return Lifetime(target);
            case "TOS":
                return TypeOfService(target);
            case "DSCP":
                return Dscp(target);
            case "ECN":
                return target.Has("ecn-tcp-remove") ? static run => RemoveEcn(run) : NotModelled;
            case "TCPMSS":
                return SegmentSize(target);
            case "CLASSIFY":
                return Classify(target);
            case "SET":
                return ChangeSet(target);
            case "TCPOPTSTRIP":
                return static run =>
                {
                    if (run.Packet.Protocol == IpProtocols.Tcp)
                        run.Packet.TcpMss = null;
                    return Outcome.Next;
                };
            case "TPROXY":
                // tproxy_tg4: without a socket to hand the packet to it is dropped.
                if (!Numbers.TryParse(target.Value("on-port") ?? "0", out uint port) || port > ushort.MaxValue)
                    return NotModelled;
                return run => Listeners.MayTake(run, (ushort)port) ? NotModelled(run) : Outcome.Drop;
            default:
                // QUEUE, NFQUEUE, SYNPROXY, CLUSTERIP, HMARK, MIRROR, SNPT, DNPT: another program or state decides.
                return NotModelled;
        }
    }

    private Effect Jump(IptablesTargetSpec target)
    {
        if (table.Chain(target.Name) is not { } chain)
            return NotModelled;
        Outcome outcome = target.IsGoto ? Outcome.Goto : Outcome.Jump;
        return run =>
        {
            run.Target = chain;
            return outcome;
        };
    }

    private static Effect Mark(IptablesTargetSpec target)
    {
        if (MarkChange(target) is not (uint value, uint mask))
            return NotModelled;
        return run =>
        {
            run.Packet.Mark = run.Packet.Mark & ~mask ^ value;
            return Outcome.Next;
        };
    }

    // --set-mark value/mask clears the bits of both, --set-xmark those of the mask only.
    private static (uint Value, uint Mask)? MarkChange(IptablesTargetSpec target)
    {
        foreach (IptablesOption option in target.Options)
        {
            if (!Numbers.TryParseMasked(option.First, out uint value, out uint mask))
                continue;
            switch (option.Name)
            {
                case "set-xmark":
                    return (value, mask);
                case "set-mark":
                    return (value, mask | value);
                case "and-mark":
                    return (0, ~value);
                case "or-mark":
                    return (value, value);
                case "xor-mark":
                    return (value, 0);
            }
        }
        return null;
    }

    private static Effect ConnectionMark(IptablesTargetSpec target)
    {
        bool save = target.Has("save-mark");
        bool restore = target.Has("restore-mark");
        if (target.Has("left-shift-mark") || target.Has("right-shift-mark"))
            return NotModelled;
        if (save || restore)
        {
            uint packetMask = MaskOf(target, "nfmask");
            uint connectionMask = MaskOf(target, "ctmask");
            return run =>
            {
                if (run.Packet.Conntrack.Entry is not { } entry)
                    return Outcome.Next;
                if (save)
                {
                    run.Table.Touch(entry);
                    entry.Mark = entry.Mark & ~connectionMask ^ run.Packet.Mark & packetMask;
                }
                else
                {
                    run.Packet.Mark = run.Packet.Mark & ~packetMask ^ entry.Mark & connectionMask;
                }
                return Outcome.Next;
            };
        }
        if (MarkChange(target) is not (uint value, uint mask))
            return NotModelled;
        return run =>
        {
            if (run.Packet.Conntrack.Entry is { } entry)
            {
                run.Table.Touch(entry);
                entry.Mark = entry.Mark & ~mask ^ value;
            }
            return Outcome.Next;
        };
    }

    private static uint MaskOf(IptablesTargetSpec target, string option) =>
        Numbers.TryParse(target.Value(option) ?? target.Value("mask") ?? "", out uint mask) ? mask : uint.MaxValue;

    private static Outcome NoTrack(HookRun run)
    {
        // Only a packet that conntrack has not seen yet can be kept out of it.
        if (run.Packet.Conntrack.Entry is null && !run.Packet.HasTemplate)
        {
            run.Packet.Conntrack = new(null, ConntrackInfo.Untracked);
            run.Packet.NoTrack = true;
        }
        return Outcome.Next;
    }

    private static Effect Template(IptablesTargetSpec target)
    {
        if (target.Has("notrack"))
            return static run => NoTrack(run);
        ushort zone = 0;
        bool fromMark = false;
        ConntrackZoneDirection direction = ConntrackZoneDirection.Both;
        foreach (IptablesOption option in target.Options)
        {
            if (option.Name is not ("zone" or "zone-orig" or "zone-reply"))
                continue;
            direction = option.Name switch
            {
                "zone-orig" => ConntrackZoneDirection.Original,
                "zone-reply" => ConntrackZoneDirection.Reply,
                _ => ConntrackZoneDirection.Both,
            };
            if (option.First == "mark")
                fromMark = true;
            else if (Numbers.TryParse(option.First, out uint number) && number <= ushort.MaxValue)
                zone = (ushort)number;
            else
                return NotModelled;
        }
        return run =>
        {
            Packet packet = run.Packet;
            // A tracked packet (the second pass through another bridge) keeps its connection.
            if (packet.Conntrack.Entry is not null || packet.Conntrack.Info == ConntrackInfo.Untracked || packet.HasTemplate)
                return Outcome.Next;
            packet.HasTemplate = true;
            packet.TemplateZone = fromMark ? (ushort)packet.Mark : zone;
            packet.TemplateZoneDirection = direction;
            return Outcome.Next;
        };
    }

    private static Effect Lifetime(IptablesTargetSpec target)
    {
        if (target.Options is not [{ } option, ..] || !Numbers.TryParse(option.First, out uint number))
            return NotModelled;
        int value = (int)Math.Min(number, 255);
        return run =>
        {
            int ttl = option.Name switch
            {
                "ttl-set" or "hl-set" => value,
                "ttl-inc" or "hl-inc" => run.Packet.Ttl + value,
                _ => run.Packet.Ttl - value,
            };
            run.Packet.Ttl = (byte)Math.Clamp(ttl, 0, 255);
            return Outcome.Next;
        };
    }

    private static Effect TypeOfService(IptablesTargetSpec target)
    {
        foreach (IptablesOption option in target.Options)
        {
            if (!Numbers.TryParseMasked(TosNames.Find(option.First), out uint value, out uint mask))
                continue;
            // --set-tos value/mask: bits of the mask go, then the value is put in by exclusive or; and/or/xor are short for it.
            (uint clear, uint flip) = option.Name switch
            {
                "and-tos" => (~value & 0xff, 0u),
                "or-tos" => (value, value),
                "xor-tos" => (0u, value),
                _ => (mask & 0xff, value),
            };
            return run =>
            {
                run.Packet.Tos = (byte)(run.Packet.Tos & ~clear ^ flip);
                return Outcome.Next;
            };
        }
        return NotModelled;
    }

    private static Effect Dscp(IptablesTargetSpec target)
    {
        uint? value = target.Value("set-dscp-class") is { } name ? TosNames.FindClass(name) : null;
        if (target.Value("set-dscp") is { } text && Numbers.TryParse(text, out uint number))
            value = number;
        if (value is not { } dscp)
            return NotModelled;
        return run =>
        {
            run.Packet.Tos = (byte)((uint)(run.Packet.Tos & 3) | dscp << 2);
            return Outcome.Next;
        };
    }

    private static Outcome RemoveEcn(HookRun run)
    {
        run.Packet.TcpFlags &= ~(TcpFlags.Ece | TcpFlags.Cwr);
        return Outcome.Next;
    }

    private static Effect SegmentSize(IptablesTargetSpec target)
    {
        if (target.Has("clamp-mss-to-pmtu"))
        {
            // The path's MTU is that of the device it leaves by, as far as a hook knows it.
            return static run =>
            {
                int room = (run.Context.OutDevice?.Mtu ?? int.MaxValue) - (run.Packet.Source.IsV6 ? 60 : 40);
                SetSegmentSize(run.Packet, room);
                return Outcome.Next;
            };
        }
        if (!Numbers.TryParse(target.Value("set-mss") ?? "", out uint size))
            return NotModelled;
        return run =>
        {
            SetSegmentSize(run.Packet, (int)size);
            return Outcome.Next;
        };
    }

    /// <summary>
    /// tcpmss_mangle_packet: an MSS is only ever lowered; a bare header gets the option, with no more than the default that its lack
    /// stands for (RFC 1122).
    /// </summary>
    private static void SetSegmentSize(Packet packet, int size)
    {
        if (packet.Protocol != IpProtocols.Tcp || packet.FragmentOffset != 0)
            return;
        if (packet.TcpMss is { } mss)
        {
            packet.TcpMss = Math.Min(mss, size);
            return;
        }
        int header = (packet.Source.IsV6 ? 40 : 20 + packet.IpOptionsLength) + 20;
        if (packet.Length != header)
            return;
        packet.TcpMss = Math.Min(size, packet.Source.IsV6 ? 1220 : 536);
        packet.Length += 4;
    }

    private static Effect Classify(IptablesTargetSpec target)
    {
        string[] parts = (target.Value("set-class") ?? "").Split(':');
        if (
            parts.Length != 2
            || !uint.TryParse(parts[0], System.Globalization.NumberStyles.AllowHexSpecifier, null, out uint major)
            || !uint.TryParse(parts[1], System.Globalization.NumberStyles.AllowHexSpecifier, null, out uint minor)
        )
            return NotModelled;
        return run =>
        {
            run.Packet.Priority = major << 16 | minor;
            return Outcome.Next;
        };
    }

    private Effect ChangeSet(IptablesTargetSpec target)
    {
        List<Effect> changes = [];
        SetIndex sets = machine.Sets;
        bool wantV6 = v6;
        foreach (IptablesOption option in target.Options)
        {
            if (option.Name is not ("add-set" or "del-set") || option.Values.Count < 2)
            {
                if (option.Name is "map-set")
                    return NotModelled;
                continue;
            }
            string name = option.Values[0];
            string[] directions = option.Values[1].Split(',');
            bool add = option.Name == "add-set";
            changes.Add(run =>
            {
                sets.Change(name, directions, run, wantV6, add);
                return Outcome.Next;
            });
        }
        Effect[] all = [.. changes];
        return run =>
        {
            foreach (Effect change in all)
                change(run);
            return Outcome.Next;
        };
    }
}
