namespace StackNet.Shell;

/// <summary>What the shell was asked to do.</summary>
internal enum ShellMode
{
    Interactive,
    Command,
    File,
    Input,
    Help,
    Version,
}

/// <summary>The command line, read the way pwsh reads its own (names may be shortened, -File and -Command take the rest).</summary>
internal sealed record ShellArguments
{
    public ShellMode Mode { get; private init; }

    /// <summary>Text of -Command, or path of -File.</summary>
    public string Text { get; private init; } = "";

    /// <summary>Arguments of the script.</summary>
    public IReadOnlyList<string> Rest { get; private init; } = [];
    public bool NonInteractive { get; private init; }
    public bool NoLogo { get; private init; }

    /// <summary>Stay at the prompt after -Command or -File.</summary>
    public bool NoExit { get; private init; }

    public static ShellArguments Parse(IReadOnlyList<string> args, bool inputRedirected)
    {
        ShellArguments result = new() { Mode = inputRedirected ? ShellMode.Input : ShellMode.Interactive };
        for (int i = 0; i < args.Count; i++)
        {
            string arg = args[i];
            string[] rest = [.. args.Skip(i + 1)];
            if (arg == "-")
                return result with { Mode = ShellMode.Input };
            if (!arg.StartsWith('-'))
                return result with { Mode = ShellMode.File, Text = arg, Rest = rest };
            switch (Name(arg))
            {
                case "command":
                    if (rest.Length == 0)
                        throw new ArgumentException("-Command needs the text of a command.");
                    return rest is ["-"]
                        ? result with
                        {
                            Mode = ShellMode.Input,
                        }
                        : result with
                        {
                            Mode = ShellMode.Command,
                            Text = string.Join(' ', rest),
                        };
                case "file":
                    if (rest.Length == 0)
                        throw new ArgumentException("-File needs the path of a script.");
                    return rest[0] == "-"
                        ? result with
                        {
                            Mode = ShellMode.Input,
                        }
                        : result with
                        {
                            Mode = ShellMode.File,
                            Text = rest[0],
                            Rest = rest[1..],
                        };
                case "noninteractive":
                    result = result with { NonInteractive = true };
                    break;
                case "nologo":
                    result = result with { NoLogo = true };
                    break;
                case "noexit":
                    result = result with { NoExit = true };
                    break;
                case "noprofile":
                    break;
                case "help":
                    return result with { Mode = ShellMode.Help };
                case "version":
                    return result with { Mode = ShellMode.Version };
                default:
                    throw new ArgumentException($"'{arg}' is not an argument of this shell.");
            }
        }
        return result;
    }

    private static string? Name(string arg)
    {
        string name = arg.TrimStart('-').ToLowerInvariant();
        string[] names = ["command", "file", "noninteractive", "nologo", "noexit", "noprofile", "help", "version"];
        return name switch
        {
            "c" => "command",
            "f" => "file",
            "h" or "?" => "help",
            "v" => "version",
            "nop" => "noprofile",
            "noni" => "noninteractive",
            _ => names.Where(n => name.Length > 0 && n.StartsWith(name, StringComparison.Ordinal)).ToArray() is [string one] ? one : null,
        };
    }
}
