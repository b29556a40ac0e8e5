using System.Buffers;
using System.Globalization;
using System.Text;
using StackNet.Engine.Facts;

namespace StackNet.Engine.Sources.Capture.Redaction;

/// <summary>Finds addresses in any text: dotted IPv4, IPv6, MAC, "host-10-0-0-5". A mask after a slash is no address.</summary>
internal ref struct AddressScanner(ReadOnlySpan<char> text)
{
    private static readonly SearchValues<char> Starts = SearchValues.Create("0123456789abcdefABCDEF:");
    private static readonly SearchValues<char> Dotted = SearchValues.Create("0123456789.");

    private readonly ReadOnlySpan<char> _text = text;
    private int _at;
    private int _lastEnd = -1;

    /// <summary>Start of the address found.</summary>
    public int Start { get; private set; }

    /// <summary>Just behind it.</summary>
    public int End { get; private set; }

    /// <summary>An IP address, else <see cref="Mac"/> holds.</summary>
    public Ip? Ip { get; private set; }

    public Mac Mac { get; private set; }

    /// <summary>Octets are joined by '-' as in a host name.</summary>
    public bool IsDashed { get; private set; }

    /// <summary>It follows another address and a slash: a mask.</summary>
    public bool IsMask { get; private set; }

    /// <summary>The length of the prefix when "/N" follows, else the dotted mask's when that follows, else null.</summary>
    public readonly int? PrefixLength()
    {
        if (End >= _text.Length || _text[End] != '/' || Ip is not { } ip)
            return null;
        ReadOnlySpan<char> rest = _text[(End + 1)..];
        int digits = rest.IndexOfAnyExceptInRange('0', '9');
        ReadOnlySpan<char> number = digits < 0 ? rest : rest[..digits];
        if (digits >= 0 && rest[digits] == '.' && !ip.IsV6)
            return DottedLength(rest);
        return int.TryParse(number, NumberStyles.None, CultureInfo.InvariantCulture, out int length) && length <= ip.Bits ? length : null;
    }

    public bool Next()
    {
        while (_at < _text.Length)
        {
            int offset = _text[_at..].IndexOfAny(Starts);
            if (offset < 0)
                break;
            int start = _at + offset;
            if (TryColons(start) || TryDotted(start) || TryDashed(start))
            {
                IsMask = _lastEnd >= 0 && Start == _lastEnd + 1 && _text[_lastEnd] == '/';
                _lastEnd = End;
                _at = End;
                return true;
            }
            // Not the start of an address: go on behind the word, or behind the colon.
            _at = _text[start] == ':' ? start + 1 : WordEnd(start);
        }
        _at = _text.Length;
        return false;
    }

    private static int? DottedLength(ReadOnlySpan<char> text)
    {
        int end = text.IndexOfAnyExcept(Dotted);
        if (!Facts.Ip.TryParse(end < 0 ? text : text[..end], out Ip mask))
            return null;
        uint bits = (uint)mask.Value;
        int length = System.Numerics.BitOperations.LeadingZeroCount(~bits);
        return length == 32 || bits << length == 0 ? length : null;
    }

    private readonly int WordEnd(int start)
    {
        int i = start;
        while (i < _text.Length && char.IsAsciiLetterOrDigit(_text[i]))
            i++;
        return Math.Max(i, start + 1);
    }

    private readonly bool IsWord(int at) => at >= 0 && at < _text.Length && (char.IsLetterOrDigit(_text[at]) || _text[at] == '_');

    private bool TryDotted(int start)
    {
        if (!char.IsAsciiDigit(_text[start]) || IsWord(start - 1) || (start > 0 && _text[start - 1] == '.'))
            return false;
        int end = start;
        while (end < _text.Length && (char.IsAsciiDigit(_text[end]) || _text[end] == '.'))
            end++;
        ReadOnlySpan<char> found = _text[start..end].TrimEnd('.');
        if (IsWord(start + found.Length) || !Facts.Ip.TryParse(found, out Ip ip))
            return false;
        return Found(start, start + found.Length, ip);
    }

    // A run of hexadecimal digits and colons: a MAC, a client id or DUID that ends in one, or an IPv6 address.
    private bool TryColons(int start)
    {
        if (IsWord(start - 1))
            return false;
        int end = start;
        int colons = 0;
        while (end < _text.Length && (char.IsAsciiHexDigit(_text[end]) || _text[end] == ':'))
            colons += _text[end++] == ':' ? 1 : 0;
        if (colons < 2)
            return false;
        // "tcp:[…", "addr:4e:09:…": one colon before or after belongs to the text around.
        if (_text[start] == ':' && _text[start + 1] != ':')
            start++;
        if (_text[end - 1] == ':' && _text[end - 2] != ':')
            end--;
        ReadOnlySpan<char> run = _text[start..end];
        if (run.Length >= 17 && IsPairs(run))
        {
            if (IsWord(end))
                return false;
            Mac = Mac.Parse(run[^17..]);
            return Found(end - 17, end, null);
        }
        if (end < _text.Length && _text[end] == '.')
        {
            int tail = end;
            while (tail < _text.Length && (char.IsAsciiDigit(_text[tail]) || _text[tail] == '.'))
                tail++;
            if (Facts.Ip.TryParse(_text[start..tail].TrimEnd('.'), out Ip mixed) && mixed.IsV6)
                return Found(start, start + _text[start..tail].TrimEnd('.').Length, mixed);
            return false;
        }
        return !IsWord(end) && Facts.Ip.TryParse(run, out Ip ip) && Found(start, end, ip);
    }

    private static bool IsPairs(ReadOnlySpan<char> run)
    {
        if (run.Length % 3 != 2)
            return false;
        for (int i = 2; i < run.Length; i += 3)
        {
            if (run[i] != ':' || run[i - 1] == ':' || run[i - 2] == ':')
                return false;
        }
        return run[^1] != ':' && run[^2] != ':';
    }

    private bool TryDashed(int start)
    {
        if (start < 3 || _text[start - 1] != '-' || !char.IsAsciiDigit(_text[start]))
            return false;
        ReadOnlySpan<char> before = _text[..(start - 1)];
        if (!before.EndsWith("host") && !before.EndsWith("ip"))
            return false;
        int end = start;
        while (end < _text.Length && (char.IsAsciiDigit(_text[end]) || _text[end] == '-'))
            end++;
        if (IsWord(end))
            return false;
        Span<char> dotted = stackalloc char[15];
        ReadOnlySpan<char> found = _text[start..end].TrimEnd('-');
        if (found.Length > dotted.Length)
            return false;
        found.Replace(dotted, '-', '.');
        if (!Facts.Ip.TryParse(dotted[..found.Length], out Ip ip))
            return false;
        Found(start, start + found.Length, ip);
        IsDashed = true;
        return true;
    }

    private bool Found(int start, int end, Ip? ip)
    {
        Start = start;
        End = end;
        Ip = ip;
        IsDashed = false;
        return true;
    }

    /// <summary>The text of a found address in the form it was written in.</summary>
    public static void Append(StringBuilder output, ReadOnlySpan<char> original, Ip ip, bool dashed)
    {
        string text = ip.ToString();
        if (dashed)
            text = text.Replace('.', '-');
        output.Append(original.IndexOfAnyInRange('A', 'F') >= 0 ? text.ToUpperInvariant() : text);
    }
}
