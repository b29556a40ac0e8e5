using System.Text;

namespace StackNet.Output;

/// <summary>An instance's path as text: a title, then a line for each hop.</summary>
public static class PathText
{
    /// <summary>All lines of a path.</summary>
    public static string Of(object? path)
    {
        StringBuilder text = new();
        string complete = Fields.Is(path, "Complete") ? "complete" : "broken";
        text.Append(
            $"{Fields.Text(path, "ComputerName")}  {Fields.Text(path, "Instance")} {Fields.Text(path, "Address")}  {Fields.Text(path, "Direction")}, {complete}\n"
        );
        foreach (object? hop in Fields.Many(path, "Hop"))
        {
            string tag = Fields.Get(hop, "VlanTag") is { } vlan ? $"tag {Cell.Text(vlan)}" : "";
            string mtu = Fields.Get(hop, "Mtu") is { } size ? $"mtu {Cell.Text(size)}" : "";
            string rest = string.Join(
                "  ",
                new[] { mtu, tag, Fields.Text(hop, "Address"), Fields.Text(hop, "Note") }.Where(t => t.Length > 0)
            );
            string line =
                $"  {Fields.Text(hop, "Index"), 2} {Fields.Text(hop, "Kind"), -12} {Fields.Text(hop, "Device"), -16} "
                + $"{Cell.Short(Cell.Namespace(Fields.Get(hop, "Namespace")), 20), -20} {Fields.Text(hop, "State"), -9} {rest}";
            text.Append(line.TrimEnd()).Append('\n');
        }
        return text.ToString();
    }
}
