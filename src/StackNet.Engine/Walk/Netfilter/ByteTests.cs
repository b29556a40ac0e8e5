using System.Globalization;
using System.Text;
using StackNet.Engine.Facts.Netfilter;

namespace StackNet.Engine.Walk.Netfilter;

/// <summary>Matches on bytes of the packet: u32 and string. Where a byte that is not held decides, the answer is Maybe.</summary>
internal static class ByteTests
{
    private enum Step
    {
        And,
        Left,
        Right,
        At,
    }

    private sealed record U32Test(uint Start, (Step Kind, uint Number)[] Steps, (uint Low, uint High)[] Values);

    /// <summary>xt_u32: "start op number … = value[:value],…" joined by "&amp;&amp;".</summary>
    public static Matcher U32(string text, bool not)
    {
        List<U32Test> tests = [];
        foreach (string part in text.Split("&&"))
        {
            if (ParseU32(part.Replace(" ", "", StringComparison.Ordinal)) is not { } test)
                return static _ => Answer.Maybe;
            tests.Add(test);
        }
        return run =>
        {
            PacketBytes bytes = PacketBytes.Of(run.Packet);
            Answer answer = Answer.Yes;
            foreach (U32Test test in tests)
            {
                Answer one = Test(test, bytes);
                if (one == Answer.No)
                    return not ? Answer.Yes : Answer.No;
                if (one == Answer.Maybe)
                    answer = Answer.Maybe;
            }
            return not ? SetIndex.Not(answer) : answer;
        };
    }

    private static U32Test? ParseU32(string text)
    {
        int equals = text.IndexOf('=', StringComparison.Ordinal);
        if (equals < 0)
            return null;
        List<(Step, uint)> steps = [];
        int at = 0;
        if (!Number(text, ref at, out uint start))
            return null;
        while (at < equals)
        {
            Step? kind =
                text[at] == '&' ? Step.And
                : text[at] == '@' ? Step.At
                : text[at] == '<' ? Step.Left
                : text[at] == '>' ? Step.Right
                : null;
            if (kind is not { } known)
                return null;
            at += known is Step.Left or Step.Right ? 2 : 1;
            if (!Number(text, ref at, out uint number))
                return null;
            steps.Add((known, number));
        }
        List<(uint, uint)> values = [];
        foreach (string value in text[(equals + 1)..].Split(','))
        {
            if (!Numbers.TryParseRange(value, uint.MaxValue, out uint low, out uint high))
                return null;
            values.Add((low, high));
        }
        return new(start, [.. steps], [.. values]);
    }

    private static bool Number(string text, ref int at, out uint number)
    {
        int end = at;
        while (end < text.Length && char.IsAsciiLetterOrDigit(text[end]))
            end++;
        ReadOnlySpan<char> digits = text.AsSpan(at, end - at);
        at = end;
        return Numbers.TryParse(digits, out number);
    }

    // u32_match_it
    private static Answer Test(U32Test test, PacketBytes bytes)
    {
        long at = 0;
        if (Load(bytes, test.Start) is not { } loaded)
            return Answer.No;
        (uint value, uint known) = loaded;
        foreach ((Step kind, uint number) in test.Steps)
        {
            switch (kind)
            {
                case Step.And:
                    value &= number;
                    known |= ~number;
                    break;
                case Step.Left:
                    value = number > 31 ? 0 : value << (int)number;
                    known = number > 31 ? uint.MaxValue : known << (int)number | ((1u << (int)number) - 1);
                    break;
                case Step.Right:
                    value = number > 31 ? 0 : value >> (int)number;
                    known = number > 31 ? uint.MaxValue : known >> (int)number | ~(uint.MaxValue >> (int)number);
                    break;
                default:
                    if (known != uint.MaxValue)
                        return Answer.Maybe;
                    at += value;
                    if (at > bytes.Length || Load(bytes, at + number) is not { } next)
                        return Answer.No;
                    (value, known) = next;
                    break;
            }
        }
        return In(value, known, test.Values);
    }

    private static (uint Value, uint Known)? Load(PacketBytes bytes, long at)
    {
        if (at > bytes.Length - 4 || bytes.Bits((int)at * 8, 32) is not { } bits)
            return null;
        return ((uint)bits.Value, (uint)bits.Known);
    }

    // Unknown bits set to 0 and to 1 bound what the value can be; only when they are the lowest ones every number between is possible.
    private static Answer In(uint value, uint known, (uint Low, uint High)[] ranges)
    {
        uint least = value & known;
        uint most = value | ~known;
        foreach ((uint low, uint high) in ranges)
        {
            if (least >= low && most <= high)
                return Answer.Yes;
        }
        foreach ((uint low, uint high) in ranges)
        {
            bool isOne = low == high;
            if (isOne ? (low & known) == least : most >= low && least <= high)
                return Answer.Maybe;
        }
        return Answer.No;
    }

    /// <summary>xt_string: the pattern lies wholly between --from and --to, counted from the network header.</summary>
    public static Matcher Text(IptablesModule module)
    {
        IptablesOption? option = module.Option("string") ?? module.Option("hex-string");
        if (option is null || Pattern(option) is not { Length: > 0 } pattern)
            return static _ => Answer.Maybe;
        bool not = option.Negated;
        bool ignoresCase = module.Has("icase");
        if (!Numbers.TryParse(module.Value("from") ?? "0", out uint from) || !Numbers.TryParse(module.Value("to") ?? "65535", out uint to))
            return static _ => Answer.Maybe;
        return run =>
        {
            PacketBytes bytes = PacketBytes.Of(run.Packet);
            long end = Math.Min(to, bytes.Length) - pattern.Length;
            Answer found = Answer.No;
            for (long at = from; at <= end; at++)
            {
                Answer here = At(bytes, (int)at, pattern, ignoresCase);
                if (here == Answer.Yes)
                    return Is(!not);
                if (here == Answer.Maybe)
                    found = Answer.Maybe;
            }
            return not ? SetIndex.Not(found) : found;
        };
    }

    private static Answer Is(bool holds) => holds ? Answer.Yes : Answer.No;

    private static Answer At(PacketBytes bytes, int at, byte[] pattern, bool ignoresCase)
    {
        Answer answer = Answer.Yes;
        for (int i = 0; i < pattern.Length; i++)
        {
            (byte value, byte known) = bytes[at + i];
            if (known == 0xff)
            {
                if (value != pattern[i] && !(ignoresCase && Lower(value) == Lower(pattern[i])))
                    return Answer.No;
            }
            else if (!ignoresCase && ((value ^ pattern[i]) & known) != 0)
            {
                return Answer.No;
            }
            else
            {
                answer = Answer.Maybe;
            }
        }
        return answer;
    }

    private static int Lower(byte value) => value is >= (byte)'A' and <= (byte)'Z' ? value | 0x20 : value;

    // "|0a 0b|text" of --hex-string; a backslash takes the next character as it is.
    private static byte[]? Pattern(IptablesOption option)
    {
        string text = option.First;
        if (option.Name == "string")
            return Encoding.Latin1.GetBytes(text);
        List<byte> bytes = [];
        bool isHex = false;
        for (int i = 0; i < text.Length; i++)
        {
            if (text[i] == '|')
                isHex = !isHex;
            else if (isHex && text[i] == ' ')
                continue;
            else if (isHex)
            {
                if (
                    i + 1 >= text.Length
                    || !byte.TryParse(text.AsSpan(i, 2), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out byte one)
                )
                    return null;
                bytes.Add(one);
                i++;
            }
            else if (text[i] == '\\' && i + 1 < text.Length)
                bytes.Add((byte)text[++i]);
            else
                bytes.Add((byte)text[i]);
        }
        return [.. bytes];
    }
}
