using StackNet.Engine.Facts;
using StackNet.Engine.Walk.Devices;

namespace StackNet.Engine.Walk;

/// <summary>Traffic control: filters at the way in and out (net/sched/act_api.c, tcf_classify) and queueing disciplines that drop.</summary>
internal sealed partial class Walker
{
    /// <summary>
    /// The filters in their order: the first that the packet meets acts, and unless its action says "continue" nothing after it is asked.
    /// False when the frame does not go on here.
    /// </summary>
    private bool PassTrafficControl(Device device, List<TrafficFilter> filters, Frame frame)
    {
        foreach (TrafficFilter filter in filters)
        {
            switch (filter.Meets(frame.Packet))
            {
                case false:
                    continue;
                case null:
                    if (filter.Actions.All(a => ControlOf(a) is "pass" or "ok" or "continue") && filters.Count == 1)
                        continue;
                    Unknown(device.Net, device.Name, frame.Packet, $"tc filter on {device}: {filter.Facts.Text}");
                    return false;
            }
            if (Act(device, filter, frame) is { } passes)
                return passes;
        }
        return true;
    }

    /// <summary>True: the packet passes; false: it does not go on here; null: the next filter is asked.</summary>
    private bool? Act(Device device, TrafficFilter filter, Frame frame)
    {
        foreach (string action in filter.Actions)
        {
            string kind = action.Split(' ', 2)[0];
            string control = ControlOf(action);
            bool plain = kind is "gact" or "pass" or "ok" or "drop" or "continue" or "shot";
            if (kind == "mirred")
            {
                if (RedirectTarget(device, action) is not { } target)
                    break;
                bool mirrors = action.Contains("mirror", StringComparison.OrdinalIgnoreCase);
                if (_trace)
                    Step(device, "device", $"{(mirrors ? "copied" : "redirected")} to {target.Name}", filter.Facts.Text, frame.Packet);
                Frame sent = mirrors ? frame.Copy() : frame;
                sent.IsFloodCopy |= mirrors;
                if (action.Contains("ingress", StringComparison.OrdinalIgnoreCase))
                    Receive(target, sent);
                else
                    Transmit(target, sent);
                if (!mirrors)
                    return false;
                continue;
            }
            // vlan, skbedit, pedit, police, bpf …: what the packet is afterwards, or whether it is, is not known here.
            if (!plain)
                break;
            switch (control)
            {
                case "drop" or "shot":
                    Drop(device.Net, device.Name, frame, PacketReason.Policed, because: $"tc filter on {device}: {filter.Facts.Text}");
                    return false;
                case "pass" or "ok":
                    return true;
                case "continue":
                    return null;
                case "pipe":
                    continue;
            }
            break;
        }
        if (
            filter.Actions.Count > 0
            && filter.Actions.All(a => a.StartsWith("mirred", StringComparison.Ordinal))
            && filter.Actions.All(a => RedirectTarget(device, a) is not null)
        )
            return null;
        Unknown(device.Net, device.Name, frame.Packet, $"tc filter on {device}: {filter.Facts.Text}");
        return false;
    }

    private static string ControlOf(string action) => action[(action.LastIndexOf(' ') + 1)..];

    private bool PassQueue(Device device, List<TrafficControlFacts> queues, Frame frame)
    {
        foreach (TrafficControlFacts queue in queues)
        {
            switch (QueueDiscipline.Passes(queue, FrameLength(frame.Packet)))
            {
                case true:
                    continue;
                case false:
                    Drop(device.Net, device.Name, frame, PacketReason.Policed, because: $"qdisc on {device}: {queue.Text}");
                    return false;
                default:
                    Unknown(device.Net, device.Name, frame.Packet, $"qdisc on {device}: {queue.Text}");
                    return false;
            }
        }
        return true;
    }

    private static Device? RedirectTarget(Device device, string action)
    {
        foreach (string word in action.Split([' ', ')', '(', ','], StringSplitOptions.RemoveEmptyEntries))
        {
            if (
                word.ToLowerInvariant()
                    is not (
                        "redirect"
                        or "mirror"
                        or "mirred"
                        or "egress"
                        or "ingress"
                        or "to"
                        or "device"
                        or "dev"
                        or "stolen"
                        or "pipe"
                        or "pass"
                    )
                && device.Net.Devices.TryGetValue(word, out Device? target)
            )
                return target;
        }
        return null;
    }
}
