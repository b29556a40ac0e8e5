using System.Collections.Immutable;
using StackNet.Engine.Facts.OpenFlow;

namespace StackNet.Engine.Walk.OpenFlow;

// xlate_group_action, and the actions that let a hash choose.
internal sealed partial class Translation
{
    private bool ExecuteGroup(GroupAction action)
    {
        if (_depth >= MaxDepth || _resubmits >= MaxResubmits)
        {
            _failed = true;
            Die(5, PacketReason.Loop, Rule(), port: null);
            return true;
        }
        if (_bridge.Facts.Groups is null)
        {
            _unknown = $"groups of {_bridge.Name} were not read (ovs-ofctl dump-groups {_bridge.Name})";
            return false;
        }
        if (!_bridge.Groups.TryGetValue(action.Group, out FlowGroup? group))
        {
            // Ends this list, not the pipeline.
            Die(4, PacketReason.NoPort, Rule(), port: null);
            return false;
        }
        Step("group", $"group {group.Id}", group.Text);
        if (group.Buckets.Any(bucket => !bucket.Understood))
        {
            _unknown = $"group of {_bridge.Name}: {group.Text}";
            return true;
        }
        switch (group.Type)
        {
            case "all":
            case "indirect":
                foreach (FlowBucket bucket in group.Buckets)
                {
                    ExecuteBucket(bucket);
                    if (_failed || _unknown is not null)
                        return true;
                }
                break;
            case "ff":
                FlowBucket? first = group.Buckets.FirstOrDefault(bucket => IsAlive(group, bucket, 0));
                if (first is not null)
                    ExecuteBucket(first);
                else
                    Die(4, PacketReason.PortDown, GroupRule(group), port: null);
                break;
            case "select":
                Select(group);
                break;
            default:
                _unknown = $"group of {_bridge.Name}: {group.Text}";
                break;
        }
        return true;
    }

    private TraceRule GroupRule(FlowGroup group) =>
        new()
        {
            Family = "openflow",
            Table = _bridge.Name,
            Chain = $"group {group.Id}",
            Text = group.Text,
        };

    private void Select(FlowGroup group)
    {
        FlowBucket[] alive = [.. group.Buckets.Where(bucket => bucket.Weight != 0 && IsAlive(group, bucket, 0))];
        if (alive.Length == 0)
        {
            Die(4, PacketReason.PortDown, GroupRule(group), port: null);
            return;
        }
        // The hash is the datapath's; it does not matter when all buckets do the same.
        string actions = Text(alive[0].Actions);
        if (alive.Any(bucket => Text(bucket.Actions) != actions))
            _unknown = $"group of {_bridge.Name} chooses by a hash: {group.Text}";
        else
            ExecuteBucket(alive[0]);
    }

    private static string Text(ImmutableArray<FlowAction> actions) => string.Join(',', actions.Select(action => action.Text));

    /// <summary>A bucket is an action set done with a copy: its changes do not reach what follows.</summary>
    private void ExecuteBucket(FlowBucket bucket)
    {
        FlowKey saved = _flow.Clone();
        _depth++;
        _level++;
        foreach (FlowAction action in Order(bucket.Actions))
        {
            if (_failed || _exit || _unknown is not null || !Execute(action))
                break;
        }
        _level--;
        _depth--;
        _flow.CopyFrom(saved);
        _exit = false;
    }

    private bool IsAlive(FlowGroup group, FlowBucket bucket, int depth)
    {
        bool watchesPort = bucket.WatchPort is not (null or OpenFlowPorts.None);
        bool watchesGroup = bucket.WatchGroup is not (null or uint.MaxValue);
        if (!watchesPort && !watchesGroup)
            return true;
        if (depth >= 128)
            return false;
        if (watchesPort && _bridge.Ports.TryGetValue(bucket.WatchPort!.Value, out SwitchPort? port) && port.SeemsAlive)
            return true;
        _ = group;
        return watchesGroup
            && _bridge.Groups.TryGetValue(bucket.WatchGroup!.Value, out FlowGroup? watched)
            && watched.Buckets.Any(other => IsAlive(watched, other, depth + 1));
    }

    private void ExecuteHash(HashAction action)
    {
        if (action.Ports.Length == 0)
        {
            if (action.Links == 1 && action.Target is { } only)
                only.Write(_flow, 0);
            else
                _unknown = $"a hash chooses: '{action.Text}' of flow: {_rule?.Text}";
            return;
        }
        ushort[] alive = [.. action.Ports.Where(port => _bridge.Ports.TryGetValue(port, out SwitchPort? found) && found.SeemsAlive)];
        if (alive.Length > 1 && !action.ActiveBackup)
        {
            _unknown = $"a hash chooses: '{action.Text}' of flow: {_rule?.Text}";
            return;
        }
        ushort chosen = alive.Length == 0 ? OpenFlowPorts.None : alive[0];
        if (action.Target is { } target)
            target.Write(_flow, chosen);
        else
            OutputTo(chosen, action);
    }
}
