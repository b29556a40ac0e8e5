using System.Management.Automation;
using System.Management.Automation.Host;

namespace StackNet.Shell.Hosting;

/// <summary>Text to the console: objects to standard output; errors, warnings and the like to standard error, so that output can be piped.</summary>
internal sealed partial class ShellInterface(bool nonInteractive) : PSHostUserInterface
{
    private readonly ShellRawInterface _raw = new();
    private int _progressLength;
    private bool _toErrors;

    public override PSHostRawUserInterface RawUI => _raw;

    public override bool SupportsVirtualTerminal =>
        !Console.IsOutputRedirected && Environment.GetEnvironmentVariable("TERM") is not (null or "dumb");

    private static bool ColouredErrors => !Console.IsErrorRedirected && Environment.GetEnvironmentVariable("TERM") is not (null or "dumb");

    /// <summary>Until it is disposed of, all that is written goes to standard error.</summary>
    public IDisposable ToErrors()
    {
        _toErrors = true;
        return new Redirection(this);
    }

    public override void Write(string value)
    {
        ClearProgress();
        if (_toErrors)
            Console.Error.Write(Decorated(value, ColouredErrors));
        else
            Console.Out.Write(Decorated(value, SupportsVirtualTerminal));
    }

    public override void Write(ConsoleColor foregroundColor, ConsoleColor backgroundColor, string value) => Write(value);

    public override void WriteLine(string value)
    {
        Write(value + Environment.NewLine);
    }

    public override void WriteErrorLine(string value) => ToError("", value, "\u001b[31;1m");

    public override void WriteWarningLine(string message) => ToError("WARNING: ", message, "\u001b[33;1m");

    public override void WriteVerboseLine(string message) => ToError("VERBOSE: ", message, "\u001b[33;1m");

    public override void WriteDebugLine(string message) => ToError("DEBUG: ", message, "\u001b[33;1m");

    public override void WriteInformation(InformationRecord record) { }

    public override void WriteProgress(long sourceId, ProgressRecord record)
    {
        if (nonInteractive || !ColouredErrors)
            return;
        ClearProgress();
        if (record.RecordType == ProgressRecordType.Completed)
            return;
        string percent = record.PercentComplete >= 0 ? $" {record.PercentComplete}%" : "";
        string line = TerminalText.Harmless($"{record.Activity}: {record.StatusDescription}{percent}").ReplaceLineEndings(" ");
        line = line.Length >= _raw.WindowSize.Width ? line[..(_raw.WindowSize.Width - 1)] : line;
        Console.Error.Write("\r" + line);
        _progressLength = line.Length;
    }

    /// <summary>As pwsh does: escape sequences of views stay only where a terminal shows them.</summary>
    private static string Decorated(string value, bool terminal) => TerminalText.Harmless(GetOutputString(value ?? "", terminal));

    private void ToError(string prefix, string message, string colour)
    {
        ClearProgress();
        string text = TerminalText.Harmless(GetOutputString(prefix + message, ColouredErrors));
        Console.Out.Flush();
        Console.Error.WriteLine(ColouredErrors && !text.Contains('\u001b', StringComparison.Ordinal) ? $"{colour}{text}\u001b[0m" : text);
    }

    private sealed class Redirection(ShellInterface ui) : IDisposable
    {
        public void Dispose() => ui._toErrors = false;
    }

    private void ClearProgress()
    {
        if (_progressLength == 0)
            return;
        Console.Error.Write("\r" + new string(' ', _progressLength) + "\r");
        _progressLength = 0;
    }
}
