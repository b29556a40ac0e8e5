using System.Collections.Immutable;

namespace StackNet.Engine.Facts.OpenFlow;

/// <summary>Bits of one word of the key that a flow asks for.</summary>
internal readonly record struct MatchWord(int Word, ulong Value, ulong Mask);

/// <summary>What a flow matches: masked words, and the raw text of what is not understood.</summary>
internal sealed class FlowMatch
{
    public static FlowMatch Any { get; } = new([], []);

    public FlowMatch(ImmutableArray<MatchWord> words, ImmutableArray<string> unknown)
    {
        Words = words;
        Unknown = unknown;
    }

    /// <summary>In order of word number.</summary>
    public ImmutableArray<MatchWord> Words { get; }

    /// <summary>Conditions that are not modelled, as printed.</summary>
    public ImmutableArray<string> Unknown { get; }

    /// <summary>Do the conditions that are understood hold?</summary>
    public bool Covers(FlowKey key)
    {
        ReadOnlySpan<ulong> words = key.Words;
        foreach (MatchWord part in Words)
        {
            if ((words[part.Word] & part.Mask) != part.Value)
                return false;
        }
        return true;
    }

    /// <summary>Value and mask of a field, when the match says something about it.</summary>
    public bool TryGet(FlowField field, out UInt128 value, out UInt128 mask)
    {
        FlowKey values = new();
        FlowKey masks = new();
        foreach (MatchWord part in Words)
        {
            values[part.Word] = part.Value;
            masks[part.Word] = part.Mask;
        }
        value = values.Get(field);
        mask = masks.Get(field);
        return mask != UInt128.Zero;
    }
}

/// <summary>Gathers the conditions of one flow.</summary>
internal sealed class FlowMatchBuilder
{
    private readonly List<MatchWord> _words = new(8);
    private List<string>? _unknown;

    /// <summary>Bits of one word.</summary>
    public void Word(int word, ulong value, ulong mask)
    {
        int at = 0;
        while (at < _words.Count && _words[at].Word < word)
            at++;
        if (at == _words.Count || _words[at].Word != word)
            _words.Insert(at, new MatchWord(word, value & mask, mask));
        else
            _words[at] = new MatchWord(word, (_words[at].Value & ~mask) | (value & mask), _words[at].Mask | mask);
    }

    public void Field(FlowField field, UInt128 value, UInt128 mask)
    {
        if (field.Bits > 64)
        {
            Word(field.Word, (ulong)(value >> 64), (ulong)(mask >> 64));
            Word(field.Word + 1, (ulong)value, (ulong)mask);
            return;
        }
        ulong bits = field.Bits == 64 ? ulong.MaxValue : (1ul << field.Bits) - 1;
        Word(field.Word, ((ulong)value & bits) << field.Shift, ((ulong)mask & bits) << field.Shift);
    }

    public void EthType(ushort type) => Field(FlowFields.EthType, type, 0xffff);

    public void Protocol(byte protocol) => Field(FlowFields.Protocol, protocol, 0xff);

    public void Unknown(string raw) => (_unknown ??= []).Add(raw);

    public FlowMatch Build()
    {
        _words.RemoveAll(word => word.Mask == 0);
        return new FlowMatch([.. _words], _unknown is null ? [] : [.. _unknown]);
    }
}
