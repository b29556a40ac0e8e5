using System.Collections;
using System.Diagnostics.CodeAnalysis;

namespace StackNet.Engine.Facts;

/// <summary>
/// Kernel settings by key. Those of devices (<c>net.ipv4.conf.DEVICE.NAME</c>) are kept as one row a device, and devices whose settings are
/// equal share the row: on a node of a thousand instances nearly all of some eighty thousand values are the same few rows.
/// </summary>
internal sealed class SettingTable : IReadOnlyDictionary<string, string>
{
    // Below this a dictionary is as small.
    private const int WorthIt = 128;

    private readonly Dictionary<string, string> _single;
    private readonly Dictionary<string, Group> _groups;

    private SettingTable(Dictionary<string, string> single, Dictionary<string, Group> groups, int count)
    {
        _single = single;
        _groups = groups;
        Count = count;
    }

    public int Count { get; }

    public IEnumerable<string> Keys => this.Select(static pair => pair.Key);
    public IEnumerable<string> Values => this.Select(static pair => pair.Value);
    public string this[string key] => TryGetValue(key, out string? value) ? value : throw new KeyNotFoundException(key);

    /// <summary>The same map in the smaller form, when it is large.</summary>
    [return: NotNullIfNotNull(nameof(settings))]
    public static IReadOnlyDictionary<string, string>? Compact(IReadOnlyDictionary<string, string>? settings)
    {
        if (settings is null or SettingTable || settings.Count < WorthIt)
            return settings;
        Builder builder = new();
        foreach ((string key, string value) in settings)
            builder.TryAdd(key, value);
        return builder.Build();
    }

    public bool ContainsKey(string key) => TryGetValue(key, out _);

    public bool TryGetValue(string key, [MaybeNullWhen(false)] out string value)
    {
        if (!TrySplit(key, out ReadOnlySpan<char> prefix, out ReadOnlySpan<char> device, out ReadOnlySpan<char> name))
            return _single.TryGetValue(key, out value);
        value = null;
        return _groups.GetAlternateLookup<ReadOnlySpan<char>>().TryGetValue(prefix, out Group? group)
            && group.Rows.GetAlternateLookup<ReadOnlySpan<char>>().TryGetValue(device, out string?[]? row)
            && group.Names.GetAlternateLookup<ReadOnlySpan<char>>().TryGetValue(name, out int place)
            && place < row.Length
            && (value = row[place]) is not null;
    }

    public IEnumerator<KeyValuePair<string, string>> GetEnumerator()
    {
        foreach (KeyValuePair<string, string> pair in _single)
            yield return pair;
        foreach ((string prefix, Group group) in _groups)
        {
            string[] names = [.. group.Names.Keys];
            foreach ((string device, string?[] row) in group.Rows)
            {
                for (int i = 0; i < row.Length; i++)
                {
                    if (row[i] is { } value)
                        yield return new($"{prefix}{device}.{names[i]}", value);
                }
            }
        }
    }

    IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();

    /// <summary>"net.ipv4.conf." + device + "." + name. A dot in a device's name stands as '/', so there are four dots exactly.</summary>
    private static bool TrySplit(
        ReadOnlySpan<char> key,
        out ReadOnlySpan<char> prefix,
        out ReadOnlySpan<char> device,
        out ReadOnlySpan<char> name
    )
    {
        prefix = device = name = default;
        int start = 0;
        for (int part = 0; part < 3; part++)
        {
            int dot = key[start..].IndexOf('.');
            if (dot < 0)
                return false;
            start += dot + 1;
        }
        int end = key[start..].IndexOf('.');
        if (end <= 0 || key[(start + end + 1)..].Contains('.') || start + end + 1 == key.Length)
            return false;
        prefix = key[..start];
        device = key.Slice(start, end);
        name = key[(start + end + 1)..];
        return true;
    }

    /// <summary>Settings of one prefix: the names' places in a row, in the order of the places, and a row a device.</summary>
    private sealed class Group
    {
        public Dictionary<string, int> Names { get; } = new(StringComparer.Ordinal);
        public Dictionary<string, string?[]> Rows { get; } = new(StringComparer.Ordinal);
    }

    /// <summary>Takes settings one by one.</summary>
    internal sealed class Builder
    {
        private readonly Dictionary<string, string> _single = new(StringComparer.Ordinal);
        private readonly Dictionary<string, Group> _groups = new(StringComparer.Ordinal);
        private int _count;

        /// <summary>False: the key is there already, and keeps its value.</summary>
        public bool TryAdd(ReadOnlySpan<char> key, string value)
        {
            if (!TrySplit(key, out ReadOnlySpan<char> prefix, out ReadOnlySpan<char> device, out ReadOnlySpan<char> name))
            {
                bool added = _single.GetAlternateLookup<ReadOnlySpan<char>>().TryAdd(key, value);
                _count += added ? 1 : 0;
                return added;
            }
            Group group = GroupOf(prefix);
            Dictionary<string, int>.AlternateLookup<ReadOnlySpan<char>> names = group.Names.GetAlternateLookup<ReadOnlySpan<char>>();
            if (!names.TryGetValue(name, out int place))
                names[name] = place = group.Names.Count;
            Dictionary<string, string?[]>.AlternateLookup<ReadOnlySpan<char>> rows = group.Rows.GetAlternateLookup<ReadOnlySpan<char>>();
            if (!rows.TryGetValue(device, out string?[]? row))
                rows[device] = row = new string?[Math.Max(16, group.Names.Count)];
            if (place >= row.Length)
            {
                Array.Resize(ref row, row.Length * 2);
                rows[device] = row;
            }
            if (row[place] is not null)
                return false;
            row[place] = value;
            _count++;
            return true;
        }

        /// <summary>All settings of one device; a null value is left out.</summary>
        public void AddDevice(string prefix, string device, ReadOnlySpan<string> names, ReadOnlySpan<string?> values)
        {
            Group group = GroupOf(prefix);
            string?[] row = new string?[Math.Max(names.Length, group.Names.Count)];
            for (int i = 0; i < names.Length; i++)
            {
                if (values[i] is not { } value)
                    continue;
                if (!group.Names.TryGetValue(names[i], out int place))
                    group.Names[names[i]] = place = group.Names.Count;
                if (place >= row.Length)
                    Array.Resize(ref row, place + names.Length);
                row[place] = value;
                _count++;
            }
            group.Rows[device] = row;
        }

        public SettingTable Build()
        {
            foreach (Group group in _groups.Values)
                Share(group);
            _single.TrimExcess();
            return new SettingTable(_single, _groups, _count);
        }

        private Group GroupOf(ReadOnlySpan<char> prefix)
        {
            Dictionary<string, Group>.AlternateLookup<ReadOnlySpan<char>> groups = _groups.GetAlternateLookup<ReadOnlySpan<char>>();
            if (!groups.TryGetValue(prefix, out Group? group))
                groups[prefix] = group = new Group();
            return group;
        }

        private static void Share(Group group)
        {
            HashSet<string?[]> distinct = new(RowComparer.Instance);
            foreach (string device in group.Rows.Keys.ToArray())
            {
                string?[] row = group.Rows[device];
                if (!distinct.TryGetValue(row, out string?[]? same))
                {
                    int length = Array.FindLastIndex(row, static v => v is not null) + 1;
                    distinct.Add(same = row[..length]);
                }
                group.Rows[device] = same;
            }
            group.Rows.TrimExcess();
        }
    }

    /// <summary>Rows are equal when their values are; what is missing at the end is no value.</summary>
    private sealed class RowComparer : IEqualityComparer<string?[]>
    {
        public static readonly RowComparer Instance = new();

        public bool Equals(string?[]? x, string?[]? y)
        {
            for (int i = 0; i < Math.Max(x!.Length, y!.Length); i++)
            {
                if ((i < x.Length ? x[i] : null) != (i < y.Length ? y[i] : null))
                    return false;
            }
            return true;
        }

        public int GetHashCode(string?[] obj)
        {
            HashCode hash = default;
            for (int i = 0; i < obj.Length; i++)
            {
                if (obj[i] is { } value)
                    hash.Add(HashCode.Combine(i, value));
            }
            return hash.ToHashCode();
        }
    }
}
