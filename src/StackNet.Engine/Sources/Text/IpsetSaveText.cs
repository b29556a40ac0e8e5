using StackNet.Engine.Facts;

namespace StackNet.Engine.Sources.Text;

/// <summary><c>ipset save</c>: "create NAME TYPE options" and "add NAME element" lines.</summary>
internal static class IpsetSaveText
{
    public static IReadOnlyList<IpSetFacts> Parse(ReadOnlySpan<char> text)
    {
        List<(IpSetFacts Set, List<string> Elements)> sets = [];
        Dictionary<string, List<string>> elements = [];
        Dictionary<string, List<string>>.AlternateLookup<ReadOnlySpan<char>> byName = elements.GetAlternateLookup<ReadOnlySpan<char>>();
        Lines lines = new(text);
        while (lines.NextFilled())
        {
            Words words = new(lines.Current);
            words.Next();
            bool isCreate = words.Current is "create" or "-N";
            if (words.Current[0] == '#' || words.Current is "COMMIT")
                continue;
            if ((!isCreate && words.Current is not ("add" or "-A")) || !words.Next())
                throw new TextFormatException("not a line of ipset save: neither 'create' nor 'add'", lines.Number);
            if (!isCreate)
            {
                if (!byName.TryGetValue(words.Current, out List<string>? list))
                    throw new TextFormatException($"an element of the set '{words.Current}', which was not created before", lines.Number);
                list.Add(words.Rest.ToString());
                continue;
            }
            string name = words.Current.ToString();
            if (!words.Next())
                throw new TextFormatException($"the set '{name}' has no type (cut off?)", lines.Number);
            List<string> members = [];
            IpSetFacts set = new()
            {
                Name = name,
                Type = words.Current.ToString(),
                Options = words.Rest.ToString(),
                Family = Family(words.Rest),
            };
            if (elements.TryAdd(name, members))
                sets.Add((set, members));
        }
        return [.. sets.Select(s => s.Set with { Elements = s.Elements })];
    }

    private static string? Family(ReadOnlySpan<char> options)
    {
        Words words = new(options);
        while (words.Next())
        {
            if (words.Current is "family" && words.Next())
                return words.Current.ToString();
        }
        return null;
    }
}
