using System.Buffers;
using System.Text;

namespace StackNet.Engine.Facts.Netfilter;

/// <summary>Prints a parsed rule as iptables-save does: addresses, devices, protocol, matches in their order, target last.</summary>
internal static class IptablesRuleWriter
{
    // xtables_save_string leaves a word of these alone and quotes every other one.
    private static readonly SearchValues<char> Plain = SearchValues.Create(
        "_-0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
    );

    /// <summary>The rule's text from "-A" on.</summary>
    public static string Write(IptablesRuleSpec spec)
    {
        StringBuilder text = new(128);
        text.Append("-A ").Append(spec.Chain);
        Address(text, "-s", spec.Source);
        Address(text, "-d", spec.Destination);
        Device(text, "-i", spec.InDevice);
        Device(text, "-o", spec.OutDevice);
        if (spec.ProtocolText is { } protocol)
            text.Append(spec.ProtocolNegated ? " ! -p " : " -p ").Append(protocol);
        if (spec.Fragment is { } fragment)
            text.Append(fragment ? " -f" : " ! -f");
        if (spec.UnknownText is { } unknown)
            text.Append(' ').Append(unknown);
        foreach (IptablesModule module in spec.Matches)
            Module(text, module);
        if (spec.Target is { } target)
            Target(text, target);
        return text.ToString();
    }

    private static void Address(StringBuilder text, string option, IptablesAddress? address)
    {
        if (address is not { } known)
            return;
        text.Append(known.Negated ? " ! " : " ").Append(option).Append(' ').Append(known.Address).Append('/');
        if (known.PrefixLength is >= 0 and var length)
            text.Append(length);
        else
            text.Append(known.Address.IsV6 ? Ip.V6(known.Mask) : Ip.V4((uint)known.Mask));
    }

    private static void Device(StringBuilder text, string option, IptablesDevice? device)
    {
        if (device is { } known)
            text.Append(known.Negated ? " ! " : " ").Append(option).Append(' ').Append(known.Name);
    }

    private static void Module(StringBuilder text, IptablesModule module)
    {
        text.Append(" -m ").Append(module.PrintedName);
        Options(text, module.Name, module.Options);
        if (module.Raw is { } raw)
            text.Append(' ').Append(raw);
    }

    private static void Target(StringBuilder text, IptablesTargetSpec target)
    {
        text.Append(target.IsGoto ? " -g " : " -j ").Append(target.Name);
        Options(text, target.Name, target.Options);
        if (target.Raw is { } raw)
            text.Append(' ').Append(raw);
    }

    private static void Options(StringBuilder text, string module, IReadOnlyList<IptablesOption> options)
    {
        foreach (IptablesOption option in options)
        {
            text.Append(option.Negated ? " ! --" : " --").Append(option.Name);
            foreach (string value in option.Values)
            {
                text.Append(' ');
                Value(text, module, option.Name, value);
            }
        }
    }

    private static void Value(StringBuilder text, string module, string option, string value)
    {
        Quoting quoting = (module, option) switch
        {

            ("u32", _)
            or
            ("connlabel", "label")
            or
            ("bpf", "bytecode" or "object-pinned")
            or
            ("string", "string" or "hex-string")
            or ("LED", "led-trigger-id") => Quoting.Always,


            ("comment" or "helper" or "cgroup" or "rateest" or "nfacct", _)
            or
            ("LOG" or "NFLOG" or "ULOG", "log-prefix" or "nflog-prefix" or "ulog-prefix")
            or
            ("CT", "helper" or "timeout")
            or
            ("SECMARK", "selctx")
            or
            ("IDLETIMER", "label")
            or ("RATEEST", "rateest-name") => Quoting.WhenNeeded,
            _ => value.Length == 0 || value.AsSpan().IndexOfAny(" \t\"") >= 0 ? Quoting.WhenNeeded : Quoting.Never,
        };
        if (quoting == Quoting.Never || (quoting == Quoting.WhenNeeded && value.Length > 0 && !value.AsSpan().ContainsAnyExcept(Plain)))
        {
            text.Append(value);
            return;
        }
        text.Append('"');
        foreach (char c in value)
        {
            // u32 and bpf are printed as they are; elsewhere quotes and backslashes are escaped.
            if (c is '"' or '\\' or '\'' && (quoting == Quoting.WhenNeeded || module == "string"))
                text.Append('\\');
            text.Append(c);
        }
        text.Append('"');
    }

    private enum Quoting
    {
        Never,
        WhenNeeded,
        Always,
    }
}
