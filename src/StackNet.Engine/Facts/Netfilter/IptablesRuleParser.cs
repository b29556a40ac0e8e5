using System.Text;

namespace StackNet.Engine.Facts.Netfilter;

/// <summary>
/// Takes the text of one rule of iptables-save apart. Never throws: what is not understood stays as raw text in the spec, and a walk that
/// meets it is Unknown.
/// </summary>
internal static class IptablesRuleParser
{
    /// <summary>Parses <c>-A CHAIN …</c> (the chain may be missing in texts pasted by hand).</summary>
    public static IptablesRuleSpec Parse(string text)
    {
        List<(string Text, bool Quoted)> words = Words(text);
        Reader reader = new(text, words);
        return reader.Read();
    }

    /// <summary>Words as a shell would see them: blanks separate, double quotes hold together, a backslash takes the next character as it is.</summary>
    internal static List<(string Text, bool Quoted)> Words(string text)
    {
        List<(string, bool)> words = new(16);
        int i = 0;
        while (i < text.Length)
        {
            char c = text[i];
            if (c is ' ' or '\t' or '\r' or '\n')
            {
                i++;
                continue;
            }
            int start = i;
            while (i < text.Length && text[i] is not (' ' or '\t' or '\r' or '\n' or '"' or '\'' or '\\'))
                i++;
            if (i == text.Length || text[i] is ' ' or '\t' or '\r' or '\n')
            {
                words.Add((Common(text.AsSpan(start, i - start)), false));
                continue;
            }
            words.Add((Quoted(text, start, ref i), true));
        }
        return words;
    }

    private static string Quoted(string text, int start, ref int i)
    {
        StringBuilder word = new(text, start, i - start, 64);
        char quote = '\0';
        for (; i < text.Length; i++)
        {
            char c = text[i];
            if (c == '\\' && quote != '\'' && i + 1 < text.Length)
                word.Append(text[++i]);
            else if (quote != '\0' && c == quote)
                quote = '\0';
            else if (quote == '\0' && c is '"' or '\'')
                quote = c;
            else if (quote == '\0' && c is ' ' or '\t' or '\r' or '\n')
                break;
            else
                word.Append(c);
        }
        return word.ToString();
    }

    // The words that nearly every rule has are shared: a big node has half a million of them.
    private static string Common(ReadOnlySpan<char> word) =>
        word switch
        {
            "-A" => "-A",
            "-m" => "-m",
            "-j" => "-j",
            "-p" => "-p",
            "-s" => "-s",
            "-d" => "-d",
            "-i" => "-i",
            "-o" => "-o",
            "!" => "!",
            "tcp" => "tcp",
            "udp" => "udp",
            "physdev" => "physdev",
            "comment" => "comment",
            "--comment" => "--comment",
            "--physdev-in" => "--physdev-in",
            "--physdev-out" => "--physdev-out",
            "--physdev-is-bridged" => "--physdev-is-bridged",
            "state" => "state",
            "--state" => "--state",
            "set" => "set",
            "--match-set" => "--match-set",
            "src" => "src",
            "dst" => "dst",
            "RETURN" => "RETURN",
            "DROP" => "DROP",
            "ACCEPT" => "ACCEPT",
            "--dport" => "--dport",
            "--sport" => "--sport",
            "mac" => "mac",
            "--mac-source" => "--mac-source",
            "CT" => "CT",
            "--zone" => "--zone",
            _ => word.ToString(),
        };

    private sealed class Module(string name)
    {
        public string Name { get; } = IptablesOptions.Canonical(name);
        public string PrintedName { get; } = name;
        public List<IptablesOption> Options { get; } = [];
        public List<string>? Raw { get; set; }
    }

    private sealed class Reader(string text, List<(string Text, bool Quoted)> words)
    {
        private readonly List<Module> _modules = [];
        private readonly List<string> _unknown = [];
        private readonly List<IptablesOption> _targetOptions = [];
        private List<string>? _targetRaw;
        private int _next;
        private string _chain = "";
        private string? _target;
        private bool _goto;
        private bool _inTarget;
        private bool? _fragment;
        private IptablesAddress? _source;
        private IptablesAddress? _destination;
        private IptablesDevice? _in;
        private IptablesDevice? _out;
        private string? _protocol;
        private bool _protocolNegated;

        public IptablesRuleSpec Read()
        {
            while (_next < words.Count)
                ReadOne();
            byte? number = _protocol is null ? null : IptablesRuleSpec.ProtocolNumber(_protocol);
            if (_protocol is not null && number is null)
                _unknown.Add("-p " + _protocol);
            return new IptablesRuleSpec
            {
                Text = text,
                Chain = _chain,
                Source = _source,
                Destination = _destination,
                InDevice = _in,
                OutDevice = _out,
                // Protocol 0 stands for all.
                Protocol = number is 0 ? null : number,
                ProtocolNegated = _protocolNegated && number is not 0,
                ProtocolText = _protocol,
                Fragment = _fragment,
                Matches = _modules.Count == 0 ? [] : _modules.ConvertAll(Finish).ToArray(),
                Target = _target is null
                    ? null
                    : new IptablesTargetSpec(_target, _goto, _targetOptions)
                    {
                        Raw = _targetRaw is null ? null : string.Join(' ', _targetRaw),
                    },
                UnknownText = _unknown.Count == 0 ? null : string.Join(' ', _unknown),
            };
        }

        private static IptablesModule Finish(Module module) =>
            new(module.Name, module.Options)
            {
                PrintedName = module.PrintedName,
                IsKnown = IptablesOptions.IsMatch(module.Name),
                Raw = module.Raw is null ? null : string.Join(' ', module.Raw),
            };

        private string? Take() => _next < words.Count ? words[_next++].Text : null;

        // The value of an option that may be written "--dport ! 80" by old versions.
        private string? TakeValue(ref bool negated)
        {
            if (_next < words.Count - 1 && words[_next] is { Text: "!", Quoted: false })
            {
                negated = !negated;
                _next++;
            }
            return Take();
        }

        private void ReadOne()
        {
            bool negated = false;
            (string word, bool quoted) = words[_next++];
            if (!quoted && word == "!" && _next < words.Count)
            {
                negated = true;
                (word, quoted) = words[_next++];
            }
            if (quoted || word.Length < 2 || word[0] != '-')
            {
                Unknown(word, negated);
                return;
            }
            switch (word)
            {
                case "-A" or "-I" or "--append" or "--insert":
                    _chain = Take() ?? "";
                    // -I CHAIN 3
                    if (word is "-I" or "--insert" && _next < words.Count && int.TryParse(words[_next].Text, out _))
                        _next++;
                    break;
                case "-s" or "--source" or "--src":
                    _source = Address(word, negated);
                    break;
                case "-d" or "--destination" or "--dst" when !IsModuleOption(word):
                    _destination = Address(word, negated);
                    break;
                case "-i" or "--in-interface":
                    _in = Device(negated);
                    break;
                case "-o" or "--out-interface":
                    _out = Device(negated);
                    break;
                case "-p" or "--protocol" or "--proto" when word != "--proto" || !IsModuleOption(word):
                    _protocol = TakeValue(ref negated);
                    _protocolNegated = negated;
                    break;
                case "-f" or "--fragment":
                    _fragment = !negated;
                    break;
                case "-m" or "--match":
                    if (Take() is { } name)
                        _modules.Add(new Module(name));
                    _inTarget = false;
                    break;
                case "-j" or "--jump" or "-g" or "--goto":
                    _target = Take();
                    _goto = word is "-g" or "--goto";
                    _inTarget = true;
                    break;
                case "-c" or "--set-counters":
                    Take();
                    Take();
                    break;
                case "-4" or "-6" or "--ipv4" or "--ipv6":
                    break;
                case "-t" or "--table":
                    Take();
                    break;
                default:
                    Option(word, negated);
                    break;
            }
        }

        private bool IsModuleOption(string word) => _modules.Count > 0 && IptablesOptions.MatchArity(_modules[^1].Name, word[2..]) >= 0;

        private IptablesAddress? Address(string word, bool negated)
        {
            string? value = TakeValue(ref negated);
            if (value is not null && IptablesAddress.TryParse(value, negated, out IptablesAddress address))
                return address;
            Unknown($"{word} {value}", negated);
            return null;
        }

        private IptablesDevice Device(bool negated)
        {
            string name = TakeValue(ref negated) ?? "";
            return new(name, negated);
        }

        private void Option(string word, bool negated)
        {
            string name = word.StartsWith("--", StringComparison.Ordinal) ? word[2..] : word[1..];
            string? glued = null;
            int equals = name.IndexOf('=', StringComparison.Ordinal);
            if (equals > 0)
            {
                glued = name[(equals + 1)..];
                name = name[..equals];
            }
            if (_target is not null && _inTarget && IptablesOptions.TargetArity(_target, name) is >= 0 and var count)
            {
                _targetOptions.Add(new IptablesOption(name, negated, Values(count, glued, ref negated)));
                return;
            }
            for (int i = _modules.Count - 1; i >= 0; i--)
            {
                int values = IptablesOptions.MatchArity(_modules[i].Name, name);
                if (values < 0)
                    continue;
                IReadOnlyList<string> taken = Values(values, glued, ref negated);
                _modules[i].Options.Add(new IptablesOption(name, negated, taken));
                return;
            }
            // "-p tcp --dport 22" written by hand: the protocol's own match is loaded by itself.
            if (_protocol is not null && IptablesOptions.MatchArity(_protocol, name) is >= 0 and var own)
            {
                Module module = new(_protocol);
                IReadOnlyList<string> taken = Values(own, glued, ref negated);
                module.Options.Add(new IptablesOption(name, negated, taken));
                _modules.Add(module);
                return;
            }
            if (_target is not null && IptablesOptions.TargetArity(_target, name) is >= 0 and var late)
            {
                _targetOptions.Add(new IptablesOption(name, negated, Values(late, glued, ref negated)));
                return;
            }
            Unknown(word, negated);
        }

        private IReadOnlyList<string> Values(int count, string? glued, ref bool negated)
        {
            if (count == 0)
                return [];
            string[] values = new string[count];
            for (int i = 0; i < count; i++)
                values[i] = (i == 0 ? glued ?? TakeValue(ref negated) : Take()) ?? "";
            return values;
        }

        // An option that nobody knows takes the words up to the next option with it.
        private void Unknown(string word, bool negated)
        {
            List<string> raw =
                _inTarget && _target is not null ? _targetRaw ??= []
                : _modules.Count > 0 ? _modules[^1].Raw ??= []
                : _unknown;
            if (negated)
                raw.Add("!");
            raw.Add(word);
            while (_next < words.Count && !(words[_next] is { Quoted: false, Text: ['-', _, ..] or "!" }))
                raw.Add(words[_next++].Text);
        }
    }
}
