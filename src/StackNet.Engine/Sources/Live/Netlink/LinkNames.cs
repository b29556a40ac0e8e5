namespace StackNet.Engine.Sources.Live.Netlink;

/// <summary>Names of the devices of one namespace by index; one string object a name.</summary>
internal sealed class LinkNames
{
    private readonly Dictionary<int, string> _names = [];

    /// <summary>The name, or "if5" as iproute2 writes for an index that the dump did not hold.</summary>
    public string this[int index] => _names.TryGetValue(index, out string? name) ? name : $"if{index}";

    public void Clear() => _names.Clear();

    public void Add(int index, string name) => _names[index] = name;

    public string? Find(int index) => _names.GetValueOrDefault(index);

    /// <summary>The device's own string when the text is equal to it (an address's label mostly is).</summary>
    public string Same(int index, string text) => _names.TryGetValue(index, out string? name) && name == text ? name : text;
}
