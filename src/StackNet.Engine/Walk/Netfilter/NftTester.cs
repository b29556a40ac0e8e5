using System.Text.Json;

namespace StackNet.Engine.Walk.Netfilter;

/// <summary>
/// The right hand side of a comparison or the elements of a set or map: which values are in it, and what a map gives for them. Single numbers are
/// found by hash, ranges and names one by one.
/// </summary>
internal sealed class NftTester
{
    private readonly Dictionary<UInt128, int> _exact = [];
    private readonly List<(Dimension[] Dimensions, int Index)> _others = [];
    private readonly List<JsonElement> _data = [];
    private int _default = -1;

    /// <summary>False: an element was not understood, so that a value that is in no other element may be in that one.</summary>
    public bool IsComplete { get; private set; } = true;

    /// <summary>Data of a map by element index.</summary>
    public JsonElement Data(int index) => _data[index];

    public int Count => _data.Count;

    private readonly record struct Dimension(UInt128 Low, UInt128 High, string? Text, bool IsPrefix)
    {
        public bool IsSingle => Text is null && Low == High;

        public bool Has(in NftValue value)
        {
            if (Text is null)
                return value.IsNumber && value.Number >= Low && value.Number <= High;
            if (value.Text is not { } text)
                return false;
            return IsPrefix ? text.StartsWith(Text, StringComparison.Ordinal) : text == Text;
        }
    }

    public void Incomplete() => IsComplete = false;

    /// <summary>Adds an element: a constant, a range, a prefix, a concatenation of those, or "*" for all the rest.</summary>
    public void Add(JsonElement element, JsonElement data, NftExpression expression)
    {
        int index = _data.Count;
        _data.Add(data);
        if (element.ValueKind == JsonValueKind.Object && element.TryGetProperty("elem", out JsonElement wrapped))
            element = wrapped.TryGetProperty("val", out JsonElement value) ? value : wrapped;
        if (element.ValueKind == JsonValueKind.String && element.GetString() == "*")
        {
            _default = index;
            return;
        }
        if (element.ValueKind == JsonValueKind.Object && element.TryGetProperty("concat", out JsonElement concat))
        {
            AddConcat([.. concat.EnumerateArray()], index, expression);
            return;
        }
        if (Read(element, expression.Types[0], expression.Bits) is not { } dimension)
        {
            IsComplete = false;
            return;
        }
        if (dimension.Text is null && dimension.Low == dimension.High)
            _exact.TryAdd(dimension.Low, index);
        else
            _others.Add(([dimension], index));
    }

    private void AddConcat(JsonElement[] parts, int index, NftExpression expression)
    {
        if (parts.Length != expression.Types.Length)
        {
            IsComplete = false;
            return;
        }
        Dimension[] dimensions = new Dimension[parts.Length];
        for (int i = 0; i < parts.Length; i++)
        {
            if (Read(parts[i], expression.Types[i], BitsOf(expression.Types[i])) is not { } dimension)
            {
                IsComplete = false;
                return;
            }
            dimensions[i] = dimension;
        }
        _others.Add((dimensions, index));
    }

    private static int BitsOf(NftType type) =>
        type switch
        {
            NftType.Ip6 => 128,
            NftType.Ether => 48,
            NftType.Port => 16,
            NftType.Protocol or NftType.IcmpType or NftType.Icmp6Type or NftType.IcmpCode or NftType.Icmp6Code or NftType.TcpFlags => 8,
            _ => 32,
        };

    private static Dimension? Read(JsonElement json, NftType type, int bits)
    {
        if (json.ValueKind == JsonValueKind.Object)
        {
            if (json.TryGetProperty("elem", out JsonElement wrapped) && wrapped.TryGetProperty("val", out JsonElement inner))
                return Read(inner, type, bits);
            if (json.TryGetProperty("range", out JsonElement range) && range.GetArrayLength() == 2)
            {
                Dimension? low = Read(range[0], type, bits);
                Dimension? high = Read(range[1], type, bits);
                // nft refuses a range that ends before it begins, but prints two comparisons of one rule so (1.0.6): what it was cannot be told.
                return low is { Text: null } l && high is { Text: null } h && l.Low <= h.High
                    ? new Dimension(l.Low, h.High, null, IsPrefix: false)
                    : null;
            }
            if (json.TryGetProperty("prefix", out JsonElement prefix))
                return ReadPrefix(prefix, type, bits);
        }
        if (type is NftType.Interface or NftType.Text && json.ValueKind == JsonValueKind.String)
            return ReadName(json.GetString()!);
        return NftCompiler.Constant(json, type) is { } value ? new Dimension(value, value, null, IsPrefix: false) : null;
    }

    private static Dimension? ReadPrefix(JsonElement prefix, NftType type, int bits)
    {
        if (
            !prefix.TryGetProperty("addr", out JsonElement address)
            || !prefix.TryGetProperty("len", out JsonElement size)
            || !size.TryGetInt32(out int length)
            || NftCompiler.Constant(address, type) is not { } value
        )
            return null;
        int host = Math.Max(0, bits - length);
        UInt128 mask = host >= 128 ? UInt128.MaxValue : (UInt128.One << host) - 1;
        return new Dimension(value & ~mask, value | mask, null, IsPrefix: false);
    }

    // "eth*" is every name that begins so; "eth\*" is a name with a star.
    private static Dimension ReadName(string name)
    {
        // Index 0 is no device: "fib saddr . iif oif 0" asks for the lack of a route.
        if (name == "0")
            return new(0, 0, "", IsPrefix: false);
        if (name.EndsWith("\\*", StringComparison.Ordinal))
            return new(0, 0, name[..^2] + "*", IsPrefix: false);
        return name.EndsWith('*') ? new(0, 0, name[..^1], IsPrefix: true) : new(0, 0, name, IsPrefix: false);
    }

    /// <summary>Only single numbers: no range could hold a value by luck.</summary>
    public bool IsExact => _others.Count == 0 && _default < 0 && IsComplete && _exact.Count < 64;

    /// <summary>
    /// Index of the element that holds the value; -1 when none does. <paramref name="maybe"/>: a part of a concatenation is not known, and an
    /// element may hold it.
    /// </summary>
    public int Find(in NftValue value, out bool maybe)
    {
        maybe = false;
        if (value.IsNumber && _exact.TryGetValue(value.Number, out int exact))
            return exact;
        foreach ((Dimension[] dimensions, int index) in _others)
        {
            switch (Holds(dimensions, value))
            {
                case Answer.Yes:
                    return index;
                case Answer.Maybe:
                    maybe = true;
                    break;
            }
        }
        return _default;
    }

    private static Answer Holds(Dimension[] dimensions, in NftValue value)
    {
        if (dimensions.Length == 1)
            return dimensions[0].Has(value) ? Answer.Yes : Answer.No;
        if (value.Parts is not { } parts || parts.Length != dimensions.Length)
            return Answer.No;
        Answer answer = Answer.Yes;
        for (int i = 0; i < parts.Length; i++)
        {
            if (parts[i].IsMaybe)
            {
                // A checksum that stands where a port is asked for never is that very port.
                if (parts[i].IsImprobable && dimensions[i].IsSingle)
                    return Answer.No;
                answer = Answer.Maybe;
            }
            else if (!dimensions[i].Has(parts[i]))
            {
                return Answer.No;
            }
        }
        return answer;
    }
}
