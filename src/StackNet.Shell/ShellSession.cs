using System.Collections;
using System.Management.Automation;
using System.Management.Automation.Language;
using System.Management.Automation.Runspaces;
using StackNet.Shell.Commands;
using StackNet.Shell.Hosting;

namespace StackNet.Shell;

/// <summary>One run of the shell: opens the engine with the module, runs what was asked for, gives the exit code.</summary>
internal sealed class ShellSession : IDisposable
{
    private const int Failure = 1;
    private const int Interrupted = 130;

    private readonly ShellArguments _arguments;
    private readonly ShellHost _host;
    private readonly Lock _gate = new();
    private PowerShell? _running;
    private bool _interrupted;

    public ShellSession(ShellArguments arguments)
    {
        _arguments = arguments;
        _host = new ShellHost(nonInteractive: arguments.NonInteractive);
    }

    public int Run()
    {
        string? manifest = ModuleLocation.Find(AppContext.BaseDirectory);
        if (manifest is null)
        {
            Console.Error.WriteLine($"StackNet.psd1 was found neither in {AppContext.BaseDirectory} nor above it.");
            return Failure;
        }
        using Runspace runspace = RunspaceFactory.CreateRunspace(_host, CreateState(manifest));
        try
        {
            runspace.Open();
        }
        catch (RuntimeException error)
        {
            Console.Error.WriteLine(error.Message);
            return Failure;
        }
        Runspace.DefaultRunspace = runspace;
        _host.Runspace = runspace;
        Console.CancelKeyPress += OnCancel;
        try
        {
            return Run(runspace);
        }
        finally
        {
            Console.CancelKeyPress -= OnCancel;
        }
    }

    public void Dispose() => _running?.Dispose();

    internal static InitialSessionState CreateState(string manifest)
    {
        InitialSessionState state = InitialSessionState.CreateDefault2();
        state.ThrowOnRunspaceOpenError = true;
        state.ImportPSModule([manifest]);
        ShellCommands.AddTo(state);
        return state;
    }

    private int Run(Runspace runspace)
    {
        int code = _arguments.Mode switch
        {
            ShellMode.Command => RunText(runspace, _arguments.Text),
            ShellMode.File => RunFile(runspace),
            ShellMode.Input => RunText(runspace, Console.In.ReadToEnd()),
            _ => 0,
        };
        bool prompt = _arguments.Mode == ShellMode.Interactive || (_arguments.NoExit && _host.ExitCode is null);
        return prompt ? new PromptLoop(this, _host, runspace, !_arguments.NoLogo).Run() : code;
    }

    private int RunFile(Runspace runspace)
    {
        string path = Path.GetFullPath(_arguments.Text);
        if (!File.Exists(path))
        {
            _host.UI.WriteErrorLine($"The script '{_arguments.Text}' does not exist.");
            return BadCommandLine;
        }
        using PowerShell shell = PowerShell.Create(runspace);
        ScriptBlockAst script = Parser.ParseFile(path, out _, out ParseError[] errors);
        if (errors.Length > 0)
        {
            // The engine says it better, with the line.
            shell.AddCommand(path);
        }
        else
        {
            // A script that is a command keeps its 'exit N' to itself and leaves $LASTEXITCODE, as any native command in it does too;
            // the exit of a block is the shell's.
            (Hashtable named, List<object> rest) = Split(_arguments.Rest);
            shell.AddScript("param($Block, $Named, $Rest) & $Block @Named @Rest");
            shell.AddArgument(script.GetScriptBlock()).AddArgument(named).AddArgument(rest.ToArray());
        }
        (bool threw, _) = Invoke(shell);
        return _host.ExitCode ?? (threw ? CodeOf(Failure) : 0);
    }

    /// <summary>As pwsh: 64 for a script that is not there.</summary>
    private const int BadCommandLine = 64;

    private int RunText(Runspace runspace, string text)
    {
        bool succeeded = Execute(text);
        return _host.ExitCode ?? (succeeded ? 0 : CodeOf(Failure));
    }

    /// <summary>Runs a text as if it were typed; false when its last statement failed.</summary>
    internal bool Execute(string text)
    {
        if (string.IsNullOrWhiteSpace(text))
            return true;
        using PowerShell shell = PowerShell.Create(_host.Runspace);
        shell.AddScript(text);
        (bool threw, bool succeeded) = Invoke(shell);
        return !threw && succeeded;
    }

    private int CodeOf(int code) => _interrupted ? Interrupted : code;

    private (bool Threw, bool Succeeded) Invoke(PowerShell shell)
    {
        // Errors go through Out-Default too, so that they stand between the objects where they happened; it sends them to the error stream.
        shell.Commands.Commands[^1].MergeMyResults(PipelineResultTypes.Error, PipelineResultTypes.Output);
        shell.AddCommand("Out-Default");
        lock (_gate)
        {
            _running = shell;
            _interrupted = false;
        }
        try
        {
            // Only what goes into the history sets $?, which decides about the exit code.
            shell.Invoke(null, new PSInvocationSettings { AddToHistory = true });
            return (false, _host.Runspace.SessionStateProxy.GetVariable("?") is not false);
        }
        catch (PipelineStoppedException)
        {
            return (true, false);
        }
        catch (IncompleteParseException error)
        {
            // The one error that has no record.
            _host.UI.WriteErrorLine($"ParserError: {error.Message}");
            return (true, false);
        }
        catch (RuntimeException error)
        {
            Report(error);
            return (true, false);
        }
        finally
        {
            lock (_gate)
                _running = null;
        }
    }

    private void Report(RuntimeException error)
    {
        using PowerShell shell = PowerShell.Create(_host.Runspace);
        ErrorRecord record = error.ErrorRecord ?? new ErrorRecord(error, "Shell", ErrorCategory.NotSpecified, null);
        // Out-Default sends to the error stream only what came down a pipeline as an error.
        using IDisposable redirection = _host.Interface.ToErrors();
        try
        {
            shell.AddCommand("Out-Default").Invoke(new[] { record });
        }
        catch (RuntimeException)
        {
            _host.UI.WriteErrorLine(error.Message);
        }
    }

    /// <summary>-Name value pairs of the command line become parameters, as pwsh -File does.</summary>
    private static (Hashtable Named, List<object> Unnamed) Split(IReadOnlyList<string> arguments)
    {
        Hashtable named = new(StringComparer.OrdinalIgnoreCase);
        List<object> rest = [];
        for (int i = 0; i < arguments.Count; i++)
        {
            string argument = arguments[i];
            if (!IsName(argument))
                rest.Add(argument);
            else if (argument.IndexOf(':', StringComparison.Ordinal) is > 0 and int colon)
                named[argument[1..colon]] = Literal(argument[(colon + 1)..]);
            else if (i + 1 < arguments.Count && !IsName(arguments[i + 1]))
                named[argument[1..]] = arguments[++i];
            else
                named[argument[1..]] = true;
        }
        return (named, rest);
    }

    private static bool IsName(string argument) => argument.Length > 1 && argument[0] == '-' && char.IsLetter(argument[1]);

    private static object Literal(string text) =>
        text.ToUpperInvariant() switch
        {
            "$TRUE" => true,
            "$FALSE" => false,
            _ => text,
        };

    private void OnCancel(object? sender, ConsoleCancelEventArgs arguments)
    {
        arguments.Cancel = true;
        PowerShell? running;
        lock (_gate)
        {
            running = _running;
            _interrupted = true;
        }
        running?.BeginStop(null, null);
    }
}
