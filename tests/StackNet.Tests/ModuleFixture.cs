using System.Management.Automation;
using System.Management.Automation.Runspaces;
using StackNet.Shell;
using Xunit;

namespace StackNet.Tests;

/// <summary>A runspace with the module, opened once for all tests (opening the first takes most of a second).</summary>
public sealed class ModuleFixture : IDisposable
{
    private readonly CollectingHost _host = new();
    private readonly Runspace _runspace;

    public ModuleFixture()
    {
        InitialSessionState state = ShellSession.CreateState(Repository.Manifest);
        _runspace = RunspaceFactory.CreateRunspace(_host, state);
        _runspace.Open();
        _runspace.SessionStateProxy.Path.SetLocation(Repository.Root);
    }

    public Runspace Runspace => _runspace;

    /// <summary>Runs a script; variables are set before it.</summary>
    internal ScriptResult Invoke(string script, params (string Name, object? Value)[] variables)
    {
        foreach ((string name, object? value) in variables)
            _runspace.SessionStateProxy.SetVariable(name, value);
        using PowerShell shell = PowerShell.Create(_runspace);
        shell.AddScript(script);
        ErrorRecord? terminating = null;
        List<PSObject> output = [];
        try
        {
            output.AddRange(shell.Invoke());
        }
        catch (RuntimeException error)
        {
            terminating = error.ErrorRecord;
        }
        List<ErrorRecord> errors = [.. shell.Streams.Error];
        if (terminating is not null)
            errors.Add(terminating);
        return new(
            output,
            errors,
            [.. shell.Streams.Warning.Select(w => w.Message)],
            [.. shell.Streams.Verbose.Select(v => v.Message)],
            terminating is not null
        );
    }

    /// <summary>What a user sees on a terminal of 120 columns without colours.</summary>
    internal string Render(string script, params (string Name, object? Value)[] variables)
    {
        foreach ((string name, object? value) in variables)
            _runspace.SessionStateProxy.SetVariable(name, value);
        _host.Clear();
        using PowerShell shell = PowerShell.Create(_runspace);
        shell.AddScript(script);
        shell.Commands.Commands[^1].MergeMyResults(PipelineResultTypes.Error, PipelineResultTypes.Output);
        shell.AddCommand("Out-Default");
        shell.Invoke();
        return _host.Text;
    }

    /// <summary>What Tab offers at the end of a line.</summary>
    internal IReadOnlyList<CompletionResult> Complete(string line)
    {
        using PowerShell shell = PowerShell.Create(_runspace);
        return CommandCompletion.CompleteInput(line, line.Length, null, shell).CompletionMatches;
    }

    public void Dispose() => _runspace.Dispose();
}

/// <summary>What a script wrote.</summary>
internal sealed record ScriptResult(
    IReadOnlyList<PSObject> Output,
    IReadOnlyList<ErrorRecord> Errors,
    IReadOnlyList<string> Warnings,
    IReadOnlyList<string> Verbose,
    bool Terminated
)
{
    public IEnumerable<T> All<T>() => Output.Select(o => (T)o.BaseObject);

    /// <summary>The output of a script that must not have failed.</summary>
    public IReadOnlyList<PSObject> Clean()
    {
        Assert.True(Errors.Count == 0, string.Join(Environment.NewLine, Errors.Select(e => $"{e.FullyQualifiedErrorId}: {e}")));
        return Output;
    }

    /// <summary>The only error, checked by what does not change with words.</summary>
    public ErrorRecord OnlyError(string id, ErrorCategory category)
    {
        ErrorRecord error = Assert.Single(Errors);
        Assert.StartsWith(id + ",", error.FullyQualifiedErrorId, StringComparison.Ordinal);
        Assert.Equal(category, error.CategoryInfo.Category);
        return error;
    }
}

/// <summary>One runspace for all classes of the collection.</summary>
[CollectionDefinition(Name)]
public sealed class ModuleTests : ICollectionFixture<ModuleFixture>
{
    public const string Name = "module";
}
