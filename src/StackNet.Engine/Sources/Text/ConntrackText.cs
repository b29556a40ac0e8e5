using System.Globalization;
using StackNet.Engine.Facts;

namespace StackNet.Engine.Sources.Text;

/// <summary><c>conntrack -L</c> with or without <c>-o extended,id</c> (libnetfilter_conntrack snprintf_default).</summary>
internal static class ConntrackText
{
    public static IReadOnlyList<ConntrackFacts> Parse(ReadOnlySpan<char> text)
    {
        List<ConntrackFacts> entries = [];
        Lines lines = new(text);
        while (lines.NextFilled())
        {
            // The closing count goes to standard error; a capture may have put both into one file.
            if (lines.Current.StartsWith("conntrack v"))
                continue;
            entries.Add(ParseLine(lines.Current, lines.Number));
        }
        return entries;
    }

    public static ConntrackFacts ParseLine(ReadOnlySpan<char> line, int number)
    {
        Words words = new(line);
        words.Next();
        // -o extended puts the family first: "ipv4     2 tcp      6 …".
        if (words.Current is "ipv4" or "ipv6")
        {
            words.Next();
            words.Next();
        }
        if (!words.Next() || !byte.TryParse(words.Current, NumberStyles.None, CultureInfo.InvariantCulture, out byte protocol))
            throw new TextFormatException("not a line of conntrack -L: the protocol number is missing", number);
        Reader reader = new();
        bool isIcmp = protocol is 1 or 58;
        while (words.Next())
            reader.Take(words.Current, isIcmp);
        if (!reader.IsComplete)
            throw new TextFormatException("not a line of conntrack -L: it has no two directions (cut off?)", number);
        return reader.Entry(line.TrimEnd().ToString(), protocol);
    }

    private struct Reader()
    {
        private Tuple _original;
        private Tuple _reply;
        private int _directions;
        private bool _trailing;
        private string? _state;
        private bool _assured;
        private bool _unreplied;
        private uint _mark;
        private ushort _zone;
        private string? _zoneDirection;
        private long? _timeout;
        private ulong _packets;
        private ulong _bytes;
        private ulong _replyPackets;
        private ulong _replyBytes;
        private bool _counted;
        private UInt128 _labels;

        public readonly bool IsComplete =>
            _directions == 2
            && _original is { HasSource: true, HasDestination: true }
            && _reply is { HasSource: true, HasDestination: true };

        public void Take(ReadOnlySpan<char> word, bool isIcmp)
        {
            if (word[0] == '[')
            {
                _assured |= word is "[ASSURED]";
                _unreplied |= word is "[UNREPLIED]";
                return;
            }
            int equals = word.IndexOf('=');
            if (equals < 0)
            {
                // Before the first direction stand the timeout and, for protocols that have one, the state.
                if (_directions > 0)
                    return;
                if (_timeout is null && long.TryParse(word, NumberStyles.None, CultureInfo.InvariantCulture, out long seconds))
                    _timeout = seconds;
                else
                    _state = word.ToString();
                return;
            }
            ReadOnlySpan<char> key = word[..equals];
            ReadOnlySpan<char> value = word[(equals + 1)..];
            if (key is "src")
                _directions++;
            if (!TakeTrailing(key, value) && !_trailing && _directions is 1 or 2)
                (_directions == 1 ? ref _original : ref _reply).Take(key, value, isIcmp);
        }

        public readonly ConntrackFacts Entry(string text, byte protocol) =>
            new()
            {
                Text = text,
                Protocol = protocol,
                Original = _original.ToTuple(),
                Reply = _reply.ToTuple(),
                State = _state,
                Assured = _assured,
                Unreplied = _unreplied,
                Mark = _mark,
                Zone = _zone,
                ZoneDirection = _zoneDirection,
                TimeoutSeconds = _timeout,
                Counters = _counted ? new ConntrackTraffic(_packets, _bytes, _replyPackets, _replyBytes) : null,
                Label = _labels,
            };

        // "id=" means the ICMP id inside a direction and the entry's own number at the end of the line.
        private bool TakeTrailing(ReadOnlySpan<char> key, ReadOnlySpan<char> value)
        {
            switch (key)
            {
                case "mark":
                    _trailing = true;
                    _ = uint.TryParse(value, NumberStyles.None, CultureInfo.InvariantCulture, out _mark);
                    return true;
                case "zone" or "zone-orig" or "zone-reply":
                    _ = ushort.TryParse(value, NumberStyles.None, CultureInfo.InvariantCulture, out _zone);
                    if (key is not "zone")
                        _zoneDirection = key.ToString();
                    _trailing |= key is "zone";
                    return true;
                case "packets":
                    _ = ulong.TryParse(
                        value,
                        NumberStyles.None,
                        CultureInfo.InvariantCulture,
                        out (_directions == 1 ? ref _packets : ref _replyPackets)
                    );
                    _counted = true;
                    return true;
                case "bytes":
                    _ = ulong.TryParse(
                        value,
                        NumberStyles.None,
                        CultureInfo.InvariantCulture,
                        out (_directions == 1 ? ref _bytes : ref _replyBytes)
                    );
                    return true;
                case "labels":
                    _trailing = true;
                    _labels = Labels(value);
                    return true;
                case "use" or "secctx" or "secmark" or "helper" or "timeout":
                    _trailing = true;
                    return true;
                default:
                    return false;
            }
        }
    }

    // Numbers of the bits when connlabel.conf has no names for them ("labels=1,5"); names cannot be turned back without that file.
    private static UInt128 Labels(ReadOnlySpan<char> value)
    {
        UInt128 bits = 0;
        foreach (Range part in value.Split(','))
        {
            if (int.TryParse(value[part], NumberStyles.None, CultureInfo.InvariantCulture, out int bit) && bit < 128)
                bits |= UInt128.One << bit;
        }
        return bits;
    }

    private struct Tuple
    {
        private Ip _source;
        private Ip _destination;
        private ushort _sourcePort;
        private ushort _destinationPort;
        private byte _type;
        private byte _code;

        public bool HasSource { get; private set; }

        public bool HasDestination { get; private set; }

        public void Take(ReadOnlySpan<char> key, ReadOnlySpan<char> value, bool isIcmp)
        {
            switch (key)
            {
                case "src":
                    HasSource = Ip.TryParse(value, out _source);
                    break;
                case "dst":
                    HasDestination = Ip.TryParse(value, out _destination);
                    break;
                case "sport":
                    _ = ushort.TryParse(value, NumberStyles.None, CultureInfo.InvariantCulture, out _sourcePort);
                    break;
                case "dport":
                    _ = ushort.TryParse(value, NumberStyles.None, CultureInfo.InvariantCulture, out _destinationPort);
                    break;
                case "type":
                    _ = byte.TryParse(value, NumberStyles.None, CultureInfo.InvariantCulture, out _type);
                    break;
                case "code":
                    _ = byte.TryParse(value, NumberStyles.None, CultureInfo.InvariantCulture, out _code);
                    break;
                case "id" when isIcmp:
                    _ = ushort.TryParse(value, NumberStyles.None, CultureInfo.InvariantCulture, out _sourcePort);
                    _destinationPort = _sourcePort;
                    break;
            }
        }

        public readonly ConntrackTuple ToTuple() => new(_source, _destination, _sourcePort, _destinationPort, _type, _code);
    }
}
