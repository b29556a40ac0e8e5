namespace StackNet.Engine.Labs;

internal static partial class LabManager
{
    /// <summary>Puts a fault into a running lab.</summary>
    public static Task AddFaultAsync(string lab, string fault, CancellationToken token) => ChangeAsync(lab, fault, add: true, token);

    /// <summary>Takes a fault out again, exactly.</summary>
    public static Task RemoveFaultAsync(string lab, string fault, CancellationToken token) => ChangeAsync(lab, fault, add: false, token);

    private static async Task ChangeAsync(string lab, string name, bool add, CancellationToken token)
    {
        CheckName(lab);
        if (LabStore.Load(lab) is not null)
            RequireRoot(lab);
        using IDisposable gate = await LabStore.LockAsync(lab, token).ConfigureAwait(false);
        (LabNode node, LabRecord record) = Open(lab);
        LabFaultSpec fault = LabFaults.Find(name, record.Layout, record.InstanceCount, lab);
        if (record.Faults.Contains(fault.Name) == add)
            throw new LabException(
                LabFailure.FaultState,
                add ? $"The fault '{fault.Name}' is in the lab '{lab}' already." : $"The fault '{fault.Name}' is not in the lab '{lab}'.",
                lab
            );
        LabFaultSteps steps = fault.Make(node.Plan);
        // Written first when it goes in and last when it goes out: a maker that dies midway leaves a lab that says so.
        if (add)
            LabStore.Save(record with { Faults = [.. record.Faults, fault.Name] });
        int done = 0;
        try
        {
            foreach (LabCommand step in add ? steps.Add : steps.Remove)
            {
                await node.RunAsync(step, token).ConfigureAwait(false);
                done++;
            }
        }
        catch (LabException) when (add && done == 0)
        {
            LabStore.Save(record); // what it would change is not there (another fault took it): nothing was changed
            throw;
        }
        await SettleAsync(node, token).ConfigureAwait(false);
        if (!add)
            LabStore.Save(record with { Faults = [.. record.Faults.Where(f => f != fault.Name)] });
    }

    /// <summary>Forgets what hosts and switches learned: they would go on by it for minutes and hide the change.</summary>
    private static Task SettleAsync(LabNode node, CancellationToken token)
    {
        LabPlan plan = node.Plan;
        string[] spaces = ["", LabPlan.Upstream, LabPlan.Internet, .. plan.NamedNamespaces, .. plan.Instances.Select(g => g.Name)];
        IEnumerable<Task> neighbours = spaces.Select(ns => node.RunAsync(ns, "ip", token, "neigh", "flush", "all"));
        IEnumerable<Task> learned = LabSwitch.Bridges(plan).Select(b => node.RunAsync("", "ovs-appctl", token, "fdb/flush", b));
        return Task.WhenAll([.. neighbours, .. learned]);
    }
}
