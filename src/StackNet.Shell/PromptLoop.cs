using System.Management.Automation;
using System.Management.Automation.Runspaces;
using StackNet.Shell.Hosting;

namespace StackNet.Shell;

/// <summary>Reads, runs and prints until exit or the end of input.</summary>
internal sealed class PromptLoop(ShellSession session, ShellHost host, Runspace runspace, bool banner)
{
    public int Run()
    {
        if (banner)
            host.UI.WriteLine(ShellText.Banner);
        LineEditor editor = new(runspace);
        while (host.ExitCode is null)
        {
            string? text = ReadStatement(editor);
            if (text is null)
                return 0;
            session.Execute(text);
        }
        return host.ExitCode.Value;
    }

    /// <summary>Reads on while the statement is incomplete: an open brace, quote or pipe.</summary>
    private string? ReadStatement(LineEditor editor)
    {
        string? text = editor.Read(Prompt());
        while (text is not null && IsIncomplete(text))
        {
            string? next = editor.Read(">> ");
            if (next is null)
                return "";
            text = text + "\n" + next;
        }
        return text;
    }

    private static bool IsIncomplete(string text)
    {
        _ = System.Management.Automation.Language.Parser.ParseInput(
            text,
            out _,
            out System.Management.Automation.Language.ParseError[] errors
        );
        return errors.Any(e => e.IncompleteInput);
    }

    private string Prompt()
    {
        using PowerShell shell = PowerShell.Create(runspace);
        try
        {
            return shell.AddCommand("prompt").Invoke<string>().FirstOrDefault() is { Length: > 0 } text ? text : "PS> ";
        }
        catch (RuntimeException)
        {
            return "PS> ";
        }
    }
}
