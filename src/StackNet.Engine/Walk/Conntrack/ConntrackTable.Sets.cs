using StackNet.Engine.Facts;

namespace StackNet.Engine.Walk.Conntrack;

/// <summary>What packets have done to sets of the namespace; beside the connections, because it is carried on and taken back with them.</summary>
internal sealed partial class ConntrackTable
{
    private Dictionary<(string Set, Ip Address), Mac>? _learnedMacs;

    // How each change is taken back, the latest last.
    private List<Action>? _setJournal;

    /// <summary>Elements that rules have put into or taken out of sets while packets were walked, by set.</summary>
    public Dictionary<string, Dictionary<string, bool>>? SetChanges { get; private set; }

    /// <summary>What elements that rules have put into maps stand for.</summary>
    public Dictionary<string, Dictionary<string, UInt128>>? MapData { get; private set; }

    /// <summary>Remembers that a rule put an element into a set or took it out.</summary>
    public void ChangeSet(string set, string element, bool isIn)
    {
        SetChanges ??= new(StringComparer.Ordinal);
        if (!SetChanges.TryGetValue(set, out Dictionary<string, bool>? changes))
            SetChanges[set] = changes = new(StringComparer.Ordinal);
        if (_setJournal is { } journal)
        {
            bool? before = changes.TryGetValue(element, out bool old) ? old : null;
            journal.Add(() =>
            {
                if (before is { } known)
                    changes[element] = known;
                else
                    changes.Remove(element);
            });
        }
        changes[element] = isIn;
    }

    /// <summary>The same for a map: the element and what it stands for.</summary>
    public void ChangeMap(string map, string element, UInt128 data)
    {
        ChangeSet(map, element, isIn: true);
        MapData ??= new(StringComparer.Ordinal);
        if (!MapData.TryGetValue(map, out Dictionary<string, UInt128>? values))
            MapData[map] = values = new(StringComparer.Ordinal);
        if (_setJournal is { } journal)
        {
            UInt128? before = values.TryGetValue(element, out UInt128 old) ? old : null;
            journal.Add(() =>
            {
                if (before is { } known)
                    values[element] = known;
                else
                    values.Remove(element);
            });
        }
        values[element] = data;
    }

    /// <summary>
    /// bitmap:ip,mac: an element without a MAC takes the one of the first packet that asks (and holds it); every other is not in the set.
    /// </summary>
    public bool LearnMac(string set, Ip address, Mac mac)
    {
        _learnedMacs ??= [];
        if (_learnedMacs.TryGetValue((set, address), out Mac known))
            return known == mac;
        Dictionary<(string, Ip), Mac> learned = _learnedMacs;
        _setJournal?.Add(() => learned.Remove((set, address)));
        learned[(set, address)] = mac;
        return true;
    }

    private static Dictionary<string, Dictionary<string, T>>? Copy<T>(Dictionary<string, Dictionary<string, T>>? from) =>
        from?.ToDictionary(
            static pair => pair.Key,
            static pair => new Dictionary<string, T>(pair.Value, StringComparer.Ordinal),
            StringComparer.Ordinal
        );
}
