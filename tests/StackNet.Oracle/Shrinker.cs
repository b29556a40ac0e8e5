using StackNet.Oracle.Drawing;

namespace StackNet.Oracle;

/// <summary>Makes a case smaller while it stays a disagreement: halves of each list first, then single lines.</summary>
internal sealed class Shrinker(Func<Spec, bool> stillWrong, TimeSpan limit)
{
    private readonly long _deadline = Environment.TickCount64 + (long)limit.TotalMilliseconds;

    private bool InTime => Environment.TickCount64 < _deadline;

    public Spec Shrink(Spec spec)
    {
        for (int round = 0; round < 4 && InTime; round++)
        {
            int before = Size(spec);
            spec = Lists(spec);
            if (Size(spec) == before)
                break;
        }
        return spec;
    }

    private static int Size(Spec spec) => Places(spec).Sum(static p => p.Count(p.Of));

    private Spec Lists(Spec spec)
    {
        for (int place = 0; InTime; place++)
        {
            List<Place> places = Places(spec);
            if (place >= places.Count)
                return spec;
            spec = Trim(spec, place);
        }
        return spec;
    }

    /// <summary>Takes pieces of one list away: all, halves, quarters … single ones.</summary>
    private Spec Trim(Spec spec, int place)
    {
        int count = CountAt(spec, place);
        for (int piece = count; piece >= 1 && InTime; piece = piece == 1 ? 0 : (piece + 1) / 2)
        {
            for (int start = 0; start < CountAt(spec, place) && InTime; )
            {
                Spec smaller = spec.Copy();
                Place at = Places(smaller)[place];
                int length = Math.Min(piece, at.Count(at.Of) - start);
                at.Remove(at.Of, start, length);
                if (stillWrong(smaller))
                    spec = smaller;
                else
                    start += length;
            }
        }
        return spec;
    }

    private static int CountAt(Spec spec, int place) =>
        Places(spec) is { } places && place < places.Count ? places[place].Count(places[place].Of) : 0;

    private sealed record Place(object Of, Func<object, int> Count, Action<object, int, int> Remove);

    private static Place For<T>(List<T> list) =>
        new(list, static of => ((List<T>)of).Count, static (of, start, length) => ((List<T>)of).RemoveRange(start, length));

    /// <summary>All lists, the large ones first; tables stay in their list (emptied ones are left out of it at the end).</summary>
    private static List<Place> Places(Spec spec)
    {
        List<Place> places = [For(spec.Packets), For(spec.Native), For(spec.Nft), For(spec.Legacy)];
        foreach (NativeTable table in spec.Native)
        {
            places.Add(For(table.Chains));
            foreach (NativeChain chain in table.Chains)
                places.Add(For(chain.Rules));
            places.Add(For(table.Objects));
        }
        foreach (Table table in spec.Nft.Concat(spec.Legacy))
        {
            places.Add(For(table.Rules));
            places.Add(For(table.Chains));
        }
        places.AddRange([For(spec.Sets), For(spec.Bridge), For(spec.Settings), For(spec.Prime), For(spec.Links)]);
        return places;
    }
}
