using StackNet.Engine.Facts;
using StackNet.Engine.Facts.Netfilter;

namespace StackNet.Engine.Walk.Netfilter;

/// <summary>The ipsets of a namespace, each built for lookup when a rule first asks for it.</summary>
internal sealed class SetIndex(IReadOnlyList<IpSetFacts>? facts)
{
    private readonly Lock _gate = new();
    private readonly Dictionary<string, CompiledSet?> _sets = new(StringComparer.Ordinal);
    private Dictionary<string, IpSetFacts>? _byName;

    public static Answer Not(Answer answer) =>
        answer switch
        {
            Answer.Yes => Answer.No,
            Answer.No => Answer.Yes,
            _ => answer,
        };

    /// <summary>
    /// ip_set_test: is the packet in the set, each dimension taken from its source or destination side as <paramref name="directions"/> say.
    /// A set that was not read or whose elements are not understood gives Maybe.
    /// </summary>
    public Answer Test(string name, string[] directions, HookRun run, bool v6, bool returnNomatch) =>
        Find(name) is { } set ? Test(set, directions, run, v6, returnNomatch, 0) : Answer.Maybe;

    private Answer Test(CompiledSet set, string[] directions, HookRun run, bool v6, bool returnNomatch, int depth)
    {
        if (set.Members is { } members)
        {
            // list:set: the first member that has it. Lists hold no lists, so the depth is never more than one.
            Answer any = Answer.No;
            foreach (string member in members)
            {
                Answer answer =
                    depth > 1 || Find(member) is not { } inner ? Answer.Maybe : Test(inner, directions, run, v6, returnNomatch, depth + 1);
                if (answer == Answer.Yes)
                    return Answer.Yes;
                if (answer == Answer.Maybe)
                    any = Answer.Maybe;
            }
            return any;
        }
        // Too few directions for the set's dimensions, or a set of the other family: never in it.
        if (directions.Length < set.Dimensions || (set.IsV6 is { } six && six != v6))
            return Answer.No;
        if (SetProbe.Of(set, directions, run) is not { } probe)
            return Answer.No;
        if (run.Table.SetChanges?.GetValueOrDefault(set.Name)?.TryGetValue(probe.Text(set), out bool isIn) == true)
            return isIn ? Answer.Yes : Answer.No;
        return set.Contains(probe, returnNomatch, run);
    }

    /// <summary>The SET target: puts the packet's element into a set or takes it out.</summary>
    public void Change(string name, string[] directions, HookRun run, bool v6, bool add)
    {
        if (Find(name) is not { } set || set.Members is not null)
        {
            run.Spoil();
            return;
        }
        if (directions.Length < set.Dimensions || (set.IsV6 is { } six && six != v6) || SetProbe.Of(set, directions, run) is not { } probe)
            return;
        run.Table.ChangeSet(set.Name, probe.Text(set), add);
    }

    private CompiledSet? Find(string name)
    {
        lock (_gate)
        {
            if (_sets.TryGetValue(name, out CompiledSet? set))
                return set;
            if (_byName is null)
            {
                _byName = new(StringComparer.Ordinal);
                foreach (IpSetFacts fact in facts ?? [])
                    _byName[fact.Name] = fact;
            }
            return _sets[name] = _byName.TryGetValue(name, out IpSetFacts? found) ? CompiledSet.Compile(found) : null;
        }
    }
}
