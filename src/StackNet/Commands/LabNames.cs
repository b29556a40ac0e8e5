using StackNet.Binding;
using StackNet.Engine.Labs;

namespace StackNet.Commands;

/// <summary>Finds labs by name; a name without wildcards that is not there is an error.</summary>
internal static class LabNames
{
    public static IReadOnlyList<Lab> Find(StackNetCommand cmdlet, string[]? names)
    {
        NameFilter filter = new(names);
        List<Lab> labs = [.. LabManager.Get().Where(l => filter.Matches(l.Name))];
        foreach (string name in filter.Missing)
            cmdlet.WriteError(Errors.LabNotFound(name));
        return labs;
    }
}
