using System.Text.Json;
using StackNet.Engine.Facts;

namespace StackNet.Engine.Walk.Netfilter;

/// <summary>Makes the runnable form of a native nf_tables table from the JSON that nft prints.</summary>
internal sealed partial class NftCompiler
{
    private readonly NftTable facts;
    private readonly CompiledTable table;
    private readonly string family;

    public NftCompiler(NftTable facts, CompiledTable table)
    {
        this.facts = facts;
        this.table = table;
        family = facts.Family;
    }

    public CompiledRule[] CompileChain(NftChain chain)
    {
        CompiledRule[] rules = new CompiledRule[chain.Rules.Count];
        for (int i = 0; i < rules.Length; i++)
            rules[i] = CompileRule(chain.Rules[i]);
        return rules;
    }

    private CompiledRule CompileRule(NftRule rule)
    {
        List<Matcher> matchers = [];
        List<Effect> effects = [];
        RuleKey key = default;
        try
        {
            using JsonDocument document = JsonDocument.Parse(rule.Json);
            foreach (JsonElement statement in document.RootElement.EnumerateArray())
            {
                if (statement.ValueKind == JsonValueKind.String)
                {
                    effects.Add(Spoken(statement.GetString()!));
                    continue;
                }
                JsonProperty property = statement.EnumerateObject().First();
                if (property.Name == "match")
                {
                    Matcher matcher = Match(property.Value);
                    if (effects.Count == 0)
                    {
                        matchers.Add(matcher);
                        KeyOf(property.Value, ref key);
                    }
                    else
                    {
                        effects.Add(AsEffect(matcher));
                    }
                    continue;
                }
                // The document is thrown away; what an effect keeps of it is a copy.
                if (Statement(property.Name, property.Value.Clone()) is { } effect)
                    effects.Add(effect);
            }
        }
        // What the JSON of a rule may be is up to nft: a form that was not foreseen makes the rule unknown, nothing else.
        catch (Exception wrong)
            when (wrong
                    is JsonException
                        or InvalidOperationException
                        or KeyNotFoundException
                        or ArgumentException
                        or FormatException
                        or OverflowException
                        or IndexOutOfRangeException
            )
        {
            matchers.Clear();
            effects = [NotModelled];
        }
        return new CompiledRule
        {
            Matchers = [.. matchers],
            Effects = [.. effects],
            Text = rule.Text ?? rule.Json,
            Handle = rule.Handle,
            Key = key,
        };
    }

    // Long lists of "iifname X jump …" are indexed as iptables' are.
    private static void KeyOf(JsonElement match, ref RuleKey key)
    {
        if (
            key.Kind != RuleKeyKind.None
            || Text(match, "op") != "=="
            || !match.TryGetProperty("left", out JsonElement left)
            || left.ValueKind != JsonValueKind.Object
            || !left.TryGetProperty("meta", out JsonElement meta)
            || Text(match, "right") is not { Length: > 0 } name
            || name.Contains('*', StringComparison.Ordinal)
            || name.StartsWith('@')
        )
            return;
        key = Text(meta, "key") switch
        {
            "iifname" => RuleKey.Of(RuleKeyKind.In, name),
            "oifname" => RuleKey.Of(RuleKeyKind.Out, name),
            _ => key,
        };
    }

    private static Effect AsEffect(Matcher matcher) =>
        run =>
            matcher(run) switch
            {
                Answer.Yes => Outcome.Next,
                Answer.No => Outcome.Break,
                _ => run.Choose() ? Outcome.Next : Outcome.Break,
            };

    internal static UInt128? Constant(JsonElement json, NftType type) => Immediate(json, type);

    private Matcher Match(JsonElement body)
    {
        if (!body.TryGetProperty("left", out JsonElement left) || !body.TryGetProperty("right", out JsonElement right))
            return static _ => Answer.Maybe;
        string operation = Text(body, "op");
        NftExpression expression = Expression(left.Clone());
        NftGetter get = expression.Get;
        // fib … exists / missing
        if (expression.Types is [NftType.Interface] && right.ValueKind is JsonValueKind.True or JsonValueKind.False)
        {
            bool exists = right.ValueKind == JsonValueKind.True == (operation != "!=");
            return run =>
                get(run) is { IsNone: false, IsMaybe: false } value ? Is(value.Text is { Length: > 0 } == exists) : Doubt(get(run));
        }
        if (operation is "<" or ">" or "<=" or ">=")
        {
            if (Immediate(right, expression.Types[0]) is not { } bound)
                return static _ => Answer.Maybe;
            return run => Compare(get(run), operation, bound);
        }
        // nft 1.0.6 prints a prefix of a ct address shifted by its missing bytes ("0.10.0.0" for 10.0.0.0/24): what it was cannot be told.
        if (
            left.ValueKind == JsonValueKind.Object
            && left.TryGetProperty("ct", out _)
            && right.ValueKind == JsonValueKind.String
            && Ip.TryParse(right.GetString(), out Ip shifted)
            && shifted is { IsV6: false, Value: var number }
            && number < 0x0100_0000
        )
            return run => get(run) is { IsNone: true } ? Answer.No : Answer.Maybe;
        bool isFlags = expression.Types is [NftType.CtState or NftType.CtStatus or NftType.TcpFlags or NftType.Bit];
        bool isSet =
            right.ValueKind == JsonValueKind.Object || (right.ValueKind == JsonValueKind.String && right.GetString()!.StartsWith('@'));
        if (operation is "in" or "!" && !(isSet && !isFlags) && Immediate(right, expression.Types[0]) is { } bits)
        {
            bool none = operation == "!";
            return run => get(run) is { IsNumber: true } value ? Is((value.Number & bits) != 0 != none) : Doubt(get(run));
        }
        bool not = operation == "!=";
        // A value on the right that is a field itself ("ip saddr == ct original saddr") is compared as it comes.
        if (right.ValueKind == JsonValueKind.Object && IsField(right))
        {
            NftGetter other = Expression(right.Clone()).Get;
            return run => Same(get(run), other(run), not);
        }
        NftTester tester = Tester(right, expression, out string? named);
        return run => Test(run, get(run), tester, named, not);
    }

    private static bool IsField(JsonElement json) =>
        json.TryGetProperty("payload", out _)
        || json.TryGetProperty("meta", out _)
        || json.TryGetProperty("ct", out _)
        || json.TryGetProperty("fib", out _)
        || json.TryGetProperty("map", out _)
        || json.TryGetProperty("numgen", out _)
        || json.TryGetProperty("&", out _);

    private static Answer Same(NftValue left, NftValue right, bool not)
    {
        if (left.IsNone || right.IsNone)
            return Answer.No;
        return left.HasMaybe || right.HasMaybe ? Answer.Maybe : Is(left == right != not);
    }

    private static Answer Is(bool holds) => holds ? Answer.Yes : Answer.No;

    private static Answer Doubt(NftValue value) => value.IsMaybe ? Answer.Maybe : Answer.No;

    private static Answer Compare(NftValue value, string operation, UInt128 bound)
    {
        if (!value.IsNumber)
            return Doubt(value);
        return Is(
            operation switch
            {
                "<" => value.Number < bound,
                ">" => value.Number > bound,
                "<=" => value.Number <= bound,
                _ => value.Number >= bound,
            }
        );
    }

    private static Answer Test(HookRun run, NftValue value, NftTester tester, string? named, bool not)
    {
        if (value.IsNone)
            return Answer.No;
        if (value.IsImprobable && tester.IsExact)
            return Is(not);
        if (value.IsMaybe)
            return Answer.Maybe;
        if (named is not null && run.Table.SetChanges?.GetValueOrDefault(named)?.TryGetValue(value.ToString(), out bool isIn) == true)
            return Is(isIn != not);
        int index = tester.Find(value, out bool maybe);
        if (maybe)
            return Answer.Maybe;
        if (index >= 0)
            return Is(!not);
        return tester.IsComplete ? Is(not) : Answer.Maybe;
    }

    /// <summary>The elements of the right hand side: a constant, an anonymous set or a named one.</summary>
    private NftTester Tester(JsonElement right, NftExpression expression, out string? named)
    {
        named = null;
        NftTester tester = new();
        if (right.ValueKind == JsonValueKind.String && right.GetString() is ['@', .. string name])
        {
            named = SetKey(name);
            Fill(tester, name, expression);
            return tester;
        }
        if (right.ValueKind == JsonValueKind.Object && right.TryGetProperty("set", out JsonElement set))
        {
            if (set.ValueKind == JsonValueKind.String && set.GetString() is ['@', .. string other])
            {
                named = SetKey(other);
                Fill(tester, other, expression);
            }
            else if (set.ValueKind == JsonValueKind.Array)
            {
                AddAll(tester, set.Clone(), expression);
            }
            else
            {
                tester.Add(set.Clone(), default, expression);
            }
            return tester;
        }
        tester.Add(right.Clone(), default, expression);
        return tester;
    }

    private string SetKey(string name) => $"{family} {facts.Name} {name}";

    private void Fill(NftTester tester, string name, NftExpression expression)
    {
        NftObject? found = facts.Sets.FirstOrDefault(set => set.Name == name);
        if (found is null)
        {
            tester.Incomplete();
            return;
        }
        using JsonDocument document = JsonDocument.Parse(found.Json);
        JsonElement root = document.RootElement;
        if (root.TryGetProperty("elem", out JsonElement elements) && elements.ValueKind == JsonValueKind.Array)
            AddAll(tester, elements.Clone(), expression);
    }

    // Elements of a map are pairs; the key of a pair may be an array only when it is the pair itself.
    private static void AddAll(NftTester tester, JsonElement elements, NftExpression expression)
    {
        foreach (JsonElement element in elements.EnumerateArray())
        {
            if (element.ValueKind == JsonValueKind.Array && element.GetArrayLength() == 2)
                tester.Add(element[0], element[1], expression);
            else
                tester.Add(element, default, expression);
        }
    }
}
