using System.Collections;
using System.Globalization;
using System.Reflection;
using System.Text;
using StackNet.Engine.Facts;
using StackNet.Engine.Sources.Capture;
using Xunit;

namespace StackNet.Engine.Tests.Sources;

/// <summary>Every member of every fact is written and comes back: also one that somebody adds tomorrow.</summary>
public sealed class NodeFactsJsonTests
{
    [Fact]
    public void Every_member_comes_back()
    {
        int counter = 0;
        NodeFacts facts = (NodeFacts)Make(typeof(NodeFacts), ref counter);
        NodeFacts back = NodeFactsJson.Read(NodeFactsJson.ToBytes(facts), "filled");
        List<string> wrong = [];
        Compare("facts", facts, back, wrong);
        Assert.True(wrong.Count == 0, string.Join('\n', wrong));
    }

    [Fact]
    public void The_bytes_do_not_hang_on_the_order_of_what_has_none()
    {
        NodeFacts facts = CaptureReader.Read(Path.Combine(TestData.RealNodes, "hybrid-healthy"), CancellationToken.None)[0];
        NodeFacts turned = facts with
        {
            Namespaces =
            [
                .. facts
                    .Namespaces.Reverse()
                    .Select(n =>
                        n with
                        {
                            Neighbours = n.Neighbours?.Reverse().ToList(),
                            Fdb = n.Fdb?.Reverse().ToList(),
                            Conntrack = n.Conntrack?.Reverse().ToList(),
                            Links = n.Links?.Reverse().ToList(),
                            Sysctls = n.Sysctls?.Reverse().ToDictionary(),
                        }
                    ),
            ],
            Domains = facts.Domains?.Reverse().ToList(),
        };
        Assert.Equal(Encoding.UTF8.GetString(NodeFactsJson.ToBytes(facts)), Encoding.UTF8.GetString(NodeFactsJson.ToBytes(turned)));
    }

    [Fact]
    public void Null_and_empty_stay_apart()
    {
        NodeFacts facts = new() { Namespaces = [new NamespaceFacts { Routes = [], IptablesNft = new IptablesRuleset() }] };
        NamespaceFacts back = NodeFactsJson.Read(NodeFactsJson.ToBytes(facts), "x").Namespaces[0];
        Assert.Empty(back.Routes!);
        Assert.Null(back.Routes6);
        Assert.Empty(back.IptablesNft!.Tables);
        Assert.Null(back.IptablesLegacy);
    }

    private static object Make(Type type, ref int counter)
    {
        counter++;
        Type plain = Nullable.GetUnderlyingType(type) ?? type;
        if (plain == typeof(string))
            return "text \"" + counter.ToString(CultureInfo.InvariantCulture) + "\" \u001b é";
        if (plain == typeof(bool))
            return true;
        if (plain == typeof(Ip))
            return counter % 2 == 0 ? Ip.V4((uint)counter) : Ip.V6(((UInt128)counter << 64) + 1);
        if (plain == typeof(IpPrefix))
            return new IpPrefix(Ip.V4((uint)counter), 24);
        if (plain == typeof(Mac))
            return new Mac((ulong)counter);
        if (plain == typeof((uint, uint)))
            return (1u, 2u);
        if (plain.IsEnum)
            return Enum.GetValues(plain).GetValue(1)!;
        if (plain.IsPrimitive)
            return Convert.ChangeType(counter % 100 + 1, plain, CultureInfo.InvariantCulture);
        if (plain == typeof(IReadOnlyDictionary<string, string>))
            return new Dictionary<string, string> { ["b"] = "2", ["a"] = "1" };
        if (plain.IsGenericType && plain.GetGenericTypeDefinition() == typeof(IReadOnlyList<>))
        {
            Type item = plain.GetGenericArguments()[0];
            IList list = (IList)Activator.CreateInstance(typeof(List<>).MakeGenericType(item))!;
            list.Add(Make(item, ref counter));
            return list;
        }
        ConstructorInfo constructor = plain.GetConstructors().OrderByDescending(c => c.GetParameters().Length).First();
        object[] arguments = new object[constructor.GetParameters().Length];
        for (int i = 0; i < arguments.Length; i++)
            arguments[i] = Make(constructor.GetParameters()[i].ParameterType, ref counter);
        object made = constructor.Invoke(arguments);
        HashSet<string> given = [.. constructor.GetParameters().Select(p => p.Name!)];
        foreach (PropertyInfo property in plain.GetProperties(BindingFlags.Public | BindingFlags.Instance))
        {
            if (property.CanWrite && !given.Contains(property.Name))
                property.SetValue(made, Make(property.PropertyType, ref counter));
        }
        return made;
    }

    private static void Compare(string path, object? one, object? two, List<string> wrong)
    {
        if (one is null || two is null || one is string || one.GetType().IsPrimitive || one.GetType().Namespace == "System")
        {
            if (!Equals(one, two))
                wrong.Add($"{path}: {one} became {two}");
            return;
        }
        if (one is IReadOnlyDictionary<string, string> map)
        {
            if (
                !map.OrderBy(p => p.Key, StringComparer.Ordinal)
                    .SequenceEqual(((IReadOnlyDictionary<string, string>)two).OrderBy(p => p.Key, StringComparer.Ordinal))
            )
                wrong.Add(path);
            return;
        }
        if (one is IList list)
        {
            IList other = (IList)two;
            if (list.Count != other.Count)
                wrong.Add($"{path}: {list.Count} became {other.Count}");
            for (int i = 0; i < Math.Min(list.Count, other.Count); i++)
                Compare($"{path}[{i}]", list[i], other[i], wrong);
            return;
        }
        foreach (PropertyInfo property in one.GetType().GetProperties(BindingFlags.Public | BindingFlags.Instance))
        {
            if (property.CanWrite)
                Compare($"{path}.{property.Name}", property.GetValue(one), property.GetValue(two), wrong);
        }
        if (one is Ip or Mac or IpPrefix && !one.Equals(two))
            wrong.Add($"{path}: {one} became {two}");
    }
}
