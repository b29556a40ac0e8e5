using StackNet.Engine.Facts;

namespace StackNet.Engine.Topology;

/// <summary>A network device and the namespace it is in.</summary>
internal sealed record Device(string Namespace, LinkFacts Link)
{
    public string Name => Link.Name;

    public LinkState State => StateOf(Link);

    /// <summary>
    /// Up needs both: IFF_UP is what the administrator asked, LOWER_UP (IFF_LOWER_UP) is carrier. A reader that could not see flags at all
    /// leaves the list empty; a device always has some (BROADCAST, LOOPBACK …).
    /// </summary>
    public static LinkState StateOf(LinkFacts? link)
    {
        if (link is null)
            return LinkState.Missing;
        if (link.Flags.Count == 0)
            return LinkState.Unknown;
        if (!link.IsUp)
            return LinkState.Down;
        return link.HasCarrier ? LinkState.Up : LinkState.NoCarrier;
    }

    public override string ToString() => Namespace.Length == 0 ? Name : $"{Name} ({Namespace})";
}
