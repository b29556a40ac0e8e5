using StackNet.Engine.Facts;
using StackNet.Engine.Facts.Netfilter;

namespace StackNet.Engine.Walk.Netfilter;

/// <summary>An ipset built for lookup: elements by the network of their first dimension, the longest prefix first, as the kernel asks.</summary>
internal sealed class CompiledSet
{
    private readonly Dictionary<(int Length, Ip Network), List<IpSetElement>> _byNetwork = [];
    private readonly List<IpSetElement> _others = [];
    private int[] _lengths = [];
    private bool _isComplete = true;

    private CompiledSet(IpSetFacts facts)
    {
        Name = facts.Name;
        Kinds = facts.Type[(facts.Type.IndexOf(':', StringComparison.Ordinal) + 1)..].Split(',');
        bool isMacOnly = facts.Type is "hash:mac" or "bitmap:port";
        IsV6 = isMacOnly ? null : facts.Family == "inet6";
        HasPort = Kinds.Contains("port");
        HasDevice = Kinds.Contains("iface");
        HasMark = Kinds.Contains("mark");
    }

    public string Name { get; }

    /// <summary>ip, net, port, mac, iface, mark: one for each dimension.</summary>
    public string[] Kinds { get; }
    public int Dimensions => Kinds.Length;
    public bool? IsV6 { get; }
    public bool HasPort { get; }
    public bool HasDevice { get; }
    public bool HasMark { get; }
    public uint MarkMask { get; private set; } = uint.MaxValue;

    /// <summary>Option netmask of hash:ip: addresses are masked before they are put in or looked up.</summary>
    public int? Netmask { get; private set; }

    /// <summary>Option bitmask: the same with bits that need not be a prefix.</summary>
    public UInt128? BitMask { get; private set; }

    /// <summary>bitmap:ip,mac: an element without a MAC takes that of the first packet that asks for it.</summary>
    public bool LearnsMac { get; private init; }

    /// <summary>Member sets of a list:set.</summary>
    public string[]? Members { get; private set; }

    public static CompiledSet Compile(IpSetFacts facts)
    {
        CompiledSet set = new(facts) { LearnsMac = facts.Type == "bitmap:ip,mac" };
        set.ReadOptions(facts.Options);
        if (facts.Type.StartsWith("list:", StringComparison.Ordinal))
        {
            set.Members = [.. facts.Elements.Select(static text => text.Split(' ', 2)[0])];
            return set;
        }
        foreach (string text in facts.Elements)
            set.Add(IpSetElement.Parse(facts.Type, text));
        set._lengths = [.. set._byNetwork.Keys.Select(static key => key.Length).Distinct().OrderDescending()];
        foreach (List<IpSetElement> list in set._byNetwork.Values)
            list.Sort(static (a, b) => (b.Second?.Length ?? 0).CompareTo(a.Second?.Length ?? 0));
        return set;
    }

    private void ReadOptions(string options)
    {
        string[] words = options.Split(' ', StringSplitOptions.RemoveEmptyEntries);
        for (int i = 0; i < words.Length - 1; i++)
        {
            if (words[i] == "markmask" && Numbers.TryParse(words[i + 1], out uint mask))
                MarkMask = mask;
            else if (words[i] == "netmask" && int.TryParse(words[i + 1], out int length))
                Netmask = length;
            else if (words[i] == "bitmask" && Ip.TryParse(words[i + 1], out Ip bits))
                BitMask = bits.Value;
        }
    }

    private void Add(IpSetElement element)
    {
        if (!element.IsUnderstood)
        {
            _isComplete = false;
            return;
        }
        if (element.First is not { } first || element.FirstEnd is not null)
        {
            _others.Add(element);
            return;
        }
        if (BitMask is not null)
        {
            first = new IpPrefix(Masked(first.Address), first.Length);
            if (element.Second is { } second)
                element = element with { Second = new IpPrefix(Masked(second.Address), second.Length) };
        }
        int length = Netmask is { } mask && first.Length == first.Address.Bits ? mask : first.Length;
        (int, Ip) key = (length, new IpPrefix(first.Address, length).Network);
        if (!_byNetwork.TryGetValue(key, out List<IpSetElement>? list))
            _byNetwork[key] = list = [];
        list.Add(element);
    }

    public Ip Masked(Ip address)
    {
        if (BitMask is { } bits)
            return address.IsV6 ? Ip.V6(address.Value & bits) : Ip.V4((uint)(address.Value & bits));
        return Netmask is { } length ? new IpPrefix(address, length).Network : address;
    }

    public Answer Contains(in SetProbe asked, bool returnNomatch, HookRun run)
    {
        SetProbe probe = BitMask is null ? asked : asked with { First = Masked(asked.First), Second = Masked(asked.Second) };
        IpSetElement? found = null;
        foreach (int length in _lengths)
        {
            if (
                length > probe.First.Bits
                || !_byNetwork.TryGetValue((length, new IpPrefix(probe.First, length).Network), out List<IpSetElement>? list)
            )
                continue;
            foreach (IpSetElement element in list)
            {
                if (Fits(element, probe))
                {
                    found = element;
                    break;
                }
            }
            if (found is not null)
                break;
        }
        foreach (IpSetElement element in found is null ? _others : [])
        {
            if (FitsFirst(element, probe) && Fits(element, probe))
            {
                found = element;
                break;
            }
        }
        if (found is { Mac: null } && LearnsMac)
            return run.Table.LearnMac(Name, probe.First, probe.Mac) ? Answer.Yes : Answer.No;
        if (found is not null)
            return found.Nomatch == returnNomatch ? Answer.Yes : Answer.No;
        return _isComplete ? Answer.No : Answer.Maybe;
    }

    private static bool FitsFirst(IpSetElement element, in SetProbe probe)
    {
        if (element.First is not { } first)
            return true;
        return element.FirstEnd is { } end
            ? probe.First.CompareTo(first.Address) >= 0 && probe.First.CompareTo(end) <= 0
            : first.Contains(probe.First);
    }

    private static bool Fits(IpSetElement element, in SetProbe probe)
    {
        if (element.Second is { } second && !second.Contains(probe.Second))
            return false;
        if (element.Protocol is { } protocol && protocol != probe.Protocol)
            return false;
        if (element.Ports is { } ports && !ports.Contains(probe.Port))
            return false;
        if (element.Mac is { } mac && mac != probe.Mac)
            return false;
        if (element.Mark is { } mark && mark != probe.Mark)
            return false;
        if (element.Device is { } device)
        {
            // An element with "physdev:" is only found by lookups that ask for the port, which no match of iptables does.
            if (element.IsPhysical || probe.Device is not { } own)
                return false;
            return element.IsWildcard ? own.StartsWith(device, StringComparison.Ordinal) : own == device;
        }
        return true;
    }
}
