using StackNet.Engine.Facts;
using StackNet.Engine.Sources.Text;

namespace StackNet.Engine.Sources.Capture;

/// <summary>Rules of one namespace: which listing belongs to which back end, and nothing counted twice.</summary>
internal sealed partial class CaptureNode
{
    private NamespaceFacts WithRules(NamespaceFacts facts, IptablesBackend backend)
    {
        string ns = facts.Name;
        NftRuleset? nft = ReadNft(ns);
        bool canRecover = nft is { IsComplete: true };
        (IptablesRuleset? nft4, IptablesRuleset? legacy4) = Iptables(
            ns,
            new IptablesFiles("iptables", CaptureNames.Iptables, CaptureNames.IptablesNft, CaptureNames.IptablesLegacy),
            backend,
            canRecover
        );
        (IptablesRuleset? nft6, IptablesRuleset? legacy6) = Iptables(
            ns,
            new IptablesFiles("ip6tables", CaptureNames.Ip6tables, CaptureNames.Ip6tablesNft, CaptureNames.Ip6tablesLegacy),
            backend,
            canRecover
        );
        return facts with
        {
            IptablesNft = nft4,
            IptablesLegacy = legacy4,
            Ip6tablesNft = nft6,
            Ip6tablesLegacy = legacy6,
            Nft = nft is null ? null : NftJson.MarkIptables(nft, nft4, nft6, facts.Ebtables),
        };
    }

    private readonly record struct IptablesFiles(string Word, string Plain, string Nft, string Legacy);

    private (IptablesRuleset? Nft, IptablesRuleset? Legacy) Iptables(string ns, IptablesFiles files, IptablesBackend backend, bool nftKnown)
    {
        IptablesBackend header = IptablesBackend.Unknown;
        IReadOnlyList<string> incompatible = [];
        IptablesRuleset? plain = ReadText(
            ns,
            files.Word,
            files.Plain,
            text =>
            {
                header = IptablesSaveText.Backend(text);
                incompatible = IptablesSaveText.IncompatibleTables(text);
                return IptablesSaveText.Parse(text);
            }
        );
        if (header == IptablesBackend.Unknown)
            header = backend;
        bool hasLegacy = _source.Find(ns, files.Legacy) is not null;
        // No capture convention asks for ip6tables-legacy-save; one fact about the node says so instead of one a namespace.
        IptablesRuleset? legacy =
            hasLegacy || files.Word == "iptables" && header != IptablesBackend.Legacy
                ? ReadText(ns, files.Word + "-legacy", files.Legacy, t => IptablesSaveText.Parse(t))
                : null;
        IptablesRuleset? nft = _source.Find(ns, files.Nft) is null
            ? null
            : ReadText(ns, files.Word + "-nft", files.Nft, t => IptablesSaveText.Parse(t));
        if (header == IptablesBackend.Legacy)
        {
            // The default tool is the legacy one; what nf_tables holds is then all in nft's own listing.
            return (nft ?? (nftKnown ? new IptablesRuleset() : null), legacy ?? plain);
        }
        nft ??= plain;
        if (legacy is { IsEmpty: false } && header == IptablesBackend.Unknown && SameRules(plain, legacy))
            nft = nftKnown ? new IptablesRuleset() : null;
        if (nft is not null && incompatible.Count > 0 && !nftKnown)
        {
            Miss(
                files.Word,
                ns,
                UnreadKind.Failed,
                $"iptables-save cannot show the table '{incompatible[0]}' (incompatible), and the capture holds no output of 'nft -j list ruleset'"
            );
            nft = null;
        }
        return (nft, legacy);
    }

    private static bool SameRules(IptablesRuleset? one, IptablesRuleset other)
    {
        static IEnumerable<string> Texts(IptablesRuleset r) =>
            r
                .Tables.OrderBy(t => t.Name, StringComparer.Ordinal)
                .SelectMany(t => t.Chains.SelectMany(c => c.Rules.Select(x => t.Name + x.Text)));
        return one is not null && Texts(one).SequenceEqual(Texts(other));
    }

    private NftRuleset? ReadNft(string ns)
    {
        CaptureEntry? json = _source.Find(ns, CaptureNames.NftJson);
        CaptureEntry? text = _source.Find(ns, CaptureNames.NftText);
        bool jsonGood = json is { Content: not null, Status: null or 0 };
        bool textGood = text is { Content: not null, Status: null or 0 };
        if (jsonGood || !textGood)
        {
            NftRuleset? ruleset = ReadJson(ns, "nft", CaptureNames.NftJson, NftJson.Parse);
            return ruleset is { Tables.Count: > 0 } && textGood
                ? ReadText(ns, "nft", CaptureNames.NftText, t => NftText.Attach(ruleset, t)) ?? ruleset
                : ruleset;
        }
        // Only the text form is there: an empty one says that there is nothing; another one only that there is something.
        string? listing = ReadText(ns, "nft", CaptureNames.NftText, t => t.ToString());
        if (listing is null)
            return null;
        if (string.IsNullOrWhiteSpace(listing))
            return new NftRuleset();
        Miss("nft", ns, UnreadKind.NotCaptured, "the capture holds nft's rules as text only, no output of 'nft -j list ruleset'");
        return new NftRuleset { IsComplete = false };
    }
}
