namespace StackNet.Oracle.Drawing;

/// <summary>Draws rules of one or two back ends and the packets that meet them, for a node that is there.</summary>
internal static class RulesetDraw
{
    public static void Draw(World world, Spec spec, string backends)
    {
        bool bridged = spec.Kind != "router";
        bool sets = backends != "native" && world.Chance(0.4);
        RuleDraw rules = new(world, sets, bridged);
        if (sets)
            spec.Sets = rules.DrawSets();
        // Whose NAT comes first hangs on the order of loading, which no listing shows: only one back end translates.
        string nat = world.Pick<string>(backends.Split('+'));
        if (backends.Contains("legacy", StringComparison.Ordinal))
            spec.Legacy = rules.DrawTables(nat == "legacy");
        if (backends.Contains("nft", StringComparison.Ordinal))
            spec.Nft = rules.DrawTables(nat == "nft");
        if (backends.Contains("native", StringComparison.Ordinal))
            spec.Native = new NativeDraw(world, bridged).Draw(nat == "native");
        spec.Packets = PacketDraw.Draw(world, world.Random.Next(8, 16));
    }

    public static string Backends(World world) =>
        world.Pick("legacy", "legacy", "nft", "nft", "native", "native", "native", "legacy+native", "nft+native", "legacy+nft");
}
