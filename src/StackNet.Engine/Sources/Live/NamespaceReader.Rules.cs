using StackNet.Engine.Facts;
using StackNet.Engine.Sources.Live.Netlink;
using StackNet.Engine.Sources.Live.Xtables;
using StackNet.Engine.Sources.Text;

namespace StackNet.Engine.Sources.Live;

/// <summary>
/// Packet filters. One netlink dump tells which tables nf_tables holds and one file which legacy tables exist; only what is there is
/// printed by its tool. What is known to hold nothing is an empty list.
/// </summary>
internal sealed partial class NamespaceReader
{
    private static readonly string[] XtablesNames = ["filter", "nat", "mangle", "raw", "security"];

    private NamespaceFacts ReadRules(NamespaceFacts facts)
    {
        string name = facts.Name;
        facts = facts with
        {
            IptablesLegacy = ReadLegacy(name, "iptables", "ip_tables_names"),
            Ip6tablesLegacy = ReadLegacy(name, "ip6tables", "ip6_tables_names"),
        };
        using NetfilterProbe? probe = unread.Try("nft", name, OpenNetfilter);
        if (probe is null)
        {
            foreach (string source in (ReadOnlySpan<string>)["iptables", "ip6tables", "ebtables", "ipset"])
                unread.Add(source, name, UnreadKind.Failed, "no netlink socket");
            return facts;
        }
        IReadOnlyList<(int Index, string Name)>? sets = unread.Try("ipset", name, () => ReadSetNames(probe));
        facts = ReadNft(facts, probe, sets ?? []);
        return facts with { IpSets = sets is null ? null : unread.Try("ipset", name, () => ReadIpsets(sets)) };
    }

    private NetfilterProbe OpenNetfilter() => new(new NetlinkSocket(Libc.NetlinkNetfilter, options.SourceLimit), token);

    private NamespaceFacts ReadNft(NamespaceFacts facts, NetfilterProbe probe, IReadOnlyList<(int Index, string Name)> sets)
    {
        string name = facts.Name;
        IReadOnlyList<NftTable> tables;
        try
        {
            tables = probe.ReadTables();
        }
        catch (NetlinkException error) when (error.Errno is Libc.Einval or Libc.Eopnotsupp or Libc.Eprotonosupport)
        {
            tables = []; // this kernel has no nf_tables
        }
        catch (NetlinkException error)
        {
            foreach (string source in (ReadOnlySpan<string>)["nft", "iptables", "ip6tables", "ebtables"])
                unread.Add(source, name, UnreadLog.KindOf(error.Errno), error.Message);
            return facts;
        }
        XtablesReader? direct = LoadXtables(probe, tables, sets);
        facts = facts with
        {
            IptablesNft = direct?.Ruleset(v6: false) ?? ReadXtables(facts, tables, "ip", "iptables"),
            Ip6tablesNft = direct?.Ruleset(v6: true) ?? ReadXtables(facts, tables, "ip6", "ip6tables"),
            Ebtables = ReadEbtables(facts, tables),
        };
        return facts with { Nft = unread.Try("nft", name, () => ReadNative(facts, tables)) };
    }

    private static XtablesReader? LoadXtables(
        NetfilterProbe probe,
        IReadOnlyList<NftTable> tables,
        IReadOnlyList<(int Index, string Name)> sets
    )
    {
        if (!tables.Any(t => t.Family is "ip" or "ip6" && XtablesNames.Contains(t.Name)))
            return null;
        Dictionary<int, string> names = [];
        foreach ((int index, string set) in sets)
        {
            if (index >= 0)
                names[index] = set;
        }
        XtablesReader reader = new(probe.Channel, names.GetValueOrDefault);
        try
        {
            return reader.TryLoad(tables) ? reader : null;
        }
        catch (NetlinkException)
        {
            return null; // the tool is asked, and says what is amiss
        }
    }

    /// <summary>Tables whose family and name are those of xtables may be iptables-nft's: its own save tells which it understands.</summary>
    private IptablesRuleset? ReadXtables(NamespaceFacts facts, IReadOnlyList<NftTable> tables, string family, string tool)
    {
        if (!tables.Any(t => t.Family == family && XtablesNames.Contains(t.Name)))
            return new IptablesRuleset();
        string save = tool + "-nft-save";
        if (Tool.Find(save) is null)
        {
            unread.Add(
                tool,
                facts.Name,
                UnreadKind.ToolMissing,
                $"{save} is not installed, and nf_tables has tables that look like its own"
            );
            return null;
        }
        return unread.Try(tool, facts.Name, () => IptablesSaveText.Parse(_tool.RunText(save, "-c")));
    }

    private IptablesRuleset? ReadEbtables(NamespaceFacts facts, IReadOnlyList<NftTable> tables)
    {
        const string tool = "ebtables";
        // The legacy back end has no list of its tables; its modules tell that it is in use somewhere.
        bool legacy = Directory.Exists("/sys/module/ebtable_filter") || Directory.Exists("/sys/module/ebtable_nat");
        if (legacy)
            return unread.Try(tool, facts.Name, () => IptablesSaveText.Parse(_tool.RunText("ebtables-legacy-save"), isEbtables: true));
        if (!tables.Any(t => t.Family == "bridge" && t.Name is "filter" or "nat" or "broute"))
            return new IptablesRuleset();
        string save = Tool.Find("ebtables-nft-save") is null ? "ebtables-save" : "ebtables-nft-save";
        return unread.Try(tool, facts.Name, () => IptablesSaveText.Parse(_tool.RunText(save), isEbtables: true));
    }

    private NftRuleset ReadNative(NamespaceFacts facts, IReadOnlyList<NftTable> tables)
    {
        List<NftTable> result = new(tables.Count);
        NftRuleset? whole = null;
        foreach (NftTable table in tables)
        {
            IptablesRuleset? printed = table.Family switch
            {
                "ip" => facts.IptablesNft,
                "ip6" => facts.Ip6tablesNft,
                "bridge" => facts.Ebtables,
                _ => null,
            };
            // A table that the save printed it understood wholly; one that somebody changed with nft it calls incompatible and skips.
            if (printed is not null && printed.Tables.Any(t => t.Name == table.Name))
            {
                result.Add(table with { IsIptables = true });
                continue;
            }
            if (Tool.Find("nft") is null)
                throw new ToolException(
                    UnreadKind.ToolMissing,
                    $"nft is not installed, and nf_tables holds table {table.Family} {table.Name}"
                );
            // The text tells what nft's JSON leaves out: the words of rules, and in 1.0.6 the devices of a netdev chain.
            NftRuleset read;
            if (IsPlainName(table.Name))
            {
                read = NftJson.Parse(_tool.Run("nft", "-j", "list", "table", table.Family, table.Name));
                read = NftText.Attach(read, _tool.RunText("nft", "list", "table", table.Family, table.Name));
            }
            else
            {
                whole ??= NftText.Attach(NftJson.Parse(_tool.Run("nft", "-j", "list", "ruleset")), _tool.RunText("nft", "list", "ruleset"));
                read = whole;
            }
            // Gone meanwhile: then it holds nothing now.
            if (read.Tables.FirstOrDefault(t => t.Family == table.Family && t.Name == table.Name) is { } found)
                result.Add(found);
        }
        return new NftRuleset { Tables = result };
    }

    // nft reads its arguments as its language; only names that are plain words there are given to it.
    private static bool IsPlainName(string name) =>
        name.Length > 0 && char.IsAsciiLetter(name[0]) && name.AsSpan().IndexOfAnyExcept(PlainCharacters) < 0;

    private static readonly System.Buffers.SearchValues<char> PlainCharacters = System.Buffers.SearchValues.Create(
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-."
    );

    private IptablesRuleset? ReadLegacy(string name, string tool, string list)
    {
        // Asking iptables-legacy itself would make the kernel set up tables that nobody uses; this list only tells those that are.
        string? tables = KernelFiles.TryRead($"thread-self/net/{list}", out int errno, node.HostProcesses, whole: true);
        if (tables is null)
        {
            if (errno == Libc.Enoent)
                return new IptablesRuleset(); // the module is not loaded
            unread.Add(tool + "-legacy", name, UnreadLog.KindOf(errno), $"/proc/net/{list}: {Libc.Describe(errno)}");
            return null;
        }
        if (tables.Trim().Length == 0)
            return new IptablesRuleset();
        string save = Tool.Find(tool + "-legacy-save") is null ? tool + "-save" : tool + "-legacy-save";
        return unread.Try(
            tool + "-legacy",
            name,
            () =>
            {
                // Table by table: the tool's own list is /proc/net, which a thread inside a lab has no entry in.
                string text = string.Concat(
                    tables.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(t => _tool.RunText(save, "-c", "-t", t))
                );
                if (IptablesSaveText.Backend(text) == IptablesBackend.Nft)
                    throw new ToolException(UnreadKind.ToolMissing, $"{tool}-legacy-save is not installed, and legacy tables are in use");
                return IptablesSaveText.Parse(text);
            }
        );
    }

    private static IReadOnlyList<(int Index, string Name)> ReadSetNames(NetfilterProbe probe)
    {
        try
        {
            return probe.ReadSetNames();
        }
        catch (NetlinkException error) when (error.Errno is Libc.Einval or Libc.Eopnotsupp or Libc.Eprotonosupport)
        {
            return []; // this kernel has no ipset
        }
    }

    private IReadOnlyList<IpSetFacts> ReadIpsets(IReadOnlyList<(int Index, string Name)> sets) =>
        sets.Count == 0 ? [] : IpsetSaveText.Parse(_tool.RunText("ipset", "save"));

    private IReadOnlyList<ConntrackFacts>? ReadConntrack(NamespaceFacts facts)
    {
        if (options.Conntrack == ConntrackReading.Never || facts.Sysctls is null)
            return null;
        if (
            !facts.Sysctls.TryGetValue("net.netfilter.nf_conntrack_count", out string? text)
            || !int.TryParse(text, out int count)
            || count == 0
        )
            return [];
        if (options.Conntrack == ConntrackReading.Auto && count > options.ConntrackLimit)
            return null;
        return unread.Try<IReadOnlyList<ConntrackFacts>>(
            "conntrack",
            facts.Name,
            () =>
                [
                    .. ConntrackText.Parse(_tool.RunText("conntrack", "-L", "-o", "extended,id")),
                    .. ConntrackText.Parse(_tool.RunText("conntrack", "-L", "-f", "ipv6", "-o", "extended,id")),
                ]
        );
    }

    private IReadOnlyList<TrafficControlFacts> ReadTrafficControl(RtnetlinkReader reader)
    {
        List<TrafficControlFacts> list = [];
        foreach (QdiscMessage qdisc in reader.ReadQdiscs())
        {
            // These neither sort nor drop by what a packet is; nearly every device has one.
            if (qdisc.Kind is "noqueue" or "noop")
                continue;
            string device = reader.Links[qdisc.Index];
            bool ingress = qdisc.Parent == QdiscMessage.Ingress;
            string direction =
                ingress ? "ingress"
                : qdisc.Parent == QdiscMessage.Root ? "root"
                : "egress";
            list.Add(
                new TrafficControlFacts(device, qdisc.Kind, direction, null, $"qdisc {qdisc.Kind} {qdisc.Handle >> 16:x}: dev {device}")
            );
            if (ingress)
                AddFilters(list, device, "ingress");
            if (qdisc.Kind == "clsact")
                AddFilters(list, device, "egress");
            if (!ingress && qdisc.Kind is not ("fq_codel" or "pfifo_fast" or "pfifo" or "bfifo" or "fq" or "mq" or "codel" or "tbf"))
                AddFilters(list, device, "root");
        }
        return list;
    }

    private void AddFilters(List<TrafficControlFacts> list, string device, string direction)
    {
        ReadOnlyMemory<byte> json =
            direction == "root"
                ? _tool.Run("tc", "-j", "filter", "show", "dev", device)
                : _tool.Run("tc", "-j", "filter", "show", "dev", device, direction);
        list.AddRange(TcJson.ParseFilters(json, device, direction == "root" ? "egress" : direction));
    }
}
