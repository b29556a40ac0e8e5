using System.Runtime.InteropServices;
using StackNet.Engine.Facts.OpenFlow;

namespace StackNet.Engine.Walk.OpenFlow;

/// <summary>Answer of a table: the flow, or none, or the line because of which it is not known.</summary>
internal readonly record struct FlowLookup(Flow? Flow, string? Unknown);

/// <summary>
/// One table of a bridge as a tuple-space classifier (lib/classifier.c): flows with the same masks share one hash table, and
/// the hash tables are asked in the order of their best priority. Among flows of equal priority the first hash table wins,
/// as in the switch; ovs-ofctl lists flows in that very order.
/// </summary>
internal sealed class FlowTable
{
    private readonly Subtable[] _subtables;

    public FlowTable(IEnumerable<Flow> flows)
    {
        Dictionary<MaskKey, Subtable> byMask = [];
        List<Subtable> order = [];
        foreach (Flow flow in flows)
        {
            MaskKey mask = new(flow.Match);
            if (!byMask.TryGetValue(mask, out Subtable? subtable))
            {
                subtable = new Subtable(flow.Match);
                byMask.Add(mask, subtable);
                order.Add(subtable);
            }
            subtable.Add(flow);
        }
        foreach (Subtable subtable in order)
            subtable.Sort();
        _subtables = [.. order.OrderByDescending(subtable => subtable.MaxPriority)];
    }

    /// <summary>The flow that wins.</summary>
    /// <param name="key">The packet.</param>
    /// <param name="learned">Flows that were learned on this walk, for this table.</param>
    public FlowLookup Lookup(FlowKey key, IReadOnlyList<Flow>? learned) => Lookup(key, learned, conjunctions: true);

    private FlowLookup Lookup(FlowKey key, IReadOnlyList<Flow>? learned, bool conjunctions)
    {
        Flow? hard = null;
        int hardPriority = -1;
        List<Flow[]>? soft = null;
        List<Flow>? unknown = null;
        foreach (Subtable subtable in _subtables)
        {
            if (subtable.MaxPriority <= hardPriority)
                break;
            if (subtable.Find(key) is not { } flows)
                continue;
            int first = Skip(flows, 0, ref unknown);
            if (first == flows.Length || flows[first].Priority <= hardPriority)
                continue;
            if (flows[first].Conjunctions.Length == 0)
            {
                hard = flows[first];
                hardPriority = hard.Priority;
            }
            else if (conjunctions)
            {
                (soft ??= []).Add(flows[first..]);
            }
            else
            {
                int next = first;
                while (next < flows.Length && flows[next].Conjunctions.Length > 0)
                    next++;
                if (next < flows.Length && flows[next].Priority > hardPriority)
                {
                    hard = flows[next];
                    hardPriority = hard.Priority;
                }
            }
        }
        if (learned is not null)
        {
            foreach (Flow flow in learned)
            {
                if (flow.Priority > hardPriority && flow.Match.Covers(key))
                {
                    hard = flow;
                    hardPriority = flow.Priority;
                }
            }
        }
        if (soft is not null && Conjoin(key, learned, soft, ref hard, ref hardPriority) is { } conjoined)
        {
            if (conjoined.Unknown is not null)
                return conjoined;
            hard = conjoined.Flow;
            hardPriority = Math.Max(hardPriority, hard!.Priority);
        }
        return Decide(hard, unknown);
    }

    // A flow whose condition is not understood matters only when it would win and do something else.
    private static FlowLookup Decide(Flow? hard, List<Flow>? unknown)
    {
        if (unknown is not null)
        {
            foreach (Flow flow in unknown)
            {
                if (hard is null || (flow.Priority >= hard.Priority && !Same(flow, hard)))
                    return new(Flow: null, $"'{flow.Match.Unknown[0]}' of flow: {flow.Text}");
            }
        }
        return new(hard, Unknown: null);
    }

    private static bool Same(Flow one, Flow other) =>
        one.Actions.Length == other.Actions.Length
        && one.Actions.AsSpan().SequenceEqual(other.Actions.AsSpan(), EqualityComparer<FlowAction>.Create((a, b) => a!.Text == b!.Text));

    private static int Skip(Flow[] flows, int from, ref List<Flow>? unknown)
    {
        while (from < flows.Length && flows[from].Match.Unknown.Length > 0)
            (unknown ??= []).Add(flows[from++]);
        return from;
    }

    // Dimensions of a conjunction are searched priority by priority; when one is complete the lookup runs again with its conj_id.
    private FlowLookup? Conjoin(FlowKey key, IReadOnlyList<Flow>? learned, List<Flow[]> soft, ref Flow? hard, ref int hardPriority)
    {
        while (true)
        {
            int priority = -1;
            foreach (Flow[] flows in soft)
            {
                if (flows.Length > 0 && flows[0].Priority > hardPriority)
                    priority = Math.Max(priority, flows[0].Priority);
            }
            if (priority <= hardPriority)
                return null;
            Dictionary<uint, ulong> clauses = [];
            foreach (Flow[] flows in soft)
            {
                if (flows.Length == 0 || flows[0].Priority != priority)
                    continue;
                foreach (ConjunctionAction part in flows[0].Conjunctions)
                {
                    ref ulong found = ref CollectionsMarshal.GetValueRefOrAddDefault(clauses, part.Id, out bool exists);
                    if (!exists)
                        found = part.Clauses >= 64 ? 0 : ulong.MaxValue << part.Clauses;
                    found |= 1ul << part.Clause;
                    if (found != ulong.MaxValue)
                        continue;
                    uint saved = key.ConjunctionId;
                    key.ConjunctionId = part.Id;
                    FlowLookup answer = Lookup(key, learned, conjunctions: false);
                    key.ConjunctionId = saved;
                    if (answer.Flow is not null || answer.Unknown is not null)
                        return answer;
                }
            }
            for (int i = 0; i < soft.Count; i++)
            {
                Flow[] flows = soft[i];
                if (flows.Length == 0 || flows[0].Priority != priority)
                    continue;
                soft[i] = flows[1..];
                if (soft[i].Length > 0 && soft[i][0].Conjunctions.Length == 0)
                {
                    if (soft[i][0].Priority > hardPriority)
                    {
                        hard = soft[i][0];
                        hardPriority = hard.Priority;
                    }
                    soft[i] = [];
                }
            }
        }
    }

    private readonly struct MaskKey : IEquatable<MaskKey>
    {
        private readonly FlowMatch _match;

        public MaskKey(FlowMatch match) => _match = match;

        public bool Equals(MaskKey other)
        {
            if (_match.Words.Length != other._match.Words.Length)
                return false;
            for (int i = 0; i < _match.Words.Length; i++)
            {
                if (_match.Words[i].Word != other._match.Words[i].Word || _match.Words[i].Mask != other._match.Words[i].Mask)
                    return false;
            }
            return true;
        }

        public override bool Equals(object? obj) => obj is MaskKey other && Equals(other);

        public override int GetHashCode()
        {
            HashCode hash = default;
            foreach (MatchWord word in _match.Words)
            {
                hash.Add(word.Word);
                hash.Add(word.Mask);
            }
            return hash.ToHashCode();
        }
    }

    private sealed class Subtable
    {
        private readonly int[] _words;
        private readonly ulong[] _masks;
        private readonly Dictionary<ulong, List<Entry>> _building = [];
        private readonly Dictionary<ulong, Entry> _entries = [];

        public Subtable(FlowMatch match)
        {
            _words = [.. match.Words.Select(word => word.Word)];
            _masks = [.. match.Words.Select(word => word.Mask)];
        }

        public int MaxPriority { get; private set; } = -1;

        public void Add(Flow flow)
        {
            ulong[] values = [.. flow.Match.Words.Select(word => word.Value)];
            ulong hash = 0;
            foreach (ulong value in values)
                hash = Mix(hash, value);
            if (!_building.TryGetValue(hash, out List<Entry>? entries))
                _building.Add(hash, entries = []);
            Entry? entry = entries.Find(candidate => candidate.Values.AsSpan().SequenceEqual(values));
            if (entry is null)
                entries.Add(entry = new Entry(values));
            entry.Building.Add(flow);
            MaxPriority = Math.Max(MaxPriority, flow.Priority);
        }

        public void Sort()
        {
            foreach ((ulong hash, List<Entry> entries) in _building)
            {
                Entry? chain = null;
                foreach (Entry entry in entries)
                {
                    entry.Flows = [.. entry.Building.OrderByDescending(flow => flow.Priority)];
                    entry.Building = [];
                    entry.Next = chain;
                    chain = entry;
                }
                _entries.Add(hash, chain!);
            }
            _building.Clear();
        }

        public Flow[]? Find(FlowKey key)
        {
            ReadOnlySpan<ulong> packet = key.Words;
            ulong hash = 0;
            for (int i = 0; i < _words.Length; i++)
                hash = Mix(hash, packet[_words[i]] & _masks[i]);
            if (!_entries.TryGetValue(hash, out Entry? entry))
                return null;
            for (; entry is not null; entry = entry.Next)
            {
                int i = 0;
                while (i < _words.Length && (packet[_words[i]] & _masks[i]) == entry.Values[i])
                    i++;
                if (i == _words.Length)
                    return entry.Flows;
            }
            return null;
        }

        private static ulong Mix(ulong hash, ulong value)
        {
            hash = (hash ^ value) * 0x9e37_79b9_7f4a_7c15;
            return hash ^ (hash >> 29);
        }
    }

    private sealed class Entry(ulong[] values)
    {
        public ulong[] Values { get; } = values;
        public List<Flow> Building { get; set; } = [];
        public Flow[] Flows { get; set; } = [];
        public Entry? Next { get; set; }
    }
}
